"""Who may add risk, over the wire: arming, mandates, the limits that hold and those that wait for `arm`."""

from typing import Annotated, Protocol

import msgspec

from tradebot.engine.control.messages import Message
from tradebot.engine.control.messages_orders import CommandAnswer

ARM_S_MAX = 24 * 3600
"""Longest time that can be armed for."""

MANDATE_DAYS_MAX = 366
"""Longest mandate."""

type NameText = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
type ReasonText = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
type AmountText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?$")]


class ArmBody(Message, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/arm`: hands may add risk in LIVE for a while."""

    terminal: NameText
    """Where it was typed: it ends with that terminal."""
    seconds: Annotated[int, msgspec.Meta(ge=1, le=ARM_S_MAX)] = 900
    idle: Annotated[int, msgspec.Meta(ge=1, le=ARM_S_MAX)] = 300
    """Seconds without a word of that terminal after which it ends."""


class TerminalBody(Message, frozen=True, forbid_unknown_fields=True):
    """Which terminal is still used, or has gone."""

    terminal: NameText


class MandateBody(Message, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/sleeves/{name}/mandate`: the sleeve as it runs now may add risk in LIVE within these bounds."""

    capital: AmountText
    """Largest gross exposure of the sleeve, in the engine's currency."""
    loss_budget: AmountText
    """Loss at which the mandate ends, in the engine's currency."""
    days: Annotated[int, msgspec.Meta(ge=1, le=MANDATE_DAYS_MAX)] = 30
    limits: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Limits of its own, by name; each only narrows the engine's."""


class StopQuery(Message, frozen=True):
    """`POST /v1/stop`."""

    leave_unprotected: bool = False
    """End although a position would be left without its stop."""


class RevokeBody(Message, frozen=True, forbid_unknown_fields=True):
    """Why a mandate is taken back."""

    reason: ReasonText


class MandateFacts(Message, frozen=True, kw_only=True):
    """One mandate."""

    sleeve: str
    version: str
    account: str
    capital: str
    loss_budget: str
    lost: str | None
    """Of the budget so far, negative where it gained; None without a price."""
    expires: str
    valid: bool
    """Whether it fits the sleeve as it runs now."""


class AuthorityFacts(Message, frozen=True, kw_only=True):
    """`GET /v1/authority`: who may add risk now, and within what."""

    needed: bool
    """Whether real money is traded: then hands arm and sleeves need a mandate."""
    armed: bool
    terminal: str | None
    until: str | None
    """When arming ends at the latest."""
    ends: str | None
    """When it ends if its terminal says nothing more."""
    mandates: list[MandateFacts]
    limits: dict[str, str]
    """In force."""
    waiting: dict[str, str]
    """Limits that are configured wider and wait for `arm`: what they would be."""


class ControlledAuthority(Protocol):
    """What the control server asks and tells about authority."""

    def facts(self) -> AuthorityFacts:
        """Return who may add risk now."""
        ...

    async def arm(self, body: ArmBody) -> CommandAnswer:
        """Let hands add risk for a while."""
        ...

    async def disarm(self) -> CommandAnswer:
        """End that at once."""
        ...

    async def seen(self, body: TerminalBody) -> CommandAnswer:
        """Count a word of a terminal."""
        ...

    async def gone(self, body: TerminalBody) -> CommandAnswer:
        """End what was tied to a terminal."""
        ...

    async def give_mandate(self, sleeve: str, body: MandateBody) -> CommandAnswer:
        """Let a sleeve add risk."""
        ...

    async def revoke_mandate(self, sleeve: str, reason: str) -> CommandAnswer:
        """Take that back."""
        ...
