"""Beside the list of the Lab: the selected run's figures and doubts, its equity, the form."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, override

import msgspec
from textual import events

from tradebot.console.figures import between_text, ends_text, grouped
from tradebot.console.jobs.job import Job
from tradebot.console.rows import EMPTY, Cell, Row, cut, left, named, plain, right, wrapped
from tradebot.console.screens.lab import form as forms
from tradebot.console.screens.lab.bench import Bench, Curve
from tradebot.console.screens.lab.form import FIELDS, words_of
from tradebot.console.screens.lab.runs import RunList, head_rows, job_rows
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.trial.report import RunReport

if TYPE_CHECKING:
    from tradebot.console.screens.lab.screen import LabScreen
    from tradebot.engine.research.run_difference import RunDifference

NAME_WIDTH, LABEL_WIDTH, AXIS_WIDTH = 20, 13, 12
HEADLINE = (
    *("sr_ann", "ci95_ann", "max_drawdown", "cagr", "ann_vol", "hit_rate", "profit_factor"),
    *("expectancy", "time_in_market", "turnover_two_way", "psr", "min_trl"),
)
"""Statistics that stand first; the others follow in their own order."""


def figure(value: float | tuple[float, float] | None) -> str:
    """Return a statistic as text; an interval in brackets, `-` where it is undefined."""
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{each:.4f}" for each in value) + "]"
    if isinstance(value, float):
        return f"{value:.4f}"
    return "-" if value is None else str(value)


def run_rows(report: RunReport, width: int) -> list[Row]:
    """Return a run in full: result, doubts, statistics, what it rests on."""
    rows = head_rows(report)
    rows += named("critique", "nothing found; that is no proof", width, NAME_WIDTH, "muted")[
        : not report.critique and bool(report.statistics)
    ]
    for line in report.critique:
        rows += wrapped(f"! {plain(line)}", width, "warn")
    if report.paused is not None:
        rows += wrapped(f"PAUSED: {plain(report.paused)}", width, "fault")
    if not report.statistics:
        rows += wrapped("no statistics: this run was a trial, no backtest", width, "muted")
    first = [name for name in HEADLINE if name in report.statistics]
    for name in dict.fromkeys((*first, *report.statistics)):
        rows += named(name.replace("_", " "), figure(report.statistics[name]), width, NAME_WIDTH)
    rows += named(
        "orders, fills", f"{report.orders}, {report.fills}, fees {report.fees}", width, NAME_WIDTH
    )
    for code, count in report.refused.items():
        rows += named(f"refused {plain(code)}", str(count), width, NAME_WIDTH, "warn")
    rows += named("policy", f"{plain(report.policy)}@{report.version[:12]}", width, NAME_WIDTH)
    rows += named("data", f"{plain(report.dataset)} {report.sha256[:12]}", width, NAME_WIDTH)
    rows += named("span", f"{between_text(report.begin, report.end)} UTC", width, NAME_WIDTH)
    for name, value in report.params.items():
        rows += named(f"param {plain(name)}", plain(str(value)), width, NAME_WIDTH)
    for name, value in report.assumptions.items():
        rows += named(f"assumed {plain(name)}", plain(value), width, NAME_WIDTH, "muted")
    return rows


def difference_rows(found: "RunDifference", width: int) -> list[Row]:
    """Return two runs side by side, only what differs."""
    half = max(8, (width - NAME_WIDTH) // 2)
    heading = (
        left("", NAME_WIDTH),
        left(found.runs[0], half, "title"),
        left(found.runs[1], half, "title"),
    )
    rows: list[Row] = [cut(heading, width)]
    for title, differs in (("WENT IN", found.made), ("CAME OUT", found.came)):
        rows.append((Cell(f" {title}" + ("" if differs else ": no difference"), "strong"),))
        for name, (one, other) in differs.items():
            cells = (
                left(f" {plain(name.removeprefix('statistic '))}", NAME_WIDTH, "muted"),
                left(plain(one or "-"), half - 1),
                Cell(" "),
                left(plain(other or "-"), half),
            )
            rows.append(cut(cells, width))
    if found.source:
        rows.append((Cell(" THE POLICIES' SOURCES", "strong"),))
    return [*rows, *((Cell(f" {plain(line.rstrip())}"[:width]),) for line in found.source)]


class DetailPanel(LivePanel, can_focus=True):
    """All of the selected entry, or how it differs from the one that was marked."""

    def __init__(self, view: View, bench: Bench, runs: RunList) -> None:
        super().__init__(view, id="lab-detail")
        self._bench, self._runs = bench, runs
        self.top = 0
        """First row on show."""

    @override
    def struck(self) -> bool:
        return False

    @override
    def heading(self) -> str:
        chosen, base = self._runs.selected, self._bench.base
        if isinstance(chosen, RunReport):
            compared = base is not None and base != chosen.id
            return f"{base} against {chosen.id}" if compared else f"Run {chosen.id}"
        return "Run" if chosen is None else "Job"

    @override
    def footing(self) -> str:
        return "tab here, then up down: more" if self.top or self._longer else ""

    _longer = False

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        rows = self._all(width)
        self._longer = len(rows) > height
        self.top = min(self.top, max(0, len(rows) - height))
        return rows[self.top : self.top + height]

    def scroll_rows(self, rows: int) -> None:
        """Move through what does not fit."""
        self.top = max(0, self.top + rows)
        self.rebuild()
        self.retitle()

    def _all(self, width: int) -> list[Row]:
        chosen, base, found = self._runs.selected, self._bench.base, self._bench.difference
        match chosen:
            case None:
                words = "Result, doubts, statistics with their intervals and every assumption of a run stand here."
                return wrapped(words, width, "muted")
            case Job():
                return job_rows(chosen, width)
            case _:
                pass
        if base is None:
            return run_rows(chosen, width)
        if base == chosen.id:
            words = "marked: move to another run to see how it differs; d takes the mark away"
            return [*wrapped(words, width, "warn"), EMPTY, *run_rows(chosen, width)]
        if found is None:
            return wrapped("comparing", width, "muted")
        if isinstance(found, str):
            return wrapped(f"cannot be compared: {plain(found)}", width, "fault")
        return difference_rows(found, width)


class EquityPanel(LivePanel, can_focus=True):
    """The selected run's equity over time."""

    def __init__(self, view: View, bench: Bench, runs: RunList) -> None:
        super().__init__(view, id="lab-equity")
        self._bench, self._runs = bench, runs

    @override
    def struck(self) -> bool:
        return False

    @override
    def heading(self) -> str:
        chosen = self._runs.selected
        return f"Equity {chosen.currency}" if isinstance(chosen, RunReport) else "Equity"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        chosen, curve = self._runs.selected, self._bench.curve
        if not isinstance(chosen, RunReport):
            words = "no result yet" if chosen is not None else "the curve of the selected run"
            return wrapped(words, width, "muted")
        if curve is None or curve.run != chosen.id:
            return wrapped("reading", width, "muted")
        if curve.problem:
            return wrapped(plain(curve.problem), width, "muted")
        return curve_rows(curve, width, height, self.view)


def curve_rows(curve: Curve, width: int, height: int, view: View) -> list[Row]:
    """Return a curve in rows; the dashed line is what it began with, time goes evenly to the right."""
    columns, lines = width - AXIS_WIDTH - 2, height - 1
    if columns < 10 or lines < 3 or len(curve.points) < 2:  # noqa: PLR2004  (room for a curve)
        return [(Cell(" too few points or too little room for a curve", "muted"),)]
    begin, end = curve.points[0][0], curve.points[-1][0]
    worths = [worth for _, worth in curve.points]
    low, high = min(worths), max(worths)
    room = (high - low) or 1.0
    at: list[int] = []
    index = 0
    for column in range(columns):
        ts = begin + (end - begin) * column // (columns - 1)
        while index + 1 < len(curve.points) and curve.points[index + 1][0] <= ts:
            index += 1
        at.append(round((high - worths[index]) / room * (lines - 1)))
    start = round((high - worths[0]) / room * (lines - 1))
    cells = [[Cell(" ")] * columns for _ in range(lines)]
    cells[start] = [Cell(view.glyphs.line, "muted")] * columns
    for column, line in enumerate(at):
        before = at[column - 1] if column else line
        style = "up" if line < start else "down" if line > start else "muted"
        for each in range(min(before, line), max(before, line) + 1):
            cells[each][column] = Cell(view.glyphs.bar_full, style)
    labels = {
        start: grouped(f"{worths[0]:.2f}"),
        0: grouped(f"{high:.2f}"),
        lines - 1: grouped(f"{low:.2f}"),
    }
    rows: list[Row] = [
        (right(labels.get(line, ""), AXIS_WIDTH, "muted"), Cell(" "), *each)
        for line, each in enumerate(cells)
    ]
    first, last = ends_text(begin, end, view.zone)
    foot = first.ljust(columns - len(last)) + last
    return [*rows, (Cell(" " * (AXIS_WIDTH + 1)), Cell(foot, "muted"))]


class FormPanel(LivePanel, can_focus=True):
    """The fields of a new backtest; enter edits the one under the mark."""

    def __init__(self, view: View, screen: "LabScreen") -> None:
        super().__init__(view, id="lab-form")
        self._lab = screen

    @override
    def struck(self) -> bool:
        return False

    @override
    def heading(self) -> str:
        return "New backtest"

    @override
    def footing(self) -> str:
        dot = self.view.glyphs.dot
        return f"enter edit {dot} r run {dot} e close"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        form = self._lab.form
        hint = wrapped(form.field.hint, width, "muted")
        room = max(1, height - len(hint))
        first = max(0, form.at - room + 1)
        rows: list[Row] = []
        for field in FIELDS[first : first + room]:
            here = field == form.field
            text, editing = form.text(field), here and form.editing
            shown = f"{text}_" if editing else text or "-"
            space = max(1, width - LABEL_WIDTH - 2)
            tail = shown[-space:] if editing else shown[:space]
            style = "field" if editing else "strong" if text else "muted"
            rows.append(
                (
                    Cell(self.view.glyphs.pointer if here else " "),
                    left(field.label, LABEL_WIDTH, "muted"),
                    Cell(plain(tail), style),
                )
            )
        told = [EMPTY, *hint]
        command = " ".join(("tradebot", *words_of(form)))
        told += [EMPTY, *wrapped(plain(command), width, "muted")]
        if len(rows) + len(told) > height:
            told = hint
        return [*rows, *told][:height]

    def on_key(self, event: events.Key) -> None:
        """Type into the field that is edited; all other keys go on to the screen."""
        form = self._lab.form
        if not form.editing:
            return
        text = form.text(form.field)
        if event.key in {"enter", "escape", "tab"}:
            self._lab.put(msgspec.structs.replace(form, editing=False))
        elif event.key == "backspace":
            self._lab.put(forms.put(form, text[:-1]))
        elif event.is_printable and event.character is not None:
            self._lab.put(forms.put(form, text + event.character))
        else:
            return
        event.stop()
        event.prevent_default()
