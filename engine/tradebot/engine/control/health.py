"""`GET /v1/health`: what the health lights are made of; None is unknown, never zero."""

from tradebot.engine.control.messages import Message, TradingState
from tradebot.engine.control.messages_facts import FeedFacts


class AccountHealth(Message, frozen=True, kw_only=True):
    """The ways to one account's venue."""

    account: str
    venue: str
    stream: str | None
    """Health of the private stream: `up`, `down`, `stale`; None where nobody has said since the start."""
    clock_offset_ms: float | None
    """Machine minus venue; None where it was not measured since the start."""
    clock_error_ms: float | None
    """The offset is known to this."""
    reconciled: bool
    """Whether the venue has told since the start what the account holds, and it agreed or was answered."""
    differences: int
    """Nobody has answered."""
    answered_s: float | None
    """Since the venue last told what the account holds, s; None: not since the start."""
    asking_s: float | None
    """Since a question about it stands unanswered, s; None: none does."""


class SessionFacts(Message, frozen=True, kw_only=True):
    """One connection to a broker: an account's, or a market's."""

    name: str
    """The account, or the market in words."""
    state: str
    """`disconnected`, `connecting`, `syncing`, `live` or `degraded`."""
    reason: str = ""
    """Why it is not live."""
    note: str = ""
    """What a person should know besides: when the next login is due."""
    connects: int = 0
    malformed: int = 0
    """Frames and replies that could not be read."""
    fills: int = 0
    doubled: int = 0
    """Executions heard again, and not told again."""
    gap_filled: int = 0
    """Of the fills, those that no stream had told."""


class RateBudget(Message, frozen=True, kw_only=True):
    """Orders of one owner in the last minute, against the engine's own limit."""

    owner: str
    used: int
    cap: int


class HealthFacts(Message, frozen=True, kw_only=True):
    """The engine's own health and that of everything it hangs on."""

    trading_state: TradingState
    reason: str | None
    since: str | None
    """Since when that state holds; None: since before anybody can say, or since ever."""
    feeds: list[FeedFacts]
    accounts: list[AccountHealth]
    clock_offset_max_ms: float | None
    """Largest offset that new risk is allowed with; None: not watched."""
    seq: int
    """The newest step."""
    committed_seq: int
    """The newest step that is durable."""
    journal_trouble: str | None
    """Why nothing can be written now."""
    queues: dict[str, int]
    """What waits: `inbox`, `outbox`, `journal`."""
    lag_ms: float
    """How long the last turn kept the engine's loop busy."""
    budgets: list[RateBudget]
    venue_budget: str | None
    """What the venue leaves of its own request budget; None: it has not said."""
    unresolved: int
    """Orders nobody knows the fate of."""
    sessions: tuple[SessionFacts, ...] = ()
    """Connections to brokers and their markets; none where the venue is in this process."""
    consoles: int
    """Consoles that follow now."""
