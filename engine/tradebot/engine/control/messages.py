"""What goes over the wire between an engine and its clients: the JSON of the command line, and the console's frame.

Money, prices and quantities are decimal strings (never floats); `None` means unknown, never zero. Times in facts are
ISO 8601 UTC with `Z`; times in frames are ns UTC, because a screen subtracts them thirty times a second.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.control.messages_ticket import TicketFacts

API_NUMBER = 1
"""A client of another number refuses with one sentence."""

type TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
"""What the engine lets through: all; only what shrinks; cancels, protective orders and flatten."""

type FeedState = Literal["up", "stale", "down", "resync", "ended", "closed"]
"""Health of a market feed: `ended` is a recording that is over, `resync` a book being rebuilt after a gap, `closed` out
of its session."""

type PriceText = str
"""A price as a decimal string with the instrument's decimals."""

type QuantityText = str
"""A quantity as a decimal string."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every message: frozen, keyword-only; unknown fields from a newer engine are ignored."""


class Hello(Message, frozen=True, kw_only=True):
    """`GET /v1/hello`: who answers."""

    api: int
    name: str
    version: str
    mode: str
    pid: int


# ---------------------------------------------------------------------------------------------- facts (CLI contract)


class OrderFacts(Message, frozen=True, kw_only=True):
    """One order, as `orders --json` prints it."""

    client_order_id: str
    request_id: str | None
    venue_order_id: str | None
    bet_id: str | None
    account: str
    instrument: str
    owner: str
    policy_version: str | None
    side: Literal["buy", "sell"]
    type: str
    tif: str
    post_only: bool
    reduce_only: bool
    quantity: QuantityText
    filled: QuantityText
    average_price: PriceText | None
    limit_price: PriceText | None
    trigger_price: PriceText | None
    lives_at: Literal["broker", "engine"]
    state: str
    reason: str | None
    because: str | None
    created: str
    updated: str
    queue_ahead: QuantityText | None = None
    """Quantity estimated to stand before this order at its price; None where not known."""
    trail: PriceText | None = None
    """Distance at which a trailing stop follows the best price."""
    expires: str | None = None
    """When a day or gtd order ends."""
    attended: bool = False
    """Whether it is cancelled when the hand that placed it is gone."""
    replaces: str | None = None
    """The order this one took the place of."""
    role: Literal["", "stop_loss", "take_profit"] = ""
    """Of a leg: what it does for the position."""
    parent: str | None = None
    """The order whose fills it protects or waits for."""
    oco: str | None = None
    """The order it shares its quantity with."""


class FillFacts(Message, frozen=True, kw_only=True):
    """One fill, as `fills --json` prints it."""

    execution_id: str
    client_order_id: str
    venue_order_id: str | None
    bet_id: str | None
    account: str
    instrument: str
    owner: str
    side: Literal["buy", "sell"]
    quantity: QuantityText
    price: PriceText
    fee: str
    fee_currency: str
    liquidity: str
    source: Literal["stream", "gap_fill", "sweep"]
    ts_event: str
    ts_recv: str
    seq: int


class PositionFacts(Message, frozen=True, kw_only=True):
    """One position, as `positions --json` prints it; quantity is signed, short is negative."""

    account: str
    instrument: str
    owner: str
    quantity: QuantityText
    average_price: PriceText | None
    mark: PriceText | None
    realized_pnl: str
    unrealized_pnl: str | None
    currency: str
    protected: bool
    """Whether stops cover all of it."""
    protected_at: Literal["broker", "engine"] | None = None
    """Where its stops live: `engine` as soon as one of them is held by this process alone; None: not protected."""


class FeedFacts(Message, frozen=True, kw_only=True):
    """Health of one instrument's market feed."""

    name: str
    state: FeedState
    age_ms: int | None
    gaps: int


class SleeveFacts(Message, frozen=True, kw_only=True):
    """A running policy instance."""

    name: str
    policy: str
    version: str
    state: Literal["running", "paused", "failed"]
    reason: str | None
    orders: int
    fills: int


class LimitFacts(Message, frozen=True, kw_only=True):
    """One limit, used against cap."""

    name: str
    used: str | None
    """In `unit`; None while a mark or rate it needs is unknown."""
    cap: str | None
    """None: off."""
    unit: Literal["%", "count"]


class EngineFacts(Message, frozen=True, kw_only=True):
    """Which engine this is."""

    name: str
    id: str
    version: str
    api: int
    pid: int
    mode: str
    market: str
    """What feeds it, in words: `synthetic seed 7`, `replay spot 4x`."""
    started: str
    seq: int
    now: str
    """The engine's own time (virtual in SANDBOX)."""


class HoldingFacts(Message, frozen=True, kw_only=True):
    """An amount of an asset that an account holds."""

    account: str
    asset: str
    """A currency, or an instrument."""
    amount: str


class AccountFacts(Message, frozen=True, kw_only=True):
    """One account, as `accounts --json` prints it."""

    name: str
    venue: str
    kind: str
    """The mode: `sandbox`, `paper`, `broker-paper`, `live`."""
    currency: str
    """Of `equity`: the engine's."""
    cash: dict[str, str]
    equity: str | None
    """None while a part of it cannot be valued."""
    not_valued: list[HoldingFacts]
    stream: Literal["up", "down", "stale"] | None
    """Health of the private stream; None where the venue has none or has not said."""
    reconciled: bool
    differences: int
    positions: int
    """Instruments held."""
    working: int
    """Open orders."""


class DifferenceFacts(Message, frozen=True, kw_only=True):
    """One thing ledger and venue disagree on, or that nobody owns, as `reconcile --json` prints it."""

    id: str
    """What `adopt`, `ignore` and `flatten` take."""
    account: str
    kind: Literal["order", "fill", "position", "cash"]
    about: str
    """Instrument, asset, order or execution; `SYMBOL@unclaimed` is a position nobody owns."""
    ours: str
    theirs: str
    since: str
    age_s: int
    cause: str
    confirmed: bool
    """Whether it has outlived what may have been on its way: then it has stopped the engine."""
    answer: str | None
    """What an operator said of it; None: nothing yet."""


class Status(Message, frozen=True, kw_only=True):
    """`status --json`."""

    engine: EngineFacts
    trading_state: TradingState
    reason: str | None
    currency: str
    equity: str | None
    cash: dict[str, str]
    day_pnl: str | None
    accounts: list[str]
    feeds: list[FeedFacts]
    sleeves: list[SleeveFacts]
    limits: list[LimitFacts]
    working: int
    unresolved: int
    differences: int = 0
    """Between ledger and venue, those that nobody has answered."""
    not_valued: list[HoldingFacts] = []
    """What no rate or mark values: equity is None as long as there is any."""
    chance: float | None = None
    """Of the target before the floor with the edge that bets have shown, in [0, 1]; None without a game or bets."""
    coin: float | None = None
    """The same without any edge; None without a game."""


# ---------------------------------------------------------------------------------------------- the console's frame


class InstrumentView(Message, frozen=True, kw_only=True):
    """What a screen needs to know of an instrument."""

    id: str
    base: str
    currency: str
    tick: PriceText
    lot: QuantityText
    price_decimals: int
    quantity_decimals: int


class WatchView(Message, frozen=True, kw_only=True):
    """One row of the watch list."""

    instrument: str
    last: PriceText | None
    change_percent: str | None
    """Since the engine's day began, signed, e.g. `+1.19`."""
    feed: FeedState


class BookView(Message, frozen=True, kw_only=True):
    """The visible book of one instrument, grouped by `step`: bids down to, asks up to, multiples of it."""

    step: PriceText
    bids: list[tuple[PriceText, QuantityText]]
    """Best first."""
    asks: list[tuple[PriceText, QuantityText]]
    best_bid: PriceText | None
    best_ask: PriceText | None
    mid: PriceText | None
    spread: PriceText | None
    bid_share: float | None
    """Share of the bid side in the shown quantity, in [0, 1]."""


class TradeView(Message, frozen=True, kw_only=True, array_like=True):
    """One print on the tape."""

    ts: int
    price: PriceText
    quantity: QuantityText
    aggressor: Literal[1, -1, 0]
    gap_before: bool = False
    """Prints before this one were dropped under load."""


class CandleView(Message, frozen=True, kw_only=True, array_like=True):
    """One candle; floats, because it is only drawn."""

    ts_open: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class AccountView(Message, frozen=True, kw_only=True):
    """Money as the engine counts it; percentages signed with two decimals, None = unknown."""

    currency: str
    equity: str | None
    cash: str
    day_pnl: str | None
    day_percent: str | None
    peak_percent: str | None
    """Below the peak, <= 0."""
    gross_percent: str | None
    open_risk_percent: str | None
    realized_pnl: str | None
    unrealized_pnl: str | None
    fees: str | None
    not_valued: str = ""
    """What the equity lacks because no rate values it: `+ 0.2 BTC not valued`; empty where nothing."""


class HandView(Message, frozen=True, kw_only=True):
    """Whether hands may add risk where real money is traded."""

    ends: int | None
    """When arming ends if its terminal says nothing more, ns UTC; None: locked."""


class AlertView(Message, frozen=True, kw_only=True):
    """One line of the event history."""

    seq: int
    ts: int
    level: Literal["info", "warn", "error"]
    text: str


class Frame(Message, frozen=True, kw_only=True):
    """`GET /v1/state`: the whole visible window; the newest one wins."""

    version: int
    """The engine's sequence number this frame shows."""
    now: int
    """The engine's time, ns UTC (virtual in SANDBOX)."""
    sent: int
    """System clock when the frame was made, ns UTC: its age is the reader's clock minus this."""
    engine: EngineFacts
    trading_state: TradingState
    reason: str | None
    instrument: InstrumentView
    watch: list[WatchView]
    feed: FeedFacts
    book: BookView
    trades: list[TradeView]
    """Newest first."""
    candle_span: str
    candles: list[CandleView]
    """Oldest first; the last one is still growing."""
    account: AccountView
    positions: list[PositionFacts]
    working: list[OrderFacts]
    fills: list[FillFacts]
    """Newest first."""
    limits: list[LimitFacts]
    sleeves: list[SleeveFacts]
    alerts: list[AlertView]
    """Newest first."""
    unresolved: int
    differences: list[DifferenceFacts] = []
    """What waits for an answer: differences, then unclaimed orders and positions."""
    lag_ms: float
    """How long the engine's last turn kept its loop busy."""
    chance: float | None = None
    """Of the target before the floor with the edge that bets have shown, in [0, 1]; None without a game or bets."""
    coin: float | None = None
    """The same without any edge; None without a game."""
    hand: HandView | None = None
    """None: no real money, hands need no arming."""


# ---------------------------------------------------------------------------------------------- requests and answers


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
    legs: list[str] = []
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
    unprotected: list[str] = []
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
