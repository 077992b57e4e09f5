"""What `tradebot tui` decides to do, and the child it starts."""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from console_fakes import HandClock

from tradebot.console.launch.down import ask_what_to_do
from tradebot.console.launch.plan import Attach, Down, OpenSandbox, Options, plan, sandbox_plan
from tradebot.console.launch.run import check_options
from tradebot.console.launch.sandbox import START_TIMEOUT_S, ChildEngine, log_tail
from tradebot.console.settings import ConsoleSettings, glyphs_for, load_settings
from tradebot.engine.cli.failures import USAGE, CommandFailed


@pytest.fixture
def listening(tmp_path: Path) -> Generator[Path]:
    """Give a home in which engine `main` listens."""
    folder = tmp_path / "engines" / "main"
    folder.mkdir(parents=True)
    (folder / "engine.json").write_text("{}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "control.sock"))
        server.listen()
        yield folder


def test_empty_home_opens_a_sandbox(tmp_path: Path) -> None:
    assert plan(Options()) == OpenSandbox(tmp_path / "engines" / "sandbox", "synthetic", None, None)


def test_running_engine_is_attached_to(listening: Path) -> None:
    chosen = plan(Options())
    assert isinstance(chosen, Attach)
    assert chosen.address.socket == listening / "control.sock"


def test_configured_engine_that_is_down_is_never_replaced_by_a_sandbox(tmp_path: Path) -> None:
    folder = tmp_path / "engines" / "main"
    folder.mkdir(parents=True)
    (folder / "engine.json").write_text("{}")
    assert plan(Options()) == Down("main", folder)


def test_configuration_alone_counts_as_configured(tmp_path: Path) -> None:
    (tmp_path / "tradebot.toml").write_text("")
    assert isinstance(plan(Options()), Down)


def test_market_asked_for_is_a_sandbox_even_where_an_engine_is_configured(listening: Path) -> None:
    del listening
    chosen = plan(Options(market="replay:spot", speed="4", seed=3))
    assert isinstance(chosen, OpenSandbox)
    assert (chosen.market, chosen.speed, chosen.seed) == ("replay:spot", "4", 3)


@pytest.mark.parametrize("options", [Options(speed="4"), Options(seed=3)])
def test_speed_and_seed_are_those_of_a_sandbox_too(listening: Path, options: Options) -> None:
    del listening
    assert isinstance(plan(options), OpenSandbox)


@pytest.mark.parametrize("name", ["main", "other"])
def test_market_for_an_engine_that_has_its_own_is_refused(listening: Path, name: str) -> None:
    del listening
    with pytest.raises(ValueError, match=f"engine '{name}'.*leave them out"):
        plan(Options(name=name, market="synthetic"))


def test_name_that_does_not_run_is_down(tmp_path: Path) -> None:
    assert plan(Options(name="paper")) == Down("paper", tmp_path / "engines" / "paper")


def test_socket_nobody_listens_at_counts_as_down(listening: Path) -> None:
    (listening / "control.sock").unlink()
    (listening / "control.sock").touch()
    assert isinstance(plan(Options()), Down)


def test_address_wins_over_everything(listening: Path) -> None:
    del listening
    chosen = plan(Options(attach="http://127.0.0.1:9", name="x"))
    assert isinstance(chosen, Attach)
    assert chosen.address.url == "http://127.0.0.1:9"


def test_sandbox_can_be_opened_beside_a_configured_engine(listening: Path) -> None:
    del listening
    assert isinstance(sandbox_plan(Options()), OpenSandbox)


@pytest.mark.parametrize("name", ["../x", "A", ""])
def test_name_that_could_leave_the_folder_is_refused(name: str) -> None:
    if name:
        with pytest.raises(ValueError, match="name"):
            plan(Options(name=name))
    else:
        assert isinstance(plan(Options(name=name)), OpenSandbox)


def child(code: str, log: Path, clock: HandClock) -> ChildEngine:
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=out, stderr=out)
    process_done = code.startswith("raise")
    if process_done:
        process.wait()
    return ChildEngine(process, log, clock)


def test_child_that_ends_is_trouble_with_its_last_words(tmp_path: Path) -> None:
    engine = child("raise SystemExit('no market of that name')", tmp_path / "log", HandClock())
    trouble = engine.trouble()
    assert trouble is not None
    assert "exit code 1" in trouble
    assert "no market of that name" in trouble


def test_child_that_says_why_it_ends_is_quoted_without_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    engine = child("raise SystemExit('tradebot: no dataset nope')", log, HandClock())
    assert engine.trouble() == "no dataset nope"
    assert engine.exit_code == 1


def test_words_of_earlier_engines_are_not_those_of_a_child(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("tradebot: an old one\n")
    with log.open("ab") as out:
        begin = out.tell()
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"], stderr=out)
    process.wait()
    trouble = ChildEngine(process, log, HandClock(), begin).trouble()
    assert trouble is not None
    assert "exit code 7" in trouble
    assert "an old one" not in trouble


@pytest.mark.parametrize("options", [Options(speed="0"), Options(speed="x"), Options(market="foo")])
def test_options_no_sandbox_could_start_with_are_refused_first(options: Options) -> None:
    with pytest.raises(CommandFailed) as refused:
        check_options(options)
    assert refused.value.exit_code == USAGE


def test_child_that_does_not_answer_in_time_is_trouble(tmp_path: Path) -> None:
    clock = HandClock()
    engine = child("import time; time.sleep(60)", tmp_path / "log", clock)
    assert engine.trouble() is None
    clock.pass_s(START_TIMEOUT_S + 1)
    assert "has not answered for 16 s" in str(engine.trouble())
    engine.end()
    assert engine.wait_until_gone() is None


def test_log_tail_is_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert "no log" in log_tail(log, 3)[0]
    log.write_text("\n".join(f"line {number}" for number in range(5000)))
    assert log_tail(log, 2) == ["line 4998", "line 4999"]


def test_settings_are_the_defaults_in_an_empty_home() -> None:
    assert load_settings({}) == ConsoleSettings()


def test_environment_chooses_theme_and_glyphs() -> None:
    chosen = {"TRADEBOT_CONSOLE__THEME": "tb-mono", "TRADEBOT_CONSOLE__GLYPHS": "ascii"}
    settings = load_settings(chosen)
    assert (settings.theme, glyphs_for(settings, {}).name) == ("tb-mono", "ascii")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "linux"}, "ascii"),
        ({"LANG": "C"}, "ascii"),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, "block"),
        ({"LANG": "de_DE.UTF-8"}, "block"),
        ({}, "block"),
    ],
)
def test_alphabet_follows_the_terminal(environ: dict[str, str], name: str) -> None:
    assert glyphs_for(ConsoleSettings(), environ).name == name


@pytest.mark.parametrize(
    ("typed", "answer"),
    [(b"xls", "start"), (b"o", "sandbox"), (b"q", "quit"), (b"\x1b", "quit"), (b"\nS", "start")],
)
def test_engine_that_is_down_is_asked_about_with_one_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: bytes, answer: str
) -> None:
    (tmp_path / "engine.log").write_text("its last words\n")
    hand, terminal = os.openpty()
    try:
        os.write(hand, typed)
        assert ask_what_to_do(Down("main", tmp_path), terminal) == answer
        assert ("its last words" in capsys.readouterr().out) == (b"l" in typed)
    finally:
        os.close(hand)
        os.close(terminal)
