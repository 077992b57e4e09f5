"""What every word of the control server rests on: the running engine, its loop, what makes a word durable."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.engine import Refused
from tradebot.engine.core.events import (
    OperatorEvent,
)
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.outcomes import Alert, AnyOutcome, Cancel
from tradebot.engine.core.types import (
    Mode,
)
from tradebot.engine.live.authority_words import AuthorityWords
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.decisions import DecisionBook
from tradebot.engine.live.departures import Departures
from tradebot.engine.live.ending import Ending
from tradebot.engine.live.game_facts import GameTeller
from tradebot.engine.live.health_facts import StateSince
from tradebot.engine.live.order_life import Teller
from tradebot.engine.live.runtime import AlertHistory, Runtime
from tradebot.engine.live.setup_words import SetupWords
from tradebot.engine.live.sleeve_life import SleeveLife
from tradebot.engine.live.sleeve_place import SleeveParts
from tradebot.engine.live.tape import Tape
from tradebot.engine.venue.fees import FeeSchedule


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who this engine is."""

    name: str
    id: str
    mode: Mode
    version: str
    api: int
    pid: int
    market: str
    started: int
    """System clock, ns UTC."""


class ServiceCore:
    """The parts of a running engine that its control server works with."""

    def __init__(  # noqa: PLR0913  (the parts of a running engine)
        self,
        runtime: Runtime,
        identity: Identity,
        *,
        clock: Clock,
        fees: FeeSchedule,
        tape: Tape,
        alerts: AlertHistory,
        virtual_now: Callable[[], int],
        sleeves: SleeveParts,
        environ: Mapping[str, str],
    ) -> None:
        self._runtime = runtime
        self._state = runtime.kernel.state
        self._identity = identity
        self._clock = clock
        self._fees = fees
        self._tape = tape
        self._alerts = alerts
        self._virtual_now = virtual_now
        self._day_open: dict[InstrumentId, tuple[int, int]] = {}
        self.lag_ms = 0.0
        """How long the last turn kept the loop busy."""
        self.wake = asyncio.Event()
        """Set when an operator's word waits to be made durable."""
        self.committed = asyncio.Condition()
        """Notified after each commit."""
        self.stopping = asyncio.Event()
        self.consoles: int = 0
        self.consoles_seen: bool = False
        self._authority = AuthorityWords(self._state, self._operate, self._durable, virtual_now)
        self._sleeves = SleeveLife(
            runtime,
            sleeves,
            authority=self._authority,
            operate=self._operate,
            durable=self._durable,
            clock=clock,
        )
        self._since = StateSince(runtime)
        self._setup = SetupWords(self._state, environ, clock)
        departures = Departures()
        runtime.observers.append(self._since)
        runtime.settled.append(departures)
        self._lives = Teller(runtime, departures)
        self._decisions = DecisionBook(runtime)
        self._game = GameTeller(self._state)
        self._ending = Ending(self._state, self._operate, self.committed, clock)

    def client_dropped(self, text: str) -> None:
        """Show the operator that a client was dropped; nothing of it is recorded."""
        self._alerts.lines.append(
            (self._runtime.seq, self._runtime.now, Alert(level="warn", text=text))
        )

    def _operate(self, event: OperatorEvent) -> list[AnyOutcome]:
        self._runtime.advance_to(self._virtual_now())
        outcomes = self._runtime.hand_over(event)
        self.wake.set()
        return outcomes

    @property
    def authority(self) -> AuthorityWords:
        """Return who may add risk."""
        return self._authority

    @property
    def sleeves(self) -> SleeveLife:
        """Return the life of sleeves."""
        return self._sleeves

    async def _durable(self) -> None:
        """Wait until what was just decided is committed."""
        seq = self._runtime.seq
        journal = self._runtime.records.journal
        while journal.last_seq > journal.committed_seq and journal.committed_seq < seq:
            if self._runtime.journal_trouble is not None or self.stopping.is_set():
                return
            async with self.committed:
                await self.committed.wait()

    def _market(self, instrument: str | None) -> InstrumentMarket:
        markets = self._state.market.all()
        if instrument is None:
            return markets[0]
        found = self._state.market.get(InstrumentId(instrument))
        if found is None:
            known = ", ".join(market.instrument.id for market in markets)
            raise Refused("unknown", f"no instrument {instrument!r} here; there is {known}")
        return found


def cancels_in(outcomes: list[AnyOutcome]) -> int:
    """Return how many orders were told to end."""
    return sum(1 for outcome in outcomes if isinstance(outcome, Cancel))


def orders_text(count: int) -> str:
    """Return a number of orders in words."""
    return "1 order" if count == 1 else f"{count} orders"
