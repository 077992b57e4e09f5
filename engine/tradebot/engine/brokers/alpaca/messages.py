"""Alpaca's trading messages as they are on the wire: REST answers, `trade_updates`, Broker and activity events.

Source: Alpaca Trading API "Orders", "Account activities", "Positions", "Account", "WebSocket streaming"; Broker API
"Events (SSE)". Numbers are decimal texts; where one is a JSON number it is read as a decimal all the same.
"""

from decimal import Decimal

import msgspec


class WireOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order as the venue tells it."""

    id: str
    client_order_id: str = ""
    symbol: str | None = None
    asset_class: str | None = None
    qty: Decimal | None = None
    notional: Decimal | None = None
    filled_qty: Decimal | None = None
    filled_avg_price: Decimal | None = None
    order_class: str = ""
    type: str | None = None
    side: str | None = None
    time_in_force: str = ""
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    hwm: Decimal | None = None
    status: str = ""
    submitted_at: str | None = None
    created_at: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    extended_hours: bool = False
    legs: list["WireOrder"] | None = None

    @property
    def filled(self) -> Decimal:
        """Return the cumulative quantity, 0 where none is told."""
        return self.filled_qty or Decimal(0)


class WireUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an order: on the `trade_updates` socket and, with an `event_id`, on the Broker stream."""

    event: str
    order: WireOrder
    timestamp: str | None = None
    at: str | None = None
    event_id: str = ""
    """ULID; the Broker stream's cursor."""
    execution_id: str | None = None
    previous_execution_id: str | None = None
    """The execution that a bust takes back or a correction changes."""
    price: Decimal | None = None
    qty: Decimal | None = None
    position_qty: Decimal | None = None
    account_id: str = ""


class WireFill(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `GET /v2/account/activities/FILL`; `id` is `<time>::<execution id>`."""

    id: str
    activity_type: str = "FILL"
    order_id: str
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    cum_qty: Decimal | None = None
    leaves_qty: Decimal | None = None
    transaction_time: str
    type: str = "fill"

    @property
    def execution_id(self) -> str:
        """Return the part of the id that all other sources tell the execution by."""
        return self.id.rpartition("::")[2]


class WireActivity(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the activity stream; only trades (`TRD`) carry price, quantity and order."""

    event_id: str
    activity_type: str = ""
    ref_id: str = ""
    """Of a trade: its execution id."""
    previous_id: str | None = None
    """The `ref_id` that this one corrects or takes back."""
    order_id: str = ""
    client_order_id: str = ""
    symbol: str = ""
    side: str = ""
    price: Decimal | None = None
    qty: Decimal | None = None
    cum_qty: Decimal | None = None
    net_amount: Decimal | None = None
    status: str = ""
    description: str = ""
    executed_at: str | None = None
    at: str | None = None


class WireMovement(msgspec.Struct, frozen=True, kw_only=True):
    """One activity that is no trade: cash, dividends, fees, splits."""

    id: str
    activity_type: str
    date: str | None = None
    net_amount: Decimal | None = None
    symbol: str | None = None
    qty: Decimal | None = None
    price: Decimal | None = None
    status: str = ""
    transaction_time: str | None = None
    description: str = ""


class WirePosition(msgspec.Struct, frozen=True, kw_only=True):
    """One position; `qty` of a short is negative."""

    symbol: str
    asset_class: str = ""
    qty: Decimal
    side: str = ""
    avg_entry_price: Decimal | None = None


class WireAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account."""

    id: str
    account_number: str = ""
    status: str = ""
    currency: str = "USD"
    cash: Decimal
    equity: Decimal | None = None
    buying_power: Decimal | None = None
    non_marginable_buying_power: Decimal | None = None
    shorting_enabled: bool = False
    trading_blocked: bool = False
    account_blocked: bool = False
    multiplier: str | None = None
    crypto_status: str | None = None


class WireClock(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's time and whether the stock market is open."""

    timestamp: str
    is_open: bool
    next_open: str
    next_close: str


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """Body of a refusal."""

    code: int = 0
    message: str = ""


class CancelledOne(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a 207 answer to a mass cancel."""

    id: str
    status: int


order_of = msgspec.json.Decoder(WireOrder).decode
orders_of = msgspec.json.Decoder(list[WireOrder]).decode
fills_of = msgspec.json.Decoder(list[WireFill]).decode
movements_of = msgspec.json.Decoder(list[WireMovement]).decode
positions_of = msgspec.json.Decoder(list[WirePosition]).decode
account_of = msgspec.json.Decoder(WireAccount).decode
clock_of = msgspec.json.Decoder(WireClock).decode
cancelled_of = msgspec.json.Decoder(list[CancelledOne]).decode
_error_of = msgspec.json.Decoder(WireError).decode


def refusal(status: int, body: bytes) -> WireError:
    """Return a refusal's code and text, also of a body that is not the venue's JSON."""
    try:
        error = _error_of(body)
    except (ValueError, RecursionError):
        error = WireError()
    message = error.message or body[:120].decode("utf-8", "replace") or "no body"
    return WireError(code=error.code, message=f"HTTP {status}: {message}")
