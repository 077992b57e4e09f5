"""One fetch: what of a span the store does not hold yet, piece by piece."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from tradebot.data.datasets import span_ns_of
from tradebot.data.events import Bar, Quote, Trade
from tradebot.data.fetch.asking import Asking
from tradebot.data.fetch.doors import FetchRefused
from tradebot.data.fetch.source import Source
from tradebot.data.growth import Growth, Span, in_pieces, missing
from tradebot.data.importers.imported import ReceiveClock
from tradebot.data.manifest import Manifest
from tradebot.data.recordings.problems import Problems
from tradebot.data.store import Store

ROWS_MAX = 20_000_000
"""Rows of one fetch where nothing else is said."""

PAGES_MAX = 20_000
"""Pages of one piece: a venue that never comes to an end is left."""


class Into(NamedTuple):
    """Where a fetch goes."""

    store: Store
    dataset: str


class Progress(NamedTuple):
    """How far a fetch is."""

    done: int
    """Of the pieces."""
    pieces: int
    rows: int
    """Fetched and kept so far."""
    until: int
    """Instant up to which the newest piece goes, ns UTC."""


class Fetched(NamedTuple):
    """What a fetch came to."""

    manifest: Manifest | None
    """None where the venue has nothing of the span."""
    rows: int
    """Fetched and kept by this run."""
    asked: tuple[Span, ...]
    """What was missing and was asked for."""
    requests: int


def fetch(
    into: Into,
    source: Source,
    wanted: Span,
    asking: Asking,
    *,
    rows_max: int = ROWS_MAX,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Fetched:
    """Bring a dataset to hold a span.

    What is held is not asked for; each piece is kept whole or not at all, so that a kill at any moment loses at most
    the piece that was on its way. Nothing is asked that may still change: a fetch up to now ends a little before it.

    Args:
        into: Where to.
        source: Where from.
        wanted: What; of bars the opens.
        asking: The way to the venue.
        rows_max: Most rows of this run, >= 1.
        tell: Called after each piece.

    Raises:
        FetchRefused: If it cannot go on; what is kept is kept.
        DatasetError: If the dataset is another source's, or being written now.
        OSError: If a file cannot be written.
    """
    store, dataset = into
    first, last = wanted[0], min(wanted[1], asking.now - source.open_for)
    with store.writing(dataset):
        manifest = store.show(dataset) if store.holds(dataset) else None
        covered = () if manifest is None else manifest.covered
        asked = missing(covered, (first, last)) if first < last else ()
        pieces = [piece for span in asked for piece in in_pieces(span, source.piece)]
        _require_room(source, pieces, rows_max)
        rows = 0
        for done, piece in enumerate(pieces, 1):
            problems = Problems()
            walk = _Walk(source, piece, asking, rows_max - rows)
            # Before its first row a dataset does not exist: what was empty until then is told with it.
            since = first if manifest is None else piece[0]
            growth = Growth(
                source.format,
                source.version,
                (source.instrument,),
                problems,
                covered=(since, piece[1]),
            )
            manifest = store.grow(dataset, walk.events(problems), growth) or manifest
            rows += walk.rows
            tell(Progress(done, len(pieces), rows, piece[1]))
    return Fetched(manifest, rows, asked, asking.requests)


def _require_room(source: Source, pieces: list[Span], rows_max: int) -> None:
    """Refuse bars that are more than may be before the first is asked for.

    Raises:
        FetchRefused: If they are.
    """
    if not source.kind.startswith("bars-"):
        return
    span = span_ns_of(source.kind)
    most = sum(-(-(end - start) // span) for start, end in pieces)
    if most > rows_max:
        raise FetchRefused(
            f"rows must be at most {rows_max}, would be up to {most}: ask for less time, or raise --rows-max",
            "size",
        )


class _Walk:
    """The events of one piece."""

    def __init__(self, source: Source, piece: Span, asking: Asking, most: int) -> None:
        self._source = source
        self._piece = piece
        self._asking = asking
        self._most = most
        self.rows = 0

    def events(self, problems: Problems) -> Iterator[Bar | Trade | Quote]:
        """Yield what lies in the piece, oldest first.

        Raises:
            FetchRefused: If a page cannot be had or read, or there are too many rows.
        """
        pages, clock = self._source.pages(self._piece), ReceiveClock(problems)
        for number in range(1, PAGES_MAX + 1):
            request = pages.request()
            if request is None:
                _count_malformed(problems, pages.malformed, self._source.instrument.id)
                return
            body = self._asking.body(request)
            problems.messages += 1
            try:
                rows = pages.page(body, self._asking.now)
            except (ValueError, RecursionError) as error:
                raise FetchRefused(f"{request.path}: {error}", "reply") from error
            for row in rows:
                if self._belongs(row):
                    yield self._kept(row, clock, f"{request.path} page {number}")
        raise FetchRefused(
            f"{self._source.instrument.id} has more than {PAGES_MAX} pages in one piece; the venue does not end",
            "reply",
        )

    def _belongs(self, row: Bar | Trade | Quote) -> bool:
        start, end = self._piece
        began = row.ts_event - row.span_ns if isinstance(row, Bar) else row.ts_event
        return start <= began < end

    def _kept(
        self, row: Bar | Trade | Quote, clock: ReceiveClock, place: str
    ) -> Bar | Trade | Quote:
        """Return a row as the store has it: nobody received it then, so it counts from its own time on."""
        self.rows += 1
        if self.rows > self._most:
            raise FetchRefused(
                "more rows than may be fetched at once; the pieces before are kept: run it again to go on, "
                "or raise --rows-max",
                "size",
            )
        at = clock.at(row.ts_event, place, self.rows)
        return row if row.ts_recv == at else msgspec.structs.replace(row, ts_recv=at)


def _count_malformed(problems: Problems, malformed: int, instrument: str) -> None:
    for _ in range(malformed):
        problems.malformed.add(instrument, 0, "a row that cannot be read")
