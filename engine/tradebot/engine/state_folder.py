"""An engine's folder: who it is, who runs it now, and how it last ended."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from tradebot.engine.core.types import EngineId, Mode
from tradebot.engine.journal.errors import (
    EngineAlreadyRunning,
    SocketPathTooLong,
    StateFolderMissing,
    StateFolderRefused,
)
from tradebot.engine.journal.export import iso
from tradebot.engine.journal.files import write_atomically

FOLDER_SCHEMA = 2
"""Newest layout of a state folder this program knows, and the one it makes."""

SOCKET_PATH_BYTES_MAX = 100
"""Longest path of a control socket: Linux takes 107 bytes, macOS 103."""

ENGINE_ID_LENGTH = 5
_BASE_32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_LOCK_TRIES = 5
_LOCK_PAUSE_S = 0.01


class EngineFile(msgspec.Struct, frozen=True, kw_only=True):
    """`engine.json`: what an engine is from the day it was made."""

    schema: int
    id: EngineId
    mode: Mode
    created: str
    """ISO 8601 UTC."""


class ExitNote(msgspec.Struct, frozen=True, kw_only=True):
    """`exit.json`: how the last run ended; absent while one runs, and after one that was killed."""

    when: int
    """System clock, ns UTC."""
    code: int
    """Exit code of the process."""
    reason: str


class FolderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of a state folder from outside, without taking it."""

    id: EngineId
    mode: Mode
    created: str
    running: bool
    """Whether a process holds the folder now."""
    pid: int | None
    """That process, if it has written its number."""
    last_exit: ExitNote | None
    """None while it runs, or if it was killed before it could say."""
    last_written: int | None
    """Newest modification of the records, ns UTC of the system clock: since when a killed engine is down."""


class StateFolder:
    """One engine's folder, held by this process until `close`."""

    def __init__(self, path: Path, engine: EngineFile, lock: int) -> None:
        """Take over a locked folder; use `open`."""
        self.path = path
        self.engine = engine
        self._lock: int | None = lock

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        mode: Mode,
        create: bool,
        entropy: Callable[[int], bytes],
        now: Callable[[], int],
    ) -> Self:
        """Take an engine's folder for this process.

        Args:
            path: The folder, `engines/NAME`.
            mode: The engine's mode; fixed when the folder is made.
            create: Make the folder if it is not there.
            entropy: Returns that many random bytes, e.g. `secrets.token_bytes`; for the engine's id.
            now: System clock, ns UTC; for the day of making.

        Raises:
            StateFolderMissing: If there is none and `create` is false.
            StateFolderRefused: If it is of another mode, newer, another user's, or unreadable; nothing was changed.
            EngineAlreadyRunning: If another process holds it.
        """
        try:
            if create:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_own(path)
            engine = _read_engine(path)
            if engine is None and not create:
                raise _missing(path)
            lock = _take_lock(path)
        except FileNotFoundError as error:
            raise _missing(path) from error
        except OSError as error:
            raise StateFolderRefused(f"{path} cannot be used: {error.strerror}") from error
        try:
            # Read again under the lock: another process may have made the folder meanwhile.
            engine = _read_engine(path) or _make_engine(path, mode, entropy, now)
            _require_mode(path, engine, mode)
            (path / "exit.json").unlink(missing_ok=True)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, engine, lock)

    @property
    def id(self) -> EngineId:
        """The engine's id, part of every order's id."""
        return self.engine.id

    @property
    def mode(self) -> Mode:
        """The engine's mode."""
        return self.engine.mode

    @property
    def journal(self) -> Path:
        """The journal's database."""
        return self.path / "journal.db"

    @property
    def market(self) -> Path:
        """The folder of market segments."""
        return self.path / "market"

    @property
    def reserve(self) -> Path:
        """The file for what must go out while the journal cannot be written."""
        return self.path / "reserve.log"

    @property
    def venue_log(self) -> Path:
        """The native venue's own ledger."""
        return self.path / "venue.log"

    @property
    def socket(self) -> Path:
        """The control socket.

        Raises:
            SocketPathTooLong: If the system could not bind it.
        """
        return control_socket(self.path)

    def raise_schema(self) -> None:
        """Write that the folder is of today's layout, after its records were migrated: older programs then refuse it.

        Raises:
            OSError: If it cannot be written; the file is as it was.
        """
        if self.engine.schema < FOLDER_SCHEMA:
            self.engine = msgspec.structs.replace(self.engine, schema=FOLDER_SCHEMA)
            write_atomically(self.path / "engine.json", msgspec.json.encode(self.engine) + b"\n")

    def note_exit(self, note: ExitNote) -> None:
        """Write how this run ends; call it last, before `close`."""
        write_atomically(self.path / "exit.json", msgspec.json.encode(note) + b"\n")

    def close(self) -> None:
        """Let another process take the folder."""
        if self._lock is not None:
            os.close(
                self._lock
            )  # the lock goes with the descriptor; the file stays, or two could lock two files
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def control_socket(path: Path) -> Path:
    """Return the control socket of a state folder.

    Raises:
        SocketPathTooLong: If the system could not bind it.
    """
    socket = path / "control.sock"
    length = len(os.fsencode(socket))
    if length > SOCKET_PATH_BYTES_MAX:
        raise SocketPathTooLong(
            f"socket path {socket} must have at most {SOCKET_PATH_BYTES_MAX} bytes, has {length}:"
            " set TRADEBOT_HOME to a shorter folder or choose a shorter --name"
        )
    return socket


def look(path: Path) -> FolderFacts | None:
    """Say what a state folder is and whether it is held, without taking or changing it; None if there is none.

    Raises:
        StateFolderRefused: If it is newer or unreadable.
    """
    engine = _read_engine(path)
    if engine is None:
        return None
    running, pid = _holder(path)
    return FolderFacts(
        id=engine.id,
        mode=engine.mode,
        created=engine.created,
        running=running,
        pid=pid if running else None,
        last_exit=None if running else _read_exit(path),
        last_written=_last_written(path),
    )


def new_engine_id(entropy: Callable[[int], bytes]) -> EngineId:
    """Return five random characters of `[a-z2-7]`."""
    return EngineId("".join(_BASE_32[byte % 32] for byte in entropy(ENGINE_ID_LENGTH)))


def _read_engine(path: Path) -> EngineFile | None:
    file = path / "engine.json"
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateFolderRefused(f"{file} cannot be read: {error.strerror}") from error
    try:
        schema = msgspec.json.decode(data, type=_SchemaOnly).schema
        if schema <= FOLDER_SCHEMA:
            return msgspec.json.decode(data, type=EngineFile)
    except msgspec.DecodeError as error:
        raise StateFolderRefused(
            f"{file} is damaged ({error}): restore it from a backup"
        ) from error
    raise StateFolderRefused(
        f"{path} has schema {schema}, this program knows at most {FOLDER_SCHEMA}: install a newer tradebot"
    )


class _SchemaOnly(msgspec.Struct):
    schema: int


def _make_engine(
    path: Path, mode: Mode, entropy: Callable[[int], bytes], now: Callable[[], int]
) -> EngineFile:
    """Write `engine.json`; refuse where records of an engine lie about without one."""
    if (path / "journal.db").exists():
        raise StateFolderRefused(
            f"{path} has a journal but no engine.json: restore it from a backup"
        )
    engine = EngineFile(
        schema=FOLDER_SCHEMA, id=new_engine_id(entropy), mode=mode, created=iso(now())
    )
    write_atomically(path / "engine.json", msgspec.json.encode(engine) + b"\n")
    return engine


def _require_mode(path: Path, engine: EngineFile, mode: Mode) -> None:
    if engine.mode != mode:
        raise StateFolderRefused(
            f"engine {path.name!r} is {engine.mode}, not {mode}: one mode per engine, choose another --name"
        )


def _require_own(path: Path) -> None:
    """Refuse another user's folder and close ours to others: who can write here can send orders."""
    facts = path.stat()
    if facts.st_uid != os.geteuid():
        raise StateFolderRefused(
            f"{path} belongs to user {facts.st_uid}, this is user {os.geteuid()}"
        )
    if facts.st_mode & 0o077:
        path.chmod(0o700)


def _missing(path: Path) -> StateFolderMissing:
    return StateFolderMissing(
        f"there is no engine {path.name!r} in {path.parent}: start one with `tradebot run`"
    )


def _take_lock(path: Path) -> int:
    """Lock the folder and write our process number into the lock file.

    `look` holds the lock for a moment to see whether it is free, hence a few tries.
    """
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if held := _lock_soon(lock):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(lock)
        raise
    if not held:
        os.close(lock)
        raise EngineAlreadyRunning(path, _read_pid(path))
    return lock


def _lock_soon(lock: int) -> bool:
    for left in reversed(range(_LOCK_TRIES)):
        if _try_lock(lock, fcntl.LOCK_EX):
            return True
        if left:
            time.sleep(_LOCK_PAUSE_S)
    return False


def _try_lock(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            return False
        raise
    return True


def _read_pid(path: Path) -> int | None:
    try:
        return int((path / "lock").read_text("ascii"))
    except (OSError, ValueError):
        return None


def _holder(path: Path) -> tuple[bool, int | None]:
    try:
        lock = os.open(path / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False, None
    try:
        return not _try_lock(lock, fcntl.LOCK_SH), _read_pid(path)
    finally:
        os.close(lock)


def _read_exit(path: Path) -> ExitNote | None:
    try:
        return msgspec.json.decode((path / "exit.json").read_bytes(), type=ExitNote)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise StateFolderRefused(f"{path / 'exit.json'} is damaged ({error}): delete it") from error


def _last_written(path: Path) -> int | None:
    newest: int | None = None
    for file in (path / "journal.db", path / "journal.db-wal", *(path / "market").glob("*.seg")):
        with contextlib.suppress(FileNotFoundError):  # checkpoints and limits delete files
            newest = max(newest or 0, file.stat().st_mtime_ns)
    return newest
