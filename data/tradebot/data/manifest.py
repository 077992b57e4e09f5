"""What a dataset's folder says about itself: `manifest.json`, written last, so that a dataset is whole or absent."""

from collections.abc import Mapping

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.recordings.problems import Place, Problems

SCHEMA_VERSION = 1
"""Raised when an older program could not read a dataset."""

MANIFEST_NAME = "manifest.json"
"""The file's name in a dataset's folder."""


class DataFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file of a dataset."""

    path: str
    """Relative to the dataset's folder."""
    kind: str
    """`book`, `trades`, `quotes`, `bars-SPAN`."""
    instrument: InstrumentId
    """Whose events."""
    rows: int
    """Number of events."""
    bytes: int
    """Size on disk."""
    sha256: str
    """Of the file's bytes, hex."""
    first_ts: int
    """Receive time of the first event, ns UTC."""
    last_ts: int
    """Receive time of the last event, ns UTC."""


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file a dataset was imported from."""

    name: str
    """Without its folder."""
    bytes: int
    """Size."""
    sha256: str
    """Of its bytes, hex."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How often something odd was met, and where first."""

    count: int
    first: tuple[Place, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset."""

    dataset: str
    """Its name."""
    schema_version: int = SCHEMA_VERSION
    """Version of the layout."""
    format: str
    """Format it was imported from."""
    importer_version: int
    """Version of the importer."""
    rows: int
    """Number of events."""
    sha256: str
    """Of the data files' hashes in order, hex: equal for equal data."""
    first_ts: int | None
    """Receive time of the first event, ns UTC; None if there is none."""
    last_ts: int | None
    """Receive time of the last event, ns UTC; None if there is none."""
    instruments: tuple[Instrument, ...]
    """Records of the instruments, with the scales the integers are in."""
    files: tuple[DataFile, ...]
    """The data."""
    sources: tuple[SourceFile, ...]
    """What it was imported from."""
    guesses: dict[str, str]
    """What the importer guessed, by option."""
    messages: int
    """Lines of the source that carry something."""
    ignored: int
    """Messages of kinds that are not imported."""
    problems: dict[str, Counted]
    """`malformed stale gaps disordered crossed`: what was odd in the source."""
    covered: tuple[tuple[int, int], ...] = ()
    """Spans [from, to) of a fetched dataset that were asked for wholly, ns UTC, apart and in order: what a further
    fetch need not ask for again. Of bars the instants are their opens."""
    position: str = ""
    """Where a recording that goes on stands in its source; empty where it has no place to go on from."""


def counted(problems: Problems) -> dict[str, Counted]:
    """Return what was odd, by name."""
    tallies = {
        "malformed": problems.malformed,
        "stale": problems.stale,
        "gaps": problems.gaps,
        "disordered": problems.disordered,
        "crossed": problems.crossed,
    }
    return {
        name: Counted(count=tally.count, first=tuple(tally.first))
        for name, tally in tallies.items()
    }


def instrument_by_id(manifest: Manifest) -> Mapping[InstrumentId, Instrument]:
    """Return a manifest's instruments by id."""
    return {instrument.id: instrument for instrument in manifest.instruments}
