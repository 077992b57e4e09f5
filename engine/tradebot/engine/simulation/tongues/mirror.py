"""The simulator's ledger as the local exchange's faces see an exchange.

What they ask is answered from it, what they are asked to do is done there, and whatever happens there they are told.
The ledger stays the truth the engine is judged by: nothing is matched or refused here.
"""

from decimal import Decimal
from typing import Final, override

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import (
    ExecutionBusted,
    ExecutionCorrected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    VenueEvent,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    UNCLAIMED,
    AccountName,
    BetId,
    ClientOrderId,
    ExecutionId,
    OrderType,
    TimeInForce,
)
from tradebot.engine.exchange.accounts import AccountTerms, Position
from tradebot.engine.exchange.clock import Clock
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.happenings import Executed, OrderChange, OrderChanged
from tradebot.engine.exchange.market import Listing, Market
from tradebot.engine.exchange.orders import Execution, Order, OrderRequest, Reason, State, Tif
from tradebot.engine.exchange.words import AMOUNT_SCALE, FaceName
from tradebot.engine.simulation.exchange import Exchange as Ledger
from tradebot.engine.simulation.exchange import VenueOrder
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.instruments import BY_ID, CURRENCY, INSTRUMENTS, START_PRICE
from tradebot.native import VenueEvent as Match

_TYPES: Final[dict[str, OrderType]] = {
    "market": "market",
    "limit": "limit",
    "stop": "stop",
    "stop_limit": "stop_limit",
}
_TIFS: Final[dict[str, TimeInForce]] = {
    "gtc": "gtc",
    "day": "day",
    "gtd": "gtd",
    "ioc": "ioc",
    "fok": "fok",
}
_REASONS: Final[dict[str, Reason]] = {
    "insufficient balance": "insufficient_funds",
    "post-only would take": "post_only_would_take",
    "the trigger has been passed": "trigger_would_fire",
}
"""Why the ledger refuses, in the faces' words; anything else is `unsupported`."""

_ENDS: Final[dict[str, State]] = {
    "filled": "filled",
    "cancelled": "cancelled",
    "rejected": "rejected",
    "expired": "expired",
    "replaced": "replaced",
}


class _NoCrowd:
    """A market in which nobody trades: prices are the simulator's."""

    due = 1 << 62

    def act(self, market: Market) -> list[Match]:
        """Do nothing."""
        _ = market
        return []

    leave = come = act

    def sleep_until(self, instant: int) -> None:
        """Sleep on."""

    def move(self, market: Market, price: int) -> list[Match]:
        """Stay."""
        _ = market, price
        return []

    def filled(self, number: int) -> None:
        """It has no orders."""


def listing_of(face: FaceName, instrument: Instrument, kind: str, contract: int) -> Listing:
    """Return a simulated instrument as a face lists it; `kind` is equity or crypto."""
    rules = instrument.rules_at(0)
    return Listing(
        face=face,
        symbol=instrument.symbol,
        kind="equity" if kind == "equity" else "crypto",
        base=instrument.base,
        quote=CURRENCY,
        price_scale=instrument.price_scale,
        quantity_scale=instrument.quantity_scale,
        tick=rules.tick,
        lot=rules.lot,
        minimum=1,
        maximum=10**12,
        shortable=True,
        easy_to_borrow=True,
        name=instrument.base,
        exchange="SIM",
        contract=contract,
        start_price=START_PRICE[instrument.id],
        size_lots=1,
    )


class Mirror(Exchange):
    """One account of the ledger, as one face sees it.

    Args of the constructor:
        ledger: The truth.
        faults: What of them strikes.
        account: Whose orders and balances.
        clock: The world's time.
        terms: The account as the face knows it.
        listings: What is traded, one for each simulated instrument.
        seed: Of the face's ids.
    """

    def __init__(  # noqa: PLR0913  (what stands between two ledgers)
        self,
        ledger: Ledger,
        faults: Faults,
        account: AccountName,
        *,
        clock: Clock,
        terms: AccountTerms,
        listings: tuple[Listing, ...],
        seed: int,
    ) -> None:
        flows = {listing.key: _NoCrowd() for listing in listings}
        super().__init__(clock, seed, listings, [terms], flows)
        self._ledger = ledger
        self._faults = faults
        self._account = account
        self._terms = terms
        self._by_symbol = {one.symbol: one for one in INSTRUMENTS}
        self._keys: dict[int, ClientOrderId] = {}
        self._asked: dict[ClientOrderId, OrderRequest] = {}
        self._executions: dict[ExecutionId, int] = {}

    # ---------------------------------------------------------------------------- what faces ask to be done

    @property
    @override
    def next_number(self) -> int:
        """Return the number that the next order gets."""
        return self._ledger.next_number

    @override
    def refusal(self, request: OrderRequest) -> Reason:
        """Refuse nothing: the ledger says what it takes."""
        return ""

    @override
    def rule_refusal(self, request: OrderRequest) -> Reason:
        """Refuse nothing: the ledger says what it takes."""
        return ""

    @override
    def would_trigger(self, request: OrderRequest) -> bool:
        """Return False: the ledger says whether a trigger has been passed."""
        return False

    @override
    def place(self, request: OrderRequest) -> Order:
        """Hand an order to the ledger."""
        key = ClientOrderId(request.client_id)
        if self._ledger.find(self._account, key) is not None:
            return self._refused(request, "duplicate_client_id")
        self._asked[key] = request
        self._ledger.now = self.clock.now()
        number = self.next_number
        refuse = "not now" if self._faults.strike("reject") else None
        self._ledger.submit(self._intent(request), refuse=refuse)
        return self.store.now(number)

    def _refused(self, request: OrderRequest, reason: Reason) -> Order:
        now = self.clock.now()
        return Order(
            number=self.next_number,
            listing=f"{self._terms.face}:{request.symbol}",
            request=request,
            state="rejected",
            created=now,
            updated=now,
            ended=now,
            reason=reason,
        )

    def _intent(self, request: OrderRequest) -> OrderIntent:
        """Return an order that came as bytes as the ledger takes it."""
        return OrderIntent(
            client_order_id=ClientOrderId(request.client_id),
            request_id=None,
            bet_id=BetId(""),
            account=self._account,
            instrument=self._by_symbol[request.symbol].id,
            owner=UNCLAIMED,
            policy_version=None,
            side="buy" if request.side > 0 else "sell",
            type=_TYPES[request.type],
            tif=_TIFS[request.tif],
            quantity=request.quantity,
            limit_price=request.limit or None,
            trigger_price=request.trigger or None,
            post_only=request.post_only,
            reduce_only=request.reduce_only,
            expires=request.expires or None,
            because=None,
            edge=None,
            lives_at="broker",
            created=self.clock.now(),
            group=ClientOrderId(request.group) if request.group else None,
        )

    @override
    def replace(self, number: int, request: OrderRequest) -> Order:
        """Put an order in another's place in the ledger, whole: what that one has filled is not taken off."""
        request = msgspec.structs.replace(request, replaces=number)
        key, before = ClientOrderId(request.client_id), self._keys.get(number)
        old = None if before is None else self._ledger.find(self._account, before)
        if self._ledger.find(self._account, key) is not None:
            return self._refused(request, "duplicate_client_id")
        if old is None or old.state != "working" or self._faults.strike("reject"):
            return self._refused(request, "not_open")
        self._asked[key] = request
        self._ledger.now = self.clock.now()
        new = self.next_number
        intent = msgspec.structs.replace(self._intent(request), replaces=old.client_order_id)
        self._ledger.replace(intent, old.standing)
        self.store.put(msgspec.structs.replace(self.store.now(number), replaced_by=new))
        return self.store.now(new)

    @override
    def cancel(self, number: int) -> Reason:
        """Take an order out of the ledger."""
        key = self._keys.get(number)
        order = None if key is None else self._ledger.find(self._account, key)
        if order is None:
            return "unknown_order"
        if order.state != "working":
            return "not_open"
        self._ledger.now = self.clock.now()
        self._ledger.cancel(self._account, order.client_order_id)
        return ""

    # ---------------------------------------------------------------------------- what happened there

    def look(self) -> None:
        """Take in what nobody told: orders placed elsewhere, balances, positions."""
        for order in self._ledger.working(self._account):
            self._known(order)
        self._weigh()

    def _weigh(self) -> None:
        """Let balances and positions be the ledger's."""
        account, books = self.accounts[self._terms.name], self._ledger.books
        account.holdings.clear()
        for asset, amount in books.cash(self._account).items():
            account.holdings[asset] = _amount(amount)
        for listing in self.listings.values():
            instrument = self._by_symbol[listing.symbol]
            units = books.position(self._account, instrument.id)
            held = listing.base_amount(units)
            account.holdings[listing.base] = held
            average = books.average_price(self._account, instrument.id) or Decimal(0)
            cost = _amount(average * abs(instrument.quantity(units)))
            account.positions[listing.key] = Position(held, cost)

    def heard(self, event: VenueEvent) -> None:
        """Tell the face what the ledger says of the account."""
        match event:
            case OrderAccepted(client_order_id=key):
                self._known(self._find(key))
            case OrderRejected(client_order_id=key):
                self._put(self._find(key))
            case OrderReplaced(client_order_id=key, replaced=old):
                self._change(self._find(old), "replaced")
                self._known(self._find(key))
            case OrderCancelled(client_order_id=key):
                self._change(self._find(key), "cancelled")
            case OrderExpired(client_order_id=key):
                self._change(self._find(key), "expired")
            case OrderTriggered(client_order_id=key):
                self._change(self._find(key), "triggered")
            case OrderFilled():
                self._filled(event)
            case ExecutionBusted(execution_id=execution):
                self.bust(self._executions[execution])
            case ExecutionCorrected():
                self._corrected(event)
            case _:
                pass  # refused cancels are answers; cash is no order's
        self._weigh()
        self._settle()

    def _find(self, key: ClientOrderId) -> VenueOrder:
        order = self._ledger.find(self._account, key)
        if order is None:
            raise LookupError(f"the ledger speaks of {key} and has no such order")
        return order

    def _known(self, order: VenueOrder) -> None:
        """Tell the face of an order it has not heard of."""
        if _number(order) not in self._keys:
            self._change(order, "new")

    def _change(self, order: VenueOrder, change: OrderChange) -> None:
        put = self._put(order)
        self._tell(OrderChanged(self._terms.face, self._terms.name, put, change, self.clock.now()))

    def _put(self, order: VenueOrder, *, more: int = 0) -> Order:
        """Keep an order as it stands; `more` is the amount of an execution that is new."""
        number, now = _number(order), self.clock.now()
        old = self.store.get(number)
        self._keys[number] = order.client_order_id
        complete = order.state == "working" and order.filled == order.quantity
        state: State = "filled" if complete else _ENDS.get(order.state, "working")
        if state == "working" and order.waiting:
            state = "waiting"
        ended = state not in {"working", "waiting"}
        return self.store.put(
            Order(
                number=number,
                listing=f"{self._terms.face}:{BY_ID[order.instrument].symbol}",
                request=self._asked.get(order.client_order_id) or self._as_asked(order),
                state=state,
                filled=order.standing,
                notional=more + (0 if old is None else old.notional),
                trigger=order.trigger or 0,
                triggered=order.trigger is not None and not order.waiting,
                created=now if old is None else old.created,
                updated=now,
                ended=now if ended else 0,
                reason=_reason(order),
            )
        )

    def _as_asked(self, order: VenueOrder) -> OrderRequest:
        """Return the request of an order that did not come through the face."""
        tif: dict[str, Tif] = {"gtc": "gtc", "day": "day", "gtd": "gtd", "ioc": "ioc", "fok": "fok"}
        return OrderRequest(
            account=self._terms.name,
            symbol=BY_ID[order.instrument].symbol,
            side=order.side,
            type="limit" if order.limit is not None else "market",
            tif=tif[order.tif],
            quantity=order.quantity,
            limit=order.limit or 0,
            client_id=order.client_order_id,
        )

    def _filled(self, fill: OrderFilled) -> None:
        order = self._find(fill.client_order_id)
        self._known(order)
        listing = self.listings[f"{self._terms.face}:{BY_ID[fill.instrument].symbol}"]
        number = self.next_execution
        one = Execution(
            number=number,
            order=_number(order),
            listing=listing.key,
            account=self._terms.name,
            side=order.side,
            price=fill.price,
            quantity=fill.quantity,
            trade=self._ledger.books.count,
            fee=_amount(fill.fee),
            fee_asset=fill.fee_currency,
            maker=fill.liquidity == "maker",
            ts=self.clock.now(),
        )
        self.books.keep(one)
        self._executions[fill.execution_id] = number
        put = self._put(order, more=listing.amount(fill.price, fill.quantity))
        self._weigh()
        self._tell(Executed(self._terms.face, self._terms.name, put, one, one.ts))

    def _corrected(self, change: ExecutionCorrected) -> None:
        corrected = change.corrected
        before = self._executions[change.execution_id]
        one = self.correct(before, price=corrected.price, quantity=corrected.quantity)
        self._executions[corrected.execution_id] = one.number

    # ---------------------------------------------------------------------------- names

    @property
    def next_execution(self) -> int:
        """Return the number that the next execution gets."""
        return len(self.books.executions) + 1

    def execution(self, execution_id: ExecutionId) -> Execution:
        """Return an execution by the ledger's name of it."""
        return self.books.executions[self._executions[execution_id] - 1]

    def symbol(self, instrument: InstrumentId) -> str:
        """Return how the face writes an instrument."""
        return BY_ID[instrument].symbol


def _number(order: VenueOrder) -> int:
    return int(order.venue_order_id.removeprefix("v"))


def _amount(value: Decimal) -> int:
    return int(value.scaleb(AMOUNT_SCALE))


def _reason(order: VenueOrder) -> Reason:
    if order.state == "rejected":
        return _REASONS.get(order.reason, "unsupported")
    if order.state == "expired":
        return "tif" if order.tif in {"gtd", "day"} else "ioc_remainder"
    return "user" if order.state in {"cancelled", "replaced"} else ""


def settled_terms(terms: AccountTerms) -> AccountTerms:
    """Return an account's terms without money of their own: the ledger has it."""
    return msgspec.structs.replace(terms, cash={CURRENCY: 0}, currency=CURRENCY)
