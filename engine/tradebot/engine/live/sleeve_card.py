"""The gate card: who would trade, which version, with whose money, within what limits; shown before a start."""

from decimal import Decimal

from tradebot.engine.control.sleeves import GateCard
from tradebot.engine.core.sleeve_money import pool
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.state import State
from tradebot.engine.live.authority_words import AuthorityWords
from tradebot.engine.live.facts import exact
from tradebot.engine.live.sleeve_listing import mandate_of, mode_of, param_facts
from tradebot.engine.live.trial import Bench, trial
from tradebot.engine.policy_source.load import VersionedPolicy

ZERO = Decimal(0)


def gate_card(
    bench: Bench,
    started: SleeveStarted,
    policy: VersionedPolicy,
    given: frozenset[str],
    authority: AuthorityWords,
) -> GateCard:
    """Return the card of a start.

    Args:
        bench: What decisions on trial are made with.
        started: The terms it would run on.
        policy: Its code, loaded and not yet in place.
        given: Parameters that the configuration sets.
        authority: Knows mandates.
    """
    state = bench.state
    known = state.sleeves.get(started.name)
    found = pool(state, started.account)
    left = None
    if found is not None:
        already = ZERO if known is None or known.started.run != "live" else known.started.capital
        left = found.free - (started.capital - already if started.run == "live" else ZERO)
    mandate = mandate_of(authority, started.name)
    return GateCard(
        sleeve=started.name,
        policy=started.policy,
        version=policy.version,
        account=started.account,
        mode=mode_of(state),
        real_money=state.is_live,
        run="live" if started.run == "live" else "shadow",
        runs_now="off" if known is None else known.started.run,
        symbols=started.symbols,
        params=param_facts(policy.loaded.params, given),
        capital=exact(started.capital),
        currency=state.currency,
        pool=None if left is None else exact(left),
        limits=started.limits,
        engine_limits=state.limits.as_text(),
        on_error=started.on_error,
        on_stop=started.on_stop,
        mandate=mandate,
        trading_state=state.trading_state,
        wants=trial(bench, started, policy.loaded, None if known is None else known.memory),
        warnings=tuple(_warnings(state, started, left)),
    )


def _warnings(state: State, started: SleeveStarted, left: Decimal | None) -> list[str]:
    found: list[str] = []
    known = state.sleeves.get(started.name)
    if state.trading_state != "ACTIVE":
        found.append(f"the engine is {state.trading_state}: {state.reason}")
    if known is not None and known.paused is not None:
        found.append(f"it is paused: {known.paused}")
    if known is not None and known.started.version not in {"", started.version}:
        found.append(f"it ran version {known.started.version} before")
    if left is not None and left < 0:
        found.append(f"the pool is overdrawn by {exact(-left)}: the same money is given twice")
    if state.is_live and started.run == "live":
        found.append("REAL MONEY")
    return found
