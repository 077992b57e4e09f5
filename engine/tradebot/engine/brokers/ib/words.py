"""What a Gateway says, as far as an account or a market needs it; numbers as decimals, times ns UTC."""

from decimal import Decimal
from typing import Literal

import msgspec


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as messages name it."""

    con_id: int
    symbol: str
    currency: str


class OrderSaid(msgspec.Struct, frozen=True, kw_only=True):
    """An open or completed order with its words; a completed one has no order id (0)."""

    order_id: int
    client_id: int
    perm_id: int
    contract: Named
    ref: str
    action: str
    kind: str
    tif: str
    quantity: Decimal
    limit: Decimal | None
    aux: Decimal | None
    status: str
    completed: bool
    filled: Decimal | None = None
    """Of a completed order."""


class StatusSaid(msgspec.Struct, frozen=True, kw_only=True):
    """How an order stands."""

    order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: Decimal
    remaining: Decimal


class ExecutionSaid(msgspec.Struct, frozen=True, kw_only=True):
    """An execution; `request` is -1 for a live one. A revision repeats an id with its last part counted on."""

    request: int
    execution_id: str
    order_id: int
    client_id: int
    perm_id: int
    account: str
    contract: Named
    ref: str
    side: str
    shares: Decimal
    price: Decimal
    cumulative: Decimal
    maker: bool
    ts: int


class FeeSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A commission report."""

    execution_id: str
    amount: Decimal
    currency: str


class PositionSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A position of an account."""

    account: str
    contract: Named
    quantity: Decimal
    average: Decimal


class ValueSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A value of an account."""

    account: str
    tag: str
    value: str
    currency: str


class ErrorSaid(msgspec.Struct, frozen=True, kw_only=True):
    """An error, warning or notice; `request` is a request's or an order's id, -1 for none."""

    request: int
    code: int
    text: str


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The last of an answer was said; `request` is -1 where the protocol gives none."""

    what: Literal["open", "completed", "executions", "positions", "values", "contracts", "bars"]
    request: int = -1


class ContractSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue tells of a contract."""

    request: int
    con_id: int
    symbol: str
    kind: str
    exchange: str
    primary: str
    currency: str
    local_symbol: str
    name: str
    tick: Decimal
    least: Decimal
    step: Decimal
    order_types: str
    hours: str
    zone: str


class BarSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A bar of the past; `date` as the venue writes it, seconds since 1970 where that was asked for."""

    request: int
    date: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    count: int


class TickSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A price with its size, or a size alone, of one of the venue's kinds."""

    request: int
    kind: int
    price: Decimal | None
    size: Decimal


class PrintSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One trade, tick by tick."""

    request: int
    ts: int
    price: Decimal
    size: Decimal


class RowSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A change to a row of the book."""

    request: int
    position: int
    deed: int
    """0 insert, 1 update, 2 delete."""
    side: int
    """0 ask, 1 bid."""
    price: Decimal
    size: Decimal


class TimeSaid(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's time, to the second."""

    seconds: int


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The session is open: whose accounts they are, and the first order id."""

    accounts: tuple[str, ...]
    next_id: int


type Said = (
    OrderSaid
    | StatusSaid
    | ExecutionSaid
    | FeeSaid
    | PositionSaid
    | ValueSaid
    | ErrorSaid
    | Ended
    | ContractSaid
    | BarSaid
    | TickSaid
    | PrintSaid
    | RowSaid
    | TimeSaid
)
"""All that is heard after the greeting."""
