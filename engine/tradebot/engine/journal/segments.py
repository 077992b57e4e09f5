"""The second record: the market events the kernel was handed, in append-only files that are cut to a total size."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import zstandard

from tradebot.data.events import AnyMarketEvent
from tradebot.engine.journal.batch import SegmentBlock
from tradebot.engine.journal.blocks import (
    HEADER_BYTES,
    Block,
    RawRecord,
    SegmentHeader,
    Tail,
    chain_after,
    encode_record,
    pack_block,
    pack_header,
    read_blocks,
    read_header,
    require_sound,
    segment_files,
    segment_name,
    unpack_records,
)
from tradebot.engine.journal.errors import JournalDamaged, JournalMisuse, JournalUnavailable

FLUSH_BYTES = 64 * 1024
"""Buffered bytes at which a flush is due."""

FLUSH_NS = 1_000_000_000
"""Age of the oldest buffered event, in the engine's time, at which a flush is due."""

BUFFER_BYTES_MAX = 32 * 1024 * 1024
"""Most bytes kept while the disk takes none; beyond it the buffered events are given up and counted."""

ZSTD_LEVEL = 1
"""Level 3 packs BookDelta blocks hardly tighter and takes twice as long."""


class SegmentLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the market is kept."""

    file_bytes_max: int = 64 * 1024 * 1024
    """A file that has reached this is followed by a new one."""
    total_bytes_max: int = 8 * 1024 * 1024 * 1024
    """Oldest files are deleted beyond this; the newest file always stays."""
    age_ns_max: int | None = None
    """Files whose last event is older than this against the newest are deleted; None: no such limit."""


class MarketRecord(msgspec.Struct, frozen=True):
    """One market event as it was handed to the kernel."""

    seq: int
    now: int
    """The engine's time at it, ns UTC."""
    event: AnyMarketEvent
    chain_ok: bool
    """Whether event, seq and now are as written: the first False names the event that was altered."""
    chain: int
    """The chain after this event, as written."""


class SegmentWriter:
    """Appends market events to the newest segment file of a folder."""

    def __init__(
        self, folder: Path, first_chain: int = 0, limits: SegmentLimits | None = None
    ) -> None:
        """Continue a market folder, or begin one; cut a torn block off its end.

        Args:
            folder: The market folder; made if it is not there.
            first_chain: The chain before the first event, used only where no segment tells it.
            limits: How much is kept.

        Raises:
            JournalTooNew: If a newer program wrote the newest file; nothing was changed.
            JournalUnavailable: If the folder cannot be read or written.
        """
        self.folder = folder
        """Where the files are."""
        self._limits = limits or SegmentLimits()
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._chain = first_chain
        self._last_seq = 0
        self._records = bytearray()
        self._chains: list[int] = []  # after each record buffered
        self._first_seq = 0  # of what is buffered
        self._first_now = 0
        self._first_chain = first_chain  # the chain before what is buffered
        self._flushed_seq = 0
        self._after_seq = 0  # of the newest event that is in a file or was given up
        self._due_bytes = FLUSH_BYTES
        self._failing = False
        self._file: int | None = None
        self._size = 0
        self._number = 0
        self.lost_events = 0
        """Events given up because the disk took none for too long."""
        self.repairs: list[Tail | Block] = []
        """What was found wrong at the end of the newest file: cut off if torn, else left and passed over."""
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._resume()
        except OSError as error:
            raise _unavailable(folder, error) from error

    # --------------------------------------------------------------------------------------------------- properties

    @property
    def chain(self) -> int:
        """The chain after every event added so far: what `Journal.append_step` is told."""
        return self._chain

    @property
    def last_seq(self) -> int:
        """Seq of the newest event added or found; 0 if there is none."""
        return self._last_seq

    @property
    def flushed_seq(self) -> int:
        """Seq of the newest event that is in a file."""
        return self._flushed_seq

    @property
    def buffered_bytes(self) -> int:
        """Bytes added and not written yet, before packing."""
        return len(self._records)

    @property
    def decidable_from(self) -> int:
        """First seq from which every market event is still there; 1 unless files were deleted."""
        files = segment_files(self.folder)
        return read_header(files[0]).after_seq + 1 if files else self._flushed_seq + 1

    def due(self, now: int) -> bool:
        """Return whether a flush is due by size or age at an instant of the engine's time, ns UTC.

        After a flush that failed, only when twice as much has gathered: packing all again at each event would stop
        the engine.
        """
        if len(self._records) >= self._due_bytes:
            return True
        return bool(self._chains) and not self._failing and now - self._first_now >= FLUSH_NS

    # ------------------------------------------------------------------------------------------------------ writing

    def add(self, seq: int, now: int, event: AnyMarketEvent) -> None:
        """Buffer one event that the kernel is handed.

        Raises:
            JournalMisuse: If `seq` is not higher than the last one.
        """
        if seq <= self._last_seq:
            raise JournalMisuse(f"seq must be higher than {self._last_seq}, was {seq}")
        record = encode_record(seq, now, event)
        if len(self._records) > BUFFER_BYTES_MAX:
            self._give_up()
        if not self._chains:
            self._first_seq, self._first_now, self._first_chain = seq, now, self._chain
        self._chain = chain_after(self._chain, record)
        self._records += record
        self._chains.append(self._chain)
        self._last_seq = seq

    def flush(self) -> SegmentBlock | None:
        """Write what is buffered as one block, with one write; hand the result to `Journal.add_segment`.

        Returns:
            Where the block stands; None if nothing was buffered.

        Raises:
            JournalUnavailable: If it cannot be written; the buffer is kept for a later flush.
        """
        if not self._chains:
            return None
        data, crc = pack_block(self._chains, self._records, self._compressor)
        try:
            file = self._writable()
            offset = self._size
            self._append(file, data)
        except OSError as error:
            self._failing = True
            self._due_bytes = max(FLUSH_BYTES, 2 * len(self._records))
            raise _unavailable(self.folder, error) from error
        block = SegmentBlock(
            self._first_seq, self._last_seq, segment_name(self._number), offset, len(data), crc
        )
        self._flushed_seq = self._last_seq
        self._forget()
        return block

    def close(self) -> None:
        """Close the file; what is still buffered is given up, so flush first."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _forget(self) -> None:
        """Empty the buffer: what was in it is in a file or given up."""
        self._records.clear()
        self._chains.clear()
        self._after_seq = self._last_seq
        self._due_bytes = FLUSH_BYTES
        self._failing = False

    def _give_up(self) -> None:
        """Drop what the disk did not take; the next file's header tells what is missing before it."""
        self.lost_events += len(self._chains)
        self._forget()
        self.close()

    def _append(self, file: int, data: bytes) -> None:
        try:
            _write_whole(file, data)
        except OSError:
            os.ftruncate(file, self._size)  # a half block would hide those after it
            raise
        self._size += len(data)

    def _writable(self) -> int:
        """Return the file to append to, beginning a new one where there is none or it is full."""
        if self._file is not None and self._size < self._limits.file_bytes_max:
            return self._file
        self.close()
        header = SegmentHeader(self._first_chain, self._after_seq, self._first_now)
        path = self.folder / segment_name(self._number + 1)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            _write_whole(file, pack_header(header))
        except OSError:
            os.close(file)
            raise
        self._file, self._size, self._number = file, HEADER_BYTES, self._number + 1
        self._retire()
        return file

    def _retire(self) -> None:
        """Delete the oldest files beyond the limits; the next file's header remembers what went."""
        files = segment_files(self.folder)
        sizes = [path.stat().st_size for path in files]
        while len(files) > 1 and (
            sum(sizes) > self._limits.total_bytes_max or self._is_over_age(files[1])
        ):
            files.pop(0).unlink()
            sizes.pop(0)

    def _is_over_age(self, following: Path) -> bool:
        """Return whether the file before `following` ended too long ago."""
        age_max = self._limits.age_ns_max
        return age_max is not None and read_header(following).opened < self._first_now - age_max

    # ------------------------------------------------------------------------------------------------------- opening

    def _resume(self) -> None:
        files = segment_files(self.folder)
        if not files:
            return
        self._number = int(files[-1].stem)
        while files and not self._resume_file(files[-1]):
            files.pop()  # nothing readable in it: the one before tells where the history stands
        self._flushed_seq = self._after_seq = self._last_seq

    def _resume_file(self, path: Path) -> bool:
        """Take chain and seq from a file's last sound block; go on writing it if it is the newest and whole."""
        newest = int(path.stem) == self._number
        try:
            header = read_header(path)
        except JournalDamaged:
            size = path.stat().st_size
            torn = size < HEADER_BYTES
            self.repairs.append(Tail(path, 0, size, torn=torn))
            if torn:  # the process died while it began the file: no event is in it
                path.unlink()
            return False
        last, problems, size = _survey(path)
        if newest:
            self.repairs += problems
            self._reopen(path, problems, size)
        if last is None:
            self._chain, self._last_seq = header.chain, header.after_seq
        else:
            record = unpack_records(last)[-1]
            self._chain, self._last_seq = record.chain, record.place()[0]
        return True

    def _reopen(self, path: Path, problems: list[Tail | Block], size: int) -> None:
        if not all(isinstance(problem, Tail) and problem.torn for problem in problems):
            return  # damage is left as evidence; the next block begins a new file
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._size = size
        os.ftruncate(self._file, size)


def _survey(path: Path) -> tuple[Block | None, list[Tail | Block], int]:
    """Return a file's last sound block, what is not sound, and where the sound part ends."""
    last: Block | None = None
    problems: list[Tail | Block] = []
    size = HEADER_BYTES
    for part in read_blocks(path):
        if isinstance(part, Block) and part.sound:
            last, size = part, part.offset + part.length
        else:
            problems.append(part)
    return last, problems, size


def read_market(folder: Path, after_seq: int = 0) -> Iterator[MarketRecord]:
    """Yield the market events of a folder in order.

    A torn block at the end of the newest file ends the reading: those events were never acted upon.

    Args:
        folder: The market folder.
        after_seq: Events up to this seq are passed over.

    Raises:
        JournalDamaged: At a block that cannot be read; records before it have been yielded.
        JournalTooNew: If a newer program wrote a file.
        JournalUnavailable: If a file cannot be read.
    """
    files = segment_files(folder)
    try:
        for place, path in enumerate(files):
            following = files[place + 1] if place + 1 < len(files) else None
            if following is not None and read_header(following).after_seq <= after_seq:
                continue
            yield from _read_file(path, after_seq, newest=following is None)
    except OSError as error:
        raise JournalUnavailable(f"{folder} cannot be read: {error}", error) from error


def _read_file(path: Path, after_seq: int, *, newest: bool) -> Iterator[MarketRecord]:
    chain = read_header(path).chain
    for part in read_blocks(path):
        if isinstance(part, Tail):
            if newest and part.torn:
                return
            raise JournalDamaged(
                f"{path} has {part.length} bytes at byte {part.offset} that are no block",
                file=path,
                seq=None,
                offset=part.offset,
            )
        require_sound(part)
        for record in unpack_records(part):
            sound = chain_after(chain, record.body) == record.chain
            chain = record.chain  # as written, so that one altered event is one False
            seq, now, event = _decode(path, record)
            if seq > after_seq:
                yield MarketRecord(seq, now, event, sound, chain)


def _decode(path: Path, record: RawRecord) -> tuple[int, int, AnyMarketEvent]:
    try:
        return record.decode()
    except msgspec.DecodeError as error:
        raise JournalDamaged(
            f"{path} has an unreadable market event: {error}", file=path, seq=None
        ) from error


def _write_whole(file: int, data: bytes) -> None:
    """Write with one call; a full disk may take less than it was given."""
    written = os.write(file, data)
    if written != len(data):
        raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written")


def _unavailable(folder: Path, error: OSError) -> JournalUnavailable:
    return JournalUnavailable(
        f"{folder} cannot be written now ({error}): free the disk; events are kept in memory", error
    )
