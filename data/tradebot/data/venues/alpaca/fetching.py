"""What a fetch must know of Alpaca: which kinds, how much at once, and how long to keep still; no I/O.

Source: Market Data API, "Rate limit": 200 requests a minute without a plan, told with each reply.
"""

from tradebot.data.datasets import span_ns_of, span_text
from tradebot.data.errors import UnknownFormatError
from tradebot.data.fetch.asking import SECOND, seconds_told
from tradebot.data.fetch.doors import Reply
from tradebot.data.growth import Span
from tradebot.data.instruments import Instrument
from tradebot.data.venues.alpaca.history import PAGE, SPANS, History
from tradebot.data.venues.paging import Pages

KINDS = ("trades", *(f"bars-{span_text(span)}" for span in SPANS))
"""What can be fetched."""

KEPT_FREE = 20
"""Requests of the minute's allowance that are left to an engine with the same keys."""

LATE = 10 * SECOND
"""Nanoseconds after which no trade of an instant is expected any more."""

_HOUR = 3_600 * SECOND
_MINUTE = 60 * SECOND
_PIECE_PAGES = 5
_TOO_MANY = 429


class AlpacaSource:
    """See `fetch.source.Source`. Prices are as they were traded: not adjusted for splits or dividends.

    Args of the constructor:
        instrument: Whose past.
        kind: One of KINDS.
        feed: Of stocks: `sip`, `iex`, ...; None lets the venue choose by the keys' plan.

    Raises:
        UnknownFormatError: If the kind is none of them.
    """

    version = 1

    def __init__(self, instrument: Instrument, kind: str, feed: str | None = None) -> None:
        if kind not in KINDS:
            raise UnknownFormatError(
                f"kind of alpaca must be one of {', '.join(KINDS)}, was {kind!r}"
            )
        self.instrument = instrument
        self.kind = kind
        self.format = "fetch-alpaca" if feed is None else f"fetch-alpaca-{feed}"
        self._feed = feed
        self._span = None if kind == "trades" else span_ns_of(kind)

    @property
    def piece(self) -> int:
        """Return how much is kept at once, ns: five pages of bars, an hour of trades."""
        return _HOUR if self._span is None else _PIECE_PAGES * PAGE * self._span

    @property
    def open_for(self) -> int:
        """Return for how long an instant may still get rows, ns."""
        return LATE + (self._span or 0)

    def pages(self, span: Span) -> Pages:
        """Return the pages of a span."""
        start, end = span
        if self._span is None:
            return History(self.instrument, "trades", start, end, feed=self._feed)
        return History(self.instrument, "bars", start, end, self._span, feed=self._feed)


def allowance(reply: Reply, now: int) -> int:
    """Return how long to keep still after a reply, ns: until the minute's allowance is new, once our share is used."""
    spent = "x-ratelimit-remaining" in reply.headers
    left = seconds_told(reply, "x-ratelimit-remaining")
    if reply.status != _TOO_MANY and not (spent and left <= KEPT_FREE):
        return 0
    told = seconds_told(reply, "retry-after") * SECOND
    reset = seconds_told(reply, "x-ratelimit-reset") * SECOND - now
    return max(told, min(max(reset, 0), _MINUTE))
