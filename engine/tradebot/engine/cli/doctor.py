"""`doctor`: what is well here and what is not, each line with its remedy."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from tradebot.engine.cli.checks import Check
from tradebot.engine.cli.doctor_operations import (
    look_at_clock,
    look_at_files,
    look_at_keys,
    look_at_reporting,
    look_at_reserve,
    look_at_service,
    look_at_zones,
)
from tradebot.engine.cli.doctor_venues import VENUES, look_at_venue
from tradebot.engine.cli.failures import DONE, FAILED, explain, not_yet
from tradebot.engine.cli.options import JsonOption, PlainOption, form
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.home import home

PYTHON_MIN = (3, 12)
FREE_BYTES_MIN = 1_000_000_000
"""Below this a day of recording may fill the disk."""
COLUMNS_MIN, ROWS_MIN = 80, 24
"""Smallest terminal the console is made for."""


def doctor(
    topic: Annotated[str | None, typer.Argument(metavar="[TOPIC]", help="binance, ...")] = None,
    *,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Look at home, permissions, Python, native code, terminal, configuration, keys, alerts, clock and engines."""
    shape = form(json=json, plain=plain)
    looks = LOOKS
    if topic is not None:
        if topic not in VENUES:
            raise not_yet(f"doctor {topic} comes with a later version; doctor alone works")
        looks = (lambda: look_at_venue(topic),)
    checks = [check for look in looks for check in carefully(look)]
    well = all(check.ok for check in checks)
    if shape == "json":
        print_json({"ok": well, "checks": checks})
    else:
        rows = [("ok" if check.ok else "bad", check.name, text_of(check)) for check in checks]
        print_table(("", "what", "is"), rows, shape)
    return DONE if well else FAILED


def text_of(check: Check) -> str:
    """Return what was seen, and the remedy if there is one."""
    return check.text if check.remedy is None else f"{check.text}; {check.remedy}"


def carefully(look: Callable[[], Iterator[Check]]) -> list[Check]:
    """Return what a look found; one that fails is a finding itself, and the others still happen."""
    try:
        return list(look())
    except Exception as error:  # noqa: BLE001  (a doctor must not die of the illness)
        return [
            Check(name=look.__name__.removeprefix("look_at_"), ok=False, text=explain(error)[0])
        ]


def look_at_home() -> Iterator[Check]:
    """Yield where everything is kept and whether others could write there."""
    folder = home()
    origin = "TRADEBOT_HOME" if os.environ.get("TRADEBOT_HOME") else "the platform's default"
    if not folder.exists():
        yield Check(name="home", ok=True, text=f"{folder} ({origin}), not made yet")
        return
    info = folder.stat()
    shared = info.st_mode & 0o022 or info.st_uid != os.getuid()
    yield Check(
        name="home",
        ok=not shared,
        text=f"{folder} ({origin}) {stat.filemode(info.st_mode)}",
        remedy=f"others could write there: run chmod go-w {folder}" if shared else None,
    )
    free = shutil.disk_usage(folder).free
    low = free < FREE_BYTES_MIN
    yield Check(
        name="disk",
        ok=not low,
        text=f"{free / 1e9:.1f} GB free",
        remedy="records need at least 1 GB: make room" if low else None,
    )


def look_at_python() -> Iterator[Check]:
    """Yield the interpreter's version."""
    ok = sys.version_info >= PYTHON_MIN
    yield Check(
        name="python",
        ok=ok,
        text=f"{sys.version.split()[0]} at {sys.executable}",
        remedy=None if ok else "3.12 or newer is needed: make tui finds or names one",
    )


def look_at_native() -> Iterator[Check]:
    """Yield whether the compiled room can be imported."""
    try:
        import tradebot.native._native as native
    except ImportError as error:
        yield Check(
            name="native",
            ok=False,
            text=f"cannot be imported: {error}",
            remedy="build it: uv sync --reinstall-package tradebot-native (needs Rust)",
        )
        return
    yield Check(name="native", ok=True, text=str(native.__file__))


def look_at_console() -> Iterator[Check]:
    """Yield whether `tui` is installed; a headless engine is well without."""
    from importlib.metadata import entry_points

    found = bool(entry_points(group="tradebot.commands", name="tui"))
    yield Check(
        name="console", ok=True, text="installed" if found else "not installed (a headless engine)"
    )


def look_at_terminal() -> Iterator[Check]:
    """Yield what the console would find; a pipe is no fault."""
    if not sys.stdout.isatty():
        yield Check(name="terminal", ok=True, text="none: stdout is a pipe or a file")
        return
    size = os.get_terminal_size(sys.stdout.fileno())
    kind = os.environ.get("TERM", "")
    large = size.columns >= COLUMNS_MIN and size.lines >= ROWS_MIN
    ok = large and kind not in {"", "dumb"}
    yield Check(
        name="terminal",
        ok=ok,
        text=f"{kind or 'TERM is not set'} {size.columns}x{size.lines}",
        remedy=None if ok else f"the console needs {COLUMNS_MIN}x{ROWS_MIN} and a TERM that moves",
    )
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    yield Check(
        name="encoding",
        ok=utf8,
        text=sys.stdout.encoding or "none",
        remedy=None if utf8 else "frames are drawn in UTF-8: set LANG=C.UTF-8",
    )


def look_at_configuration() -> Iterator[Check]:
    """Yield whether tradebot.toml can be used."""
    from tradebot.engine.config.errors import ConfigError
    from tradebot.engine.config.load import load

    try:
        loaded = load(os.environ)
    except ConfigError as error:
        yield Check(name="config", ok=False, text=str(error))
        return
    where = "defaults, no file" if loaded.file is None else str(loaded.file)
    yield Check(name="config", ok=True, text=f"{where}; mode {loaded.config.engine.mode}")


def look_at_engines() -> Iterator[Check]:
    """Yield each engine and its state."""
    folders = sorted(path for path in (home() / "engines").glob("*") if path.is_dir())
    if not folders:
        yield Check(name="engines", ok=True, text="none yet; tradebot run makes one")
    for folder in folders:
        yield engine_check(folder)


def engine_check(folder: Path) -> Check:
    """Return whether an engine runs, or how it ended."""
    from tradebot.engine.cli.target import why_silent
    from tradebot.engine.control.client import ControlClient, EngineAddress, NobodyAnswers
    from tradebot.engine.state_folder import control_socket, look

    name = f"engine {folder.name}"
    facts = look(folder)
    if facts is None:
        return Check(
            name=name,
            ok=False,
            text="the folder has no engine.json",
            remedy="restore it from a backup, or move the folder away",
        )
    if facts.running:
        try:
            with ControlClient(EngineAddress(label=name, socket=control_socket(folder))) as client:
                status = client.status()
        except NobodyAnswers:
            return Check(name=name, ok=False, text=why_silent(folder.name, folder))
        state = f"{status.engine.mode} {status.trading_state}, process {facts.pid}"
        return Check(name=name, ok=status.unresolved == 0, text=state)
    note = facts.last_exit
    if note is not None and note.code == 0:
        return Check(name=name, ok=True, text=f"{facts.mode}, stopped: {note.reason}")
    return Check(name=name, ok=False, text=why_silent(folder.name, folder))


LOOKS: tuple[Callable[[], Iterator[Check]], ...] = (
    look_at_home,
    look_at_python,
    look_at_native,
    look_at_console,
    look_at_terminal,
    look_at_configuration,
    look_at_keys,
    look_at_reporting,
    look_at_files,
    look_at_reserve,
    look_at_clock,
    look_at_zones,
    look_at_service,
    look_at_engines,
)
