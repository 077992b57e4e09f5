"""`buy` and `sell`: an order through the risk gate, and what became of it."""

import sys
from collections.abc import Callable
from typing import Annotated, Literal
from uuid import uuid4

import msgspec
import typer

from tradebot.engine.cli.facts import ORDER_HEADER, order_cells
from tradebot.engine.cli.failures import DONE, FAILED, REFUSED, USAGE, CommandFailed, not_yet
from tradebot.engine.cli.options import (
    Form,
    JsonOption,
    NameOption,
    PlainOption,
    form,
    parse_decimal,
)
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.cli.symbols import resolve
from tradebot.engine.cli.target import connected
from tradebot.engine.control.client import ControlClient
from tradebot.engine.control.messages import OrderAnswer, OrderRequest, Preview

WAIT_S = 5.0
"""Longest wait for the venue's answer."""

Quantity = Annotated[str, typer.Argument(metavar="QTY", help="How much, e.g. 0.2.")]
Symbol = Annotated[
    str, typer.Argument(metavar="SYMBOL", help="venue:symbol, or the symbol if only one fits.")
]
LimitPrice = Annotated[str | None, typer.Option("--limit", help="Price of a limit order.")]
Market = Annotated[bool, typer.Option("--market", help="A market order, at any price.")]
TimeInForceOption = Annotated[
    Literal["gtc", "ioc", "fok"] | None,
    typer.Option("--tif", help="gtc with --limit, else ioc, unless said."),
]
PostOnly = Annotated[bool, typer.Option("--post-only", help="Never take.")]
ReduceOnly = Annotated[bool, typer.Option("--reduce-only", help="Never open or turn a position.")]
Account = Annotated[str | None, typer.Option("--account", help="Which account, if several.")]
RequestIdOption = Annotated[
    str | None, typer.Option("--id", help="Same id twice is one order; else a new one is made.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the venue (5 s at most).")]
LATER = ("--trigger", "--stop-loss", "--take-profit", "--trail", "--risk", "--attended")
"""Options of the contract that a later version brings."""
Trigger = Annotated[str | None, typer.Option("--trigger", hidden=True)]
StopLoss = Annotated[str | None, typer.Option("--stop-loss", hidden=True)]
TakeProfit = Annotated[str | None, typer.Option("--take-profit", hidden=True)]
Trail = Annotated[str | None, typer.Option("--trail", hidden=True)]
Risk = Annotated[str | None, typer.Option("--risk", hidden=True)]
Attended = Annotated[bool, typer.Option("--attended", hidden=True)]


def _order_command(side: Literal["buy", "sell"]) -> Callable[..., int]:
    def command(  # noqa: PLR0913  (every parameter is an option of the contract)
        quantity: Quantity,
        symbol: Symbol,
        *,
        limit: LimitPrice = None,
        market: Market = False,
        tif: TimeInForceOption = None,
        post_only: PostOnly = False,
        reduce_only: ReduceOnly = False,
        account: Account = None,
        request_id: RequestIdOption = None,
        yes: Yes = False,
        no_wait: NoWait = False,
        name: NameOption = None,
        json: JsonOption = False,
        plain: PlainOption = False,
        trigger: Trigger = None,
        stop_loss: StopLoss = None,
        take_profit: TakeProfit = None,
        trail: Trail = None,
        risk: Risk = None,
        attended: Attended = False,
    ) -> int:
        refuse_later((trigger, stop_loss, take_profit, trail, risk, attended or None))
        shape = form(json=json, plain=plain)
        draft = OrderRequest(
            request_id=request_id or f"cli-{uuid4().hex}",
            instrument=symbol,
            side=side,
            quantity=parse_decimal(quantity, "quantity"),
            type="market" if market else "marketable" if limit is None else "limit",
            limit_price=None if limit is None else parse_decimal(limit, "--limit"),
            tif=tif or ("ioc" if limit is None else "gtc"),
            post_only=post_only,
            reduce_only=reduce_only,
            account=account,
        )
        check_terms(draft, market=market)
        with connected(name) as client:
            order = msgspec.structs.replace(draft, instrument=resolve(client, symbol))
            confirm(client, order, yes=yes)
            answer = client.place(order, 0.0 if no_wait else WAIT_S)
        return show_answer(answer, order.request_id, shape, waited=not no_wait)

    command.__doc__ = (
        f"{side.capitalize()} through the risk gate.\n\n"
        "Without --limit or --market: a limit at most the collar through the touch, IOC."
    )
    return command


buy = _order_command("buy")
sell = _order_command("sell")


def refuse_later(given: tuple[object, ...]) -> None:
    """Refuse options that a later version brings.

    Raises:
        CommandFailed: If one is given; names them.
    """
    used = [option for option, value in zip(LATER, given, strict=True) if value is not None]
    if used:
        raise not_yet(
            f"{' '.join(used)} come{'s' if len(used) == 1 else ''} with a later version; "
            "--limit, --market, --tif, --post-only, --reduce-only work"
        )


def check_terms(order: OrderRequest, *, market: bool) -> None:
    """Refuse terms that contradict each other before anybody is asked.

    Raises:
        CommandFailed: If they do.
    """
    if market and order.limit_price is not None:
        raise CommandFailed("choose one of --limit and --market", USAGE)
    if order.post_only and (order.type != "limit" or order.tif != "gtc"):
        raise CommandFailed(
            "--post-only needs --limit and --tif gtc: it rests or is refused", USAGE
        )
    if order.type != "limit" and order.tif == "gtc":
        raise CommandFailed(
            "--tif gtc needs --limit; a market or marketable order is ioc or fok", USAGE
        )


def confirm(client: ControlClient, order: OrderRequest, *, yes: bool) -> None:
    """Ask before an order that reaches a broker; sandbox and paper need no question.

    Raises:
        CommandFailed: If nobody can be asked, or the answer is no (exit code 5).
    """
    mode = client.hello().mode
    if yes or mode in {"sandbox", "paper"}:
        return
    if not sys.stdin.isatty():
        raise CommandFailed(
            f"{mode.upper()} without a terminal needs --yes; nothing was sent", REFUSED
        )
    for line in preview_lines(client.preview(order)):
        print(line, file=sys.stderr)
    if not typer.confirm(f"{mode.upper()}: send it?", err=True):
        raise CommandFailed("not sent", REFUSED)


def preview_lines(preview: Preview) -> list[str]:
    """Return what an order would cost and what the gate says, for a question."""
    price = preview.limit_price or "market"
    lines = [
        f"{preview.side.upper()} {preview.quantity} {preview.instrument} @ {price} {preview.tif}",
        f"notional {preview.notional or '-'} {preview.currency}, fee about {preview.fee or '-'}",
    ]
    lines += [f"{'ok ' if verdict.ok else 'NO '} {verdict.text}" for verdict in preview.verdicts]
    return lines


def show_answer(answer: OrderAnswer, request_id: str, shape: Form, *, waited: bool) -> int:
    """Print what became of an order and return the exit code."""
    order = answer.order
    if shape == "json":
        fields: dict[str, object] = {} if order is None else msgspec.structs.asdict(order)
        reason = answer.reason if order is None else order.reason or answer.reason
        state = answer.outcome if order is None else order.state
        print_json(
            fields
            | {"outcome": answer.outcome, "state": state, "reason": reason}
            | {"request_id": request_id}
        )
    elif order is not None:
        print_table(ORDER_HEADER, [order_cells(order)], shape)
    match answer.outcome:
        case "accepted":
            return DONE
        case "denied":
            raise CommandFailed(f"denied by the risk gate: {answer.reason}", REFUSED)
        case "rejected":
            raise CommandFailed(f"the venue rejected the order: {answer.reason}", FAILED)
        case "unknown" if not waited:
            return DONE
        case "unknown":
            raise CommandFailed(
                f"nobody knows yet whether the venue has the order ({answer.reason or 'no answer'}); "
                f"tradebot orders shows it; sending it again is safe only with --id {request_id}",
                FAILED,
            )
