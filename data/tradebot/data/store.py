"""The store: datasets as folders of Parquet (zstd), each whole or absent, with DuckDB SQL over all of them."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import polars as pl

from tradebot.data.datasets import DatasetName, dataset_in, kind_of, name_of, parse_dataset
from tradebot.data.errors import DatasetError, DatasetNameError
from tradebot.data.events import AnyMarketEvent
from tradebot.data.growth import Growth, grown, require_same_source
from tradebot.data.importers.imported import Importer
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    DataFile,
    Manifest,
    SourceFile,
    counted,
)
from tradebot.data.parts import Part, PartWriter, make_folder, sha256_of
from tradebot.data.placing import put_in_place, together
from tradebot.data.recordings.problems import Problems
from tradebot.data.store_sql import SQL_ROWS_MAX, SqlResult, run_sql


class Store:
    """Datasets in a folder.

    Args:
        folder: Where; made when something is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._datasets = folder / "datasets"

    def put(
        self, importer: Importer, sources: Sequence[Path], *, name: str | None = None
    ) -> tuple[Manifest, ...]:
        """Import a recording; a dataset of the same name is replaced. The same file gives the same bytes.

        Args:
            importer: Who reads it.
            sources: Its files, for the record.
            name: An own name for everything, or `venue:symbol/kind` for that part alone; None = one dataset for each
                instrument and kind, named `venue:symbol/kind`.

        Returns:
            The manifests of the datasets written, by name.

        Raises:
            DatasetNameError: If the name is not well formed.
            DatasetError: If the recording has no events, or none of the named kind.
            OSError: If a file cannot be read or written.
        """
        wanted = None if name is None else parse_dataset(name)
        problems = Problems()
        make_folder(self.folder)
        with tempfile.TemporaryDirectory(prefix="import-", dir=self.folder) as temporary:
            writer = PartWriter(Path(temporary))
            for seq, (event, line) in enumerate(importer.events(problems)):
                kind = kind_of(event)
                if _belongs(wanted, event.instrument, kind):
                    writer.add(kind, event, seq, line)
            parts = writer.finish()
            if not parts:
                raise DatasetError(_nothing(wanted, importer, problems))
            grouped: dict[DatasetName, list[Part]] = {}
            for part in parts:
                dataset = wanted or name_of(part.instrument, part.kind)
                grouped.setdefault(dataset, []).append(part)
            read = tuple(
                SourceFile(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))
                for path in sources
            )
            return tuple(
                self._commit(dataset, grouped[dataset], importer, (read, problems))
                for dataset in sorted(grouped)
            )

    def grow(
        self, dataset: str, events: Iterable[AnyMarketEvent], growth: Growth
    ) -> Manifest | None:
        """Add events to a dataset, all or none; it is made where it is not there. One writer at a time: see `writing`.

        Args:
            dataset: Its name; where it names a kind, all events are of that.
            events: Received in order, none in the midst of what is there.
            growth: What they are.

        Returns:
            The manifest as it is now; None where there is no such dataset and nothing was added.

        Raises:
            DatasetNameError: If the name is not well formed.
            DatasetError: If the dataset is another source's, or its numbers are in other scales.
            OSError: If a file cannot be written.
        """
        wanted = parse_dataset(dataset)
        folder = self._datasets / wanted.folder
        before = self.show(dataset) if (folder / MANIFEST_NAME).is_file() else None
        if before is not None:
            require_same_source(before, growth)
        make_folder(self.folder)
        with tempfile.TemporaryDirectory(prefix=_open_piece(wanted), dir=self.folder) as temporary:
            writer = PartWriter(Path(temporary))
            first = 0 if before is None else before.rows
            for seq, event in enumerate(events, first):
                writer.add(kind_of(event), event, seq, 0)
            parts = writer.finish()
            if before is None and not parts:
                return None
            manifest = grown(before, wanted.text, tuple(part.file for part in parts), growth)
            put_in_place(folder, parts, manifest)
            return manifest

    @contextmanager
    def writing(self, dataset: str) -> Generator[None]:
        """Be the only one that grows a dataset while the context is open, in all processes.

        What a writer that was killed left of its open piece is cleared.

        Raises:
            DatasetNameError: If the name is not well formed.
            DatasetError: If somebody else grows it now.
            OSError: If the lock's file cannot be written.
        """
        name = parse_dataset(dataset)
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / f"{name.folder}.lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DatasetError(
                    f"{dataset} is being written by another process; wait for it, or choose another --name"
                ) from error
            for left in self.folder.glob(f"{_open_piece(name)}*"):
                shutil.rmtree(left)
            yield

    def holds(self, dataset: str) -> bool:
        """Return whether there is such a dataset.

        Raises:
            DatasetNameError: If the name is not well formed.
        """
        return (self._folder(dataset) / MANIFEST_NAME).is_file()

    def _commit(
        self,
        dataset: DatasetName,
        parts: list[Part],
        importer: Importer,
        origin: tuple[tuple[SourceFile, ...], Problems],
    ) -> Manifest:
        """Move a dataset's files into place; the manifest, written last, makes them count."""
        sources, problems = origin
        files = tuple(part.file for part in parts)
        held = {file.instrument for file in files}
        manifest = Manifest(
            dataset=dataset.text,
            format=importer.format,
            importer_version=importer.version,
            rows=sum(file.rows for file in files),
            sha256=together(files),
            first_ts=min(file.first_ts for file in files),
            last_ts=max(file.last_ts for file in files),
            instruments=tuple(each for each in importer.instruments if each.id in held),
            files=files,
            sources=sources,
            guesses=dict(importer.guesses),
            messages=problems.messages,
            ignored=problems.ignored,
            problems=counted(problems),
        )
        put_in_place(self._datasets / dataset.folder, parts, manifest)
        return manifest

    def list(self) -> tuple[Manifest, ...]:
        """Return the manifests of all datasets, by name.

        Raises:
            DatasetError: If a manifest cannot be read.
        """
        if not self._datasets.is_dir():
            return ()
        found = sorted(
            dataset_in(path.parent.name) for path in self._datasets.glob(f"*/{MANIFEST_NAME}")
        )
        return tuple(self.show(name) for name in found)

    def show(self, dataset: str) -> Manifest:
        """Return a dataset's manifest.

        Raises:
            DatasetNameError: If the name is not well formed.
            DatasetError: If there is none, it is damaged, or a newer program wrote it.
        """
        path = self._folder(dataset) / MANIFEST_NAME
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
        except FileNotFoundError as error:
            raise DatasetError(self._missing(dataset)) from error
        except msgspec.MsgspecError as error:
            raise DatasetError(f"{path} is damaged ({error}); import {dataset} again") from error
        if manifest.schema_version > SCHEMA_VERSION:
            raise DatasetError(
                f"{dataset} has layout {manifest.schema_version}, this program reads up to "
                f"{SCHEMA_VERSION}; use a newer tradebot"
            )
        return manifest

    def get(self, dataset: str, kind: str | None = None) -> pl.LazyFrame:
        """Return a dataset's events of one kind as integers, with their instrument, in order of `seq`.

        Args:
            dataset: Its name.
            kind: Which kind; None where the dataset has only one.

        Raises:
            DatasetError: If there is no such dataset or kind, or it has several and none is named.
        """
        manifest = self.show(dataset)
        kinds = sorted({file.kind for file in manifest.files})
        chosen = kind or (kinds[0] if len(kinds) == 1 else None)
        if chosen not in kinds:
            raise DatasetError(f"kind must be one of {', '.join(kinds)} in {dataset}, was {kind}")
        frames = [
            pl.scan_parquet(self.path_of(dataset, file)).with_columns(
                pl.lit(file.instrument).alias("instrument")
            )
            for file in manifest.files
            if file.kind == chosen
        ]
        return pl.concat(frames).sort("ts_recv", "seq")

    def instruments(self, dataset: str) -> tuple[Instrument, ...]:
        """Return the records of a dataset's instruments.

        Raises:
            DatasetError: If there is no such dataset.
        """
        return self.show(dataset).instruments

    def check(self, dataset: str) -> tuple[str, ...]:
        """Return what is wrong with a dataset's files, one line each; nothing if they are as they were written.

        Raises:
            DatasetError: If there is no such dataset.
        """
        found: list[str] = []
        for file in self.show(dataset).files:
            path = self.path_of(dataset, file)
            if not path.is_file():
                found.append(f"{file.path} is missing; import {dataset} again")
            elif (actual := sha256_of(path)) != file.sha256:
                found.append(f"{file.path} has sha256 {actual}, was written as {file.sha256}")
        return tuple(found)

    def sql(self, query: str, *, rows_max: int = SQL_ROWS_MAX) -> SqlResult:
        """Run one SELECT over all datasets: `SELECT * FROM "binance:BTCUSDT/trades"`.

        A dataset of several kinds gives one view a kind: `"mine/trades"`. Prices and quantities are exact decimals.

        Args:
            query: One SELECT; nothing else is accepted.
            rows_max: Most rows returned, >= 1; more are left off and `truncated` says so.

        Raises:
            DatasetError: If it is not one SELECT or fails.
        """
        views = [(manifest, self._folder(manifest.dataset)) for manifest in self.list()]
        return run_sql(query, views, rows_max=rows_max)

    def remove(self, dataset: str) -> None:
        """Remove a dataset.

        Raises:
            DatasetError: If there is none.
        """
        self.show(dataset)
        folder = self._folder(dataset)
        (folder / MANIFEST_NAME).unlink()
        shutil.rmtree(folder)

    def path_of(self, dataset: str, file: DataFile) -> Path:
        """Return where a dataset's file is.

        Raises:
            DatasetError: If the manifest names a file outside of the dataset's folder.
        """
        if Path(file.path).name != file.path:
            raise DatasetError(f"file of {dataset} must be in its folder, was {file.path!r}")
        return self._folder(dataset) / file.path

    def _folder(self, dataset: str) -> Path:
        return self._datasets / parse_dataset(dataset).folder

    def _missing(self, dataset: str) -> str:
        known = [dataset_in(path.name) for path in sorted(self._datasets.glob("*"))]
        there = f"there are {', '.join(known[:10])}" if known else "the store is empty"
        return f"no dataset {dataset!r} in {self.folder}; {there}; tradebot data import adds one"


def _open_piece(name: DatasetName) -> str:
    """Return how the folders of a dataset's open piece begin: a digest, as names may have letters a pattern knows."""
    return f"grow-{hashlib.sha256(name.folder.encode()).hexdigest()[:12]}-"


def _belongs(wanted: DatasetName | None, instrument: InstrumentId, kind: str) -> bool:
    if wanted is None or wanted.kind is None:
        return True
    return wanted.kind == kind and wanted.instrument == instrument


def _nothing(wanted: DatasetName | None, importer: Importer, problems: Problems) -> str:
    if wanted is not None and wanted.kind is not None and importer.instruments:
        there = ", ".join(instrument.id for instrument in importer.instruments[:10])
        return f"nothing of {wanted.text} in the recording; it has {there}"
    first = problems.malformed.first
    why = f"; first at {first[0].file}:{first[0].line}: {first[0].text}" if first else ""
    return (
        f"no event found in {problems.messages} messages, {problems.malformed.count} of them "
        f"malformed{why}; check FORMAT"
    )


__all__ = ["DatasetNameError", "SqlResult", "Store"]
