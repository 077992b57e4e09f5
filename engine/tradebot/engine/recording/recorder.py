"""A live feed into a dataset, piece by piece: what is kept is whole, what a kill takes is the open piece alone."""

from collections.abc import Sequence

import msgspec

from tradebot.data.events import AnyMarketEvent, FeedGap
from tradebot.data.growth import Growth
from tradebot.data.importers.imported import ReceiveClock
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.recordings.problems import Problems
from tradebot.data.store import Store

FORMAT = "record"
VERSION = 1

SECOND = 1_000_000_000

EVERY = 300 * SECOND
"""Age of an open piece at which it is kept, ns, where nothing else is said."""

EVENTS_MAX = 100_000
"""Events of an open piece at which it is kept."""


class Recorder:
    """Gathers events and keeps them as pieces; hold `store.writing(dataset)` while there is one.

    A recording that goes on after an end, or after its feed was down, begins with a `FeedGap` of each instrument, so
    that no reader takes the time between for a quiet market.

    Args of the constructor:
        store: Where to.
        dataset: Its name.
        instruments: Everything that may be told.
        now: ns UTC.
        every: Age at which an open piece is kept, ns, > 0.
        gap: Whether something may be missing between what the dataset holds and the first event.
    """

    def __init__(
        self,
        store: Store,
        dataset: str,
        instruments: Sequence[Instrument],
        now: int,
        *,
        every: int = EVERY,
        gap: bool = True,
    ) -> None:
        self._store = store
        self._dataset = dataset
        self._instruments = tuple(instruments)
        self._every = every
        self._events: list[AnyMarketEvent] = []
        self._clock = ReceiveClock(Problems())
        self._opened = now
        self._gaps: set[InstrumentId] = set()
        self.pieces = 0
        """Kept by this recorder."""
        self.rows = 0
        """Events kept by this recorder."""
        if store.holds(dataset):
            last = store.show(dataset).last_ts
            self._clock.at(last or 0, dataset, 0)
            if gap:
                self._gaps |= {one.id for one in self._instruments}

    def take(self, event: AnyMarketEvent) -> None:
        """Take an event; one from before the last, by a clock that was set back, counts from the last one on."""
        at = self._clock.at(event.ts_recv, self._dataset, 0)
        if event.instrument in self._gaps:
            self._gaps.discard(event.instrument)
            self._events.append(
                FeedGap(
                    instrument=event.instrument, ts_event=at, ts_recv=at, expected_id=0, got_id=0
                )
            )
        self._events.append(
            event if event.ts_recv == at else msgspec.structs.replace(event, ts_recv=at)
        )

    def gap(self, instrument: InstrumentId) -> None:
        """Note that what comes next of an instrument may not follow on what came last."""
        self._gaps.add(instrument)

    def due(self, now: int) -> bool:
        """Return whether the open piece is old or large enough to be kept, at an instant, ns UTC."""
        return len(self._events) >= EVENTS_MAX or now - self._opened >= self._every

    def keep(self, now: int, position: str = "") -> None:
        """Keep the open piece and open the next; events may be taken meanwhile, by another thread.

        Args:
            now: ns UTC.
            position: Where the source can go on from after what was taken so far.

        Raises:
            DatasetError: If the dataset is another source's.
            OSError: If it cannot be written; the piece is lost.
        """
        events, self._events = self._events, []
        self._opened = now
        if not events:
            return
        growth = Growth(FORMAT, VERSION, self._instruments, Problems(), position=position)
        self._store.grow(self._dataset, events, growth)
        self.pieces += 1
        self.rows += len(events)
