"""No panel is empty without a word: why it is, and which key or command fills it."""

import re

import pytest
from console_driver import Console, running

from tradebot.console.rows import text_of
from tradebot.console.screens.health.log import LogPanel
from tradebot.console.screens.orders.reconcile import ReconcilePanel
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.risk.lists import ProtectionPanel, SleeveStates
from tradebot.console.screens.setup.accounts import SetupAccounts
from tradebot.console.screens.trade.panels.fills import FillsPanel
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.screens.trade.panels.positions import PositionsPanel
from tradebot.console.screens.trade.panels.watch import WatchPanel
from tradebot.console.screens.trade.panels.working import WorkingPanel
from tradebot.console.screens.trade.screen import TradeScreen

WAY_ON = re.compile(r"\b(tradebot \w+|docs/\w+\.md|[bst1-9v] \w+|r asks|1, then b)")


@pytest.mark.parametrize(
    "panel",
    [
        FillsPanel,
        LogPanel,
        PositionsPanel,
        ProtectionPanel,
        ReconcilePanel,
        SetupAccounts,
        SleeveStates,
        WatchPanel,
        WorkingPanel,
    ],
)
def test_an_empty_list_says_why_and_how_it_fills(panel: type[ListPanel[object]]) -> None:
    words = " ".join(panel.NOTHING)
    assert len(panel.NOTHING) >= 2
    assert WAY_ON.search(words), words


@pytest.mark.parametrize("name", ["trade", "risk", "orders", "lab", "data", "health", "setup"])
async def test_no_panel_of_a_screen_is_blank_while_nothing_has_happened(name: str) -> None:
    async with running(Console(lambda market, _: market.empty())) as console:
        console.app.show(name)
        await console.beat(times=4)
        screen = console.app.screen
        assert isinstance(screen, TradeScreen | PanelScreen)
        for panel in screen.panels:
            if panel.display and panel.id != "card":
                words = "".join(text_of(row) for row in panel.rows)
                assert words.strip(), f"{panel.id} is blank"
