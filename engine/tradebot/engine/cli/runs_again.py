"""`runs diff|rerun|export`: two runs side by side, one made again, one taken elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.cli.run_choice import RunArgument, found_run

if TYPE_CHECKING:
    from tradebot.engine.research.kept_run import KeptRun

CELL_MAX = 48
"""Longest value in the table; `--json` has all of it."""


def diff_runs(
    one: RunArgument,
    other: RunArgument,
    *,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Show what differs between two runs: what went in, what came out, the policies' sources."""
    from tradebot.engine.research.run_difference import difference

    shape = form(json=json, plain=plain)
    found = difference(_kept(one), _kept(other))
    if shape == "json":
        print_json(found)
        return
    rows = [[name, _short(a), _short(b)] for name, (a, b) in {**found.made, **found.came}.items()]
    if rows or shape == "plain":
        print_table(("", *found.runs), rows, shape)
    else:
        print(f"{found.runs[0]} and {found.runs[1]} do not differ")
    for line in found.source:
        print(line)


def rerun(run: RunArgument, *, json: JsonOption = False, plain: PlainOption = False) -> int:
    """Run RUN again from what it kept and compare every table and every decision, byte by byte.

    Exit code 1 where a byte differs.
    """
    from tradebot.engine.home import data_folder
    from tradebot.engine.live.clock import SystemClock
    from tradebot.engine.research.again import again

    shape = form(json=json, plain=plain)
    found = again(_kept(run), store=data_folder(), clock=SystemClock())
    if shape == "json":
        print_json(found)
    else:
        rows = [
            [name, "equal" if then == now else "DIFFERS", then[:12], now[:12]]
            for name, (then, now) in found.parts.items()
        ]
        print_table(("part", "", "then", "now"), rows, shape)
        for line in found.why:
            print(line)
    return 0 if found.same else 1


def export_run(
    run: RunArgument,
    *,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="A new or empty folder; its parent must exist.")
    ],
) -> None:
    """Write RUN into DIR: its report, its tables as Parquet, its policy's source and, of a backtest, a page."""
    from tradebot.engine.research.export_run import export

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CommandFailed(f"--out must be a new or an empty folder, {out} is neither", USAGE)
    if not out.absolute().parent.is_dir():
        raise CommandFailed(f"--out: there is no folder {out.absolute().parent}", USAGE)
    for path in export(_kept(run), out):
        print(path)


def _short(text: str) -> str:
    return text if len(text) <= CELL_MAX else f"{text[: CELL_MAX - 1]}…"


def _kept(text: str) -> "KeptRun":
    from tradebot.engine.research.kept_run import NotKept, kept_run

    try:
        return kept_run(found_run(text).folder)
    except NotKept as error:
        raise CommandFailed(str(error), 1) from error
