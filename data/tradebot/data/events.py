"""Market events: frozen messages in integer units, the same from a socket, a file or an invented market.

`ts_event` is the venue's time and only data; `ts_recv` is when it reached us. Both ns UTC.
Struct fields are stored in order (array-like), so fields are only ever added at the end, with defaults.
"""

from typing import Literal

import msgspec

from tradebot.data.instruments import InstrumentId

type Side = Literal[1, -1]
"""+1 bid or buy, -1 ask or sell."""

type Level = tuple[int, int]
"""(price units, quantity units); quantity 0 removes the level."""


class MarketEvent(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True, gc=False):
    """What every market event has."""

    instrument: InstrumentId
    """Which instrument."""
    ts_event: int
    """Venue's time, ns UTC; equals `ts_recv` where the venue gives none."""
    ts_recv: int
    """Receive time, ns UTC."""


class Quote(MarketEvent, frozen=True, kw_only=True, tag="quote"):
    """Best bid and ask."""

    bid_price: int
    bid_quantity: int
    ask_price: int
    ask_quantity: int


class Trade(MarketEvent, frozen=True, kw_only=True, tag="trade"):
    """One public trade print."""

    price: int
    quantity: int
    aggressor: Literal[1, -1, 0] = 0
    """Who took: +1 a buyer, -1 a seller, 0 unknown."""
    trade_id: str = ""


class BookSnapshot(MarketEvent, frozen=True, kw_only=True, tag="snapshot"):
    """The whole visible book; replaces what was known."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    last_id: int = 0
    """The venue's update id this snapshot includes."""


class BookDelta(MarketEvent, frozen=True, kw_only=True, tag="delta"):
    """Absolute new quantities of changed levels; 0 removes a level."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    first_id: int = 0
    last_id: int = 0


class Bar(MarketEvent, frozen=True, kw_only=True, tag="bar"):
    """Open, high, low, close and volume of one span; `ts_event` is the instant it closed."""

    span_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int = 0
    more: bool = False
    """Whether another bar of the same instant follows at once: who looks at bars waits for the last of them."""


class FeedGap(MarketEvent, frozen=True, kw_only=True, tag="gap"):
    """Updates are missing: what follows may rest on a wrong book until the next snapshot."""

    expected_id: int
    got_id: int


type AnyMarketEvent = Quote | Trade | BookSnapshot | BookDelta | Bar | FeedGap
"""Every market event; a tagged union for decoding."""
