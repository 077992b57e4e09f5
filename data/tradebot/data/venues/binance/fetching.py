"""What a fetch must know of Binance: which kinds, how much at once, and how long to keep still; no I/O.

Source: Binance spot API documentation, "Limits": weight is counted by the minute and told with each reply; 429 and 418
say for how many seconds no request is wanted.
"""

from tradebot.data.datasets import span_ns_of
from tradebot.data.errors import UnknownFormatError
from tradebot.data.fetch.asking import SECOND, seconds_told
from tradebot.data.fetch.doors import Reply
from tradebot.data.growth import Span as TimeSpan
from tradebot.data.instruments import Instrument
from tradebot.data.venues.binance.history import HOUR, PAGE, SPANS, BarPages, Span, TradePages
from tradebot.data.venues.paging import Pages

KINDS = ("trades", *(f"bars-{name}" for name in SPANS))
"""What can be fetched."""

WEIGHT_MOST = 3_000
"""Of the 6,000 a minute that the venue allows: the rest is for an engine at the same address."""

LATE = 10 * SECOND
"""Nanoseconds after which no trade of an instant is expected any more."""

_PIECE_PAGES = 20
_MINUTE = 60 * SECOND


class BinanceSource:
    """See `fetch.source.Source`.

    Args of the constructor:
        instrument: Whose past.
        kind: One of KINDS.

    Raises:
        UnknownFormatError: If it is none of them.
    """

    format = "fetch-binance"
    version = 1

    def __init__(self, instrument: Instrument, kind: str) -> None:
        if kind not in KINDS:
            raise UnknownFormatError(
                f"kind of binance must be one of {', '.join(KINDS)}, was {kind!r}"
            )
        self.instrument = instrument
        self.kind = kind
        self._span: Span | None = next((name for name in SPANS if kind == f"bars-{name}"), None)

    @property
    def piece(self) -> int:
        """Return how much is kept at once, ns: twenty pages of bars, an hour of trades."""
        return HOUR if self._span is None else _PIECE_PAGES * PAGE * SPANS[self._span]

    @property
    def open_for(self) -> int:
        """Return for how long an instant may still get rows, ns."""
        return LATE if self._span is None else LATE + span_ns_of(self.kind)

    def pages(self, span: TimeSpan) -> Pages:
        """Return the pages of a span."""
        start, end = span
        if self._span is None:
            return TradePages(self.instrument, start, end)
        return BarPages(self.instrument, self._span, start, end)


def allowance(reply: Reply, now: int) -> int:
    """Return how long to keep still after a reply, ns: what it says, or the minute's rest once our share is used."""
    told = seconds_told(reply, "retry-after") * SECOND
    used = seconds_told(reply, "x-mbx-used-weight-1m")
    return max(told, _MINUTE - now % _MINUTE if used >= WEIGHT_MOST else 0)
