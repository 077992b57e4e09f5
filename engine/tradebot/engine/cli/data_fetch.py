"""`tradebot data fetch`: a venue's history into the store, only what is missing."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.data_shown import Json, iso_ns, print_summary, summary_json
from tradebot.engine.cli.failures import CONFIGURATION, FAILED, UNREACHABLE, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form
from tradebot.engine.cli.output import print_json

if TYPE_CHECKING:
    from tradebot.data.fetch.doors import FetchRefused
    from tradebot.data.fetch.run import Fetched, Progress
    from tradebot.data.growth import Span
    from tradebot.engine.config.models import AccountConfig

_DAY = 86_400 * 1_000_000_000
_DAYS_OF_BARS, _DAYS_OF_TRADES = 30, 1
_CODES = {
    "region": UNREACHABLE,
    "unreachable": UNREACHABLE,
    "busy": UNREACHABLE,
    "keys": CONFIGURATION,
    "reply": FAILED,
    "size": FAILED,
}


def fetch_command(  # noqa: PLR0913  (options of a command line)
    venue: Annotated[str, typer.Argument(metavar="VENUE", help="binance or alpaca.")],
    symbol: Annotated[
        str,
        typer.Argument(metavar="SYMBOL", help="As the venue spells it: BTCUSDT, BTC/USD, AAPL."),
    ],
    *,
    kind: Annotated[
        str, typer.Option("--kind", metavar="bars-SPAN|trades", help="What.")
    ] = "bars-1m",
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="T", help="First instant; else 30 days ago, trades 1 day."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Instant after the last; else now.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="DATASET", help="Name of the dataset; else venue:symbol/kind."
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", help="Whose addresses and keys; else the venue's first."),
    ] = None,
    feed: Annotated[
        str | None, typer.Option("--feed", help="alpaca's stocks: sip, iex; else as the keys may.")
    ] = None,
    rows_max: Annotated[
        int, typer.Option("--rows-max", min=1, max=1_000_000_000, help="Most rows of one run.")
    ] = 20_000_000,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Fetch history of VENUE; what is held is not asked for again, and a kill loses at most the newest piece."""
    from tradebot.data.datasets import name_of, parse_dataset
    from tradebot.data.errors import DatasetNameError, UnknownFormatError
    from tradebot.data.fetch.doors import FetchRefused
    from tradebot.data.fetch.run import Into, fetch
    from tradebot.data.instruments import InstrumentId
    from tradebot.data.store import Store
    from tradebot.engine.brokers.history import Wanted, open_history
    from tradebot.engine.home import data_folder
    from tradebot.engine.live.clock import SystemClock

    shape = form(json=json, plain=plain)
    symbol = symbol.removeprefix(f"{venue}:")
    clock = SystemClock()
    try:
        dataset = (
            parse_dataset(name) if name else name_of(InstrumentId(f"{venue}:{symbol}"), kind)
        ).text
        wanted = Wanted(venue, symbol, kind, feed)
        with open_history(wanted, _accounts(venue, account), clock) as opened:
            span = _span(
                start, end, opened.source.instrument.kind == "equity", kind, clock.system_ns()
            )
            done = fetch(
                Into(Store(data_folder()), dataset),
                opened.source,
                span,
                opened.asking,
                rows_max=rows_max,
                tell=_shown if sys.stderr.isatty() else lambda _: None,
            )
            host = opened.host
    except (DatasetNameError, UnknownFormatError) as error:
        raise CommandFailed(str(error), USAGE) from error
    except FetchRefused as error:
        raise _failed(error) from error
    if shape == "json":
        print_json(_document(done, host))
        return
    _print(done, host, f"{venue}:{symbol} {kind}", span)


def _failed(error: "FetchRefused") -> CommandFailed:
    return CommandFailed(str(error), _CODES[error.trouble])


def _accounts(venue: str, account: str | None) -> "dict[str, AccountConfig]":
    """Return the venue's accounts, the named one alone where one is named."""
    from tradebot.engine.config.load import load

    there = {
        name: one for name, one in load(os.environ).config.accounts.items() if one.venue == venue
    }
    if account is None:
        return there
    if account not in there:
        known = ", ".join(there) or "none"
        raise CommandFailed(
            f"there is no account {account!r} at {venue}; known: {known}", CONFIGURATION
        )
    return {account: there[account]}


def _span(start: str | None, end: str | None, equity: bool, kind: str, now: int) -> "Span":  # noqa: FBT001
    from tradebot.engine.research.span import instant

    day_of = "equity" if equity else "spot"
    last = now if end is None else instant(end, day_of)
    days = _DAYS_OF_TRADES if kind == "trades" else _DAYS_OF_BARS
    # From a midnight on, so that a run tomorrow continues this one.
    first = (last // _DAY - days) * _DAY if start is None else instant(start, day_of)
    if first >= last:
        raise CommandFailed(
            f"--from must be before --to, was {iso_ns(first)} and {iso_ns(last)}", USAGE
        )
    if first >= now:
        raise CommandFailed(f"--from must be in the past, was {iso_ns(first)}", USAGE)
    return first, last


def _shown(progress: "Progress") -> None:
    print(
        f"\r{progress.done}/{progress.pieces} pieces  {progress.rows} rows  to {iso_ns(progress.until)}",
        end="\n" if progress.done == progress.pieces else "",
        file=sys.stderr,
        flush=True,
    )


def _document(done: "Fetched", host: str) -> Json:
    return {
        "dataset": None if done.manifest is None else summary_json(done.manifest),
        "host": host,
        "fetched": done.rows,
        "asked": [[iso_ns(start), iso_ns(end)] for start, end in done.asked],
        "covered": []
        if done.manifest is None
        else [[iso_ns(start), iso_ns(end)] for start, end in done.manifest.covered],
        "requests": done.requests,
    }


def _print(done: "Fetched", host: str, what: str, span: "Span") -> None:
    if done.manifest is None:
        raise CommandFailed(
            f"{host} has no {what} from {iso_ns(span[0])} to {iso_ns(span[1])}: try another time",
            FAILED,
        )
    print_summary(done.manifest)
    for start, end in done.manifest.covered:
        print(f"covered\t{iso_ns(start)}\t{iso_ns(end)}")
    print(f"fetched\t{done.rows} rows\t{done.requests} requests\tfrom {host}")
