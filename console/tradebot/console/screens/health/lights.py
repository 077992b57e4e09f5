"""The lights of screen Health: a shape, a word and a colour each; what nobody has said is `unknown`, never 0."""

from collections.abc import Sequence
from typing import ClassVar, Literal, override

from tradebot.console.figures import age_text, symbol_of
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, fit, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.health import AccountHealth, HealthFacts, SessionFacts
from tradebot.engine.control.messages_facts import FeedFacts

type Light = Literal["good", "unsure", "bad"]

LAG_MAX_MS = 50.0
NEAR = 0.8


def light(kind: Light, glyphs: Glyphs) -> Cell:
    """Return the shape of a light in its colour."""
    shape = {"good": glyphs.live, "unsure": glyphs.gone, "bad": glyphs.refused}[kind]
    return Cell(f" {shape} ", {"good": "ok", "unsure": "warn", "bad": "fault"}[kind])


STYLES: dict[Light, str] = {"good": "text", "unsure": "warn", "bad": "fault"}


class FeedsPanel(ListPanel[FeedFacts]):
    """Every instrument's market feed."""

    @override
    def items(self) -> Sequence[FeedFacts]:
        health = self.view.lookups.health
        return () if health is None else health.feeds

    @override
    def key_of(self, item: FeedFacts) -> str:
        return item.name

    @override
    def empty_words(self) -> Sequence[str]:
        health = self.view.lookups.health
        if health is None:
            return (self.view.lookups.problem or "asking for the feeds",)
        return ("No feeds: this engine has no market.", "tradebot run --market synthetic has one.")

    @override
    def heading(self) -> str:
        bad = sum(1 for item in self.items() if item.state != "up")
        return f"Feeds {self.view.glyphs.dot} {bad} NOT UP" if bad else "Feeds"

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("   feed", 13, "title"),
            left("state", 8, "title"),
            right("age", 8, "title"),
            right("gaps", 6, "title"),
        )

    @override
    def line(self, item: FeedFacts, width: int) -> Row:
        kind: Light = {"up": "good", "closed": "good", "down": "bad"}.get(item.state, "unsure")  # pyright: ignore[reportAssignmentType]
        age = "unknown" if item.age_ms is None else age_text(item.age_ms / 1000)
        return (
            light(kind, self.view.glyphs),
            left(plain(symbol_of(item.name)), 10),
            left(item.state if kind == "good" else item.state.upper(), 8, STYLES[kind]),
            right(age, 8, "text" if item.age_ms is not None else "warn"),
            right(str(item.gaps), 6, "warn" if item.gaps else "text"),
        )


class WaysPanel(LivePanel, can_focus=True):
    """The ways to each account's venue: private stream, clock, reconciliation."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def heading(self) -> str:
        return "Accounts  stream, clock, reconcile"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        health = self.view.lookups.health
        if health is None:
            words = self.view.lookups.problem or "asking for the accounts"
            return [(Cell(fit(f" {words}", width), "muted"),)]
        rows: list[Row] = []
        for account in health.accounts:
            rows.append(
                (
                    Cell(
                        fit(f" {plain(account.account)} at {plain(account.venue)}", width), "strong"
                    ),
                )
            )
            for name, (kind, words) in (
                ("stream", stream_words(account)),
                ("clock", clock_words(account, health.clock_offset_max_ms)),
                ("reconcile", reconcile_words(account)),
            ):
                text = Cell(fit(words, max(0, width - 14)), STYLES[kind])
                rows.append((light(kind, self.view.glyphs), left(name, 11, "muted"), text))
        for session in health.sessions:
            kind, words = session_words(session)
            text = Cell(fit(words, max(0, width - 14)), STYLES[kind])
            name = left(plain(session.name), 11, "muted")
            rows.append((light(kind, self.view.glyphs), name, text))
        return rows[:height]


def session_words(session: SessionFacts) -> tuple[Light, str]:
    """Return how a connection to a broker is."""
    said = [session.state] + [plain(part) for part in (session.reason, session.note) if part]
    if session.gap_filled:
        said.append(f"{session.gap_filled} fills by gap-fill")
    if session.malformed:
        said.append(f"{session.malformed} unreadable")
    kind: Light = "good" if session.state == "live" else "unsure"
    return ("bad" if session.state == "disconnected" else kind), "; ".join(said)


def stream_words(account: AccountHealth) -> tuple[Light, str]:
    """Return how the private stream is."""
    if account.stream is None:
        return "unsure", "unknown: the venue has not said"
    return ("good", "up") if account.stream == "up" else ("bad", account.stream.upper())


def clock_words(account: AccountHealth, bound: float | None) -> tuple[Light, str]:
    """Return how far the machine's clock is from the venue's."""
    if account.clock_offset_ms is None or account.clock_error_ms is None:
        return "unsure", "unknown: not measured"
    words = f"{account.clock_offset_ms:+.1f} ms, known to {account.clock_error_ms:.1f}"
    if bound is None:
        return "good", f"{words}; not watched"
    over = abs(account.clock_offset_ms) > bound
    return ("bad" if over else "good"), f"{words}, bound {bound:.0f}"


def reconcile_words(account: AccountHealth) -> tuple[Light, str]:
    """Return whether ledger and venue agree."""
    told = "" if account.answered_s is None else f", told {age_text(account.answered_s)} ago"
    asks = "" if account.asking_s is None else f", asking for {age_text(account.asking_s)}"
    if account.differences:
        return "bad", f"{account.differences} DIFFERENCES, see 4{told}{asks}"
    return (
        ("good", f"agrees{told}{asks}")
        if account.reconciled
        else ("unsure", f"not yet{told}{asks}")
    )


def engine_lights(health: HealthFacts) -> list[tuple[str, Light, str]]:
    """Return the engine's own lights: name, light, words."""
    lag: Light = "good" if health.lag_ms < LAG_MAX_MS else "bad"
    # Market steps are not written one by one: the newest step says nothing about what waits for the disk.
    waiting = health.queues.get("journal", 0)
    trouble = health.journal_trouble
    journal: Light = "good" if trouble is None else "bad"
    orders: Light = "bad" if health.unresolved else "good"
    rows: list[tuple[str, Light, str]] = [
        ("loop lag", lag, f"{health.lag_ms:.1f} ms, bound {LAG_MAX_MS:.0f}"),
        ("sequence", "good", f"{health.seq:,}"),
        (
            "journal",
            journal,
            f"durable to {health.committed_seq:,}, {waiting:,} waiting"
            if trouble is None
            else f"CANNOT WRITE, {waiting:,} waiting: {plain(trouble)}",
        ),
        ("queues", "good", ", ".join(f"{name} {count}" for name, count in health.queues.items())),
        (
            "unknown",
            orders,
            f"{health.unresolved} ORDERS nobody knows the fate of"
            if health.unresolved
            else "no orders of unknown fate",
        ),
    ]
    for budget in health.budgets:
        full = budget.used >= budget.cap
        near = budget.used >= NEAR * budget.cap
        kind: Light = "bad" if full else "unsure" if near else "good"
        word = " FULL" if full else " NEAR" if near else ""
        text = f"{budget.used} of {budget.cap} orders a minute{word}"
        rows.append((plain(budget.owner), kind, text))
    venue = health.venue_budget
    told: Light = "unsure" if venue is None else "good"
    rows.append(("venue rate", told, venue or "unknown: the venue has not said"))
    return rows


class EnginePanel(LivePanel, can_focus=True):
    """The engine's own lights, and the console's."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def heading(self) -> str:
        return "Engine"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        lookups, glyphs = self.view.lookups, self.view.glyphs
        rows: list[tuple[str, Light, str]] = []
        if lookups.health is None:
            rows.append(("engine", "unsure", lookups.problem or "asking"))
        else:
            rows += engine_lights(lookups.health)
        if lookups.clients is not None:
            dropped = lookups.clients.dropped
            words = f"{len(lookups.clients.streams)} streams, {len(dropped)} dropped"
            rows.append(("clients", "unsure" if dropped else "good", words))
            for drop in dropped[-3:]:
                rows.append(("dropped", "unsure", f"{plain(drop.client)}: {plain(drop.reason)}"))
        slow: Light = "good" if self.view.fps >= 30 else "unsure"  # noqa: PLR2004  (the full rate)
        rows.append(
            (
                "this screen",
                slow,
                f"{self.view.fps} frames a second{'' if slow == 'good' else ', SLOW'}",
            )
        )
        return [
            (
                light(kind, glyphs),
                left(name, 12, "muted"),
                Cell(fit(words, max(0, width - 15)), STYLES[kind]),
            )
            for name, kind, words in rows
        ][:height]
