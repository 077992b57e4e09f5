"""The disk under the records: full, slow, and torn where the machine died in the middle of a write.

Nothing of the journal is imitated: SQLite itself is made to run out of pages, and a death is a copy of the folder as it
stood, with the end of the write-ahead log cut off where the death was in the middle of a commit.
"""

import errno
import shutil
from pathlib import Path
from typing import override

from tradebot.engine.core.types import MS
from tradebot.engine.journal.reserve import Reserve
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.runtime import Records
from tradebot.engine.simulation.faults import Faults

PAGES_MAX = 0xFFFFFFFE
"""SQLite's own bound on the pages of a database."""


class EngineDied(BaseException):
    """The process was killed; `torn` says how many bytes of the log's end never reached the disk."""

    def __init__(self, torn: int = 0) -> None:
        super().__init__("killed")
        self.torn = torn


class BrittleJournal(Journal):
    """The real journal on a disk that can be full."""

    def set_full(self, *, full: bool) -> None:
        """Let the database grow no further, or let it grow again."""
        if self._writer is not None:
            self._writer.execute(f"PRAGMA max_page_count={1 if full else PAGES_MAX}")


class BrittleSegments(SegmentWriter):
    """The real segment writer on a disk that can be full."""

    full = False

    @override
    def _append(self, file: int, data: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super()._append(file, data)


class BrittleRecords(Records):
    """The real records, with a disk that fails and a process that dies at a commit."""

    def __init__(
        self,
        journal: BrittleJournal,
        segments: BrittleSegments,
        reserve: Reserve,
        faults: Faults,
    ) -> None:
        super().__init__(journal, segments, reserve)
        self._brittle = (journal, segments)
        self._faults = faults
        self._full_for = 0
        self.slowed = 0
        """Nanoseconds the disk took since this was last read and set to 0."""
        self.dies_soon = False
        """Whether the process dies with the next thing that leaves, though the disk took nothing."""

    @override
    def commit(self) -> None:
        """Make everything durable, unless the disk or the process has other plans."""
        faults = self._faults
        if faults.strike("slow_disk"):
            self.slowed += faults.between(20, 3_000) * MS
        if self._full_for == 0 and faults.strike("full_disk"):
            self._full_for = faults.between(1, 6)
        dies = faults.strike("crash")
        if dies and faults.between(0, 1):
            raise EngineDied
        torn = not dies and faults.strike("torn")
        before = self._log_bytes()
        self._set_full(full=self._full_for > 0)
        self._full_for = max(self._full_for - 1, 0)
        self.dies_soon = dies and self._brittle[1].full
        super().commit()
        if torn:
            grown = self._log_bytes() - before
            raise EngineDied(faults.between(1, grown) if grown > 1 else 0)
        if dies:
            raise EngineDied

    def _set_full(self, *, full: bool) -> None:
        journal, segments = self._brittle
        if full != segments.full:
            journal.set_full(full=full)
            segments.full = full

    def heal(self) -> None:
        """Give the disk its space back."""
        self._full_for = 0
        self._set_full(full=False)

    def _log_bytes(self) -> int:
        log = _log_of(self.journal.path)
        return log.stat().st_size if log.exists() else 0


def as_left_behind(folder: Path, died: EngineDied, place: Path) -> None:
    """Copy a folder as a killed process leaves it: nothing is flushed or tidied, the torn end is gone."""
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("*-shm"))
    log = _log_of(place / "journal.db")
    if died.torn and log.exists():
        with log.open("r+b") as file:
            file.truncate(max(log.stat().st_size - died.torn, 0))


def _log_of(journal: Path) -> Path:
    return journal.with_name(journal.name + "-wal")
