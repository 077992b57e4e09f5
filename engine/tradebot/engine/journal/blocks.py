"""The file format of market segments: a header, then blocks that each stand for themselves.

    file    header, block, block, ...                             name NNNNNNNNNN.seg, numbered from 1
    header  magic 4s, version u16, zero u16, chain u32, after_seq u64, opened u64, crc32 u32
    block   length u32, crc32 u32, payload[length]                crc32 over length and payload
    payload zstd of MessagePack [[chain, ...], [record, ...]], one chain for each record
    record  [seq, now, event]                    event: tagged array, as `tradebot.data.events`

All but MessagePack little-endian. The *chain* is a running CRC-32 over the bytes of every record so
far, begun at the chain before it. It is kept for each record, so an altered event is named exactly.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
import zstandard

from tradebot.data.events import AnyMarketEvent
from tradebot.engine.journal.errors import JournalDamaged, JournalTooNew

FORMAT_VERSION = 1
"""Newest version of the segment format this program reads, and the one it writes."""

PAYLOAD_BYTES_MAX = 64 * 1024 * 1024
"""Largest payload, packed or unpacked, that is believed; a larger length is damage."""

_MAGIC: Final = b"TBMS"
_HEADER = struct.Struct("<4sHHIQQ")
_CRC = struct.Struct("<I")
_BLOCK = struct.Struct("<II")
HEADER_BYTES = _HEADER.size + _CRC.size
"""Length of a file's header."""
BLOCK_HEAD_BYTES = _BLOCK.size
"""Length of a block's head."""
_NAME = re.compile(r"\d{10}\.seg")
_ENCODER = msgspec.msgpack.Encoder()
_PAYLOAD: msgspec.msgpack.Decoder[tuple[list[int], list[msgspec.Raw]]] = msgspec.msgpack.Decoder(
    tuple[list[int], list[msgspec.Raw]]
)
_PLACE: msgspec.msgpack.Decoder[tuple[int, int, msgspec.Raw]] = msgspec.msgpack.Decoder(
    tuple[int, int, msgspec.Raw]
)
_RECORD: msgspec.msgpack.Decoder[tuple[int, int, AnyMarketEvent]] = msgspec.msgpack.Decoder(
    tuple[int, int, AnyMarketEvent]
)
_PAIR_OF_ARRAYS = b"\x92"
_ARRAY = struct.Struct(">BI")
_ARRAY_32 = 0xDD  # MessagePack's array of a 32-bit count


class SegmentHeader(msgspec.Struct, frozen=True):
    """What a segment file says of itself."""

    chain: int
    """The chain before the file's first record."""
    after_seq: int
    """Every market event handed over after this seq, up to the next file's, is in this file."""
    opened: int
    """The engine's time at the file's first record, ns UTC."""


class Block(msgspec.Struct, frozen=True):
    """One block as found in a file."""

    file: Path
    offset: int
    length: int
    """Bytes of the whole block, its head included."""
    crc: int
    """As written."""
    sound: bool
    """Whether length and payload have that checksum."""
    payload: bytes
    """Still packed."""


class Tail(msgspec.Struct, frozen=True):
    """Bytes at the end of a file that are no whole block: torn by a crash, or damage."""

    file: Path
    offset: int
    length: int
    torn: bool
    """Whether a crash explains them: a block cut short, or zeros to the end."""


class RawRecord(msgspec.Struct, frozen=True):
    """One market event as stored."""

    chain: int
    """The chain after this record, as written."""
    body: bytes
    """MessagePack of `[seq, now, event]`."""

    def place(self) -> tuple[int, int]:
        """Return seq and now without reading the event.

        Raises:
            msgspec.DecodeError: If it is no record.
        """
        seq, now, _ = _PLACE.decode(self.body)
        return seq, now

    def decode(self) -> tuple[int, int, AnyMarketEvent]:
        """Return seq, now and event.

        Raises:
            msgspec.DecodeError: If the event is not one this program knows.
        """
        return _RECORD.decode(self.body)


def chain_after(chain: int, record: bytes) -> int:
    """Return the chain after one more record, given the chain before it."""
    return crc32(record, chain)


def encode_record(seq: int, now: int, event: AnyMarketEvent) -> bytes:
    """Return the MessagePack of one record."""
    return _ENCODER.encode((seq, now, event))


def pack_header(header: SegmentHeader) -> bytes:
    """Return a file's first bytes."""
    head = _HEADER.pack(_MAGIC, FORMAT_VERSION, 0, header.chain, header.after_seq, header.opened)
    return head + _CRC.pack(crc32(head))


def pack_block(
    chains: list[int], records: bytes | bytearray, compressor: zstandard.ZstdCompressor
) -> tuple[bytes, int]:
    """Return a whole block, and its checksum.

    Args:
        chains: The chain after each record.
        records: As many encoded records, one after another.
        compressor: What packs them.
    """
    head = _PAIR_OF_ARRAYS + _ENCODER.encode(chains) + _ARRAY.pack(_ARRAY_32, len(chains))
    payload = compressor.compress(head + records)
    crc = _block_crc(payload)
    return _BLOCK.pack(len(payload), crc) + payload, crc


def _block_crc(payload: bytes) -> int:
    return crc32(payload, crc32(_CRC.pack(len(payload))))


def segment_name(number: int) -> str:
    """Return the file name of a segment by its number, from 1."""
    return f"{number:010d}.seg"


def segment_files(folder: Path) -> list[Path]:
    """Return a market folder's segment files, oldest first; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def read_header(path: Path) -> SegmentHeader:
    """Read a file's header.

    Raises:
        JournalTooNew: If a newer program wrote the file.
        JournalDamaged: If it is no header of ours.
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(HEADER_BYTES)
    if len(data) == HEADER_BYTES:
        magic, version, _, chain, after_seq, opened = _HEADER.unpack_from(data)
        if magic == _MAGIC and version > FORMAT_VERSION:
            raise JournalTooNew(path, version, FORMAT_VERSION)
        if magic == _MAGIC and _CRC.unpack_from(data, _HEADER.size) == (crc32(data[:-4]),):
            return SegmentHeader(chain, after_seq, opened)
    raise JournalDamaged(
        f"{path} has no sound segment header: its market events cannot be trusted",
        file=path,
        seq=None,
        offset=0,
    )


def read_blocks(path: Path, offset: int = HEADER_BYTES) -> Iterator[Block | Tail]:
    """Yield a file's blocks, and last the tail if what ends the file is no block.

    A block whose checksum is wrong is yielded as not sound and the reader goes on behind it.

    Raises:
        OSError: If the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(offset)
        while offset < size:
            head = file.read(BLOCK_HEAD_BYTES)
            length, crc = _BLOCK.unpack(head) if len(head) == BLOCK_HEAD_BYTES else (0, 0)
            end = offset + BLOCK_HEAD_BYTES + length
            if length == 0 or end > size or length > PAYLOAD_BYTES_MAX:
                file.seek(offset)
                yield _tail(path, offset, file.read(PAYLOAD_BYTES_MAX), size - offset)
                return
            payload = file.read(length)
            sound = _block_crc(payload) == crc
            yield Block(path, offset, BLOCK_HEAD_BYTES + length, crc, sound, payload)
            offset = end


def _tail(path: Path, offset: int, data: bytes, length: int) -> Tail:
    claimed = _BLOCK.unpack_from(data)[0] if length >= BLOCK_HEAD_BYTES else 0
    cut_short = length < BLOCK_HEAD_BYTES or 0 < claimed <= PAYLOAD_BYTES_MAX
    zeros = not data.strip(b"\0") and length == len(data)
    return Tail(path, offset, length, torn=cut_short or zeros)


def unpack_records(block: Block) -> list[RawRecord]:
    """Return the records of a block.

    Raises:
        JournalDamaged: If the payload is no zstd frame of records.
    """
    try:
        size = zstandard.frame_content_size(block.payload)
        if not 0 <= size <= PAYLOAD_BYTES_MAX:
            raise _block_damaged(
                block, f"unpacked size must be in [0, {PAYLOAD_BYTES_MAX}]: {size}"
            )
        data = zstandard.ZstdDecompressor().decompress(block.payload)
        chains, records = _PAYLOAD.decode(data)
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise _block_damaged(block, str(error)) from error
    if len(chains) != len(records):
        raise _block_damaged(block, f"{len(records)} records with {len(chains)} chains")
    return [RawRecord(chain, bytes(body)) for chain, body in zip(chains, records, strict=True)]


def _block_damaged(block: Block, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"{block.file} has a damaged block at byte {block.offset}: {why}",
        file=block.file,
        seq=None,
        offset=block.offset,
    )


def require_sound(block: Block) -> None:
    """Refuse a block whose checksum is wrong.

    Raises:
        JournalDamaged: Naming file and offset.
    """
    if not block.sound:
        raise _block_damaged(block, f"its checksum is not {block.crc:#010x} as written")
