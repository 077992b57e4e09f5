"""Errors of the journal and of the state folder.

JournalError
  JournalUnavailable    cannot be written now: disk full, read-only, locked; what was buffered is kept
  JournalTooNew         written by a newer program; nothing was changed
  JournalOutdated       written by an older program; it must be migrated before it is written
  JournalForeign        not a journal, or another engine's
  JournalDamaged        a row or a block cannot be read as what it was written as
    UnknownKind         a row or record of a kind this program does not know
  JournalMisuse         the caller broke the order of steps or doubled a request: a fault of the program
StateFolderError
  StateFolderMissing    no engine of this name yet
  StateFolderRefused    another mode, a newer schema, another user's folder, or an unreadable `engine.json`
  EngineAlreadyRunning  another process holds the folder
  SocketPathTooLong     the control socket's path does not fit the system's limit
"""

import sqlite3
from pathlib import Path


class JournalError(Exception):
    """Root of the journal's errors; the text names value, bound and remedy."""


class JournalUnavailable(JournalError):  # noqa: N818  (a state of the disk, named as rule 2 names it)
    """A record cannot be written now; the buffer is kept and a later attempt may succeed.

    Attributes:
        cause: What the system said.
    """

    def __init__(self, text: str, cause: Exception) -> None:
        super().__init__(text)
        self.cause = cause


class JournalTooNew(JournalError):  # noqa: N818
    """The journal was written by a newer program; it was opened by nobody and changed by nothing."""

    def __init__(self, path: Path, schema: int, known: int) -> None:
        super().__init__(
            f"{path} has schema {schema}, this program knows at most {known}: install a newer tradebot"
        )
        self.schema = schema


class JournalOutdated(JournalError):  # noqa: N818
    """The journal was written by an older program; `migrate` has to be run before it is written."""


class JournalForeign(JournalError):  # noqa: N818
    """The file is not a journal, or it belongs to another engine."""


class JournalDamaged(JournalError):  # noqa: N818
    """Something in a record cannot be read as what it was written as.

    Attributes:
        file: The file it stands in.
        seq: Step it belongs to; None when even that is unknown.
        offset: Byte offset of the damaged block in `file`; None in the database.
    """

    def __init__(
        self, text: str, *, file: Path | None, seq: int | None, offset: int | None = None
    ) -> None:
        super().__init__(text)
        self.file = file
        self.seq = seq
        self.offset = offset


class UnknownKind(JournalDamaged):
    """A row is of a kind this program does not know; recovery without it would invent a history.

    Attributes:
        kind: The tag as written.
    """

    def __init__(self, kind: str, *, seq: int, index: int) -> None:
        super().__init__(
            f"row {seq}.{index} is of the unknown kind {kind!r}: open the journal with the program that wrote it",
            file=None,
            seq=seq,
        )
        self.kind = kind


class JournalMisuse(JournalError):  # noqa: N818
    """The caller broke a rule of the journal: a fault of the program, not of the disk."""


class StateFolderError(Exception):
    """Root of the state folder's errors."""


class StateFolderMissing(StateFolderError):  # noqa: N818
    """There is no engine of this name yet, and none was to be made."""


class StateFolderRefused(StateFolderError):  # noqa: N818
    """The folder is of another mode, a newer schema, another user, or cannot be read."""


class EngineAlreadyRunning(StateFolderError):  # noqa: N818
    """Another process holds the state folder.

    Attributes:
        pid: That process, or None if it has not written its number yet.
    """

    def __init__(self, path: Path, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"engine {path.name!r} is already running as {who}: attach to it, stop it, or choose another --name"
        )
        self.pid = pid


class SocketPathTooLong(StateFolderError):  # noqa: N818
    """The control socket's path does not fit the system's limit for socket paths."""


def as_unavailable(path: Path, error: sqlite3.Error) -> JournalUnavailable:
    """Return the error of a commit that SQLite could not do."""
    return JournalUnavailable(
        f"{path} cannot be written now ({error}): free the disk or its lock; steps are kept in memory",
        error,
    )


def as_journal_error(
    path: Path, error: sqlite3.Error, done: str
) -> JournalUnavailable | JournalDamaged:
    """Return what SQLite's error means: not now, or never as it is.

    Args:
        path: The database.
        error: What SQLite said.
        done: What was tried: `opened`, `read`.
    """
    if isinstance(error, sqlite3.OperationalError):
        return JournalUnavailable(f"{path} cannot be {done} now: {error}", error)
    return JournalDamaged(
        f"{path} cannot be {done} ({error}): restore a backup", file=path, seq=None
    )
