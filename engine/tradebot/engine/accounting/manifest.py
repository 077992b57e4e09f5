"""What a backup holds: each file with its size and hash, and of which engine it is."""

import hashlib
from pathlib import Path

import msgspec

MANIFEST = "manifest.json"
CONFIG = "tradebot.toml"
FORMAT = 1
"""Newest layout of a backup this program knows, and the one it writes."""

CHUNK = 1 << 20


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup."""

    name: str
    """Path inside the engine's folder, with `/`."""
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`."""

    format: int
    program: str
    """Version of tradebot that wrote it."""
    engine: str
    """Name."""
    engine_id: str
    mode: str
    schema: int
    """Of the state folder."""
    created: str
    """ISO 8601 UTC, system clock."""
    files: tuple[BackedUp, ...]


def described(root: Path, path: Path) -> BackedUp:
    """Return a file's line of the manifest."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while data := stream.read(CHUNK):
            digest.update(data)
            size += len(data)
    name = path.relative_to(root).as_posix()
    return BackedUp(name=name, size=size, sha256=digest.hexdigest())
