"""`service`: an engine as a systemd unit of this user or of the machine: installed, looked at, removed."""

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tradebot.engine.cli.failures import CONFIGURATION, DONE, FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form, new_app
from tradebot.engine.cli.output import print_json
from tradebot.engine.cli.run import check_listen, parse_market
from tradebot.engine.cli.target import folder_of
from tradebot.engine.home import home
from tradebot.engine.systemd.control import (
    SystemdFailed,
    folder_of_units,
    let_linger,
    lingers,
    systemctl,
)
from tradebot.engine.systemd.unit import Service, unit_text

service_app = new_app("An engine as a systemd service: install, status, remove.")

SystemOption = Annotated[
    bool, typer.Option("--system", help="A service of the machine, not of this user.")
]
SYSTEM_HOME = Path("/var/lib/tradebot")


@service_app.callback()
def service() -> None:
    """Let systemd start an engine, watch it, and start it again."""


@service_app.command("install")
def install_command(  # noqa: PLR0913  (every parameter is an option)
    *,
    system: SystemOption = False,
    name: NameOption = None,
    market: Annotated[str, typer.Option("--market", help="As of tradebot run.")] = "synthetic",
    listen: Annotated[str | None, typer.Option("--listen", help="As of tradebot run.")] = None,
    user: Annotated[str, typer.Option("--user", help="--system: who it runs as.")] = "tradebot",
    group: Annotated[
        str, typer.Option("--group", help="--system: who may open its socket.")
    ] = "tradebot",
    credential: Annotated[
        list[str] | None,
        typer.Option("--credential", metavar="ACCOUNT=FILE", help="Keys handed over by systemd."),
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Start it too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the unit, do nothing.")] = False,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Write the unit, let systemd read it, and enable it; what is left to do is printed."""
    shape = form(json=json, plain=plain)
    chosen, _ = folder_of(name)
    words = ["--market", parse_market(market)]
    words += [] if listen is None else ["--listen", str(check_listen(listen))]
    wanted = Service(
        name=chosen,
        python=Path(sys.executable),
        home=_home(system=system),
        words=tuple(words),
        user=user if system else None,
        group=group if system else None,
        credentials=tuple(_credential(text) for text in credential or ()),
    )
    path = folder_of_units(system=system) / wanted.unit
    text = unit_text(wanted)
    if dry_run:
        if shape == "json":
            print_json({"unit": wanted.unit, "file": str(path), "text": text, "done": []})
        else:
            print(f"# {path}\n{text}", end="")
        return DONE
    _write(path, text, system=system)
    done, left = _enable(wanted, system=system, now=now)
    if shape == "json":
        print_json({"unit": wanted.unit, "file": str(path), "done": done, "left": left})
    else:
        for line in (f"written {path}", *done):
            print(line)
        for line in left:
            print(f"left to do: {line}", file=sys.stderr)
    return FAILED if left else DONE


@service_app.command("status")
def status_command(
    *,
    system: SystemOption = False,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Show what systemd says of the service; exit code 1 when it does not run."""
    shape = form(json=json, plain=plain)
    unit = Service(name=folder_of(name)[0], python=Path(), home=Path()).unit
    wanted = "LoadState,ActiveState,SubState,UnitFileState,NRestarts,Result,StatusText,MainPID"
    shown = systemctl("show", unit, f"--property={wanted}", system=system)
    pairs = (line.partition("=") for line in shown.splitlines())
    facts = {key: value for key, _, value in pairs}
    if shape == "json":
        print_json({"unit": unit, **facts})
    else:
        print(f"{unit}  {facts.get('ActiveState', 'unknown')} ({facts.get('SubState', '')})")
        for key in ("UnitFileState", "NRestarts", "Result", "StatusText"):
            print(f"{key}\t{facts.get(key, '')}")
    return DONE if facts.get("ActiveState") == "active" else FAILED


@service_app.command("remove")
def remove_command(
    *,
    system: SystemOption = False,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Stop the service and take its unit away; the engine's state stays."""
    shape = form(json=json, plain=plain)
    unit = Service(name=folder_of(name)[0], python=Path(), home=Path()).unit
    path = folder_of_units(system=system) / unit
    if not path.exists():
        raise CommandFailed(f"there is no service {unit} in {path.parent}")
    systemctl("disable", "--now", unit, system=system)
    path.unlink()
    systemctl("daemon-reload", system=system)
    if shape == "json":
        print_json({"unit": unit, "file": str(path)})
    else:
        print(f"{unit} stopped and removed; its state is kept")


def _home(*, system: bool) -> Path:
    return SYSTEM_HOME if system and not os.environ.get("TRADEBOT_HOME") else home()


def _credential(text: str) -> tuple[str, Path]:
    account, _, file = text.partition("=")
    if not account or not file.startswith("/"):
        raise CommandFailed(f"--credential must be ACCOUNT=/ABSOLUTE/FILE, was {text!r}", USAGE)
    return account, Path(file)


def _write(path: Path, text: str, *, system: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    except PermissionError as error:
        hint = "run it with sudo" if system else "check who owns the folder"
        raise CommandFailed(f"{path} cannot be written; {hint}", CONFIGURATION) from error


def _enable(service: Service, *, system: bool, now: bool) -> tuple[list[str], list[str]]:
    """Return what systemd has done, and what is left for a person with the command that does it."""
    prefix = "systemctl" if system else "systemctl --user"
    done: list[str] = []
    left: list[str] = []
    if system:
        left += _missing_people(service)
    else:
        _linger(done, left)
    enable = ["enable", *(["--now"] if now else []), service.unit]
    for words in (["daemon-reload"], enable):
        try:
            systemctl(*words, system=system)
            done.append(f"{prefix} {' '.join(words)}")
        except SystemdFailed as error:
            left.append(f"{prefix} {' '.join(words)}   ({error})")
    if not now:
        done.append(f"start it with: {prefix} start {service.unit}")
    return done, left


def _missing_people(service: Service) -> list[str]:
    import grp
    import pwd

    left: list[str] = []
    try:
        grp.getgrnam(service.group or "")
    except KeyError:
        left.append(f"groupadd --system {service.group}")
    try:
        pwd.getpwnam(service.user or "")
    except KeyError:
        left.append(
            f"useradd --system --gid {service.group} --home-dir {service.home} "
            f"--shell /usr/sbin/nologin {service.user}"
        )
    return left


def _linger(done: list[str], left: list[str]) -> None:
    """Let this user's services run without a session: else the engine ends when the ssh connection does."""
    user = getpass.getuser()
    if lingers(user):
        done.append(f"{user} lingers already: it runs without a session")
        return
    try:
        let_linger(user)
        done.append(f"loginctl enable-linger {user}: it runs without a session")
    except SystemdFailed as error:
        left.append(f"loginctl enable-linger {user}   ({error})")
