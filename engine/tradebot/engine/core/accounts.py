"""What the kernel remembers of one account: how far its fills are known, what was asked, and what does not agree."""

from decimal import Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.differences import Difference, Finding, gap_text
from tradebot.engine.core.events import (
    AccountStarted,
    CashMoved,
    ClockMeasured,
    FeeCharged,
    OrderFilled,
)
from tradebot.engine.core.types import DifferenceId, EngineId, StreamState

HEARD_MAX = 4096
"""Most subjects (instruments, assets, orders) whose last word is remembered; the oldest goes first."""

NATIVE_CAPABILITIES = Capabilities(
    order_types=("limit", "market"),
    times_in_force=("gtc", "ioc", "fok"),
    post_only=True,
    reduce_only=False,
)
"""What accounts of journals of schema 1 could do: they name none, and all were at the native venue."""

type Unbooked = OrderFilled | CashMoved | FeeCharged
"""What a venue told and the ledger could not take."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How long a difference has been seen without a word that could explain it."""

    quiet_from: int
    """Report since which it has looked the same and nothing was heard of its subject, ns."""
    gap: str
    """Venue less ledger where both are numbers; the same gap under moving sides is the same matter."""
    gap_from: int
    """Report since which the gap has been the same, ns."""
    reports: int
    """Reports in a row that told this gap."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator said of a difference, and what it looked like then."""

    ours: str
    theirs: str
    reason: str


class AccountState:
    """What the kernel remembers of one account."""

    def __init__(self, started: AccountStarted) -> None:
        self.started = started
        self.reconciled = False
        """Whether, since the engine started, a report agreed or all it differed in was answered."""
        self.newest_fill = 0
        """Venue time of the newest fill, ns UTC: fills from there on are asked for, and some before it."""
        self.covered = 0
        """The engine's time of the newest report that agreed: what is older is known, ns."""
        self.differences: dict[DifferenceId, Difference] = {}
        """What ledger and venue disagree on, ignored ones included."""
        self.standing: dict[DifferenceId, Standing] = {}
        self.answers: dict[DifferenceId, Answer] = {}
        """Differences an operator ignores, as long as they stay as they were."""
        self.unbooked: dict[DifferenceId, Unbooked] = {}
        """What could not be booked, by its difference: no report makes that go away."""
        self.heard: dict[str, int] = {}
        """When the venue last said something that moves a subject, ns."""
        self.asked_at = 0
        """When the oldest unanswered question about the account was asked, ns; 0: none stands open."""
        self.asked_last = 0
        """When it was last asked, ns."""
        self.asks = 0
        """How often in a row it was asked without an answer."""
        self.answered_at = 0
        """When the venue last told what the account holds, ns; 0: never since the start."""
        self.rechecks = 0
        """Reports in a row that differed in something nobody has answered."""
        self.average_prices: dict[InstrumentId, Decimal] = {}
        """Of the newest report: the venue's average price of each position, where it tells one."""
        self.foreign: tuple[EngineId, ...] = ()
        """Other engines whose open orders the newest report told of before this start was reconciled."""
        self.gone: list[Difference] = []
        """Differences that the event just taken in made go away."""
        self.alarms: list[Difference] = []
        """Differences that the event just taken in confirmed."""
        self.stream: StreamState | None = None
        """Health of the private stream; None: nobody has said since the engine started."""
        self.clock: ClockMeasured | None = None
        """The newest look at the venue's clock since the engine started."""
        self.panicked_at = 0
        """When `tradebot panic` last acted on this account, ns; 0: never."""

    def forget(self, started: AccountStarted) -> None:
        """Begin anew what a restart cannot know."""
        self.started = started
        self.reconciled = False
        self.standing = {}
        self.heard = {}
        self.asked_at = self.asked_last = self.asks = self.answered_at = self.rechecks = 0
        self.foreign = ()
        self.stream = None
        self.clock = None
        # What stood before must be seen again by this process before it counts.
        self.differences = {
            key: known if key in self.unbooked else msgspec.structs.replace(known, confirmed=False)
            for key, known in self.differences.items()
        }

    def hear(self, subject: str, now: int) -> None:
        """Remember that the venue moved a subject: a difference in it may be a report older than that word."""
        self.heard.pop(subject, None)
        self.heard[subject] = now
        if len(self.heard) > HEARD_MAX:
            del self.heard[next(iter(self.heard))]

    def asked(self, now: int) -> None:
        """Remember that a question about the account went out."""
        self.asked_at = self.asked_at or now
        self.asked_last = now
        self.asks += 1

    def answered(self, now: int) -> None:
        """Remember that the venue told what the account holds."""
        self.asked_at = 0
        self.asks = 0
        self.answered_at = now
        self.rechecks = self.rechecks + 1 if self.open_differences() else 0
        self.settle(now)

    def settle(self, now: int) -> None:
        """Open the account for new risk where, since the start, all that differed is gone or answered."""
        if self.answered_at and not self.open_differences() and not self.foreign:
            self.reconciled = True
            self.covered = max(self.covered, now)

    def ignored(self, found: Difference | Finding) -> bool:
        """Return whether an operator has said to leave this difference be, as it is now."""
        answer = self.answers.get(found.id)
        if answer is None:
            return False
        if (answer.ours, answer.theirs) == (found.ours, found.theirs):
            return True
        gap = found.gap()
        return bool(gap) and gap == gap_text(answer.ours, answer.theirs)

    def open_differences(self) -> list[Difference]:
        """Return the differences nobody has answered."""
        return [known for known in self.differences.values() if not self.ignored(known)]

    def confirmed(self) -> list[Difference]:
        """Return the differences that stop the engine: outlived what may be on its way, and not answered."""
        return [known for known in self.open_differences() if known.confirmed]
