"""Screen 5, Lab: finished runs, what speaks against them, two compared; new backtests as jobs beside the console."""

import asyncio
from typing import ClassVar, override

import msgspec
from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.jobs.job import Job, cancel, dismiss, start_job
from tradebot.console.keys import bindings
from tradebot.console.screens.lab import form as forms
from tradebot.console.screens.lab.bench import Bench, read_curve, write_page
from tradebot.console.screens.lab.form import Form, words_of
from tradebot.console.screens.lab.panels import DetailPanel, EquityPanel, FormPanel
from tradebot.console.screens.lab.runs import RunList
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.session import Session
from tradebot.engine.home import home
from tradebot.engine.trial.report import RunReport


class LabScreen(PanelScreen):
    """Runs of policies on recordings.

    Args:
        session: The engine on show; nothing here asks it.
    """

    NAME = "lab"
    BINDINGS: ClassVar[list[Binding]] = bindings("lab")
    AUTO_FOCUS = "#lab-runs"

    def __init__(self, session: Session) -> None:
        view = session.view
        self.bench = Bench()
        self.form = Form()
        self._wanted: tuple[str | None, str | None] = (None, None)
        self.runs = RunList(view, self.bench)
        self.detail = DetailPanel(view, self.bench, self.runs)
        self.equity = EquityPanel(view, self.bench, self.runs)
        self.form_panel = FormPanel(view, self)
        super().__init__(session, (self.runs, self.detail, self.equity, self.form_panel))

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """The list above, the run's figures below it at the left, at the right its equity or the form."""
        share = 2 if shape == "narrow" else 3
        top, bottom = area.split_horizontal(max(8, area.height // share - 2))
        detail, side = bottom.split_vertical(bottom.width // 2)
        other = "lab-form" if self.form.open else "lab-equity"
        return {"lab-runs": top, "lab-detail": detail, other: side}

    @override
    def wish(self) -> object:
        return self.form.open

    @override
    async def ask(self) -> None:
        try:
            ended = await asyncio.to_thread(self.bench.look)
        except OSError as error:
            self.bench.problem = str(error)
            return
        self.bench.problem = None
        for one in ended:
            self.session.report(one.text, one.tone)
            if one.run:
                self.bench.curve = None
                self.runs.choose(one.run)
        await self._follow()

    async def _follow(self) -> None:
        """Read what belongs to the run under the mark, where that is not what was read."""
        chosen = self.runs.selected
        run = chosen.id if isinstance(chosen, RunReport) else None
        if run is not None and (self.bench.curve is None or self.bench.curve.run != run):
            self.bench.curve = await asyncio.to_thread(read_curve, run)
        base = self.bench.base
        if (base, run) != self._wanted:
            self._wanted = (base, run)
            self.bench.difference = None
            if base is not None and run is not None and base != run:
                await asyncio.to_thread(self.bench.compare, base, run)
        self.session.view.touch()

    def put(self, form: Form) -> None:
        """Take a changed form and show it at once."""
        self.form = form
        self.place()
        self.form_panel.rebuild()
        self.form_panel.retitle()

    # -- keys

    @override
    def action_move(self, rows: int) -> None:
        if self.focused is self.form_panel:
            self.put(forms.moved(self.form, rows))
        elif self.focused is self.detail:
            self.detail.scroll_rows(rows)
        else:
            self.runs.move(rows)
            self.detail.top = 0
            self.action_look()

    @override
    def action_back(self) -> None:
        if self.form.open and self.maximised is None:
            self.action_new_run()
        else:
            super().action_back()

    def action_new_run(self) -> None:
        """Open the form of a backtest, or close it; what was typed stays."""
        self.maximised = None
        self.put(msgspec.structs.replace(self.form, open=not self.form.open, editing=False))
        (self.form_panel if self.form.open else self.runs).focus()

    def action_edit(self) -> None:
        """Edit the field under the mark; opens the form where it is closed."""
        if not self.form.open:
            self.action_new_run()
        else:
            self.form_panel.focus()
            self.put(msgspec.structs.replace(self.form, editing=True))

    def action_run_form(self) -> None:
        """Start what the form says as a job of its own."""
        if not self.form.open:
            self.action_new_run()
            return
        now = self.session.view.clock.wall_ns()
        try:
            job = start_job(home() / "jobs", words_of(self.form), now)
        except OSError as error:
            self.session.report(f"the backtest could not be started: {error}", "error")
            return
        self.bench.jobs = [job, *self.bench.jobs]
        self.runs.choose(job.folder.name)
        self.action_new_run()
        self.session.report("backtest started; it goes on without this console", "info")

    def action_compare(self) -> None:
        """Mark the selected run, or take the mark away where it is marked."""
        chosen = self.runs.selected
        if not isinstance(chosen, RunReport):
            self.session.report("only finished runs can be compared", "warn")
            return
        self.bench.base = None if self.bench.base == chosen.id else chosen.id
        self.action_look()

    def action_page(self) -> None:
        """Write the selected run's page and say where it is."""
        chosen = self.runs.selected
        if isinstance(chosen, RunReport):
            self.run_worker(self._page(chosen.id), group="page")
        else:
            self.session.report("only finished runs have a page", "warn")

    async def _page(self, run: str) -> None:
        from tradebot.engine.research.tear_sheet.page import NoTables

        try:
            page = await asyncio.to_thread(write_page, run)
        except (NoTables, OSError) as error:
            self.session.report(f"no page: {error}", "error")
        else:
            self.session.report(f"the page, for any browser: {page}", "info")

    def action_cancel_job(self) -> None:
        """End the selected job; one that is over is taken out of the list."""
        chosen = self.runs.selected
        if not isinstance(chosen, Job):
            self.session.report("x cancels a job; runs are kept", "warn")
            return
        if self.runs.slipped:
            return
        try:
            if chosen.state == "running":
                cancel(chosen)
            else:
                dismiss(chosen)
        except OSError as error:
            self.session.report(f"the job could not be ended: {error}", "error")
        self.action_look()
