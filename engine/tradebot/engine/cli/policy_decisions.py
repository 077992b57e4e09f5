"""`policy why` and `policy log`: what a sleeve decided, for what reason, and what the gate said to it."""

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from tradebot.engine.cli.failures import FAILED, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import print_json
from tradebot.engine.cli.policy_facts import SleeveArgument
from tradebot.engine.cli.symbols import resolve
from tradebot.engine.cli.target import connected
from tradebot.engine.cli.trade import parse_time
from tradebot.engine.cli.watch import iso_text
from tradebot.engine.control.client import ControlClient
from tradebot.engine.control.messages_house import DecisionView
from tradebot.engine.control.messages_orders import EventLine
from tradebot.engine.control.sleeves import LoggedLine

LOOKED_THROUGH = 500
"""Decisions that `why` looks through for one of a symbol or before an instant."""

KINDS = frozenset({"decided", "order-denied"})
"""Kinds of events after which there may be a new decision to tell."""


def why(
    sleeve: SleeveArgument,
    *,
    symbol: Annotated[str | None, typer.Option("--symbol", help="About one instrument.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="T", help="As of an instant.")] = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Say what SLEEVE decided last and why, what bound its size, and what the risk gate refused."""
    shape = form(json=json, plain=plain)
    until = None if at is None else parse_time(at, "--at")
    with connected(name) as client:
        wanted = None if symbol is None else resolve(client, symbol)
        found = client.sleeves.decisions(sleeve, LOOKED_THROUGH)
    chosen = chosen_of(found, wanted, until)
    if chosen is None:
        when = "" if at is None else f" until {at}"
        about = "" if wanted is None else f" about {wanted}"
        raise CommandFailed(
            f"{sleeve} has decided nothing{about}{when} among its newest {len(found)} decisions",
            FAILED,
        )
    if shape == "json":
        print_json(_entry_json(chosen))
        return
    for line in why_lines(chosen):
        print(line)


def chosen_of(
    decisions: Sequence[DecisionView], symbol: str | None, until: int | None
) -> DecisionView | None:
    """Return the newest decision about a symbol, not after an instant.

    Args:
        decisions: Newest first.
        symbol: None: of any.
        until: ns UTC; None: now.
    """
    return next(
        (
            one
            for one in decisions
            if (symbol is None or one.symbol == symbol) and (until is None or one.ts <= until)
        ),
        None,
    )


def why_lines(decision: DecisionView) -> list[str]:
    """Return a decision as several short lines."""
    lines = [
        f"{iso_text(decision.ts)[:19]}Z  {decision.sleeve}  {', '.join(decision.did) or 'hold'}",
        f"  because  {decision.text}",
    ]
    if decision.symbol is not None:
        lines.append(f"  symbol   {decision.symbol}")
    if decision.edge is not None:
        lines.append(f"  edge     {decision.edge}")
    if decision.bound_by is not None:
        lines.append(f"  bound by {decision.bound_by}")
    if decision.refused is not None:
        lines.append(f"  refused  {decision.refused}")
    if decision.repeated:
        lines.append(f"  repeated {decision.repeated} times since, without change")
    return lines


def log(
    sleeve: SleeveArgument,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as it happens.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LOOKED_THROUGH)] = 50,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """List SLEEVE's decisions and what its policy logged, oldest first; --follow ends with Ctrl-C."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        found = _entries(client, sleeve, limit)
        if shape == "json" and not follow:
            print_json([_entry_json(one) for one in found])
            return
        last = _print_after(found, -1, json=json)
        if not found and shape == "text":
            print(f"{sleeve} has decided nothing yet", file=sys.stderr)
        if not follow:
            return
        for event in client.events(None):
            # One look tells of all that came meanwhile; those events need none of their own.
            if event.kind in KINDS and event.seq > last:
                last = _print_after(client.sleeves.decisions(sleeve, limit)[::-1], last, json=json)
            elif event.kind == "sleeve-logged":
                _print_after(logged_in(event, sleeve), -1, json=json)


def logged_in(event: EventLine, sleeve: str) -> list[LoggedLine]:
    """Return what a sleeve's policy wrote down in one event."""
    told = msgspec.json.decode(event.body, type=_Logged)
    if told.sleeve != sleeve:
        return []
    return [LoggedLine(ts=event.ts, seq=event.seq, text=line) for line in told.lines]


class _Logged(msgspec.Struct):
    """Of a journal row what matters here."""

    sleeve: str
    lines: list[str]


type Entry = DecisionView | LoggedLine
"""One line of a sleeve's log."""


def _entries(client: ControlClient, sleeve: str, limit: int) -> list[Entry]:
    """Return the newest decisions and logged lines, oldest first."""
    found: list[Entry] = [
        *client.sleeves.logged(sleeve, limit),
        *client.sleeves.decisions(sleeve, limit),
    ]
    return sorted(found, key=lambda one: one.seq)[-limit:]


def _print_after(entries: Sequence[Entry], last: int, *, json: bool) -> int:
    """Print entries after a seq; return the seq of the last one printed."""
    for one in entries:
        if one.seq > last:
            text = msgspec.json.encode(_entry_json(one)).decode() if json else entry_line(one)
            print(text, flush=True)
    return max([last, *(one.seq for one in entries)])


def _entry_json(entry: Entry) -> dict[str, object]:
    return {**msgspec.structs.asdict(entry), "ts": iso_text(entry.ts)}


def entry_line(entry: Entry) -> str:
    """Return a decision or a logged line as one line."""
    if isinstance(entry, LoggedLine):
        return f"{iso_text(entry.ts)[:19]}Z log: {entry.text}"
    return log_line(entry)


def log_line(decision: DecisionView) -> str:
    """Return a decision as one line."""
    again = f" (x{decision.repeated + 1})" if decision.repeated else ""
    refused = "" if decision.refused is None else f"  REFUSED {decision.refused}"
    did = ", ".join(decision.did) or "hold"
    return f"{iso_text(decision.ts)[:19]}Z {did}  {decision.text}{again}{refused}"
