"""What a doctor says of keys, alerts, files, clock and service."""

from pathlib import Path
from typing import cast

import pytest
from tests.engine.cli.conftest import Tradebot

from tradebot.engine.cli import doctor_operations
from tradebot.engine.credentials.keys import StoredKeys
from tradebot.engine.credentials.places import KeyFile
from tradebot.engine.journal.reserve import SIZE
from tradebot.engine.secret import Secret

CONFIGURED = """\
[accounts.paper]
venue = "alpaca"
kind = "broker-paper"
[alerts]
to = ["ntfy://s3cr3t"]
[engine]
heartbeat_url = "https://hc.example/s3cr3t"
[telemetry]
endpoint = "http://127.0.0.1:4318"
"""


def looked(tradebot: Tradebot) -> dict[str, tuple[bool, str]]:
    """Return what a doctor said, by name."""
    ran = tradebot("doctor", "--json")
    assert "s3cr3t" not in ran.out + ran.err
    checks = cast("dict[str, list[dict[str, object]]]", ran.document)["checks"]
    return {str(c["name"]): (bool(c["ok"]), f"{c['text']} {c['remedy'] or ''}") for c in checks}


def test_what_is_configured_is_shown_without_its_secrets(tradebot: Tradebot, home: Path) -> None:
    (home / "tradebot.toml").write_text(CONFIGURED)
    found = looked(tradebot)
    assert found["keys paper"][0] is False
    assert "tradebot keys set paper" in found["keys paper"][1]
    assert found["alerts"][1].startswith("ntfy://***")
    assert found["telemetry"][1].startswith("http://127.0.0.1:4318")
    assert found["heartbeat"][1].startswith("https://hc.example/***")
    stored = StoredKeys("paper", ("paper-api.alpaca.markets",), Secret("k"), Secret("s"))
    KeyFile(home).write("paper", stored.written())
    ok, text = looked(tradebot)["keys paper"]
    assert ok
    assert f"file {home}/keys/paper.json, for paper-api.alpaca.markets" in text


def test_a_clock_nobody_measures_is_unknown_and_never_zero(
    tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor_operations, "SYNCHRONIZED", tmp_path / "none")
    assert "offset unknown (nobody here says" in looked(tradebot)["clock"][1]
    monkeypatch.setattr(doctor_operations, "SYNCHRONIZED", tmp_path)
    assert "offset unknown (set by systemd-timesyncd" in looked(tradebot)["clock"][1]


def test_files_that_others_could_read_are_named(tradebot: Tradebot, home: Path) -> None:
    assert looked(tradebot)["files"][0]
    stored = StoredKeys("a", ("h",), Secret("k"), Secret("s"))
    KeyFile(home).write("a", stored.written())
    assert looked(tradebot)["files"][0]
    (home / "keys" / "a.json").chmod(0o644)
    ok, text = looked(tradebot)["files"]
    assert (ok, "a.json" in text, "chmod" in text) == (False, True, True)


def test_a_reserve_without_room_behind_it_is_bad(tradebot: Tradebot, home: Path) -> None:
    folder = home / "engines" / "main"
    folder.mkdir(parents=True)
    (folder / "reserve.log").write_bytes(b"x" * SIZE)
    assert looked(tradebot)["reserve main"][0]
    (folder / "reserve.log").write_bytes(b"")
    with (folder / "reserve.log").open("wb") as sparse:
        sparse.truncate(SIZE)
    assert not looked(tradebot)["reserve main"][0]


def test_zones_come_from_somewhere(tradebot: Tradebot) -> None:
    ok, text = looked(tradebot)["zones"]
    assert (ok, text.startswith("from ")) == (True, True)


def test_a_service_that_ends_with_the_session_is_bad(
    tradebot: Tradebot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert looked(tradebot)["service"][0]
    units = tmp_path / "systemd" / "user"
    units.mkdir(parents=True)
    (units / "tradebot-main.service").touch()
    (tmp_path / "loginctl").write_text("#!/bin/sh\necho no\n")
    (tmp_path / "loginctl").chmod(0o755)
    ok, text = looked(tradebot)["service"]
    assert (ok, "loginctl enable-linger" in text) == (False, True)
