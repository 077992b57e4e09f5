"""The exchange: orders in, happenings out, no I/O; its time is its clock's and moves on when it is told to."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import msgspec

from tradebot.engine.exchange.accounts import Account, AccountTerms
from tradebot.engine.exchange.amending import only_smaller, with_change
from tradebot.engine.exchange.books import Books
from tradebot.engine.exchange.checks import beyond_means, rule_broken
from tradebot.engine.exchange.clock import Clock
from tradebot.engine.exchange.flow import OrderFlow
from tradebot.engine.exchange.happenings import Happening, PhaseChanged
from tradebot.engine.exchange.life import Life
from tradebot.engine.exchange.market import Flow, Listing, Market
from tradebot.engine.exchange.order_store import OrderStore
from tradebot.engine.exchange.orders import Amendment, Execution, Order, OrderRequest, Reason
from tradebot.engine.exchange.past import past, seeded
from tradebot.engine.exchange.view import View
from tradebot.engine.exchange.words import FaceName

_S = 1_000_000_000
_BEHIND = 60 * _S
"""A crowd that has slept longer than this lets the rest go by."""

type Listener = Callable[[Happening], None]


class Exchange(View):
    """Markets, accounts and orders of every face.

    Args of the constructor:
        clock: The venue's time.
        seed: Of all that is invented.
        listings: What is traded.
        accounts: Who trades.
        flows: Crowds by listing key in the place of the seeded ones.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int,
        listings: Iterable[Listing],
        accounts: Iterable[AccountTerms],
        flows: Mapping[str, Flow] | None = None,
    ) -> None:
        self.clock = clock
        self.seed = seed
        start = clock.now()
        store = OrderStore()
        markets = {
            listing.key: Market(
                listing,
                (flows or {}).get(listing.key)
                or OrderFlow(listing, seeded(seed, listing.key, "flow"), start),
                past(listing, seeded(seed, listing.key, "past"), start),
            )
            for listing in listings
        }
        super().__init__(markets, store, Books(accounts, store, self._tell), start)
        self._life = Life(self.markets, self.books, self.store, self._tell, self._carried)
        self._listeners: dict[FaceName, list[Listener]] = defaultdict(list)
        self._pending: list[Happening] = []
        self._numbers = 0
        self._changes: dict[str, int] = {}
        for market in self.markets.values():
            self._enter(market, start)
        self._settle()

    # What faces do.

    def listen(self, face: FaceName, listener: Listener) -> Callable[[], None]:
        """Have a face told what happens, in order; it must not call back into the exchange. Return how to end it."""
        self._listeners[face].append(listener)
        return lambda: self._listeners[face].remove(listener)

    def place(self, request: OrderRequest) -> Order:
        """Take an order; one that is refused comes back `rejected` with its reason."""
        now = self._catch_up()
        request = self.sized(request)
        listing = self.listing_of(request)
        reason = self.refusal(request)
        self._numbers += 1
        order = Order(
            number=self._numbers,
            listing=listing.key if listing is not None else "",
            request=request,
            state="rejected" if reason else "working",
            created=now,
            updated=now,
            ended=now if reason else 0,
            reason=reason,
        )
        if reason:
            return self.store.put(order)
        order = self._life.begin(order, now)
        self._settle()
        return self.store.now(order.number)

    def refusal(self, request: OrderRequest) -> Reason:
        """Return why an order would be refused now; empty if it would be taken."""
        account = self.accounts.get(request.account)
        if account is None:
            return "unknown_account"
        listing = self.listing_of(request)
        if listing is None:
            return "unknown_symbol"
        market = self.market(listing)
        return (
            rule_broken(request, listing, market.last_price)
            or self._name_taken(account, request)
            or beyond_means(
                self.standing_of(account, market, without=request.replaces),
                request,
                self.worst_of(listing, request),
            )
        )

    def rule_refusal(self, request: OrderRequest) -> Reason:
        """Return why the listing's own rules refuse an order, whoever gives it."""
        listing = self.listing_of(request)
        if listing is None:
            return "unknown_symbol"
        return rule_broken(request, listing, self.market(listing).last_price)

    @property
    def next_number(self) -> int:
        """Return the number that the next order gets."""
        return self._numbers + 1

    def transmit(self, number: int) -> Reason:
        """Let an order go that was given with `hold`."""
        now = self._catch_up()
        order = self.store.get(number)
        if order is None or not order.is_open:
            return "unknown_order"
        self._life.release(
            msgspec.structs.replace(
                order, request=msgspec.structs.replace(order.request, hold=False)
            ),
            now,
        )
        self._settle()
        return ""

    def cancel(self, number: int) -> Reason:
        """Cancel an open order; return why not, or nothing."""
        now = self._catch_up()
        order = self.store.get(number)
        if order is None:
            return "unknown_order"
        if not order.is_open:
            return "not_open"
        self._life.cancel(order, "user", now)
        self._settle()
        return ""

    def cancel_all(self, account: str, symbol: str | None = None) -> list[Order]:
        """Cancel an account's open orders, of one symbol or of all; return them as they stand then."""
        numbers = [
            order.number
            for order in self.store.open(account)
            if symbol is None or order.request.symbol == symbol
        ]
        return [self.store.now(number) for number in numbers if not self.cancel(number)]

    def amend(self, number: int, change: Amendment) -> Reason:
        """Change an open order, which keeps its number; return why not, or nothing.

        It keeps its place in the queue only where nothing but its quantity changes and becomes smaller.
        """
        now = self._catch_up()
        order = self.store.get(number)
        if order is None:
            return "unknown_order"
        if not order.is_open:
            return "not_open"
        amended = with_change(order, change)
        if amended.leaves <= 0:
            return "quantity_too_small"
        smaller = only_smaller(order, amended)
        if change.only_smaller and not smaller:
            return "not_smaller"
        if reason := self._amendment_refused(order, amended, smaller=smaller):
            return reason
        amended = msgspec.structs.replace(amended, updated=now, amendments=order.amendments + 1)
        if smaller:
            self._life.reduce(amended, now)
        else:
            self._life.requeue(amended, now)
        self._settle()
        return ""

    def _amendment_refused(self, order: Order, amended: Order, *, smaller: bool) -> Reason:
        listing = self.listings[order.listing]
        market = self.market(listing)
        request = amended.request
        if reason := rule_broken(request, listing, market.last_price):
            return reason
        if request.post_only and self._takes(listing, request):
            return "post_only_would_take"
        if smaller:
            return ""
        account = self.accounts[request.account]
        left = msgspec.structs.replace(request, quantity=amended.leaves)
        standing = self.standing_of(account, market, without=order.number)
        return beyond_means(standing, left, self.worst_of(listing, left))

    def _carried(self, order: Order) -> Reason:
        """Return why an order that is to work now is beyond its account's means; empty if it is not."""
        listing = self.listings[order.listing]
        account = self.accounts[order.request.account]
        left = msgspec.structs.replace(order.request, quantity=order.leaves, parent=0)
        standing = self.standing_of(account, self.market(listing), without=order.number)
        worst = left.limit or self.worst_price(listing, left.side, left.quantity)
        return beyond_means(standing, left, worst)

    def _takes(self, listing: Listing, request: OrderRequest) -> bool:
        bid, _, ask, _ = self.market(listing).quote()
        return bool(ask and request.limit >= ask) if request.side > 0 else request.limit <= bid

    def replace(self, number: int, request: OrderRequest) -> Order:
        """Put a new order in the place of an open one, which ends `replaced`; refused, the old one stays.

        Returns:
            The new order; `rejected` with its reason if it was refused or the old one is over.
        """
        now = self._catch_up()
        old = self.store.get(number)
        request = msgspec.structs.replace(request, replaces=number)
        reason: Reason = "" if old is not None and old.is_open else "not_open"
        reason = reason or self.refusal(self.sized(request))
        if reason or old is None:
            self._numbers += 1
            return self.store.put(
                Order(
                    number=self._numbers,
                    listing=old.listing if old is not None else "",
                    request=request,
                    state="rejected",
                    created=now,
                    updated=now,
                    ended=now,
                    reason=reason,
                )
            )
        ended = self._life.cancel(old, "user", now, "replaced")
        order = self.place(request)
        self.store.put(msgspec.structs.replace(ended, replaced_by=order.number))
        return order

    def bust(self, execution: int) -> Execution:
        """Take an execution back. Raises ValueError as `Books.bust`."""
        now = self._catch_up()
        one = self.books.bust(execution, self._listing_of_execution(execution), now)
        self._settle()
        return one

    def correct(self, execution: int, *, price: int, quantity: int) -> Execution:
        """Put an execution at another price or quantity. Raises ValueError as `Books.correct`."""
        now = self._catch_up()
        listing = self._listing_of_execution(execution)
        one = self.books.correct(execution, listing, price=price, quantity=quantity, now=now)
        self._settle()
        return one

    def _listing_of_execution(self, number: int) -> Listing:
        if not 1 <= number <= len(self.books.executions):
            last = len(self.books.executions)
            raise ValueError(f"execution must be in [1, {last}], was {number}")
        return self.listings[self.books.executions[number - 1].listing]

    def move_cash(self, account: str, asset: str, amount: int, reason: str) -> None:
        """Give an account an amount, < 0 takes it."""
        self.books.move_cash(account, asset, amount, reason, self._catch_up())
        self._settle()

    def print_trade(self, listing: Listing, price: int, quantity: int) -> None:
        """Let the market trade at a price: whatever rests at it or beyond is filled, and it stays there.

        Raises:
            ValueError: If the price is off the tick or <= 0, or the quantity is < 1.
        """
        if price <= 0 or price % listing.tick or quantity < 1:
            raise ValueError(
                f"a print needs a price > 0 in ticks of {listing.tick} and a quantity >= 1,"
                f" was {price} x {quantity}"
            )
        now = self._catch_up()
        market = self.market(listing)
        self._life.absorb(market, market.flow.move(market, price), now)
        for side, levels in ((-1, market.engine.bids(1_000)), (1, market.engine.asks(1_000))):
            passed = sum(size for at, size in levels if (at - price) * side <= 0)
            if passed:
                number = market.crowd_number()
                events = market.submit(
                    number, side, "limit", "ioc", price=price, quantity=passed, now=now
                )
                self._life.absorb(market, events, now)
        market.print_trade(price, quantity, buyer_is_maker=False, now=now)
        self._life.absorb(market, market.flow.come(market), now)
        self._settle()

    # Time.

    def advance(self, now: int) -> None:
        """Let everything happen that is due up to an instant, ns UTC."""
        while (due := self._next_due()) is not None and due[0] <= now:
            instant, what = due
            self._now = max(self._now, instant)
            what(self._now)
            self._settle()
        self._now = max(self._now, now)

    def _next_due(self) -> tuple[int, Callable[[int], None]] | None:
        """Return what happens next and when."""
        nearest: tuple[int, Callable[[int], None]] | None = None
        deadline = self._life.next_deadline()
        if deadline is not None:
            nearest = (deadline, self._life.expire)
        for key, market in self.markets.items():
            change = self._changes.get(key)
            if change is not None and (nearest is None or change < nearest[0]):
                nearest = (change, _call(self._enter, market))
            due = market.flow.due
            if market.phase != "closed" and (nearest is None or due < nearest[0]):
                nearest = (due, _call(self._act, market))
        return nearest

    def _act(self, market: Market, now: int) -> None:
        behind = self.clock.now() - _BEHIND
        if market.flow.due < behind:
            market.flow.sleep_until(behind + _BEHIND - _S)
            return
        self._life.absorb(market, market.flow.act(market), now)

    def _enter(self, market: Market, now: int) -> None:
        """Let a market be in the phase of an instant."""
        listing = market.listing
        phase = listing.phase(now)
        if listing.session is not None:
            self._changes[listing.key] = listing.session.next_change(now)
        self._life.turn(market, phase, now)
        self._tell(PhaseChanged(listing.face, listing.key, phase, now))

    def _catch_up(self) -> int:
        self.advance(self.clock.now())
        return self._now

    # Inside.

    def _settle(self) -> None:
        while self._life.settle(self._now):
            pass
        for market in self.markets.values():
            self._pending += market.changes(self._now)
        pending, self._pending = self._pending, []
        for happening in pending:
            for listener in tuple(self._listeners[happening.face]):
                listener(happening)

    def _tell(self, happening: Happening) -> None:
        self._pending.append(happening)

    def sized(self, request: OrderRequest) -> OrderRequest:
        """Return a request with the quantity that its notional buys."""
        listing = self.listing_of(request)
        if not request.notional or request.quantity or listing is None:
            return request
        quantity = self.quantity_for(listing, request.side, request.notional)
        return msgspec.structs.replace(request, quantity=quantity)

    def _name_taken(self, account: Account, request: OrderRequest) -> Reason:
        rule = account.terms.client_ids
        if rule == "free" or not request.client_id:
            return ""
        named = self.store.by_client(account.terms.name, request.client_id)
        taken = any(
            (rule == "ever" and order.state != "rejected") or order.is_open
            for order in named
            if order.number != request.replaces
        )
        return "duplicate_client_id" if taken else ""


def _call(what: Callable[[Market, int], None], market: Market) -> Callable[[int], None]:
    return lambda now: what(market, now)
