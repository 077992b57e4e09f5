"""kill -9 in the middle of fills, again and again: the file of the next process goes on where the last one ended."""

import asyncio
import random
import sys
from pathlib import Path

import pytest
from tests.engine.brokers.alpaca.test_adapter import buy, exchange, truth

PROGRAM = "tests.engine.brokers.alpaca.fills_program"


def fills_in(file: Path) -> list[str]:
    """Return what was written down."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [line for line in lines if line != "started"]


async def told(file: Path, fills: int) -> None:
    """Wait until so many fills were written down."""
    for _ in range(1_000):
        if len(fills_in(file)) >= fills:
            return
        await asyncio.sleep(0.03)
    raise AssertionError(f"not {fills} fills but {len(fills_in(file))}")


@pytest.mark.slow
async def test_a_killed_process_loses_no_fill_and_doubles_none(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311  (repeatable)
    written, kills = tmp_path / "ids", 4
    async with exchange() as program:
        facts = {name: str(value) for name, value in program.faces[0].facts().items()}
        words = [facts["url"], facts["key"], facts["secret"], str(tmp_path / "db"), str(written)]

        async def start() -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(sys.executable, "-m", PROGRAM, *words)

        process = await start()
        while not written.exists():  # noqa: ASYNC110  (another process makes it)
            await asyncio.sleep(0.03)
        for _ in range(kills):
            buy(program)
            await told(written, len(truth(program)))  # it is there, and has told all until now
            for _ in range(8):
                buy(program)
                await asyncio.sleep(chance.random() / 100)
            process.kill()
            await process.wait()
            buy(program)  # while nobody listens
            process = await start()
        await told(written, len(truth(program)))
        await asyncio.sleep(0.5)
        process.kill()
        await process.wait()
        assert sorted(fills_in(written)) == sorted(truth(program))
        assert len(truth(program)) >= 10 * kills
