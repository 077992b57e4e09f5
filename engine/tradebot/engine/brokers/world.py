"""The world of an engine before broker accounts: sessions that perform its effects, and markets that push."""

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

import structlog

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.brokers.cursor import Cursor, CursorFile
from tradebot.engine.brokers.keeping import KeptSession
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import (
    AccountTerms,
    BrokerSession,
    MarketSession,
    SessionHealth,
    TellAccount,
    TellMarket,
    Terms,
)
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.control.health import SessionFacts
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AccountStarted,
    FeedChanged,
    OrderRejected,
    ReplaceRejected,
    StreamChanged,
    VenueEvent,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import Replace
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import AccountName, ClientOrderId
from tradebot.engine.journal.store import ClockKind
from tradebot.engine.live.clock import Clock, SystemClock
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.runtime import ConnectedVenue, Feed, Runtime
from tradebot.engine.live.standing import Standing
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.venue.fees import Fees

log = structlog.get_logger()


class VenuePlan(Protocol):
    """One venue and our accounts there, looked at before any file of the engine is opened; each broker makes one."""

    @property
    def description(self) -> str:
        """Return which market it is, in words: `binance testnet.binance.vision`."""
        ...

    @property
    def accounts(self) -> tuple[AccountTerms, ...]:
        """Return the accounts there, in the order of the configuration."""
        ...

    @property
    def terms(self) -> Terms:
        """Return what is traded there, and what it costs."""
        ...

    def account_session(
        self, account: AccountName, outside: Outside, tell: TellAccount, cursor: Cursor
    ) -> BrokerSession:
        """Return a new session of an account, not started."""
        ...

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the venue's market, not started."""
        ...


class BrokerVenue:
    """All accounts as the one venue the runtime knows; effects go to the session of their account."""

    trouble: str | None = None
    """Brokers keep their own records."""

    def __init__(self, capabilities: Capabilities, tell: Callable[[VenueEvent], None]) -> None:
        self.capabilities = capabilities
        self._tell = tell
        self.sessions: dict[AccountName, KeptSession[BrokerSession]] = {}
        self.now: Callable[[], int] = lambda: 0

    def perform(self, effect: VenueEffect) -> None:
        """Hand an effect to its account's session; an order for an account that is not connected never left."""
        kept = self.sessions.get(account_of(effect))
        session = None if kept is None else kept.session
        if session is not None:
            session.perform(effect)
        elif isinstance(effect, RiskApproved):
            self._tell(never_left(effect, "the account is not connected", self.now()))

    def queue_ahead(self, client_order_id: ClientOrderId) -> int | None:
        """No broker tells."""
        _ = client_order_id
        return None


def account_of(effect: VenueEffect) -> AccountName:
    """Return which account an effect is for."""
    return effect.item.order.account if isinstance(effect, RiskApproved) else effect.account


def never_left(effect: VenueEffect, reason: str, now: int) -> OrderRejected | ReplaceRejected:
    """Return the word of an order or replacement that certainly never left this machine.

    Raises:
        TypeError: If the effect is neither.
    """
    if not isinstance(effect, RiskApproved):
        raise TypeError(f"effect must be an order, was {type(effect).__name__}")
    order = effect.item.order
    if isinstance(effect.item, Replace) and order.replaces is not None:
        return ReplaceRejected(
            client_order_id=order.client_order_id,
            replaced=order.replaces,
            reason=reason,
            ts_event=now,
        )
    return OrderRejected(client_order_id=order.client_order_id, reason=reason, ts_event=now)


class PushFeed:
    """A feed that only pushes: sessions hand their news to the runtime themselves."""

    over = False

    def __init__(self, description: str) -> None:
        self.description = description

    def next_time(self) -> int | None:
        """Nothing is known to come."""
        return None

    def advance(self, now: int) -> list[AnyMarketEvent]:
        """Nothing is pulled."""
        _ = now
        return []


class BrokerWorld:
    """Broker accounts and their markets; see `live.world.World`.

    Args of the constructor:
        plans: The venues, the default account's first; at least one, each with at least one account.
        cursors: Open.
        clock: The machine's clock.
    """

    clock: ClockKind = "system"

    def __init__(self, plans: Sequence[VenuePlan], cursors: CursorFile, clock: Clock) -> None:
        self._plans = plans
        self._cursors = cursors
        self._clock = clock
        self._runtime: Runtime | None = None
        self._venue: BrokerVenue | None = None
        self._markets: list[KeptSession[MarketSession]] = []

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return ", ".join(plan.description for plan in self._plans)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return what can be traded."""
        return instruments_of(self._plans)

    @property
    def accounts(self) -> tuple[AccountStarted, ...]:
        """Return the accounts, the default one first."""
        return tuple(
            AccountStarted(
                name=account.name,
                venue=account.venue,
                capabilities=account.capabilities,
                report_every=account.report_every,
                taker_fee=plan.terms.fees.taker,
                hours=plan.terms.hours,
            )
            for plan in self._plans
            for account in plan.accounts
        )

    @property
    def fees(self) -> Fees:
        """Return what a fill of the default account is expected to cost."""
        return self._plans[0].terms.fees

    @property
    def health(self) -> dict[str, SessionHealth]:
        """Return how each session is, by account, and by venue for markets."""
        venue = self._venue
        found = {} if venue is None else {str(n): kept.health for n, kept in venue.sessions.items()}
        return found | {kept.name: kept.health for kept in self._markets}

    def sessions(self) -> tuple[SessionFacts, ...]:
        """Return the same as clients are told."""
        return tuple(health.told(name) for name, health in self.health.items())

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what an instrument's venue tells of it besides prices; None where nothing."""
        told = (kept.session.standing(instrument) for kept in self._markets if kept.session)
        return next((one for one in told if one is not None), None)

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return minutes before the start, oldest first."""
        return {key: bars for plan in self._plans for key, bars in plan.terms.history.items()}

    def now(self) -> int:
        """Return the machine's time, ns UTC."""
        return self._clock.system_ns()

    def join(self, runtime: Runtime, currency: str) -> tuple[ConnectedVenue, Feed]:
        """Give the runtime the accounts as one venue, and a feed that is pushed."""
        _ = currency
        self._runtime = runtime
        runtime.sessions = self.sessions
        runtime.standing = self.standing
        self._venue = BrokerVenue(self.accounts[0].capabilities, runtime.receive)
        return self._venue, PushFeed(self.description)

    def begin(self) -> None:
        """Nothing comes up before its session is connected."""

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None]:
        """Keep every session connected while the context is open."""
        runtime, venue = self._runtime, self._venue
        if runtime is None or venue is None:
            raise LookupError("join an engine first")
        async with http_client() as http:

            def doors(crashed: Callable[[Exception], None]) -> SocketsOutside:
                return SocketsOutside(self._clock, http, crashed)

            for plan in self._plans:
                self._markets.append(self._market(plan, doors, runtime))
                for account in plan.accounts:
                    venue.sessions[account.name] = self._account(plan, account.name, doors, runtime)
            everyone = [*self._markets, *venue.sessions.values()]
            venue.now = self.now
            for kept in everyone:
                kept.start()
            try:
                yield
            finally:
                for kept in everyone:
                    kept.stop()
                self._markets.clear()
                venue.sessions.clear()

    def _account(
        self,
        plan: VenuePlan,
        account: AccountName,
        doors: Callable[[Callable[[Exception], None]], SocketsOutside],
        runtime: Runtime,
    ) -> KeptSession[BrokerSession]:
        return KeptSession(
            account,
            doors,
            lambda outside, tell: plan.account_session(
                account, outside, tell, self._cursors.of(account)
            ),
            tell=runtime.receive,
            down=lambda why: [StreamChanged(account=account, state="down", reason=why)],
        )

    def _market(
        self,
        plan: VenuePlan,
        doors: Callable[[Callable[[Exception], None]], SocketsOutside],
        runtime: Runtime,
    ) -> KeptSession[MarketSession]:
        return KeptSession(
            plan.description,
            doors,
            plan.market_session,
            tell=runtime.receive,
            down=lambda why: [
                FeedChanged(instrument=instrument.id, state="down", reason=why)
                for instrument in plan.terms.instruments
            ],
        )


def instruments_of(plans: Sequence[VenuePlan]) -> tuple[Instrument, ...]:
    """Return what the venues trade, each once, in the order of the plans."""
    found: dict[InstrumentId, Instrument] = {}
    for plan in plans:
        for instrument in plan.terms.instruments:
            found.setdefault(instrument.id, instrument)
    return tuple(found.values())


class BrokerPlace:
    """Where an engine is put before broker accounts; see `live.world.Place`.

    Args of the constructor:
        plans: The venues, looked at.
    """

    def __init__(self, plans: Sequence[VenuePlan]) -> None:
        self._plans = plans
        self.instruments = instruments_of(plans)

    @contextmanager
    def open(self, folder: StateFolder) -> Generator[BrokerWorld]:
        """Open the adapters' cursors in the engine's folder."""
        with CursorFile(folder.path / "cursor.db") as cursors:
            yield BrokerWorld(self._plans, cursors, SystemClock())
