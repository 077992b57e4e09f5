"""Screen 8, Health: every light that entry hangs on, and the newest lines of the log."""

from typing import ClassVar, override

from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.keys import bindings
from tradebot.console.screens.health.lights import EnginePanel, FeedsPanel, WaysPanel
from tradebot.console.screens.health.log import LogPanel
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.session import Session

FEEDS_WIDTH = 40


class HealthScreen(PanelScreen):
    """Is everything well, and if not, what.

    Args:
        session: The engine on show.
    """

    NAME = "health"
    BINDINGS: ClassVar[list[Binding]] = bindings("health")
    AUTO_FOCUS = "#feeds"

    def __init__(self, session: Session) -> None:
        view = session.view
        self.feeds = FeedsPanel(view, id="feeds")
        self.ways = WaysPanel(view, id="ways")
        self.engine = EnginePanel(view, id="engine")
        self.log_lines = LogPanel(view, id="log")
        super().__init__(session, (self.feeds, self.ways, self.engine, self.log_lines))

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """Feeds left, ways right; the engine below the feeds, the log beside or below."""
        if shape == "narrow":
            left, right = area.split_vertical(38)
            feeds, log = left.split_horizontal(left.height // 2)
            ways, engine = right.split_horizontal(right.height // 2)
            return {"feeds": feeds, "log": log, "ways": ways, "engine": engine}
        top, log = area.split_horizontal(-max(8, area.height // 3))
        feeds, rest = top.split_vertical(FEEDS_WIDTH)
        if shape == "wide":
            ways, engine = rest.split_vertical(rest.width // 2)
        else:
            ways, engine = rest.split_horizontal(rest.height // 2 - 1)
        return {"feeds": feeds, "ways": ways, "engine": engine, "log": log}

    @override
    async def ask(self) -> None:
        link, lookups = self.session.link, self.session.view.lookups
        lookups.health = await link.health()
        lookups.clients = await link.clients()
