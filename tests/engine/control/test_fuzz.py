"""Nonsense on the real socket: never a failure of the server, and it still answers."""

import asyncio
from pathlib import Path

import pytest
from tests.engine.control.conftest import Serve
from tests.engine.control.doors import bearer
from tests.engine.control.fuzzing import CASES, Found, fuzz, over_tcp, over_unix
from tests.engine.control.scripted import ScriptedEngine

from tradebot.engine.control.limits import Limits, Rate

ALWAYS = Rate(1e9, 1e9)
OPEN = Limits(stop=ALWAYS, token=ALWAYS, stranger=ALWAYS, socket=ALWAYS)


async def speak_nonsense(serve: Serve, serve_tcp: Serve, folder: Path, seed: int) -> list[Found]:
    authorization = bearer(folder, "full", f"fuzz-{seed}")["authorization"]
    async with serve(limits=OPEN) as near, serve_tcp(limits=OPEN) as far:
        path, port = folder / "control.sock", far.base_url.port or 0
        found = [
            await asyncio.to_thread(fuzz, over_unix(path), seed=seed),
            await asyncio.to_thread(
                fuzz, over_tcp(port), seed=seed + 1, authorization=authorization
            ),
        ]
        assert (await near.get("/v1/hello")).status_code == 200
        headers = {"authorization": authorization}
        assert (await far.get("/v1/hello", headers=headers)).status_code == 200
    return found


async def test_nonsense_is_refused_and_the_engine_goes_on(
    serve: Serve,
    serve_tcp: Serve,
    folder: Path,
    engine: ScriptedEngine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    near, far = await speak_nonsense(serve, serve_tcp, folder, seed=1)
    assert {200, 400, 404, 405, 413} <= {*near.statuses, *far.statuses}
    assert near.silent + far.silent < 0.8 * CASES
    assert caplog.messages == []
    assert engine.told  # some of it is right by chance
