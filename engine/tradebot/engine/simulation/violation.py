"""What the judge says when the engine has broken a rule."""

from typing import Literal

type Invariant = Literal[
    "apply-total",
    "fill-once",
    "position",
    "cash",
    "ledger",
    "owner",
    "share",
    "sleeve-limit",
    "crossing",
    "bets",
    "rival",
    "order-once",
    "order-state",
    "intent-durable",
    "limit",
    "denied-within",
    "unknown-blocks",
    "halted",
    "halt-lifted",
    "threshold",
    "stop-back",
    "recovery",
    "reconcile-twice",
    "unresolved",
    "timer",
    "unprotected",
    "journal",
]


class Violation(Exception):  # noqa: N818  (a finding, not an error of the program)
    """An invariant does not hold."""

    def __init__(self, invariant: Invariant, reason: str) -> None:
        super().__init__(f"{invariant}: {reason}")
        self.invariant = invariant
        self.reason = reason
