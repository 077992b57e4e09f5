"""The exchange as a program, in the test's own loop."""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tradebot.engine.exchange.clock import VenueClock
from tradebot.engine.exchange.program import Plan, Program
from tradebot.engine.exchange.words import FaceName
from tradebot.engine.live.clock import SystemClock

type Open = Callable[..., AbstractAsyncContextManager[Program]]


@asynccontextmanager
async def opened(
    *faces: FaceName, seed: int = 1, always_open: bool = True
) -> AsyncGenerator[Program]:
    """Run the exchange on ports of its own choice until the block ends."""
    machine = SystemClock()
    plan = Plan(ports=dict.fromkeys(faces, 0), seed=seed, always_open=always_open)
    program = Program(plan, VenueClock(machine.system_ns(), time.monotonic_ns))
    await program.start()
    try:
        yield program
    finally:
        await program.close()


@pytest.fixture
def open_exchange() -> Open:
    return opened


@pytest.fixture
def no_logged_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail the test for an error that any library logs."""
    with caplog.at_level(logging.ERROR):
        yield
    told = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not told, [record.getMessage() for record in told]
