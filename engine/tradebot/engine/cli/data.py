"""`tradebot data`: recordings into the store, what it holds, and SQL over it."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradebot.engine.cli.data_export import export_command
from tradebot.engine.cli.data_fetch import fetch_command
from tradebot.engine.cli.data_record import record_command
from tradebot.engine.cli.data_shown import Json, manifest_json, print_summary, summary_json
from tradebot.engine.cli.failures import FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form, new_app, parse_decimal
from tradebot.engine.cli.output import print_json

if TYPE_CHECKING:
    from tradebot.data.store import Store

data_app = new_app("The store of datasets.")

DatasetArgument = Annotated[
    str, typer.Argument(metavar="DATASET", help="venue:symbol/kind, or an own name.")
]


@data_app.callback()
def data() -> None:
    """Import recordings, look at the store, ask it in SQL."""


data_app.command("fetch")(fetch_command)
data_app.command("export")(export_command)
data_app.command("record")(record_command)


@data_app.command("import")
def import_(  # noqa: PLR0913, PLR0917 one argument per option
    format_name: Annotated[
        str, typer.Argument(metavar="FORMAT", help="csv, lean, lobster, binance-raw or cryptofeed.")
    ],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="The recording.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="Name of the dataset; else venue:symbol/kind."),
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="cryptofeed: binance or kraken.")] = None,
    symbol: Annotated[str | None, typer.Option(help="csv, lobster: the symbol.")] = None,
    date: Annotated[str | None, typer.Option(help="lobster: the day, like 2012-06-21.")] = None,
    time_column: Annotated[str | None, typer.Option(help="csv: the column of times.")] = None,
    zone: Annotated[str | None, typer.Option(help="csv: zone of times without one.")] = None,
    stamp: Annotated[
        str | None, typer.Option(metavar="open|close", help="csv: what a bar's time is.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="csv: the quote currency.")] = None,
    tick: Annotated[str | None, typer.Option(help="csv: price step of an order.")] = None,
    adjust: Annotated[
        str, typer.Option(metavar="total|splits|raw", help="lean: splits and dividends in prices.")
    ] = "total",
    extended: Annotated[bool, typer.Option("--extended", help="lean: all hours.")] = False,  # noqa: FBT002
    *,
    as_json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Read a recording into the store; the same file gives the same bytes."""
    from tradebot.data.errors import DatasetNameError, ImportFormatError, UnknownFormatError
    from tradebot.data.importers.opening import ImportOptions, open_importer

    shape = form(json=as_json, plain=plain)
    for path in paths:
        if not path.is_file():
            raise CommandFailed(f"{path} must be a file that exists; check the path", USAGE)
    try:
        options = ImportOptions(
            exchange=exchange,
            symbol=symbol,
            date=date,
            time_column=time_column,
            zone=zone,
            stamp=_stamp(stamp),
            currency=currency,
            tick=_tick(tick),
            adjust=_adjust(adjust),
            extended=extended,
        )
        importer, sources = open_importer(format_name, paths, options)
        manifests = _store().put(importer, sources, name=name)
    except (DatasetNameError, UnknownFormatError) as error:
        raise CommandFailed(str(error), USAGE) from error
    except ImportFormatError as error:
        raise CommandFailed(str(error), FAILED) from error
    if shape == "json":
        print_json({"datasets": [manifest_json(manifest) for manifest in manifests]})
        return
    for manifest in manifests:
        print_summary(manifest)
    first = manifests[0]
    for option, value in first.guesses.items():
        print(f"{option}\t{value}")
    for problem, found in first.problems.items():
        for place in found.first:
            print(f"{problem}\t{place.file}:{place.line} {place.text}")


@data_app.command("list")
def list_(*, as_json: JsonOption = False, plain: PlainOption = False) -> None:
    """Show the datasets in the store."""
    shape = form(json=as_json, plain=plain)
    manifests = _store().list()
    if shape == "json":
        print_json({"datasets": [summary_json(manifest) for manifest in manifests]})
        return
    if not manifests and shape == "text":
        print("no datasets yet; tradebot data import FORMAT PATH adds one")
    for manifest in manifests:
        print_summary(manifest)


@data_app.command()
def show(
    dataset: DatasetArgument, *, as_json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Show one dataset: instruments, files, where it is from and what was odd."""
    shape = form(json=as_json, plain=plain)
    manifest = _store().show(_checked(dataset))
    if shape == "json":
        print_json(manifest_json(manifest))
        return
    print_summary(manifest)
    print(f"sha256\t{manifest.sha256}")
    print(f"format\t{manifest.format}")
    for source in manifest.sources:
        print(f"source\t{source.name}\t{source.bytes} bytes\t{source.sha256}")
    for instrument in manifest.instruments:
        rules = instrument.rules[0]
        tick, lot = instrument.price(rules.tick), instrument.quantity(rules.lot)
        print(f"instrument\t{instrument.id}\t{instrument.kind}\ttick {tick:f}\tlot {lot:f}")
    for file in manifest.files:
        print(f"file\t{file.kind}\t{file.instrument}\t{file.rows} rows\t{file.bytes} bytes")
    for option, value in manifest.guesses.items():
        print(f"{option}\t{value}")
    for problem, found in manifest.problems.items():
        print(f"{problem}\t{found.count}")


@data_app.command()
def check(
    dataset: DatasetArgument, *, as_json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Compare a dataset's files with the hashes they were written with; exit 1 on a difference."""
    shape = form(json=as_json, plain=plain)
    store = _store()
    found = store.check(_checked(dataset))
    if shape == "json":
        print_json({"dataset": dataset, "files": len(store.show(dataset).files), "wrong": [*found]})
    else:
        for line in found:
            print(line)
        if not found and shape == "text":
            print(f"{dataset}: all files as they were written")
    if found:
        raise typer.Exit(FAILED)


@data_app.command()
def sql(
    query: Annotated[str, typer.Argument(metavar='"SELECT ..."', help="One SELECT.")],
    rows: Annotated[int, typer.Option(help="Most rows shown.", min=1, max=1_000_000)] = 10_000,
    *,
    as_json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Ask the store in SQL; each dataset is a table: SELECT * FROM "binance:BTCUSDT/trades"."""
    import sys

    shape = form(json=as_json, plain=plain)
    result = _store().sql(query, rows_max=rows)
    names = [column.name for column in result.columns]
    if shape == "json":
        document: Json = {
            "columns": [{"name": column.name, "type": column.type} for column in result.columns],
            "rows": [dict(zip(names, row, strict=True)) for row in result.rows],
            "truncated": result.truncated,
        }
        print_json(document)
        return
    if shape == "text":
        print("\t".join(names))
    for row in result.rows:
        print("\t".join("" if cell is None else str(cell) for cell in row))
    if result.truncated:
        print(f"more than {rows} rows; --rows shows more", file=sys.stderr)


def _store() -> "Store":
    from tradebot.data.store import Store
    from tradebot.engine.home import data_folder

    return Store(data_folder())


def _checked(dataset: str) -> str:
    """Return a dataset's name if it is well formed.

    Raises:
        CommandFailed: If it is not: wrong usage, where a missing dataset is a failure.
    """
    from tradebot.data.datasets import parse_dataset
    from tradebot.data.errors import DatasetNameError

    try:
        return parse_dataset(dataset).text
    except DatasetNameError as error:
        raise CommandFailed(str(error), USAGE) from error


def _stamp(text: str | None) -> Literal["open", "close"] | None:
    match text:
        case None | "open" | "close":
            return text
        case _:
            raise CommandFailed(f"--stamp must be open or close, was {text!r}", USAGE)


def _adjust(text: str) -> Literal["total", "splits", "raw"]:
    match text:
        case "total" | "splits" | "raw":
            return text
        case _:
            raise CommandFailed(f"--adjust must be total, splits or raw, was {text!r}", USAGE)


def _tick(text: str | None) -> Decimal | None:
    return None if text is None else parse_decimal(text, "--tick")
