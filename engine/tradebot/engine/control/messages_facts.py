"""What an engine tells of orders, fills, positions, accounts and itself: the JSON of the command line (a contract)."""

from typing import Literal

import msgspec

from tradebot.engine.control.messages import (
    FeedState,
    Message,
    PriceText,
    QuantityText,
    TradingState,
)


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
    not_valued: list[HoldingFacts] = msgspec.field(default_factory=list[HoldingFacts])
    """What no rate or mark values: equity is None as long as there is any."""
    chance: float | None = None
    """Of the target before the floor with the edge that bets have shown, in [0, 1]; None without a game or bets."""
    coin: float | None = None
    """The same without any edge; None without a game."""
