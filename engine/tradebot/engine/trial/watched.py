"""A policy that is watched while it decides: no I/O, no clock, the same answer twice, a reason for everything."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType

import msgspec

from tradebot.engine.core.actions import NO_REASON, CancelOrder, OrderSeq
from tradebot.engine.core.needs import Need
from tradebot.engine.core.policy import ContextMap, Filled, Policy, TakesFills
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.live.clock import Clock
from tradebot.engine.policy_source.modules import PREFIX
from tradebot.engine.trial.sealed import Seal


class Seen(msgspec.Struct):
    """What was seen of a policy's decisions."""

    calls: int = 0
    impure: str | None = None
    """The first thing outside it touched."""
    changed_mind: str | None = None
    """The first call that was answered otherwise when it was asked again with the same."""
    without_reason: int = 0
    """Answers, or orders in them, that say no why."""
    codes: Counter[str] = msgspec.field(default_factory=Counter[str])
    took: list[int] = msgspec.field(default_factory=list[int])
    """Processor time of each call, ns."""


class Watched:
    """A policy like the one it holds, asked twice each time.

    Args of the constructor:
        policy: The policy.
        clock: Measures processor time.
    """

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._modules = _modules_of(policy)
        self.seen = Seen()

    @property
    def needs(self) -> Sequence[Need]:
        """Return what wakes it."""
        return self._policy.needs

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return the policy's answer, and note what it did on the way.

        Raises:
            Impure: If it touched the world outside.
        """
        return self.asked(lambda: self._policy.decide(portfolio, snapshot, context), context)

    def asked(self, ask: Callable[[], OrderSeq], context: ContextMap | None) -> OrderSeq:
        """Return the answer to a question that is asked twice.

        Raises:
            Impure: If it touched the world outside.
        """
        seen = self.seen
        seen.calls += 1
        seal = Seal(self._modules)
        before = self._clock.cpu_ns()
        with seal.closed(self._note_impure):
            answer = ask()
        seen.took.append(self._clock.cpu_ns() - before)
        lines = 0 if context is None else len(context.lines)
        if context is not None:
            # A generator that was drawn from goes on; asked again the policy gets it as it was.
            vars(context).pop("rng", None)
        with seal.closed(self._note_impure):
            again = ask()
        if context is not None:
            del context.lines[lines:]
        if answer != again and seen.changed_mind is None:
            seen.changed_mind = f"{_said(answer)} and then {_said(again)}"
        self._note_reasons(answer)
        return answer

    def _note_impure(self, what: str) -> None:
        self.seen.impure = self.seen.impure or what

    def _note_reasons(self, answer: OrderSeq) -> None:
        whole = answer.because != NO_REASON
        bare = [
            action
            for action in answer.actions
            if action.because is None and not isinstance(action, CancelOrder)
        ]
        self.seen.without_reason += not whole and (bool(bare) or not answer.actions)
        self.seen.codes[answer.because.code] += 1


class WatchedWithFills(Watched):
    """The same of a policy that is told of its fills."""

    def __init__(self, policy: Policy, taker: TakesFills, clock: Clock) -> None:
        super().__init__(policy, clock)
        self._taker = taker

    def on(
        self,
        event: Filled,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return the policy's answer to a fill; as `decide`.

        Raises:
            Impure: If it touched the world outside.
        """
        return self.asked(lambda: self._taker.on(event, portfolio, snapshot, context), context)


def watch(policy: Policy, clock: Clock) -> Watched:
    """Return a policy that is watched, and told of fills where the one it holds is."""
    if isinstance(policy, TakesFills):
        return WatchedWithFills(policy, policy, clock)
    return Watched(policy, clock)


def _said(answer: OrderSeq) -> str:
    return f"{answer.because.code} with {len(answer.actions)} actions"


def _modules_of(policy: Policy) -> tuple[ModuleType, ...]:
    """Return the policy's module and those of its own sources."""
    package = type(policy).__module__.partition(".")[0]
    if not package.startswith(PREFIX):
        return (sys.modules[type(policy).__module__],)
    return tuple(found for name, found in list(sys.modules.items()) if name.startswith(package))
