"""PAPER: a real market, our fills. Public data comes in, our own venue queues and fills behind it; no order leaves."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, MarketEvent, Quote, Trade
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.brokers.keeping import KeptSession, Word
from tradebot.engine.brokers.session import MarketPlan, MarketSession, SessionHealth
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.brokers.world import PushFeed
from tradebot.engine.control.health import SessionFacts
from tradebot.engine.core.events import AccountStarted, FeedChanged
from tradebot.engine.core.types import SECOND
from tradebot.engine.journal.store import ClockKind
from tradebot.engine.live.clock import Clock, SystemClock
from tradebot.engine.live.markets import MARKET_MARK, Candle
from tradebot.engine.live.native_accounts import NativeAccount, paper_accounts
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.runtime import ConnectedVenue, Feed, Runtime
from tradebot.engine.live.sandbox import refuse_another_market
from tradebot.engine.live.standing import Standing
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.latency import Constant
from tradebot.engine.venue.log import VenueLog
from tradebot.engine.venue.native import CAPABILITIES, NativeVenue
from tradebot.native import Venue

REPORT_EVERY = 30 * SECOND
"""Between two looks of the kernel at an account."""


class PaperWorld:
    """See `live.world.World`.

    Args of the constructor:
        plan: The real market.
        accounts: Of our own venue.
        log: The venue's own ledger, open.
        clock: The machine's.
    """

    clock: ClockKind = "system"

    def __init__(
        self, plan: MarketPlan, accounts: tuple[NativeAccount, ...], log: VenueLog, clock: Clock
    ) -> None:
        self._plan = plan
        self._accounts = accounts
        self._log = log
        self._clock = clock
        self._native = Venue()
        for index in range(len(plan.terms.instruments)):
            self._native.add_recorded(index)
        self._opened = tuple(NativeVenue.books_of(log, self.instruments).accounts)
        self._parts: tuple[Runtime, NativeVenue] | None = None
        self._last: dict[InstrumentId, int] = {}
        self._with_book: set[InstrumentId] = set()
        self._next_mark = 0
        self._market: KeptSession[MarketSession] | None = None

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return self._plan.description

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return what can be traded."""
        return self._plan.terms.instruments

    @property
    def accounts(self) -> tuple[AccountStarted, ...]:
        """Return the accounts of the configuration, and those the venue has from before."""
        names = dict.fromkeys(account.name for account in self._accounts)
        names |= dict.fromkeys(self._opened)
        return tuple(
            AccountStarted(
                name=name,
                venue="native",
                capabilities=CAPABILITIES,
                report_every=REPORT_EVERY,
                taker_fee=self.fees.taker,
                hours=self._plan.terms.hours,
            )
            for name in names
        )

    @property
    def fees(self) -> Fees:
        """Return what a fill costs: what it would cost at the real venue."""
        return self._plan.terms.fees

    @property
    def health(self) -> dict[str, SessionHealth]:
        """Return how the market's session is."""
        return {} if self._market is None else {self._market.name: self._market.health}

    def sessions(self) -> tuple[SessionFacts, ...]:
        """Return the same as clients are told."""
        return tuple(health.told(name) for name, health in self.health.items())

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what the venue tells of an instrument besides prices; None where nothing."""
        session = None if self._market is None else self._market.session
        return None if session is None else session.standing(instrument)

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return minutes before the start, oldest first."""
        return self._plan.terms.history

    def now(self) -> int:
        """Return the machine's time, ns UTC."""
        return self._clock.system_ns()

    def join(self, runtime: Runtime, currency: str) -> tuple[ConnectedVenue, Feed]:
        """Open the accounts, those that were not opened before."""
        venue = NativeVenue(
            self._native,
            self.instruments,
            self._log,
            fees=self.fees,
            engine=runtime,
            latency=Constant(order=self._plan.latency, answer=self._plan.latency),
        )
        for account in self._accounts:
            opens_in = account.currency or currency
            venue.open(account.name, opens_in, account.cash, max(runtime.now, self.now()))
        self._parts = (runtime, venue)
        runtime.sessions = self.sessions
        runtime.standing = self.standing
        return venue, PushFeed(self.description)

    def begin(self) -> None:
        """Put resting orders back; the feed comes up when its book is there."""
        runtime, venue = self._joined()
        venue.restore(runtime.now)

    def _joined(self) -> tuple[Runtime, NativeVenue]:
        if self._parts is None:
            raise LookupError("join an engine first")
        return self._parts

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None]:
        """Listen to the market while the context is open."""
        async with http_client() as http:

            def doors(crashed: Callable[[Exception], None]) -> SocketsOutside:
                return SocketsOutside(self._clock, http, crashed)

            self._market = KeptSession(
                self._plan.description,
                doors,
                self._plan.market_session,
                tell=self.hear,
                down=lambda why: [
                    FeedChanged(instrument=instrument.id, state="down", reason=why)
                    for instrument in self.instruments
                ],
            )
            self._market.start()
            try:
                yield
            finally:
                self._market.stop()

    def hear(self, word: Word) -> None:
        """Take a word of the market: the venue is told before the kernel, so that its queue is the market's."""
        runtime, venue = self._joined()
        if isinstance(word, MarketEvent):
            now = max(runtime.now, word.ts_recv)
            runtime.advance_to(now)
            venue.on_market(self._as_book(word), now)
            if isinstance(word, Trade):
                self._last[word.instrument] = word.price
            if now >= self._next_mark:
                self._next_mark = now + MARKET_MARK
                venue.mark_market(dict(self._last), now)
        runtime.receive(word)

    def _as_book(self, word: AnyMarketEvent) -> AnyMarketEvent:
        """Return what the venue's book is told: where no book is public, the best bid and ask are all of it."""
        if isinstance(word, BookSnapshot | BookDelta):
            self._with_book.add(word.instrument)
        if not isinstance(word, Quote) or word.instrument in self._with_book:
            return word
        bid, ask = (word.bid_price, word.bid_quantity), (word.ask_price, word.ask_quantity)
        return BookSnapshot(
            instrument=word.instrument,
            ts_event=word.ts_event,
            ts_recv=word.ts_recv,
            bids=(bid,) if all(bid) else (),
            asks=(ask,) if all(ask) else (),
        )


class PaperPlace:
    """Where an engine is put in PAPER; see `live.world.Place`.

    Args of the constructor:
        options: Its accounts.
        plan: The real market.

    Raises:
        CannotRun: If an account or sleeve does not fit.
    """

    def __init__(self, options: RunOptions, plan: MarketPlan) -> None:
        self._options = options
        self._plan = plan
        self._accounts = paper_accounts(options.config)
        self.instruments = plan.terms.instruments

    @contextmanager
    def open(self, folder: StateFolder) -> Generator[PaperWorld]:
        """Open the venue's own ledger.

        Raises:
            CannotRun: If it was begun on another market.
        """
        log = VenueLog(folder.venue_log)
        try:
            refuse_another_market(self._options, self.instruments, log.read())
            yield PaperWorld(self._plan, self._accounts, log, SystemClock())
        finally:
            log.close()
