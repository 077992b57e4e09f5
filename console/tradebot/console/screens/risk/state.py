"""The trading state with its reason and instant, and who may add risk now."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import age_text, clock_text, date_text, iso_ns
from tradebot.console.rows import Cell, Row, fit, left, plain
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.authority import AuthorityFacts, MandateFacts

STATE_WORDS = {
    "ACTIVE": ("ACTIVE", "ok", "what the gate lets pass may trade"),
    "REDUCING": ("REDUCING", "warn", "only what shrinks a position"),
    "HALTED": ("HALTED", "fault", "only cancels, protective orders, flatten"),
}
NAME_WIDTH = 10


class StatePanel(LivePanel, can_focus=True):
    """What the engine lets through, why, since when; arming and mandates with what is left of them."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def heading(self) -> str:
        return "State"

    @override
    def footing(self) -> str:
        return f"h halt {self.view.glyphs.dot} r resume"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame, lookups = self.view.frame, self.view.lookups
        if frame is None:
            return [(Cell(" waiting for the engine", "muted"),)]
        word, style, does = STATE_WORDS[frame.trading_state]
        health = lookups.health
        known = health is not None and health.trading_state == frame.trading_state
        since = health.since if health is not None and known else None
        rows = [self._row("state", f"{word}: {does}", width, style)]
        reason = plain(frame.reason or ("no halt" if word == "ACTIVE" else "no reason given"))
        rows.append(self._row("reason", reason, width))
        rows.append(self._row("since", self._instant(since), width))
        if lookups.authority is None:
            rows.append(self._row("hands", lookups.problem or "asking", width, "muted"))
        else:
            rows += self._authority(lookups.authority, width, frame.now)
        return rows[:height]

    def _row(self, name: str, text: str, width: int, style: str = "text") -> Row:
        return (left(f" {name}", NAME_WIDTH, "muted"), Cell(fit(text, width - NAME_WIDTH), style))

    def _instant(self, text: str | None) -> str:
        if text is None:
            frame = self.view.frame
            active = frame is not None and frame.trading_state == "ACTIVE"
            return "the engine's start, or before" if active else "unknown"
        ns = iso_ns(text)
        return f"{date_text(ns, self.view.zone)} {clock_text(ns, self.view.zone)}"

    def _authority(self, facts: AuthorityFacts, width: int, now: int) -> list[Row]:
        """Return who may add risk, and for how much longer."""
        if not facts.needed:
            rows = [self._row("hands", "no real money: no arming needed", width)]
        elif facts.armed and facts.until is not None:
            idle = "" if facts.ends is None else f", {_left(facts.ends, now)} if idle"
            words = f"ARMED, {_left(facts.until, now)} left{idle}, {plain(facts.terminal or '')}"
            rows = [self._row("hands", words, width, "warn")]
        else:
            rows = [self._row("hands", "LOCKED: A arms", width)]
        for one in facts.mandates:
            rows.append(
                self._row(
                    "mandate", mandate_words(one, now), width, "text" if one.valid else "fault"
                )
            )
        if facts.waiting:
            waits = ", ".join(f"{name} {value}" for name, value in facts.waiting.items())
            rows.append(self._row("waits", f"for arm: {plain(waits)}", width, "warn"))
        return rows


def mandate_words(mandate: MandateFacts, now: int) -> str:
    """Return a sleeve's mandate and what is left of it."""
    lost = "unknown" if mandate.lost is None else mandate.lost
    words = (
        f"{plain(mandate.sleeve)} {_left(mandate.expires, now)} left, lost {lost} of"
        f" {mandate.loss_budget}, capital {mandate.capital}, @{plain(mandate.version)}"
    )
    return words if mandate.valid else f"VOID {words}"


def _left(until: str, now: int) -> str:
    seconds = max(0.0, (iso_ns(until) - now) / 1e9)
    return f"{seconds / 86_400:.0f}d" if seconds >= 2 * 86_400 else age_text(seconds)
