"""The disk under the records: full, slow, and torn where the machine died in the middle of a write.

Nothing of the journal is imitated: SQLite itself is made to run out of pages, and a death is a copy of the folder as it
stood, with the end of the write-ahead log cut off where the death was in the middle of a commit.
"""

import errno
import shutil
from pathlib import Path
from typing import override

from tradebot.engine.core.types import MS
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.journal.store import Journal
from tradebot.engine.simulation.faults import Faults

PAGES_MAX = 0xFFFFFFFE
"""SQLite's own bound on the pages of a database."""


class EngineDied(BaseException):
    """The process was killed; `torn` says how many bytes of the log's end never reached the disk."""

    def __init__(self, torn: int = 0) -> None:
        super().__init__("killed")
        self.torn = torn


class BrittleSegments(SegmentWriter):
    """The real segment writer on a disk that can be full."""

    full = False

    @override
    def _append(self, file: int, data: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super()._append(file, data)


class BrittleJournal(Journal):
    """The real journal on a disk that fails, of a process that dies at a commit."""

    faults: Faults | None = None
    beside: BrittleSegments | None = None
    """Written to the same disk."""
    slowed = 0
    """Nanoseconds the disk took since this was last read and set to 0."""
    dies_soon = False
    """Whether the process dies with the next thing that leaves, though the disk took nothing."""
    _full_for = 0
    _is_full = False

    @override
    def commit(self) -> None:
        """Make everything durable, unless the disk or the process has other plans."""
        faults = self.faults
        if faults is None or not self.pending:
            super().commit()
            return
        if faults.strike("slow_disk"):
            self.slowed += faults.between(20, 3_000) * MS
        dies = faults.strike("crash")
        if dies and faults.between(0, 1):
            raise EngineDied
        torn = not dies and faults.strike("torn")
        before = _log_bytes(self.path) if torn else 0
        self.dies_soon = dies and self._is_full
        self._next_full(faults)
        super().commit()
        if torn:
            grown = _log_bytes(self.path) - before
            raise EngineDied(faults.between(1, grown) if grown > 1 else 0)
        if dies:
            raise EngineDied

    def _next_full(self, faults: Faults) -> None:
        """Let the disk be full for a few commits now and then; market events meet it with the commit after."""
        if self._full_for == 0 and faults.strike("full_disk"):
            self._full_for = faults.between(1, 6)
        self.set_full(full=self._full_for > 0)
        self._full_for = max(self._full_for - 1, 0)

    def fill_up(self, commits: int) -> None:
        """Let the disk be full from the next commit on, for so many of them."""
        self._full_for = commits

    def set_full(self, *, full: bool) -> None:
        """Let nothing on the disk grow any further, or let it grow again."""
        if self.beside is not None:
            self.beside.full = full
        if full != self._is_full and self._writer is not None:
            self._is_full = full
            self._writer.execute(f"PRAGMA max_page_count={1 if full else PAGES_MAX}")

    def heal(self) -> None:
        """Give the disk its space back."""
        self._full_for = 0
        self.set_full(full=False)


def as_left_behind(folder: Path, died: EngineDied, place: Path) -> None:
    """Copy a folder as a killed process leaves it: nothing is flushed or tidied, the torn end is gone."""
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("*-shm"))
    log = _log_of(place / "journal.db")
    if died.torn and log.exists():
        with log.open("r+b") as file:
            file.truncate(max(log.stat().st_size - died.torn, 0))


def _log_bytes(journal: Path) -> int:
    log = _log_of(journal)
    return log.stat().st_size if log.exists() else 0


def _log_of(journal: Path) -> Path:
    return journal.with_name(journal.name + "-wal")
