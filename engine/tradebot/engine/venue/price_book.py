"""Orders against prices without a queue: bars, or quotes that are taken at any size.

A bar is walked: its open, the nearer extreme, the other one, its close. A limit fills at its price when the walk comes
to it, or at the open where that is better; whoever takes pays the price of the moment and slippage on top.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Literal

import msgspec

from tradebot.data.events import Level
from tradebot.native import L2Book

type Kind = Literal["limit", "market"]
type Tif = Literal["gtc", "ioc", "fok"]


class PriceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an order; see `books.BookEvent`."""

    kind: Literal[
        "rejected",
        "filled",
        "cancelled",
        "expired",
        "reduced",
        "cancel_rejected",
        "reduce_rejected",
    ]
    order_id: int
    price: int = 0
    quantity: int = 0
    liquidity: Literal["maker", "taker", ""] = ""
    reason: str = ""


class _Order(msgspec.Struct):
    """An order that waits: for the next open, or for its price."""

    number: int
    instrument: int
    side: int
    kind: Kind
    tif: Tif
    post_only: bool
    price: int
    leaves: int
    new: bool
    """Whether it has yet to meet the market: the next open decides."""

    def reached(self, price: int) -> bool:
        """Return whether a price is as good as its limit."""
        return price <= self.price if self.side > 0 else price >= self.price


class _Prices:
    """Best prices of one instrument, from a book or told directly."""

    def __init__(self) -> None:
        self.depth = L2Book()
        self.bid: Level | None = None
        self.ask: Level | None = None

    def best_bid(self) -> Level | None:
        """Return price and quantity of the highest bid."""
        return self.bid

    def best_ask(self) -> Level | None:
        """Return price and quantity of the lowest ask."""
        return self.ask

    def tell(self, bid: Level | None, ask: Level | None) -> None:
        """Take in new best prices."""
        self.bid, self.ask = bid, ask


class PriceBook:
    """Prices of all instruments, and the orders that wait for them; see `books.Books`.

    Args of the constructor:
        instruments: How many there are.
        at_open: Whether what takes waits for the next open instead of taking at once.
        sized: Whether no more is taken at once than is shown.
        slippage: What taking costs on top, as a fraction of the price; rounded away from whoever takes, to the unit.
    """

    def __init__(
        self,
        instruments: int,
        *,
        at_open: bool,
        sized: bool = False,
        slippage: Decimal = Decimal(0),
    ) -> None:
        self._prices = [_Prices() for _ in range(instruments)]
        self._at_open, self._sized, self._slippage = at_open, sized, slippage
        self._orders: dict[int, _Order] = {}
        self._walking = False

    # ---------------------------------------------------------------------------- the market

    def book(self, instrument: int) -> _Prices:
        """Return an instrument's prices."""
        return self._prices[instrument]

    def on_book(
        self,
        instrument: int,
        bids: Sequence[Level],
        asks: Sequence[Level],
        snapshot: bool,  # noqa: FBT001  (as the native venue's)
    ) -> list[PriceEvent]:
        """Take in a recorded book or a change of it; return what it fills."""
        prices = self._prices[instrument]
        if snapshot:
            prices.depth.replace(bids, asks)
        else:
            prices.depth.apply_levels(bids, asks)
        return self.on_quote(instrument, prices.depth.best_bid(), prices.depth.best_ask())

    def on_quote(self, instrument: int, bid: Level | None, ask: Level | None) -> list[PriceEvent]:
        """Take in best prices; a resting limit fills where the other side has come to it."""
        self._prices[instrument].tell(bid, ask)
        events: list[PriceEvent] = []
        for order in self._resting(instrument):
            other = ask if order.side > 0 else bid
            if other is not None and order.reached(other[0]):
                events += self._fill(order, order.price, order.leaves, "maker")
        return events

    def on_trade(
        self,
        instrument: int,
        price: int,
        quantity: int,  # noqa: ARG002  (a queue would need it)
        aggressor: int,  # noqa: ARG002
    ) -> list[PriceEvent]:
        """Take in a print: a resting limit fills where it went through its price."""
        through = [o for o in self._resting(instrument) if o.reached(price) and o.price != price]
        return self._filled(through)

    def opens(self, instrument: int, price: int) -> list[PriceEvent]:
        """Begin a bar: what waited for the open takes at it, and limits the open has jumped fill at it."""
        self._stand_at(instrument, price)
        events: list[PriceEvent] = []
        for order in [o for o in self._orders.values() if o.instrument == instrument]:
            if order.new:
                events += self._enter(order)
            elif order.reached(price):
                events += self._fill(order, price, order.leaves, "maker")
        return events

    def walk(self, instrument: int, price: int) -> list[PriceEvent]:
        """Go on to a price of the bar; limits on the way fill at their own."""
        self._stand_at(instrument, price)
        return self._filled([o for o in self._resting(instrument) if o.reached(price)])

    def limits(self, instrument: int) -> list[int]:
        """Return the prices of resting limits, in units."""
        return [order.price for order in self._resting(instrument)]

    def walking(self, *, inside: bool) -> None:
        """Say whether a bar is being walked: what is set off inside it takes at once."""
        self._walking = inside

    def _stand_at(self, instrument: int, price: int) -> None:
        self._prices[instrument].tell((price, 0), (price, 0))

    def _resting(self, instrument: int) -> list[_Order]:
        return [o for o in self._orders.values() if o.instrument == instrument and not o.new]

    def _filled(self, orders: Iterable[_Order]) -> list[PriceEvent]:
        return [
            event
            for order in orders
            for event in self._fill(order, order.price, order.leaves, "maker")
        ]

    # ---------------------------------------------------------------------------- orders

    def submit(  # noqa: PLR0913, PLR0917  (as the native venue takes it)
        self,
        order_id: int,
        instrument: int,
        side: int,
        kind: Kind,
        tif: Tif,
        post_only: bool,  # noqa: FBT001  (as the native venue's)
        price: int,
        quantity: int,
    ) -> list[PriceEvent]:
        """Enter an order."""
        order = _Order(
            number=order_id,
            instrument=instrument,
            side=side,
            kind=kind,
            tif=tif,
            post_only=post_only,
            price=price,
            leaves=quantity,
            new=True,
        )
        self._orders[order_id] = order
        return [] if self._at_open and not self._walking else self._enter(order)

    def restore(
        self, order_id: int, instrument: int, side: int, price: int, leaves: int
    ) -> list[PriceEvent]:
        """Put a limit back."""
        return self.submit(order_id, instrument, side, "limit", "gtc", False, price, leaves)  # noqa: FBT003

    def cancel(self, order_id: int) -> list[PriceEvent]:
        """Take an order out."""
        known = self._orders.pop(order_id, None)
        kind = "cancel_rejected" if known is None else "cancelled"
        return [PriceEvent(kind=kind, order_id=order_id)]

    def reduce(self, order_id: int, leaves: int) -> list[PriceEvent]:
        """Leave less of an order; 0 takes it out.

        Raises:
            ValueError: If `leaves` is negative.
        """
        if leaves < 0:
            raise ValueError(f"leaves must be at least 0, was {leaves}")
        order = self._orders.get(order_id)
        if order is not None and leaves == 0:
            return self.cancel(order_id)
        if order is None or leaves >= order.leaves:
            reason = "unknown_order" if order is None else "not_smaller"
            return [PriceEvent(kind="reduce_rejected", order_id=order_id, reason=reason)]
        order.leaves = leaves
        return [PriceEvent(kind="reduced", order_id=order_id, price=order.price)]

    def queue_ahead(self, order_id: int) -> int | None:
        """Return that nothing is known of a queue."""
        del order_id
        return None

    def set_next_match_id(self, match_id: int) -> None:
        """Matches have no numbers here."""

    def _enter(self, order: _Order) -> list[PriceEvent]:
        """Let a new order meet the market: it takes what it may, and what is left rests or ends."""
        order.new = False
        prices = self._prices[order.instrument]
        other = prices.best_ask() if order.side > 0 else prices.best_bid()
        takes = other is not None and (order.kind == "market" or order.reached(other[0]))
        if takes and order.post_only:
            return self._over(order, "rejected", "post_only_would_take")
        events: list[PriceEvent] = []
        if takes and other is not None:
            most = min(order.leaves, other[1]) if self._sized and other[1] else order.leaves
            if order.tif == "fok" and most < order.leaves:
                return self._over(order, "expired", "fok_unfillable")
            events += self._fill(order, self._taken_at(order, other[0]), most, "taker")
        if order.leaves and (order.kind == "market" or order.tif != "gtc"):
            reason = "no_liquidity" if order.kind == "market" else f"{order.tif}_remainder"
            events += self._over(order, "expired", reason)
        return events

    def _taken_at(self, order: _Order, price: int) -> int:
        """Return a price with slippage, never beyond a limit."""
        extra = int((price * self._slippage).to_integral_value(ROUND_CEILING))
        slipped = price + order.side * extra
        return slipped if order.kind == "market" or order.reached(slipped) else order.price

    def _fill(
        self, order: _Order, price: int, quantity: int, liquidity: Literal["maker", "taker"]
    ) -> list[PriceEvent]:
        order.leaves -= quantity
        if not order.leaves:
            del self._orders[order.number]
        return [
            PriceEvent(
                kind="filled",
                order_id=order.number,
                price=price,
                quantity=quantity,
                liquidity=liquidity,
            )
        ]

    def _over(
        self, order: _Order, how: Literal["rejected", "expired"], reason: str
    ) -> list[PriceEvent]:
        del self._orders[order.number]
        return [PriceEvent(kind=how, order_id=order.number, reason=reason)]
