"""What the venue's tests are built of: a venue on a recorded market with its doors taken down."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

from tradebot.data.events import BookDelta, BookSnapshot, Trade
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import VenueEvent
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import (
    Cancel,
    OrderIntent,
    QueryAccount,
    QueryOrder,
    Replace,
    Submit,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import (
    HAND,
    AccountName,
    BetId,
    ClientOrderId,
    OrderType,
    Side,
    TimeInForce,
)
from tradebot.engine.venue.fees import Fees, FeeSchedule
from tradebot.engine.venue.log import AnyRecord, VenueLog
from tradebot.engine.venue.native import CAPABILITIES, NativeVenue
from tradebot.native import Venue

ACCOUNT = AccountName("sandbox")
BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=3,
    rules=(Rules(tick=1, lot=1),),
)
START = 1_700_000_000_000_000_000
FEES = Fees(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
CASH = Decimal(100_000)


class VenueBench:
    """A venue whose doors are lists, with a clock the test moves."""

    def __init__(
        self, log: Path, *, fees: FeeSchedule = FEES, can: Capabilities = CAPABILITIES
    ) -> None:
        self.path, self.fees = log, fees
        self.now = START
        self.departed: list[tuple[int, Callable[[], None]]] = []
        """Effects on their way: how long it takes, and what then takes place."""
        self.answers: list[VenueEvent] = []
        self.written: list[int] = []
        """Lines in the log's file at each answer."""
        self.log = VenueLog(log)
        self.native = Venue()
        self.native.add_recorded(0)
        self.venue = NativeVenue(
            self.native,
            (BTC,),
            self.log,
            fees=fees,
            capabilities=can,
            engine=self,
        )

    def after(self, delay: int, take_place: Callable[[], None]) -> None:
        """Keep what is on its way."""
        self.departed.append((delay, take_place))

    def answer(self, event: VenueEvent, delay: int) -> None:
        """Keep what the venue says, and how much of it was written by then."""
        self.answers.append(event)
        self.written.append(self.path.read_bytes().count(b"\n"))

    def opened(self) -> "VenueBench":
        """Open the account, put back what rested, show a book of 9 and 10 with 1.000 each."""
        self.venue.open(ACCOUNT, "USDT", CASH, self.now)
        self.venue.restore(self.now)
        self.book(bids=((900, 1000), (800, 5000)), asks=((1000, 1000), (1100, 5000)))
        return self

    def again(self) -> "VenueBench":
        """Return the venue of the next process on the same log."""
        self.log.close()
        other = VenueBench(self.path, fees=self.fees)
        other.now = self.now
        return other

    def book(
        self,
        bids: Sequence[tuple[int, int]] = (),
        asks: Sequence[tuple[int, int]] = (),
        *,
        kind: type[BookSnapshot | BookDelta] = BookSnapshot,
    ) -> None:
        """Show a book, or what changed in it."""
        event = kind(
            instrument=BTC.id,
            ts_event=self.now,
            ts_recv=self.now,
            bids=tuple(bids),
            asks=tuple(asks),
        )
        self.venue.on_market(event, self.now)

    def print(self, price: int, quantity: int, aggressor: Literal[1, -1]) -> None:
        """Let somebody else trade."""
        event = Trade(
            instrument=BTC.id,
            ts_event=self.now,
            ts_recv=self.now,
            price=price,
            quantity=quantity,
            aggressor=aggressor,
        )
        self.venue.on_market(event, self.now)

    def submit(  # noqa: PLR0913  (an order has that many parts)
        self,
        name: str,
        side: Side = "buy",
        quantity: int = 500,
        price: int | None = 900,
        *,
        tif: TimeInForce = "gtc",
        post_only: bool = False,
        kind: OrderType | None = None,
        trigger: int | None = None,
        trail: int | None = None,
        expires: int | None = None,
        replaces: str | None = None,
        known_filled: int = 0,
    ) -> list[VenueEvent]:
        """Let an order reach the venue, in another's place where it says so; return what it answers."""
        order = OrderIntent(
            client_order_id=ClientOrderId(name),
            request_id=None,
            bet_id=BetId("b-1"),
            account=ACCOUNT,
            instrument=BTC.id,
            owner=HAND,
            policy_version=None,
            side=side,
            type=kind or ("market" if price is None else "limit"),
            tif=tif,
            quantity=quantity,
            limit_price=price,
            post_only=post_only,
            reduce_only=False,
            because=None,
            edge=None,
            lives_at="broker",
            created=self.now,
            trigger_price=trigger,
            trail=trail,
            expires=expires,
            replaces=None if replaces is None else ClientOrderId(replaces),
        )
        if replaces is None:
            return self.arrive(RiskApproved(Submit(order=order)))
        return self.arrive(RiskApproved(Replace(order=order, known_filled=known_filled)))

    def cancel(self, name: str) -> list[VenueEvent]:
        """Let a cancel reach the venue."""
        return self.arrive(
            Cancel(client_order_id=ClientOrderId(name), account=ACCOUNT, because=why("test"))
        )

    def ask(self, name: str) -> list[VenueEvent]:
        """Ask for one order."""
        return self.arrive(QueryOrder(client_order_id=ClientOrderId(name), account=ACCOUNT))

    def ask_account(self, since: int = 0) -> list[VenueEvent]:
        """Ask for the account."""
        return self.arrive(QueryAccount(account=ACCOUNT, since=since))

    def arrive(self, effect: VenueEffect) -> list[VenueEvent]:
        """Let an effect reach the venue; return what it answers."""
        before = len(self.answers)
        self.venue.arrive(effect, self.now)
        return self.answers[before:]

    def records(self) -> list[AnyRecord]:
        """Return what stands in the log."""
        return self.log.read()
