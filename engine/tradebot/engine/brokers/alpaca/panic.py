"""An account at Alpaca without an engine: what `tradebot panic` needs to make it safe; see `panic.venue`."""

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import NamedTuple

from tradebot.data.instruments import Instrument, InstrumentId, to_units
from tradebot.data.numbers import text_from_units
from tradebot.data.venues.alpaca.assets import STOCK_QUANTITY_SCALE
from tradebot.engine.brokers.alpaca.api import Api, Keys
from tradebot.engine.brokers.alpaca.executions import side_of
from tradebot.engine.brokers.alpaca.messages import (
    WireOrder,
    order_of,
    orders_of,
    positions_of,
    refusal,
)
from tradebot.engine.brokers.alpaca.orders import ENDS, TYPES, client_id_of
from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest
from tradebot.engine.brokers.sockets import ask, http_client
from tradebot.engine.core.types import MS, SECOND, ClientOrderId, EngineId
from tradebot.engine.live.clock import Clock
from tradebot.engine.panic.venue import Closed, OpenOrder, VenueRefused

ORDERS = "/v2/orders"
ORDERS_MAX = 500
"""Open orders that one question tells."""

LOOKS = 20
PAUSE = SECOND // 4
"""How often, and after how long each time, an order is looked at until it has ended: 5 s."""

_DONE = frozenset({200, 204})
_NOT_FOUND, _TOO_LATE = 404, 422


class Ways(NamedTuple):
    """How the outside is reached from code that waits."""

    ask: Callable[[HttpRequest], Answer]
    """Sends a request and waits for its end."""
    pause: Callable[[int], None]
    """Waits, ns."""
    now: Callable[[], int]
    """The time in the engine's own terms, ns UTC."""


class PanicAtAlpaca:
    """See `panic.venue.AccountAtVenue`; opened by `panic_at_alpaca`.

    Args of the constructor:
        api: The account's REST.
        ways: To it.
        instruments: What the engine traded.
        engine: Whose closing orders they are.
    """

    def __init__(
        self,
        api: Api,
        ways: Ways,
        instruments: Mapping[InstrumentId, Instrument],
        engine: EngineId,
    ) -> None:
        self._api = api
        self._ways = ways
        self._engine = engine
        self._by_symbol: dict[str, Instrument] = {}
        for one in instruments.values():
            # A position's pair is told without its slash.
            self._by_symbol[one.symbol] = self._by_symbol[one.symbol.replace("/", "")] = one
        self._ids: dict[ClientOrderId, str] = {}
        self._planned = 0

    @property
    def now(self) -> int:
        """Return the time in the engine's own terms, ns UTC."""
        return self._ways.now()

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return every open order of the account, of whatever symbol, oldest first.

        Raises:
            VenueRefused: If the venue does not tell, or tells of as many as one answer holds.
        """
        query = {"status": "open", "limit": str(ORDERS_MAX), "nested": "false", "direction": "asc"}
        body = self._done(self._api.get(ORDERS, query))
        try:
            rows = orders_of(body)
            if len(rows) >= ORDERS_MAX:
                raise VenueRefused(
                    f"{len(rows)} orders are open, at most {ORDERS_MAX - 1} are told at once"
                )
            return [self._open(row) for row in rows]
        except (ValueError, RecursionError) as error:
            raise VenueRefused(f"its open orders cannot be read: {error}") from error

    def _open(self, row: WireOrder) -> OpenOrder:
        symbol = row.symbol or ""
        instrument = self._by_symbol.get(symbol)
        scale = STOCK_QUANTITY_SCALE if instrument is None else instrument.quantity_scale
        key = client_id_of(row)
        self._ids[key] = row.id
        # An order by notional tells no quantity: it can only add.
        left = None if row.qty is None else row.qty - row.filled
        return OpenOrder(
            client_order_id=key,
            instrument=InstrumentId(f"alpaca:{symbol}") if instrument is None else instrument.id,
            side=side_of(row.side),
            type=TYPES.get(row.type or "", "limit"),
            leaves=2**62 if left is None else to_units(left, scale, what="qty"),
        )

    def positions(self) -> Mapping[InstrumentId, int]:
        """Return what is held of the instruments the engine traded, signed, in units; dust below a lot is left out.

        Raises:
            VenueRefused: If the venue does not tell.
        """
        body = self._done(self._api.get("/v2/positions"))
        found: dict[InstrumentId, int] = {}
        try:
            for row in positions_of(body):
                known = self._by_symbol.get(row.symbol)
                if known is None:
                    continue
                quantity = to_units(abs(row.qty), known.quantity_scale, what="qty")
                quantity -= quantity % known.rules_at(self.now).lot
                if quantity:
                    found[known.id] = -quantity if row.side == "short" or row.qty < 0 else quantity
        except (ValueError, RecursionError) as error:
            raise VenueRefused(f"its positions cannot be read: {error}") from error
        return found

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Take an order out, and wait until it has ended: what it locks is free only then.

        Raises:
            VenueRefused: If it stays, or nobody knows.
        """
        order_id = self._ids[client_order_id]
        answer = self._ways.ask(self._api.delete(f"{ORDERS}/{order_id}"))
        if not isinstance(answer, HttpReply):
            raise VenueRefused(answer.reason)
        if answer.status not in {*_DONE, _NOT_FOUND, _TOO_LATE}:
            raise VenueRefused(refusal(answer.status, answer.body).message)
        self._await_end(order_id)

    def closing_order(self, instrument: InstrumentId) -> Closed:
        """Return the market order that closes a position; a stock's waits for the open where that is to come.

        Raises:
            VenueRefused: If it is smaller than the venue takes.
        """
        held = self.positions().get(instrument, 0)
        known = next(one for one in self._by_symbol.values() if one.id == instrument)
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
        known = next(one for one in self._by_symbol.values() if one.id == order.instrument)
        body = {
            "symbol": known.symbol,
            "qty": text_from_units(order.quantity, known.quantity_scale),
            "side": order.side,
            "type": "market",
            "time_in_force": "gtc" if known.kind == "spot" else "day",
            "client_order_id": order.client_order_id,
        }
        told = self._done(self._api.send("POST", ORDERS, body))
        try:
            order_id = order_of(told).id
        except (ValueError, RecursionError) as error:
            raise VenueRefused(f"the answer to the order cannot be read: {error}") from error
        self._await_end(order_id)

    def _await_end(self, order_id: str) -> None:
        """Wait until an order has ended.

        Raises:
            VenueRefused: If it has not within the patience.
        """
        status = "unknown"
        for _ in range(LOOKS):
            try:
                status = order_of(self._done(self._api.get(f"{ORDERS}/{order_id}"))).status
            except (ValueError, RecursionError) as error:
                raise VenueRefused(f"the order cannot be read: {error}") from error
            if status in ENDS:
                return
            self._ways.pause(PAUSE)
        raise VenueRefused(f"it is {status} at Alpaca after {LOOKS * PAUSE // SECOND} s")

    def _done(self, request: HttpRequest) -> bytes:
        answer = self._ways.ask(request)
        if not isinstance(answer, HttpReply):
            raise VenueRefused(answer.reason)
        if answer.status not in _DONE:
            raise VenueRefused(refusal(answer.status, answer.body).message)
        return answer.body


@contextmanager
def panic_at_alpaca(
    base_url: str,
    keys: Keys,
    instruments: Mapping[InstrumentId, Instrument],
    engine: EngineId,
    clock: Clock,
) -> Generator[PanicAtAlpaca]:
    """Connect to an account for as long as the context is open."""
    with asyncio.Runner() as run:
        stack = AsyncExitStack()
        try:
            http = run.run(stack.enter_async_context(http_client()))

            def asked(request: HttpRequest) -> Answer:
                return run.run(ask(http, request))

            def waited(span: int) -> None:
                run.run(asyncio.sleep(span / SECOND))

            ways = Ways(ask=asked, pause=waited, now=clock.system_ns)
            yield PanicAtAlpaca(Api(base_url, keys), ways, instruments, engine)
        finally:
            run.run(stack.aclose())
