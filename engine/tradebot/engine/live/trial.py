"""What a version of a policy decides on the present snapshot: asked as the kernel asks, and nothing is sent."""

import copy
from collections.abc import Mapping, Sequence
from decimal import localcontext
from typing import cast

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.sleeves import Trial
from tradebot.engine.core.acting import illegal
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.needs import Bars
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy, sight
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import MS
from tradebot.engine.core.waking import warm_share
from tradebot.engine.live.action_words import action_text
from tradebot.engine.live.bar_history import past
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.markets import Candle

_BROKEN = (Exception, SystemExit)
"""What may come out of a policy."""


class Bench(msgspec.Struct, frozen=True):
    """What decisions on trial are made with."""

    state: State
    """The kernel's; only read."""
    minutes: Mapping[InstrumentId, Sequence[Candle]]
    """Minutes of the past, oldest first: bars that nobody has asked for yet are made of them."""
    clock: Clock
    """Measures the call."""


def trial(
    bench: Bench, started: SleeveStarted, loaded: LoadedPolicy, memory: bytes | None
) -> Trial:
    """Return what a policy wants now; the kernel's state is only read.

    Args:
        bench: State and past.
        started: The terms it would run on.
        loaded: The version.
        memory: What it would remember.
    """
    sleeve = SleeveState(started)
    sleeve.memory = memory
    sleeve.bars = tuple(need for need in loaded.policy.needs if isinstance(need, Bars))
    state = warmed_apart(bench, sleeve)
    share = warm_share(state, started, sleeve.bars)
    if share < 1:
        return Trial(
            did=(), because="", error=f"warming, {share * 100:.0f} % of its bars are there"
        )
    before = bench.clock.cpu_ns()
    try:
        portfolio, snapshot, context = sight(state, sleeve, loaded, seed="trial")
        with localcontext():
            answer = cast("object", loaded.policy.decide(portfolio, snapshot, context))
    except _BROKEN as error:
        return Trial(did=(), because="", error=f"{type(error).__name__}: {error}")
    took = (bench.clock.cpu_ns() - before) / MS
    if not isinstance(answer, OrderSeq):
        text = f"decide must return an OrderSeq, returned {type(answer).__name__}"
        return Trial(did=(), because="", error=text, took_ms=took)
    trouble = illegal(state, sleeve, answer)
    if trouble is not None:
        return Trial(did=(), because=answer.because.text(), error=trouble, took_ms=took)
    did = tuple(action_text(state, sleeve, action) for action in answer.actions) or ("hold",)
    return Trial(did=did, because=answer.because.text(), took_ms=took)


def warmed_apart(bench: Bench, sleeve: SleeveState) -> State:
    """Return the state with the bars a version needs made from the past where the kernel has not made them."""
    state, started = bench.state, sleeve.started
    cold: dict[InstrumentId, InstrumentMarket] = {}
    for symbol in started.symbols:
        market = copy.copy(state.market[symbol])
        market.bars = dict(market.bars)
        for need in sleeve.bars:
            series = market.bars.get(need.span_ns)
            if series is None or len(series) < need.history:
                market.bars.pop(need.span_ns, None)
                market.follow(need.span_ns, max(need.history, 1))
        cold[symbol] = market
    view = copy.copy(state)
    view.market = state.market.with_markets(cold)
    view.sleeves = {started.name: sleeve}
    for given in past(view, bench.minutes, "trial"):
        view.market[given.instrument].warm(given.span_ns, given.bars_span_ns, given.bars, state.now)
    return view
