"""`sandbox/hour`: the first hour of the invented market, as a dataset; the same seed gives the same bytes.

It is made once, by a process of its own (`tradebot.engine.trial.examples`): the store's libraries take longer
to load than a console has for its first picture, and an engine needs none of them.
"""

import fcntl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tradebot.data.events import AnyMarketEvent
from tradebot.data.importers.imported import ImportedEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.recordings.problems import Problems
from tradebot.engine.core.types import MINUTE
from tradebot.engine.live.markets import INVENTED, SYNTHETIC_EPOCH, SyntheticMarket
from tradebot.engine.recording.place import DATASET, is_recorded
from tradebot.engine.venue.books import BookEvent
from tradebot.native import Venue

if TYPE_CHECKING:
    from tradebot.data.manifest import Manifest

SEED = 1
"""The seed of a sandbox nobody chose one for."""
HOUR = 60 * MINUTE
POLITENESS = 10
"""What is added to the niceness of the process: a console is being looked at meanwhile."""
_LOCK = "sandbox-hour.lock"


class _Bystander:
    """Stands where a venue would: nobody has orders in a market that is only recorded."""

    def took_place(self, events: Iterable[BookEvent], now: int) -> None:
        """Nobody's orders were touched."""

    def look(self, event: AnyMarketEvent, now: int) -> None:
        """Nobody's stops wait."""

    def stop_levels(self, instrument: InstrumentId) -> list[int]:
        """Return nothing: nobody's stops wait."""
        del instrument
        return []

    def on_market(self, event: AnyMarketEvent, now: int) -> None:
        """Nobody's orders queue."""


class RecordedSandbox:
    """The invented market as an importer reads a file; see `data.importers.imported.Importer`.

    Args of the constructor:
        seed: Of the market, in [0, 2**63).
        span: How long it is recorded, ns, > 0.
    """

    format = "sandbox"
    version = 1

    def __init__(self, seed: int = SEED, span: int = HOUR) -> None:
        self._seed = seed
        self._until = SYNTHETIC_EPOCH + span

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return the symbols of the invented market."""
        return tuple(invention.instrument for invention in INVENTED)

    @property
    def guesses(self) -> Mapping[str, str]:
        """Return what makes it again."""
        return {"seed": str(self._seed)}

    def events(self, problems: Problems) -> Iterator[ImportedEvent]:
        """Yield what an engine in this sandbox would have been told, step by step; nothing is odd in it."""
        market = SyntheticMarket(Venue(), self._seed, SYNTHETIC_EPOCH, {})
        nobody = _Bystander()
        while (due := market.next_time()) is not None and due < self._until:
            for event in market.advance(nobody):
                problems.messages += 1
                yield ImportedEvent(event, problems.messages)


def record(folder: Path, *, seed: int = SEED, span: int = HOUR) -> "Manifest":
    """Record the sandbox into the store of a folder; what was there under the name is replaced.

    Raises:
        OSError: If the store cannot be written.
    """
    from tradebot.data.store import Store

    (manifest,) = Store(folder).put(RecordedSandbox(seed, span), [], name=DATASET)
    return manifest


def ensure_hour(folder: Path, *, seed: int = SEED) -> str:
    """Return the dataset's name once it is in the store; waits for another process that is recording it.

    Args:
        folder: Of the store.
        seed: Of the market, where it is recorded now.

    Raises:
        OSError: If the store cannot be written.
    """
    if not is_recorded(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the kernel, however this process ends
            if not is_recorded(folder):
                record(folder, seed=seed)
    return DATASET
