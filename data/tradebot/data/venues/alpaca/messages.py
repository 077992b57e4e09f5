"""Alpaca's market-data messages, stream and REST, as they are on the wire: JSON, or MessagePack with timestamps.

Source: Alpaca Market Data API, "Real-time stock data", "Real-time crypto data", "Historical data". Each frame of a
stream is an array of objects told apart by `T`. Prices and sizes are JSON numbers: read as decimals, never as floats.
"""

from decimal import Decimal
from typing import ClassVar

import msgspec


class Success(msgspec.Struct, frozen=True, tag_field="T", tag="success"):
    """`connected` after the socket is open, `authenticated` after `auth`."""

    msg: str


class Subscribed(msgspec.Struct, frozen=True, tag_field="T", tag="subscription"):
    """All that is subscribed to now, by channel."""

    trades: list[str] = []
    quotes: list[str] = []
    bars: list[str] = []
    orderbooks: list[str] = []
    statuses: list[str] = []
    lulds: list[str] = []


class Failed(msgspec.Struct, frozen=True, tag_field="T", tag="error"):
    """An error: 401-404 of keys, 405 and 409 of the subscription, 406 of a second connection, 407 too slow."""

    code: int
    msg: str = ""


class TradePrint(msgspec.Struct, frozen=True, tag_field="T", tag="t"):
    """One public trade."""

    symbol: str = msgspec.field(name="S")
    price: Decimal = msgspec.field(name="p")
    size: Decimal = msgspec.field(name="s")
    time: msgspec.Raw = msgspec.field(name="t")
    trade_id: int | str = msgspec.field(name="i", default="")
    taker: str = msgspec.field(name="tks", default="")
    """`B` or `S`; only crypto has it."""
    conditions: list[str] | None = msgspec.field(name="c", default=None)


class BestPrices(msgspec.Struct, frozen=True, tag_field="T", tag="q"):
    """Best bid and ask; a side that is empty has price 0."""

    symbol: str = msgspec.field(name="S")
    bid_price: Decimal = msgspec.field(name="bp")
    bid_size: Decimal = msgspec.field(name="bs")
    ask_price: Decimal = msgspec.field(name="ap")
    ask_size: Decimal = msgspec.field(name="as")
    time: msgspec.Raw = msgspec.field(name="t")


class BarBody(msgspec.Struct, frozen=True):
    """Open, high, low, close, volume of one span; `time` is where it begins."""

    open: Decimal = msgspec.field(name="o")
    high: Decimal = msgspec.field(name="h")
    low: Decimal = msgspec.field(name="l")
    close: Decimal = msgspec.field(name="c")
    volume: Decimal = msgspec.field(name="v")
    time: msgspec.Raw = msgspec.field(name="t")
    trades: int = msgspec.field(name="n", default=0)


class MinuteBar(BarBody, frozen=True, tag_field="T", tag="b"):
    """A finished minute."""

    symbol: str = msgspec.field(name="S", default="")


class UpdatedBar(BarBody, frozen=True, tag_field="T", tag="u"):
    """A finished minute told again, because a late trade belongs into it."""

    symbol: str = msgspec.field(name="S", default="")


class DayBar(BarBody, frozen=True, tag_field="T", tag="d"):
    """The day so far."""

    symbol: str = msgspec.field(name="S", default="")


class WireLevel(msgspec.Struct, frozen=True):
    """One level; size 0 removes it."""

    price: Decimal = msgspec.field(name="p")
    size: Decimal = msgspec.field(name="s")


class OrderBook(msgspec.Struct, frozen=True, tag_field="T", tag="o"):
    """Changed levels of a crypto book, or with `reset` all of it. There are no sequence numbers."""

    symbol: str = msgspec.field(name="S")
    time: msgspec.Raw = msgspec.field(name="t")
    bids: list[WireLevel] = msgspec.field(name="b")
    asks: list[WireLevel] = msgspec.field(name="a")
    reset: bool = msgspec.field(name="r", default=False)


class TradingStatus(msgspec.Struct, frozen=True, tag_field="T", tag="s"):
    """A stock was halted, resumed, or changed its state otherwise."""

    symbol: str = msgspec.field(name="S")
    time: msgspec.Raw = msgspec.field(name="t")
    code: str = msgspec.field(name="sc")
    text: str = msgspec.field(name="sm", default="")
    reason_code: str = msgspec.field(name="rc", default="")
    reason: str = msgspec.field(name="rm", default="")
    tape: str = msgspec.field(name="z", default="")


class Band(msgspec.Struct, frozen=True, tag_field="T", tag="l"):
    """Limit up, limit down: the prices between which a stock may trade."""

    symbol: str = msgspec.field(name="S")
    up: Decimal = msgspec.field(name="u")
    down: Decimal = msgspec.field(name="d")
    time: msgspec.Raw = msgspec.field(name="t")
    indicator: str = msgspec.field(name="i", default="")


class TradeCancelled(msgspec.Struct, frozen=True, tag_field="T", tag="x"):
    """A print was taken back."""

    symbol: str = msgspec.field(name="S")
    trade_id: int | str = msgspec.field(name="i")
    time: msgspec.Raw = msgspec.field(name="t")


class TradeCorrected(msgspec.Struct, frozen=True, tag_field="T", tag="c"):
    """A print was changed."""

    symbol: str = msgspec.field(name="S")
    time: msgspec.Raw = msgspec.field(name="t")
    original_id: int | str = msgspec.field(name="oi")
    corrected_id: int | str = msgspec.field(name="ci")
    price: Decimal = msgspec.field(name="cp")
    size: Decimal = msgspec.field(name="cs")


class News(msgspec.Struct, frozen=True, tag_field="T", tag="n"):
    """A headline; of no use here."""


type Message = (
    Success
    | Subscribed
    | Failed
    | TradePrint
    | BestPrices
    | MinuteBar
    | UpdatedBar
    | DayBar
    | OrderBook
    | TradingStatus
    | Band
    | TradeCancelled
    | TradeCorrected
    | News
)
"""Every message of a market-data stream."""


class Frames:
    """Decodes one stream's frames; keeps count of what it could not read, and never ends for it."""

    _json: ClassVar[msgspec.json.Decoder[list[msgspec.Raw]]] = msgspec.json.Decoder(
        list[msgspec.Raw]
    )
    _msgpack: ClassVar[msgspec.msgpack.Decoder[list[msgspec.Raw]]] = msgspec.msgpack.Decoder(
        list[msgspec.Raw]
    )
    _json_one: ClassVar[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
    _msgpack_one: ClassVar[msgspec.msgpack.Decoder[Message]] = msgspec.msgpack.Decoder(Message)

    def __init__(self) -> None:
        self.malformed = 0
        """Frames and messages that could not be read."""
        self.last_error = ""
        """Why the newest of them could not."""

    def decode(self, frame: bytes | str) -> list[Message]:
        """Return the messages of a frame; one bad message among them is left out and counted."""
        plain = frame.encode() if isinstance(frame, str) else frame
        text = plain[:1].lstrip() in (b"[", b"{")
        many = self._json if text else self._msgpack
        one = self._json_one if text else self._msgpack_one
        try:
            raws = many.decode(plain)
        except (ValueError, RecursionError) as error:
            self.refuse(error)
            return []
        messages: list[Message] = []
        for raw in raws:
            try:
                messages.append(one.decode(raw))
            except (ValueError, RecursionError) as error:
                self.refuse(error)
        return messages

    def refuse(self, error: Exception) -> None:
        """Count what could not be read."""
        self.malformed += 1
        self.last_error = str(error)[:200]
