"""Calling policies within their bounds: a time budget, and exceptions that stop at the sleeve.

Measured in processor time of the kernel's thread, so that a busy machine does not pause a sleeve.
"""

import gc
import traceback
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.events import SleeveFailed
from tradebot.engine.core.policy import ContextMap, Filled, Policy, TakesFills
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import MINUTE, MS, Owner
from tradebot.engine.live.clock import Clock

BUDGET = 5 * MS
"""A decision should take less."""

OVER_BUDGET_MAX = 10
"""So many over budget in a minute pause the sleeve."""

CALL_MAX = 100 * MS
"""One call over this pauses the sleeve."""

TIMES_KEPT = 1_000
"""Newest decisions whose time is remembered, for each sleeve."""

_BROKEN = (Exception, SystemExit)
"""What may come out of a policy, which is a stranger's code: the engine goes on."""


class Times(msgspec.Struct, frozen=True):
    """How long a sleeve's newest decisions took, in processor time."""

    p50_ms: float
    p99_ms: float
    count: int


class BudgetedCaller:
    """Calls policies, measures them, and notes those that break their bounds for the next event."""

    def __init__(self, clock: Clock, failed: list[SleeveFailed]) -> None:
        self._clock = clock
        self._failed = failed
        self._over: dict[Owner, deque[int]] = {}
        self._times: dict[Owner, deque[int]] = {}
        self._told: dict[Owner, int] = {}
        self.slow: Callable[[Owner, int], None] | None = None
        """Told of a decision over budget and its ns, once a minute at most for each sleeve; it is not recorded."""

    def times(self, sleeve: Owner) -> Times | None:
        """Return how long a sleeve's decisions take; None before the first."""
        kept = sorted(self._times.get(sleeve, ()))
        if not kept:
            return None
        most = len(kept) - 1
        return Times(kept[most // 2] / MS, kept[most * 99 // 100] / MS, len(kept))

    def forget(self, sleeve: Owner) -> None:
        """Measure a sleeve anew: it runs another version."""
        self._times.pop(sleeve, None)
        self._over.pop(sleeve, None)

    def __call__(
        self,
        sleeve: Owner,
        policy: Policy,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap,
        fill: Filled | None = None,
    ) -> OrderSeq | None:
        """Return the policy's answer; None after an exception, which is reported."""
        collects = gc.isenabled()
        # A collection of the whole engine's memory takes longer than a decision may: it is not the policy's.
        gc.disable()
        before = self._clock.cpu_ns()
        try:
            answer = ask(policy, portfolio, snapshot, context, fill)
        except _BROKEN as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            self._failed.append(SleeveFailed(sleeve=sleeve, reason=reason))
            return None
        finally:
            took = self._clock.cpu_ns() - before
            if collects:
                gc.enable()
        self._measure(sleeve, took)
        if isinstance(answer, OrderSeq):
            return answer
        reason = f"decide must return an OrderSeq, returned {type(answer).__name__}"
        self._failed.append(SleeveFailed(sleeve=sleeve, reason=reason))
        return None

    def _measure(self, sleeve: Owner, took: int) -> None:
        self._times.setdefault(sleeve, deque(maxlen=TIMES_KEPT)).append(took)
        if took > BUDGET:
            self._tell(sleeve, took)
        if took > CALL_MAX:
            reason = f"one decision took {took / MS:.0f} ms, at most {CALL_MAX // MS}"
            self._failed.append(SleeveFailed(sleeve=sleeve, reason=reason))
        elif took > BUDGET:
            now = self._clock.monotonic_ns()
            over = self._over.setdefault(sleeve, deque(maxlen=OVER_BUDGET_MAX))
            over.append(now)
            if len(over) == OVER_BUDGET_MAX and now - over[0] < MINUTE:
                over.clear()
                reason = f"{OVER_BUDGET_MAX} decisions over {BUDGET // MS} ms within a minute"
                self._failed.append(SleeveFailed(sleeve=sleeve, reason=reason))

    def _tell(self, sleeve: Owner, took: int) -> None:
        now = self._clock.monotonic_ns()
        told = self._told.get(sleeve)
        if self.slow is not None and (told is None or now - told >= MINUTE):
            self._told[sleeve] = now
            self.slow(sleeve, took)


def ask(
    policy: Policy,
    portfolio: PortfolioState,
    snapshot: MarketSnapshot,
    context: ContextMap,
    fill: Filled | None,
) -> object:
    """Return whatever a policy answers: to a fill of its own where one is told, else to the market as it is."""
    if fill is not None and isinstance(policy, TakesFills):
        return cast("object", policy.on(fill, portfolio, snapshot, context))
    return cast("object", policy.decide(portfolio, snapshot, context))


def call_plainly(
    sleeve: Owner,  # noqa: ARG001  (the signature of a PolicyCaller)
    policy: Policy,
    portfolio: PortfolioState,
    snapshot: MarketSnapshot,
    context: ContextMap,
    fill: Filled | None = None,
) -> OrderSeq | None:
    """Call a policy when deciding again: a broken call decided nothing then, and its event is in the record."""
    try:
        answer = ask(policy, portfolio, snapshot, context, fill)
    except _BROKEN:  # the record holds what followed
        return None
    return answer if isinstance(answer, OrderSeq) else None
