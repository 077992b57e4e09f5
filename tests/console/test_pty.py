"""The console in a real terminal: first paint, the terminal going away, signals; against a small server."""

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.console.terminal import COMMAND, Terminal

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

HERE = Path(__file__).parent
IGNORE_HUP = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
EXIT_LIMIT_S = 2.0
PAINT_LIMIT_S = 10.0
"""Ten times the budget: the machine may be busy; `bench console` measures the budget itself."""


@pytest.fixture
def engine(tmp_path: Path) -> Generator[Path]:
    socket = tmp_path / "s"
    process = subprocess.Popen(
        [sys.executable, str(HERE / "console_server.py"), str(socket)], cwd=HERE
    )
    for _ in range(200):
        if socket.exists():
            break
        time.sleep(0.05)
    yield socket
    process.terminate()
    process.wait()


def open_console(engine: Path, home: Path, *, prelude: str = "", **environ: str) -> Terminal:
    terminal = Terminal(["tui", "--attach", f"unix://{engine}"], home, prelude=prelude, **environ)
    assert terminal.read_until(b"SANDBOX", PAINT_LIMIT_S), terminal.output[-2000:]
    return terminal


@pytest.mark.parametrize("prelude", ["", IGNORE_HUP], ids=["plain", "hup-ignored"])
def test_terminal_that_goes_away_ends_the_console(
    engine: Path, tmp_path: Path, prelude: str
) -> None:
    terminal = open_console(engine, tmp_path, prelude=prelude)
    try:
        terminal.close_master()
        assert terminal.process.wait(EXIT_LIMIT_S) in (129, -signal.SIGHUP)
    finally:
        terminal.end()


def test_a_size_that_was_missed_at_the_start_is_taken_later(engine: Path, tmp_path: Path) -> None:
    small = "import os, shutil; shutil.get_terminal_size = lambda *_: os.terminal_size((80, 24)); "
    terminal = open_console(engine, tmp_path, prelude=small)
    try:
        assert terminal.read_until(b"\x1b[40;", 5), (
            "the last row of a terminal of 40 rows is painted"
        )
    finally:
        terminal.end()


def test_sigterm_restores_the_terminal(engine: Path, tmp_path: Path) -> None:
    terminal = open_console(engine, tmp_path)
    try:
        terminal.process.terminate()
        assert terminal.read_until(b"\x1b[?1049l", EXIT_LIMIT_S)
        terminal.read_until(b"never", 0.5)
        assert terminal.process.wait(EXIT_LIMIT_S) == 143
        for sequence in (b"\x1b[?1000l", b"\x1b[?25h", b"\x1b[?2004l"):
            assert sequence in terminal.output
        assert termios.tcgetattr(terminal.slave)[3] == terminal.attributes[3]
    finally:
        terminal.end()


def test_no_color_paints_without_a_crash(engine: Path, tmp_path: Path) -> None:
    terminal = open_console(engine, tmp_path, NO_COLOR="1")
    try:
        os.write(terminal.master, b"b")
        assert terminal.read_until(b"BUY", 5)
        assert terminal.process.poll() is None
    finally:
        terminal.end()


def test_terminal_nobody_reads_from_does_not_stop_the_console(engine: Path, tmp_path: Path) -> None:
    terminal = open_console(engine, tmp_path)
    try:
        time.sleep(3)  # nobody reads: the gate must keep the loop free
        os.write(terminal.master, b"q")
        assert terminal.read_until(b"QUIT", 5)
        time.sleep(0.4)
        os.write(terminal.master, b"k")
        assert terminal.read_until(b"opens it again", 5)
        assert terminal.process.wait(5) == 0
    finally:
        terminal.end()


def test_waiting_for_nobody_says_for_whom_and_ends_with_exit_code_four(tmp_path: Path) -> None:
    terminal = Terminal(["tui", "--attach", "unix:///tmp/nobody"], tmp_path)
    try:
        assert terminal.read_until(b"waiting for the engine", PAINT_LIMIT_S), terminal.output
        assert terminal.read_until(b"at /tmp/nobody", 5), terminal.output
        os.write(terminal.master, b"q")
        assert terminal.read_until(b"never reached the engine at", 5), terminal.output
        assert terminal.process.wait(5) == 4
    finally:
        terminal.end()


@pytest.mark.parametrize("term", ["dumb", ""])
def test_terminal_that_cannot_draw_is_refused_with_a_hint(tmp_path: Path, term: str) -> None:
    terminal = Terminal(["tui", "--attach", "unix:///nowhere"], tmp_path, TERM=term)
    try:
        assert terminal.read_until(b"status --plain", 10)
        assert terminal.process.wait(5) == 2
    finally:
        terminal.end()


def test_no_terminal_is_refused_with_a_hint(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "tui"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"TRADEBOT_HOME": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "status --plain" in done.stderr
    assert not list(tmp_path.iterdir())


def test_configured_engine_that_is_down_is_named_with_its_ways_on(tmp_path: Path) -> None:
    (tmp_path / "tradebot.toml").write_text("")
    terminal = Terminal(["tui"], tmp_path)
    try:
        assert terminal.read_until(b"q quit", 10), terminal.output
        assert b"no engine 'main'" in terminal.output
        os.write(terminal.master, b"q\n")
        assert terminal.process.wait(5) == 4
        assert not (tmp_path / "engines").exists()
    finally:
        terminal.end()
