"""`tradebot data export`: a dataset as a file that others read."""

from pathlib import Path
from typing import Annotated

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form
from tradebot.engine.cli.output import print_json


def export_command(  # noqa: PLR0913  (options of a command line)
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="venue:symbol/kind, or an own name.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="Ends in .csv, .jsonl or .parquet.")
    ],
    *,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Which, where the dataset has several.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="First instant; else the beginning.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Instant after the last; else the end.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="FILE may exist.")] = False,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Write DATASET into FILE: exact decimals, in order of receive time; the file is whole or absent."""
    from tradebot.data.datasets import parse_dataset
    from tradebot.data.errors import DatasetNameError, UnknownFormatError
    from tradebot.data.exporting import export
    from tradebot.data.store import Store
    from tradebot.engine.home import data_folder
    from tradebot.engine.research.span import instant

    shape = form(json=json, plain=plain)
    if target.exists() and not replace:
        raise CommandFailed(f"{target} exists; name another file, or --replace", USAGE)
    if not target.absolute().parent.is_dir():
        raise CommandFailed(f"{target.parent} must be a folder that exists; make it first", USAGE)
    store = Store(data_folder())
    try:
        name = parse_dataset(dataset).text
        day_of = store.instruments(name)[0].kind
        first, last = (None if text is None else instant(text, day_of) for text in (start, end))
        rows = export(store, name, target, kind=kind, span=(first, last))
    except (DatasetNameError, UnknownFormatError) as error:
        raise CommandFailed(str(error), USAGE) from error
    size = target.stat().st_size
    if shape == "json":
        print_json({"dataset": name, "file": str(target), "rows": rows, "bytes": size})
        return
    print(f"{target}\t{rows} rows\t{size} bytes")
