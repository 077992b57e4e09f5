"""`service` writes a unit, asks systemd, and says what is left to do."""

import json
from pathlib import Path

import pytest
from tests.engine.cli.conftest import Tradebot

from tradebot.engine.cli import service as command


class Machine:
    """A systemd of shell scripts that write down what they are asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.units = folder / "config" / "systemd" / "user"
        self.answer("systemctl", "")
        self.answer("loginctl", "no")

    def answer(self, program: str, text: str, code: int = 0) -> None:
        """Let a program answer so from now on."""
        script = self._folder / program
        log = self._folder / "asked"
        where = ">&2 " if code else ""
        script.write_text(
            f"#!/bin/sh\necho {program} \"$@\" >> '{log}'\n{where}printf '%s' '{text}'\nexit {code}\n"
        )
        script.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return (self._folder / "asked").read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    return Machine(tmp_path)


def test_dry_run_prints_the_unit_and_does_nothing(tradebot: Tradebot, machine: Machine) -> None:
    ran = tradebot("service", "install", "--dry-run", "--name", "pi")
    assert ran.code == 0
    assert ran.out.startswith(f"# {machine.units}/tradebot-pi.service\n")
    assert "--name pi --log-format json" in ran.out
    assert not machine.units.exists()
    document = tradebot("service", "install", "--dry-run", "--json").document
    assert isinstance(document, dict)
    assert "Type=notify" in document["text"]


def test_install_writes_lets_linger_and_enables(
    tradebot: Tradebot, machine: Machine, home: Path
) -> None:
    ran = tradebot("service", "install")
    assert ran.code == 0, ran.err
    unit = machine.units / "tradebot-main.service"
    assert f"TRADEBOT_HOME={home}" in unit.read_text()
    assert machine.asked == [
        "loginctl show-user ann --property=Linger --value",
        "loginctl enable-linger ann",
        "systemctl --user daemon-reload",
        "systemctl --user enable tradebot-main.service",
    ]
    assert "start it with: systemctl --user start tradebot-main.service" in ran.out


def test_install_now_starts_it_and_lingering_is_asked_for_once(
    tradebot: Tradebot, machine: Machine
) -> None:
    machine.answer("loginctl", "yes")
    assert tradebot("service", "install", "--now").code == 0
    assert "systemctl --user enable --now tradebot-main.service" in machine.asked
    assert "loginctl enable-linger ann" not in machine.asked


def test_what_systemd_refuses_is_left_to_do_with_its_command(
    tradebot: Tradebot, machine: Machine
) -> None:
    machine.answer("systemctl", "Failed to connect to bus", 1)
    ran = tradebot("service", "install")
    assert ran.code == 1
    assert "left to do: systemctl --user daemon-reload" in ran.err
    assert "Failed to connect to bus" in ran.err
    assert (machine.units / "tradebot-main.service").exists()


def test_status_is_what_systemd_says(tradebot: Tradebot, machine: Machine) -> None:
    machine.answer("systemctl", "ActiveState=active\nSubState=running\nStatusText=ACTIVE, 0 orders")
    ran = tradebot("service", "status")
    assert (ran.code, "active (running)" in ran.out) == (0, True)
    machine.answer("systemctl", "ActiveState=failed\nResult=watchdog")
    failed = tradebot("service", "status", "--json")
    assert failed.code == 1
    assert json.loads(failed.out)["Result"] == "watchdog"


def test_remove_stops_it_and_leaves_the_state(tradebot: Tradebot, machine: Machine) -> None:
    assert tradebot("service", "remove").code == 1
    tradebot("service", "install")
    assert tradebot("service", "remove").code == 0
    assert not (machine.units / "tradebot-main.service").exists()
    assert machine.asked[-2:] == [
        "systemctl --user disable --now tradebot-main.service",
        "systemctl --user daemon-reload",
    ]


def test_a_service_of_the_machine_says_who_is_missing(
    tradebot: Tradebot, machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def folder(*, system: bool) -> Path:
        return tmp_path / ("units" if system else "none")

    monkeypatch.setattr(command, "folder_of_units", folder)
    ran = tradebot("service", "install", "--system", "--user", "nobody-here", "--group", "no-group")
    assert ran.code == 1
    assert "groupadd --system no-group" in ran.err
    assert "useradd --system --gid no-group" in ran.err


@pytest.mark.parametrize(
    "words", [["--credential", "paper"], ["--listen", "http://0.0.0.0:1"], ["--market", "nope"]]
)
def test_a_unit_that_could_not_start_is_not_written(
    tradebot: Tradebot, machine: Machine, words: list[str]
) -> None:
    assert tradebot("service", "install", *words).code == 2
    assert not machine.units.exists()
