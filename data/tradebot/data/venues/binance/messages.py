"""Binance's market-data messages, spot and futures, combined stream or bare, and REST depth replies.

Source: Binance spot and USD-M / COIN-M API documentation, "WebSocket streams" and "Order book".
"""

from typing import Annotated, Literal

import msgspec

from tradebot.data.instruments import UNITS_MAX

type Id = Annotated[int, msgspec.Meta(ge=0, le=UNITS_MAX)]
"""An update or trade id."""

type Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=UNITS_MAX // 1_000_000)]
"""The venue's time, ms since epoch."""

type TextLevel = tuple[str, str]
"""(price, quantity) as the venue spelled them."""


class DepthDiff(msgspec.Struct, frozen=True, kw_only=True):
    """`depthUpdate`: absolute new quantities of changed levels."""

    event_type: Literal["depthUpdate"] = msgspec.field(name="e")
    event_ms: Milliseconds = msgspec.field(name="E")
    transaction_ms: Milliseconds | None = msgspec.field(name="T", default=None)
    symbol: str = msgspec.field(name="s")
    first_id: Id = msgspec.field(name="U")
    last_id: Id = msgspec.field(name="u")
    previous_id: Id | None = msgspec.field(name="pu", default=None)
    """Last id of the diff before; only futures have it."""
    bids: list[TextLevel] = msgspec.field(name="b")
    asks: list[TextLevel] = msgspec.field(name="a")


class BookTicker(msgspec.Struct, frozen=True, kw_only=True):
    """`bookTicker`: the best bid and ask after one update."""

    symbol: str = msgspec.field(name="s")
    update_id: Id = msgspec.field(name="u")
    event_ms: Milliseconds | None = msgspec.field(name="E", default=None)
    transaction_ms: Milliseconds | None = msgspec.field(name="T", default=None)
    """Only futures have it."""
    bid_price: str = msgspec.field(name="b")
    bid_quantity: str = msgspec.field(name="B")
    ask_price: str = msgspec.field(name="a")
    ask_quantity: str = msgspec.field(name="A")


class TradePrint(msgspec.Struct, frozen=True, kw_only=True):
    """`trade`: one public trade."""

    event_type: Literal["trade"] = msgspec.field(name="e")
    event_ms: Milliseconds = msgspec.field(name="E")
    trade_ms: Milliseconds = msgspec.field(name="T")
    symbol: str = msgspec.field(name="s")
    trade_id: Id = msgspec.field(name="t")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    buyer_is_maker: bool = msgspec.field(name="m")
    origin: str | None = msgspec.field(name="X", default=None)
    """Futures only: `MARKET`, or what did not trade in the market (`NA`, `INSURANCE_FUND`, ...)."""


class AggregateTrade(msgspec.Struct, frozen=True, kw_only=True):
    """`aggTrade`: fills of one taking order at one price."""

    event_type: Literal["aggTrade"] = msgspec.field(name="e")
    event_ms: Milliseconds = msgspec.field(name="E")
    trade_ms: Milliseconds = msgspec.field(name="T")
    symbol: str = msgspec.field(name="s")
    trade_id: Id = msgspec.field(name="a")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    buyer_is_maker: bool = msgspec.field(name="m")
    best_match: bool | None = msgspec.field(name="M", default=None)
    """Only spot has it, without meaning."""


class DepthReply(msgspec.Struct, frozen=True, kw_only=True):
    """The REST reply to a depth request; it does not say of which symbol."""

    last_id: Id = msgspec.field(name="lastUpdateId")
    transaction_ms: Milliseconds | None = msgspec.field(name="T", default=None)
    """Only futures have it."""
    bids: list[TextLevel]
    asks: list[TextLevel]


type Message = DepthDiff | BookTicker | TradePrint | AggregateTrade | DepthReply
"""Every message of use here."""


class _Envelope(msgspec.Struct, frozen=True):
    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    event_type: str | None = msgspec.field(name="e", default=None)
    last_id: int | None = msgspec.field(name="lastUpdateId", default=None)
    bid_quantity: str | None = msgspec.field(name="B", default=None)
    request_id: int | str | None = msgspec.field(name="id", default=None)


type _Kind = type[DepthDiff | BookTicker | TradePrint | AggregateTrade]

_STREAMS: dict[str, _Kind] = {
    "depth": DepthDiff,
    "bookTicker": BookTicker,
    "trade": TradePrint,
    "aggTrade": AggregateTrade,
}
_EVENTS: dict[str, _Kind] = {
    "depthUpdate": DepthDiff,
    "bookTicker": BookTicker,
    "trade": TradePrint,
    "aggTrade": AggregateTrade,
}

_envelope = msgspec.json.Decoder(_Envelope)
_reply = msgspec.json.Decoder(DepthReply)
_decoders: dict[
    _Kind, msgspec.json.Decoder[DepthDiff | BookTicker | TradePrint | AggregateTrade]
] = {kind: msgspec.json.Decoder(kind) for kind in _EVENTS.values()}


def decode(payload: bytes) -> Message | None:
    """Decode one JSON message; None for a stream of no use here (klines, partial depth, ...).

    Raises:
        ValueError: If it is not JSON, a field is missing or of a wrong type, or stream and symbol disagree.
    """
    try:
        envelope = _envelope.decode(payload)
        if envelope.stream is not None:
            return _from_stream(envelope.stream, envelope.data)
        if envelope.event_type is not None:
            kind = _EVENTS.get(envelope.event_type)
            return None if kind is None else _decoders[kind].decode(payload)
        if envelope.bid_quantity is not None:
            return _decoders[BookTicker].decode(payload)
        if envelope.last_id is not None:
            return _reply.decode(payload)
        if envelope.request_id is not None:
            return None  # the answer to a subscription
    except RecursionError:
        raise ValueError("JSON must not be nested so deeply") from None
    raise ValueError("message must have a stream, an event type or a lastUpdateId")


def _from_stream(stream: str, data: msgspec.Raw) -> Message | None:
    symbol, _, rest = stream.partition("@")
    kind = _STREAMS.get(rest.partition("@")[0])
    if kind is None:
        return None
    if not bytes(data):
        raise ValueError(f"message of stream {stream!r} must have data")
    message = _decoders[kind].decode(data)
    if message.symbol.upper() != symbol.upper():
        raise ValueError(f"stream {stream!r} must carry its own symbol, was {message.symbol!r}")
    return message
