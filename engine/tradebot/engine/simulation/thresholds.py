"""Day loss and drawdown judged from outside: at the cap they pull, before it they do not, a day begins on time."""

from decimal import Decimal

from tradebot.engine.core.limits import limits_from_text
from tradebot.engine.core.outcomes import EquityMarked, TradingStateChanged
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.simulation.facts import Facts
from tradebot.engine.simulation.violation import Violation

DAY = 86_400 * SECOND

PATIENCE = 3 * SECOND // 2
"""How long a figure may stand beyond its cap before the engine has looked: it looks once a second."""


class Thresholds:
    """Follows equity against the figures that the engine wrote down."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.marked: EquityMarked | None = None
        self._beyond_since: dict[str, int] = {}

    def forget(self) -> None:
        """Begin anew after a death: the figures come from what is durable."""
        self._beyond_since = {}
        self.marked = None
        for step in self._facts.steps:
            for outcome in step.outcomes:
                if isinstance(outcome, EquityMarked):
                    self.marked = outcome

    def references(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Return, by name, what a loss is measured from and the share of it that pulls; only limits that are on."""
        marked, started = self.marked, self._facts.started
        if marked is None or started is None:
            return {}
        limits = limits_from_text(started.limits)
        found: dict[str, tuple[Decimal, Decimal]] = {}
        if limits.day_loss is not None:
            found["day loss"] = (Decimal(marked.loss_from or marked.day_start), limits.day_loss)
        if limits.drawdown is not None:
            found["drawdown"] = (Decimal(marked.drawdown_from or marked.peak), limits.drawdown)
        return found

    def marks(self, now: int, outcome: EquityMarked) -> None:
        """Judge figures that the engine writes down.

        Raises:
            Violation: If the day is wrong, or the peak below what is held.
        """
        started, equity = self._facts.started, self._facts.equity()
        before, self.marked = self.marked, outcome
        if started is None or equity is None:
            return
        day = (now - started.day_starts_minute * MINUTE) // DAY
        # A word that lifts a state measures anew before the engine has looked at the clock.
        if outcome.day != day and (before is None or before.day != outcome.day):
            raise Violation("threshold", f"marked day {outcome.day}, it is day {day}")
        if Decimal(outcome.peak) < equity:
            raise Violation("threshold", f"marked peak {outcome.peak}, equity is {equity}")
        if (
            before is not None
            and before.day != outcome.day
            and Decimal(outcome.day_start) != equity
        ):
            raise Violation("threshold", f"day starts at {outcome.day_start}, equity is {equity}")

    def pulled(self, outcome: TradingStateChanged) -> None:
        """Judge a state that a limit is said to have pulled.

        Raises:
            Violation: If the limit was not reached.
        """
        equity = self._facts.equity()
        for name, (reference, cap) in self.references().items():
            if not outcome.reason.startswith(name) or equity is None:
                continue
            if equity > reference * (1 - cap):
                raise Violation(
                    "threshold", f"{name} pulled at {equity}, of {reference} with a cap of {cap}"
                )

    def look(self, now: int) -> None:
        """Judge that nothing stands beyond its cap for long.

        Raises:
            Violation: If a figure has been at its cap or beyond, and nothing was pulled.
        """
        equity = self._facts.equity()
        for name, (reference, cap) in self.references().items():
            safe = self._facts.state == "HALTED" or (
                name == "day loss" and self._facts.state != "ACTIVE"
            )
            if safe or equity is None or reference <= 0 or equity > reference * (1 - cap):
                self._beyond_since.pop(name, None)
                continue
            since = self._beyond_since.setdefault(name, now)
            if now - since >= PATIENCE:
                raise Violation(
                    "threshold",
                    f"{name}: {equity} of {reference}, cap {cap}, and still {self._facts.state}",
                )
