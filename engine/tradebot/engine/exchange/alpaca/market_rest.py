"""Alpaca's market data by REST: bars, trades, quotes, books, snapshots; stocks `/v2`, crypto `/v1beta3`."""

import base64
from collections.abc import Callable
from decimal import Decimal

from tradebot.engine.exchange.alpaca.queries import Query, parts_of
from tradebot.engine.exchange.alpaca.refusals import Refusal, malformed, not_found
from tradebot.engine.exchange.alpaca.words import Json, json_of, time_text
from tradebot.engine.exchange.bars import MINUTE, Bar
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import HttpReply, HttpRequest
from tradebot.engine.exchange.market import Listing, decimal_of
from tradebot.engine.exchange.words import AMOUNT_SCALE, Trade

PAGE = 10_000
"""Most rows of a page."""

_UNITS = {"Min": 1, "T": 1, "Hour": 60, "H": 60, "Day": 1_440, "D": 1_440, "Week": 10_080}
_BOOK_LEVELS = 100

type Row = dict[str, Json]


def level(price: int, quantity: int, listing: Listing) -> Row:
    """Return a level of a book."""
    return {
        "p": decimal_of(price, listing.price_scale),
        "s": decimal_of(quantity, listing.quantity_scale),
    }


def trade_row(trade: Trade, listing: Listing) -> Row:
    """Return a print; its time is put in by whoever knows how."""
    row: Row = {
        "p": decimal_of(trade.price, listing.price_scale),
        "s": decimal_of(trade.quantity, listing.quantity_scale),
        "i": trade.number,
    }
    if listing.kind == "crypto":
        row["tks"] = "S" if trade.buyer_is_maker else "B"
        return row
    row |= {"x": "V", "z": "C"}
    row["c"] = ["@"]
    return row


def quote_row(quote: tuple[int, int, int, int], listing: Listing) -> Row:
    """Return best bid and ask; 0 where a side is empty."""
    bid, bid_size, ask, ask_size = quote
    row: Row = {
        "bp": decimal_of(bid, listing.price_scale),
        "bs": decimal_of(bid_size, listing.quantity_scale),
        "ap": decimal_of(ask, listing.price_scale),
        "as": decimal_of(ask_size, listing.quantity_scale),
    }
    if listing.kind == "crypto":
        return row
    row |= {"bx": "V", "ax": "V", "z": "C"}
    row["c"] = ["R"]
    return row


def bar_row(bar: Bar, listing: Listing) -> Row:
    """Return a bar without its time."""
    volume = decimal_of(bar.volume, listing.quantity_scale)
    mean = decimal_of(bar.amount, AMOUNT_SCALE) / volume if volume else Decimal(0)
    return {
        "o": decimal_of(bar.open, listing.price_scale),
        "h": decimal_of(bar.high, listing.price_scale),
        "l": decimal_of(bar.low, listing.price_scale),
        "c": decimal_of(bar.close, listing.price_scale),
        "v": volume,
        "n": bar.count,
        "vw": round(mean, listing.price_scale + 2),
    }


class MarketRest:
    """Market data by REST.

    Args of the constructor:
        exchange: What it stands on.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def answer(self, request: HttpRequest) -> HttpReply:
        """Answer a request below `/v2/stocks` or `/v1beta3/crypto`."""
        parts = parts_of(request)
        crypto = parts[0] == "v1beta3"
        # Stocks say `bars/latest`, crypto `latest/bars`.
        words = parts[3 if crypto else 2 :]
        query = Query(request)
        try:
            listings = self._wanted(query, "crypto" if crypto else "equity")
            latest = "latest" in words
            kind = next((word for word in words if word != "latest"), "")
            if latest or kind == "snapshots":
                return HttpReply(body=json_of(self._newest(kind, listings)))
            return HttpReply(body=json_of(self._past(kind, listings, query)))
        except Refusal as refusal:
            return refusal.reply

    def _wanted(self, query: Query, kind: str) -> list[Listing]:
        symbols = query.words("symbols")
        if not symbols:
            raise malformed("symbols is required")
        known = {one.symbol: one for one in self._exchange.listed("alpaca") if one.kind == kind}
        return [known[symbol] for symbol in sorted(symbols) if symbol in known]

    # ---------------------------------------------------------------------------- newest

    def _newest(self, kind: str, listings: list[Listing]) -> Json:
        makers: dict[str, Callable[[Listing], Json]] = {
            "bars": lambda one: self._bar(one, MINUTE),
            "trades": self._trade,
            "quotes": self._quote,
            "orderbooks": self._book,
            "snapshots": self._snapshot,
        }
        if kind not in makers:
            raise not_found("endpoint not found")
        rows: dict[str, Json] = {
            one.symbol: row for one in listings if (row := makers[kind](one)) is not None
        }
        if kind == "snapshots" and listings and listings[0].kind == "equity":
            return rows
        return {kind: rows}

    def _bar(self, listing: Listing, span: int) -> Json:
        bars = self._exchange.bars(
            listing, span, since=self._exchange.now - 8 * max(span, 1_440 * MINUTE)
        )
        return bar_row(bars[-1], listing) | {"t": time_text(bars[-1].start)} if bars else None

    def _trade(self, listing: Listing) -> Json:
        trades = self._exchange.market(listing).trades
        if not trades:
            return None
        return trade_row(trades[-1], listing) | {"t": time_text(trades[-1].ts)}

    def _quote(self, listing: Listing) -> Json:
        quote = self._exchange.market(listing).quote()
        return quote_row(quote, listing) | {"t": time_text(self._exchange.now)}

    def _book(self, listing: Listing) -> Json:
        return book_row(self._exchange, listing) | {"t": time_text(self._exchange.now)}

    def _snapshot(self, listing: Listing) -> Json:
        return {
            "latestTrade": self._trade(listing),
            "latestQuote": self._quote(listing),
            "minuteBar": self._bar(listing, MINUTE),
            "dailyBar": self._bar(listing, 1_440 * MINUTE),
            "prevDailyBar": None,
        }

    # ---------------------------------------------------------------------------- past

    def _past(self, kind: str, listings: list[Listing], query: Query) -> Json:
        rows: list[tuple[str, int, Row]] = []
        since = query.instant("start") or self._exchange.now - 1_440 * MINUTE
        until = query.instant("end") or self._exchange.now
        for listing in listings:
            if kind == "bars":
                span = _span(query.text("timeframe") or "1Min")
                rows += [
                    (listing.symbol, bar.start, bar_row(bar, listing))
                    for bar in self._exchange.bars(listing, span, since=since, until=until + 1)
                ]
            elif kind == "trades":
                rows += [
                    (listing.symbol, trade.ts, trade_row(trade, listing))
                    for trade in self._exchange.market(listing).trades
                    if since <= trade.ts <= until
                ]
            elif kind == "quotes":
                # The exchange keeps no past of the touch: its present stands for it.
                quote = quote_row(self._exchange.market(listing).quote(), listing)
                rows.append((listing.symbol, self._exchange.now, quote))
            else:
                raise not_found("endpoint not found")
        return _page(kind, rows, query)


def book_row(exchange: Exchange, listing: Listing) -> Row:
    """Return a whole book."""
    engine = exchange.market(listing).engine
    return {
        "b": [level(price, size, listing) for price, size in engine.bids(_BOOK_LEVELS)],
        "a": [level(price, size, listing) for price, size in engine.asks(_BOOK_LEVELS)],
    }


def _page(kind: str, rows: list[tuple[str, int, Row]], query: Query) -> Json:
    if query.text("sort") == "desc":
        rows.reverse()
    limit = query.count("limit", 1_000, PAGE)
    begin = _begin(query.text("page_token"))
    found: dict[str, list[Json]] = {}
    for symbol, ts, row in rows[begin : begin + limit]:
        found.setdefault(symbol, []).append(row | {"t": time_text(ts)})
    over = begin + limit >= len(rows)
    token = None if over else base64.b64encode(f"{begin + limit}".encode()).decode()
    body: dict[str, Json] = {}
    body |= found
    return {kind: body, "next_page_token": token}


def _begin(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except ValueError:
        raise malformed("invalid page_token") from None


def _span(timeframe: str) -> int:
    digits = "".join(letter for letter in timeframe if letter.isdigit())
    unit = _UNITS.get(timeframe.removeprefix(digits))
    if not digits or unit is None or not 1 <= int(digits) <= 59:  # noqa: PLR2004  (the venue's bound)
        raise malformed(f"invalid timeframe: {timeframe}")
    return int(digits) * unit * MINUTE
