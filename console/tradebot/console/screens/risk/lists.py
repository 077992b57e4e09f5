"""The lists of screen Risk: sleeves, what protects each position, accounts."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import grouped, money, signed, symbol_of, trimmed
from tradebot.console.rows import Row, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.engine.control.messages_facts import AccountFacts, PositionFacts, SleeveFacts

SLEEVE_STYLES = {"running": "ok", "paused": "warn", "failed": "fault"}
WIDE_FROM = 70


class SleeveStates(ListPanel[SleeveFacts]):
    """Sleeves; `p` pauses the one under the mark or lets it go on."""

    NOTHING: ClassVar[Sequence[str]] = (
        "No sleeves run here.",
        "A sleeve is a policy with money: docs/policies.md",
    )

    @override
    def items(self) -> Sequence[SleeveFacts]:
        return () if self.view.frame is None else self.view.frame.sleeves

    @override
    def key_of(self, item: SleeveFacts) -> str:
        return item.name

    @override
    def heading(self) -> str:
        return "Sleeves"

    @override
    def footing(self) -> str:
        return "p pause or resume" if self.items() else ""

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("sleeve", 19, "title"),
            left("state", 9, "title"),
            right("orders", 7, "title"),
            right("filled", 7, "title"),
            left("  why", max(0, width - 42), "title"),
        )

    @override
    def line(self, item: SleeveFacts, width: int) -> Row:
        name = f"{plain(item.name)}@{plain(item.version)[:4]}"
        return (
            left(name, 19),
            left(item.state, 9, SLEEVE_STYLES[item.state]),
            right(str(item.orders), 7),
            right(str(item.fills), 7),
            left(f"  {plain(item.reason or '')}", max(0, width - 42), "muted"),
        )


class ProtectionPanel(ListPanel[PositionFacts]):
    """Positions by what protects them: none first, then what only this process holds."""

    NOTHING: ClassVar[Sequence[str]] = (
        "No positions: nothing needs a stop.",
        "What protects each will stand here; 1, then b opens a ticket.",
    )

    @override
    def items(self) -> Sequence[PositionFacts]:
        frame = self.view.frame
        held = [] if frame is None else [p for p in frame.positions if p.quantity.strip("-0.")]
        order = {None: 0, "engine": 1, "broker": 2}
        return sorted(held, key=lambda p: (order[p.protected_at], self.key_of(p)))

    @override
    def key_of(self, item: PositionFacts) -> str:
        return f"{item.account} {item.instrument} {item.owner}"

    @override
    def heading(self) -> str:
        places = [item.protected_at for item in self.items()]
        bare, here = places.count(None), places.count("engine")
        words = [f"{bare} UNPROTECTED"] * bool(bare) + [f"{here} HELD BY THIS ENGINE"] * bool(here)
        return f" {self.view.glyphs.dot} ".join(["Protection", *words])

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("symbol", 10, "title"),
            right("position", 12, "title"),
            left("  owner", 13, "title"),
            left("stop", max(0, width - 35), "title"),
        )

    @override
    def line(self, item: PositionFacts, width: int) -> Row:
        glyphs = self.view.glyphs
        words, style = {
            None: (f"{glyphs.refused} NOT PROTECTED", "fault"),
            "engine": (f"{glyphs.gone} in this engine only", "warn"),
            "broker": (f"{glyphs.live} at the broker", "ok"),
        }[item.protected_at]
        return (
            left(plain(symbol_of(item.instrument)), 10),
            right(signed(trimmed(item.quantity, 2)), 12),
            left(f"  {plain(item.owner)}", 13, "muted"),
            left(words, max(0, width - 35), style),
        )


class AccountsPanel(ListPanel[AccountFacts]):
    """Accounts; the day and the peak are the engine's, over all of them."""

    @override
    def items(self) -> Sequence[AccountFacts]:
        return self.view.lookups.accounts or ()

    @override
    def key_of(self, item: AccountFacts) -> str:
        return item.name

    @override
    def empty_words(self) -> Sequence[str]:
        return (self.view.lookups.problem or "asking for the accounts",)

    @override
    def heading(self) -> str:
        frame = self.view.frame
        if frame is None:
            return "Accounts"
        account = frame.account
        day = "unknown" if account.day_pnl is None else money(account.day_pnl)
        peak = "unknown" if account.peak_percent is None else f"{account.peak_percent}%"
        dot = self.view.glyphs.dot
        return f"Accounts {dot} all: day {day} {plain(account.currency)} {dot} peak {peak}"

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("account", 10, "title"),
            left("venue", 9, "title"),
            right("equity", 14, "title"),
            left("  cash and health", max(0, width - 33), "title"),
        )

    @override
    def line(self, item: AccountFacts, width: int) -> Row:
        equity = "unknown" if item.equity is None else money(item.equity)
        words, style = account_words(item)
        return (
            left(plain(item.name), 10, "strong"),
            left(plain(item.venue), 9),
            right(equity, 14, "text" if item.equity is not None else "warn"),
            left(f"  {words}", max(0, width - 33), style),
        )


def account_words(item: AccountFacts) -> tuple[str, str]:
    """Return what matters about an account, what is wrong first, and its style."""
    wrong = [f"+ {trimmed(h.amount)} {plain(h.asset)} not valued" for h in item.not_valued]
    wrong += [f"{item.differences} differences"] if item.differences else []
    wrong += [] if item.reconciled else ["not reconciled"]
    wrong += [f"stream {item.stream}"] if item.stream not in (None, "up") else []
    cash = ", ".join(f"{grouped(amount)} {plain(asset)}" for asset, amount in item.cash.items())
    words = "; ".join([*wrong, cash or "no cash"])
    return words, "warn" if wrong else "text"
