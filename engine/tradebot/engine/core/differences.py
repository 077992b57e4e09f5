"""What the venue says that the ledger does not: one record a difference, with its age and its cause."""

from decimal import Context, Decimal, InvalidOperation

import msgspec

from tradebot.engine.core.types import AccountName, DifferenceId, DifferenceKind

_EXACT = Context(prec=100, traps=[InvalidOperation])


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on which ledger and venue disagree."""

    id: DifferenceId
    """Of account, kind and subject: it stays the same as long as the matter does."""
    account: AccountName
    kind: DifferenceKind
    about: str
    """Instrument, asset, order or execution."""
    ours: str
    theirs: str
    since: int
    """When it was first seen as it is, ns UTC."""
    cause: str
    """Where it may come from, in words."""
    confirmed: bool = False
    """Whether it has outlived what may have been on its way: only then it stops the engine."""

    def text(self) -> str:
        """Return the difference as one sentence."""
        return f"{self.kind} {self.about}: ledger {self.ours}, venue {self.theirs}"

    def gap(self) -> str:
        """Return venue less ledger as decimal text; empty where they are not both numbers."""
        return gap_text(self.ours, self.theirs)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in which one report and the ledger differ, before anybody asked how long."""

    id: DifferenceId
    kind: DifferenceKind
    about: str
    ours: str
    theirs: str
    cause: str

    def gap(self) -> str:
        """Return venue less ledger as decimal text; empty where they are not both numbers."""
        return gap_text(self.ours, self.theirs)


def gap_text(ours: str, theirs: str) -> str:
    """Return theirs less ours as decimal text; empty where they are not both finite numbers."""
    try:
        gap = _EXACT.subtract(Decimal(theirs), Decimal(ours))
    except InvalidOperation:
        return ""
    return str(gap) if gap.is_finite() else ""


def difference_id(account: AccountName, kind: DifferenceKind, about: str) -> DifferenceId:
    """Return the id of a difference: the same for the same matter, in any process."""
    return DifferenceId(f"{account}/{kind}/{about}")
