"""Twenty minutes of market at 5,000 events/s, with a terminal that stalls and one that is lost: memory stays flat.

`make soak MINUTES=20` runs it; it is left out where SOAK_MINUTES is not set.
"""

import os
import select
import statistics
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.console.terminal import Terminal
from tests.e2e.engine_process import EngineProcess, Home, running, short_home

MINUTES = float(os.environ.get("SOAK_MINUTES") or 0)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.skipif(not MINUTES, reason="SOAK_MINUTES is not set: `make soak MINUTES=20`"),
]

EVENTS_PER_S = 5_000
SLOPE_MAX = 1024.0
"""KiB in ten minutes."""
WARM_S = 180.0
"""Before which memory is not judged: rings and candles fill."""
SLEEVES = """
[sleeves.keep-half]
policy = "tradebot.engine.policies.rebalance:Rebalance"
symbols = ["sandbox:BTCUSDT"]
capital = "20000 USDT"
run = "live"
"""


def test_memory_stays_flat_at_full_rate_with_the_terminal_stalled_and_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with short_home() as home:
        (home.path / "tradebot.toml").write_text(SLEEVES)
        (home.path / "tradebot.toml").chmod(0o600)
        speed = speed_for(home)
        with running(home, "--seed", "3", "--speed", str(speed), "--log-format", "file") as engine:
            samples = soaked(engine, home, capsys)
        judged = [(at, size) for at, size, _ in samples if at >= min(WARM_S, MINUTES * 20)]
        slope = statistics.linear_regression(
            [at for at, _ in judged], [size for _, size in judged]
        ).slope
        rate = (samples[-1][2] - samples[0][2]) / (samples[-1][0] - samples[0][0])
        say(
            capsys,
            f"soak: {samples[-1][0]:.0f} s, {rate:.0f} steps/s at speed {speed}, memory of its own "
            f"{judged[0][1]} -> {judged[-1][1]} KiB, slope {slope * 600:+.0f} KiB in 10 minutes",
        )
        assert rate >= EVENTS_PER_S
        assert slope * 600 < SLOPE_MAX


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def speed_for(home: Home) -> int:
    """Return how much faster than life the invented market must go, by a first engine's own count."""
    with running(home, "--seed", "3", "--speed", "20", "--log-format", "file") as engine:
        first, began = steps(engine), time.monotonic()  # noqa: TID251  (the wall is what is meant)
        threading.Event().wait(5)
        rate = (steps(engine) - first) / (time.monotonic() - began)  # noqa: TID251
    return int(20 * EVENTS_PER_S / rate * 1.1) + 1


def steps(engine: EngineProcess) -> int:
    with engine.client() as client:
        return client.status().engine.seq


def soaked(
    engine: EngineProcess, home: Home, capsys: pytest.CaptureFixture[str]
) -> list[tuple[float, int, int]]:
    """Return (seconds, KiB, step) every ten seconds, while terminals come, stall and go."""
    samples: list[tuple[float, int, int]] = []
    began = time.monotonic()  # noqa: TID251

    def elapsed() -> float:
        return time.monotonic() - began  # noqa: TID251

    with looked_at(home) as healthy, looked_at(home) as stalled, looked_at(home) as lost:
        healthy.read_until(b"BTC", 30)
        stalled.read_until(b"BTC", 30)
        lost.read_until(b"BTC", 30)
        with drained(healthy):
            while elapsed() < MINUTES * 60:
                threading.Event().wait(10)
                samples.append((elapsed(), own_memory(engine.pid), steps(engine)))
                if not lost.closed and elapsed() > MINUTES * 10:
                    lost.close_master()
                    say(capsys, f"soak: terminal lost at {elapsed():.0f} s")
    return samples


@contextmanager
def looked_at(home: Home) -> Generator[Terminal]:
    terminal = Terminal(["tui", "--name", "main"], home.path)
    try:
        yield terminal
    finally:
        terminal.end()


@contextmanager
def drained(terminal: Terminal) -> Generator[None]:
    """Read what a terminal paints, as a person's would; the stalled one is never read."""
    stop = threading.Event()
    reader = threading.Thread(target=_drain, args=(terminal, stop.is_set))
    reader.start()
    try:
        yield
    finally:
        stop.set()
        reader.join()


def _drain(terminal: Terminal, stopped: Callable[[], bool]) -> None:
    while not stopped():
        ready, _, _ = select.select([terminal.master], [], [], 0.2)
        if ready:
            os.read(terminal.master, 65536)


def own_memory(pid: int) -> int:
    """Return what a process holds of memory that is its own, in KiB.

    Pages of program files are left out: what of them is counted here depends on who else runs the same program.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1])
    raise AssertionError("no Pss_Anon")
