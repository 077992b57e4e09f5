"""Binance's account messages: replies to orders and questions, and events of the user stream.

Source: Binance spot API documentation, "Trading endpoints", "Account endpoints", "User data streams", "Web socket API".
Numbers stay text; what an unknown word means is for the reader to say.
"""

import msgspec

from tradebot.data.venues.binance.messages import Milliseconds


class ReplyFill(msgspec.Struct, frozen=True, rename="camel"):
    """One execution in the reply to an order."""

    price: str
    qty: str
    commission: str
    commission_asset: str
    trade_id: int


class OrderReply(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An order, as the reply to placing, cancelling or asking for it, or a row of the open ones."""

    symbol: str
    order_id: int
    client_order_id: str = ""
    orig_client_order_id: str = ""
    """On a cancel: the order's id; `client_order_id` is then the cancel's."""
    transact_time: Milliseconds = 0
    time: Milliseconds = 0
    update_time: Milliseconds = 0
    price: str = "0"
    orig_qty: str = "0"
    executed_qty: str = "0"
    status: str = ""
    time_in_force: str = "GTC"
    type: str = ""
    side: str = ""
    stop_price: str = "0"
    fills: tuple[ReplyFill, ...] = ()


class TradeRow(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One of our trades, as `myTrades` tells it."""

    symbol: str
    id: int
    order_id: int
    price: str
    qty: str
    commission: str
    commission_asset: str
    time: Milliseconds
    is_buyer: bool
    is_maker: bool


class Balance(msgspec.Struct, frozen=True):
    """What an account holds of an asset."""

    asset: str
    free: str
    locked: str


class CommissionRates(msgspec.Struct, frozen=True):
    """Shares of notional."""

    maker: str
    taker: str


class AccountReply(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The reply to `account`."""

    balances: tuple[Balance, ...]
    can_trade: bool = True
    commission_rates: CommissionRates | None = None
    uid: int = 0
    permissions: tuple[str, ...] = ()


class ErrorReply(msgspec.Struct, frozen=True):
    """What the venue says when it refuses."""

    code: int
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw()


class ReplaceData(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Both halves of a cancel-and-replace."""

    cancel_result: str
    new_order_result: str
    cancel_response: msgspec.Raw = msgspec.Raw()
    new_order_response: msgspec.Raw = msgspec.Raw()


class TimeReply(msgspec.Struct, frozen=True, rename="camel"):
    """The reply to `time`."""

    server_time: Milliseconds


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True):
    """`executionReport`: everything that happens to an order."""

    event_ms: Milliseconds = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    client_order_id: str = msgspec.field(name="c")
    original_id: str = msgspec.field(name="C", default="")
    """On a cancel: the order's id."""
    side: str = msgspec.field(name="S")
    type: str = msgspec.field(name="o")
    what: str = msgspec.field(name="x")
    """NEW, CANCELED, REPLACED, REJECTED, TRADE, EXPIRED, TRADE_PREVENTION."""
    status: str = msgspec.field(name="X")
    reject_reason: str = msgspec.field(name="r", default="NONE")
    order_id: int = msgspec.field(name="i")
    quantity: str = msgspec.field(name="q", default="0")
    last_quantity: str = msgspec.field(name="l", default="0")
    cumulative: str = msgspec.field(name="z", default="0")
    last_price: str = msgspec.field(name="L", default="0")
    fee: str | None = msgspec.field(name="n", default=None)
    fee_asset: str | None = msgspec.field(name="N", default=None)
    transaction_ms: Milliseconds = msgspec.field(name="T")
    trade_id: int = msgspec.field(name="t", default=-1)
    is_working: bool = msgspec.field(name="w", default=False)
    is_maker: bool = msgspec.field(name="m", default=False)
    expiry_reason: int | str = msgspec.field(name="eR", default="")


class BalanceUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """`balanceUpdate`: a deposit, a withdrawal, a transfer."""

    asset: str = msgspec.field(name="a")
    delta: str = msgspec.field(name="d")
    cleared_ms: Milliseconds = msgspec.field(name="T")


class StreamEvent(msgspec.Struct, frozen=True):
    """Which kind of event it is."""

    kind: str = msgspec.field(name="e")


class SocketFault(msgspec.Struct, frozen=True):
    """Why a request of the web-socket API was refused."""

    code: int
    msg: str = ""


class SocketFrame(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Any frame of the web-socket API: a response or an event."""

    id: int | str | None = None
    status: int | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: SocketFault | None = None
    subscription_id: int | None = None
    event: msgspec.Raw = msgspec.Raw()


class Subscribed(msgspec.Struct, frozen=True, rename="camel"):
    """The result of a subscription, and a row of those there are."""

    subscription_id: int


order_reply = msgspec.json.Decoder(OrderReply)
order_rows = msgspec.json.Decoder(tuple[OrderReply, ...])
trade_rows = msgspec.json.Decoder(tuple[TradeRow, ...])
account_reply = msgspec.json.Decoder(AccountReply)
error_reply = msgspec.json.Decoder(ErrorReply)
replace_data = msgspec.json.Decoder(ReplaceData)
time_reply = msgspec.json.Decoder(TimeReply)
execution_report = msgspec.json.Decoder(ExecutionReport)
balance_update = msgspec.json.Decoder(BalanceUpdate)
stream_event = msgspec.json.Decoder(StreamEvent)
socket_frame = msgspec.json.Decoder(SocketFrame)
subscribed = msgspec.json.Decoder(Subscribed)
subscriptions = msgspec.json.Decoder(tuple[Subscribed, ...])


def read[T](decoder: msgspec.json.Decoder[T], payload: bytes | msgspec.Raw) -> T:
    """Decode a message.

    Raises:
        ValueError: If it is not one, nested too deeply included.
    """
    try:
        return decoder.decode(payload)
    except RecursionError:
        raise ValueError("JSON must not be nested so deeply") from None
