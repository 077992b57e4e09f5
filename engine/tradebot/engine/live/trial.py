"""What a version of a policy decides on the present snapshot: asked as the kernel asks, and nothing is sent."""

from decimal import localcontext
from typing import cast

from tradebot.engine.control.sleeves import Trial
from tradebot.engine.core.actions import (
    Action,
    CancelOrder,
    NewOrder,
    OrderSeq,
    ReplaceOrder,
    WantFlat,
    WantQuantity,
    WantWeight,
)
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy, sight
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import MS
from tradebot.engine.live.clock import Clock

_BROKEN = (Exception, SystemExit)
"""What may come out of a policy."""


def trial(
    state: State, started: SleeveStarted, loaded: LoadedPolicy, memory: bytes | None, clock: Clock
) -> Trial:
    """Return what a policy wants now; the kernel's state is only read.

    Args:
        state: The kernel's.
        started: The terms it would run on.
        loaded: The version.
        memory: What it would remember.
        clock: Measures the call.
    """
    sleeve = SleeveState(started)
    sleeve.memory = memory
    before = clock.cpu_ns()
    try:
        portfolio, snapshot, context = sight(state, sleeve, loaded, seed="trial")
        with localcontext():
            answer = cast("object", loaded.policy.decide(portfolio, snapshot, context))
    except _BROKEN as error:
        return Trial(did=(), because="", error=f"{type(error).__name__}: {error}")
    took = (clock.cpu_ns() - before) / MS
    if not isinstance(answer, OrderSeq):
        text = f"decide must return an OrderSeq, returned {type(answer).__name__}"
        return Trial(did=(), because="", error=text, took_ms=took)
    did = tuple(_words(action, started) for action in answer.actions) or ("hold",)
    return Trial(did=did, because=answer.because.text(), took_ms=took)


def _words(action: Action, started: SleeveStarted) -> str:
    if isinstance(action, CancelOrder):
        return f"cancel {action.client_order_id}"
    if isinstance(action, ReplaceOrder):
        return f"replace {action.client_order_id}"
    symbol = action.symbol or (started.symbols[0] if started.symbols else "?")
    if isinstance(action, NewOrder):
        price = "market" if action.limit is None else f"at {action.limit:f}"
        return f"{action.side.upper()} {action.quantity:f} {symbol} {price}"
    if isinstance(action, WantFlat):
        return f"flat {symbol}"
    if isinstance(action, WantQuantity):
        return f"hold {action.quantity:f} {symbol}"
    if isinstance(action, WantWeight):
        return f"hold {action.weight * 100:f} % {symbol}"
    way = "long" if action.side == "buy" else "short"
    return f"{way} {symbol} risk {action.risk * 100:f} % stop {action.stop:f} away"
