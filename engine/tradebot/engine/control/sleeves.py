"""Sleeves over the wire: what they are, what a change of one would do, and the words that change them.

Money is decimal text in the engine's currency; None means unknown, never zero. Times are ISO 8601 UTC.
"""

from typing import Annotated, Literal, Protocol

import msgspec

from tradebot.engine.control.authority import MANDATE_DAYS_MAX, AmountText, MandateFacts
from tradebot.engine.control.messages import Message
from tradebot.engine.control.messages_orders import CommandAnswer

type RunWord = Literal["off", "shadow", "live"]
type SleeveWord = Literal["off", "running", "warming", "paused", "failed", "stopped"]
type AllocateBy = Literal["equal", "risk", "growth"]
type ReasonText = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
type VersionText = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-zA-Z]{1,64}$")]
type CapitalText = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?( [A-Z][A-Z0-9]{1,9}|%)?$")
]

# ------------------------------------------------------------------------------------ bodies


class CardBody(Message, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/sleeves/{name}/card`: what a start would be."""

    run: Literal["shadow", "live"] = "shadow"


class StartBody(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/sleeves/{name}/start`."""

    version: VersionText
    """As on the card: what changed since then is not started."""
    run: Literal["shadow", "live"] = "shadow"
    capital: AmountText | None = None
    """Of the mandate: largest gross exposure; None: the sleeve's capital."""
    loss_budget: AmountText | None = None
    """Of the mandate: loss at which it ends; None: no mandate, which LIVE refuses."""
    days: Annotated[int, msgspec.Meta(ge=1, le=MANDATE_DAYS_MAX)] = 30
    reason: ReasonText = "operator"


class StopSleeveBody(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/sleeves/{name}/stop`."""

    reason: ReasonText
    exit: bool | None = None
    """Whether its positions are closed; null: as its `on_stop` says."""


class ChangeBody(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/sleeves/{name}/reload` and `/rollback`."""

    version: VersionText
    """As in the difference that was shown: what changed since then is not taken."""
    fresh: bool = False
    """Begin without what the sleeve remembers."""
    unattended: bool = False
    """Nobody looked: allowed in a sandbox and for a shadow."""
    reason: ReasonText = "operator"


class CapitalBody(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/sleeves/{name}/capital`."""

    capital: CapitalText
    """`6000`, `6000 USD`, or `25%` of the account's equity."""
    reason: ReasonText = "operator"


class AllocationQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`GET /v1/allocation`."""

    by: AllocateBy = "equal"


# ------------------------------------------------------------------------------------ facts


class SleeveListing(Message, frozen=True, kw_only=True):
    """One line of `policy list`."""

    name: str
    policy: str
    version: str | None
    """None while it was never loaded here."""
    run: RunWord
    state: SleeveWord
    reason: str | None
    """Why it is paused, failed or stopped."""
    capital: str | None
    equity: str | None
    open_risk: str | None
    """What it loses when all its stops are hit, as the gate counts."""
    day: str | None
    """Its profit since the trading day began."""
    last_decision: str | None
    """What its last decision did and why."""
    last_age_s: float | None
    mandate_until: str | None
    proof: str | None
    """`12 of 420 bets`."""
    note: str
    """`changed on disk`; empty where there is nothing to know."""


class ParamFacts(Message, frozen=True, kw_only=True):
    """One parameter of a policy."""

    name: str
    value: str
    origin: Literal["default", "tradebot.toml"]
    type: str
    default: str | None
    bounds: str
    doc: str


class VersionFacts(Message, frozen=True, kw_only=True):
    """A version that a sleeve has run or could run."""

    version: str
    policy: str
    since: str | None
    """When it was taken; None: not yet."""
    what: str
    """`start`, `reload`, `rollback`, `engine start`."""


class SleeveDetail(Message, frozen=True, kw_only=True):
    """`GET /v1/sleeves/{name}/facts`."""

    listing: SleeveListing
    account: str
    symbols: tuple[str, ...]
    needs: tuple[str, ...]
    params: tuple[ParamFacts, ...]
    limits: dict[str, str]
    on_error: str
    on_stop: str
    compound: bool
    mandate: MandateFacts | None
    state_bytes: int | None
    """Size of what it remembers; None: nothing."""
    decide_p50_ms: float | None
    decide_p99_ms: float | None
    decides: int
    """How many decisions these two were measured on."""
    files: tuple[str, ...]
    """Source files of the version that runs."""
    versions: tuple[VersionFacts, ...]
    """Newest first."""


class Trial(Message, frozen=True, kw_only=True):
    """What a version decides on the present snapshot; nothing is sent."""

    did: tuple[str, ...]
    because: str
    error: str | None = None
    """Why there is no decision."""
    took_ms: float | None = None


class ParamChange(Message, frozen=True, kw_only=True):
    """A parameter before and after."""

    name: str
    old: str | None
    new: str | None


class VersionDifference(Message, frozen=True, kw_only=True):
    """What a reload or rollback would change."""

    sleeve: str
    what: Literal["reload", "rollback"]
    old: str
    new: str
    same: bool
    """Whether there is nothing to change."""
    run: RunWord
    params: tuple[ParamChange, ...]
    needs_old: tuple[str, ...]
    needs_new: tuple[str, ...]
    source: tuple[str, ...]
    """Lines of a unified diff."""
    wants_old: Trial
    wants_new: Trial
    memory: str
    """What becomes of what it remembers: `none`, `kept`, `migrated`, `dropped`."""
    refused: str | None
    """Why it cannot be done; None: it can."""
    mandate_ends: bool
    """Whether the sleeve has a mandate that this voids."""
    real_money: bool


class GateCard(Message, frozen=True, kw_only=True):
    """What is shown before a sleeve starts: who, which version, with whose money, within what."""

    sleeve: str
    policy: str
    version: str
    account: str
    mode: str
    real_money: bool
    run: Literal["shadow", "live"]
    runs_now: RunWord
    symbols: tuple[str, ...]
    params: tuple[ParamFacts, ...]
    capital: str
    currency: str
    pool: str | None
    """Account equity less the capital of all live sleeves, this one in."""
    limits: dict[str, str]
    """The sleeve's own."""
    engine_limits: dict[str, str]
    on_error: str
    on_stop: str
    mandate: MandateFacts | None
    trading_state: str
    wants: Trial
    warnings: tuple[str, ...]


class LoggedLine(Message, frozen=True, kw_only=True):
    """What a policy wrote down by `context.log`."""

    ts: int
    """Engine time, ns UTC."""
    seq: int
    text: str


class LoggedQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`GET /v1/sleeves/{name}/logged`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    """How many lines, the newest."""


class AllocationLine(Message, frozen=True, kw_only=True):
    """What one sleeve has and would have."""

    sleeve: str
    capital: str
    proposed: str
    share: str
    """Of the pool, percent."""
    why: str


class AllocationFacts(Message, frozen=True, kw_only=True):
    """`GET /v1/allocation`: a proposal, nothing moves by itself."""

    by: AllocateBy
    pool: str
    currency: str
    lines: tuple[AllocationLine, ...]
    commands: tuple[str, ...]
    """What would do it."""


class ControlledSleeves(Protocol):
    """What the control server asks and tells about sleeves; every word may raise `Refused`."""

    async def listing(self) -> list[SleeveListing]:
        """Return every sleeve, those of the configuration that never ran too."""
        ...

    async def facts(self, name: str) -> SleeveDetail:
        """Return all about one."""
        ...

    async def logged(self, name: str, query: LoggedQuery) -> list[LoggedLine]:
        """Return what a policy wrote down, oldest first."""
        ...

    async def card(self, name: str, body: CardBody) -> GateCard:
        """Return what a start would be; its code is loaded, nothing changes."""
        ...

    async def start(self, name: str, body: StartBody) -> CommandAnswer:
        """Let a sleeve run."""
        ...

    async def stop(self, name: str, body: StopSleeveBody) -> CommandAnswer:
        """Ask a sleeve no more."""
        ...

    async def reload_difference(self, name: str) -> VersionDifference:
        """Return what loading the code on disk would change."""
        ...

    async def reload(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the code on disk between two events."""
        ...

    async def rollback_difference(self, name: str) -> VersionDifference:
        """Return what going one version back would change."""
        ...

    async def rollback(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the version before, from the journal."""
        ...

    async def capital(self, name: str, body: CapitalBody) -> CommandAnswer:
        """Give a sleeve another capital."""
        ...

    async def allocation(self, query: AllocationQuery) -> AllocationFacts:
        """Return a proposal for everybody's capital."""
        ...
