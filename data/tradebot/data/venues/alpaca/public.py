"""Alpaca's crypto market without keys: whole books and trades asked for again and again; no I/O.

Source: Market Data API, "Crypto Pricing Data": REST below `/v1beta3/crypto/us` needs no key, the stream does. Books
come whole; what changed between two is told as a delta, so that a queue kept behind a level outlives the next look.
"""

from collections.abc import Mapping, Sequence

import msgspec

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Level, Trade
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.venues.alpaca.market import Market, levels_of
from tradebot.data.venues.alpaca.messages import TradePrint, WireLevel
from tradebot.data.venues.alpaca.times import SECOND, ns_from_raw, text_from_ns

BOOKS_PATH = "/v1beta3/crypto/us/latest/orderbooks"
TRADES_PATH = "/v1beta3/crypto/us/trades"

PAGE = 10_000
"""Most trades of a page."""

OVERLAP = 5 * SECOND
"""Nanoseconds before the newest trade from which on trades are asked for again: rows may be late."""

QUANTITY_SCALE = 9
"""Decimals of every pair's quantities: the venue's `min_trade_increment`."""

FINEST = 9
"""Decimals of a price at most: the venue's `price_increment`."""

DOLLARS = frozenset({"USD", "USDT", "USDC"})

PRICE_DECIMALS: Mapping[str, int] = {
    "AAVE": 3,
    "AVAX": 4,
    "BAT": 6,
    "BCH": 3,
    "BTC": 2,
    "CRV": 6,
    "DOGE": 7,
    "DOT": 5,
    "ETH": 3,
    "GRT": 7,
    "LINK": 4,
    "LTC": 4,
    "MKR": 3,
    "PEPE": 9,
    "SHIB": 9,
    "SOL": 4,
    "SUSHI": 6,
    "TRUMP": 5,
    "UNI": 5,
    "USDC": 6,
    "USDT": 6,
    "XRP": 6,
    "XTZ": 6,
    "YFI": 3,
}
"""Decimals of a price in dollars by coin. Who shows no key is told no increments: these are ours, fine enough for the
spreads of 2026 and never changed, so that a folder's amounts keep their meaning. Others have the finest."""


def public_instrument(symbol: str) -> Instrument:
    """Return a pair as an instrument by its name alone.

    Raises:
        ValueError: If it is no pair.
    """
    base, slash, currency = symbol.partition("/")
    if not (slash and base.isalnum() and currency.isalnum()):
        raise ValueError(f"a pair must be BASE/QUOTE as BTC/USD, was {symbol!r}")
    scale = PRICE_DECIMALS.get(base, FINEST) if currency in DOLLARS else FINEST
    return Instrument(
        id=InstrumentId(f"alpaca:{symbol}"),
        kind="spot",
        base=base,
        currency=currency,
        price_scale=scale,
        quantity_scale=QUANTITY_SCALE,
        rules=(Rules(tick=1, lot=1),),
    )


class _WireBook(msgspec.Struct, frozen=True):
    time: msgspec.Raw = msgspec.field(name="t")
    bids: list[WireLevel] = msgspec.field(name="b", default_factory=list[WireLevel])
    asks: list[WireLevel] = msgspec.field(name="a", default_factory=list[WireLevel])


class _Books(msgspec.Struct, frozen=True):
    orderbooks: dict[str, _WireBook]


class _TradeRow(TradePrint, frozen=True, kw_only=True, tag=False, tag_field=None):
    symbol: str = msgspec.field(name="S", default="")


class _Trades(msgspec.Struct, frozen=True):
    trades: dict[str, list[_TradeRow]] = {}
    next_page_token: str | None = None


_books = msgspec.json.Decoder(_Books)
_trades = msgspec.json.Decoder(_Trades)

type _Sides = tuple[dict[int, int], dict[int, int]]


class PublicMarket:
    """What was told of some pairs, and what to ask next.

    Args of the constructor:
        instruments: The pairs.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._by_symbol = {one.symbol: one for one in instruments}
        self._market = Market(tuple(instruments))
        self._books: dict[str, _Sides] = {}
        self._since = 0
        """From when on trades are asked for, ns UTC; 0 before the first book."""
        self._told: dict[tuple[InstrumentId, str], int] = {}
        """When the trades told since then were, by instrument and id."""
        self._token: str | None = None

    @property
    def malformed(self) -> int:
        """Return how many rows could not be read."""
        return self._market.frames.malformed

    @property
    def symbols(self) -> str:
        """Return the pairs as a query names them."""
        return ",".join(self._by_symbol)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the pairs whose book was not told yet."""
        return tuple(symbol for symbol in self._by_symbol if symbol not in self._books)

    def forget(self) -> None:
        """Too long without a look: the next book is a whole one, trades go on from there."""
        self._books.clear()
        self._since, self._token = 0, None

    # ---------------------------------------------------------------------------- books

    def books(self, body: bytes, now: int) -> list[AnyMarketEvent]:
        """Return what a reply about books changes; a book that cannot be read or crosses itself changes nothing.

        Raises:
            ValueError: If the reply is no such thing.
        """
        events: list[AnyMarketEvent] = []
        for symbol, wire in _books.decode(body).orderbooks.items():
            instrument = self._by_symbol.get(symbol)
            if instrument is None:
                continue
            try:
                events += self._book(instrument, wire, now)
            except (ValueError, ArithmeticError) as error:
                self._market.frames.refuse(error)
        return events

    def _book(self, instrument: Instrument, wire: _WireBook, now: int) -> list[AnyMarketEvent]:
        ts = ns_from_raw(wire.time)
        bids = _side(levels_of(instrument, wire.bids))
        asks = _side(levels_of(instrument, wire.asks))
        if bids and asks and max(bids) >= min(asks):
            raise ValueError(f"{instrument.id} book crosses itself")
        before = self._books.get(instrument.symbol)
        self._books[instrument.symbol] = (bids, asks)
        if before is None:
            self._since = self._since or ts
            kind, told = BookSnapshot, (tuple(bids.items()), tuple(asks.items()))
        else:
            # Also where nothing changed: that the book was looked at is what keeps it alive.
            kind, told = BookDelta, (_changes(before[0], bids), _changes(before[1], asks))
        return [
            kind(instrument=instrument.id, ts_event=ts, ts_recv=now, bids=told[0], asks=told[1])
        ]

    # ---------------------------------------------------------------------------- trades

    def trades_query(self) -> dict[str, str] | None:
        """Return the query for the trades not told yet; None before the first book."""
        if not self._since:
            return None
        query = {
            "symbols": self.symbols,
            "start": text_from_ns(self._since),
            "limit": str(PAGE),
            "sort": "asc",
        }
        return query | ({"page_token": self._token} if self._token else {})

    def trades(self, body: bytes, now: int) -> list[Trade]:
        """Return the trades of a reply that were not told, oldest first; `more` says whether another page waits.

        Raises:
            ValueError: If the reply is no such thing.
        """
        page = _trades.decode(body)
        token = page.next_page_token
        if token is not None and token == self._token:
            raise ValueError(f"page token must move on, was {token[:60]!r} twice")
        found: list[Trade] = []
        for symbol, rows in page.trades.items():
            for row in rows:
                named = msgspec.structs.replace(row, symbol=symbol)
                told = self._market.events(named, now)
                found += [one for one in told if isinstance(one, Trade)]
        found.sort(key=lambda trade: trade.ts_event)
        fresh = [one for one in found if (one.instrument, one.trade_id) not in self._told]
        self._told |= {(one.instrument, one.trade_id): one.ts_event for one in fresh}
        self._token = token
        if token is None:
            self._move_on()
        return fresh

    @property
    def more(self) -> bool:
        """Return whether another page of the same question waits."""
        return self._token is not None

    def _move_on(self) -> None:
        """Ask from a little before the newest on; pages are sorted by symbol first, so only after the last one."""
        newest = max(self._told.values(), default=0)
        self._since = max(self._since, newest - OVERLAP)
        self._told = {key: ts for key, ts in self._told.items() if ts >= self._since}


def _side(levels: Sequence[Level]) -> dict[int, int]:
    """Return a side by price; levels that round to one price are one."""
    side: dict[int, int] = {}
    for price, quantity in levels:
        if price and quantity:
            side[price] = side.get(price, 0) + quantity
    return side


def _changes(before: dict[int, int], after: dict[int, int]) -> tuple[Level, ...]:
    gone = [(price, 0) for price in before if price not in after]
    return (*gone, *(level for level in after.items() if before.get(level[0]) != level[1]))
