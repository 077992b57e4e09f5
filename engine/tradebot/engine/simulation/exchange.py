"""The faulty venue's matching: orders, executions and what it says of them; naive on purpose.

It imports neither the engine's ledger nor its order states: what it holds is the truth the engine is judged by.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

import msgspec

from tradebot.data.events import Level
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import (
    CancelRejected,
    FeeCharged,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    ReplaceRejected,
    VenueEvent,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.terms import tif_at
from tradebot.engine.core.types import (
    SECOND,
    AccountName,
    ClientOrderId,
    ExecutionId,
    FillSource,
    OrderType,
    TimeInForce,
    VenueOrderId,
)
from tradebot.engine.simulation.books import Execution, VenueBooks
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.instruments import BY_ID, INSTRUMENTS
from tradebot.engine.simulation.plan import Plan

FEE_QUANTUM = Decimal("0.0001")
COIN_RATE = Decimal(20)
"""What one COIN is worth, where fees are paid in it."""

type VenueState = Literal["working", "filled", "cancelled", "rejected", "expired", "replaced"]


type NameExecution = Callable[[AccountName, InstrumentId, ExecutionId | None], ExecutionId]
"""Names an execution of an account in an instrument, by the one it corrects if any."""


class VenueOrder(msgspec.Struct, kw_only=True):
    """An order as the venue holds it."""

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    account: AccountName
    instrument: InstrumentId
    side: Literal[1, -1]
    type: OrderType
    tif: TimeInForce
    quantity: int
    limit: int | None
    trigger: int | None
    waiting: bool
    """Whether it is a stop that has not been set off."""
    expires: int | None
    post_only: bool
    reduce_only: bool
    foreign: bool
    filled: int = 0
    group: ClientOrderId | None = None
    """Of a pair: what both orders name. When one trades or is taken out, the other ends."""
    undone: int = 0
    """Of what was filled, what was taken back since: it does not become open again."""
    state: VenueState = "working"
    reason: str = ""

    @property
    def standing(self) -> int:
        """Return what was filled and still holds, in units."""
        return self.filled - self.undone

    @property
    def leaves(self) -> int:
        """Return what may still fill, in units."""
        return self.quantity - self.filled if self.state == "working" else 0


class Depth(msgspec.Struct):
    """What rests in the market at one instrument, best first; taking eats it."""

    bids: list[Level]
    asks: list[Level]


class Exchange:
    """Orders and books of every account at the venue.

    Args of the constructor:
        plan: Fees and capabilities.
        faults: What of them strikes.
        say: Called with each word of an account's private stream, in the order in which things happen.
        later: Called with a delay in ns and what shall happen then.
    """

    def __init__(
        self,
        plan: Plan,
        faults: Faults,
        *,
        say: Callable[[AccountName, VenueEvent], None],
        later: Callable[[int, Callable[[], None]], None],
    ) -> None:
        self._plan = plan
        self._faults = faults
        self._say = say
        self._later = later
        self.now = 0
        self.books = VenueBooks()
        self.depths = {instrument.id: Depth([], []) for instrument in INSTRUMENTS}
        self.name_execution: NameExecution = self._plain_name
        """How the next execution of an account is named."""
        self.orders: dict[tuple[AccountName, ClientOrderId], VenueOrder] = {}
        self.fees: dict[str, FeeCharged] = {}
        """What was charged apart from executions."""
        self.replaced_by: dict[ClientOrderId, ClientOrderId] = {}
        self._live: dict[VenueOrderId, VenueOrder] = {}
        self._numbers = 0

    def _plain_name(
        self, account: AccountName, instrument: InstrumentId, before: ExecutionId | None
    ) -> ExecutionId:
        _ = account, instrument, before
        return ExecutionId(f"x{len(self.books.executions) + 1}")

    @property
    def next_number(self) -> int:
        """Return the number that the next order gets."""
        return self._numbers + 1

    # ---------------------------------------------------------------------------- questions

    def working(self, account: AccountName) -> list[VenueOrder]:
        """Return what is open of an account, oldest first."""
        return [order for order in self._live.values() if order.account == account]

    def find(self, account: AccountName, client_order_id: ClientOrderId) -> VenueOrder | None:
        """Return an order by the id its sender gave it."""
        return self.orders.get((account, client_order_id))

    # ---------------------------------------------------------------------------- requests

    def submit(self, intent: OrderIntent, *, refuse: str | None = None) -> None:
        """Take an order, or refuse it."""
        known = self.find(intent.account, intent.client_order_id)
        if known is not None:
            return  # the same id again is the same order; that it came twice is the judge's to say
        order = self._enter(intent)
        reason = refuse or self._illegal(order)
        if reason is not None:
            self._end(order, "rejected", reason)
            return
        self._say(
            order.account,
            OrderAccepted(
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                ts_event=self.now,
            ),
        )
        self._work(order)

    def submit_pair(self, pair: Sequence[OrderIntent], *, refuse: str | None = None) -> None:
        """Take both orders of a pair, or neither."""
        if any(self.find(one.account, one.client_order_id) is not None for one in pair):
            return  # as above
        orders = [self._enter(intent) for intent in pair]
        reason = refuse or next(filter(None, map(self._illegal, orders)), None)
        if reason is not None:
            for order in orders:
                self._end(order, "rejected", reason)
            return
        for order in orders:
            taken = OrderAccepted(
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                ts_event=self.now,
            )
            self._say(order.account, taken)
        for order in orders:
            if order.state == "working":
                self._work(order)

    def _end_pair_of(self, order: VenueOrder) -> None:
        """End the other order of a pair of which one has traded or was taken out."""
        for other in self.working(order.account):
            if order.group is not None and other.group == order.group and other is not order:
                self._end(other, "cancelled", "its pair has ended it")

    def _enter(self, intent: OrderIntent, *, foreign: bool = False) -> VenueOrder:
        self._numbers += 1
        order = VenueOrder(
            client_order_id=intent.client_order_id,
            venue_order_id=VenueOrderId(f"v{self._numbers}"),
            account=intent.account,
            instrument=intent.instrument,
            side=1 if intent.side == "buy" else -1,
            type=intent.type,
            tif=tif_at(self._plan.capabilities, intent),
            quantity=intent.quantity,
            limit=intent.limit_price,
            trigger=intent.trigger_price,
            waiting=intent.type in {"stop", "stop_limit"},
            expires=intent.expires,
            post_only=intent.post_only,
            reduce_only=intent.reduce_only,
            foreign=foreign,
            group=intent.group,
        )
        self.orders[order.account, order.client_order_id] = order
        self._live[order.venue_order_id] = order
        return order

    def foreign(self, intent: OrderIntent) -> VenueOrder:
        """Take an order from somebody else, by phone or from another program."""
        order = self._enter(intent, foreign=True)
        self._work(order)
        return order

    def _illegal(self, order: VenueOrder) -> str | None:
        can = self._plan.capabilities
        if order.type not in can.order_types or order.tif not in can.times_in_force:
            return f"{order.type} {order.tif} is not known here"
        if order.post_only and order.limit is not None and self._crosses(order, order.limit):
            return "post-only would take"
        if order.waiting and self._set_off(order):
            return "the trigger has been passed"
        if can.locks_balance and order.side < 0 and order.quantity > self._unlocked(order):
            return "insufficient balance"
        return None

    def _unlocked(self, order: VenueOrder) -> int:
        others = [
            other.leaves
            for other in self.working(order.account)
            if other.side < 0
            and other.instrument == order.instrument
            and other is not order
            and (order.group is None or other.group != order.group)
        ]
        return self.books.position(order.account, order.instrument) - sum(others)

    def cancel(self, account: AccountName, client_order_id: ClientOrderId) -> None:
        """Take an order out, or say why not."""
        order = self.find(account, client_order_id)
        if order is None or order.state != "working":
            reason = "unknown order" if order is None else f"order is {order.state}"
            self._say(
                account,
                CancelRejected(client_order_id=client_order_id, reason=reason, ts_event=self.now),
            )
            return
        self._end(order, "cancelled", "asked")
        self._end_pair_of(order)

    def replace(self, intent: OrderIntent, known_filled: int) -> None:
        """Put a new order in the place of a standing one, for what is left of it."""
        old = None if intent.replaces is None else self.find(intent.account, intent.replaces)
        unseen = 0 if old is None else max(old.standing - known_filled, 0)
        reason = None
        if old is None or old.state != "working":
            reason = "unknown order" if old is None else f"order is {old.state}"
        elif intent.quantity - unseen <= 0:
            reason = "filled meanwhile"
        if reason is not None or old is None:
            self._say(
                intent.account,
                ReplaceRejected(
                    client_order_id=intent.client_order_id,
                    replaced=intent.replaces or ClientOrderId(""),
                    reason=reason or "unknown order",
                    ts_event=self.now,
                ),
            )
            return
        old.state, old.reason = "replaced", intent.client_order_id
        self.replaced_by[old.client_order_id] = intent.client_order_id
        del self._live[old.venue_order_id]
        order = self._enter(intent)
        order.quantity = intent.quantity - unseen
        order.waiting = order.waiting and old.waiting
        self._say(
            order.account,
            OrderReplaced(
                client_order_id=order.client_order_id,
                replaced=old.client_order_id,
                venue_order_id=order.venue_order_id,
                quantity=order.quantity,
                ts_event=self.now,
            ),
        )
        self._work(order)

    # ---------------------------------------------------------------------------- market

    def on_book(self, instrument: InstrumentId, bids: list[Level], asks: list[Level]) -> None:
        """Let the market move, and fill, set off and end what that fills, sets off and ends."""
        self.depths[instrument] = Depth(bids, asks)
        for order in list(self._live.values()):
            if order.state != "working" or order.instrument != instrument:
                continue
            if order.expires is not None and order.expires <= self.now and order.tif == "gtd":
                self._end(order, "expired", "its time has come")
            elif order.waiting:
                if self._set_off(order):
                    self._trigger(order)
            elif order.limit is not None and self._crosses(order, order.limit):
                self._fill_resting(order, order.limit)

    def expire(self) -> None:
        """End what is good till a date that has come, also while the market is silent."""
        for order in list(self._live.values()):
            if order.expires is not None and order.expires <= self.now and order.tif == "gtd":
                self._end(order, "expired", "its time has come")

    def _set_off(self, order: VenueOrder) -> bool:
        depth, trigger = self.depths[order.instrument], order.trigger
        if trigger is None:
            return False
        if order.side > 0:
            return bool(depth.asks) and depth.asks[0][0] >= trigger
        return bool(depth.bids) and depth.bids[0][0] <= trigger

    def _trigger(self, order: VenueOrder) -> None:
        order.waiting = False
        self._say(
            order.account,
            OrderTriggered(client_order_id=order.client_order_id, ts_event=self.now),
        )
        self._work(order)

    def _crosses(self, order: VenueOrder, limit: int) -> bool:
        depth = self.depths[order.instrument]
        if order.side > 0:
            return bool(depth.asks) and depth.asks[0][0] <= limit
        return bool(depth.bids) and depth.bids[0][0] >= limit

    def _work(self, order: VenueOrder) -> None:
        """Take what can be taken, and let the rest stay or end as its terms say."""
        if order.waiting:
            return
        takeable = sum(size for _, size in self._levels(order))
        if order.tif == "fok" and takeable < order.leaves:
            self._end(order, "expired", "not all at once")
            return
        for price, size in self._levels(order):
            left = min(size, order.leaves)
            while left and order.state == "working":
                part = left
                if left > 1 and self._faults.strike("partial"):
                    part = self._faults.between(1, left - 1)
                self._execute(order, part, price, "taker")
                self._eat(order, price, part)
                left -= part
        if order.state != "working":
            return
        stays = order.limit is not None and order.tif in {"gtc", "gtd", "day"}
        if not stays:
            self._end(order, "expired", "nothing more to take")

    def _levels(self, order: VenueOrder) -> Iterator[Level]:
        depth = self.depths[order.instrument]
        for price, size in list(depth.asks if order.side > 0 else depth.bids):
            inside = order.limit is None or (order.limit - price) * order.side >= 0
            if size and inside:
                yield price, size

    def _eat(self, order: VenueOrder, price: int, part: int) -> None:
        depth = self.depths[order.instrument]
        side = depth.asks if order.side > 0 else depth.bids
        for place, (level, size) in enumerate(side):
            if level == price:
                side[place] = (level, size - part)

    def _fill_resting(self, order: VenueOrder, price: int) -> None:
        part = order.leaves
        if part > 1 and self._faults.strike("partial"):
            part = self._faults.between(1, part - 1)
        self._execute(order, part, price, "maker")

    def _execute(
        self, order: VenueOrder, quantity: int, price: int, liquidity: Literal["maker", "taker"]
    ) -> None:
        notional = BY_ID[order.instrument].notional(price, quantity)
        fee = (notional * self._plan.fee_rate).quantize(FEE_QUANTUM, rounding=ROUND_HALF_EVEN)
        asset = BY_ID[order.instrument].currency
        if self._plan.fee_asset is not None:
            fee, asset = (fee / COIN_RATE).quantize(FEE_QUANTUM), self._plan.fee_asset
        number = self.name_execution(order.account, order.instrument, None)
        apart, first = self._faults.strike("late_fee"), self._faults.strike("fee_first")
        if (apart or first) and fee:
            charge = FeeCharged(
                fee_id=f"f{number}",
                account=order.account,
                asset=asset,
                amount=fee,
                client_order_id=order.client_order_id,
                execution_id=number,
                instrument=order.instrument,
                ts_event=self.now,
            )
            self._charge(charge, 0 if first else self._faults.between(1, 20) * SECOND // 4)
            fee = Decimal(0)
        execution = Execution(
            id=number,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            account=order.account,
            instrument=order.instrument,
            side=order.side,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_asset=asset,
            liquidity=liquidity,
            ts=self.now,
        )
        self.books.execute(execution)
        order.filled += quantity
        self._say(order.account, told(execution, "stream", self.now))
        if order.filled == order.quantity:
            order.state = "filled"
            del self._live[order.venue_order_id]
        self._end_pair_of(order)

    def _charge(self, charge: FeeCharged, delay: int) -> None:
        def write() -> None:
            written = msgspec.structs.replace(charge, ts_event=self.now)
            self.fees[charge.fee_id] = written
            self.books.write(self.now, charge.account, charge.asset, -charge.amount, charge.fee_id)
            self._say(charge.account, written)

        if delay:
            self._later(delay, write)
        else:
            write()

    def _end(self, order: VenueOrder, state: VenueState, reason: str) -> None:
        order.state, order.reason = state, reason
        del self._live[order.venue_order_id]
        key, now = order.client_order_id, self.now
        event: VenueEvent
        if state == "rejected":
            event = OrderRejected(client_order_id=key, reason=reason, ts_event=now)
        elif state == "cancelled":
            event = OrderCancelled(client_order_id=key, reason=reason, ts_event=now)
        else:
            event = OrderExpired(client_order_id=key, reason=reason, ts_event=now)
        self._say(order.account, event)


def told(execution: Execution, source: FillSource, now: int) -> OrderFilled:
    """Return an execution as a venue tells it."""
    return OrderFilled(
        execution_id=execution.id,
        client_order_id=execution.client_order_id,
        venue_order_id=execution.venue_order_id,
        account=execution.account,
        instrument=execution.instrument,
        side="buy" if execution.side > 0 else "sell",
        quantity=execution.quantity,
        price=execution.price,
        fee=execution.fee,
        fee_currency=execution.fee_asset,
        liquidity=execution.liquidity,
        source=source,
        ts_event=execution.ts,
        ts_recv=now,
    )
