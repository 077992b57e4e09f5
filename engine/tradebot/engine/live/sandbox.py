"""The world of a sandbox: the native venue in the engine's own process, on an invented market or a recording."""

from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import AccountStarted, FeedChanged
from tradebot.engine.core.types import SECOND
from tradebot.engine.home import data_folder
from tradebot.engine.journal.store import ClockKind
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.markets import (
    INVENTED,
    SYNTHETIC_EPOCH,
    Candle,
    LateFeed,
    Market,
    NativeFeed,
    ReplayMarket,
    SyntheticMarket,
)
from tradebot.engine.live.native_accounts import native_accounts
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.runtime import ConnectedVenue, Feed, Runtime
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.venue.books import Books
from tradebot.engine.venue.fees import Fees, FeeSchedule
from tradebot.engine.venue.latency import USUAL, Latency
from tradebot.engine.venue.log import Accepted, AnyRecord, Filled, MarketAt, Opened, VenueLog
from tradebot.engine.venue.native import CAPABILITIES, NativeVenue
from tradebot.native import Venue

type OpenMarket = Callable[[int, dict[InstrumentId, int]], Market]
"""Called with where the market stood (ns UTC, 0 = never) and the last prices."""


REPORT_EVERY = 30 * SECOND
"""Between two looks at an account, besides those after a start, a gap or a difference."""


class Sandbox:
    """The native venue and its market; see `world.World`.

    Args of the constructor:
        setting: Which market.
        log: The venue's own ledger, open.
    """

    def __init__(self, setting: "Setting", log: VenueLog) -> None:
        self._setting = setting
        self._log = log
        self.fees = setting.terms.fees
        self._parts: tuple[Runtime, NativeVenue] | None = None
        books = NativeVenue.books_of(log, setting.instruments)
        self._opened = tuple(books.accounts)
        self._market = setting.open_market(books.ts, books.last)

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return self._market.description

    @property
    def clock(self) -> ClockKind:
        """Return that time is the market's own."""
        return "virtual"

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return what can be traded."""
        return self._setting.instruments

    @property
    def accounts(self) -> tuple[AccountStarted, ...]:
        """Return the accounts of the configuration, and those the venue has from before."""
        names = dict.fromkeys(account.name for account in self._setting.accounts)
        names |= dict.fromkeys(self._opened)
        return tuple(
            AccountStarted(
                name=name,
                venue="native",
                capabilities=CAPABILITIES,
                report_every=self._setting.terms.report_every,
                taker_fee=self.fees.taker,
            )
            for name in names
        )

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return minutes before the start, oldest first."""
        return self._market.history()

    def now(self) -> int:
        """Return when the market's next news is due, ns UTC."""
        return self._market.next_time() or 0

    def join(self, runtime: Runtime, currency: str) -> tuple[ConnectedVenue, Feed]:
        """Open the accounts, those that were not opened before."""
        setting = self._setting
        venue = NativeVenue(
            setting.native,
            setting.instruments,
            self._log,
            fees=self.fees,
            engine=runtime,
            latency=setting.terms.latency,
        )
        for account in setting.accounts:
            opens_in = account.currency or currency
            venue.open_with(
                Opened(
                    ts=max(runtime.now, self.now()),
                    account=account.name,
                    currency=opens_in,
                    cash=account.cash,
                    besides=dict(setting.terms.besides),
                )
            )
        self._parts = (runtime, venue)
        feed = NativeFeed(self._market, venue)
        late = setting.terms.feed
        return venue, LateFeed(feed, late) if late else feed

    def begin(self) -> None:
        """Put resting orders back into the book, and let the feeds come up."""
        if self._parts is None:
            raise LookupError("join an engine first")
        runtime, venue = self._parts
        for instrument in self._setting.instruments:
            runtime.hand_over(FeedChanged(instrument=instrument.id, state="up"))
        venue.restore(runtime.now)

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None]:
        """There is nothing outside the process."""
        yield


class VenueTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the native venue takes for its service."""

    fees: FeeSchedule = Fees()
    latency: Latency = USUAL
    feed: int = 0
    """How long the market's news is on its way to the engine, ns >= 0; the venue has it at once."""
    report_every: int = REPORT_EVERY
    """See `AccountStarted.report_every`."""
    opening_cash: Decimal | None = None
    """Of every account; None: as configured."""
    besides: Mapping[str, Decimal] = {}
    """What every account opens with in other currencies."""


class Setting:
    """A market as chosen, before any file of the engine is opened; see `world.Place`.

    Raises:
        CannotRun: If an account is configured at another venue.
    """

    def __init__(
        self,
        options: RunOptions,
        instruments: tuple[Instrument, ...],
        native: Books,
        open_market: OpenMarket,
        terms: VenueTerms | None = None,
    ) -> None:
        self._options = options
        self.terms = VenueTerms() if terms is None else terms
        self.accounts = native_accounts(options.config)
        if self.terms.opening_cash is not None:
            cash = self.terms.opening_cash
            self.accounts = tuple(
                msgspec.structs.replace(account, cash=cash) for account in self.accounts
            )
        self.instruments = instruments
        self.native = native
        self.open_market = open_market

    @contextmanager
    def open(self, folder: StateFolder) -> Generator[Sandbox]:
        """Open the venue's own ledger.

        Raises:
            CannotRun: If it was begun on another market.
        """
        log = VenueLog(folder.venue_log)
        try:
            refuse_another_market(self._options, self.instruments, log.read())
            yield Sandbox(self, log)
        finally:
            log.close()


def choose_market(options: RunOptions) -> Setting:
    """Return the market that the options name.

    Raises:
        CannotRun: If there is none of that name.
    """
    kind, _, rest = options.market.partition(":")
    native = Venue()
    if kind == "synthetic" and not rest:
        return Setting(
            options,
            tuple(invention.instrument for invention in INVENTED),
            native,
            lambda stood, last: SyntheticMarket(
                native, options.seed, stood or SYNTHETIC_EPOCH, last
            ),
        )
    if kind == "replay" and rest:
        return _replay_setting(options, native, rest)
    raise CannotRun(
        f"market must be `synthetic` or `replay:DATASET`, was {options.market!r}; "
        "real markets come with the next releases",
        2,
    )


def refuse_another_market(
    options: RunOptions, instruments: Sequence[Instrument], ledger: Iterable[AnyRecord]
) -> None:
    """Refuse a market that lacks what this engine's venue already knows: its ledger could not be kept on.

    Args:
        options: Name and market of the engine.
        instruments: Of the market.
        ledger: What the venue has written down so far.

    Raises:
        CannotRun: Naming what is missing, and how to get an engine for this market.
    """
    known: set[InstrumentId] = set()
    for record in ledger:
        match record:
            case Accepted() | Filled():
                known.add(record.instrument)
            case MarketAt():
                known.update(record.last)
            case _:
                pass
    missing = sorted(known - {instrument.id for instrument in instruments})
    if missing:
        raise CannotRun(
            f"engine {options.name!r} began on a market with {', '.join(missing)}, which {options.market} has not: "
            f"another engine for it is tradebot run --name NAME --market {options.market}",
            3,
        )


def _replay_setting(options: RunOptions, native: Venue, dataset: str) -> Setting:
    from tradebot.data.errors import DataError
    from tradebot.data.replay import replay
    from tradebot.data.store import Store

    store = Store(data_folder())
    try:
        found = store.instruments(dataset)
    except DataError as error:
        raise CannotRun(str(error), 3) from error
    for index in range(len(found)):
        native.add_recorded(index)

    def open_market(stood: int, _: dict[InstrumentId, int]) -> Market:
        """Open the recording where the market stood; its book then begins with a snapshot."""
        return ReplayMarket(replay(store, dataset, start=stood + 1 if stood else None), dataset)

    return Setting(options, found, native, open_market)
