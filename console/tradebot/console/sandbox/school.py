"""What a console does for the sandbox it started, from beat to beat and by key."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from tradebot.console.sandbox.coach import Coach
from tradebot.console.screens.overlays.choice import Answer, Choice
from tradebot.console.session import Session
from tradebot.console.stage import Stage
from tradebot.console.view import Level

RECORD_AFTER_S = 3.0
"""After the first frame: the first pictures have the processor for themselves."""
NOT_OURS = "K works in a sandbox that this console started, nowhere else"


class OwnSandbox(Protocol):
    """An engine this console started; its process may be killed and started again."""

    @property
    def pid(self) -> int | None:
        """Return its process number; None: it does not run."""
        ...

    def kill(self) -> None:
        """End it as `kill -9` does."""
        ...

    def start(self) -> None:
        """Start it again.

        Raises:
            OSError: If it cannot be started.
        """
        ...

    def record(self) -> None:
        """Let an hour of its market be recorded, by a process of its own, unless it was.

        Raises:
            OSError: If that process cannot be started.
        """
        ...

    def recorded(self) -> tuple[str, Level] | None:
        """Return once what became of the recording."""
        ...


class Schooling(NamedTuple):
    """What a console of its own sandbox is given."""

    own: OwnSandbox
    coach: Coach


class School:
    """Coach, plug and recording of one sandbox.

    Args:
        stage: The application.
        session: The engine.
        schooling: The engine's process and the coach.
    """

    def __init__(self, stage: Stage, session: Session, schooling: Schooling) -> None:
        self._stage = stage
        self._session = session
        self._own, self.coach = schooling
        session.view.coach = self.coach
        self._record_at_s: float | None = None
        self._asked = False

    def beat(self, now_s: float) -> None:
        """Let the coach look, and start the recording when the console has found its feet."""
        view = self._session.view
        self._coached(lambda: self.coach.look(view.newest, view.condition.kind))
        if view.newest is None:
            return
        if self._record_at_s is None:
            self._record_at_s = now_s + RECORD_AFTER_S
        elif now_s >= self._record_at_s and not self._asked:
            self._asked = True
            self._try("the sandbox's hour is not recorded", self._own.record)
        became = self._own.recorded()
        if became is not None:
            self._session.report(*became)

    def go_on(self) -> None:
        """Take the coach's step as done."""
        self._coached(self.coach.go_on)

    def dismiss(self) -> None:
        """Put the coach away for good."""
        self._coached(self.coach.dismiss)
        self._session.report("the coach is put away; ? and docs/console.md tell the rest", "info")

    def _coached(self, change: Callable[[], None]) -> None:
        before = self.coach.text
        self._try("the coach's progress is not kept", change)
        if self.coach.text != before:
            self._session.view.touch()

    def pull_plug(self) -> None:
        """Kill the engine, after a question; or start it again where it is gone."""
        pid = self._own.pid
        if pid is None:
            self._try("the sandbox does not start", self._own.start)
            return
        lines = [
            f"kill -9 of process {pid}, this sandbox's engine: as in a power cut.",
            "What it has decided is on disk; K again starts it.",
        ]

        def answered(key: str | None) -> None:
            if key == "y":
                self._own.kill()

        choice = Choice(
            self._session.view.clock, "PULL THE PLUG", lines, [Answer("y", "kill it now")]
        )
        self._stage.lay(choice, answered)

    def _try(self, what: str, do: Callable[[], None]) -> None:
        try:
            do()
        except OSError as error:
            self._session.report(f"{what}: {error}", "error")
