"""Binance's public market data by request."""

from tradebot.engine.exchange.bars import Bar, joined
from tradebot.engine.exchange.binance.intervals import INTERVALS
from tradebot.engine.exchange.binance.params import Params, limit_of, listing_of, text, whole
from tradebot.engine.exchange.binance.prints import AggregateTrade, Prints
from tradebot.engine.exchange.binance.refusals import INVALID_SYMBOL, Refused
from tradebot.engine.exchange.binance.rules import exchange_info
from tradebot.engine.exchange.binance.texts import Json, amount, price, quantity
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.words import AMOUNT_SCALE, Trade

MS = 1_000_000
_DAY = 86_400_000 * MS
_FIVE_MINUTES = 300_000 * MS
_ONE = 10**AMOUNT_SCALE


class Quotes:
    """Answers the public requests.

    Args of the constructor:
        exchange: The markets.
        prints: Joined prints by listing key.
    """

    def __init__(self, exchange: Exchange, prints: dict[str, Prints]) -> None:
        self._exchange = exchange
        self._prints = prints

    def exchange_info(self, params: Params, now: int) -> Json:
        """Answer exchangeInfo: all symbols, `symbol`, or `symbols`."""
        return exchange_info(self._asked(params), now // MS)

    def _asked(self, params: Params) -> list[Listing]:
        if "symbol" in params:
            return [listing_of(self._exchange, params)]
        if "symbols" not in params:
            return self._exchange.listed("binance")
        names = params["symbols"].strip("[]").replace('"', "").split(",")
        found = [self._exchange.listing("binance", name.strip()) for name in names]
        if None in found:
            raise Refused(*INVALID_SYMBOL)
        return [listing for listing in found if listing is not None]

    def depth(self, params: Params) -> Json:
        """Answer depth."""
        listing = listing_of(self._exchange, params)
        return depth(self._exchange, listing, limit_of(params, 100, 5_000))

    def trades(self, params: Params, unit: int) -> Json:
        """Answer trades and historicalTrades, oldest first."""
        listing = listing_of(self._exchange, params)
        kept = list(self._exchange.market(listing).trades)
        first = whole(params, "fromId")
        limit = limit_of(params, 500, 1_000)
        chosen = (
            kept[-limit:]
            if first is None
            else [trade for trade in kept if trade.number >= first][:limit]
        )
        return [_trade(listing, trade, unit) for trade in chosen]

    def aggregate_trades(self, params: Params, unit: int) -> Json:
        """Answer aggTrades, oldest first."""
        listing = listing_of(self._exchange, params)
        kept = list(self._prints[listing.key].done)
        limit = limit_of(params, 500, 1_000)
        first, since, until = (whole(params, name) for name in ("fromId", "startTime", "endTime"))
        chosen = [
            one
            for one in kept
            if (first is None or one.number >= first)
            and (since is None or one.ts // MS >= since)
            and (until is None or one.ts // MS <= until)
        ]
        newest = first is None and since is None
        return [
            _aggregate(listing, one, unit)
            for one in (chosen[-limit:] if newest else chosen[:limit])
        ]

    def klines(self, params: Params, unit: int) -> Json:
        """Answer klines, oldest first."""
        listing = listing_of(self._exchange, params)
        name = text(params, "interval")
        span = INTERVALS.get(name)
        if span is None:
            raise Refused(-1120, "Invalid interval.")
        since, until = whole(params, "startTime"), whole(params, "endTime")
        bars = self._exchange.bars(
            listing,
            span,
            since=(since or 0) * MS,
            until=None if until is None else until * MS + 1,
        )
        limit = limit_of(params, 500, 1_000)
        chosen = bars[-limit:] if since is None else bars[:limit]
        return [_kline(listing, bar, span, unit) for bar in chosen]

    def average_price(self, params: Params, now: int) -> Json:
        """Answer avgPrice: the last five minutes, weighted by volume."""
        listing = listing_of(self._exchange, params)
        trades = [
            trade
            for trade in self._exchange.market(listing).trades
            if trade.ts > now - _FIVE_MINUTES
        ]
        volume = sum(trade.quantity for trade in trades)
        spent = sum(listing.amount(trade.price, trade.quantity) for trade in trades)
        last = listing.amount(self._exchange.market(listing).last_price, 1)
        mean = spent // volume if volume else last
        shown = mean * 10**listing.quantity_scale
        return {"mins": 5, "price": amount(shown), "closeTime": now // MS}

    def book_ticker(self, params: Params) -> Json:
        """Answer ticker/bookTicker of one symbol or of many."""
        rows: list[Json] = [self._touch(listing) for listing in self._asked(params)]
        return rows[0] if "symbol" in params else rows

    def _touch(self, listing: Listing) -> Json:
        bid, bid_quantity, ask, ask_quantity = self._exchange.market(listing).quote()
        return {
            "symbol": listing.symbol,
            "bidPrice": price(listing, bid),
            "bidQty": quantity(listing, bid_quantity),
            "askPrice": price(listing, ask),
            "askQty": quantity(listing, ask_quantity),
        }

    def price_ticker(self, params: Params) -> Json:
        """Answer ticker/price."""
        rows: list[Json] = [
            {
                "symbol": listing.symbol,
                "price": price(listing, self._exchange.market(listing).last_price),
            }
            for listing in self._asked(params)
        ]
        return rows[0] if "symbol" in params else rows

    def day_ticker(self, params: Params, now: int) -> Json:
        """Answer ticker/24hr."""
        rows: list[Json] = [self._day(listing, now) for listing in self._asked(params)]
        return rows[0] if "symbol" in params else rows

    def _day(self, listing: Listing, now: int) -> Json:
        market = self._exchange.market(listing)
        bar = day_bar(self._exchange, listing, now)
        bid, bid_quantity, ask, ask_quantity = market.quote()
        last = market.trades[-1] if market.trades else None
        change = bar.close - bar.open
        mean = bar.amount * 10**listing.quantity_scale // max(1, bar.volume)
        return {
            "symbol": listing.symbol,
            "priceChange": price(listing, change),
            "priceChangePercent": f"{change * 100_000 // bar.open / 1_000:.3f}",
            "weightedAvgPrice": amount(mean),
            "prevClosePrice": price(listing, bar.open),
            "lastPrice": price(listing, bar.close),
            "lastQty": quantity(listing, last.quantity if last is not None else 0),
            "bidPrice": price(listing, bid),
            "bidQty": quantity(listing, bid_quantity),
            "askPrice": price(listing, ask),
            "askQty": quantity(listing, ask_quantity),
            "openPrice": price(listing, bar.open),
            "highPrice": price(listing, bar.high),
            "lowPrice": price(listing, bar.low),
            "volume": quantity(listing, bar.volume),
            "quoteVolume": amount(bar.amount),
            "openTime": bar.start // MS,
            "closeTime": now // MS,
            "firstId": market.trades[0].number if market.trades else -1,
            "lastId": last.number if last is not None else -1,
            "count": bar.count,
        }


def day_bar(exchange: Exchange, listing: Listing, now: int) -> Bar:
    """Return the last 24 hours as one bar."""
    bars = exchange.bars(listing, INTERVALS["1m"], since=now - _DAY)
    last = exchange.market(listing).last_price
    if not bars:
        return Bar(now - _DAY, last, last, last, last, 0, 0, 0, 0, 0)
    return joined(bars, now - _DAY)


def depth(exchange: Exchange, listing: Listing, levels: int) -> dict[str, Json]:
    """Return the book's best levels with the id of the last change."""
    market = exchange.market(listing)
    return {
        "lastUpdateId": market.update_id,
        "bids": levels_of(listing, market.engine.bids(levels)),
        "asks": levels_of(listing, market.engine.asks(levels)),
    }


def levels_of(listing: Listing, levels: list[tuple[int, int]]) -> list[Json]:
    """Return levels as pairs of strings."""
    return [[price(listing, at), quantity(listing, size)] for at, size in levels]


def _trade(listing: Listing, trade: Trade, unit: int) -> Json:
    return {
        "id": trade.number,
        "price": price(listing, trade.price),
        "qty": quantity(listing, trade.quantity),
        "quoteQty": amount(listing.amount(trade.price, trade.quantity)),
        "time": trade.ts // unit,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def _aggregate(listing: Listing, one: AggregateTrade, unit: int) -> Json:
    return {
        "a": one.number,
        "p": price(listing, one.price),
        "q": quantity(listing, one.quantity),
        "f": one.first,
        "l": one.last,
        "T": one.ts // unit,
        "m": one.buyer_is_maker,
        "M": True,
    }


def _kline(listing: Listing, bar: Bar, span: int, unit: int) -> Json:
    return [
        bar.start // unit,
        price(listing, bar.open),
        price(listing, bar.high),
        price(listing, bar.low),
        price(listing, bar.close),
        quantity(listing, bar.volume),
        (bar.start + span) // unit - 1,
        amount(bar.amount),
        bar.count,
        quantity(listing, bar.taker_volume),
        amount(bar.taker_amount),
        "0",
    ]
