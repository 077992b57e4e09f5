"""`buy` and `sell`: an order through the risk gate, and what became of it."""

import os
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import uuid4

import msgspec
import typer

from tradebot.engine.cli.facts import ORDER_HEADER, order_cells
from tradebot.engine.cli.failures import DONE, FAILED, REFUSED, USAGE, CommandFailed
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
from tradebot.engine.control.messages_orders import AmendRequest, OrderAnswer, OrderRequest, Preview

WAIT_S = 5.0
"""Longest wait for the venue's answer."""

Quantity = Annotated[str, typer.Argument(metavar="QTY", help="How much, e.g. 0.2.")]
Symbol = Annotated[
    str, typer.Argument(metavar="SYMBOL", help="venue:symbol, or the symbol if only one fits.")
]
LimitPrice = Annotated[str | None, typer.Option("--limit", help="Price of a limit order.")]
Market = Annotated[bool, typer.Option("--market", help="A market order, at any price.")]
TimeInForceOption = Annotated[
    Literal["gtc", "ioc", "fok", "day", "gtd"] | None,
    typer.Option("--tif", help="gtc with --limit or --trigger, else ioc, unless said."),
]
PostOnly = Annotated[bool, typer.Option("--post-only", help="Never take.")]
ReduceOnly = Annotated[bool, typer.Option("--reduce-only", help="Never open or turn a position.")]
Account = Annotated[str | None, typer.Option("--account", help="Which account, if several.")]
RequestIdOption = Annotated[
    str | None, typer.Option("--id", help="Same id twice is one order; else a new one is made.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the venue (5 s at most).")]
Trigger = Annotated[
    str | None, typer.Option("--trigger", help="A stop: sent when the price is there.")
]
StopLoss = Annotated[
    str | None, typer.Option("--stop-loss", help="Stop that protects what fills, as it fills.")
]
TakeProfit = Annotated[
    str | None, typer.Option("--take-profit", help="Target for what fills, as it fills.")
]
Trail = Annotated[
    str | None,
    typer.Option(
        "--trail",
        help="Distance at which the stop follows the best price: of the protective stop, or with "
        "--reduce-only of this order.",
    ),
]
Risk = Annotated[
    str | None,
    typer.Option(
        "--risk", help="Share of equity to lose at --stop-loss, fees in: 0.25%. QTY is then auto."
    ),
]
StatedEdge = Annotated[
    str | None,
    typer.Option(
        "--edge",
        help="Chance to win this bet as you see it: 40% or 0.4. With --risk and --take-profit the size is at most "
        "half Kelly at the chance that your bets of this --note have shown.",
    ),
]
Note = Annotated[
    str | None, typer.Option("--note", help="Why, in your words; bets of one note are counted.")
]
Expires = Annotated[
    str | None, typer.Option("--expires", help="End of a --tif gtd order: ISO 8601 with zone.")
]
Attended = Annotated[bool, typer.Option("--attended", help="Cancelled when this terminal is gone.")]
After = Annotated[str | None, typer.Option("--after", help="Held until order ID has filled (OTO).")]
Oco = Annotated[
    str | None, typer.Option("--oco", help="What fills of this is taken from order ID (OCO).")
]


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
        expires: Expires = None,
        after: After = None,
        oco: Oco = None,
        trigger: Trigger = None,
        stop_loss: StopLoss = None,
        take_profit: TakeProfit = None,
        trail: Trail = None,
        risk: Risk = None,
        edge: StatedEdge = None,
        note: Note = None,
        attended: Attended = False,
    ) -> int:
        shape = form(json=json, plain=plain)
        waits_here = trigger is not None or (trail is not None and reduce_only)
        draft = OrderRequest(
            request_id=request_id or f"cli-{uuid4().hex}",
            instrument=symbol,
            side=side,
            quantity=_quantity(quantity, risk),
            type=_type(limit, trigger, trail, market=market, reduce_only=reduce_only),
            limit_price=_price(limit, "--limit"),
            trigger_price=_price(trigger, "--trigger"),
            trail=_price(trail, "--trail") if reduce_only else None,
            tif=tif or ("ioc" if limit is None and not waits_here else "gtc"),
            expires=None if expires is None else parse_time(expires, "--expires"),
            stop_loss=_price(stop_loss, "--stop-loss"),
            take_profit=_price(take_profit, "--take-profit"),
            stop_trail=None if reduce_only else _price(trail, "--trail"),
            risk=None if risk is None else parse_percent(risk, "--risk"),
            edge=None if edge is None else parse_percent(edge, "--edge"),
            note=note,
            post_only=post_only,
            reduce_only=reduce_only,
            account=account,
            attended=attended,
            terminal=this_terminal() if attended else None,
            after=after,
            oco=oco,
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


def _price(text: str | None, option: str) -> Decimal | None:
    return None if text is None else parse_decimal(text, option)


def _quantity(text: str, risk: str | None) -> Decimal:
    """Return how much; 0 where `--risk` sets it.

    Raises:
        CommandFailed: If both or neither say it.
    """
    if risk is None and text != "auto":
        return parse_decimal(text, "quantity")
    if risk is None or text != "auto":
        raise CommandFailed(
            f"QTY must be auto with --risk, and a number without, was {text}", USAGE
        )
    return Decimal(0)


def _type(
    limit: str | None, trigger: str | None, trail: str | None, *, market: bool, reduce_only: bool
) -> Literal["limit", "market", "marketable", "stop", "stop_limit", "trailing_stop"]:
    if trail is not None and reduce_only:
        return "trailing_stop"
    if trigger is not None:
        return "stop" if limit is None else "stop_limit"
    if market:
        return "market"
    return "marketable" if limit is None else "limit"


def parse_percent(text: str, option: str) -> Decimal:
    """Return a percentage (`0.25%`) or a fraction as a fraction.

    Raises:
        CommandFailed: If it is no number in (0, 1].
    """
    number = parse_decimal(text.removesuffix("%"), option)
    fraction = number / 100 if text.endswith("%") else number
    if not 0 < fraction <= 1:
        raise CommandFailed(f"{option} must be above 0 % and at most 100 %, was {text}", USAGE)
    return fraction


def parse_time(text: str, option: str) -> int:
    """Return an instant given as ISO 8601 with zone, or as integer ns, in ns UTC.

    Raises:
        CommandFailed: If it is neither.
    """
    if text.isdecimal():
        return int(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(f"{option} must be ISO 8601 with a zone, was {text}", USAGE) from error
    if instant.tzinfo is None:
        raise CommandFailed(f"{option} needs a zone, e.g. {text}Z", USAGE)
    return int(instant.timestamp()) * 1_000_000_000 + instant.microsecond * 1000


def this_terminal() -> str:
    """Return the name of the terminal this command was typed at.

    Raises:
        CommandFailed: If there is none to attend an order.
    """
    if not sys.stdin.isatty():
        raise CommandFailed("--attended needs a terminal: there is none here to go away", USAGE)
    return os.ttyname(sys.stdin.fileno())


def amend(  # noqa: PLR0913  (every parameter is an option of the contract)
    order_id: Annotated[str, typer.Argument(metavar="ID", help="client_order_id.")],
    *,
    quantity: Annotated[
        str | None, typer.Option("--quantity", help="What shall still be open.")
    ] = None,
    limit: LimitPrice = None,
    trigger: Annotated[str | None, typer.Option("--trigger", help="Of a stop.")] = None,
    trail: Annotated[str | None, typer.Option("--trail", help="Of a trailing stop.")] = None,
    request_id: RequestIdOption = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Change an open order: a new one with an id of its own takes its place; what is not given stays."""
    shape = form(json=json, plain=plain)
    wanted = AmendRequest(
        request_id=request_id or f"cli-{uuid4().hex}",
        quantity=None if quantity is None else parse_decimal(quantity, "--quantity"),
        limit_price=_price(limit, "--limit"),
        trigger_price=_price(trigger, "--trigger"),
        trail=_price(trail, "--trail"),
    )
    if all(one is None for one in (quantity, limit, trigger, trail)):
        raise CommandFailed("say what: --quantity, --limit, --trigger or --trail", USAGE)
    with connected(name) as client:
        answer = client.amend(order_id, wanted)
    return show_answer(answer, wanted.request_id, shape, waited=True)


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
    if order.tif == "gtd" and order.expires is None:
        raise CommandFailed("--tif gtd needs --expires T", USAGE)
    if order.expires is not None and order.tif != "gtd":
        raise CommandFailed(
            f"--expires needs --tif gtd: a {order.tif} order would not end then", USAGE
        )
    if order.risk is not None and order.stop_loss is None:
        raise CommandFailed("--risk needs --stop-loss: it is what is lost there", USAGE)
    if order.type in {"market", "marketable"} and order.tif not in {"ioc", "fok"}:
        raise CommandFailed(
            f"--tif {order.tif} needs --limit or --trigger; a market or marketable order is ioc or fok",
            USAGE,
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
    lines += [f"protected as it fills: {leg}" for leg in preview.legs]
    if preview.risk is not None:
        lines.append(f"risk {preview.risk} {preview.currency}")
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
