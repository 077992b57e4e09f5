"""What a policy sees of the market: its instruments at one instant, integers inside, decimals on access."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.market import FeedHealth, InstrumentMarket
from tradebot.engine.core.types import Side


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

    def __init__(self, markets: Sequence[InstrumentMarket], now: int) -> None:
        self._snapshots = {
            market.instrument.id: InstrumentSnapshot(market, now) for market in markets
        }
        self.now = now
        """The engine's time, ns UTC."""

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
