"""`tradebot data record`: live feeds into the store, through the engine where one runs."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.data_shown import print_summary, summary_json
from tradebot.engine.cli.failures import FAILED, UNREACHABLE, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form
from tradebot.engine.cli.output import print_json
from tradebot.engine.cli.target import folder_of

if TYPE_CHECKING:
    from tradebot.data.instruments import Instrument
    from tradebot.data.store import Store

_NS = 1_000_000_000
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")


def record_command(  # noqa: PLR0913  (options of a command line)
    symbols: Annotated[
        list[str], typer.Argument(metavar="SYMBOL...", help="venue:symbol, all of one venue.")
    ],
    *,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="DATASET", help="Else recorded/VENUE-SYMBOL-..."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="NAME", help="Which engine's market, where it runs."),
    ] = None,
    every: Annotated[
        int, typer.Option("--every", min=1, max=86_400, help="Seconds of a piece.")
    ] = 300,
    last: Annotated[
        float | None, typer.Option("--for", min=0.1, help="Seconds to record; else until asked.")
    ] = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Record until SIGTERM or ctrl-c; each piece is kept whole, kill -9 loses the open one at most."""
    from tradebot.data.datasets import parse_dataset
    from tradebot.data.errors import DatasetNameError
    from tradebot.data.store import Store
    from tradebot.engine.home import data_folder

    shape = form(json=json, plain=plain)
    venue = _venue(symbols)
    store = Store(data_folder())
    try:
        dataset = parse_dataset(name or _own_name(symbols)).text
    except DatasetNameError as error:
        raise CommandFailed(str(error), USAGE) from error
    with store.writing(dataset):
        task = _Task(store, dataset, tuple(dict.fromkeys(symbols)), every * _NS, last)
        source = task.run(venue, folder_of(engine)[1], named=engine is not None)
    if not store.holds(dataset):
        raise CommandFailed(f"nothing came from {source}; tradebot health tells how it is", FAILED)
    manifest = store.show(dataset)
    if shape == "json":
        print_json({"dataset": summary_json(manifest), "source": source, "recorded": task.rows})
        return
    print_summary(manifest)
    print(f"recorded\t{task.rows} events\tfrom {source}")


class _Task:
    """One recording."""

    def __init__(
        self, store: "Store", dataset: str, symbols: tuple[str, ...], every: int, last: float | None
    ) -> None:
        self._store = store
        self._dataset = dataset
        self._symbols = symbols
        self._every = every
        self._last = last
        self.rows = 0

    def run(self, venue: str, folder: Path, *, named: bool) -> str:
        """Record to the end; return where from."""
        from tradebot.engine.recording.engine_feed import chosen, instruments_of

        there = instruments_of(folder)
        instruments = chosen(there, self._symbols)
        if instruments:
            return self._engine(folder, instruments)
        if named or venue == "sandbox":
            known = ", ".join(one.id for one in there) or "no engine runs there"
            raise CommandFailed(
                f"{folder.name} does not trade {', '.join(self._symbols)}: {known}; tradebot run starts one",
                UNREACHABLE,
            )
        return self._market(venue)

    def _engine(self, folder: Path, instruments: "tuple[Instrument, ...]") -> str:
        from tradebot.engine.live.clock import SystemClock
        from tradebot.engine.recording.engine_feed import EngineFeed, engine_id, place_of
        from tradebot.engine.recording.recorder import Recorder
        from tradebot.engine.recording.run import record_engine

        held = self._store.holds(self._dataset)
        place = place_of(self._store.show(self._dataset).position) if held else None
        feed = EngineFeed(folder, engine_id(folder), instruments, place)
        clock = SystemClock()
        recorder = Recorder(
            self._store,
            self._dataset,
            instruments,
            clock.system_ns(),
            every=self._every,
            gap=not feed.follows,
        )
        source = f"engine {folder.name}"
        self._say(source)
        ending = asyncio.Event()
        asyncio.run(self._until_asked(record_engine(feed, recorder, clock, ending), ending))
        self.rows = recorder.rows
        return source

    def _market(self, venue: str) -> str:
        from tradebot.engine.brokers.place import REAL, paper_market
        from tradebot.engine.config.load import load
        from tradebot.engine.live.clock import SystemClock
        from tradebot.engine.recording.recorder import Recorder
        from tradebot.engine.recording.run import record_market

        if venue not in REAL:
            raise CommandFailed(f"venue must be one of {', '.join(REAL)}, was {venue!r}", USAGE)
        accounts = {
            name: one
            for name, one in load(os.environ).config.accounts.items()
            if one.venue == venue
        }
        clock = SystemClock()
        spelled = [symbol.partition(":")[2] for symbol in self._symbols]
        plan = paper_market(venue, accounts, spelled, clock)
        recorder = Recorder(
            self._store, self._dataset, plan.terms.instruments, clock.system_ns(), every=self._every
        )
        self._say(plan.description)
        ending = asyncio.Event()
        asyncio.run(self._until_asked(record_market(plan, recorder, clock, ending), ending))
        self.rows = recorder.rows
        return plan.description

    def _say(self, source: str) -> None:
        print(
            f"recording {', '.join(self._symbols)} from {source} into {self._dataset}",
            file=sys.stderr,
            flush=True,
        )

    async def _until_asked(
        self, recording: Coroutine[None, None, None], ending: asyncio.Event
    ) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        if self._last is not None:
            loop.call_later(self._last, ending.set)
        await recording


def _venue(symbols: list[str]) -> str:
    """Return the one venue of all symbols.

    Raises:
        CommandFailed: If a symbol names none, or they are of several.
    """
    for symbol in symbols:
        venue, colon, rest = symbol.partition(":")
        if not (venue and colon and rest):
            raise CommandFailed(f"SYMBOL must be venue:symbol, was {symbol!r}", USAGE)
    venues = sorted({symbol.partition(":")[0] for symbol in symbols})
    if len(venues) > 1:
        raise CommandFailed(
            f"one recording has one venue, was {', '.join(venues)}: start one for each", USAGE
        )
    return venues[0]


def _own_name(symbols: list[str]) -> str:
    parts = [symbols[0].partition(":")[0], *(symbol.partition(":")[2] for symbol in symbols)]
    return "recorded/" + "-".join(_NOT_IN_A_NAME.sub("-", part.lower()) for part in parts)
