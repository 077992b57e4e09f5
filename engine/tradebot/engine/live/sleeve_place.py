"""Putting a version of a sleeve into place: loaded beside the loop, swapped between two events."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.sleeves import LoggedLine
from tradebot.engine.core.events import OperatorEvent, SleeveChanged
from tradebot.engine.core.outcomes import AnyOutcome, SleeveLogged
from tradebot.engine.core.sleeve_terms import Run, SleeveStarted
from tradebot.engine.core.sleeve_words import unfit
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import MINUTE, Owner
from tradebot.engine.journal.errors import JournalError
from tradebot.engine.live.bar_history import past
from tradebot.engine.live.budget import BudgetedCaller
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.configured_sleeves import ConfiguredSleeve, ConfiguredSleeves
from tradebot.engine.live.loaded_sleeves import LoadedSleeves
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.runtime import Runtime
from tradebot.engine.live.sleeve_memory_move import NotMoved, move_memory
from tradebot.engine.live.sleeve_versions import RanVersion, versions_of
from tradebot.engine.live.tape import CANDLES_KEPT, Tape
from tradebot.engine.live.trial import Bench
from tradebot.engine.policy_source.load import VersionedPolicy


class SleeveParts(msgspec.Struct, frozen=True):
    """What the life of sleeves is made of."""

    loaded: LoadedSleeves
    """The code that runs."""
    measured: BudgetedCaller
    """Knows how long decisions take."""
    configured: ConfiguredSleeves
    """Reads tradebot.toml and policies' code anew."""
    tape: Tape
    """Knows the minutes of the past."""


class Placing:
    """What every word about a sleeve's code needs; lives on the engine's own loop.

    Args of the constructor:
        runtime: The engine.
        parts: Code and configuration.
        operate: Hands a word to the kernel and returns what it led to.
        durable: Waits until that is committed.
        clock: Measures trial decisions.
    """

    def __init__(
        self,
        runtime: Runtime,
        parts: SleeveParts,
        *,
        operate: Callable[[OperatorEvent], list[AnyOutcome]],
        durable: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self.runtime = runtime
        self.state = runtime.kernel.state
        self.loaded = parts.loaded
        self.configured = parts.configured
        self.operate = operate
        self.durable = durable
        self._measured = parts.measured
        self._tape = parts.tape
        self._clock = clock

    def memory(
        self, started: SleeveStarted, policy: VersionedPolicy, *, fresh: bool
    ) -> bytes | None:
        """Return what a sleeve remembers as a version takes it, now, between two events."""
        known = self.state.sleeves.get(started.name)
        if known is None:
            return None
        if known.started.version == policy.version and not fresh:
            return known.memory
        try:
            return move_memory(known.memory, policy.loaded, known.started.version, fresh=fresh)[0]
        except NotMoved as error:
            raise Refused("conflict", str(error)) from error

    def swap(self, policy: VersionedPolicy, event: SleeveChanged) -> list[AnyOutcome]:
        """Put a version into place and tell the kernel; nothing comes between."""
        self.runtime.records.journal.add_source(policy.version, policy.source)
        self.loaded.swap(event.started.name, policy)
        self._measured.forget(event.started.name)
        outcomes = self.operate(event)
        state = self.state
        for given in past(state, self._minutes(), "what this engine has seen"):
            outcomes += self.runtime.hand_over(given)
        return outcomes

    def _minutes(self) -> dict[InstrumentId, list[Candle]]:
        """Return the minutes of the past that the engine has seen or was told of."""
        known = self.state.market.all()
        return {
            one.instrument.id: self._tape.candles(one.instrument.id, MINUTE, CANDLES_KEPT)
            for one in known
        }

    def bench(self) -> Bench:
        """Return what decisions on trial are made with."""
        return Bench(self.state, self._minutes(), self._clock)

    async def load(self, name: str) -> ConfiguredSleeve:
        """Return a sleeve of the configuration, its code loaded beside whatever runs."""
        return await asyncio.to_thread(self.configured.load, Owner(name))

    async def versions(self, name: Owner) -> list[RanVersion]:
        """Return the versions a sleeve has run, oldest first; the journal is read beside the loop."""
        await self.durable()
        try:
            return await asyncio.to_thread(versions_of, self.runtime.records.journal, name)
        except JournalError as error:
            raise Refused("refused", f"the versions cannot be read: {error}") from error

    async def logged(self, name: Owner, limit: int) -> list[LoggedLine]:
        """Return what a sleeve's policy wrote down, the newest, oldest first; the journal is read beside the loop."""
        await self.durable()
        journal = self.runtime.records.journal

        def read() -> list[LoggedLine]:
            newest: deque[LoggedLine] = deque(maxlen=limit)
            for row in journal.rows_of(("sleeve-logged",)):
                told = journal.decode_outcome(row)
                if isinstance(told, SleeveLogged) and told.sleeve == name:
                    newest.extend(
                        LoggedLine(ts=row.now, seq=row.seq, text=one) for one in told.lines
                    )
            return list(newest)

        try:
            return await asyncio.to_thread(read)
        except JournalError as error:
            raise Refused("refused", f"what it logged cannot be read: {error}") from error

    def require(self, name: str) -> SleeveState:
        """Return a sleeve that the kernel knows; raise `Refused` where there is none."""
        sleeve = self.state.sleeves.get(Owner(name))
        if sleeve is None:
            known = ", ".join(self.state.sleeves) or "none"
            raise Refused("unknown", f"no sleeve {name!r} runs here; there is {known}")
        return sleeve

    def running(self, name: str) -> SleeveState:
        """Return a sleeve that is not stopped; raise `Refused` where it is."""
        sleeve = self.require(name)
        if sleeve.started.run == "off":
            raise Refused("conflict", f"{name} is stopped: tradebot policy start {name}")
        return sleeve


def terms_of(state: State, found: ConfiguredSleeve, run: Run) -> SleeveStarted:
    """Return the terms of a start: the file's, with the capital given since where the file's is the same."""
    started = found.started
    known = state.sleeves.get(started.name)
    capital = started.capital
    if known is not None and known.configured.capital == capital:
        capital = known.started.capital
    return msgspec.structs.replace(started, run=run, capital=capital)


def require_fit(state: State, started: SleeveStarted) -> None:
    """Refuse terms that the kernel would refuse: before any code is put into place."""
    problem = unfit(state, started)
    if problem:
        raise Refused("configuration", f"sleeve {started.name}: {problem}")


def require_version(found: str, wanted: str, what: str) -> None:
    """Refuse what is another version than the person saw."""
    if not found.startswith(wanted):
        raise Refused(
            "conflict", f"version {found} is not {wanted}, which was shown: look again, then {what}"
        )
