"""The life of sleeves as clients speak of it: what they are, start and stop, and all other words about them.

Code is read and loaded beside the loop, so that the market goes on meanwhile; the swap itself lies between two events:
the new version is put into place and the kernel is told in the same breath.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tradebot.engine.control.authority import MandateBody
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.control.sleeves import (
    AllocationFacts,
    AllocationQuery,
    CapitalBody,
    CardBody,
    ChangeBody,
    GateCard,
    LoggedLine,
    LoggedQuery,
    SleeveDetail,
    SleeveListing,
    StartBody,
    StopSleeveBody,
    VersionDifference,
)
from tradebot.engine.core.events import OperatorEvent, SleeveChanged, SleeveStopRequested
from tradebot.engine.core.outcomes import AnyOutcome, Cancel
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import Owner
from tradebot.engine.live.authority_words import AuthorityWords
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.runtime import Runtime
from tradebot.engine.live.sleeve_capital import CapitalWords
from tradebot.engine.live.sleeve_card import gate_card
from tradebot.engine.live.sleeve_listing import SleeveTeller
from tradebot.engine.live.sleeve_place import (
    Placing,
    SleeveParts,
    require_fit,
    require_version,
    terms_of,
)
from tradebot.engine.live.sleeve_version_words import VersionWords
from tradebot.engine.live.sleeve_versions import rolled_back


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
        self._authority = authority
        self._operate = operate
        self._durable = durable
        self._clock = clock
        self._place = Placing(runtime, parts, operate=operate, durable=durable, clock=clock)
        self._capital = CapitalWords(self._place)
        self.versions = VersionWords(self._place)
        self._teller = SleeveTeller(runtime, parts.loaded, parts.measured, authority)

    def look(self) -> None:
        """Look whether files on disk are others than those that run; cheap, called at each turn of the loop."""
        self._place.loaded.look(self._clock.monotonic_ns())

    # ---------------------------------------------------------------------------- facts

    async def listing(self) -> list[SleeveListing]:
        """Return every sleeve; those of the configuration that never ran are off."""
        return self._teller.listing(await self._names())

    async def facts(self, name: str) -> SleeveDetail:
        """Return all about one sleeve that runs or has run.

        Raises:
            Refused: If there is none.
        """
        self._place.require(name)
        versions = await self._place.versions(Owner(name))
        return self._teller.detail(Owner(name), versions)

    async def logged(self, name: str, query: LoggedQuery) -> list[LoggedLine]:
        """Return what a policy wrote down by `context.log`, oldest first.

        Raises:
            Refused: If no such sleeve runs, or the journal cannot be read.
        """
        self._place.require(name)
        return await self._place.logged(Owner(name), query.limit)

    def note(self, name: str) -> str:
        """Return the one thing to know about a sleeve, `changed on disk`; empty where there is none."""
        known = Owner(name) in self._state.sleeves
        return self._teller.note(Owner(name)) if known else ""

    async def allocation(self, query: AllocationQuery) -> AllocationFacts:
        """Return a proposal for everybody's capital; see `CapitalWords`."""
        return await self._capital.allocation(query)

    async def capital(self, name: str, body: CapitalBody) -> CommandAnswer:
        """Give a sleeve another capital; see `CapitalWords`."""
        return await self._capital.capital(name, body)

    async def reload_difference(self, name: str) -> VersionDifference:
        """Return what loading the code on disk would change; see `VersionWords`."""
        return await self.versions.reload_difference(name)

    async def reload(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the code on disk; see `VersionWords`."""
        return await self.versions.reload(name, body)

    async def rollback_difference(self, name: str) -> VersionDifference:
        """Return what going one version back would change; see `VersionWords`."""
        return await self.versions.rollback_difference(name)

    async def rollback(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the version before; see `VersionWords`."""
        return await self.versions.rollback(name, body)

    async def _names(self) -> list[Owner]:
        try:
            configured = list(await asyncio.to_thread(self._place.configured.names))
        except Refused:
            configured = []  # the file is broken just now: what runs is shown all the same
        return list(dict.fromkeys([*self._state.sleeves, *configured]))

    # ---------------------------------------------------------------------------- start and stop

    async def card(self, name: str, body: CardBody) -> GateCard:
        """Return what a start would be; the code is loaded, nothing changes.

        Raises:
            Refused: If it could not start.
        """
        found = await self._place.load(name)
        started = terms_of(self._state, found, body.run)
        self._startable(started)
        given = found.given
        return gate_card(self._place.bench(), started, found.policy, given, self._authority)

    async def start(self, name: str, body: StartBody) -> CommandAnswer:
        """Let a sleeve of the configuration run; live in LIVE only with its mandate.

        Raises:
            Refused: If it runs so already, changed since the card, or needs a mandate.
        """
        found = await self._place.load(name)
        require_version(found.policy.version, body.version, "start")
        started = terms_of(self._state, found, body.run)
        self._startable(started)
        if body.run == "live" and self._state.is_live and body.loss_budget is None:
            raise Refused("refused", "live in LIVE needs a mandate: give --loss-budget L")
        if body.loss_budget is not None and body.run == "shadow":
            raise Refused("usage", "a shadow needs no mandate: leave --loss-budget out, or --live")
        self._runtime.records.journal.note(rolled_back(started.name), "")
        self._place.swap(
            found.policy,
            SleeveChanged(
                started=started,
                what="start",
                memory=self._place.memory(started, found.policy, fresh=False),
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

    def _startable(self, started: SleeveStarted) -> None:
        state = self._state
        require_fit(state, started)
        known = state.sleeves.get(started.name)
        if known is None or known.started.run == "off":
            return
        name = started.name
        if known.exiting is not None:
            raise Refused("conflict", f"{name} is closing all it holds ({known.exiting}): wait")
        same = known.started.run == started.run and known.started.version == started.version
        # In LIVE a start gives the mandate again that has ended.
        renews = state.is_live and state.authority.mandate_of(known.started, state.now) is None
        if same and not (renews and started.run == "live"):
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
        sleeve = self._place.require(name)
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


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count} orders"
