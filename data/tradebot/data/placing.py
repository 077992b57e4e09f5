"""Parts into a dataset's folder: whatever ends the process or the power leaves the old dataset or the new one."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tradebot.data.manifest import MANIFEST_NAME, DataFile, Manifest
from tradebot.data.parts import Part, make_folder, sync, write_atomically


def together(files: Sequence[DataFile]) -> str:
    """Return one hash of the data files' hashes in order, hex."""
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()


def put_in_place(folder: Path, parts: Sequence[Part], manifest: Manifest) -> None:
    """Move finished parts into a dataset's folder and let its manifest name them; what it names no more is deleted.

    The parts' bytes are on the disk already (`PartWriter`). Their names are before the manifest says so, and it is
    itself before the files it replaces are deleted.

    Raises:
        OSError: If a file cannot be moved or written.
    """
    make_folder(folder)
    for part in parts:
        part.path.rename(folder / part.file.path)
    sync(folder)
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    write_atomically(folder / MANIFEST_NAME, encoded)
    kept = {MANIFEST_NAME, *(file.path for file in manifest.files)}
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()
