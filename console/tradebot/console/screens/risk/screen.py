"""Screen 3, Risk: limits, trading state, sleeves, protection, accounts, who may add risk."""

from typing import ClassVar, override

from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.keys import bindings
from tradebot.console.rows import plain
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.risk.limits import LimitsPanel
from tradebot.console.screens.risk.lists import AccountsPanel, ProtectionPanel, SleeveStates
from tradebot.console.screens.risk.state import StatePanel
from tradebot.console.screens.sleeve_words import pause_or_resume, with_reason
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.session import Session


class RiskScreen(PanelScreen):
    """What bounds the engine, and the words that change it.

    Args:
        session: The engine on show.
    """

    NAME = "risk"
    BINDINGS: ClassVar[list[Binding]] = bindings("risk")
    AUTO_FOCUS = "#protection"

    def __init__(self, session: Session) -> None:
        view = session.view
        self.limits = LimitsPanel(view, id="limits")
        self.state = StatePanel(view, id="state")
        self.sleeves = SleeveStates(view, id="sleeves")
        self.protection = ProtectionPanel(view, id="protection")
        self.accounts = AccountsPanel(view, id="accounts")
        super().__init__(
            session, (self.limits, self.state, self.sleeves, self.protection, self.accounts)
        )

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """Narrow: limits and state, then the lists below in two rows. Else limits beside state, lists below."""
        if shape == "narrow":
            top, bottom = area.split_horizontal(-min(12, area.height // 2 + 2))
            limits, state = top.split_vertical(-34)
            upper, accounts = bottom.split_horizontal(-4)
            protection, sleeves = upper.split_horizontal(upper.height // 2)
            lists = {"protection": protection, "sleeves": sleeves, "accounts": accounts}
            return {"limits": limits, "state": state} | lists
        top, bottom = area.split_horizontal(min(12, area.height // 2))
        limits, state = top.split_vertical(area.width // 2)
        upper, accounts = bottom.split_horizontal(-max(8, bottom.height // 3))
        protection, sleeves = upper.split_vertical(area.width // 2)
        lists = {"protection": protection, "sleeves": sleeves, "accounts": accounts}
        return {"limits": limits, "state": state} | lists

    @override
    async def ask(self) -> None:
        link, lookups = self.session.link, self.session.view.lookups
        lookups.accounts = await link.accounts()
        lookups.authority = await link.authority()
        lookups.health = await link.health()

    # -- keys

    def action_halt(self) -> None:
        """Ask why, then let through only what shrinks a position."""
        lines = ["REDUCING: no new risk; what adds risk is cancelled, stops and positions stay."]
        with_reason(
            self,
            "HALT",
            lines,
            "halt",
            lambda reason: self.send("halt", self.session.link.halt(reason)),
        )

    def action_resume(self) -> None:
        """Ask why, then lift REDUCING or HALTED."""
        frame = self.session.view.newest
        if frame is not None and frame.trading_state == "ACTIVE":
            self.session.report("nothing to resume: the engine is ACTIVE", "warn")
            return
        lines = ["" if frame is None else f"{frame.trading_state}: {plain(frame.reason or '')}"]
        with_reason(
            self,
            "RESUME",
            [*lines, "New risk is let through again; the reason is kept with it."],
            "resume",
            lambda reason: self.send("resume", self.session.link.resume(reason)),
        )

    def action_pause(self) -> None:
        """Ask why, then pause the sleeve under the mark, or let it go on."""
        sleeve = self.sleeves.selected
        if sleeve is None or self.sleeves.slipped:
            self.session.report("nothing to pause: no sleeve selected", "warn")
            return
        pause_or_resume(self, sleeve)
