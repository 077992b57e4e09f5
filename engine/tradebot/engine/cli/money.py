"""`export`, `report`, `backup`, `restore`: an engine's money told and kept; they read the record, not the engine."""

import csv
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import orjson
import typer

from tradebot.engine.cli.failures import FAILED, UNREACHABLE, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import or_dash, print_json, print_table
from tradebot.engine.cli.target import folder_of

if TYPE_CHECKING:
    from tradebot.engine.accounting.books import Books
    from tradebot.engine.core.events import EngineStarted

type Lots = Literal["fifo", "lifo", "highest", "specific"]

AccountOption = Annotated[str | None, typer.Option("--account", help="One account; all of them.")]


def export(  # noqa: PLR0913  (each option is one word of the contract)
    what: Annotated[Literal["fills", "lots", "ledger", "cash"], typer.Argument(help="What.")],
    *,
    year: Annotated[int, typer.Option("--year", min=1970, max=2261, help="Which, UTC.")],
    shape: Annotated[Literal["csv", "jsonl", "beancount"], typer.Option("--format")] = "csv",
    account: AccountOption = None,
    lots: Annotated[Lots | None, typer.Option("--lots", help="The configured method.")] = None,
    pick: Annotated[
        list[str] | None,
        typer.Option("--pick", help="CLOSING=LOT[,LOT]: which lots an execution closes."),
    ] = None,
    name: NameOption = None,
) -> None:
    """Write fills, lots, ledger or cash of a year to stdout."""
    from tradebot.engine.accounting.books import Books
    from tradebot.engine.accounting.tables import Scope, rows
    from tradebot.engine.core.types import AccountName

    books = Books.read(_recorded(name))
    begun = _begun(books)
    if account is not None and AccountName(account) not in books.state.accounts:
        known = ", ".join(books.state.accounts)
        raise CommandFailed(f"no account {account!r} here; there is {known}", USAGE)
    scope = Scope(
        _instant(date(year, 1, 1)),
        _instant(date(year + 1, 1, 1)),
        None if account is None else AccountName(account),
    )
    picks = _picks(pick or [])
    method = lots or ("specific" if picks else begun.lots)
    found = rows(what, books, scope, method, picks)
    if shape == "csv":
        _write_csv(found)
    elif shape == "jsonl":
        for row in found:
            sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
        sys.stdout.buffer.flush()
    else:
        from tradebot.engine.accounting import beancount

        if what == "fills":
            found = (row for row in rows("ledger", books, scope, method) if row["kind"] == "fill")
        for text in beancount.lots(found) if what == "lots" else beancount.transactions(found):
            print(text)


def _write_csv(found: Iterator[Mapping[str, str]]) -> None:
    writer: csv.DictWriter[str] | None = None
    for row in found:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)


def _picks(texts: list[str]) -> dict[str, list[str]]:
    picks: dict[str, list[str]] = {}
    for text in texts:
        closing, equals, lots = text.partition("=")
        if not (closing and equals and lots):
            raise CommandFailed(f"--pick must be CLOSING=LOT[,LOT], was {text!r}", USAGE)
        picks[closing] = lots.split(",")
    return picks


def report(
    span: Annotated[Literal["day", "month"], typer.Argument(help="Of which length.")],
    *,
    day: Annotated[
        str | None, typer.Option("--day", help="A date in it, the engine's own days.")
    ] = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Tell what a day or month opened, earned, paid and closed with."""
    from tradebot.engine.accounting.books import Books
    from tradebot.engine.accounting.report import report as told
    from tradebot.engine.accounting.report_text import parts, whole
    from tradebot.engine.core.days import day_begins

    shape = form(json=json, plain=plain)
    folder = _recorded(name)
    books = Books.read(folder)
    begun = _begun(books)
    chosen = _date(day) if day else _EPOCH + timedelta(days=books.state.day_of(books.state.now))
    first, following = _span(span, chosen)
    minute, zone = begun.day_starts_minute, begun.zone_offsets

    begin, end = (day_begins((one - _EPOCH).days, minute, zone) for one in (first, following))
    try:
        found = told(folder, begin, end)
    except LookupError as error:
        raise CommandFailed(
            f"on {chosen} the engine had not begun yet: choose a later --day", USAGE
        ) from error
    facts, by = whole(found), parts(found)
    if shape == "json":
        print_json({"span": span, **facts, "by": by})
        return
    print_table(("what", ""), [(key, or_dash(value)) for key, value in facts.items()], shape)
    if by:
        print()
        print_table(list(by[0]), [[or_dash(cell) for cell in one.values()] for one in by], shape)


def _begun(books: "Books") -> "EngineStarted":
    try:
        return books.started
    except LookupError as error:
        raise CommandFailed(str(error), FAILED) from error


_EPOCH = date(1970, 1, 1)


def _span(span: Literal["day", "month"], chosen: date) -> tuple[date, date]:
    if span == "day":
        return chosen, chosen + timedelta(days=1)
    first = chosen.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(
            f"--day must be a date such as 2026-11-22, was {text!r}", USAGE
        ) from error


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9


def backup(
    file: Annotated[Path, typer.Argument(help="Where to, NAME.tar.zst.")],
    *,
    name: NameOption = None,
    json: JsonOption = False,
) -> None:
    """Write an engine's whole state into one file, also while it runs; keys and tokens stay out."""
    from tradebot.engine.accounting.backup import back_up
    from tradebot.engine.config.name import FILE_NAME
    from tradebot.engine.home import home
    from tradebot.engine.live.clock import SystemClock

    folder = _recorded(name)
    manifest = back_up(
        folder,
        home() / FILE_NAME,
        file.absolute(),
        program=version("tradebot-engine"),
        now=SystemClock().system_ns(),
    )
    if json:
        print_json(manifest)
        return
    size = sum(one.size for one in manifest.files)
    print(
        f"{file}: engine {manifest.engine}, {len(manifest.files)} files, {size} bytes before packing"
    )
    print("keys and tokens are not in it: tradebot keys set, tradebot token add")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    *,
    name: NameOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move an engine that is there aside.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make an engine's folder from a backup, after every byte of it was checked."""
    from tradebot.engine.accounting.restore import restore as make
    from tradebot.engine.live.clock import SystemClock

    _, folder = folder_of(name)
    done = make(file, folder, replace=replace, now=SystemClock().system_ns())
    if json:
        print_json(
            {
                "folder": os.fspath(done.folder),
                "engine_id": done.manifest.engine_id,
                "created": done.manifest.created,
                "replaced": None if done.replaced is None else os.fspath(done.replaced),
                "config": None if done.config is None else os.fspath(done.config),
            }
        )
        return
    print(f"{done.folder}: engine {done.manifest.engine} as of {done.manifest.created}")
    if done.replaced is not None:
        print(f"the one before is in {done.replaced}")
    if done.config is not None:
        print(f"its configuration, not in force: {done.config}")


def _recorded(name: str | None) -> Path:
    chosen, folder = folder_of(name)
    if not (folder / "journal.db").exists():
        raise CommandFailed(
            f"engine {chosen!r} has no journal in {folder}; tradebot run makes one, --name names another",
            UNREACHABLE,
        )
    return folder
