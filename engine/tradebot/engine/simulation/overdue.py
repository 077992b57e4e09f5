"""A seed that does not end: it is a finding like any other, and the campaign goes on."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class SeedOverdue(BaseException):
    """A seed has used up its processor time; nothing on the way up may take it for an error of its own."""


@contextmanager
def bounded(seconds: float) -> Generator[None]:
    """Raise `SeedOverdue` inside the block once the process has used so much more processor time.

    Outside the main thread, where no signal arrives, nothing is bounded.

    Args:
        seconds: Of processor time, > 0; a machine that is busy elsewhere does not count against a seed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def raise_overdue(_signal: int, frame: FrameType | None) -> None:
        where = "" if frame is None else f" in {frame.f_code.co_qualname}, line {frame.f_lineno}"
        raise SeedOverdue(f"no end after {seconds:g} s of processor time{where}")

    before = signal.signal(signal.SIGPROF, raise_overdue)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
