"""What an account is for: a floor, a target, and the capital both are measured from.

Shares are of the capital at `since`; that capital follows flows as all reference values do (core/returns.py): at each
flow it is multiplied by (V + F) / V, so that a deposit neither wins nor loses the game.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.rates import ROUNDING, times

type Utility = Literal["log", "target", "hybrid", "crra"]
"""What wealth is worth: its logarithm, reaching the target, both blended, or by a constant aversion to risk."""

_EPOCH = date(1970, 1, 1).toordinal()


class Goal(msgspec.Struct, frozen=True):
    """A floor or a target: a share of the capital (0.2 is 20 % above it), or an amount."""

    share: Decimal | None
    amount: Decimal | None

    @classmethod
    def parse(cls, text: str) -> "Goal":
        """Return the goal that a configuration's text names: `-10%` or `9000 USD`.

        Raises:
            decimal.InvalidOperation: If it is no number; the configuration has checked it before.
        """
        if text.endswith("%"):
            return cls(Decimal(text[:-1]) / 100, None)
        return cls(None, Decimal(text.partition(" ")[0]))

    def value(self, game: "Game") -> Decimal:
        """Return the equity it stands for, in the engine's currency, flows taken in."""
        if self.share is not None:
            return times(game.base, 1 + self.share)
        amount = self.amount or ZERO
        if game.begun <= 0 or game.base == game.begun:
            return amount
        return times(ROUNDING.divide(ROUNDING.multiply(amount, game.base), game.begun), Decimal(1))

    def text(self) -> str:
        """Return it in words: `+20 %`, `9000`."""
        if self.share is None:
            return f"{self.amount:f}"
        percent = (self.share * 100).normalize()
        return f"{percent:+f} %"


class Objective(msgspec.Struct, frozen=True, kw_only=True):
    """The objective of this start."""

    utility: Utility
    floor: Goal
    target: Goal
    since: str
    """Day the game began, ISO; empty: when the engine first knew its equity."""
    deadline: str

    @property
    def since_day(self) -> int | None:
        """Return that day, counted in days since the epoch; None: from the first look on."""
        return date.fromisoformat(self.since).toordinal() - _EPOCH if self.since else None

    def text(self) -> str:
        """Return the game in words."""
        return f"{self.target.text()} before {self.floor.text()}"


class Game(msgspec.Struct, frozen=True, kw_only=True):
    """The capital an objective is measured from."""

    since: str
    """Of the objective it belongs to."""
    began: int
    """When it was measured, ns UTC."""
    begun: Decimal
    """Equity then, in the engine's currency."""
    base: Decimal
    """The same, scaled by each flow since."""


def objective_of(terms: dict[str, str]) -> Objective | None:
    """Return the objective that an `EngineStarted` tells; None where it has no floor and target."""
    floor, target = terms.get("floor"), terms.get("target")
    if not floor or not target:
        return None
    return Objective(
        utility=msgspec.convert(terms.get("utility", "log"), Utility),
        floor=Goal.parse(floor),
        target=Goal.parse(target),
        since=terms.get("since", ""),
        deadline=terms.get("deadline", ""),
    )
