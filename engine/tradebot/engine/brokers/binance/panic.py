"""An account at Binance without an engine: what `tradebot panic` needs to make it safe; see `panic.venue`."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from decimal import Decimal

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.numbers import text_from_units
from tradebot.engine.brokers.binance.calls import Call, Calls, Done, Outcome, Refused
from tradebot.engine.brokers.binance.messages import (
    OrderReply,
    account_reply,
    order_rows,
    read,
)
from tradebot.engine.brokers.binance.orders import SIDES, TYPES
from tradebot.engine.brokers.binance.reports import Unreadable, amount
from tradebot.engine.brokers.binance.requests import GONE
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.core.types import MS, ClientOrderId, EngineId
from tradebot.engine.live.clock import Clock
from tradebot.engine.panic.venue import Closed, OpenOrder, VenueRefused

UNKNOWN_SCALE = 8
"""Decimals of quantities in symbols the engine never traded: Binance's own for most assets."""


class PanicAtBinance:
    """See `panic.venue.AccountAtVenue`; opened by `panic_at_binance`.

    Args of the constructor:
        calls: The account's requests, its clock measured.
        run: Waits for one of them.
        instruments: What the engine traded.
        engine: Whose closing orders they are.
        clock: The machine's.
    """

    def __init__(
        self,
        calls: Calls,
        run: asyncio.Runner,
        instruments: Mapping[InstrumentId, Instrument],
        engine: EngineId,
        clock: Clock,
    ) -> None:
        self._calls = calls
        self._run = run
        self._instruments = instruments
        self._engine = engine
        self._symbols: dict[ClientOrderId, str] = {}
        self._planned = 0
        self._clock = clock

    @property
    def now(self) -> int:
        """Return the time in the engine's own terms, ns UTC."""
        return self._clock.system_ns()

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return every open order of the account, of whatever symbol, oldest first.

        Raises:
            VenueRefused: If the venue does not tell.
        """
        body = self._done(Call(method="GET", path="/api/v3/openOrders", weight=80))
        try:
            rows = sorted(read(order_rows, body), key=lambda row: row.order_id)
            return [self._open(row) for row in rows]
        except ValueError as error:
            raise VenueRefused(f"its open orders cannot be read: {error}") from error

    def _open(self, row: OrderReply) -> OpenOrder:
        symbol = InstrumentId(f"binance:{row.symbol}")
        instrument = self._instruments.get(symbol)
        scale = UNKNOWN_SCALE if instrument is None else instrument.quantity_scale
        left = amount(row.orig_qty) - amount(row.executed_qty)
        if row.side not in SIDES:
            raise Unreadable(f"side must be BUY or SELL, was {row.side!r}")
        key = ClientOrderId(row.client_order_id)
        self._symbols[key] = row.symbol
        return OpenOrder(
            client_order_id=key,
            instrument=symbol,
            side=SIDES[row.side],
            type=TYPES.get(row.type, "limit"),
            leaves=int(left.scaleb(scale)),
        )

    def positions(self) -> Mapping[InstrumentId, int]:
        """Return what is held of the instruments the engine traded, in units; dust below a lot is left out.

        Raises:
            VenueRefused: If the venue does not tell.
        """
        params = {"omitZeroBalances": "true"}
        body = self._done(Call(method="GET", path="/api/v3/account", params=params, weight=20))
        try:
            reply = read(account_reply, body)
            held = {one.asset: amount(one.free) + amount(one.locked) for one in reply.balances}
        except ValueError as error:
            raise VenueRefused(f"its balances cannot be read: {error}") from error
        found: dict[InstrumentId, int] = {}
        for symbol, instrument in self._instruments.items():
            units = int(held.get(instrument.base, Decimal(0)).scaleb(instrument.quantity_scale))
            lot = instrument.rules_at(self.now).lot
            if units >= lot:
                found[symbol] = units - units % lot
        return found

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Take an order out; one that is not open any more, as one whose pair was taken out, is out.

        Raises:
            VenueRefused: If it stays, or nobody knows.
        """
        params = {"symbol": self._symbols[client_order_id], "origClientOrderId": client_order_id}
        path = "/api/v3/order"
        call = Call(method="DELETE", path=path, params=params, weight=1, kind="cancel")
        self._done(call, unless=GONE)

    def closing_order(self, instrument: InstrumentId) -> Closed:
        """Return the sale that closes a holding.

        Raises:
            VenueRefused: If it is smaller than the venue takes.
        """
        known, held = self._instruments[instrument], self.positions().get(instrument, 0)
        if held < known.rules_at(self.now).quantity_min:
            raise VenueRefused(f"{known.quantity(held):f} is less than the venue takes")
        self._planned += 1
        # No id of the engine's own counter: that must never be given out again.
        key = ClientOrderId(f"tb{self._engine}-p{self.now // MS}-{self._planned}")
        return Closed(client_order_id=key, instrument=instrument, side="sell", quantity=held)

    def close(self, order: Closed) -> None:
        """Sell at the market.

        Raises:
            VenueRefused: If it was not taken, or nobody knows.
        """
        known = self._instruments[order.instrument]
        params = {
            "symbol": known.symbol,
            "side": "SELL",
            "type": "MARKET",
            "quantity": text_from_units(order.quantity, known.quantity_scale),
            "newClientOrderId": order.client_order_id,
        }
        self._done(Call(method="POST", path="/api/v3/order", params=params, weight=1, kind="order"))

    def _done(self, call: Call, unless: int = 0) -> bytes:
        outcome = self._run.run(_outcome(self._calls, call))
        if isinstance(outcome, Done):
            return outcome.body
        if unless and isinstance(outcome, Refused) and outcome.code == unless:
            return b""
        raise VenueRefused(
            str(getattr(outcome, "text", None) or getattr(outcome, "reason", "no answer"))
        )


async def _outcome(calls: Calls, call: Call) -> Outcome:
    ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    calls.call(call, ended.set_result)
    return await ended


@contextmanager
def panic_at_binance(
    base_url: str,
    signer: Signer,
    instruments: Mapping[InstrumentId, Instrument],
    engine: EngineId,
    clock: Clock,
) -> Generator[PanicAtBinance]:
    """Connect to an account for as long as the context is open."""
    with asyncio.Runner() as run:
        stack = AsyncExitStack()
        try:
            calls = run.run(_opened(stack, base_url, signer, clock))
            yield PanicAtBinance(calls, run, instruments, engine, clock)
        finally:
            run.run(stack.aclose())


async def _opened(stack: AsyncExitStack, base_url: str, signer: Signer, clock: Clock) -> Calls:
    http = await stack.enter_async_context(http_client())
    outside = SocketsOutside(clock, http, _raise)
    stack.callback(outside.close)
    calls = Calls(outside, base_url, signer, ())
    measured: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    calls.clock.measure(lambda: measured.set_result(None))
    await measured
    return calls


def _raise(error: Exception) -> None:
    raise error
