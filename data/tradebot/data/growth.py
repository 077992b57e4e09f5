"""Datasets that grow by pieces: what a fetch or a recording adds, and the manifest after it."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import msgspec

from tradebot.data.errors import DatasetError
from tradebot.data.instruments import Instrument
from tradebot.data.manifest import Counted, DataFile, Manifest, counted
from tradebot.data.placing import together
from tradebot.data.recordings.problems import PLACES_MAX, Problems

type Span = tuple[int, int]
"""[from, to), ns UTC."""


class Growth(NamedTuple):
    """What a piece is besides its events."""

    format: str
    """Who made it: `fetch-binance`, `record`."""
    version: int
    """Raised when the same source would give other events."""
    instruments: tuple[Instrument, ...]
    """All of the dataset's, with the piece's."""
    problems: Problems
    """What was odd; still counted while the events are taken."""
    covered: Span | None = None
    """What was asked for wholly."""
    position: str = ""
    """Where to go on from."""


def require_same_source(manifest: Manifest, growth: Growth) -> None:
    """Refuse to add to a dataset that came from elsewhere.

    Raises:
        DatasetError: If its source or an instrument's scales are others.
    """
    if (manifest.format, manifest.importer_version) != (growth.format, growth.version):
        raise DatasetError(
            f"{manifest.dataset} came from {manifest.format} {manifest.importer_version}, {growth.format} "
            f"{growth.version} cannot be added to it; choose another --name"
        )
    now = {one.id: one for one in growth.instruments}
    for was in manifest.instruments:
        told = now.get(was.id, was)
        if (told.price_scale, told.quantity_scale) != (was.price_scale, was.quantity_scale):
            raise DatasetError(
                f"{was.id} is kept with {was.price_scale} and {was.quantity_scale} decimals, now has "
                f"{told.price_scale} and {told.quantity_scale}; choose another --name"
            )


def grown(
    before: Manifest | None, dataset: str, added: tuple[DataFile, ...], growth: Growth
) -> Manifest:
    """Return a dataset's manifest after a piece; `before` is None for its first one."""
    old = () if before is None else before.files
    # A sort that keeps the order of equals: a piece's parts stay as they were written.
    files = tuple(
        sorted((*old, *added), key=lambda file: (file.instrument, file.kind, file.first_ts))
    )
    known = {one.id: one for one in growth.instruments}
    known |= {} if before is None else {one.id: one for one in before.instruments}
    held = {file.instrument for file in files}
    spans = () if before is None else before.covered
    problems = counted(growth.problems)
    return Manifest(
        dataset=dataset,
        format=growth.format,
        importer_version=growth.version,
        rows=sum(file.rows for file in files),
        sha256=together(files),
        first_ts=min((file.first_ts for file in files), default=None),
        last_ts=max((file.last_ts for file in files), default=None),
        instruments=tuple(known[name] for name in sorted(known) if name in held),
        files=files,
        sources=() if before is None else before.sources,
        guesses={},
        messages=growth.problems.messages + (0 if before is None else before.messages),
        ignored=growth.problems.ignored + (0 if before is None else before.ignored),
        problems=problems if before is None else _summed(before.problems, problems),
        covered=merged(spans if growth.covered is None else (*spans, growth.covered)),
        position=growth.position,
    )


def _summed(one: dict[str, Counted], other: dict[str, Counted]) -> dict[str, Counted]:
    none = Counted(count=0, first=())
    return {
        name: msgspec.structs.replace(
            found,
            count=found.count + one.get(name, none).count,
            first=(*one.get(name, none).first, *found.first)[:PLACES_MAX],
        )
        for name, found in other.items()
    }


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans apart and in order: what touches or overlaps is one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def missing(covered: Iterable[Span], wanted: Span) -> tuple[Span, ...]:
    """Return what of a span is not covered, in order."""
    found: list[Span] = []
    at, end = wanted
    for start, until in merged(covered):
        if until <= at:
            continue
        if start >= end:
            break
        if start > at:
            found.append((at, start))
        at = max(at, until)
    if at < end:
        found.append((at, end))
    return tuple(found)


def in_pieces(span: Span, size: int) -> tuple[Span, ...]:
    """Return a span cut at the multiples of a size, ns, > 0."""
    start, end = span
    cuts = [start, *range((start // size + 1) * size, end, size), end]
    return tuple((one, other) for one, other in pairwise(cuts) if one < other)
