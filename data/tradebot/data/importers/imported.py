"""What every importer hands over: instruments first, then events in order."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument
from tradebot.data.recordings.problems import Problems


class ImportedEvent(NamedTuple):
    """One event and where it came from."""

    event: AnyMarketEvent
    line: int
    """Line of its file, from 1."""


class Importer(Protocol):
    """Reads one recording."""

    @property
    def format(self) -> str:
        """Name of the format, as on the command line."""
        ...

    @property
    def version(self) -> int:
        """Raised when the same file would give other events."""
        ...

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Every instrument of the recording."""
        ...

    @property
    def guesses(self) -> Mapping[str, str]:
        """What was guessed about the file, by option's name."""
        ...

    def events(self, problems: Problems) -> Iterator[ImportedEvent]:
        """Yield the events by receive time, which never goes back.

        Args:
            problems: Where everything odd is counted.

        Raises:
            OSError: If a file cannot be read.
        """
        ...


class ReceiveClock:
    """Keeps receive times from going back: a line from the past counts, and takes the time of the line above."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._latest = 0

    def at(self, ts_recv: int, file: str, line: int) -> int:
        """Return the time to use for a line received at `ts_recv`, ns UTC."""
        if ts_recv < self._latest:
            text = f"received {self._latest - ts_recv} ns before the line above"
            self._problems.disordered.add(file, line, text)
        self._latest = max(self._latest, ts_recv)
        return self._latest
