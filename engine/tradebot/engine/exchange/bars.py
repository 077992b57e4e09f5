"""Minute bars of a listing: what was invented before the exchange began, and what traded since."""

import random
from collections import deque
from collections.abc import Callable

import msgspec

MINUTE = 60_000_000_000
_KEPT = 20_000


class Bar(msgspec.Struct, frozen=True):
    """What traded in [start, start + span), prices and quantities in the listing's scales, amounts of the quote."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    amount: int
    count: int
    taker_volume: int
    """Of the volume, what buyers took."""
    taker_amount: int


def joined(bars: list[Bar], start: int) -> Bar:
    """Return bars, oldest first and at least one, as one bar."""
    return Bar(
        start,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
        sum(bar.amount for bar in bars),
        sum(bar.count for bar in bars),
        sum(bar.taker_volume for bar in bars),
        sum(bar.taker_amount for bar in bars),
    )


class MinuteBars:
    """Bars of a minute, oldest first; a minute in which nothing traded has none.

    Args of the constructor:
        past: Makes what was before the first print, oldest first; called when somebody first asks.
    """

    def __init__(self, past: Callable[[], list[Bar]]) -> None:
        self._bars: deque[Bar] = deque(maxlen=_KEPT)
        self._past: Callable[[], list[Bar]] | None = past

    def trade(self, ts: int, price: int, quantity: int, amount: int, *, taker_buys: bool) -> None:
        """Take a print in."""
        start = ts - ts % MINUTE
        taken, taken_amount = (quantity, amount) if taker_buys else (0, 0)
        one = Bar(start, price, price, price, price, quantity, amount, 1, taken, taken_amount)
        if self._bars and self._bars[-1].start >= start:
            last = self._bars.pop()
            self._bars.append(joined([last, one], last.start))
        else:
            self._bars.append(one)

    def bars(self, span: int, *, since: int = 0, until: int | None = None) -> list[Bar]:
        """Return bars of a span, a multiple of a minute in ns, that start in [since, until), oldest first.

        Spans are counted from 1970-01-01 UTC. The last one may still be forming.
        """
        if self._past is not None:
            self._bars.extendleft(reversed(self._past()))
            self._past = None
        grouped: list[Bar] = []
        members: list[Bar] = []
        for bar in self._bars:
            if bar.start < since - since % span or (until is not None and bar.start >= until):
                continue
            start = bar.start - bar.start % span
            if members and members[0].start - members[0].start % span != start:
                grouped.append(joined(members, members[0].start - members[0].start % span))
                members = []
            members.append(bar)
        if members:
            grouped.append(joined(members, members[0].start - members[0].start % span))
        return [bar for bar in grouped if bar.start >= since]


def invented(
    rng: random.Random, starts: list[int], *, last: int, tick: int, volume: int, amount_of_unit: int
) -> list[Bar]:
    """Return a past of bars whose last close is `last`.

    Args:
        rng: Where the past comes from.
        starts: Their starts, oldest first.
        last: The last close.
        tick: Prices are multiples of it.
        volume: Mean volume.
        amount_of_unit: Amount of one quantity unit at price 1.
    """
    step = max(tick, last // 2_500 // tick * tick)
    closes = [last]
    for _ in starts[1:]:
        moved = closes[-1] + rng.randint(-2, 2) * step // 2 // tick * tick
        closes.append(max(moved, 100 * tick))
    closes.reverse()
    bars: list[Bar] = []
    before = closes[0]
    for start, close in zip(starts, closes, strict=True):
        high = max(before, close) + rng.randint(0, 2) * tick
        low = max(tick, min(before, close) - rng.randint(0, 2) * tick)
        traded = rng.randint(max(1, volume // 4), volume * 2)
        taken = traded * rng.randint(30, 70) // 100
        middle = (high + low) // 2
        bars.append(
            Bar(
                start,
                before,
                high,
                low,
                close,
                traded,
                traded * middle * amount_of_unit,
                rng.randint(5, 60),
                taken,
                taken * middle * amount_of_unit,
            )
        )
        before = close
    return bars
