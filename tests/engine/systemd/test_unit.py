"""The unit an engine runs as is one that systemd takes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.systemd.unit import NEVER_AGAIN, STOP_S, Service, quoted, unit_text

ANALYZE = shutil.which("systemd-analyze")


def service(**changes: object) -> Service:
    given: dict[str, object] = {
        "name": "main",
        "python": Path(sys.executable),
        "home": Path("/tmp/with a space/50%"),  # noqa: S108  (a name, nothing is written there)
        "words": ("--market", "replay:spot/day"),
    }
    return Service(**(given | changes))  # pyright: ignore[reportArgumentType]  (a test's shorthand)


SYSTEM = {
    "user": "root",
    "group": "root",
    "home": Path("/var/lib/tradebot"),
    "credentials": (("paper", Path("/etc/tradebot/paper.json")),),
}


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(("kind", "changes"), [("--user", {}), ("--system", SYSTEM)])
def test_systemd_finds_nothing_wrong_with_a_unit(
    tmp_path: Path, kind: str, changes: dict[str, object]
) -> None:
    made = service(**changes)
    path = tmp_path / made.unit
    path.write_text(unit_text(made))
    ran = subprocess.run(
        [str(ANALYZE), "verify", kind, "--man=no", str(path)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def lines_of(made: Service) -> dict[str, str]:
    pairs = (line.partition("=") for line in unit_text(made).splitlines())
    return {key: value for key, _, value in pairs}


def test_a_service_is_watched_started_again_and_not_forever() -> None:
    unit = lines_of(service())
    assert unit["Type"] == "notify"
    assert int(unit["WatchdogSec"]) > 0
    assert unit["Restart"] == "on-failure"
    assert unit["StartLimitBurst"] == "5"
    assert unit["RestartPreventExitStatus"] == " ".join(map(str, NEVER_AGAIN))
    assert int(unit["TimeoutStopSec"]) == STOP_S > 10 + 5 + 3 + 2


def test_a_service_of_the_machine_is_locked_in_and_shares_its_socket_with_a_group() -> None:
    text = unit_text(service(**SYSTEM))
    for line in (
        "User=root",
        "RuntimeDirectory=tradebot-main",
        "RuntimeDirectoryMode=0750",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "ReadWritePaths=/var/lib/tradebot",
        "LoadCredential=tradebot.paper:/etc/tradebot/paper.json",
        "CapabilityBoundingSet=",
    ):
        assert f"\n{line}\n" in text
    assert "--listen unix:///run/tradebot-main/control.sock?group=root" in text


def test_nothing_secret_is_in_a_unit() -> None:
    assert "KEY" not in unit_text(service(**SYSTEM))


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("50%", '"50%%"'),
        ("$HOME", '"$$HOME"'),
        ('say "x"', '"say \\"x\\""'),
        ("a;b", '"a;b"'),
        ("", '""'),
    ],
)
def test_a_word_is_quoted_so_that_nothing_in_it_is_expanded(word: str, written: str) -> None:
    assert quoted(word) == written


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_no_word_leaves_its_line_or_keeps_a_lone_percent(word: str) -> None:
    written = quoted(word)
    assert "\n" not in written
    assert "%" not in written.replace("%%", "")
    assert "$" not in written.replace("$$", "")
