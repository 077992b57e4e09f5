"""`GET /v1/setup` and `POST /v1/setup/check`: accounts as configured, and whether their venues take them.

No key, and no part of one, is ever told.
"""

from typing import Annotated

import msgspec

from tradebot.engine.control.messages import Message


class AccountSetup(Message, frozen=True, kw_only=True):
    """One account of the configuration."""

    name: str
    venue: str
    kind: str
    """Its mode: `sandbox`, `paper`, `broker-paper` or `live`."""
    needs_keys: bool
    keys: str | None
    """Where its keys are kept; null: nowhere, or none are needed."""
    problem: str | None
    """What is wrong before its venue is even asked, with the remedy."""
    used: bool
    """Whether this engine trades it now."""


class CapabilitySetup(Message, frozen=True, kw_only=True):
    """What the venue of a traded account does itself; what it does not, the engine does."""

    account: str
    venue: str
    order_types: tuple[str, ...]
    times_in_force: tuple[str, ...]
    post_only: bool
    reduce_only: bool
    replace: bool
    """Changes an open order in one step."""
    oco: bool
    """Holds a stop and a target of which one ends the other."""
    not_short: int
    """How many instruments cannot be sold beyond what is held."""


class SetupFacts(Message, frozen=True, kw_only=True):
    """What is configured, and what this engine trades of it."""

    file: str
    """The configuration's path."""
    problem: str | None
    """Why the file cannot be read now; the engine goes on with what it began with."""
    accounts: list[AccountSetup]
    capabilities: list[CapabilitySetup]


class CheckBody(Message, frozen=True, forbid_unknown_fields=True):
    """Which account is checked."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class AccountCheck(Message, frozen=True, kw_only=True):
    """What a check found."""

    account: str
    ok: bool
    problem: str | None
    """Why it cannot be traded, with the remedy."""
    facts: dict[str, str]
    """What its venue says of it, for a person, in order."""
