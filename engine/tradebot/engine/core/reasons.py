"""Why: a constant code with values, formatted only when somebody looks."""

from decimal import Decimal

import msgspec

type ReasonValue = int | str | Decimal | bool
"""What a reason may carry: exact values only, so that two runs write the same text."""


class Because(msgspec.Struct, frozen=True):
    """The reason of a decision."""

    code: str
    """Constant words with hyphens: `above-mean`. A change of code is a change of mind."""
    values: tuple[tuple[str, str], ...] = ()
    """Named values as text, in the order given."""

    def text(self) -> str:
        """Return the reason as one readable line."""
        if not self.values:
            return self.code
        return f"{self.code}: " + ", ".join(f"{name} {value}" for name, value in self.values)


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A belief about one bet, with its uncertainty and source; optional, never invented."""

    source: str
    """Where the belief comes from: `stated`, `record`, a run's id."""
    win: Decimal | None = None
    """Chance of winning, in [0, 1]."""
    mean_r: Decimal | None = None
    """Expected result in units of risk (R)."""
    error: Decimal | None = None
    """Standard error of whichever is stated."""

    @classmethod
    def from_record(cls) -> "Edge":
        """Return the belief that the future is as the owner's settled bets of the same reason have been."""
        return cls(source="record")


def why(code: str, **values: ReasonValue) -> Because:
    """Return a reason from a constant code and exact values.

    Args:
        code: Constant words with hyphens, e.g. `below-mean`.
        **values: What the decision saw, e.g. `close=`, `mean=`.
    """
    return Because(code, tuple((name, str(value)) for name, value in values.items()))
