"""`policy reload` and `policy rollback`: the difference first, then the swap."""

import sys
import threading
from typing import Annotated, Literal

import msgspec
import typer

from tradebot.engine.cli.failures import DONE, FAILED, REFUSED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import print_json
from tradebot.engine.cli.policy_facts import SleeveArgument
from tradebot.engine.cli.policy_text import difference_lines
from tradebot.engine.cli.target import connected
from tradebot.engine.control.client import ControlClient, EngineRefused
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.control.sleeves import ChangeBody, VersionDifference

LOOK_S = 0.5
"""Seconds between two looks of --watch."""

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only show the difference.")]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Begin without what the sleeve remembers.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Goes into the journal.")]


class _Asked(msgspec.Struct, frozen=True):
    """What was asked for."""

    sleeve: str
    what: Literal["reload", "rollback"]
    yes: bool
    dry: bool
    fresh: bool
    reason: str
    json: bool


def reload(  # noqa: PLR0913  (every parameter is an option)
    sleeve: SleeveArgument,
    *,
    yes: YesOption = False,
    dry_run: DryOption = False,
    fresh: FreshOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Reload at each change; SANDBOX and shadows only.")
    ] = False,
    reason: ReasonOption = "operator",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Change SLEEVE to the code on disk: shows version, source, params and wants old and new, then asks."""
    shape = form(json=json, plain=plain)
    asked = _Asked(sleeve, "reload", yes, dry_run, fresh, reason, shape == "json")
    if watch and (dry_run or json):
        raise CommandFailed("--watch goes on by itself: leave --dry-run and --json out", USAGE)
    with connected(name) as client:
        return _watch(client, asked) if watch else _change(client, asked)


def rollback(  # noqa: PLR0913  (every parameter is an option)
    sleeve: SleeveArgument,
    *,
    yes: YesOption = False,
    dry_run: DryOption = False,
    fresh: FreshOption = False,
    reason: ReasonOption = "operator",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Take SLEEVE one version back, to the source the journal keeps; shows the difference, then asks."""
    shape = form(json=json, plain=plain)
    asked = _Asked(sleeve, "rollback", yes, dry_run, fresh, reason, shape == "json")
    with connected(name) as client:
        return _change(client, asked)


def _change(client: ControlClient, asked: _Asked) -> int:
    found = client.sleeves.difference(asked.sleeve, asked.what)
    if not asked.json:
        for line in difference_lines(found):
            print(line)
    possible = found.refused is None or asked.fresh
    answer: CommandAnswer | None = None
    if not (found.same or asked.dry) and possible and _agreed(asked, found):
        body = ChangeBody(version=found.new, fresh=asked.fresh, reason=asked.reason)
        answer = client.sleeves.change(asked.sleeve, asked.what, body)
    if asked.json:
        print_json({"difference": found, "done": answer is not None, "answer": answer})
    else:
        _tell(asked, found, answer)
    if not possible and not found.same:
        raise CommandFailed(f"{asked.what} refused: {found.refused}", FAILED)
    return DONE if answer is not None or found.same or asked.dry else FAILED


def _tell(asked: _Asked, found: VersionDifference, answer: CommandAnswer | None) -> None:
    if found.same:
        print(f"{asked.sleeve} runs {found.old} already: nothing to change")
    for line in () if answer is None else answer.lines:
        print(line)


def _agreed(asked: _Asked, found: VersionDifference) -> bool:
    """Return whether a person agrees; where nobody can be asked, `--yes` or invented money is needed."""
    if asked.yes:
        return True
    if not sys.stdin.isatty() or asked.json:
        if found.real_money:
            raise CommandFailed(
                f"LIVE without a terminal needs --yes; {asked.sleeve} runs on as it was", REFUSED
            )
        return True
    print(f"{asked.what} {asked.sleeve}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _watch(client: ControlClient, asked: _Asked) -> int:
    """Reload at each change until Ctrl-C; what cannot be loaded is told once, and the sleeve runs on."""
    print(f"watching {asked.sleeve}: Ctrl-C ends it", file=sys.stderr)
    told = ""
    while True:
        listing = next((s for s in client.sleeves.listing() if s.name == asked.sleeve), None)
        if listing is None:
            raise CommandFailed(f"no sleeve {asked.sleeve!r} runs here", USAGE)
        if listing.note == "changed on disk":
            told = _follow(client, asked, told)
        rest()


def rest() -> None:
    """Wait until the next look."""
    threading.Event().wait(LOOK_S)


def _follow(client: ControlClient, asked: _Asked, told: str) -> str:
    """Take one change over; return what was told of it where it could not be."""
    try:
        found = client.sleeves.difference(asked.sleeve, "reload")
        body = ChangeBody(
            version=found.new, fresh=asked.fresh, unattended=True, reason="changed on disk"
        )
        answer = client.sleeves.change(asked.sleeve, "reload", body)
    except EngineRefused as error:
        if error.exit_code == REFUSED:
            raise
        if str(error) != told:
            print(f"not reloaded: {error}", file=sys.stderr, flush=True)
        return str(error)
    for line in (*difference_lines(found), *answer.lines):
        print(line, flush=True)
    return ""
