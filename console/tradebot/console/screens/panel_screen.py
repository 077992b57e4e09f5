"""What the screens beside Trade have in common: the rows around, focus, maximise, questions asked while open."""

from collections.abc import Awaitable, Sequence
from typing import ClassVar, override

from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.screen import Screen

from tradebot.console.application import application_of
from tradebot.console.link.protocol import LinkError
from tradebot.console.screens.trade.board import CARD_HEIGHT, Placement, Shape, shape_of
from tradebot.console.screens.trade.orders import READ_ONLY
from tradebot.console.screens.trade.panels.card import Card
from tradebot.console.screens.trade.panels.event_line import EventLine
from tradebot.console.screens.trade.panels.key_line import KeyLine
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.screens.trade.panels.status_row import StatusRow
from tradebot.console.session import Session
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_orders import CommandAnswer

UNBORDERED = ("status", "events", "keys", "calibration")
ASK_EVERY_S = 1.0
"""How often an open screen asks for what frames do not carry."""


class PanelScreen(Screen[None]):
    """A screen of panels.

    Args:
        session: The engine on show.
        panels: Its own panels, the most important first.
    """

    NAME: ClassVar[str]

    def __init__(self, session: Session, panels: Sequence[LivePanel]) -> None:
        super().__init__()
        self.session = session
        view = session.view
        self.own = tuple(panels)
        self.panels: tuple[LivePanel, ...] = (
            StatusRow(view, id="status"),
            Card(view, id="card"),
            *self.own,
            EventLine(view, id="events"),
            KeyLine(view, id="keys", screen=self.NAME),
        )
        self.maximised: str | None = None
        self._placed: tuple[object, ...] | None = None
        self._asked_s = float("-inf")
        self._asking = False

    @override
    def compose(self) -> ComposeResult:
        with Container(id="board"):
            for panel in self.panels:
                if panel.id not in UNBORDERED:
                    panel.add_class("bordered")
                yield panel

    # -- layout

    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """Return where the screen's own panels stand in an area; total and without overlap."""
        raise NotImplementedError

    def wish(self) -> object:
        """Return what else the layout hangs on; another wish lays out anew."""
        return None

    def on_mount(self) -> None:
        """Lay out for the size there is."""
        self.place()

    def on_resize(self) -> None:
        """Lay out for another size."""
        self.place()

    def placement(self) -> Placement:
        """Return the region of every panel shown."""
        width, height = self.size
        shape = shape_of(width, height)
        placed: Placement = {"status": Region(0, 0, width, 1)}
        if height < CARD_HEIGHT:
            return placed
        placed["keys"] = Region(0, height - 1, width, 1)
        middle = Region(0, 1, width, height - 2)
        small = shape == "small"
        if small or self.session.view.condition.kind == "lost":
            placed["card"], middle = middle.split_horizontal(min(CARD_HEIGHT, middle.height))
        if small:
            first = self.own[0].id or ""
            return placed | ({first: middle} if middle.height > 2 else {})  # noqa: PLR2004  (a border and a row)
        middle, placed["events"] = middle.split_horizontal(-1)
        if self.maximised is not None:
            return placed | {self.maximised: middle}
        return placed | self.lay_out(shape, middle)

    def place(self) -> None:
        """Give every panel its region where something has changed."""
        lost = self.session.view.condition.kind == "lost"
        now = (self.size, self.maximised, lost, self.wish())
        if now == self._placed or not self.size:
            return
        self._placed = now
        placed = self.placement()
        for panel in self.panels:
            region = placed.get(panel.id or "")
            panel.display = region is not None
            if region is not None:
                panel.styles.offset = (region.x, region.y)
                panel.styles.width = region.width
                panel.styles.height = region.height

    # -- the clock

    def beat(self, now_s: float) -> None:
        """Bring every visible panel up to date, and ask what frames do not carry; called by the frame clock."""
        self.place()
        if now_s - self._asked_s >= ASK_EVERY_S:
            self.look(now_s)
        for panel in self.panels:
            if panel.display:
                panel.beat(now_s)

    def look(self, now_s: float) -> None:
        """Ask now, unless a question stands open."""
        if not self._asking:
            self._asked_s, self._asking = now_s, True
            self.run_worker(self._look(), group="look")

    async def _look(self) -> None:
        lookups = self.session.view.lookups
        try:
            await self.ask()
            lookups.problem = None
        except LinkError as error:
            lookups.problem = str(error)
        finally:
            self._asking = False
            self.session.view.touch()

    async def ask(self) -> None:
        """Ask the engine what this screen shows beside the frame; raises LinkError."""

    # -- keys

    def action_move(self, rows: int) -> None:
        """Move in the focused list, else in the first."""
        focused = self.focused
        if isinstance(focused, ListPanel):
            focused.move(rows)
            return
        for panel in self.own:
            if isinstance(panel, ListPanel) and panel.display:
                panel.move(rows)
                return

    def action_maximise(self) -> None:
        """Show the focused panel alone, or all again."""
        focused = self.focused
        if self.maximised is not None:
            self.maximised = None
        elif isinstance(focused, LivePanel):
            self.maximised = focused.id
        self.place()

    def action_back(self) -> None:
        """Leave what is open, one thing at a time: maximised panel, freeze, toasts."""
        if self.maximised is not None:
            self.action_maximise()
        elif self.session.view.frozen:
            self.action_freeze()
        else:
            application_of(self).clear_notifications()

    def action_freeze(self) -> None:
        """Hold or release the picture."""
        view = self.session.view
        view.freeze(on=not view.frozen)

    def action_look(self) -> None:
        """Ask again now."""
        self.look(self.session.view.clock.monotonic_s())

    # -- commands

    def may_send(self) -> bool:
        """Return whether this console may send; where not, say why."""
        if self.session.view.read_only:
            self.session.report(READ_ONLY, "warn")
            return False
        return True

    def send(self, what: str, asked: Awaitable[CommandAnswer]) -> None:
        """Carry a command beside the keys, and ask anew what it changed."""
        self.run_worker(self._send(what, asked), group="command")

    async def _send(self, what: str, asked: Awaitable[CommandAnswer]) -> None:
        await self.session.command(what, asked)
        self.action_look()
