"""The faulty venue that is reached by bytes: a broker's adapter before it, the broker's face around its ledger."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import override

from tradebot.data.instruments import InstrumentId
from tradebot.engine.brokers.cursor import MemoryCursor
from tradebot.engine.brokers.session import AccountWord, BrokerSession
from tradebot.engine.brokers.world import account_of
from tradebot.engine.core.events import CashMoved, FeeCharged, VenueEvent
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import QueryAccount
from tradebot.engine.core.types import MS, AccountName, ExecutionId
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.plan import Plan
from tradebot.engine.simulation.tongues.choice import tongue_of
from tradebot.engine.simulation.tongues.doors import SimulatedDoors
from tradebot.engine.simulation.tongues.tongue import Tongue
from tradebot.engine.simulation.venue import Deliver, FaultyVenue, Flow

CASH_STEP = Decimal("1e-8")
"""What Binance writes of a balance; an aimed movement that is finer would look like money that is not there."""

ADVANCE_EVERY = 250 * MS
"""Between two turns of a face: what it gathers, pings and closes."""


class SpokenAccount:
    """One account: its tongue at the venue, and the adapter's session of the engine that lives now.

    What the adapter must know again after a crash outlives the engine here as its file does.
    """

    def __init__(
        self,
        account: AccountName,
        tongue: Tongue,
        faults: Faults,
        agenda: Agenda,
        deliver: Deliver,
    ) -> None:
        self._account = account
        self.tongue = tongue
        self._faults = faults
        self._agenda = agenda
        self._deliver = deliver
        self._cursor = MemoryCursor()
        self._doors: SimulatedDoors | None = None
        self._session: BrokerSession | None = None
        self._said = 0
        self._advance()

    def _advance(self) -> None:
        self.tongue.mirror.look()
        self.tongue.advance(self._agenda.now)
        self._agenda.after(ADVANCE_EVERY, self._advance, standing=True)

    @property
    def session(self) -> BrokerSession:
        """Return the session of the engine that lives now.

        Raises:
            LookupError: If none does.
        """
        if self._session is None:
            raise LookupError(f"{self._account} has no engine")
        return self._session

    def connect(self) -> None:
        """Begin a life of the adapter."""
        doors = SimulatedDoors(self._agenda, self._faults, self.tongue)
        self._doors = doors

        def tell(word: AccountWord) -> None:
            if not doors.closed:
                # A fee that a broker tells long after its fill comes by itself, also during a look.
                self._said += isinstance(word, FeeCharged)
                self._deliver(word, 0)

        self._session = self.tongue.session(self._account, doors, tell, self._cursor)
        self._session.start()

    def die(self) -> None:
        """End it with its engine, without a word."""
        if self._doors is not None:
            self._said += self._doors.said
            self._doors.close()
        self._doors = self._session = None

    @property
    def said(self) -> int:
        """Return how many frames were told, heard or not, and fees that came late."""
        return self._said + (0 if self._doors is None else self._doors.said)

    @property
    def sick(self) -> bool:
        """Return whether a line is open and mute."""
        return self._doors is not None and self._doors.sick

    def mend(self) -> None:
        """Drop what is mute."""
        if self._doors is not None:
            self._doors.mend()

    @property
    def settled(self) -> bool:
        """Return whether the adapter is connected and has asked for what it missed."""
        return self._session is not None and self._session.health.state == "live"


class SpokenVenue(FaultyVenue):
    """See the module; the ledger, its faults and its mistakes are the faulty venue's own."""

    def __init__(self, plan: Plan, faults: Faults, agenda: Agenda, deliver: Deliver) -> None:
        super().__init__(plan, faults, agenda, deliver)
        self.spoken = {
            account: SpokenAccount(
                account,
                tongue_of(plan, faults, agenda, self.exchange, account),
                faults,
                agenda,
                deliver,
            )
            for account in plan.accounts
        }
        self.streams = dict(self.spoken)
        self.exchange.name_execution = self._name

    def _name(
        self, account: AccountName, instrument: InstrumentId, before: ExecutionId | None
    ) -> ExecutionId:
        return self.spoken[account].tongue.execution_id(instrument, before)

    @override
    def perform(self, effect: VenueEffect) -> None:
        """Hand an effect to the adapter of its account."""
        if self.on_departure is not None:
            self.on_departure(effect)
        account = account_of(effect)
        if isinstance(effect, QueryAccount):
            self._tell_movements(account, effect.since)
        self.spoken[account].session.perform(effect)

    def _tell_movements(self, account: AccountName, since: int) -> None:
        """Tell what moved cash: deposits come by no message of an account's trading."""
        for movement in self.movements:
            if movement.account == account and movement.ts_event >= since:
                self._deliver(movement, 0)

    @override
    def move_cash(self, account: AccountName, amount: Decimal, why: Flow) -> CashMoved:
        """Book a movement in whole steps of what the broker writes."""
        return super().move_cash(account, amount.quantize(CASH_STEP, ROUND_HALF_EVEN), why)

    @override
    def _say(self, account: AccountName, event: VenueEvent) -> None:
        self.words += 1
        self.spoken[account].tongue.mirror.heard(event)

    @override
    def look_again(self, account: AccountName) -> None:
        """Let the adapter look at an account unasked."""
        self.spoken[account].session.perform(QueryAccount(account=account))

    @override
    def engine_died(self) -> None:
        """End the adapters' lives."""
        for one in self.spoken.values():
            one.die()

    @property
    @override
    def settled(self) -> bool:
        """Return whether every adapter is connected and has asked for what it missed."""
        return all(one.settled for one in self.spoken.values())
