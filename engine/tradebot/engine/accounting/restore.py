"""`restore`: a backup becomes an engine's folder again, after every byte of it was checked."""

import hashlib
import os
import tarfile
import tempfile
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from tradebot.engine.accounting.errors import AccountingError
from tradebot.engine.accounting.manifest import (
    CHUNK,
    CONFIG,
    FORMAT,
    MANIFEST,
    BackedUp,
    Manifest,
)
from tradebot.engine.journal.errors import JournalError
from tradebot.engine.journal.export import iso
from tradebot.engine.journal.files import sync_folder
from tradebot.engine.journal.store import Journal
from tradebot.engine.state_folder import FOLDER_SCHEMA, look

MANIFEST_BYTES_MAX = 16 << 20


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore made."""

    manifest: Manifest
    folder: Path
    config: Path | None
    """The configuration as it was, beside the records; nothing reads it there."""
    replaced: Path | None
    """Where the engine that stood there before is now."""


def restore(file: Path, folder: Path, *, replace: bool, now: int) -> Restored:
    """Make an engine's folder from a backup; nothing is changed unless all of it is sound.

    Args:
        file: The backup.
        folder: The folder to make, `engines/NAME`.
        replace: Move an engine that is there aside instead of refusing.
        now: System clock, ns UTC; names what is moved aside.

    Raises:
        AccountingError: If the backup is damaged, newer than this program, or the place is taken.
    """
    _require_place(folder, replace=replace)
    if not file.is_file():
        raise AccountingError(
            f"there is no backup {file}: name a file that `tradebot backup` wrote"
        )
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".restore-") as temporary:
            stage = Path(temporary) / "stage"
            stage.mkdir(mode=0o700)
            manifest = _unpack(file, stage)
            _require_readable(stage, manifest)
            replaced = _move_aside(folder, now)
            stage.replace(folder)
            sync_folder(folder.parent)
    except (OSError, tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise AccountingError(f"{file} cannot be restored: {error}") from error
    config = folder / "restored.toml"
    return Restored(
        manifest=manifest,
        folder=folder,
        config=config if config.exists() else None,
        replaced=replaced,
    )


def _require_place(folder: Path, *, replace: bool) -> None:
    facts = look(folder)
    if facts is None:
        if folder.exists() and any(folder.iterdir()):
            raise AccountingError(f"{folder} is not empty and no engine: choose another --name")
        return
    if facts.running:
        raise AccountingError(
            f"engine {folder.name!r} runs as process {facts.pid}: stop it first, or choose another --name"
        )
    if not replace:
        raise AccountingError(
            f"engine {folder.name!r} is there already: choose another --name, or --replace to move it aside"
        )


def _move_aside(folder: Path, now: int) -> Path | None:
    if not folder.exists():
        return None
    stamp = iso(now)[:19].replace("-", "").replace(":", "").lower()
    aside = folder.with_name(f"{folder.name}.before-restore-{stamp}")
    folder.rename(aside)
    return aside


def _unpack(file: Path, stage: Path) -> Manifest:
    with (
        file.open("rb") as raw,
        zstandard.ZstdDecompressor().stream_reader(raw) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        manifest: Manifest | None = None
        expected: dict[str, BackedUp] = {}
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:
                raise AccountingError(
                    f"{file} holds {member.name!r}, which is no file: it was changed"
                )
            if manifest is None:
                manifest = _manifest(file, member, content)
                expected = {one.name: one for one in manifest.files}
                continue
            known = expected.pop(member.name, None)
            if known is None or not _is_ours(member.name):
                raise AccountingError(
                    f"{file} holds {member.name!r}, not in its manifest: it was changed"
                )
            _write(file, stage / _placed(member.name), content, known)
    if manifest is None or expected:
        what = ", ".join(expected) or MANIFEST
        raise AccountingError(f"{file} is not whole: it lacks {what}")
    return manifest


def _manifest(file: Path, member: tarfile.TarInfo, content: IO[bytes]) -> Manifest:
    if member.name != MANIFEST or member.size > MANIFEST_BYTES_MAX:
        raise AccountingError(f"{file} is no backup of tradebot: it does not begin with {MANIFEST}")
    data = content.read()
    try:
        number = msgspec.json.decode(data, type=_FormatOnly)
        if number.format > FORMAT or number.schema > FOLDER_SCHEMA:
            raise AccountingError(
                f"{file} was written by tradebot {number.program} (format {number.format}, schema {number.schema}), "
                f"this program knows {FORMAT} and {FOLDER_SCHEMA}: install a newer tradebot"
            )
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError as error:
        raise AccountingError(
            f"{file} is damaged: its manifest cannot be read ({error})"
        ) from error


class _FormatOnly(msgspec.Struct):
    format: int
    schema: int
    program: str = "?"


def _is_ours(name: str) -> bool:
    """Return whether a name is one of a state folder's: nothing may be written elsewhere."""
    folder, _, leaf = name.rpartition("/")
    plain = leaf not in {"", ".", ".."} and "\\" not in leaf and "\0" not in leaf
    return plain and (
        (folder == "market" and leaf.endswith(".seg"))
        or (
            not folder and leaf in {"engine.json", "journal.db", "venue.log", "reserve.log", CONFIG}
        )
    )


def _placed(name: str) -> str:
    # Beside the records it must not be taken for a configuration in force.
    return "restored.toml" if name == CONFIG else name


def _write(file: Path, target: Path, content: IO[bytes], known: BackedUp) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        while data := content.read(CHUNK):
            size += len(data)
            digest.update(data)
            stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if (size, digest.hexdigest()) != (known.size, known.sha256):
        raise AccountingError(
            f"{file}: {known.name} is not as backed up (its hash differs): use another backup"
        )


def _require_readable(stage: Path, manifest: Manifest) -> None:
    facts = look(stage)
    if facts is None or facts.id != manifest.engine_id:
        raise AccountingError(
            "the backup holds no engine.json of the engine it names: it was changed"
        )
    try:
        with Journal.open(stage / "journal.db", read_only=True) as journal:
            journal.refresh()
    except JournalError as error:
        raise AccountingError(f"the backup's journal cannot be used: {error}") from error
    for left in ("journal.db-wal", "journal.db-shm", "lock"):
        (stage / left).unlink(missing_ok=True)
    (stage / "market").mkdir(exist_ok=True)
