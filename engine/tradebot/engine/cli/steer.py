"""Control: cancel, flatten, kill, halt, resume, pause, stop; each does what "what stops what" says."""

from typing import Annotated, Literal

import typer

from tradebot.engine.cli.failures import DONE, FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import print_json, print_narrow
from tradebot.engine.cli.symbols import resolve
from tradebot.engine.cli.target import connected
from tradebot.engine.control.messages_orders import CommandAnswer

AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why; goes into the journal.")]


def cancel(  # noqa: PLR0913  (options of the contract)
    order_id: Annotated[str | None, typer.Argument(metavar="ID", help="client_order_id.")] = None,
    *,
    everything: AllOption = False,
    symbol: Annotated[str | None, typer.Option("--symbol", help="With --all: of one.")] = None,
    side: Annotated[
        Literal["buy", "sell"] | None, typer.Option("--side", help="With --all: of a side.")
    ] = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Cancel one order, or with --all every order (of a symbol, of a side)."""
    if (order_id is None) != everything:
        raise CommandFailed("say which: cancel ID, or cancel --all", USAGE)
    if not everything and (symbol or side):
        raise CommandFailed("--symbol and --side go with --all, not with an ID", USAGE)
    with connected(name) as client:
        if order_id is not None:
            answer = client.cancel(order_id)
        else:
            which = None if symbol is None else resolve(client, symbol)
            answer = client.cancel_all(which, side)
    return tell(answer, json=json, plain=plain)


def flatten(
    symbol: Annotated[str | None, typer.Argument(metavar="SYMBOL", help="Which position.")] = None,
    *,
    everything: AllOption = False,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Close the position in SYMBOL, or with --all every position."""
    if (symbol is None) != everything:
        raise CommandFailed("say which: flatten SYMBOL, or flatten --all", USAGE)
    with connected(name) as client:
        answer = client.flatten(None if symbol is None else resolve(client, symbol))
    return tell(answer, json=json, plain=plain)


def kill(*, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False) -> int:
    """Go to HALTED: cancel what adds risk, keep what protects; `resume --reason` lifts it."""
    with connected(name) as client:
        answer = client.kill()
    return tell(answer, json=json, plain=plain)


def halt(
    *,
    reason: ReasonOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Go to REDUCING: only what shrinks a position passes; `resume --reason` lifts it."""
    told = _reason(reason, "halt")
    with connected(name) as client:
        answer = client.halt(told)
    return tell(answer, json=json, plain=plain)


def resume(
    sleeve: Annotated[str | None, typer.Argument(metavar="[SLEEVE]", help="Of a pause.")] = None,
    *,
    reason: ReasonOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Lift halt or kill, or let a paused SLEEVE go on."""
    told = _reason(reason, "resume") if sleeve is None else reason or "operator"
    with connected(name) as client:
        answer = client.resume(told) if sleeve is None else client.resume_sleeve(sleeve, told)
    return tell(answer, json=json, plain=plain)


def resume_sleeve(
    sleeve: Annotated[str, typer.Argument(metavar="SLEEVE", help="Its name.")],
    *,
    reason: ReasonOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Let a paused SLEEVE add risk again."""
    with connected(name) as client:
        answer = client.resume_sleeve(sleeve, reason or "operator")
    return tell(answer, json=json, plain=plain)


def pause(
    sleeve: Annotated[str, typer.Argument(metavar="SLEEVE", help="Its name.")],
    *,
    reason: ReasonOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Let SLEEVE add no more risk; its exits run, its protective orders stay."""
    with connected(name) as client:
        answer = client.pause_sleeve(sleeve, reason or "operator")
    return tell(answer, json=json, plain=plain)


def stop(
    *,
    leave_unprotected: Annotated[
        bool,
        typer.Option("--leave-unprotected", help="Also where a stop would be without effect."),
    ] = False,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """End an engine; orders at the venue and positions stay, stops that it holds itself move to the broker."""
    with connected(name) as client:
        answer = client.stop(leave_unprotected=leave_unprotected)
    return tell(answer, json=json, plain=plain)


def tell(answer: CommandAnswer, *, json: bool, plain: bool) -> int:
    """Print what a command did, in 40 columns, and return the exit code."""
    if form(json=json, plain=plain) == "json":
        print_json(answer)
    else:
        print_narrow(answer.lines)
    return DONE if answer.ok else FAILED


def _reason(given: str | None, verb: str) -> str:
    if given is None or not given.strip():
        raise CommandFailed(f'{verb} needs a reason: tradebot {verb} --reason "..."', USAGE)
    return given.strip()
