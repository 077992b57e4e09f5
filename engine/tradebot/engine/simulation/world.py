"""The world of a simulated engine: venue, market and time, which go on while the engine is dead."""

from contextlib import AbstractAsyncContextManager, nullcontext
from decimal import Decimal

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import (
    AccountStarted,
    ConnectionEvent,
    RateQuoted,
    VenueEvent,
)
from tradebot.engine.journal.store import ClockKind
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.runtime import ConnectedVenue, Feed, Runtime
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.exchange import COIN_RATE
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.instruments import CURRENCY, INSTRUMENTS
from tradebot.engine.simulation.market import SimulatedMarket
from tradebot.engine.simulation.plan import Plan
from tradebot.engine.simulation.venue import FaultyVenue
from tradebot.engine.venue.fees import Fees


class SimulatedWorld:
    """See `live.world.World`; one world outlives many engines."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.faults = Faults(plan)
        self.agenda = Agenda(plan.begins)
        self.runtime: Runtime | None = None
        """The engine that runs now."""
        self.venue = self._venue()
        self.feed = SimulatedMarket(plan, self.faults, self.venue.exchange, self.agenda)
        for account in plan.accounts:
            self.venue.move_cash(account, plan.cash, "deposit")

    def _venue(self) -> FaultyVenue:
        if self.plan.speaks is None:
            return FaultyVenue(self.plan, self.faults, self.agenda, self.deliver)
        # The brokers' adapters are loaded by those who want them.
        from tradebot.engine.simulation.tongues.spoken import SpokenVenue

        return SpokenVenue(self.plan, self.faults, self.agenda, self.deliver)

    # ---------------------------------------------------------------------------- as an engine sees it

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return f"simulated, seed {self.plan.seed}"

    @property
    def clock(self) -> ClockKind:
        """Return that time is the market's own."""
        return "virtual"

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return what can be traded."""
        return INSTRUMENTS

    @property
    def accounts(self) -> tuple[AccountStarted, ...]:
        """Return the accounts, the default one first."""
        return tuple(
            AccountStarted(
                name=account,
                venue="sim",
                capabilities=self.plan.capabilities,
                report_every=self.plan.report_every,
            )
            for account in self.plan.accounts
        )

    @property
    def fees(self) -> Fees:
        """Return what a fill is expected to cost."""
        return Fees(maker=self.plan.fee_rate, taker=self.plan.fee_rate)

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return nothing: the market was not there before."""
        return {}

    def now(self) -> int:
        """Return the world's time, ns UTC."""
        return self.agenda.now

    def join(self, runtime: Runtime, currency: str) -> tuple[ConnectedVenue, Feed]:  # noqa: ARG002
        """Connect to an engine that has recovered."""
        self.runtime = runtime
        return self.venue, self.feed

    def begin(self) -> None:
        """Let feeds and streams come up."""
        runtime = self.runtime
        if runtime is None:
            raise LookupError("join an engine first")
        for change in self.feed.feeds_up():
            runtime.hand_over(change)
        for account in self.plan.accounts:
            self.venue.streams[account].connect()
        if self.plan.fee_asset is not None:
            self.deliver(
                RateQuoted(
                    asset=self.plan.fee_asset,
                    currency=CURRENCY,
                    rate=Decimal(COIN_RATE),
                    source="sim",
                    ts_event=self.agenda.now,
                ),
                0,
            )

    def connected(self) -> AbstractAsyncContextManager[None]:
        """Return a context in which nothing happens: this world is inside the process."""
        return nullcontext()

    # ---------------------------------------------------------------------------- the way to the engine

    def deliver(self, event: VenueEvent | ConnectionEvent, delay: int) -> None:
        """Send an event on its way; it is lost with the engine it was meant for."""
        runtime = self.runtime
        if runtime is not None:
            runtime.answer(event, max(self.agenda.now + delay - runtime.now, 0))

    def engine_died(self) -> None:
        """Nobody listens any more."""
        self.runtime = None
        self.venue.engine_died()

    def heal(self) -> None:
        """Let no further fault strike, and mend what is broken."""
        self.faults.armed = False
        for stream in self.venue.streams.values():
            if stream.sick:
                stream.mend()
