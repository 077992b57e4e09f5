"""Day loss and drawdown judged from outside: at the cap they pull, before it they do not, a day begins on time."""

from decimal import Decimal

from tradebot.engine.core.limits import Limits
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
        self._counted: tuple[EquityMarked | None, Limits | None] = (None, None)
        """What the references were counted from."""
        self._references: dict[str, tuple[Decimal, Decimal]] = {}
        self._floors: dict[str, Decimal] = {}
        """Equity at which each pulls, by name."""

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
        counted = (self.marked, self._facts.limits)
        if counted[0] is not self._counted[0] or counted[1] is not self._counted[1]:
            self._counted, self._references = counted, _references(*counted)
            self._floors = {
                name: reference * (1 - cap)
                for name, (reference, cap) in self._references.items()
                if reference > 0
            }
        return self._references

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
        references, state = self.references(), self._facts.state
        equity = self._facts.equity() if references else None
        for name, floor in self._floors.items():
            safe = state == "HALTED" or (name == "day loss" and state != "ACTIVE")
            if safe or equity is None or equity > floor:
                self._beyond_since.pop(name, None)
                continue
            since = self._beyond_since.setdefault(name, now)
            if now - since >= PATIENCE:
                reference, cap = references[name]
                raise Violation(
                    "threshold", f"{name}: {equity} of {reference}, cap {cap}, and still {state}"
                )


def _references(
    marked: EquityMarked | None, limits: Limits | None
) -> dict[str, tuple[Decimal, Decimal]]:
    if marked is None or limits is None:
        return {}
    found: dict[str, tuple[Decimal, Decimal]] = {}
    if limits.day_loss is not None:
        found["day loss"] = (Decimal(marked.loss_from or marked.day_start), limits.day_loss)
    if limits.drawdown is not None:
        found["drawdown"] = (Decimal(marked.drawdown_from or marked.peak), limits.drawdown)
    return found
