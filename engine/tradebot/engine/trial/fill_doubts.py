"""Fills that are hard to believe: at a price their bar never had, of much of what was traded, or at an old quote."""

from tradebot.data.events import Bar, BookDelta, BookSnapshot, Quote
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import Event, OrderFilled
from tradebot.engine.core.types import MINUTE

SHARE_MAX = 10
"""A fill of more than one part in this many of a bar's volume would have moved the bar."""

STALE_AFTER = 10 * MINUTE
"""A fill at a quote or book that has not moved for longer is at a price nobody may have meant any more, ns."""


class FillDoubts:
    """Compares fills with the bars and quotes around them."""

    def __init__(self) -> None:
        self._bars: dict[InstrumentId, Bar] = {}
        self._quoted: dict[InstrumentId, int] = {}
        self._waiting: dict[InstrumentId, list[OrderFilled]] = {}
        self.outside = self.large = self.stale = 0
        """Fills outside their bar; of more than a tenth of its volume; at a quote that had not moved for long."""

    def take(self, event: Event) -> None:
        """Take an event of the run in."""
        match event:
            case OrderFilled():
                self._filled(event)
            case Bar():
                self._bar(event)
            case Quote() | BookSnapshot() | BookDelta():
                self._quoted[event.instrument] = event.ts_event
            case _:
                pass

    def _filled(self, fill: OrderFilled) -> None:
        """Take a fill in; it is judged when the bar it happened in closes, or by the age of the newest quote."""
        self._waiting.setdefault(fill.instrument, []).append(fill)
        # A market of bars alone is quoted by its bars.
        barred = fill.instrument in self._bars
        quoted = None if barred else self._quoted.get(fill.instrument)
        self.stale += quoted is not None and fill.ts_event - quoted > STALE_AFTER

    def _bar(self, bar: Bar) -> None:
        """Take a bar's close in, and judge what filled since the one before."""
        before = self._bars.get(bar.instrument)
        for fill in self._waiting.pop(bar.instrument, ()):
            # A fill at the close it was decided on is of the bar before.
            inside = any(
                each is not None and each.low <= fill.price <= each.high for each in (before, bar)
            )
            self.outside += not inside
            self.large += 0 < bar.volume < SHARE_MAX * fill.quantity
        self._bars[bar.instrument] = bar

    def told(self) -> tuple[str, ...]:
        """Return what is hard to believe, in words; empty where nothing is."""
        counts = (
            (self.outside, "at a price outside its bar (slippage, or impossible)"),
            (
                self.large,
                f"of more than 1/{SHARE_MAX} of the volume of its bar: it would have moved it",
            ),
            (self.stale, f"at a quote that had not moved for {STALE_AFTER // MINUTE} minutes"),
        )
        return tuple(f"{count} fills {words}" for count, words in counts if count)
