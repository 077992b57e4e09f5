"""The reserve: room on the disk, taken in advance, for what must go out while the journal cannot be written.

    file    header, frame, frame, ..., zeros to SIZE                                     all little-endian
    header  magic 4s, version u16, zero u16, generation u64, crc32 u32
    frame   length u32, crc32 u32, payload[length]            crc32 over generation, length and payload
    payload MessagePack [step, ...]                           a step as `RecordedStep`

A cancel or an exit is sent whether the journal takes it or not, and whatever is sent must be found again: so before it
leaves, the steps the journal has not taken are written here, and the next start takes them into the history. Emptying
the reserve is one write: the next generation's header, after which no older frame has a right checksum.

The room is taken with `posix_fallocate`, so that a full disk can still be written. On a file system that writes every
change to a new place (btrfs, zfs) that is no promise; what finds no room stays in memory, and is sent all the same.
"""

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from tradebot.engine.journal.batch import RecordedStep
from tradebot.engine.journal.errors import JournalDamaged, JournalTooNew
from tradebot.engine.journal.files import sync_folder

SIZE = 1024 * 1024
"""Bytes of the file: some two thousand orders with their answers."""

FORMAT_VERSION = 1

_MAGIC: Final = b"TBRS"
_HEADER = struct.Struct("<4sHHQ")
_CRC = struct.Struct("<I")
_FRAME = struct.Struct("<II")
_SEED = struct.Struct("<QI")
_HEADER_BYTES: Final = _HEADER.size + _CRC.size


class Reading(msgspec.Struct, frozen=True):
    """What a reserve file holds."""

    generation: int
    steps: tuple[RecordedStep, ...]
    end: int
    """Offset behind the last sound frame."""
    torn: bool
    """Whether a frame at the end was cut short: what it was to hold was not sent yet."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[RecordedStep, ...])


class Reserve:
    """The reserve file of one state folder, held open so that nothing has to be made when the disk is full."""

    def __init__(self, path: Path, file: int, reading: Reading) -> None:
        """Take over an open file; use `open`."""
        self._path = path
        self._file = file
        self._size = os.fstat(file).st_size
        self._generation = reading.generation
        self._end = reading.end
        self._steps = list(reading.steps)

    @classmethod
    def open(cls, path: Path, size: int = SIZE) -> "Reserve":
        """Open the reserve, and make it where there is none; its room is taken now.

        Raises:
            JournalDamaged: If it cannot be read as one; it was left as it is.
            JournalTooNew: If a newer program wrote it.
            OSError: If it cannot be made, or there is no room for it.
        """
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_size == 0:
                os.posix_fallocate(file, 0, size)
                _write_header(file, 1)
                sync_folder(path.parent)
            os.posix_fallocate(file, 0, size)  # a file that was copied may have lost its room
            return cls(path, file, _read(path, file))
        except BaseException:
            os.close(file)
            raise

    @property
    def last_seq(self) -> int:
        """Newest step it holds; 0 while it is empty."""
        return self._steps[-1].seq if self._steps else 0

    def read(self) -> tuple[RecordedStep, ...]:
        """Return the steps it holds, oldest first."""
        return tuple(self._steps)

    def append(self, steps: Sequence[RecordedStep]) -> None:
        """Write steps behind those it holds; durable when this returns.

        Raises:
            OSError: If there is no room left in it, or the disk does not take it; what it held is untouched.
        """
        if not steps:
            return
        payload = _ENCODER.encode(tuple(steps))
        if self._end + _FRAME.size + len(payload) > self._size:
            raise OSError(
                f"{self._path} is full: {len(payload)} bytes more do not fit into {self._size}"
            )
        crc = _frame_crc(self._generation, payload)
        _write_at(self._file, _FRAME.pack(len(payload), crc) + payload, self._end)
        self._end += _FRAME.size + len(payload)
        self._steps += steps

    def clear(self) -> None:
        """Empty it, once the journal holds what it held; durable when this returns.

        Raises:
            OSError: If the disk does not take it; it still holds what it held.
        """
        _write_header(self._file, self._generation + 1)
        self._generation += 1
        self._end = _HEADER_BYTES
        self._steps = []

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_reserve(path: Path) -> Reading | None:
    """Return what a reserve file holds without taking it; None where there is none.

    Raises:
        JournalDamaged: If it cannot be read as one.
        JournalTooNew: If a newer program wrote it.
        OSError: If the file cannot be read.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return _read(path, file)
    finally:
        os.close(file)


def _read(path: Path, file: int) -> Reading:
    size = os.fstat(file).st_size
    data = os.pread(file, size, 0)
    generation = _generation(path, data)
    steps: list[RecordedStep] = []
    offset = _HEADER_BYTES
    while (payload := _sound_frame(data, offset, generation)) is not None:
        steps += _decoded(path, payload, offset)
        offset += _FRAME.size + len(payload)
    follower = _behind(data, offset)
    if follower is not None and _sound_frame(data, follower, generation) is not None:
        raise _damaged(path, offset, "its checksum is wrong, and sound frames follow it")
    torn = any(data[offset : offset + _FRAME.size]) and follower is not None
    return Reading(generation, tuple(steps), offset, torn)


def _generation(path: Path, data: bytes) -> int:
    if len(data) >= _HEADER_BYTES:
        magic, version, _, generation = _HEADER.unpack_from(data)
        if magic == _MAGIC and version > FORMAT_VERSION:
            raise JournalTooNew(path, version, FORMAT_VERSION)
        if magic == _MAGIC and _CRC.unpack_from(data, _HEADER.size) == (
            crc32(data[: _HEADER.size]),
        ):
            return generation
    raise _damaged(path, 0, "it has no sound header")


def _sound_frame(data: bytes, offset: int, generation: int) -> bytes | None:
    """Return a frame's payload; None where no sound frame of this generation stands."""
    end = _behind(data, offset)
    if end is None:
        return None
    _, crc = _FRAME.unpack_from(data, offset)
    payload = data[offset + _FRAME.size : end]
    return payload if crc == _frame_crc(generation, payload) else None


def _behind(data: bytes, offset: int) -> int | None:
    """Return where the frame at an offset ends by its own word; None where that is no frame."""
    if offset + _FRAME.size > len(data):
        return None
    length, _ = _FRAME.unpack_from(data, offset)
    end = offset + _FRAME.size + length
    return end if length and end <= len(data) else None


def _decoded(path: Path, payload: bytes, offset: int) -> tuple[RecordedStep, ...]:
    try:
        return _DECODER.decode(payload)
    except msgspec.DecodeError as error:
        raise _damaged(path, offset, str(error)) from error


def _damaged(path: Path, offset: int, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"{path} is damaged at byte {offset}: {why}", file=path, seq=None, offset=offset
    )


def _frame_crc(generation: int, payload: bytes) -> int:
    return crc32(payload, crc32(_SEED.pack(generation, len(payload))))


def _write_header(file: int, generation: int) -> None:
    head = _HEADER.pack(_MAGIC, FORMAT_VERSION, 0, generation)
    _write_at(file, head + _CRC.pack(crc32(head)), 0)


def _write_at(file: int, data: bytes, offset: int) -> None:
    written = os.pwrite(file, data, offset)
    if written != len(data):
        raise OSError(f"only {written} of {len(data)} bytes were written")
    os.fdatasync(file)
