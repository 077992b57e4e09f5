"""The health lights as facts for clients: read from the kernel's state and the runtime, None for unknown."""

from tradebot.engine.control.health import AccountHealth, HealthFacts, RateBudget
from tradebot.engine.core.accounts import AccountState
from tradebot.engine.core.events import Event
from tradebot.engine.core.outcomes import AnyOutcome, TradingStateChanged
from tradebot.engine.core.state import State
from tradebot.engine.core.types import HAND, MINUTE, MS, SECOND
from tradebot.engine.journal.errors import JournalDamaged, JournalUnavailable
from tradebot.engine.journal.export import iso
from tradebot.engine.live.facts import feed_facts
from tradebot.engine.live.runtime import Runtime


class StateSince:
    """Since when the trading state holds: seen by this process, or looked up in the journal once."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._since: int | None = None
        self._looked = False

    def __call__(self, _seq: int, now: int, _event: Event, outcomes: list[AnyOutcome]) -> None:
        """Take in a step."""
        if any(isinstance(outcome, TradingStateChanged) for outcome in outcomes):
            self._since, self._looked = now, True

    def text(self) -> str | None:
        """Return the instant, ISO 8601 UTC; None for an engine that has been ACTIVE for as long as it runs."""
        state = self._runtime.kernel.state
        if not self._looked and state.trading_state != "ACTIVE":
            self._looked = True
            try:
                row = self._runtime.records.journal.newest("trading-state-changed")
            except (JournalUnavailable, JournalDamaged):
                self._looked = False  # unknown now; asked again at the next look
                return None
            self._since = None if row is None else row.now
        return None if self._since is None else iso(self._since)


def health_facts(
    runtime: Runtime, *, now: int, since: str | None, lag_ms: float, consoles: int
) -> HealthFacts:
    """Return what the health lights are made of.

    Args:
        runtime: The engine.
        now: Its time, ns UTC.
        since: Since when the trading state holds.
        lag_ms: How long the last turn took.
        consoles: How many follow.
    """
    state, journal = runtime.kernel.state, runtime.records.journal
    bound = 0 if state.started is None else state.started.clock_offset_max
    return HealthFacts(
        trading_state=state.trading_state,
        reason=state.reason,
        since=since,
        feeds=feed_facts(state, now),
        accounts=[_account(account, now) for account in state.accounts.values()],
        clock_offset_max_ms=bound / MS if bound else None,
        seq=runtime.seq,
        committed_seq=journal.committed_seq,
        journal_trouble=runtime.journal_trouble,
        queues={
            "inbox": len(runtime.inbox),
            "outbox": len(runtime.outbox),
            "journal": int(journal.pending),
        },
        lag_ms=lag_ms,
        budgets=_budgets(state, now),
        venue_budget=None,
        unresolved=len(state.blotter.unresolved()),
        consoles=consoles,
        sessions=runtime.sessions(),
    )


def _account(account: AccountState, now: int) -> AccountHealth:
    clock = account.clock
    return AccountHealth(
        account=account.started.name,
        venue=account.started.venue,
        stream=account.stream,
        clock_offset_ms=None if clock is None else clock.offset / MS,
        clock_error_ms=None if clock is None else clock.error / MS,
        reconciled=account.reconciled,
        differences=len(account.open_differences()),
        answered_s=(now - account.answered_at) / SECOND if account.answered_at else None,
        asking_s=(now - account.asked_at) / SECOND if account.asked_at else None,
    )


def _budgets(state: State, now: int) -> list[RateBudget]:
    """Return orders of the last minute by owner, as the gate counts them: the hand, and every sleeve."""
    limits = state.limits
    caps = {HAND: limits.orders_per_minute_hand}
    caps |= dict.fromkeys(state.sleeves, limits.orders_per_minute_sleeve)
    return [
        RateBudget(
            owner=owner,
            used=sum(1 for sent in state.sent.get(owner, ()) if sent > now - MINUTE),
            cap=cap,
        )
        for owner, cap in caps.items()
    ]
