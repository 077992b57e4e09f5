"""What a look found, as the kernel's events."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import InstrumentId
from tradebot.engine.brokers.ib.executions import Executions, Traded
from tradebot.engine.brokers.ib.look import Found
from tradebot.engine.brokers.ib.orders import ENDED, reported, venue_id
from tradebot.engine.brokers.ib.setting import Listed
from tradebot.engine.brokers.ib.standing import Orders, Standing
from tradebot.engine.brokers.ib.words import OrderSaid
from tradebot.engine.core.events import AccountReported, OrderReported, ReportedOrder
from tradebot.engine.core.types import SECOND, AccountName, ClientOrderId

type Listing = Mapping[int, Listed]
"""Contracts by their id."""

_ZONE = ZoneInfo("America/New_York")


def account_report(
    account: AccountName, found: Found, orders: Orders, executions: Executions, listed: Listing
) -> AccountReported:
    """Return what the venue says the account holds."""
    positions: dict[InstrumentId, int] = {}
    averages: dict[InstrumentId, Decimal] = {}
    for one in found.positions:
        of = listed.get(one.contract.con_id)
        if of is None or not one.quantity:
            continue
        try:
            positions[of.instrument.id] = of.instrument.quantity_units(one.quantity)
        except ScaleError:
            # Finer than our scale: what fits is told, the rest shows as a difference.
            scale = of.instrument.quantity_scale
            positions[of.instrument.id] = int(one.quantity.scaleb(scale))
        averages[of.instrument.id] = one.average
    told: list[ReportedOrder] = []
    names: list[ClientOrderId] = []
    for said in found.open:
        name = orders.name(said.perm_id, said.ref)
        of = listed.get(said.contract.con_id)
        standing = orders.get(name)
        filled = executions.of(name).counted(0 if standing is None else standing.filled)
        full = None if of is None else reported(said, name, filled, of.instrument)
        if full is None:
            names.append(name)
        else:
            told.append(full)
    return AccountReported(
        account=account,
        cash=found.cash,
        positions=positions,
        open_orders=(*names, *(one.client_order_id for one in told)),
        orders=tuple(told),
        average_prices=averages,
        fills_since=_midnight(found.began),
    )


def _midnight(now: int) -> int:
    """Return when the day began from which on the venue tells executions: midnight in New York, ns UTC."""
    local = datetime.fromtimestamp(now // SECOND, UTC).astimezone(_ZONE)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * SECOND


def order_report(
    name: ClientOrderId,
    standing: Standing | None,
    traded: Traded,
    found: Found,
    orders: Orders,
    listed: Listing,
) -> OrderReported:
    """Return how an order stands: open, completed, or known by its executions alone; else not found."""
    for said in (*found.open, *found.completed):
        if orders.name(said.perm_id, said.ref) == name:
            return _of(name, said, standing, traded, listed)
    if standing is not None and (traded.told or traded.reversed):
        # Its executions are there though no list has it any more: it is over.
        return OrderReported(
            client_order_id=name,
            found=True,
            venue_order_id=venue_id(standing.perm_id) if standing.perm_id else None,
            state=_over(filled=standing.ended in {"", "filled"}, traded=traded),
            filled=traded.counted(standing.filled),
        )
    return OrderReported(client_order_id=name, found=False)


def _of(
    name: ClientOrderId,
    said: OrderSaid,
    standing: Standing | None,
    traded: Traded,
    listed: Listing,
) -> OrderReported:
    state: Literal["working", "filled", "cancelled"] = "working"
    if said.status == "Filled" or said.status in ENDED:
        state = _over(filled=said.status == "Filled", traded=traded)
    filled = standing.filled if standing is not None else 0
    of = listed.get(said.contract.con_id)
    if said.filled is not None and of is not None:
        filled = max(filled, int(said.filled.scaleb(of.instrument.quantity_scale)))
    return OrderReported(
        client_order_id=name,
        found=True,
        venue_order_id=venue_id(said.perm_id),
        state=state,
        filled=traded.counted(filled),
    )


def _over(*, filled: bool, traded: Traded) -> Literal["filled", "cancelled"]:
    """Return how an order is over: of one whose every execution was taken back nothing is filled, whatever it says."""
    return "filled" if filled and (traded.told or not traded.reversed) else "cancelled"
