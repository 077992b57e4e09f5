"""The life of sleeves as clients speak of it: start, stop, reload, rollback, capital.

Code is read and loaded beside the loop, so that the market goes on meanwhile; the swap itself lies between two events:
the new version is put into place and the kernel is told in the same breath.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.authority import MandateBody
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages import CommandAnswer
from tradebot.engine.control.sleeves import (
    AllocationFacts,
    AllocationQuery,
    CapitalBody,
    CardBody,
    ChangeBody,
    GateCard,
    SleeveDetail,
    SleeveListing,
    StartBody,
    StopSleeveBody,
    VersionDifference,
)
from tradebot.engine.core.events import OperatorEvent, SleeveChanged, SleeveStopRequested
from tradebot.engine.core.outcomes import Alert, AnyOutcome, Cancel
from tradebot.engine.core.sleeve_money import pool
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeve_words import unfit
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import MINUTE, Owner
from tradebot.engine.journal.errors import JournalError
from tradebot.engine.live.allocation import Claim, propose
from tradebot.engine.live.authority_words import AuthorityWords
from tradebot.engine.live.bar_history import past
from tradebot.engine.live.budget import BudgetedCaller
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.configured_sleeves import ConfiguredSleeve, ConfiguredSleeves
from tradebot.engine.live.loaded_sleeves import LoadedSleeves
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.runtime import Runtime
from tradebot.engine.live.sleeve_card import gate_card
from tradebot.engine.live.sleeve_listing import SleeveTeller, mode_of
from tradebot.engine.live.sleeve_memory_move import NotMoved, move_memory
from tradebot.engine.live.sleeve_versions import RanVersion, rolled_back, versions_of
from tradebot.engine.live.tape import CANDLES_KEPT, Tape
from tradebot.engine.live.trial import Bench
from tradebot.engine.live.version_difference import Candidate, difference
from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.load import VersionedPolicy, load_recorded

ZERO = Decimal(0)


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


class SleeveLife:
    """What the control server asks and tells about sleeves; lives on the engine's own loop.

    Args of the constructor:
        runtime: The engine.
        parts: Code and configuration.
        authority: Gives mandates.
        operate: Hands a word to the kernel and returns what it led to.
        durable: Waits until that is committed.
        clock: Measures trial decisions.
    """

    def __init__(
        self,
        runtime: Runtime,
        parts: SleeveParts,
        *,
        authority: AuthorityWords,
        operate: Callable[[OperatorEvent], list[AnyOutcome]],
        durable: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._runtime = runtime
        self._state = runtime.kernel.state
        self._loaded = parts.loaded
        self._configured = parts.configured
        self._measured = parts.measured
        self._tape = parts.tape
        self._authority = authority
        self._operate = operate
        self._durable = durable
        self._clock = clock
        self._teller = SleeveTeller(runtime, parts.loaded, parts.measured, authority)

    def look(self) -> None:
        """Look whether files on disk are others than those that run; cheap, called at each turn of the loop."""
        self._loaded.look(self._clock.monotonic_ns())

    # ---------------------------------------------------------------------------- facts

    async def listing(self) -> list[SleeveListing]:
        """Return every sleeve; those of the configuration that never ran are off."""
        return self._teller.listing(await self._names())

    async def facts(self, name: str) -> SleeveDetail:
        """Return all about one sleeve that runs or has run.

        Raises:
            Refused: If there is none.
        """
        self._require(name)
        versions = await self._versions(Owner(name))
        return self._teller.detail(Owner(name), versions)

    async def allocation(self, query: AllocationQuery) -> AllocationFacts:
        """Return a proposal for everybody's capital; nothing moves.

        Raises:
            Refused: If it cannot be made now.
        """
        state = self._state
        claims = [
            Claim(name, sleeve.started.capital, None, 0)
            for name, sleeve in state.sleeves.items()
            if sleeve.started.run == "live"
        ]
        account = state.account
        found = pool(state, account)
        if found is None:
            raise Refused("conflict", f"the equity of {account} is unknown now: a price is missing")
        return propose(query.by, found.equity, claims, state.currency)

    async def _names(self) -> list[Owner]:
        try:
            configured = list(await asyncio.to_thread(self._configured.names))
        except Refused:
            configured = []  # the file is broken just now: what runs is shown all the same
        return list(dict.fromkeys([*self._state.sleeves, *configured]))

    # ---------------------------------------------------------------------------- start and stop

    async def card(self, name: str, body: CardBody) -> GateCard:
        """Return what a start would be; the code is loaded, nothing changes.

        Raises:
            Refused: If it could not start.
        """
        found = await self._load(name)
        started = self._terms(found, body.run)
        self._startable(started)
        given = found.given
        return gate_card(self._bench(), started, found.policy, given, self._authority)

    async def start(self, name: str, body: StartBody) -> CommandAnswer:
        """Let a sleeve of the configuration run; live in LIVE only with its mandate.

        Raises:
            Refused: If it runs so already, changed since the card, or needs a mandate.
        """
        found = await self._load(name)
        _require_version(found.policy.version, body.version, "start")
        started = self._terms(found, body.run)
        self._startable(started)
        if body.run == "live" and self._state.is_live and body.loss_budget is None:
            raise Refused("refused", "live in LIVE needs a mandate: give --loss-budget L")
        if body.loss_budget is not None and body.run == "shadow":
            raise Refused("usage", "a shadow needs no mandate: leave --loss-budget out, or --live")
        self._runtime.records.journal.note(rolled_back(started.name), "")
        self._swap(
            found.policy,
            SleeveChanged(
                started=started,
                what="start",
                memory=self._memory(started, found.policy, fresh=False),
                configured=found.started,
                reason=body.reason,
            ),
        )
        await self._durable()
        lines = [f"{started.name}@{found.policy.version[:4]} runs {started.run}"]
        if body.loss_budget is not None:
            given = await self._authority.give_mandate(
                name,
                MandateBody(
                    capital=body.capital or f"{started.capital:f}",
                    loss_budget=body.loss_budget,
                    days=body.days,
                ),
            )
            lines += given.lines
        elif body.run == "live":
            lines.append("no real money here: no mandate needed")
        else:
            lines.append("it decides, nothing is sent")
        return CommandAnswer(ok=True, lines=lines)

    def _terms(self, found: ConfiguredSleeve, run: str) -> SleeveStarted:
        """Return the terms of a start: the file's, with the capital given since where the file's is the same."""
        started = found.started
        known = self._state.sleeves.get(started.name)
        capital = started.capital
        if known is not None and known.configured.capital == capital:
            capital = known.started.capital
        return msgspec.structs.replace(
            started, run="live" if run == "live" else "shadow", capital=capital
        )

    def _startable(self, started: SleeveStarted) -> None:
        state = self._state
        if started.account not in state.accounts:
            known = ", ".join(state.accounts)
            raise Refused(
                "configuration", f"account {started.account} is not here; there is {known}"
            )
        known = state.sleeves.get(started.name)
        if known is None or known.started.run == "off":
            return
        name = started.name
        if known.exiting is not None:
            raise Refused("conflict", f"{name} is closing all it holds ({known.exiting}): wait")
        if known.started.run == started.run and known.started.version == started.version:
            word = "resume" if known.paused is not None else "stop"
            raise Refused(
                "conflict", f"{name} runs {started.run} already; tradebot policy {word} {name}"
            )
        if known.started.run == "live" and started.run == "shadow":
            raise Refused(
                "conflict", f"{name} runs live: tradebot policy stop {name} first, or start --live"
            )

    async def stop(self, name: str, body: StopSleeveBody) -> CommandAnswer:
        """Ask a sleeve no more; its orders that add risk go.

        Raises:
            Refused: If it does not run.
        """
        sleeve = self._require(name)
        if sleeve.started.run == "off" and not body.exit:
            raise Refused("conflict", f"{name} is stopped already")
        outcomes = self._operate(
            SleeveStopRequested(sleeve=Owner(name), reason=body.reason, exit=body.exit)
        )
        await self._durable()
        count = sum(1 for outcome in outcomes if isinstance(outcome, Cancel))
        leaves = body.exit if body.exit is not None else sleeve.started.on_stop == "exit"
        text = "its positions are being closed" if leaves else "positions and their stops stay"
        return CommandAnswer(
            ok=True, lines=[f"{name} stopped", text, f"cancelled {_orders(count)}"], cancelled=count
        )

    # ---------------------------------------------------------------------------- versions

    async def reload_difference(self, name: str) -> VersionDifference:
        """Return what loading the code on disk would change.

        Raises:
            Refused: If it does not run, or its code cannot be loaded.
        """
        return self._difference(await self._on_disk(name))

    async def reload(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the code on disk.

        Raises:
            Refused: If it changed since the difference was shown, or the state cannot be taken over.
        """
        return await self._change(await self._on_disk(name), body)

    async def rollback_difference(self, name: str) -> VersionDifference:
        """Return what going one version back would change.

        Raises:
            Refused: If there is no version before.
        """
        return self._difference(await self._before(name))

    async def rollback(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the version before, from the journal's source.

        Raises:
            Refused: If that is another than was shown, or the state cannot be taken over.
        """
        return await self._change(await self._before(name), body)

    async def _on_disk(self, name: str) -> Candidate:
        self._running(name)
        found = await self._load(name)
        sleeve = self._running(name)
        started = self._terms(found, sleeve.started.run)
        if started.account != sleeve.started.account:
            raise Refused(
                "conflict",
                f"{name} trades account {sleeve.started.account}, the file says {started.account}: "
                f"tradebot policy stop {name}, then start",
            )
        return Candidate("reload", sleeve, started, found.policy, found.started)

    async def _before(self, name: str) -> Candidate:
        self._running(name)
        versions = await self._versions(Owner(name))
        sleeve = self._running(name)
        if len(versions) < 2:  # noqa: PLR2004  (the one that runs and the one before)
            raise Refused("conflict", f"{name} has no version before {sleeve.started.version}")
        then = versions[-2].started
        source = self._runtime.records.journal.source(then.version)
        if source is None:
            raise Refused("conflict", f"the journal has no source of version {then.version}")
        try:
            policy = await asyncio.to_thread(load_recorded, then.policy, then.params, source)
        except PolicyNotLoaded as error:
            raise Refused("configuration", str(error)) from error
        if policy.version != then.version:
            raise Refused(
                "conflict",
                f"version {then.version} is {policy.version} with this program: it cannot be had again",
            )
        started = msgspec.structs.replace(
            sleeve.started, policy=then.policy, version=then.version, params=then.params
        )
        return Candidate("rollback", sleeve, started, policy, None)

    def _difference(self, candidate: Candidate) -> VersionDifference:
        old = self._loaded.get(candidate.started.name)
        return difference(self._bench(), candidate, old)

    async def _change(self, candidate: Candidate, body: ChangeBody) -> CommandAnswer:
        started, sleeve = candidate.started, candidate.sleeve
        _require_version(candidate.policy.version, body.version, candidate.what)
        _require_fit(self._state, started)
        if candidate.policy.version == sleeve.started.version and started == sleeve.started:
            raise Refused("conflict", f"{started.name} runs {started.version} already")
        if body.unattended and mode_of(self._state) != "sandbox" and started.run != "shadow":
            raise Refused(
                "refused",
                f"{started.name} runs live in {mode_of(self._state)}: a reload needs somebody to look",
            )
        before = sleeve.started.version
        # A restart with the same files goes on with what was gone back to.
        back_from = before if candidate.what == "rollback" else ""
        self._runtime.records.journal.note(rolled_back(started.name), back_from)
        self._swap(
            candidate.policy,
            SleeveChanged(
                started=started,
                what=candidate.what,
                memory=self._memory(started, candidate.policy, fresh=body.fresh),
                configured=candidate.configured,
                reason=body.reason,
            ),
        )
        await self._durable()
        lines = [f"{started.name} {before[:4]} -> {started.version[:4]}"]
        if self._state.is_live and started.run == "live":
            lines.append("no mandate for this version: a shadow until policy start --live")
        return CommandAnswer(ok=True, lines=lines)

    def _memory(
        self, started: SleeveStarted, policy: VersionedPolicy, *, fresh: bool
    ) -> bytes | None:
        """Return what a sleeve remembers as a version takes it, now, between two events."""
        known = self._state.sleeves.get(started.name)
        if known is None:
            return None
        if known.started.version == policy.version and not fresh:
            return known.memory
        try:
            return move_memory(known.memory, policy.loaded, known.started.version, fresh=fresh)[0]
        except NotMoved as error:
            raise Refused("conflict", str(error)) from error

    def _swap(self, policy: VersionedPolicy, event: SleeveChanged) -> list[AnyOutcome]:
        """Put a version into place and tell the kernel; nothing comes between."""
        self._runtime.records.journal.add_source(policy.version, policy.source)
        self._loaded.swap(event.started.name, policy)
        self._measured.forget(event.started.name)
        outcomes = self._operate(event)
        state = self._state
        for given in past(state, self._minutes(), "what this engine has seen"):
            outcomes += self._runtime.hand_over(given)
        return outcomes

    def _minutes(self) -> dict[InstrumentId, list[Candle]]:
        """Return the minutes of the past that the engine has seen or was told of."""
        known = self._state.market.all()
        return {
            one.instrument.id: self._tape.candles(one.instrument.id, MINUTE, CANDLES_KEPT)
            for one in known
        }

    def _bench(self) -> Bench:
        return Bench(self._state, self._minutes(), self._clock)

    # ---------------------------------------------------------------------------- capital

    async def capital(self, name: str, body: CapitalBody) -> CommandAnswer:
        """Give a sleeve another capital.

        Raises:
            Refused: If it does not run, or the amount is none of this engine's.
        """
        sleeve = self._require(name)
        amount = self._amount(body.capital, sleeve)
        before = sleeve.started.capital
        started = msgspec.structs.replace(sleeve.started, capital=amount)
        _require_fit(self._state, started)
        outcomes = self._operate(
            SleeveChanged(
                started=started,
                what="capital",
                reason=body.reason,
            )
        )
        await self._durable()
        told = [outcome.text for outcome in outcomes if isinstance(outcome, Alert)]
        currency = self._state.currency
        return CommandAnswer(
            ok=True, lines=[f"capital of {name} {before:f} -> {amount:f} {currency}", *told]
        )

    def _amount(self, text: str, sleeve: SleeveState) -> Decimal:
        number, _, unit = text.removesuffix("%").partition(" ")
        amount = Decimal(number)
        if text.endswith("%"):
            equity = self._state.valuation(sleeve.started.account).equity
            if equity is None:
                raise Refused("conflict", "the account's equity is unknown now: give an amount")
            amount = (equity * amount / 100).quantize(Decimal("0.01"))
        elif unit and unit != self._state.currency:
            raise Refused("usage", f"capital must be in {self._state.currency}, was {text!r}")
        if amount <= ZERO:
            raise Refused("usage", f"capital must be > 0, was {text!r}")
        return amount

    # ---------------------------------------------------------------------------- helpers

    async def _load(self, name: str) -> ConfiguredSleeve:
        return await asyncio.to_thread(self._configured.load, Owner(name))

    async def _versions(self, name: Owner) -> list[RanVersion]:
        await self._durable()
        try:
            return await asyncio.to_thread(versions_of, self._runtime.records.journal, name)
        except JournalError as error:
            raise Refused("refused", f"the versions cannot be read: {error}") from error

    def _require(self, name: str) -> SleeveState:
        sleeve = self._state.sleeves.get(Owner(name))
        if sleeve is None:
            known = ", ".join(self._state.sleeves) or "none"
            raise Refused("unknown", f"no sleeve {name!r} runs here; there is {known}")
        return sleeve

    def _running(self, name: str) -> SleeveState:
        sleeve = self._require(name)
        if sleeve.started.run == "off":
            raise Refused("conflict", f"{name} is stopped: tradebot policy start {name}")
        return sleeve


def _require_fit(state: State, started: SleeveStarted) -> None:
    problem = unfit(state, started)
    if problem:
        raise Refused("configuration", f"sleeve {started.name}: {problem}")


def _require_version(found: str, wanted: str, what: str) -> None:
    """Refuse what is another version than the person saw."""
    if not found.startswith(wanted):
        raise Refused(
            "conflict", f"version {found} is not {wanted}, which was shown: look again, then {what}"
        )


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count} orders"
