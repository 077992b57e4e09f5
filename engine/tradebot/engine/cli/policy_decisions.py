"""`policy why` and `policy log`: what a sleeve decided, for what reason, and what the gate said to it."""

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
from tradebot.engine.control.messages_house import DecisionView

LOOKED_THROUGH = 1_000
"""Decisions that `why` looks through for one of a symbol or before an instant."""

KINDS = frozenset({"decided", "order-denied", "sleeve-paused", "sleeve-resumed", "sleeve-taken"})
"""Kinds of events after which there may be something new to tell."""


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
        print_json(_timed(chosen))
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
    """List SLEEVE's decisions, oldest first; --follow ends with Ctrl-C."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        found = list(reversed(client.sleeves.decisions(sleeve, limit)))
        if shape == "json" and not follow:
            print_json([_timed(one) for one in found])
            return
        last = _print_after(found, -1, json=json)
        if not follow:
            return
        for event in client.events(None):
            if event.kind in KINDS:
                newest = list(reversed(client.sleeves.decisions(sleeve, limit)))
                last = _print_after(newest, last, json=json)


def _print_after(decisions: Sequence[DecisionView], last: int, *, json: bool) -> int:
    """Print decisions after a seq; return the seq of the last one printed."""
    for one in decisions:
        if one.seq > last:
            print(msgspec.json.encode(_timed(one)).decode() if json else log_line(one), flush=True)
    return max([last, *(one.seq for one in decisions)])


def log_line(decision: DecisionView) -> str:
    """Return a decision as one line."""
    again = f" (x{decision.repeated + 1})" if decision.repeated else ""
    refused = "" if decision.refused is None else f"  REFUSED {decision.refused}"
    did = ", ".join(decision.did) or "hold"
    return f"{iso_text(decision.ts)[:19]}Z {did}  {decision.text}{again}{refused}"


def _timed(decision: DecisionView) -> dict[str, object]:
    """Return a decision with its time as the command line writes it."""
    return {**msgspec.structs.asdict(decision), "ts": iso_text(decision.ts)}
