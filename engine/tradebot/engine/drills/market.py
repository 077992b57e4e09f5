"""A drill's market: one invented symbol that walks, jumps, or stands still when told to."""

import random
from collections.abc import Iterator

from tradebot.data.events import AnyMarketEvent, BookSnapshot, Level, Trade
from tradebot.engine.core.types import MS
from tradebot.engine.live.markets import INVENTED

INSTRUMENT = INVENTED[0].instrument
"""sandbox:BTCUSDT."""
STEP = 100 * MS
"""Between two pictures of the book."""
LEVELS = 12
_LEVEL_LOTS = (150, 900)
"""Bounds of what stands at a level, in lots: a drill's order never takes more than the first few levels."""
_TICKS_APART = 4
"""Between two levels."""
_STRIDE = 6
"""Largest step of the walk, in ticks."""


class DrillMarket:
    """A seeded walk of a whole book.

    Args of the constructor:
        seed: Same seed, same walk.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"{seed}/market")  # noqa: S311  (invented on purpose)
        self._tick = INSTRUMENT.rules_at(0).tick
        self._mid = INVENTED[0].start_price
        self.still = False
        """Whether the price stays where it is."""

    @property
    def middle(self) -> int:
        """Return the price between the two sides, in units, on a tick."""
        return self._mid - self._mid % self._tick

    def jump(self, parts: int) -> None:
        """Move the price at once, by parts per 10,000 of it; below 0 downwards."""
        self._mid += self._mid * parts // 10_000

    def step(self, now: int) -> Iterator[AnyMarketEvent]:
        """Yield the book after one step, and a print on one of its sides."""
        chance = self._chance
        stride = 0 if self.still else chance.randint(-_STRIDE, _STRIDE)
        self._mid += stride * self._tick
        bids, asks = (self._side(self.middle, way) for way in (-1, 1))
        yield BookSnapshot(
            instrument=INSTRUMENT.id, ts_event=now, ts_recv=now, bids=bids, asks=asks
        )
        buyer = chance.random() < 0.5  # noqa: PLR2004  (a coin)
        yield Trade(
            instrument=INSTRUMENT.id,
            ts_event=now,
            ts_recv=now,
            price=(asks if buyer else bids)[0][0],
            quantity=chance.randint(1, 20),
            aggressor=1 if buyer else -1,
        )

    def _side(self, middle: int, way: int) -> tuple[Level, ...]:
        apart = _TICKS_APART * self._tick
        return tuple(
            (middle + way * (self._tick + level * apart), self._chance.randint(*_LEVEL_LOTS))
            for level in range(LEVELS)
        )
