"""Kraken's v1 web-socket messages: `[channelID, part..., channelName, pair]` or an event object.

Source: Kraken API documentation, "WebSockets API v1", feeds `book`, `trade`, `spread`.
"""

from typing import Literal, NamedTuple

import msgspec

type TextLevel = tuple[str, ...]
"""(price, quantity, time s); a fourth `r` marks a level sent again."""

_PARTS_MIN = 4
_LEVEL_FIELDS = (3, 4)


class _Part(msgspec.Struct, frozen=True):
    snapshot_asks: list[TextLevel] | None = msgspec.field(name="as", default=None)
    snapshot_bids: list[TextLevel] | None = msgspec.field(name="bs", default=None)
    asks: list[TextLevel] = msgspec.field(name="a", default_factory=list[TextLevel])
    bids: list[TextLevel] = msgspec.field(name="b", default_factory=list[TextLevel])
    checksum: str | msgspec.UnsetType | None = msgspec.field(name="c", default=msgspec.UNSET)


class KrakenSnapshot(NamedTuple):
    """The whole book of a pair to the subscribed depth."""

    pair: str
    depth: int | None
    """Levels a side; None where the channel's name does not say."""
    bids: list[TextLevel]
    asks: list[TextLevel]


class KrakenUpdate(NamedTuple):
    """Changed levels of a pair; quantity 0 removes one."""

    pair: str
    bids: list[TextLevel]
    asks: list[TextLevel]
    checksum: str | None
    """CRC32 of the top ten after the update, as decimal text."""


class KrakenTrade(NamedTuple):
    """One public trade."""

    pair: str
    price: str
    quantity: str
    seconds: str
    aggressor: Literal[1, -1]


class KrakenSpread(NamedTuple):
    """Best bid and ask."""

    pair: str
    bid: tuple[str, str]
    ask: tuple[str, str]
    seconds: str


type KrakenMessage = KrakenSnapshot | KrakenUpdate | KrakenTrade | KrakenSpread
"""Every message of use here."""

_array = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)
_part = msgspec.json.Decoder(_Part)
_trades = msgspec.json.Decoder(list[tuple[str, str, str, Literal["b", "s"], str, str]])
_spread = msgspec.json.Decoder(tuple[str, str, str, str, str])
_event = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode(payload: bytes) -> list[KrakenMessage]:
    """Decode one JSON message; nothing for events and channels of no use here.

    Raises:
        ValueError: If it is not JSON, or a field is missing or of a wrong type.
    """
    try:
        if payload.startswith(b"{"):
            if "event" not in _event.decode(payload):
                raise ValueError("object must be an event")
            return []
        parts = _array.decode(payload)
        if len(parts) < _PARTS_MIN:
            raise ValueError(f"message must have at least {_PARTS_MIN} parts, had {len(parts)}")
        channel, pair = _text.decode(parts[-2]), _text.decode(parts[-1])
        name, _, depth = channel.partition("-")
        if name == "book":
            return [_book([_part.decode(part) for part in parts[1:-2]], pair, depth)]
        if name == "trade":
            return [
                KrakenTrade(pair, price, quantity, seconds, 1 if side == "b" else -1)
                for part in parts[1:-2]
                for price, quantity, seconds, side, _, _ in _trades.decode(part)
            ]
        if name == "spread":
            bid, ask, seconds, bid_quantity, ask_quantity = _spread.decode(parts[1])
            return [KrakenSpread(pair, (bid, bid_quantity), (ask, ask_quantity), seconds)]
    except RecursionError:
        raise ValueError("JSON must not be nested so deeply") from None
    return []


def _book(parts: list[_Part], pair: str, depth: str) -> KrakenSnapshot | KrakenUpdate:
    first = parts[0]
    for part in parts:
        _check_levels(part)
    if first.snapshot_asks is not None and first.snapshot_bids is not None:
        levels = int(depth) if depth.isdigit() else None
        return KrakenSnapshot(pair, levels, first.snapshot_bids, first.snapshot_asks)
    if first.snapshot_asks is not None or first.snapshot_bids is not None:
        raise ValueError("snapshot must have both sides")
    checksum: str | None = None
    for part in parts:
        if part.checksum is None:
            raise ValueError("checksum must be text, was null")
        if part.checksum is not msgspec.UNSET:
            checksum = part.checksum
    bids = [level for part in parts for level in part.bids]
    asks = [level for part in parts for level in part.asks]
    if not bids and not asks:
        raise ValueError("book update must change a level")
    return KrakenUpdate(pair, bids, asks, checksum)


def _check_levels(part: _Part) -> None:
    for levels in (part.snapshot_asks, part.snapshot_bids, part.asks, part.bids):
        for level in levels or ():
            if len(level) not in _LEVEL_FIELDS:
                raise ValueError(f"level must have 3 or 4 fields, had {len(level)}")
