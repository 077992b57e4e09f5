"""Replay: a dataset's events as one ordered stream; its pace is the engine's business."""

import heapq
from collections.abc import Iterator

import polars as pl

from tradebot.data.errors import DatasetError
from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot
from tradebot.data.instruments import InstrumentId
from tradebot.data.manifest import DataFile
from tradebot.data.store import Store
from tradebot.data.tables import Numbered, events_of
from tradebot.native import L2Book

_SLICE_ROWS = 8_192
"""Rows turned into events at a time: bounds what a replay holds beside one part a kind."""


def replay(
    store: Store, dataset: str, *, start: int | None = None, end: int | None = None
) -> Iterator[AnyMarketEvent]:
    """Yield a dataset's events merged by receive time, then by their order in the recording.

    The book is usable from the first event on: a replay that starts inside the recording begins each instrument's book
    with a snapshot, at `start`, of what the earlier events made of it.

    Args:
        store: Where the dataset is.
        dataset: Its name; an own name may hold several kinds.
        start: First receive time, ns UTC; None = from the beginning.
        end: Receive time before which to stop, ns UTC; None = to the end.

    Raises:
        DatasetError: If there is no such dataset, or a file of it is missing or damaged.
    """
    manifest = store.show(dataset)
    streams: dict[tuple[InstrumentId, str], list[DataFile]] = {}
    for file in manifest.files:
        streams.setdefault((file.instrument, file.kind), []).append(file)
    for event in heapq.merge(
        *(
            _stream(store, dataset, files, (start, end))
            for (_, _), files in sorted(streams.items(), key=lambda item: item[0])
        ),
        key=lambda numbered: (numbered.ts_recv, numbered.seq),
    ):
        yield event.event


def _stream(
    store: Store, dataset: str, files: list[DataFile], span: tuple[int | None, int | None]
) -> Iterator[Numbered]:
    """Yield one instrument's events of one kind."""
    start, _ = span
    events = _all(store, dataset, files, span)
    if start is None:
        yield from events
        return
    if files[0].kind == "book":
        events = _from_snapshot(events, start)
    for numbered in events:
        if numbered.ts_recv >= start:
            yield numbered


def _all(
    store: Store, dataset: str, files: list[DataFile], span: tuple[int | None, int | None]
) -> Iterator[Numbered]:
    """Yield the events before the end, from the parts that are needed."""
    start, end = span
    for file in files:
        if end is not None and file.first_ts >= end:
            return
        if start is not None and file.last_ts < start and file.kind != "book":
            continue
        for table in _slices(store, dataset, file):
            for numbered in events_of(table, file.kind, file.instrument):
                if end is not None and numbered.ts_recv >= end:
                    return
                yield numbered


def _slices(store: Store, dataset: str, file: DataFile) -> Iterator[pl.DataFrame]:
    path = store.path_of(dataset, file)
    try:
        table = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); import {dataset} again") from error
    yield from table.iter_slices(_SLICE_ROWS)


def _from_snapshot(events: Iterator[Numbered], start: int) -> Iterator[Numbered]:
    """Fold book events before `start` into one snapshot at `start`; pass on the rest."""
    book = L2Book()
    last: BookSnapshot | BookDelta | None = None
    first_after: Numbered | None = None
    for numbered in events:
        if numbered.ts_recv >= start:
            first_after = numbered
            break
        last = _fold(book, numbered.event) or last
    if last is not None:
        snapshot = BookSnapshot(
            instrument=last.instrument,
            ts_event=last.ts_event,
            ts_recv=start,
            bids=tuple(book.bids(book.level_count(1))),
            asks=tuple(book.asks(book.level_count(-1))),
            last_id=last.last_id,
        )
        yield Numbered(start, -1, snapshot)  # before all that was recorded at that instant
    if first_after is not None:
        yield first_after
    yield from events


def _fold(book: L2Book, event: AnyMarketEvent) -> BookSnapshot | BookDelta | None:
    """Play an event on a book; return it if it changed the book."""
    match event:
        case BookSnapshot():
            book.replace(event.bids, event.asks)
        case BookDelta():
            book.apply_levels(event.bids, event.asks)
        case _:
            return None
    return event
