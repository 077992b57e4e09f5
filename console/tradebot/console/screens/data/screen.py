"""Screen 7, Data: the datasets of this machine's store, what is odd in them, and where they have gaps."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, override

from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.figures import between_text, count_text, date_text, span_text
from tradebot.console.keys import bindings
from tradebot.console.rows import Cell, Row, left, named, plain, right, wrapped
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.session import Session
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.data.manifest import Manifest
from tradebot.engine.catalogue import datasets

NAME_WIDTH = 15
FIGURES_WIDTH = 9 + 13 + 12 + 12


class Shelf:
    """What was read of the store."""

    def __init__(self) -> None:
        self.manifests: Sequence[Manifest] | None = None
        """None: not read yet."""
        self.problem: str | None = None

    def look(self) -> None:
        """Read the store's manifests; called beside the loop."""
        from tradebot.data.errors import DatasetError

        try:
            self.manifests = datasets()
            self.problem = None
        except (DatasetError, OSError) as error:
            self.problem = str(error)


def odd_count(manifest: Manifest) -> int:
    """Return how much of the source was odd."""
    return sum(found.count for found in manifest.problems.values())


def gaps(manifest: Manifest) -> list[tuple[int, int]]:
    """Return the spans between those that were fetched, ns UTC."""
    return [(before, after) for (_, before), (after, _) in pairwise(manifest.covered)]


def day(ts: int | None, view: View) -> str:
    """Return the date of an instant, `-` where there is none."""
    return "-" if ts is None else date_text(ts, view.zone)


class DatasetList(ListPanel[Manifest]):
    """Every dataset with kinds, rows, span and whether something in its source was odd."""

    NOTHING: ClassVar[Sequence[str]] = (
        "No datasets yet. The first one, at a shell:",
        "  tradebot data import csv FILE --symbol NAME",
        "The sandbox records an hour of itself as sandbox/hour;",
        "a backtest of it (5, e, r) records it where it is not there.",
    )

    def __init__(self, view: View, shelf: Shelf) -> None:
        super().__init__(view, id="data-list")
        self._shelf = shelf

    @override
    def items(self) -> Sequence[Manifest]:
        return self._shelf.manifests or ()

    @override
    def key_of(self, item: Manifest) -> str:
        return item.dataset

    @override
    def struck(self) -> bool:
        return False

    @override
    def empty_words(self) -> Sequence[str]:
        if self._shelf.problem is not None:
            return ("THE STORE CANNOT BE READ:", plain(self._shelf.problem))
        return ("reading the store",) if self._shelf.manifests is None else self.NOTHING

    @override
    def heading(self) -> str:
        return f"Datasets of this machine {len(self.items()) or ''}".rstrip()

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("dataset", max(0, width - FIGURES_WIDTH), "title"),
            right("rows", 9, "title"),
            left("  odd", 13, "title"),
            left("from", 12, "title"),
            left("to", 12, "title"),
        )

    @override
    def line(self, item: Manifest, width: int) -> Row:
        odd = odd_count(item)
        return (
            left(plain(item.dataset), max(0, width - FIGURES_WIDTH), "strong"),
            right(count_text(item.rows), 9),
            left(f"  {f'{odd:,} ODD' if odd else 'none'}", 13, "warn" if odd else "muted"),
            left(day(item.first_ts, self.view), 12),
            left(day(item.last_ts, self.view), 12),
        )


def dataset_rows(manifest: Manifest, width: int, view: View) -> list[Row]:
    """Return one dataset in full: what it holds, where it is from, what was odd, where it has gaps."""
    rows: list[Row] = []
    for instrument in manifest.instruments:
        rules = instrument.rules[0]
        tick, lot = instrument.price(rules.tick), instrument.quantity(rules.lot)
        words = f"{plain(instrument.id)}, {instrument.kind}, tick {tick:f}, lot {lot:f}"
        rows += named("instrument", words, width, NAME_WIDTH, "strong")
    for file in manifest.files:
        words = f"{file.kind} of {plain(file.instrument)}: {file.rows:,} rows, {file.bytes:,} bytes"
        rows += named("file", words, width, NAME_WIDTH)
    rows += named(
        "origin", f"{manifest.format} importer {manifest.importer_version}", width, NAME_WIDTH
    )
    for source in manifest.sources:
        rows += named("", f"{plain(source.name)}, {source.bytes:,} bytes", width, NAME_WIDTH)
    for option, value in manifest.guesses.items():
        rows += named("guessed", f"{option} {plain(value)}", width, NAME_WIDTH, "muted")
    odd = {name: found for name, found in manifest.problems.items() if found.count}
    if not odd:
        rows += named("odd", "nothing was noted when it was read", width, NAME_WIDTH, "muted")
    for name, found in odd.items():
        rows += named(name, f"{found.count:,}", width, NAME_WIDTH, "warn")
        for place in found.first[:3]:
            words = f"{plain(place.file)}:{place.line} {plain(place.text)}"
            rows += named("", words, width, NAME_WIDTH, "muted")
    for begin, end in gaps(manifest):
        lacks = between_text(begin, end, view.zone)
        words = f"{lacks}: {span_text((end - begin) / 1e9)} not fetched"
        rows += named("GAP", words, width, NAME_WIDTH, "warn")
    rows += named("sha256", manifest.sha256, width, NAME_WIDTH, "muted")
    check = f"tradebot data check {plain(manifest.dataset)}"
    return [*rows, *named("compare files", check, width, NAME_WIDTH, "muted")]


class DatasetPanel(LivePanel, can_focus=True):
    """All of the selected dataset."""

    def __init__(self, view: View, shelf: Shelf, chosen: DatasetList) -> None:
        super().__init__(view, id="data-detail")
        self._shelf, self._list = shelf, chosen
        self.top = 0

    @override
    def struck(self) -> bool:
        return False

    @override
    def heading(self) -> str:
        chosen = self._list.selected
        return "Dataset" if chosen is None else plain(chosen.dataset)

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        chosen = self._list.selected
        if chosen is None:
            words = "Instruments, files, origin, what was odd and the gaps of a dataset stand here."
            return wrapped(words, width, "muted")
        rows = dataset_rows(chosen, width, self.view)
        self.top = min(self.top, max(0, len(rows) - height))
        more = len(rows) - self.top - height
        shown = rows[self.top : self.top + height]
        if more > 0:
            words = f" {more + 1} more rows: tab here, then down"
            shown[-1] = (Cell(words[:width], "title"),)
        return shown

    def scroll_rows(self, rows: int) -> None:
        """Move through what does not fit."""
        self.top = max(0, self.top + rows)
        self.rebuild()


class DataScreen(PanelScreen):
    """The store of datasets.

    Args:
        session: The engine on show; nothing here asks it.
    """

    NAME = "data"
    BINDINGS: ClassVar[list[Binding]] = bindings("data")
    AUTO_FOCUS = "#data-list"

    def __init__(self, session: Session) -> None:
        self.shelf = Shelf()
        self.datasets = DatasetList(session.view, self.shelf)
        self.detail = DatasetPanel(session.view, self.shelf, self.datasets)
        super().__init__(session, (self.datasets, self.detail))

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """The list above, the selected one below."""
        top, bottom = area.split_horizontal(area.height // 2)
        return {"data-list": top, "data-detail": bottom}

    @override
    async def ask(self) -> None:
        await asyncio.to_thread(self.shelf.look)

    @override
    def action_move(self, rows: int) -> None:
        if self.focused is self.detail:
            self.detail.scroll_rows(rows)
        else:
            self.detail.top = 0
            self.datasets.move(rows)
            self.detail.rebuild()
            self.detail.retitle()
