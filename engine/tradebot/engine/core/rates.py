"""What an asset is worth in another currency, and from where that is known.

In this order: the configuration (`[rates]`: a fixed rate, or an instrument whose mark is the rate), the newest rate a
venue quoted, an instrument of the engine that trades the one against the other (its mark). Pegged assets count one to
one. At most one currency stands between two others. A rate that is missing or stale is None: what it would value is
then not valued, and nothing is invented for it.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import EngineStarted, RateQuoted
from tradebot.engine.core.market import InstrumentMarket, Market
from tradebot.engine.core.types import MINUTE

QUOTE_STALE_AFTER = 15 * MINUTE
"""The same for a rate a venue quoted; the fixed ones of the configuration hold for ever."""

VALUE_QUANTUM = Decimal("1e-12")
"""Values in another currency are rounded to this, half-even."""

ROUNDING = Context(prec=76, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
"""Arithmetic of values, which are rounded; the ledger's own (`MONEY`) never is."""

RATE_DIGITS = Context(prec=38, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
"""A rate that does not come out even has this many digits."""

_ONE = Decimal(1)

type Quotes = dict[tuple[str, str], RateQuoted]
"""The newest rate a venue quoted, by asset and currency."""


class Rates:
    """The rates of one instant."""

    def __init__(self, started: EngineStarted, market: Market, quotes: Quotes, now: int) -> None:
        self._pegs = started.pegs
        self._currency = started.currency
        self._configured = started.rates
        self._market = market
        self._quotes = quotes
        self._now = now
        self._stale_after = started.rate_stale_after
        self._known: dict[tuple[str, str], Decimal | None] = {}

    def rate(self, asset: str, currency: str) -> Decimal | None:
        """Return what one unit of an asset is worth in a currency; None while that is not known."""
        key = (asset, currency)
        if key not in self._known:
            self._known[key] = self._find(self._root(asset), self._root(currency))
        return self._known[key]

    def price(self, asset: str, currency: str) -> Decimal | None:
        """Return what one unit of an instrument's quantity or of a currency is worth; None while not known."""
        market = self._market.get(InstrumentId(asset))
        if market is None:
            # An instrument of an earlier market has a colon; no currency has one.
            return None if ":" in asset else self.rate(asset, currency)
        mark, rate = market.mark(), self.rate(market.instrument.currency, currency)
        if mark is None or rate is None:
            return None
        return times(ROUNDING.multiply(mark, market.instrument.multiplier), rate)

    def value(self, amount: Decimal, asset: str, currency: str) -> Decimal | None:
        """Return what an amount of an asset is worth; 0 is worth 0 at any rate."""
        if not amount:
            return Decimal(0)
        price = self.price(asset, currency)
        return None if price is None else times(amount, price)

    def _root(self, asset: str) -> str:
        """Return what an asset is counted as: the end of its pegs."""
        seen = {asset}
        while asset in self._pegs and self._pegs[asset] not in seen:
            asset = self._pegs[asset]
            seen.add(asset)
        return asset

    def _find(self, asset: str, currency: str) -> Decimal | None:
        if asset == currency:
            return _ONE
        direct = self._direct(asset, currency)
        if direct is not None:
            return direct
        for between in self._between(asset, currency):
            first, second = self._direct(asset, between), self._direct(between, currency)
            if first is not None and second is not None:
                return times(first, second)
        return None

    def _between(self, asset: str, currency: str) -> list[str]:
        """Return currencies that a rate may go through, in a fixed order."""
        pairs = list(self._pairs())
        near = {b if a == asset else a for a, b in pairs if asset in {a, b}}
        far = {b if a == currency else a for a, b in pairs if currency in {a, b}}
        return sorted(near & far)

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for market in self._market.all():
            yield self._pair(market)
        for asset, currency in self._quotes:
            yield self._root(asset), self._root(currency)
        for asset in self._configured:
            yield self._root(asset), self._root(self._currency)

    def _pair(self, market: InstrumentMarket) -> tuple[str, str]:
        return self._root(market.instrument.base), self._root(market.instrument.currency)

    def _direct(self, asset: str, currency: str) -> Decimal | None:
        forward = self._one_way(asset, currency)
        if forward is not None:
            return forward
        backward = self._one_way(currency, asset)
        return None if not backward else ROUNDING.divide(_ONE, backward).normalize(RATE_DIGITS)

    def _one_way(self, asset: str, currency: str) -> Decimal | None:
        if currency == self._root(self._currency):
            for named, text in self._configured.items():
                if self._root(named) == asset:
                    return self._by_symbol(text) if ":" in text else Decimal(text)
        for (one, other), quote in self._quotes.items():
            if (self._root(one), self._root(other)) == (asset, currency):
                fresh = self._now - quote.ts_event <= QUOTE_STALE_AFTER
                return quote.rate if fresh else None
        for market in self._market.all():
            spot = market.instrument.kind in {"spot", "fx"}
            if spot and self._pair(market) == (asset, currency):
                rate = self._of(market)
                if rate is not None:
                    return rate
        return None

    def _by_symbol(self, symbol: str) -> Decimal | None:
        market = self._market.get(InstrumentId(symbol))
        if market is None:
            return None
        mark = self._of(market)
        if mark is None:
            return None
        # The instrument may be quoted in what is pegged to the engine's currency, or in a third one.
        onward = self._root(market.instrument.currency)
        if onward == self._root(self._currency):
            return mark
        further = self._direct(onward, self._root(self._currency))
        return None if further is None else times(mark, further)

    def _of(self, market: InstrumentMarket) -> Decimal | None:
        if market.updated is None or self._now - market.updated > self._stale_after:
            return None
        return market.mark()


def times(amount: Decimal, rate: Decimal) -> Decimal:
    """Return amount x rate: exact where it has at most 12 decimals, else rounded to these, half-even."""
    product = ROUNDING.multiply(amount, rate)
    exponent = product.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -12:  # noqa: PLR2004  (VALUE_QUANTUM's)
        return product
    return product.quantize(VALUE_QUANTUM, context=ROUNDING)
