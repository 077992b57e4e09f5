"""The selected account: the result of its test, with reason and remedy, and what to do next."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.rows import EMPTY, Cell, Row, named, plain, wrapped
from tradebot.console.screens.health.lights import light
from tradebot.console.screens.setup.accounts import SetupAccounts
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.setup import AccountCheck, AccountSetup, SetupFacts

FACT_WIDTH = 16


def next_step(setup: SetupFacts, account: AccountSetup | None, check: AccountCheck | None) -> str:
    """Return the one thing to do next."""
    if account is None:
        return "tradebot account add NAME --venue alpaca|binance|ib"
    if account.needs_keys and account.keys is None:
        return f"tradebot keys set {account.name}"
    if account.problem is not None:
        return account.problem
    if check is None:
        return "t tests it: nothing is traded by that"
    if not check.ok:
        return "do what stands above, then t"
    if not account.used:
        return f"an engine of its mode trades {account.name}: tradebot run --name OTHER"
    return "nothing: 1, then b buys" if setup.accounts else ""


class CheckPanel(LivePanel, can_focus=True):
    """What the test of the selected account said.

    Args:
        view: What the console knows.
        accounts: The list whose selection it follows.
        id: The panel's name in the layout.
    """

    PERIOD_S: ClassVar[float] = 0.2

    def __init__(self, view: View, accounts: SetupAccounts, *, id: str) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._accounts = accounts

    @override
    def heading(self) -> str:
        chosen = self._accounts.selected
        return "Test" if chosen is None else f"Test of {plain(chosen.name)}"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        lookups, chosen = self.view.lookups, self._accounts.selected
        if lookups.setup is None:
            return wrapped(plain(lookups.problem or "asking"), width, "muted")[:height]
        check = None if chosen is None else lookups.checks.get(chosen.name)
        after = plain(next_step(lookups.setup, chosen, check))
        last = [EMPTY, *named("next", after, width, FACT_WIDTH, "strong")]
        return [*self._result(chosen, check, width)[: max(0, height - len(last))], *last][:height]

    def _result(
        self, chosen: AccountSetup | None, check: AccountCheck | None, width: int
    ) -> list[Row]:
        glyphs, setup = self.view.glyphs, self.view.lookups.setup
        if chosen is None:
            file = "" if setup is None else plain(setup.file)
            return named("configuration", file, width, FACT_WIDTH)
        where = "none needed" if not chosen.needs_keys else plain(chosen.keys or "nowhere")
        rows = named("keys kept in", where, width, FACT_WIDTH)
        if chosen.name == self.view.lookups.checking:
            return [*rows, (light("unsure", glyphs), Cell("asking the venue", "warn"))]
        if check is None:
            return [
                *rows,
                (light("unsure", glyphs), Cell("not tested by this console yet", "muted")),
            ]
        if check.ok:
            rows.append((light("good", glyphs), Cell("can be traded", "ok")))
        else:
            rows.append((light("bad", glyphs), Cell("CANNOT BE TRADED", "fault")))
            rows += wrapped(plain(check.problem or ""), width, "fault")
        for name, text in check.facts.items():
            rows += named(plain(name), plain(text), width, FACT_WIDTH)
        return rows
