"""The check of the market segments: every block and record, and the journal's own list of blocks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tradebot.engine.journal.batch import SegmentBlock
from tradebot.engine.journal.blocks import (
    Block,
    RawRecord,
    Tail,
    chain_after,
    read_blocks,
    read_header,
    segment_files,
    unpack_records,
)
from tradebot.engine.journal.errors import JournalDamaged
from tradebot.engine.journal.findings import Findings


class MarketPlace(msgspec.Struct, frozen=True):
    """One market event in the history."""

    seq: int
    chain: int
    """The chain after it, as written."""
    after_hole: bool
    """Whether events before it cannot be read; that has been reported."""


class MarketCheck:
    """Walks the segments of a folder once, reporting what it meets."""

    def __init__(self, folder: Path, known: Sequence[SegmentBlock], findings: Findings) -> None:
        """Look at the folder's files; `known` is the journal's list of blocks."""
        self._files = segment_files(folder)
        self._known = {(block.file, block.offset): block for block in known}
        self._findings = findings
        self._chain = 0
        self._last_seq = 0
        self._hole = False
        self.events = 0
        """Market events read so far."""
        self.first_chain = 0
        """The chain before the first event that is still there."""
        self.decidable_from = 1
        """From this seq on every market event was kept."""
        self.damaged_end = False
        """Whether, once walked, the last events could not be read; that has been reported."""
        self._begin()

    def places(self) -> Iterator[MarketPlace]:
        """Yield every event that can be read, in order."""
        for path in self._files:
            yield from self._file(path)
        self.damaged_end = self._hole
        oldest = self._files[0].name if self._files else ""
        for name, offset in sorted(self._known):
            if name >= oldest:  # older files went by the limits
                block = self._known[name, offset]
                self.damaged_end = True
                self._findings.problem(
                    "segment",
                    f"market/{name}",
                    block.first_seq,
                    f"market events of seq {block.first_seq} to {block.last_seq} were written at byte {offset}"
                    " and are gone: the steps among them cannot be decided again",
                )

    def _begin(self) -> None:
        if not self._files:
            return
        try:
            header = read_header(self._files[0])
        except JournalDamaged:  # reported when the file is walked
            return
        self.first_chain = self._chain = header.chain
        self._last_seq = header.after_seq
        self.decidable_from = header.after_seq + 1

    def _file(self, path: Path) -> Iterator[MarketPlace]:
        name = f"market/{path.name}"
        try:
            header = read_header(path)
        except JournalDamaged as error:
            self._findings.problem("segment", name, self._first_known(path), str(error))
            self._hole = True
        else:
            self._follow(name, header.chain, header.after_seq)
        for part in read_blocks(path):
            if isinstance(part, Tail):
                self._tail(name, part)
            else:
                yield from self._block(name, part)

    def _follow(self, name: str, chain: int, after_seq: int) -> None:
        """Check that a file goes on where the one before it ended."""
        if not self._hole and (chain, after_seq) != (self._chain, self._last_seq):
            self._findings.problem(
                "segment",
                name,
                self._last_seq + 1,
                f"market events from seq {self._last_seq + 1} to {after_seq} are gone:"
                " this file does not go on where the one before it ends",
            )
            self._hole = True
        self._chain = chain

    def _tail(self, name: str, tail: Tail) -> None:
        known = self._known.get((tail.file.name, tail.offset))
        seq = self._last_seq + 1
        if tail.torn and known is None and tail.file == self._files[-1]:
            text = f"{tail.length} bytes at byte {tail.offset} are a block cut short: no order rests on it"
            self._findings.note("torn", name, seq, text)
            return
        self._known.pop((tail.file.name, tail.offset), None)
        last = "an unknown seq" if known is None else str(known.last_seq)
        self._findings.problem(
            "segment",
            name,
            seq,
            f"{tail.length} bytes at byte {tail.offset} are no block any more:"
            f" market events from seq {seq} to {last} are gone",
        )
        self._hole = True

    def _block(self, name: str, block: Block) -> Iterator[MarketPlace]:
        known = self._known.pop((block.file.name, block.offset), None)
        same = known is None or (known.length, known.crc) == (block.length, block.crc)
        try:
            records = _read_records(block)
        except JournalDamaged as error:
            seq = self._last_seq + 1 if known is None else known.first_seq
            last = "an unknown seq" if known is None else str(known.last_seq)
            self._findings.problem(
                "segment",
                name,
                seq,
                f"{error}: market events from seq {seq} to {last} cannot be read",
            )
            self._hole = True
            return
        altered = self._first_altered(records)
        if altered is not None:
            self._altered(name, block, altered)
        elif not (block.sound and same):
            text = (
                f"the block at byte {block.offset} is not as written, though its market events are"
            )
            self._findings.problem("segment", name, records[0][0], text)
        yield from self._records(name, records)

    def _first_altered(self, records: list[tuple[int, RawRecord]]) -> int | None:
        chain = None if self._hole else self._chain
        for seq, record in records:
            if chain is not None and chain_after(chain, record.body) != record.chain:
                return seq
            chain = record.chain
        return None

    def _altered(self, name: str, block: Block, seq: int) -> None:
        self._findings.problem(
            "market-event",
            name,
            seq,
            f"the market event at seq {seq} (block at byte {block.offset}) is not the one the kernel was handed",
        )

    def _records(self, name: str, records: list[tuple[int, RawRecord]]) -> Iterator[MarketPlace]:
        for seq, record in records:
            if seq <= self._last_seq:
                text = f"a market event of seq {seq} stands after one of seq {self._last_seq}"
                self._findings.problem("order", name, seq, text)
                continue
            self._last_seq, self._chain = seq, record.chain
            self.events += 1
            yield MarketPlace(seq, record.chain, self._hole)
            self._hole = False

    def _first_known(self, path: Path) -> int | None:
        seqs = [block.first_seq for (name, _), block in self._known.items() if name == path.name]
        return min(seqs, default=None)


def _read_records(block: Block) -> list[tuple[int, RawRecord]]:
    """Return a block's records with their seqs, also those of an unsound block if they can be read at all."""
    try:
        records = [(record.place()[0], record) for record in unpack_records(block)]
        for _, record in records:
            record.decode()
    except msgspec.DecodeError as error:
        raise JournalDamaged(
            f"the block at byte {block.offset} has an unreadable market event ({error})",
            file=block.file,
            seq=None,
            offset=block.offset,
        ) from error
    return records
