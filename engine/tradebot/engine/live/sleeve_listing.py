"""What sleeves are, as clients see them: one line each, or all about one."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from tradebot.engine.control.authority import MandateFacts
from tradebot.engine.control.sleeves import (
    ParamFacts,
    SleeveDetail,
    SleeveListing,
    SleeveWord,
    VersionFacts,
)
from tradebot.engine.core.events import Event
from tradebot.engine.core.outcomes import AnyOutcome, Decided
from tradebot.engine.core.params import Params, describe
from tradebot.engine.core.records import MILLION, micro_r
from tradebot.engine.core.sleeve_money import equity_of
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import SECOND, Mode, Owner
from tradebot.engine.core.waking import warm_share
from tradebot.engine.journal.export import iso
from tradebot.engine.live.authority_words import AuthorityWords
from tradebot.engine.live.budget import BudgetedCaller
from tradebot.engine.live.facts import exact, optional
from tradebot.engine.live.loaded_sleeves import LoadedSleeves
from tradebot.engine.live.protection import owner_risk
from tradebot.engine.live.runtime import Runtime
from tradebot.engine.live.sleeve_versions import RanVersion, rolled_back
from tradebot.engine.live.version_difference import needs_in_words, param_texts
from tradebot.engine.sizing.target import spread_of


class SleeveTeller:
    """Tells what sleeves are; keeps each one's last decision.

    Args of the constructor:
        runtime: The engine.
        loaded: The code that runs.
        measured: Knows how long decisions take.
        authority: Knows mandates.
    """

    def __init__(
        self,
        runtime: Runtime,
        loaded: LoadedSleeves,
        measured: BudgetedCaller,
        authority: AuthorityWords,
    ) -> None:
        self._runtime = runtime
        self._state = runtime.kernel.state
        self._loaded = loaded
        self._measured = measured
        self._authority = authority
        self._decided: dict[Owner, tuple[int, Decided]] = {}
        runtime.observers.append(self._stepped)

    def _stepped(self, _seq: int, now: int, _event: Event, outcomes: list[AnyOutcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Decided):
                self._decided[outcome.sleeve] = (now, outcome)

    def listing(self, names: Sequence[Owner]) -> list[SleeveListing]:
        """Return a line for each of some sleeves, in their order; those that never ran are off."""
        return [self._line(name) for name in names]

    def detail(self, name: Owner, versions: Sequence[RanVersion]) -> SleeveDetail:
        """Return all about one sleeve that the kernel knows.

        Args:
            name: Which.
            versions: What it has run, oldest first.
        """
        sleeve, policy = self._state.sleeves[name], self._loaded.get(name)
        started, times = sleeve.started, self._measured.times(name)
        return SleeveDetail(
            listing=self._line(name),
            account=started.account,
            symbols=started.symbols,
            needs=() if policy is None else needs_in_words(policy),
            params=()
            if policy is None
            else param_facts(policy.loaded.params, frozenset(started.params)),
            limits=started.limits,
            on_error=started.on_error,
            on_stop=started.on_stop,
            compound=started.compound,
            mandate=mandate_of(self._authority, name),
            state_bytes=None if sleeve.memory is None else len(sleeve.memory),
            decide_p50_ms=None if times is None else times.p50_ms,
            decide_p99_ms=None if times is None else times.p99_ms,
            decides=0 if times is None else times.count,
            files=() if policy is None else tuple(policy.sources.files),
            versions=tuple(_version_facts(one) for one in reversed(versions)),
        )

    def _line(self, name: Owner) -> SleeveListing:
        sleeve = self._state.sleeves.get(name)
        if sleeve is None:
            return _off(name)
        started, state = sleeve.started, self._state
        mandate = mandate_of(self._authority, name)
        said = self._decided.get(name)
        return SleeveListing(
            name=name,
            policy=started.policy,
            version=started.version,
            run=started.run,
            state=state_word(state, sleeve),
            reason=sleeve.exiting or sleeve.paused,
            capital=exact(started.capital),
            equity=optional(exact, equity_of(state, sleeve)),
            open_risk=optional(exact, owner_risk(state, started.account, name)),
            day=optional(exact, self._day(sleeve)),
            last_decision=None if said is None else _in_words(said[1]),
            last_age_s=None if said is None else (self._runtime.now - said[0]) / SECOND,
            mandate_until=None if mandate is None else mandate.expires,
            proof=proof_of(state, name),
            note=self.note(name) or _warmth(state, sleeve),
        )

    def _day(self, sleeve: SleeveState) -> Decimal | None:
        mark, equity = sleeve.mark, equity_of(self._state, sleeve)
        if mark is None or equity is None or mark.day != self._state.day:
            return None
        return equity - mark.day_start

    def note(self, name: Owner) -> str:
        """Return the one thing to know about a sleeve that the kernel knows; empty where there is none."""
        state = self._state
        sleeve = state.sleeves[name]
        if self._loaded.changed_on_disk(name):
            return "changed on disk"
        back_from = self._runtime.records.journal.meta.get(rolled_back(name))
        if back_from:
            return f"rolled back from {back_from[:4]}"
        live = state.is_live and sleeve.started.run == "live"
        if live and state.authority.mandate_of(sleeve.started, self._runtime.now) is None:
            return "no mandate: a shadow"
        return ""


def state_word(state: State, sleeve: SleeveState) -> SleeveWord:
    """Return how a sleeve is, in a word."""
    if sleeve.started.run == "off":
        return "stopped"
    if sleeve.failed:
        return "failed"
    if sleeve.paused is not None:
        return "paused"
    return "running" if warm_share(state, sleeve.started, sleeve.bars) >= 1 else "warming"


def _warmth(state: State, sleeve: SleeveState) -> str:
    share = warm_share(state, sleeve.started, sleeve.bars)
    return f"warm {share * 100:.0f} %" if share < 1 else ""


def proof_of(state: State, name: Owner) -> str | None:
    """Return how many of an owner's bets of known risk have settled, of how many that would prove its edge.

    None before the first; the second figure is left out where no edge is shown.
    """
    mine = [bet for bet in state.bet_book.settled.values() if bet.owner == name]
    found = [r / MILLION for r in map(micro_r, mine) if r is not None]
    if not found:
        return None
    needed = spread_of(len(found), sum(found), sum(r * r for r in found)).proof()
    return f"{len(found)} bets" if needed is None else f"{len(found)} of {needed} bets"


def param_facts(params: Params | None, given: frozenset[str]) -> tuple[ParamFacts, ...]:
    """Return every parameter with its value, where that comes from, its bounds and what it is.

    Args:
        params: As the version has them.
        given: Those that the configuration sets.
    """
    if params is None:
        return ()
    values = param_texts(params)
    origin: dict[bool, Literal["default", "tradebot.toml"]] = {
        True: "tradebot.toml",
        False: "default",
    }
    return tuple(
        ParamFacts(
            name=info.name,
            value=values[info.name],
            origin=origin[info.name in given],
            type=info.type,
            default=info.default,
            bounds=info.bounds,
            doc=info.doc,
        )
        for info in describe(type(params))
    )


def mandate_of(authority: AuthorityWords, name: Owner) -> MandateFacts | None:
    """Return a sleeve's mandate, valid or not; None where it has none."""
    return next((one for one in authority.facts().mandates if one.sleeve == name), None)


def mode_of(state: State) -> Mode:
    """Return the engine's mode."""
    return "sandbox" if state.started is None else state.started.mode


def _off(name: Owner) -> SleeveListing:
    return SleeveListing(
        name=name,
        policy="",
        version=None,
        run="off",
        state="off",
        reason=None,
        capital=None,
        equity=None,
        open_risk=None,
        day=None,
        last_decision=None,
        last_age_s=None,
        mandate_until=None,
        proof=None,
        note="",
    )


def _in_words(decided: Decided) -> str:
    did = ", ".join(decided.did)
    return f"{did}: {decided.because.text()}" if did else decided.because.text()


def _version_facts(ran: RanVersion) -> VersionFacts:
    return VersionFacts(
        version=ran.started.version,
        policy=ran.started.policy,
        since=iso(ran.since),
        what=ran.what,
    )
