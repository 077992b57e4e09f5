"""Which running engine a command speaks to, and what to say when it does not answer."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tradebot.engine.cli.failures import CONFIGURATION, USAGE, CommandFailed
from tradebot.engine.config.name import engine_name
from tradebot.engine.control.client import (
    ControlClient,
    EngineAddress,
    EngineUnreachable,
    NobodyAnswers,
)
from tradebot.engine.home import engine_folder


def folder_of(name: str | None) -> tuple[str, Path]:
    """Return an engine's name and state folder; without a name the configured one.

    Raises:
        CommandFailed: If the name cannot be one.
        ConfigError: If the configuration cannot be read.
    """
    chosen = name or engine_name(os.environ)
    try:
        return chosen, engine_folder(chosen)
    except ValueError as error:
        raise CommandFailed(str(error), USAGE if name else CONFIGURATION) from error


@contextmanager
def connected(name: str | None) -> Generator[ControlClient]:
    """Give a client of a running engine.

    Raises:
        EngineUnreachable: If it does not answer: says since when and why, and what to do.
    """
    chosen, folder = folder_of(name)
    # `control.sock` in the folder is where `run` always listens; a path too long for a socket cannot be connected
    # either, so its message would come from there first.
    address = EngineAddress(label=f"engine {chosen!r}", socket=folder / "control.sock")
    try:
        with ControlClient(address) as client:
            yield client
    except NobodyAnswers as error:
        raise EngineUnreachable(why_silent(chosen, folder)) from error


def why_silent(name: str, folder: Path) -> str:
    """Return why an engine does not answer, since when, and the remedy, in one line."""
    from tradebot.engine.journal.export import iso
    from tradebot.engine.state_folder import control_socket, look

    start = "tradebot run" if name == "main" else f"tradebot run --name {name}"
    facts = look(folder)
    if facts is None:
        return f"there is no engine {name!r} in {folder.parent}; start it with {start}"
    socket = control_socket(folder)
    if facts.running:
        return (
            f"engine {name!r} runs as process {facts.pid} but does not answer at {socket}; "
            "it may be starting: try again"
        )
    note = facts.last_exit
    if note is not None:
        since, why = _second(iso(note.when)), f"it ended with exit code {note.code}: {note.reason}"
    elif facts.last_written is not None:
        since, why = _second(iso(facts.last_written)), "it was killed, or the machine went down"
    else:
        since, why = _second(facts.created), "it never began"
    return f"engine {name!r} is down since {since}: {why}; start it with {start}"


def _second(instant: str) -> str:
    """Return an instant to the second: what a person needs to know since when."""
    return f"{instant[:19]}Z"
