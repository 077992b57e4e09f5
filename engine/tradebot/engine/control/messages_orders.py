"""What a client asks of an engine with orders, and what it is answered."""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.control.messages import Message, PriceText, QuantityText
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_ticket import TicketFacts


class OrderRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/orders` and `POST /v1/preview`: an order as a person means it."""

    request_id: str
    """Same id, same order: made when the review opens, so that a repeated send cannot double it."""
    instrument: str
    side: Literal["buy", "sell"]
    quantity: Decimal
    """0 where `risk` sets it."""
    type: Literal["limit", "market", "marketable", "stop", "stop_limit", "trailing_stop"] = "limit"
    """`marketable`: a limit at most the collar through the touch, IOC."""
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    """Of a stop."""
    trail: Decimal | None = None
    """Of a trailing stop: its distance from the best price."""
    tif: Literal["gtc", "ioc", "fok", "day", "gtd"] = "gtc"
    expires: int | None = None
    """When a gtd order ends, ns UTC."""
    stop_loss: Decimal | None = None
    """Trigger of the stop that protects what fills."""
    take_profit: Decimal | None = None
    """Limit of the target for what fills."""
    stop_trail: Decimal | None = None
    """Distance at which the protective stop follows the best price."""
    risk: Decimal | None = None
    """Share of equity to lose at the stop loss, fees in: sets the quantity; in (0, 1]."""
    edge: Decimal | None = None
    """Chance to win this bet as its trader states it, in (0, 1).

    With `risk` and `take_profit` the quantity is no larger than half Kelly at the chance that sizes use: what was
    stated, held against what such bets have come to.
    """
    attended: bool = False
    """Cancelled when `terminal` is gone."""
    terminal: str | None = None
    after: str | None = None
    """OTO: held until this order has filled."""
    oco: str | None = None
    """OCO: what fills of this order is taken from that one, and the other way round."""
    post_only: bool = False
    reduce_only: bool = False
    account: str | None = None
    note: str | None = None
    """Why, in the trader's words; journaled as the order's `because`."""


class AmendRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/orders/{id}/amend`: what is null stays."""

    request_id: str
    """Same id, same amend."""
    quantity: Decimal | None = None
    """What shall still be open."""
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    trail: Decimal | None = None


class Verdict(Message, frozen=True, kw_only=True):
    """One line of the risk gate's answer."""

    code: str
    ok: bool
    text: str


class Preview(Message, frozen=True, kw_only=True):
    """What an order would cost and whether the gate lets it pass; nothing is sent."""

    ok: bool
    verdicts: list[Verdict]
    instrument: str
    side: Literal["buy", "sell"]
    type: str
    tif: str
    quantity: QuantityText
    limit_price: PriceText | None
    notional: str | None
    notional_percent: str | None
    """Of equity."""
    fee: str | None
    """Estimate in `currency`, at the taker rate when it would take, else the maker rate."""
    currency: str
    distance_percent: str | None
    """Of the limit from mid, signed; negative = behind the market."""
    slippage: str | None
    """Cost against mid of taking the displayed book, in `currency`; None when it would rest."""
    binding_limit: str | None
    """Which bound decides the largest size now."""
    binding_quantity: QuantityText | None
    """The largest quantity the gate would let pass now."""
    edge: str | None
    """The edge stated with the order, what came of such bets and what sizes use, in words; None = not stated."""
    risk: str | None
    """What is lost at worst by the gate's own count, in `currency`: at the stop loss where there is one."""
    legs: list[str] = msgspec.field(default_factory=list[str])
    """What will protect the order as it fills, a line each: price and where it lives."""
    lives_at: Literal["broker", "engine"] = "broker"
    trigger_price: PriceText | None = None
    ticket: TicketFacts | None = None
    """The bet: odds, edge, sizes and what it does to the account; None: no price to measure it by."""


class OrderAnswer(Message, frozen=True, kw_only=True):
    """What became of a request within the waiting time."""

    outcome: Literal["accepted", "rejected", "unknown", "denied"]
    order: OrderFacts | None
    reason: str | None


class CommandAnswer(Message, frozen=True, kw_only=True):
    """What a control command did, line by line, as the command line prints it."""

    ok: bool
    lines: list[str]
    cancelled: int = 0
    kept: int = 0
    closing: int = 0
    unprotected: list[str] = msgspec.field(default_factory=list[str])
    """Of `stop`: positions that no stop covers while the engine is away, like `long 0.05 sandbox:BTCUSDT (hand)`."""


class Problem(Message, frozen=True, kw_only=True):
    """Body of every answer that is not 2xx: value, bound and remedy in one line."""

    code: str
    detail: str
    exit_code: int = 1


class EventLine(Message, frozen=True, kw_only=True):
    """One line of `/v1/events` and of `watch`."""

    id: str
    """`seq.index`: resumable by `Last-Event-ID`."""
    seq: int
    ts: int
    kind: str
    body: msgspec.Raw
