"""The list of the Lab: jobs first, then every finished run with its headline figures."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import signed_money, span_text
from tradebot.console.jobs.job import Job
from tradebot.console.rows import Cell, Row, left, plain, right, wrapped
from tradebot.console.screens.lab.bench import Bench, Entry
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.view import View
from tradebot.engine.trial.report import RunReport

ID_WIDTH, POLICY_WIDTH, DATA_MIN = 9, 13, 13
FIGURES_WIDTH = 9 + 8 + 7 + 8
STATES = {"running": "RUNNING", "failed": "FAILED", "cancelled": "CANCELLED", "done": "DONE"}
STYLES = {"running": "warn", "failed": "fault", "cancelled": "muted", "done": "ok"}


def number(value: object, decimals: int = 2) -> str:
    """Return a statistic for a list; `-` where it is undefined."""
    return f"{value:.{decimals}f}" if isinstance(value, (int, float)) else "-"


class RunList(ListPanel[Entry]):
    """Jobs and runs.

    Args:
        view: What the console knows.
        bench: What the Lab knows.
    """

    NOTHING: ClassVar[Sequence[str]] = (
        "No runs yet. e opens the form of the first:",
        "  the policy trend on the sandbox's recorded hour; r runs it.",
        "The same at a shell:",
        "  tradebot backtest trend --data sandbox/hour",
        "A policy of your own: tradebot policy new NAME",
    )

    def __init__(self, view: View, bench: Bench) -> None:
        super().__init__(view, id="lab-runs")
        self._bench = bench

    @override
    def items(self) -> Sequence[Entry]:
        return self._bench.entries

    @override
    def key_of(self, item: Entry) -> str:
        return item.folder.name if isinstance(item, Job) else item.id

    def choose(self, key: str) -> None:
        """Put the mark on an entry, where it is in the list."""
        keys = [self.key_of(item) for item in self.items()]
        if key in keys:
            self.select(keys.index(key))

    @override
    def struck(self) -> bool:
        return False

    @override
    def empty_words(self) -> Sequence[str]:
        if self._bench.problem is not None:
            return ("THE RUNS CANNOT BE READ:", plain(self._bench.problem))
        return ("reading the runs",) if self._bench.reports is None else self.NOTHING

    @override
    def heading(self) -> str:
        count = len(self._bench.reports or ())
        return f"Runs of this machine {count}" if count else "Runs of this machine"

    @override
    def footing(self) -> str:
        dot = self.view.glyphs.dot
        return f"e new {dot} d compare {dot} o page {dot} x cancel"

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("run", ID_WIDTH, "title"),
            left("policy", POLICY_WIDTH, "title"),
            left("data", self._data_width(width), "title"),
            right("result", 9, "title"),
            right("sharpe", 8, "title"),
            right("fills", 7, "title"),
            right("fall", 8, "title"),
        )

    @override
    def line(self, item: Entry, width: int) -> Row:
        data_width = self._data_width(width)
        if isinstance(item, Job):
            words = [word for word in item.what.words[1:] if word != "--json"]
            state = left(STATES[item.state], ID_WIDTH + 1, STYLES[item.state])
            room = max(0, width - ID_WIDTH - 1 - 22)
            return (state, left(plain(" ".join(words)), room), right(self._stage(item), 22))
        share = item.result_share * 100
        fall = item.statistics.get("max_drawdown")
        return (
            left(item.id, ID_WIDTH, "strong" if item.id != self._bench.base else "warn"),
            left(plain(item.policy.rpartition(":")[2]), POLICY_WIDTH),
            left(plain(item.dataset), data_width),
            right(f"{share:+.2f}%", 9, "up" if share > 0 else "down" if share else "muted"),
            right(number(item.statistics.get("sr_ann")), 8),
            right(str(item.fills), 7),
            right(f"-{fall:.2%}" if isinstance(fall, float) else "-", 8),
        )

    def _data_width(self, width: int) -> int:
        return max(0, width - ID_WIDTH - POLICY_WIDTH - FIGURES_WIDTH)

    def _stage(self, job: Job) -> str:
        if job.state != "running":
            return ""
        seconds = max(0.0, (self.view.clock.wall_ns() - job.what.began) / 1e9)
        count = "starting" if job.count is None else f"{job.count:,} events"
        return f" {count} {span_text(seconds)}"


def job_rows(job: Job, width: int) -> list[Row]:
    """Return a job in full: what was asked, and why it failed."""
    command = " ".join(("tradebot", *job.what.words))
    rows = [*wrapped(plain(command), width, "muted"), ()]
    match job.state:
        case "running":
            words = (
                "It goes on where this console ends; x cancels it. Its result comes into the list."
            )
            rows += wrapped(words, width)
        case "failed":
            rows += wrapped(plain(job.problem), width, "fault")
            rows += [(), *wrapped("e changes the form; x takes this line away", width, "muted")]
        case _:
            rows += wrapped("cancelled: nothing was kept; x takes this line away", width, "muted")
    return rows


def head_rows(report: RunReport) -> list[Row]:
    """Return what was run and what came of it, money first."""
    share = report.result_share * 100
    style = "up" if share > 0 else "down" if share else "muted"
    return [
        (
            Cell(" result "),
            Cell(f"{signed_money(report.result)} {report.currency}", f"strong {style}"),
            Cell(f"  {share:+.2f}% of {plain(report.capital)}, fees in it", "muted"),
        ),
    ]
