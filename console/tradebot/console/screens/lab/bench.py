"""What the Lab knows: finished runs and running jobs, read beside the keys; the form; the two that are compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from tradebot.console.jobs.job import Job, dismiss, jobs
from tradebot.engine.home import home
from tradebot.engine.trial.report import REPORT, RunReport, read_equity, reports

if TYPE_CHECKING:
    from tradebot.engine.research.run_difference import RunDifference

type Entry = Job | RunReport
type Tone = Literal["info", "error"]

POINTS_MAX = 400
"""Points of a curve that are kept: more than a terminal has columns."""


class Curve(msgspec.Struct, frozen=True):
    """A run's equity, thinned out."""

    run: str
    points: tuple[tuple[int, float], ...] = ()
    """(ns UTC, worth); the first is what it began with."""
    problem: str = ""
    """Why there is none."""


class Ended(msgspec.Struct, frozen=True):
    """A job that ended since the last look."""

    text: str
    tone: Tone
    run: str = ""
    """The finished run; empty where it failed."""


class _Said(msgspec.Struct):
    run: str


class Bench:
    """Read by the panels, written by the screen; every method that touches the disk is called beside the loop."""

    def __init__(self) -> None:
        self.jobs: Sequence[Job] = ()
        self.reports: Sequence[RunReport] | None = None
        """None: not read yet."""
        self.curve: Curve | None = None
        self.base: str | None = None
        """The run the selected one is compared with."""
        self.difference: RunDifference | str | None = None
        """Why there is none, as text."""
        self.problem: str | None = None
        self._stamp: object = None
        self._failed: set[Path] | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Jobs first, then runs, each the newest first."""
        return (*self.jobs, *(self.reports or ()))

    def look(self) -> list[Ended]:
        """Read jobs and runs, and return what ended since; runs only where a folder has changed.

        Raises:
            OSError: If a folder cannot be read.
        """
        found = jobs(home() / "jobs")
        ended = [_ended(job) for job in found if job.state == "done"]
        for job in found:
            if job.state == "done":
                dismiss(job)
        failed = {job.folder for job in found if job.state == "failed"}
        if self._failed is not None:
            told = [job for job in found if job.folder in failed - self._failed]
            ended += [Ended(f"backtest failed: {job.problem}", "error") for job in told]
        self._failed = failed
        self.jobs = [job for job in found if job.state != "done"]
        stamp = _stamp(runs_folder())
        if self.reports is None or stamp != self._stamp:
            self.reports, self._stamp = reports(runs_folder()), stamp
        return ended

    def compare(self, one: str, other: str) -> None:
        """Find out how two runs differ."""
        from tradebot.engine.policy_source.errors import PolicyNotLoaded
        from tradebot.engine.research.kept_run import NotKept, kept_run
        from tradebot.engine.research.run_difference import difference

        try:
            self.difference = difference(
                kept_run(runs_folder() / one), kept_run(runs_folder() / other)
            )
        except (NotKept, PolicyNotLoaded, OSError) as error:
            self.difference = str(error)


def runs_folder() -> Path:
    """Return where finished runs are kept."""
    return home() / "runs"


def read_curve(run: str) -> Curve:
    """Return a run's equity over time."""
    try:
        points = read_equity(runs_folder() / run)
    except (OSError, msgspec.DecodeError) as error:
        return Curve(run, problem=f"no equity over time was kept: {error}")
    step = max(1, len(points) // POINTS_MAX)
    thin = [*points[:-1:step], *points[-1:]]
    return Curve(run, tuple((ts, float(worth)) for ts, worth in thin))


def write_page(run: str) -> Path:
    """Write a backtest's page beside its records and return its path.

    Raises:
        NoTables: If the run kept no tables.
        OSError: If it cannot be written.
    """
    from tradebot.engine.research.tear_sheet.page import NoTables, tear_sheet
    from tradebot.engine.trial.report import read_report

    folder = runs_folder() / run
    report = read_report(folder)
    if report is None:
        raise NoTables(f"run {run} cannot be read any more")
    page = folder / "report.html"
    page.write_text(tear_sheet(folder, report))
    return page


def _ended(job: Job) -> Ended:
    try:
        run = msgspec.json.decode(job.said, type=_Said).run
    except msgspec.DecodeError as error:
        return Ended(f"a backtest ended, but its answer cannot be read: {error}", "error")
    return Ended(f"backtest {run} is done", "info", run)


def _stamp(folder: Path) -> object:
    """Return what changes when a run is added, made again or removed."""
    if not folder.is_dir():
        return None
    kept = [place / REPORT for place in folder.iterdir()]
    return {path: path.stat().st_mtime_ns for path in kept if path.exists()}
