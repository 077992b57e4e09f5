"""The market as a running engine was handed it, read from its own record: the engine does nothing for it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import EngineStarted
from tradebot.engine.journal.blocks import (
    Block,
    read_blocks,
    read_header,
    segment_files,
    unpack_records,
)
from tradebot.engine.journal.segments import read_market
from tradebot.engine.journal.store import Journal
from tradebot.engine.recording.engine_books import books_at
from tradebot.engine.state_folder import look

JOURNAL = "journal.db"
MARKET = "market"


class Place(NamedTuple):
    """Up to where an engine's record was read."""

    engine: str
    """The engine's id."""
    seq: int

    @property
    def text(self) -> str:
        """Return it as a dataset keeps it."""
        return f"{self.engine} {self.seq}"


def place_of(text: str) -> Place | None:
    """Return a place a dataset kept; None where it is none."""
    engine, _, seq = text.partition(" ")
    return Place(engine, int(seq)) if engine and seq.isascii() and seq.isdigit() else None


class EngineFeed:
    """One engine's record of some instruments.

    Args of the constructor:
        folder: The engine's state folder.
        instruments: Of which.
        place: Where an earlier recording stood; None, or another engine's: from now on.
    """

    def __init__(
        self, folder: Path, engine: str, instruments: Sequence[Instrument], place: Place | None
    ) -> None:
        self._market = folder / MARKET
        self._wanted = {one.id for one in instruments}
        self.instruments = tuple(instruments)
        known = place is not None and place.engine == engine
        self.place = place if place is not None and known else Place(engine, newest(self._market))
        self.follows = known and first_kept(self._market) <= self.place.seq + 1
        """Whether nothing is missing between the earlier recording and this one."""
        self._begun = self.follows

    def events(self) -> Iterator[AnyMarketEvent]:
        """Yield what the engine has written since the last call; `place` moves with it.

        One that does not follow on an earlier recording begins with the books as they were.

        Raises:
            JournalDamaged: At a block that cannot be read.
            JournalUnavailable: If a file cannot be read.
        """
        if not self._begun:
            self._begun = True
            yield from books_at(self._market, self._wanted, self.place.seq)
        for record in read_market(self._market, self.place.seq):
            self.place = Place(self.place.engine, record.seq)
            if record.event.instrument in self._wanted:
                yield record.event


def instruments_of(folder: Path) -> tuple[Instrument, ...]:
    """Return what the engine of a state folder trades; nothing where none runs.

    Raises:
        StateFolderRefused: If the folder is newer than this program or unreadable.
        JournalError: If its journal cannot be read.
    """
    facts = look(folder)
    if facts is None or not facts.running or not (folder / JOURNAL).is_file():
        return ()
    with Journal.open(folder / JOURNAL, read_only=True) as journal:
        row = journal.newest("engine-started")
        begun = None if row is None else journal.decode_event(row)
    return begun.instruments if isinstance(begun, EngineStarted) else ()


def engine_id(folder: Path) -> str:
    """Return the id of the engine of a state folder; empty where there is none."""
    facts = look(folder)
    return "" if facts is None else facts.id


def chosen(instruments: Sequence[Instrument], symbols: Sequence[str]) -> tuple[Instrument, ...]:
    """Return the instruments of these names, nothing unless all are there."""
    known = {one.id: one for one in instruments}
    found = [known.get(InstrumentId(symbol)) for symbol in symbols]
    return tuple(one for one in found if one is not None) if None not in found else ()


def newest(market: Path) -> int:
    """Return the seq of the newest event in a market folder; 0 where there is none."""
    for path in reversed(segment_files(market)):
        seq = read_header(path).after_seq
        for part in read_blocks(path):
            if isinstance(part, Block) and part.sound:
                seq = unpack_records(part)[-1].place()[0]
        return seq
    return 0


def first_kept(market: Path) -> int:
    """Return the first seq that a market folder may still hold."""
    files = segment_files(market)
    return read_header(files[0]).after_seq + 1 if files else 1
