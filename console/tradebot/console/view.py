"""What the console knows: the newest frame and when it came, the window it asked for, what happened."""

from collections import deque
from datetime import UTC, tzinfo
from typing import Literal, Protocol

import msgspec

from tradebot.console.clock import Clock
from tradebot.console.condition import Condition, condition_of
from tradebot.console.glyphs import Glyphs
from tradebot.console.link.protocol import StateQuery
from tradebot.console.lookups import Lookups
from tradebot.engine.cli.failures import UNREACHABLE
from tradebot.engine.control.messages_frame import Frame

HISTORY_MAX = 50_000
"""Lines of the event history kept in memory."""

type Level = Literal["info", "warn", "error"]
"""How much a line matters."""


class Hint(Protocol):
    """Words that may stand where the last event stands."""

    @property
    def step(self) -> int:
        """Return which of the steps they are about."""
        ...

    @property
    def text(self) -> str:
        """Return the words; empty: none."""
        ...


class HistoryLine(msgspec.Struct, frozen=True):
    """One line of the event history."""

    ts: int
    """ns UTC, the engine's time."""
    level: Level
    text: str


class View:
    """One writer (the readers of the link), many readers (the panels), all on the console's loop."""

    def __init__(
        self, clock: Clock, glyphs: Glyphs, *, zone: tzinfo = UTC, read_only: bool = False
    ) -> None:
        self.clock = clock
        self.glyphs = glyphs
        self.zone = zone
        self.read_only = read_only
        self.query = StateQuery()
        self.history: deque[HistoryLine] = deque(maxlen=HISTORY_MAX)
        self.lookups = Lookups()
        """What was asked for beside the frames."""
        self.coach: Hint | None = None
        """What leads through a sandbox that this console started."""
        self.address = ""
        """Where the engine is that the trader named; empty: our own, or one of this machine."""
        self.link_problem: str | None = None
        """Why the link is down, None while it is up."""
        self.link_exit_code = UNREACHABLE
        """What the console's end comes to if it never comes up."""
        self.fps = 30
        self.stamp = 0
        """Grows with every change of what a panel could show."""
        self._opened_s = clock.monotonic_s()
        self._mail: str | None = None
        self._received_s: float | None = None
        self._received_ns = 0
        self._transit_s = 0.0
        self._newest: Frame | None = None
        self._frozen: Frame | None = None
        self._decode = msgspec.json.Decoder(Frame).decode

    def receive(self, text: str) -> None:
        """Take a frame as it came; only the newest is ever decoded."""
        self._mail = text
        self._received_s = self.clock.monotonic_s()
        self._received_ns = self.clock.wall_ns()
        self.link_problem = None

    def open_mail(self) -> None:
        """Decode the newest frame, if one came since the last time.

        Raises:
            msgspec.DecodeError: If it is no frame of this API.
        """
        mail, self._mail = self._mail, None
        if mail is not None:
            self._newest = self._decode(mail)
            # Old already when it came: a slow link. Clocks of two machines may differ; never less than nothing.
            self._transit_s = max(0.0, (self._received_ns - self._newest.sent) / 1e9)
            self.touch()

    def touch(self) -> None:
        """Say that something a panel shows has changed."""
        self.stamp += 1

    def ask_for(self, query: StateQuery) -> None:
        """Take another window; the old picture stays until the new one comes."""
        self.query = query
        self.touch()

    @property
    def frame(self) -> Frame | None:
        """The frame to show: the newest, or the one the trader froze."""
        return self._frozen or self._newest

    @property
    def newest(self) -> Frame | None:
        """The newest frame, frozen or not: decisions look at this one."""
        return self._newest

    @property
    def frozen(self) -> bool:
        """Whether the trader froze the picture; the engine goes on."""
        return self._frozen is not None

    def freeze(self, *, on: bool) -> None:
        """Freeze or release the picture."""
        self._frozen = self._newest if on else None
        self.touch()

    @property
    def silence_s(self) -> float:
        """Since the last frame came (since the start before the first), s."""
        since = self._opened_s if self._received_s is None else self._received_s
        return max(0.0, self.clock.monotonic_s() - since)

    @property
    def condition(self) -> Condition:
        """How far the picture can be trusted."""
        return condition_of(self._newest, self.silence_s, self._transit_s)

    def tell(self, line: HistoryLine) -> None:
        """Add a line to the history."""
        self.history.append(line)
        self.touch()
