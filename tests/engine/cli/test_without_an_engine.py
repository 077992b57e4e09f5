"""Commands where no engine answers: since when, why, what to do; and those that need none."""

import json
import os
import re
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
from tests.engine.cli.conftest import Tradebot

from tradebot.engine.cli.failures import explain
from tradebot.engine.cli.verbs import NOT_YET, VERBS
from tradebot.engine.journal.errors import EngineAlreadyRunning
from tradebot.engine.live.options import RunOptions
from tradebot.engine.observability.logs import LogSink
from tradebot.engine.state_folder import ExitNote, StateFolder

type Json = dict[str, object]

ASKING = [
    ["status"],
    ["orders"],
    ["positions"],
    ["fills"],
    ["watch"],
    ["buy", "1", "BTCUSDT"],
    ["sell", "1", "BTCUSDT"],
    ["cancel", "--all"],
    ["flatten", "--all"],
    ["kill"],
    ["halt", "--reason", "x"],
    ["resume", "--reason", "x"],
    ["pause", "s"],
    ["stop"],
]
HEAVY = ("textual", "rich", "httpx", "structlog", "polars", "duckdb", "numpy", "pydantic")


def make_engine(home: Path, *, note: ExitNote | None = None) -> Path:
    folder = home / "engines" / "main"
    with StateFolder.open(
        folder, mode="sandbox", create=True, entropy=bytes, now=lambda: 0
    ) as made:
        if note is not None:
            made.note_exit(note)
    return folder


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_no_engine_is_exit_code_four_and_one_line_with_the_remedy(
    tradebot: Tradebot, home: Path, words: list[str]
) -> None:
    ran = tradebot(*words)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == (
        f"tradebot: there is no engine 'main' in {home / 'engines'}; start it with tradebot run\n"
    )


def test_an_engine_that_ended_says_since_when_and_why(tradebot: Tradebot, home: Path) -> None:
    make_engine(home, note=ExitNote(when=1_000_000_000, code=1, reason="disk full"))
    ran = tradebot("status")
    assert ran.code == 4
    assert ran.err == (
        "tradebot: engine 'main' is down since 1970-01-01T00:00:01Z: "
        "it ended with exit code 1: disk full; start it with tradebot run\n"
    )


def test_an_engine_that_was_killed_leaves_a_dead_socket_and_is_told_so(
    tradebot: Tradebot, home: Path
) -> None:
    folder = make_engine(home)
    (folder / "journal.db").write_bytes(b"")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "control.sock"))
    ran = tradebot("kill")
    assert ran.code == 4
    assert "it was killed, or the machine went down; start it with tradebot run" in ran.err


def test_an_engine_that_holds_its_folder_but_does_not_answer_is_told_apart(
    tradebot: Tradebot, home: Path
) -> None:
    folder = home / "engines" / "main"
    with StateFolder.open(folder, mode="sandbox", create=True, entropy=bytes, now=lambda: 0):
        ran = tradebot("status")
    assert ran.code == 4
    assert f"engine 'main' runs as process {os.getpid()} but does not answer" in ran.err


def test_a_home_too_deep_for_a_socket_names_the_limit(
    tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = home / ("d" * 90)
    make_engine(deep)
    monkeypatch.setenv("TRADEBOT_HOME", str(deep))
    with StateFolder.open(
        deep / "engines" / "main", mode="sandbox", create=False, entropy=bytes, now=lambda: 0
    ):
        ran = tradebot("status")
    assert ran.code == 3
    assert "must have at most 100 bytes" in ran.err


def test_the_configured_name_is_addressed_without_a_flag(tradebot: Tradebot, home: Path) -> None:
    (home / "tradebot.toml").write_text('[engine]\nname = "alpha"\n[risk]\nbroken = true\n')
    assert "there is no engine 'alpha'" in tradebot("kill").err


@pytest.mark.parametrize("name", NOT_YET)
def test_a_command_of_the_contract_that_is_not_here_yet_says_so(
    tradebot: Tradebot, name: str
) -> None:
    ran = tradebot(name, "anything", "--flag")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"tradebot: not yet: {name!r} comes with a later version; "
        "see tradebot --help for what is here\n"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["stats"], "no such command: 'stats'; did you mean 'status'?"),
        (["zzzz"], "no such command: 'zzzz'; see tradebot --help"),
        (["--jsn"], "no such option: --jsn; see tradebot --help"),
        (["doctor", "keys"], "not yet: doctor keys comes with a later version"),
        (["journal", "check"], "say what to check: journal check --redecide"),
        (["journal", "verfy"], "No such command 'verfy'. Did you mean 'verify'?"),
        (["run", "--market", "kraken:XBTUSD"], "--market must be synthetic, replay:DATASET or"),
        (["run", "--market", "replay:"], "--market must be synthetic, replay:DATASET"),
        (["run", "--speed", "0"], "--speed must be a number > 0, was '0'"),
        (["run", "--at-end", "foo"], "'--at-end': 'foo' is not one of 'stop', 'stay'"),
        (["buy", "-1", "BTCUSDT"], "a number must be > 0, was '-1'"),
        (["run", "--speed", "fast"], "--speed must be a decimal number, was 'fast'"),
        (["run", "--speed", "1e9"], "--speed must be at most 1000000, or max, was '1e9'"),
        (["run", "--seed", "-1"], "Invalid value for '--seed'"),
        (["run", "--listen", "http://0.0.0.0:1"], "--listen: http listens on loopback only"),
        (["run", "--listen", "tcp:1"], "--listen: listen address must be unix:///PATH or"),
        (["run", "--name", "a/b"], "an engine's name must be 1 to 32 of"),
        (["run", "--at-end", "explode"], "Invalid value for '--at-end'"),
    ],
)
def test_wrong_usage_is_exit_code_two_and_one_line(
    tradebot: Tradebot, words: list[str], line: str
) -> None:
    ran = tradebot(*words)
    assert (ran.code, ran.out) == (2, "")
    assert line in ran.err
    assert ran.err.count("\n") == 1


def test_the_console_absent_says_how_to_install_it(
    tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_installed(**_: str) -> tuple[()]:
        return ()

    monkeypatch.setattr("importlib.metadata.entry_points", nothing_installed)
    ran = tradebot("tui")
    assert ran.code == 2
    assert ran.err.startswith("tradebot: no command 'tui' is installed; the console is the package")


@pytest.mark.parametrize(
    ("mode", "code", "line"),
    [
        ("paper", 2, "a paper engine needs a real market: give --market binance:BTCUSDT"),
        ("broker-paper", 3, "engine.mode is 'broker-paper' and no account of that kind"),
        ("live", 3, "engine.mode is 'live' and no account of that kind"),
    ],
)
def test_run_says_what_a_mode_needs(
    tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch, mode: str, code: int, line: str
) -> None:
    monkeypatch.setenv("TRADEBOT_ENGINE__MODE", mode)
    ran = tradebot("run")
    assert ran.code == code
    assert ran.err.startswith(f"tradebot: {line}")


def test_a_real_market_without_a_word_about_the_mode_is_paper(
    tradebot: Tradebot, started: list[RunOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    tradebot("run", "--market", "binance:BTCUSDT")
    assert started[0].config.engine.mode == "paper"
    monkeypatch.setenv("TRADEBOT_ACCOUNTS__P__VENUE", "binance")
    monkeypatch.setenv("TRADEBOT_ACCOUNTS__P__KIND", "paper")
    tradebot("run", "--market", "binance:BTCUSDT")
    assert started[1].config.engine.mode == "paper"
    monkeypatch.setenv("TRADEBOT_ACCOUNTS__P__KIND", "sandbox")
    tradebot("run", "--market", "binance:BTCUSDT")
    assert started[2].config.engine.mode == "sandbox"
    monkeypatch.setenv("TRADEBOT_ACCOUNTS__P__KIND", "paper")
    ran = tradebot("run", "--market", "binance:BTCUSDT", "--speed", "2")
    assert (ran.code, "--speed must be 1 on a real market" in ran.err) == (2, True)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RunOptions]:
    """Collect what `run` would start, and start nothing."""
    options: list[RunOptions] = []

    def run_engine(given: RunOptions, logs: LogSink, choose: object) -> int:
        options.append(given)
        return 1

    main = ModuleType("tradebot.engine.live.main")
    monkeypatch.setattr(main, "run_engine", run_engine, raising=False)
    monkeypatch.setitem(sys.modules, main.__name__, main)
    return options


@pytest.mark.parametrize(
    ("words", "action"),
    [
        (["--speed", "max"], "stop"),
        (["--speed", "4x"], "stay"),
        (["--speed", "max", "--at-end", "stay"], "stay"),
        (["--at-end", "stop"], "stop"),
    ],
)
def test_a_recording_that_ends_stops_an_engine_nobody_watches(
    tradebot: Tradebot, started: list[RunOptions], words: list[str], action: str
) -> None:
    assert tradebot("run", *words).code == 1
    assert started[0].end_action == action


def test_run_hands_on_what_it_was_asked(
    tradebot: Tradebot, started: list[RunOptions], home: Path
) -> None:
    (home / "tradebot.toml").write_text('[engine]\nname = "alpha"\n[risk]\nmax_order = "7%"\n')
    words = [
        "--market",
        "replay:spot",
        "--speed",
        "2.5",
        "--seed",
        "9",
        "--listen",
        "http://127.0.0.1:0",
    ]
    tradebot("run", *words, "--until-consoles-leave")
    tradebot("run", "--name", "beta")
    first, second = started
    assert (first.name, first.market, first.speed, first.seed) == (
        "alpha",
        "replay:spot",
        Decimal("2.5"),
        9,
    )
    assert (first.listen, first.until_consoles_leave) == ("http://127.0.0.1:0", True)
    assert first.config.risk.limits().max_order == Decimal("0.07")
    assert (second.name, second.market, second.speed) == ("beta", "synthetic", Decimal(1))
    assert (second.listen, second.until_consoles_leave) == (None, False)


def test_doctor_finds_a_fresh_home_well_and_a_killed_engine_not(
    tradebot: Tradebot, home: Path
) -> None:
    fresh = cast("Json", tradebot("doctor", "--json").document)
    assert fresh["ok"] is True
    names = {check["name"] for check in cast("list[Json]", fresh["checks"])}
    assert names >= {"home", "disk", "python", "native", "terminal", "config", "engines"}
    (make_engine(home) / "journal.db").write_bytes(b"")
    ran = tradebot("doctor")
    assert ran.code == 1
    assert re.search(
        r"^bad +engine main +engine 'main' is down since .*start it", ran.out, re.MULTILINE
    )


def test_doctor_goes_on_after_something_it_cannot_look_at(tradebot: Tradebot, home: Path) -> None:
    (home / "tradebot.toml").write_text("[engine]\nmod = 1\n")
    folder = make_engine(home)
    (folder / "engine.json").write_text("{")
    ran = tradebot("doctor", "--json")
    checks = {
        cast("str", c["name"]): c for c in cast("list[Json]", cast("Json", ran.document)["checks"])
    }
    assert ran.code == 1
    assert "did you mean mode?" in cast("str", checks["config"]["text"])
    assert "is damaged" in cast("str", checks["engines"]["text"])


def test_config_init_shows_a_file_that_loads_and_never_overwrites_one(
    tradebot: Tradebot, home: Path
) -> None:
    assert tradebot("config", "init").out == f"{home / 'tradebot.toml'}\n"
    assert (home / "tradebot.toml").stat().st_mode & 0o777 == 0o600
    assert tradebot("config", "check").code == 0
    again = tradebot("config", "init")
    assert again.code == 1
    assert "is there already" in again.err


def test_config_show_says_where_each_value_came_from(
    tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "tradebot.toml").write_text('[risk]\nmax_order = "7%"\n')
    monkeypatch.setenv("TRADEBOT_RISK__MAX_GROSS", "150%")
    document = cast("Json", tradebot("config", "show", "--json").document)
    settings = {cast("str", one["key"]): one for one in cast("list[Json]", document["settings"])}
    assert settings["risk.max_order"]["value"] == "7%"
    assert settings["risk.max_order"]["origin"] == f"{home / 'tradebot.toml'}:2"
    assert settings["risk.max_gross"]["origin"] == "TRADEBOT_RISK__MAX_GROSS"
    assert settings["risk.max_position"]["origin"] == "default for sandbox"
    assert "max_order\t7%" in tradebot("config", "show", "--plain").out


def test_config_check_names_an_unknown_key_with_exit_code_three(
    tradebot: Tradebot, home: Path
) -> None:
    (home / "tradebot.toml").write_text('[risk]\nmax_ordr = "7%"\n')
    ran = tradebot("config", "check")
    assert ran.code == 3
    assert ran.err == (
        f"tradebot: {home / 'tradebot.toml'}:2: unknown key risk.max_ordr; did you mean max_order?\n"
    )


@pytest.mark.parametrize("words", [["verify"], ["export"], ["check", "--redecide"]], ids=" ".join)
def test_journal_commands_need_a_record(tradebot: Tradebot, words: list[str]) -> None:
    ran = tradebot("journal", *words)
    assert ran.code == 4
    assert "engine 'main' has no journal in" in ran.err


def test_a_second_engine_of_a_name_is_exit_code_one_and_names_the_pid() -> None:
    text, code = explain(EngineAlreadyRunning(Path("engines/main"), 77))
    assert (code, "process 77" in text) == (1, True)


def test_an_unexpected_failure_is_one_line_that_names_the_way_to_more() -> None:
    text, code = explain(KeyError("a\nb"))
    assert code == 1
    assert text == "KeyError: 'a\\nb'; run it again with --debug for the traceback"


def test_help_lists_every_verb_once(tradebot: Tradebot) -> None:
    for words in ([], ["--help"], ["-h"], ["help"]):
        ran = tradebot(*words)
        assert ran.code == 0
        for verb in VERBS:
            assert len(re.findall(rf"^  {verb.name} ", ran.out, re.MULTILINE)) == 1


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.target])
def test_every_verb_has_help_of_its_own(tradebot: Tradebot, verb: str) -> None:
    ran = tradebot(verb, "--help")
    assert ran.code in {0, 2}  # 2: the command's module is not here yet
    if ran.code == 0:
        assert ran.out.startswith(f"Usage: tradebot {verb}")
    else:
        assert ran.err == f"tradebot: not yet: {verb!r} comes with a later version\n"


def test_version_is_the_packages(tradebot: Tradebot) -> None:
    assert re.fullmatch(r"tradebot \d+\.\d+\.\d+\S*\n", tradebot("--version").out)


@pytest.fixture
def bytecode(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which compiled bytecode is kept, whatever the outer one says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPYCACHEPREFIX": str(tmp_path)}


def test_help_imports_nothing_it_does_not_print(bytecode: dict[str, str]) -> None:
    code = (
        "import json, sys; from tradebot.engine.cli import main; sys.argv = ['tradebot', '--help'];"
        "main(); print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=bytecode, capture_output=True, check=True
    )
    modules = cast("list[str]", json.loads(run.stdout.splitlines()[-1]))
    assert [name for name in modules if name in {*HEAVY, "typer", "msgspec"}] == []


def test_facts_need_no_rich(bytecode: dict[str, str], home: Path) -> None:
    code = (
        "import json, sys; from tradebot.engine.cli import main; sys.argv = ['tradebot', 'kill', '--help'];"
        "main(); print(json.dumps(sorted(sys.modules)))"
    )
    environment = bytecode | {"TRADEBOT_HOME": str(home)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True
    )
    modules = cast("list[str]", json.loads(run.stdout.splitlines()[-1]))
    assert [name for name in modules if name in {"textual", "polars", "duckdb", "numpy"}] == []


def test_config_check_refuses_an_account_of_another_mode_as_a_start_does(
    tradebot: Tradebot, home: Path
) -> None:
    (home / "tradebot.toml").write_text('[accounts.a]\nvenue = "native"\nkind = "live"\n')
    checked, started = tradebot("config", "check"), tradebot("run")
    assert checked.code == started.code == 3
    assert checked.err == started.err
    assert "accounts.a.kind must be sandbox as engine.mode, was live" in checked.err


def test_config_show_json_says_null_where_nothing_is_set(tradebot: Tradebot) -> None:
    document = cast(
        "dict[str, list[dict[str, str]]]", tradebot("config", "show", "--json").document
    )
    values = {one["key"]: one["value"] for one in document["settings"]}
    assert values["engine.currency"] is None
    assert values["risk.day_loss"] == "off"
