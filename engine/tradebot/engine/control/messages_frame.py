"""What an engine tells a screen thirty times a second: one frame of one instrument and what stands beside it."""

from typing import Literal

import msgspec

from tradebot.engine.control.messages import (
    FeedState,
    Message,
    PriceText,
    QuantityText,
    TradingState,
)
from tradebot.engine.control.messages_facts import (
    DifferenceFacts,
    EngineFacts,
    FeedFacts,
    FillFacts,
    LimitFacts,
    OrderFacts,
    PositionFacts,
    SleeveFacts,
)
from tradebot.engine.control.messages_quote import QuoteView


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
    differences: list[DifferenceFacts] = msgspec.field(default_factory=list[DifferenceFacts])
    """What waits for an answer: differences, then unclaimed orders and positions."""
    lag_ms: float
    """How long the engine's last turn kept its loop busy."""
    chance: float | None = None
    """Of the target before the floor with the edge that bets have shown, in [0, 1]; None without a game or bets."""
    coin: float | None = None
    """The same without any edge; None without a game."""
    quote: QuoteView | None = None
    """Instead of the book where the venue shows no depth of the instrument; None: it has depth."""
    hand: HandView | None = None
    """None: no real money, hands need no arming."""
