"""A drill as a child of the console: its lines as they come, and its end with the overlay."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress

from tradebot.engine.cli.failures import DONE

CLEAR_UP_S = 30.0
"""What a drill that was asked to end may take to end its processes."""


async def play_drill(name: str) -> AsyncGenerator[str]:
    """Yield what `tradebot drill NAME` prints, line by line; closed early, the drill ends and clears up.

    Raises:
        OSError: If it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tradebot.engine.cli", "drill", name),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said = process.stdout
    if said is None:
        raise LookupError("a child without its output")
    try:
        async for line in said:
            yield line.decode(errors="replace").rstrip("\n")
        code = await process.wait()
        if code not in {DONE, 1}:
            yield f"the drill ended with exit code {code}"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            async with asyncio.timeout(CLEAR_UP_S):
                await process.wait()
