"""What a policy sees of the market: its instruments at one instant, integers inside, decimals on access."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import overload

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.market import BarRow, FeedHealth, InstrumentMarket
from tradebot.engine.core.needs import Bars
from tradebot.engine.core.types import Side
from tradebot.native import BarSeries

FIGURES = Context(prec=18, rounding=ROUND_HALF_EVEN)
"""Arithmetic of rolling figures: exact sums divided once, whatever the policy has set for its own."""


class BarValue(msgspec.Struct, frozen=True, kw_only=True):
    """One closed bar."""

    ts: int
    """The instant it closed, ns UTC; it covers the span before it."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class BarsView:
    """Closed bars of one instrument, oldest first: as many as the policy's need asks for, and their figures.

    Figures are exact sums over integer units, divided once: the same in a backtest, in a replay and live.
    """

    def __init__(self, series: BarSeries, instrument: Instrument, need: Bars) -> None:
        self._series = series
        self._instrument = instrument
        self._need = need

    def __len__(self) -> int:
        """Return how many closed bars there are, at most what the need asks for (at least one)."""
        return min(len(self._series), max(self._need.history, 1))

    @overload
    def __getitem__(self, index: int) -> BarValue: ...
    @overload
    def __getitem__(self, index: slice) -> list[BarValue]: ...
    def __getitem__(self, index: int | slice) -> BarValue | list[BarValue]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"bar {index} of {len(self)}")
        place += len(self._series) - len(self)
        return self._value(self._series.rows(place, place + 1)[0])

    def __iter__(self) -> Iterator[BarValue]:
        kept = len(self._series)
        return map(self._value, self._series.rows(kept - len(self), kept))

    @property
    def last(self) -> BarValue:
        """Return the newest closed bar.

        Raises:
            ValueError: If none has closed yet: ask for `history` in `needs`.
        """
        row = self._series.last()
        if row is None:
            raise ValueError(self._too_few("the last bar", 1))
        return self._value(row)

    def mean(self, n: int) -> Decimal:
        """Return the mean of the last n closes, n in [1, len]."""
        self._require(f"a mean of {n}", n)
        return self._price(FIGURES.divide(Decimal(self._series.sum_of_closes(n)), Decimal(n)))

    def atr(self, n: int) -> Decimal:
        """Return the mean true range of the last n bars, each against the close before it; n in [1, len - 1]."""
        self._require(f"a true range of {n}", n, n + 1)
        return self._price(FIGURES.divide(Decimal(self._series.sum_of_ranges(n)), Decimal(n)))

    def high(self, n: int) -> Decimal:
        """Return the highest high of the last n bars, n in [1, len]."""
        self._require(f"a high of {n}", n)
        return self._instrument.price(self._series.high(n))

    def low(self, n: int) -> Decimal:
        """Return the lowest low of the last n bars, n in [1, len]."""
        self._require(f"a low of {n}", n)
        return self._instrument.price(self._series.low(n))

    def deviation(self, n: int) -> Decimal:
        """Return the sample standard deviation of the last n closes, in price, n in [2, len]."""
        self._require(f"a deviation of {n}", n - 1, n)
        above, below = self._series.variance(n)
        return self._price(FIGURES.sqrt(FIGURES.divide(Decimal(above), Decimal(below))))

    def _require(self, what: str, least: int, bars: int | None = None) -> None:
        wanted = least if bars is None else bars
        if least < 1 or wanted > len(self):
            raise ValueError(self._too_few(what, max(wanted, 1)))

    def _too_few(self, what: str, wanted: int) -> str:
        span = self._need.span
        return (
            f"{what} needs {wanted} closed bars of {span} in {self._instrument.id}, there are "
            f'{len(self)}: ask for needs = (Bars("{span}", history={wanted}),) and more than none'
        )

    def _price(self, units: Decimal) -> Decimal:
        return FIGURES.scaleb(units, -self._instrument.price_scale)

    def _value(self, row: BarRow) -> BarValue:
        price, (end, opened, high, low, close, volume) = self._instrument.price, row
        return BarValue(
            ts=end,
            open=price(opened),
            high=price(high),
            low=price(low),
            close=price(close),
            volume=self._instrument.quantity(volume),
        )


class InstrumentSnapshot:
    """One instrument's market at the moment of a decision: integers inside, decimals on access."""

    def __init__(self, market: InstrumentMarket, now: int) -> None:
        self._market = market
        self._now = now

    @property
    def instrument(self) -> Instrument:
        """Return the instrument."""
        return self._market.instrument

    @property
    def bid(self) -> Decimal | None:
        """Return the best bid price, None where there is none."""
        return self._price(self._market.best_bid())

    @property
    def ask(self) -> Decimal | None:
        """Return the best ask price, None where there is none."""
        return self._price(self._market.best_ask())

    @property
    def mid(self) -> float | None:
        """Return the middle of bid and ask as a float for research; it sizes only through rounding."""
        bid, ask = self._market.best_bid(), self._market.best_ask()
        if bid is None or ask is None:
            return None
        return (bid + ask) / 2 / 10**self.instrument.price_scale

    @property
    def mark(self) -> Decimal | None:
        """Return the exact price positions are valued at: mid, else last trade."""
        return self._market.mark()

    @property
    def last(self) -> Decimal | None:
        """Return the last trade's price."""
        return None if self._market.last is None else self._price(self._market.last.price)

    @property
    def health(self) -> FeedHealth:
        """Return the health of the market data."""
        return self._market.health(self._now)

    def bids(self, levels: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best bids as (price, quantity), best first."""
        return self._levels(self._market.book.bids(levels))

    def asks(self, levels: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best asks as (price, quantity), best first."""
        return self._levels(self._market.book.asks(levels))

    def bars(self, need: Bars) -> BarsView:
        """Return the closed bars of a need of the policy.

        Raises:
            ValueError: If nobody has asked for bars of that span here.
        """
        series = self._market.bars.get(need.span_ns)
        if series is None:
            raise ValueError(f"no bars of {need.span} are made of {self.instrument.id}")
        return BarsView(series, self.instrument, need)

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Return a quantity rounded towards zero onto the lot; 0 where it is below one lot."""
        instrument = self.instrument
        scaled = int(quantity.scaleb(instrument.quantity_scale))
        lot = instrument.rules_at(self._now).lot
        return instrument.quantity(
            scaled - scaled % lot if scaled >= 0 else -(-scaled - -scaled % lot)
        )

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """Return a price rounded onto the tick, away from the market: buys down, sells up."""
        instrument = self.instrument
        tick = instrument.rules_at(self._now).tick
        steps = price.scaleb(instrument.price_scale) / tick
        rounding = ROUND_FLOOR if side == "buy" else ROUND_CEILING
        return instrument.price(int(steps.to_integral_value(rounding)) * tick)

    def _price(self, units: int | None) -> Decimal | None:
        return None if units is None else self.instrument.price(units)

    def _levels(self, levels: Sequence[tuple[int, int]]) -> list[tuple[Decimal, Decimal]]:
        instrument = self.instrument
        return [(instrument.price(price), instrument.quantity(size)) for price, size in levels]


class MarketSnapshot:
    """The sleeve's instruments at the moment of a decision; the future is not in it."""

    def __init__(
        self, markets: Sequence[InstrumentMarket], now: int, bars: Sequence[Bars] = ()
    ) -> None:
        self._snapshots = {
            market.instrument.id: InstrumentSnapshot(market, now) for market in markets
        }
        self._bars = bars
        self.now = now
        """The engine's time, ns UTC."""

    def bars(self, span: str, symbol: str | None = None) -> BarsView:
        """Return the closed bars of a span that the policy's `needs` names.

        Args:
            span: As in the need: "1h".
            symbol: Of which instrument; None: the sleeve's only one.

        Raises:
            ValueError: If no need names the span, or the sleeve has several instruments and none is named.
        """
        need = max(
            (one for one in self._bars if one.span == span),
            key=lambda one: one.history,
            default=None,
        )
        if need is None:
            raise ValueError(f'no bars of {span!r} are needed: say needs = (Bars("{span}"),)')
        snapshot = self.only if symbol is None else self[symbol]
        return snapshot.bars(need)

    def __getitem__(self, symbol: str) -> InstrumentSnapshot:
        return self._snapshots[InstrumentId(symbol)]

    def __iter__(self) -> Iterator[InstrumentSnapshot]:
        return iter(self._snapshots.values())

    @property
    def only(self) -> InstrumentSnapshot:
        """Return the sleeve's only instrument.

        Raises:
            ValueError: If the sleeve has several.
        """
        if len(self._snapshots) != 1:
            names = ", ".join(self._snapshots)
            raise ValueError(
                f"the sleeve has {len(self._snapshots)} instruments ({names}): name one"
            )
        return next(iter(self._snapshots.values()))
