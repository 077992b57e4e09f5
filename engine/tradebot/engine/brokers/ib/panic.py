"""An account at a Gateway without an engine: what `tradebot panic` needs to make it safe; see `panic.venue`."""

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager

from ib_async.contract import Contract
from ib_async.order import Order

from tradebot.data.instruments import Instrument, InstrumentId, to_units
from tradebot.data.venues.ib.contracts import STOCK_QUANTITY_SCALE, wanted
from tradebot.engine.brokers.ib.orders import ENDED, NOTICES, SIDES, TYPES, contract_of
from tradebot.engine.brokers.ib.talk import NoAnswer, Talk, Ways
from tradebot.engine.brokers.ib.wire import Requests
from tradebot.engine.brokers.ib.words import ContractSaid, OrderSaid
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.core.types import MS, SECOND, ClientOrderId, EngineId
from tradebot.engine.live.clock import Clock
from tradebot.engine.panic.venue import Closed, OpenOrder, VenueRefused

END_WITHIN = 5 * SECOND
"""How long an order is waited for until it has ended."""

PAUSE = SECOND // 4
"""Between two looks at the open orders."""

_OVER = ENDED | {"Filled"}
_REFUSED = ENDED | {"Inactive"}


class PanicAtIb:
    """See `panic.venue.AccountAtVenue`; opened by `panic_at_ib`.

    An order that another client id or a person placed cannot be cancelled by itself; with `everything` all orders of
    the login are cancelled for it, where the login has this account alone.

    Args of the constructor:
        talk: Open, by the engine's own client id.
        client_id: That one.
        instruments: What the engine traded.
        engine: Whose closing orders they are.
        now: The time in the engine's own terms, ns UTC.
        everything: Whether every order is to go.
    """

    def __init__(
        self,
        talk: Talk,
        client_id: int,
        instruments: Mapping[InstrumentId, Instrument],
        engine: EngineId,
        *,
        now: Callable[[], int],
        everything: bool,
    ) -> None:
        self._talk = talk
        self._client_id = client_id
        self.code = talk.greeting.accounts[0]
        """The account's name at the venue."""
        self._known = instruments
        self._engine = engine
        self._now = now
        self._everything = everything
        self._contracts: dict[int, tuple[Instrument, ContractSaid]] | None = None
        self._orders: dict[ClientOrderId, OrderSaid] = {}
        self._planned = 0
        self._next_id = talk.greeting.next_id

    @property
    def now(self) -> int:
        """Return the time in the engine's own terms, ns UTC."""
        return self._now()

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return every open order of the login, oldest first.

        Raises:
            VenueRefused: If the venue does not tell.
        """
        contracts = self._traded()
        self._look()
        found: list[OpenOrder] = []
        self._orders.clear()
        for perm_id, said in sorted(self._talk.orders.items()):
            if said.status not in _OVER and not said.completed:
                one = self._open(perm_id, said, contracts)
                self._orders[one.client_order_id] = said
                found.append(one)
        return found

    def _look(self) -> None:
        """Ask for the open orders and wait for them all."""
        self._talk.orders.clear()
        self._said(lambda ask: ask.reqAllOpenOrders(), "open")

    def _open(
        self,
        perm_id: int,
        said: OrderSaid,
        contracts: Mapping[int, tuple[Instrument, ContractSaid]],
    ) -> OpenOrder:
        instrument = contracts.get(said.contract.con_id, (None, None))[0]
        scale = STOCK_QUANTITY_SCALE if instrument is None else instrument.quantity_scale
        status, side = self._talk.statuses.get(perm_id), SIDES.get(said.action)
        left = said.quantity if status is None else status.remaining
        if side is None:
            raise VenueRefused(f"the side of order {perm_id} cannot be read: {said.action[:20]!r}")
        try:
            leaves = to_units(left, scale, what="quantity")
        except ValueError as error:
            raise VenueRefused(f"order {perm_id} cannot be read: {error}") from error
        foreign = InstrumentId(f"ib:{said.contract.symbol}")
        return OpenOrder(
            client_order_id=ClientOrderId(said.ref or str(perm_id)),
            instrument=foreign if instrument is None else instrument.id,
            side=side,
            type=TYPES.get(said.kind, "limit"),
            leaves=leaves,
        )

    def _traded(self) -> dict[int, tuple[Instrument, ContractSaid]]:
        """Return the contracts of what the engine traded, by their ids; asked for once."""
        if self._contracts is None:
            self._contracts = {}
            for instrument in self._known.values():
                if instrument.id.startswith("ib:"):
                    said = self._contract(instrument)
                    self._contracts[said.con_id] = (instrument, said)
        return self._contracts

    def _contract(self, instrument: Instrument) -> ContractSaid:
        asked = wanted(instrument.symbol)
        contract = Contract(
            symbol=asked.symbol,
            secType=asked.kind,
            exchange=asked.exchange,
            primaryExchange=asked.primary,
            currency=asked.currency,
        )
        number = self._talk.number()
        self._said(lambda ask: ask.reqContractDetails(number, contract), "contracts", number)
        found = self._talk.contracts.get(number)
        if found is None:
            error = self._talk.errors.get(number)
            why = "it tells of none" if error is None else f"{error.code} {error.text}"
            raise VenueRefused(f"contract {instrument.id}: {why}")
        return found

    def positions(self) -> Mapping[InstrumentId, int]:
        """Return what is held of the instruments the engine traded, signed, in units; dust below a lot is left out.

        Raises:
            VenueRefused: If the venue does not tell.
        """
        contracts = self._traded()
        self._talk.positions.clear()
        self._said(lambda ask: ask.reqPositions(), "positions")
        self._said(lambda ask: ask.cancelPositions())
        found: dict[InstrumentId, int] = {}
        for con_id, said in self._talk.positions.items():
            if said.account != self.code or con_id not in contracts:
                continue
            instrument = contracts[con_id][0]
            units = int(abs(said.quantity).scaleb(instrument.quantity_scale))
            units -= units % instrument.rules_at(self.now).lot
            if units:
                found[instrument.id] = units if said.quantity > 0 else -units
        return found

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Take an order out, and wait until it has ended.

        Raises:
            VenueRefused: If it stays, or nobody knows.
        """
        said = self._orders[client_order_id]
        if said.client_id == self._client_id and said.order_id > 0:
            self._said(lambda ask: ask.cancelOrder(said.order_id))
        elif self._everything and len(self._talk.greeting.accounts) == 1:
            self._said(lambda ask: ask.reqGlobalCancel())
            self._wait_until_gone(said.perm_id)
            return
        else:
            raise VenueRefused(f"client id {said.client_id} placed it: cancel it there or in TWS")
        status = self._wait_for_end(said.order_id, _OVER)
        if status not in _OVER:
            raise VenueRefused(f"it is {status} at IB after {END_WITHIN // SECOND} s")

    def closing_order(self, instrument: InstrumentId) -> Closed:
        """Return the market order that closes a position; a stock's waits for the open where that is to come.

        Raises:
            VenueRefused: If it is smaller than the venue takes.
        """
        held, known = self.positions().get(instrument, 0), self._known[instrument]
        if abs(held) < known.rules_at(self.now).quantity_min:
            raise VenueRefused(f"{known.quantity(abs(held)):f} is less than the venue takes")
        self._planned += 1
        # No id of the engine's own counter: that must never be given out again.
        key = ClientOrderId(f"tb{self._engine}-p{self.now // MS}-{self._planned}")
        side = "sell" if held > 0 else "buy"
        return Closed(client_order_id=key, instrument=instrument, side=side, quantity=abs(held))

    def close(self, order: Closed) -> None:
        """Close at the market, and wait until that has filled.

        Raises:
            VenueRefused: If it was not taken, waits for the open, or nobody knows.
        """
        instrument, contract = next(
            one for one in self._traded().values() if one[0].id == order.instrument
        )
        order_id, self._next_id = self._next_id, self._next_id + 1
        sent = Order(
            action="BUY" if order.side == "buy" else "SELL",
            totalQuantity=float(instrument.quantity(order.quantity)),
            orderType="MKT",
            tif="DAY" if instrument.kind == "equity" else "IOC",
            account=self.code,
            orderRef=order.client_order_id,
            transmit=True,
        )
        to = contract_of(contract.con_id, contract.exchange)
        self._said(lambda ask: ask.placeOrder(order_id, to, sent))
        status = self._wait_for_end(order_id, _OVER | _REFUSED)
        if status != "Filled":
            raise VenueRefused(f"it is {status} at IB after {END_WITHIN // SECOND} s at most")

    def _wait_until_gone(self, perm_id: int) -> None:
        """Wait until the list of open orders has one no more: its statuses go to who placed it, not to us.

        Raises:
            VenueRefused: If it stays.
        """
        for _ in range(END_WITHIN // PAUSE):
            self._look()
            said = self._talk.orders.get(perm_id)
            if said is None or said.status in _OVER:
                return
            self._talk.pause(PAUSE)
        raise VenueRefused(f"it is open at IB after {END_WITHIN // SECOND} s")

    def _wait_for_end(self, order_id: int, ends: frozenset[str]) -> str:
        """Wait for the end of an order of this client id; return how it stands.

        Raises:
            VenueRefused: If the venue refused what was asked.
        """
        talk = self._talk

        def standing() -> str:
            said = [
                one.status
                for one in talk.statuses.values()
                if one.order_id == order_id and one.client_id == self._client_id
            ]
            return said[-1] if said else "unknown"

        def refused() -> bool:
            return order_id in talk.errors and talk.errors[order_id].code not in NOTICES

        try:
            talk.wait(lambda: standing() in ends or refused(), END_WITHIN)
        except NoAnswer:
            return standing()
        if refused() and standing() not in _OVER:
            error = talk.errors.pop(order_id)
            raise VenueRefused(f"IB {error.code}: {error.text}")
        return standing()

    def _said(self, send: Callable[[Requests], None], end: str = "", request: int = -1) -> None:
        """Ask, and wait for the answer's end where it has one.

        Raises:
            VenueRefused: If nobody answers.
        """
        try:
            self._talk.request(send)
            if end:
                self._talk.until_ended(end, request)
        except NoAnswer as error:
            raise VenueRefused(str(error)) from error


def opened(
    talk: Talk,
    client_id: int,
    instruments: Mapping[InstrumentId, Instrument],
    engine: EngineId,
    *,
    now: Callable[[], int],
    everything: bool,
) -> PanicAtIb:
    """Connect; return the login's account.

    Raises:
        VenueRefused: If nobody answers.
    """
    try:
        talk.open()
    except NoAnswer as error:
        raise VenueRefused(str(error)) from error
    return PanicAtIb(
        talk,
        client_id,
        instruments,
        engine,
        now=now,
        everything=everything,
    )


@contextmanager
def panic_at_ib(
    url: str,
    client_id: int,
    instruments: Mapping[InstrumentId, Instrument],
    engine: EngineId,
    clock: Clock,
    *,
    everything: bool,
) -> Generator[PanicAtIb]:
    """Connect to the account of a Gateway's login for as long as the context is open.

    Raises:
        VenueRefused: If nobody answers.
    """
    with asyncio.Runner() as run:
        stack = AsyncExitStack()
        crashes: list[Exception] = []
        http = run.run(stack.enter_async_context(http_client()))
        outside = SocketsOutside(clock, http, crashes.append)

        async def called(call: Callable[[], None]) -> None:
            call()

        def do(call: Callable[[], None]) -> None:
            run.run(called(call))

        def waited(span: int) -> None:
            run.run(asyncio.sleep(span / SECOND))
            if crashes:
                raise crashes[0]

        # Its lines are tasks of the loop, which goes on only while somebody waits.
        ways = Ways(outside=outside, pause=waited, do=do)
        talk = Talk(url, client_id, ways)
        try:
            yield opened(
                talk, client_id, instruments, engine, now=clock.system_ns, everything=everything
            )
        finally:
            talk.close()
            outside.close()
            run.run(stack.aclose())
