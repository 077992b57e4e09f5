"""`tradebot book`: books rebuilt from recordings and compared with the recordings' own truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.failures import FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import Form, JsonOption, PlainOption, form, new_app

if TYPE_CHECKING:
    from tradebot.data.verify import BookVerification

book_app = new_app("Books rebuilt from recordings.")


@book_app.callback()
def book() -> None:
    """Rebuild books from recordings."""


@book_app.command()
def verify(
    format_name: Annotated[
        str, typer.Argument(metavar="FORMAT", help="binance-raw, cryptofeed or lobster.")
    ],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The recording.")],
    levels: Annotated[
        int | None,
        typer.Option(help="Levels a side: lobster compares, Kraken keeps so many.", min=1),
    ] = None,
    exchange: Annotated[
        str | None, typer.Option(help="cryptofeed: binance or kraken, if no name says so.")
    ] = None,
    *,
    as_json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Rebuild the book of a recording and compare it with the recording's own truth.

    Exits 1 if something differs or nothing could be compared.
    """
    from tradebot.data.errors import DataError
    from tradebot.data.verify import verify_book

    shape = form(json=as_json, plain=plain)
    for file in files:
        if not file.is_file():
            raise CommandFailed(f"{file} must be a file that exists; check the path", USAGE)
    try:
        report = verify_book(format_name, files, levels=levels, exchange=exchange)
    except DataError as error:
        raise CommandFailed(str(error), USAGE) from error
    _print(report, shape)
    if report.compared == 0:
        raise CommandFailed(
            "nothing could be compared: the recording holds no book with its truth; "
            "check FORMAT and that all its files are named",
            FAILED,
        )
    if not report.passed:
        raise typer.Exit(FAILED)


def _print(report: "BookVerification", shape: Form) -> None:
    if shape == "json":
        from tradebot.engine.cli.output import print_json

        print_json(report)
        return
    for name, value in _counts(report).items():
        print(f"{name}\t{value}" if shape == "plain" else f"{name:<10} {value:>10}")
    for line in _lines(report):
        print(line)


def _counts(report: "BookVerification") -> dict[str, str]:
    return {
        "compared": str(report.compared),
        "equal": str(report.equal),
        "from truth": str(report.from_truth),
        "gaps": str(report.gaps),
        "stale": str(report.stale),
        "crossed": str(report.crossed),
        "malformed": str(report.malformed),
        "ignored": str(report.ignored),
        "messages": str(report.messages),
        "seconds": f"{report.seconds:.2f}",
    }


def _lines(report: "BookVerification") -> list[str]:
    """Return a line for each of the first differences and odd places."""
    lines = [
        f"difference {each.file}:{each.line} {each.symbol} {each.what}: "
        f"expected {each.expected}, got {each.got}"
        for each in report.differences
    ]
    notes = {
        "gap": report.gap_lines,
        "stale": report.stale_lines,
        "crossed": report.crossed_lines,
        "malformed": report.malformed_lines,
    }
    lines += [
        f"{name} {place.file}:{place.line} {place.text}"
        for name, places in notes.items()
        for place in places
    ]
    return lines
