"""What wakes a policy, and what it must be able to see."""

import msgspec

from tradebot.engine.core.types import MINUTE, SECOND

HOUR = 60 * MINUTE
DAY = 24 * HOUR

SPANS: dict[str, int] = {
    "1s": SECOND,
    "5s": 5 * SECOND,
    "15s": 15 * SECOND,
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}
"""Lengths of bars by name, ns. Bars begin at multiples of their span since the epoch, UTC."""

HISTORY_MAX = 10_000
"""Most bars a policy may ask to be warmed with."""


def span_of(name: str) -> int:
    """Return a bar's length in nanoseconds by its name.

    Raises:
        ValueError: If there is no such span.
    """
    try:
        return SPANS[name]
    except KeyError:
        raise ValueError(f"a bar's span must be one of {', '.join(SPANS)}, is {name!r}") from None


def span_name(span_ns: int) -> str:
    """Return the name of a bar's length.

    Raises:
        ValueError: If no span has it.
    """
    for name, length in SPANS.items():
        if length == span_ns:
            return name
    raise ValueError(f"no bar has a span of {span_ns} ns: {', '.join(SPANS)}")


class Book(msgspec.Struct, frozen=True, tag=True):
    """Wake when the best bid or ask of one of the sleeve's instruments changes."""


class Trades(msgspec.Struct, frozen=True, tag=True):
    """Wake at each public trade."""


class Every(msgspec.Struct, frozen=True, tag=True):
    """Wake by a timer."""

    span_ns: int
    """Nanoseconds between two decisions, >= 1 ms."""


class Bars(msgspec.Struct, frozen=True, tag=True):
    """Wake at the close of each bar of the sleeve's instruments, with so many closed bars before the first call."""

    span: str
    """One of `SPANS`: "1s" to "1d"."""
    history: int = 0
    """Closed bars wanted before the first decision, in [0, HISTORY_MAX]: until then the sleeve is warming."""

    def __post_init__(self) -> None:
        span_of(self.span)
        if not 0 <= self.history <= HISTORY_MAX:
            raise ValueError(f"history must be in [0, {HISTORY_MAX}] bars, is {self.history}")

    @property
    def span_ns(self) -> int:
        """Return the bar's length, ns."""
        return SPANS[self.span]


type Need = Book | Trades | Every | Bars
"""What wakes a policy, and what it must be able to see."""
