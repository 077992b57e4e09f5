"""Alpaca's market-data socket: arrays of messages, JSON or MessagePack; a crypto book begins with a whole one."""

from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.alpaca.market_rest import (
    bar_row,
    book_row,
    level,
    quote_row,
    trade_row,
)
from tradebot.engine.exchange.alpaca.streams import account_of
from tradebot.engine.exchange.alpaca.words import Json, Packed, json_of, msgpack_of, time_text
from tradebot.engine.exchange.bars import MINUTE, Bar
from tradebot.engine.exchange.face import Floor, Line, Link
from tradebot.engine.exchange.faults import EventName
from tradebot.engine.exchange.happenings import (
    BookChanged,
    Happening,
    PhaseChanged,
    QuoteChanged,
    Traded,
)
from tradebot.engine.exchange.market import Listing

CHANNELS = (
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "orderbooks",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
)
_NO_SYMBOLS: tuple[str, ...] = ()
_BAND_PERCENT = 5


class _Wanted(msgspec.Struct, frozen=True):
    action: str = ""
    key: str = ""
    secret: str = ""
    trades: tuple[str, ...] = _NO_SYMBOLS
    quotes: tuple[str, ...] = _NO_SYMBOLS
    bars: tuple[str, ...] = _NO_SYMBOLS
    updatedBars: tuple[str, ...] = _NO_SYMBOLS  # noqa: N815  (the venue's word)
    dailyBars: tuple[str, ...] = _NO_SYMBOLS  # noqa: N815
    orderbooks: tuple[str, ...] = _NO_SYMBOLS
    statuses: tuple[str, ...] = _NO_SYMBOLS
    lulds: tuple[str, ...] = _NO_SYMBOLS

    def symbols(self, channel: str) -> tuple[str, ...]:
        """Return what is asked of a channel."""
        known: dict[str, tuple[str, ...]] = {
            "trades": self.trades,
            "quotes": self.quotes,
            "bars": self.bars,
            "updatedBars": self.updatedBars,
            "dailyBars": self.dailyBars,
            "orderbooks": self.orderbooks,
            "statuses": self.statuses,
            "lulds": self.lulds,
        }
        return known.get(channel, _NO_SYMBOLS)


class MarketStream:
    """One market-data connection; see `face.Receiver`.

    Args of the constructor:
        floor: Exchange and faults.
        link: The way out.
        kind: Stocks or crypto, by the path.
        packed: MessagePack in place of JSON.
        full: Whether the account has a connection to this endpoint already.
    """

    def __init__(
        self,
        floor: Floor,
        link: Link,
        kind: str,
        *,
        packed: bool,
        full: Callable[["MarketStream", str], bool],
    ) -> None:
        self._floor = floor
        self._line = Line(link, floor, "alpaca")
        self._kind = kind
        self._packed = packed
        self._full = full
        self.account = ""
        """Whose it is; empty before the keys were shown."""
        self._listed = {
            one.symbol: one for one in floor.exchange.listed("alpaca") if one.kind == kind
        }
        self._wanted: dict[str, set[str]] = {channel: set() for channel in CHANNELS}
        self._minute = floor.exchange.now // MINUTE
        self._send([{"T": "success", "msg": "connected"}], "connect")

    @property
    def is_open(self) -> bool:
        """Return whether it takes frames."""
        return self._line.is_open

    @property
    def kind(self) -> str:
        """Return which assets it is of."""
        return self._kind

    # ---------------------------------------------------------------------------- the client

    def receive(self, frame: str | bytes) -> None:
        """Take what the client says."""
        raw = frame.encode() if isinstance(frame, str) else frame
        decode = msgspec.json.decode if raw[:1] == b"{" else msgspec.msgpack.decode
        try:
            wanted = decode(raw, type=_Wanted)
        except ValueError:
            self._error(400, "invalid syntax")
            return
        if wanted.action == "auth":
            self._authenticate(wanted)
        elif not self.account:
            self._error(401, "not authenticated")
        elif wanted.action in ("subscribe", "unsubscribe"):
            self._subscribe(wanted, more=wanted.action == "subscribe")
        else:
            self._error(400, "invalid syntax")

    def _authenticate(self, wanted: _Wanted) -> None:
        if self.account:
            self._error(403, "already authenticated")
            return
        account = account_of(self._floor.exchange, wanted.key, wanted.secret)
        if account is None:
            self._error(402, "auth failed")
            return
        if self._full(self, account.terms.name):
            self._error(406, "connection limit exceeded")
            self._line.close()
            return
        self.account = account.terms.name
        self._send([{"T": "success", "msg": "authenticated"}])

    def _subscribe(self, wanted: _Wanted, *, more: bool) -> None:
        fresh: list[str] = []
        for channel in CHANNELS:
            symbols = set(wanted.symbols(channel))
            if "*" in symbols:
                symbols = set(self._listed)
            symbols &= set(self._listed)
            if channel == "orderbooks" and more:
                fresh = sorted(symbols - self._wanted[channel])
            if more:
                self._wanted[channel] |= symbols
            else:
                self._wanted[channel] -= symbols
        state: dict[str, Json] = {
            channel: list[Json](sorted(symbols)) for channel, symbols in self._wanted.items()
        }
        self._send([{"T": "subscription", **state}], "subscribe")
        for symbol in fresh:
            self._whole_book(self._listed[symbol])
        for symbol in sorted(self._wanted["lulds"]) if more else ():
            self._band(self._listed[symbol])

    def closed(self) -> None:
        """The client is gone."""
        self._line.is_open = False

    def end(self, *, abrupt: bool, code: int = 1000, reason: str = "") -> None:
        """End the connection."""
        self._line.close(code, reason, abrupt=abrupt)

    def mute(self) -> None:
        """Stay open and say nothing more."""
        self._line.muted = True

    # ---------------------------------------------------------------------------- the market

    def happened(self, happening: Happening) -> None:
        """Tell what is subscribed to."""
        match happening:
            case Traded(listing=key, trade=trade):
                listing = self._told("trades", key)
                if listing is not None:
                    row = trade_row(trade, listing)
                    self._tell("t", listing, trade.ts, row, "trade")
            case QuoteChanged():
                self._quote(happening)
            case BookChanged():
                self._book(happening)
            case PhaseChanged(listing=key, phase=phase, ts=ts):
                listing = self._told("statuses", key)
                if listing is not None:
                    halted = phase == "closed"
                    self._tell("s", listing, ts, _status(halted=halted))
            case _:
                pass

    def _quote(self, changed: QuoteChanged) -> None:
        listing = self._told("quotes", changed.listing)
        if listing is not None:
            touch = (changed.bid, changed.bid_quantity, changed.ask, changed.ask_quantity)
            self._tell("q", listing, changed.ts, quote_row(touch, listing), "quote")

    def _book(self, changed: BookChanged) -> None:
        listing = self._told("orderbooks", changed.listing)
        if listing is not None:
            levels: dict[str, Json] = {
                "b": [level(price, size, listing) for price, size in changed.bids],
                "a": [level(price, size, listing) for price, size in changed.asks],
            }
            self._tell("o", listing, changed.ts, levels, "depth")

    def _whole_book(self, listing: Listing) -> None:
        exchange = self._floor.exchange
        row = book_row(exchange, listing) | {"r": True}
        self._tell("o", listing, exchange.now, row, "depth")

    def _band(self, listing: Listing) -> None:
        exchange = self._floor.exchange
        last = exchange.market(listing).last_price
        reach = last * _BAND_PERCENT // 100
        bounds = level(last + reach, 0, listing)["p"], level(last - reach, 0, listing)["p"]
        row: dict[str, Json] = {"u": bounds[0], "d": bounds[1], "i": "B", "z": "C"}
        self._tell("l", listing, exchange.now, row)

    def advance(self, now: int) -> None:
        """Tell the bars of a minute that has ended."""
        minute = now // MINUTE
        if minute == self._minute:
            return
        ended, self._minute = self._minute, minute
        for symbol in sorted(self._wanted["bars"]):
            listing = self._listed[symbol]
            since = ended * MINUTE
            for bar in self._floor.exchange.bars(
                listing, MINUTE, since=since, until=since + MINUTE
            ):
                self._bar(listing, bar)

    def _bar(self, listing: Listing, bar: Bar) -> None:
        self._tell("b", listing, bar.start, bar_row(bar, listing), "bar")

    def _told(self, channel: str, key: str) -> Listing | None:
        symbol = key.partition(":")[2]
        return self._listed[symbol] if symbol in self._wanted[channel] else None

    # ---------------------------------------------------------------------------- out

    def _tell(
        self, kind: str, listing: Listing, ts: int, row: dict[str, Json], *names: EventName
    ) -> None:
        self._send([{"T": kind, "S": listing.symbol, "t": self._time(ts), **row}], *names)

    def _time(self, ts: int) -> Packed:
        if not self._packed:
            return time_text(ts)
        seconds, rest = divmod(ts, 1_000_000_000)
        return msgspec.msgpack.Ext(-1, (rest << 34 | seconds).to_bytes(8))

    def _error(self, code: int, text: str) -> None:
        self._send([{"T": "error", "code": code, "msg": text}])

    def _send(self, messages: list[Packed], *names: EventName) -> None:
        frame = msgpack_of(messages) if self._packed else json_of(messages).decode()
        self._line.send(frame, *names)


def _status(*, halted: bool) -> dict[str, Json]:
    if halted:
        return {"sc": "H", "sm": "Trading Halt", "rc": "", "rm": "Session over", "z": "C"}
    return {"sc": "T", "sm": "Trading Resumption", "rc": "", "rm": "", "z": "C"}
