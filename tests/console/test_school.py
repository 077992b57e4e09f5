"""The console of its own sandbox: coach in the event line, the plug, the recorded hour; and drills over any screen."""

from collections.abc import AsyncGenerator

import pytest
from console_driver import Console, running

from tradebot.console.app import ConsoleApp
from tradebot.console.rows import text_of
from tradebot.console.sandbox.coach import Coach
from tradebot.console.sandbox.progress import Progress
from tradebot.console.sandbox.school import School, Schooling
from tradebot.console.screens.overlays.choice import Choice
from tradebot.console.screens.overlays.drill import DrillOverlay
from tradebot.console.screens.trade.panels.event_line import EventLine
from tradebot.console.view import HistoryLine, Level
from tradebot.engine.drills.result import DRILLS


class FakeSandbox:
    """A process that dies and comes back on paper."""

    def __init__(self) -> None:
        self.pid: int | None = 4711
        self.asked_to_record = 0
        self.became: tuple[str, Level] | None = None

    def kill(self) -> None:
        self.pid = None

    def start(self) -> None:
        self.pid = 4712

    def record(self) -> None:
        self.asked_to_record += 1
        self.became = ("recorded", "info")

    def recorded(self) -> tuple[str, Level] | None:
        became, self.became = self.became, None
        return became


class Own:
    """A console with a sandbox of its own."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.console = Console()
        self.sandbox = FakeSandbox()
        self.kept: list[Progress] = []
        schooling = Schooling(self.sandbox, Coach(progress or Progress(), self.kept.append))
        self.console.app = ConsoleApp(
            lambda: self.console.link, self.console.view, ticking=False, schooling=schooling
        )

    @property
    def school(self) -> School:
        assert self.console.app.school is not None
        return self.console.app.school


def event_line(console: Console) -> str:
    (line,) = console.app.screen.query(EventLine)
    return text_of(line.rows[0])


async def test_the_coach_stands_in_the_event_line_and_n_and_capital_n_move_and_end_it() -> None:
    own = Own(Progress(step=4))
    async with running(own.console) as console:
        assert event_line(console).startswith(" coach 4/5  pull the plug")
        assert event_line(console).endswith("n next  N away ")
        await console.press("n")
        assert "coach 5/5" in event_line(console) or "are back" in event_line(console)
        await console.press("N")
        await console.beat(times=2)
        assert "coach" not in event_line(console).replace("the coach is put away", "")
        assert own.kept[-1].dismissed


async def test_what_has_just_gone_wrong_stands_before_the_coach() -> None:
    own = Own()
    async with running(own.console) as console:
        frame = console.view.newest
        assert frame is not None
        console.view.tell(HistoryLine(frame.now, "error", "the feed broke"))
        await console.beat()
        assert "the feed broke" in event_line(console)


async def test_a_console_of_another_engine_has_no_coach_and_k_says_why() -> None:
    async with running(Console()) as console:
        assert "coach" not in event_line(console)
        await console.press("K")
        assert "that this console started" in console.view.history[-1].text


async def test_the_plug_asks_kills_and_starts_again() -> None:
    own = Own(Progress(dismissed=True))
    async with running(own.console) as console:
        await console.press("K")
        assert isinstance(console.app.screen, Choice)
        await console.beat(times=2)
        await console.press("y")
        assert own.sandbox.pid is None
        await console.press("K")
        assert own.sandbox.pid == 4712


async def test_the_hour_is_recorded_once_and_not_before_the_console_has_found_its_feet() -> None:
    own = Own()
    async with running(own.console) as console:
        assert own.sandbox.asked_to_record == 0
        await console.beat(times=20)
        assert own.sandbox.asked_to_record == 1
        assert "recorded" in [line.text for line in console.view.history]


async def drill_of_three(name: str) -> AsyncGenerator[str]:
    for line in (f"drill {name}", "  1.0 s  kill -9", "PASSED in 2.0 s: nothing is missing"):
        yield line


@pytest.mark.parametrize("name", DRILLS)
async def test_a_drill_is_shown_line_by_line_until_it_is_closed(name: str) -> None:
    async with running(Console()) as console:
        console.app.desk.play_drill = drill_of_three
        command = console.app.read_command(f"drill {name}")
        assert command is not None
        console.app.do_command(command)
        await console.beat(times=3)
        overlay = console.app.screen
        assert isinstance(overlay, DrillOverlay)
        assert overlay.over
        shown = "\n".join(text_of(row) for row in overlay.sheet.rows)
        assert "kill -9" in shown
        assert "PASSED" in shown
        await console.press("escape")
        assert not isinstance(console.app.screen, DrillOverlay)
