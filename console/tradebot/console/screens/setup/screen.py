"""Screen 9, Setup: accounts, keys present or not, their test, the lights of every stream, what the venue can do."""

from typing import ClassVar, override

from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.keys import bindings
from tradebot.console.link.protocol import LinkError
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.setup.accounts import CapabilityPanel, SetupAccounts
from tradebot.console.screens.setup.check import CheckPanel
from tradebot.console.screens.setup.streams import StreamsPanel
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.session import Session

CAPABILITY_HEIGHT = 10


class SetupScreen(PanelScreen):
    """Is everything set up to trade, and if not, what is to be done.

    Args:
        session: The engine on show.
    """

    NAME = "setup"
    BINDINGS: ClassVar[list[Binding]] = bindings("setup")
    AUTO_FOCUS = "#accounts"

    def __init__(self, session: Session) -> None:
        view = session.view
        self.accounts = SetupAccounts(view, id="accounts")
        self.check = CheckPanel(view, self.accounts, id="check")
        self.streams = StreamsPanel(view, id="streams")
        self.venue = CapabilityPanel(view, self.accounts, id="venue")
        super().__init__(session, (self.accounts, self.check, self.streams, self.venue))

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """Accounts and their test left, streams and capabilities right; where it is narrow, two rows of two."""
        if shape == "narrow":
            top, bottom = area.split_horizontal(area.height // 2)
            accounts, streams = top.split_vertical(48)
            check, venue = bottom.split_vertical(38)
        else:
            left, right = area.split_vertical(area.width * 11 // 20)
            accounts, check = left.split_horizontal(max(11, left.height // 3))
            streams, venue = right.split_horizontal(-max(CAPABILITY_HEIGHT, right.height // 3))
        return {"accounts": accounts, "check": check, "streams": streams, "venue": venue}

    @override
    async def ask(self) -> None:
        link, lookups = self.session.link, self.session.view.lookups
        lookups.health = await link.health()
        lookups.setup = await link.setup()

    def action_test_account(self) -> None:
        """Ask the selected account's venue whether it can be traded, beside the keys."""
        chosen = self.accounts.selected
        checking = self.session.view.lookups.checking
        if chosen is None:
            self.session.report("nothing to test: no account is configured", "warn")
        elif checking is not None:
            self.session.report(f"the test of {checking} is not over yet", "warn")
        elif self.may_send():
            self.session.view.lookups.checking = chosen.name
            self.session.view.touch()
            self.run_worker(self._test(chosen.name), group="test")

    async def _test(self, account: str) -> None:
        lookups = self.session.view.lookups
        try:
            found = await self.session.link.check_account(account)
            lookups.checks[account] = found
            self.session.report(
                f"{account} can be traded" if found.ok else f"{account}: {found.problem}",
                "info" if found.ok else "error",
            )
        except LinkError as error:
            self.session.report(f"the test of {account} failed: {error}", "error")
        finally:
            lookups.checking = None
            self.session.view.touch()
