"""What a venue's check says of an account; see `looking` for who asks."""

from collections.abc import Mapping

import msgspec

UNREACHABLE, CONFIGURATION = 4, 3
"""Exit codes of a command, as everywhere."""


class AccountLook(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue says of an account."""

    facts: Mapping[str, str] = {}
    """For a person, in order: mode, host, what it pays, what its key may do."""
    problem: str | None = None
    """Why it cannot be traded; None: it can."""
    exit_code: int = 0
