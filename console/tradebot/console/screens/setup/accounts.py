"""The configured accounts, and what the selected one's venue can do."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, fit, left, named, plain, wrapped
from tradebot.console.screens.setup.streams import lit
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.setup import AccountSetup, CapabilitySetup

NAME_WIDTH, VENUE_WIDTH, MODE_WIDTH, KEYS_WIDTH = 12, 9, 13, 12


def keys_words(account: AccountSetup) -> tuple[str, str]:
    """Return whether an account's keys are there, and in which style; where they are kept stands in its card."""
    if not account.needs_keys:
        return "none needed", "muted"
    if account.keys is None:
        return "MISSING", "fault"
    return ("WRONG HOST", "fault") if account.problem is not None else ("present", "text")


class SetupAccounts(ListPanel[AccountSetup]):
    """Every account of tradebot.toml: mode, keys present or not, and whether this engine trades it."""

    PERIOD_S: ClassVar[float] = 0.2
    NOTHING: ClassVar[Sequence[str]] = (
        "No accounts: the engine trades its own venue.",
        "A broker's account needs an engine of its own:",
        "  tradebot account add NAME --venue VENUE",
        "    VENUE is alpaca, binance or ib",
        "  tradebot keys set NAME   (never printed)",
        "  tradebot account check NAME",
        "  TRADEBOT_ENGINE__MODE=broker-paper",
        "    tradebot run --name paper",
        "docs/brokers has each broker, step by step.",
    )

    @override
    def items(self) -> Sequence[AccountSetup]:
        setup = self.view.lookups.setup
        return () if setup is None else setup.accounts

    @override
    def key_of(self, item: AccountSetup) -> str:
        return item.name

    @override
    def empty_words(self) -> Sequence[str]:
        setup = self.view.lookups.setup
        if setup is None:
            return (plain(self.view.lookups.problem or "asking for the accounts: r asks again"),)
        if setup.problem is not None:
            return (
                "THE CONFIGURATION CANNOT BE READ:",
                plain(setup.problem),
                "tradebot config check",
            )
        return self.NOTHING

    @override
    def heading(self) -> str:
        return "Accounts"

    @override
    def footing(self) -> str:
        return f"t test {self.view.glyphs.dot} r look again"

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("account", NAME_WIDTH, "title"),
            left("venue", VENUE_WIDTH, "title"),
            left("mode", MODE_WIDTH, "title"),
            left("keys", KEYS_WIDTH, "title"),
            left("traded here", max(0, width - 46), "title"),
        )

    @override
    def line(self, item: AccountSetup, width: int) -> Row:
        words, style = keys_words(item)
        mode = "fault" if item.kind == "live" else "text"
        used = "yes" if item.used else "no"
        return (
            left(plain(item.name), NAME_WIDTH, "strong"),
            left(plain(item.venue), VENUE_WIDTH),
            left(plain(item.kind.upper().replace("-", " ")), MODE_WIDTH, mode),
            left(words, KEYS_WIDTH, style),
            left(used, max(0, width - 46), "text" if item.used else "muted"),
        )


def capability_rows(can: CapabilitySetup, glyphs: Glyphs, width: int) -> list[Row]:
    """Return the table of one venue: what it does itself, and what the engine does in its place."""
    rows = [
        *named("order types", " ".join(can.order_types), width, 15),
        *named("time in force", " ".join(can.times_in_force).upper(), width, 15),
    ]
    for name, there, instead in (
        ("post-only", can.post_only, "refused before sending"),
        ("reduce-only", can.reduce_only, "kept by the engine"),
        ("change", can.replace, "cancelled, sent anew"),
        ("stop + target", can.oco, "the engine ends one"),
    ):
        kind = "good" if there else "unsure"
        text = "by the venue" if there else instead
        rows += lit(kind, name, text, glyphs, width, 14, "text" if there else "muted")
    if can.not_short:
        rows.append((Cell(fit(f"    {can.not_short} instruments cannot be sold short", width)),))
    return rows


class CapabilityPanel(LivePanel, can_focus=True):
    """What the venue of the selected account does itself.

    Args:
        view: What the console knows.
        accounts: The list whose selection it follows.
        id: The panel's name in the layout.
    """

    PERIOD_S: ClassVar[float] = 0.2

    def __init__(self, view: View, accounts: SetupAccounts, *, id: str) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._accounts = accounts

    def shown(self) -> CapabilitySetup | None:
        """Return the row on show: the selected account's; where none is configured, the first that is traded."""
        setup, chosen = self.view.lookups.setup, self._accounts.selected
        if setup is None:
            return None
        if chosen is None:
            return setup.capabilities[0] if setup.capabilities else None
        return next((one for one in setup.capabilities if one.account == chosen.name), None)

    @override
    def heading(self) -> str:
        can = self.shown()
        return "Venue" if can is None else f"What {plain(can.venue)} does itself"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        if self.view.lookups.setup is None:
            return wrapped(plain(self.view.lookups.problem or "asking"), width, "muted")[:height]
        can, chosen = self.shown(), self._accounts.selected
        if can is None:
            name = "" if chosen is None else plain(chosen.name)
            words = f"{name} is not traded by this engine: what its venue does is asked when the engine starts with it."
            return wrapped(words, width, "muted")[:height]
        return capability_rows(can, self.view.glyphs, width)[:height]
