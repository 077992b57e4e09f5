"""Books as an engine knew them at a place of its record: what a recording that joins in begins with."""

from pathlib import Path

from tradebot.data.events import BookDelta, BookSnapshot
from tradebot.data.instruments import InstrumentId
from tradebot.engine.journal.blocks import (
    Block,
    read_blocks,
    read_header,
    segment_files,
    unpack_records,
)
from tradebot.engine.journal.segments import read_market
from tradebot.native import L2Book


def books_at(market: Path, wanted: set[InstrumentId], seq: int) -> list[BookSnapshot]:
    """Return each instrument's whole book after an event, folded from its newest snapshot on.

    Args:
        market: The engine's market folder.
        wanted: Of which; one whose record holds no snapshot is left out.
        seq: The event's.

    Raises:
        JournalDamaged: At a block that cannot be read.
        JournalUnavailable: If a file cannot be read.
    """
    books: dict[InstrumentId, L2Book] = {}
    last: dict[InstrumentId, BookSnapshot | BookDelta] = {}
    for record in read_market(market, _since(market, wanted)):
        event = record.event
        if record.seq > seq:
            break
        if isinstance(event, BookSnapshot) and event.instrument in wanted:
            books[event.instrument] = L2Book()
            books[event.instrument].replace(event.bids, event.asks)
            last[event.instrument] = event
        elif isinstance(event, BookDelta) and event.instrument in books:
            books[event.instrument].apply_levels(event.bids, event.asks)
            last[event.instrument] = event
    found = sorted(last.values(), key=lambda event: event.ts_recv)
    return [_snapshot(books[event.instrument], event) for event in found]


def _snapshot(book: L2Book, event: BookSnapshot | BookDelta) -> BookSnapshot:
    return BookSnapshot(
        instrument=event.instrument,
        ts_event=event.ts_event,
        ts_recv=event.ts_recv,
        bids=tuple(book.bids(book.level_count(1))),
        asks=tuple(book.asks(book.level_count(-1))),
        last_id=event.last_id,
    )


def _since(market: Path, wanted: set[InstrumentId]) -> int:
    """Return the seq after which the record holds a snapshot of each, looking back file by file."""
    left = set(wanted)
    seq = 0
    for path in reversed(segment_files(market)):
        seq = read_header(path).after_seq
        for block in read_blocks(path):
            if isinstance(block, Block) and block.sound:
                for record in unpack_records(block):
                    _, _, event = record.decode()
                    if isinstance(event, BookSnapshot):
                        left.discard(event.instrument)
        if not left:
            break
    return seq
