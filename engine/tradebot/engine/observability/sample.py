"""What metrics and the heartbeat tell of an engine: one small picture, taken by the engine's own thread."""

import msgspec

from tradebot.engine.core.state import State
from tradebot.engine.core.types import SECOND


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """An engine at an instant; None is unknown."""

    seq: int
    trading_state: str
    currency: str
    equity: float | None
    """For charts only; exact figures are the ledger's."""
    day_pnl: float | None
    feed_age_s: dict[str, float | None]
    """Seconds since anything was heard of an instrument's market."""
    queues: dict[str, int]
    """Items that wait, by queue."""
    differences: dict[str, int]
    """Unanswered reconcile differences by account."""
    working: int
    unresolved: int
    lag_s: float
    """How long the loop's last turn took."""


def sample(state: State, *, seq: int, now: int, queues: dict[str, int], lag_ms: float) -> Sample:
    """Return a picture of an engine.

    Args:
        state: The kernel's memory.
        seq: The newest event's.
        now: The engine's time, ns UTC.
        queues: Items that wait, by queue.
        lag_ms: How long the last turn kept the loop busy.
    """
    equity = state.equity()
    start = state.day_start
    return Sample(
        seq=seq,
        trading_state=state.trading_state,
        currency=state.currency,
        equity=None if equity is None else float(equity),
        day_pnl=None if equity is None or start is None else float(equity - start),
        feed_age_s={
            known.instrument.id: None if known.updated is None else (now - known.updated) / SECOND
            for known in state.market.all()
        },
        queues=queues,
        differences={name: len(one.open_differences()) for name, one in state.accounts.items()},
        working=len(state.blotter.open()),
        unresolved=len(state.blotter.unresolved()),
        lag_s=lag_ms / 1000,
    )
