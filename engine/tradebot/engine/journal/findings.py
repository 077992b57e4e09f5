"""What a verification found, told one by one up to a limit."""

from typing import Literal

import msgspec

FINDINGS_MAX = 200
"""Most findings told one by one; more are only counted."""

type FindingCode = Literal[
    "database",
    "row",
    "hash",
    "order",
    "segment",
    "torn",
    "market-event",
    "anchor",
    "missing",
    "checkpoint",
    "reserve",
    "venue",
]
"""What kind of finding it is."""


class Finding(msgspec.Struct, frozen=True):
    """One thing found, and what it means."""

    code: FindingCode
    grave: bool
    """True for a problem, False for a note: a loss that a crash explains and that reaches no order."""
    file: str
    """Path inside the state folder."""
    seq: int | None
    """First step concerned; None if it cannot be known."""
    text: str


class Findings:
    """Collects findings in the order they are met."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self.more = 0
        """How many were met beyond the limit."""

    def problem(self, code: FindingCode, file: str, seq: int | None, text: str) -> None:
        """Add something that was written and is no longer as written."""
        self._add(Finding(code, True, file, seq, text))  # noqa: FBT003  (the field's name says it)

    def note(self, code: FindingCode, file: str, seq: int | None, text: str) -> None:
        """Add a loss that a crash explains."""
        self._add(Finding(code, False, file, seq, text))  # noqa: FBT003

    def chosen(self, *, grave: bool) -> tuple[Finding, ...]:
        """Return the problems or the notes."""
        return tuple(finding for finding in self._found if finding.grave is grave)

    def _add(self, finding: Finding) -> None:
        if len(self._found) < FINDINGS_MAX:
            self._found.append(finding)
        else:
            self.more += 1
