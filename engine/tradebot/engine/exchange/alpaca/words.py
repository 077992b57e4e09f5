"""How Alpaca writes numbers, times and ids."""

import hashlib
import uuid
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import msgspec

from tradebot.engine.exchange.ledger import plain
from tradebot.engine.exchange.market import Listing, decimal_of

type Json = bool | int | str | Decimal | list["Json"] | dict[str, "Json"] | None
"""What a body is made of; a Decimal becomes a JSON number, money in text is written by `plain`."""

SECOND = 1_000_000_000

_encode = msgspec.json.Encoder(decimal_format="number").encode
_pack = msgspec.msgpack.Encoder(decimal_format="number").encode


type Packed = Json | msgspec.msgpack.Ext | list["Packed"] | dict[str, "Packed"]
"""What a MessagePack body is made of: JSON and timestamps."""


def json_of(body: Packed) -> bytes:
    """Return a body as JSON."""
    return _encode(body)


def msgpack_of(body: Packed) -> bytes:
    """Return a body as MessagePack; decimals become floats, as the venue sends them."""
    return _pack(body)


def price_text(units: int, listing: Listing) -> str:
    """Return a price as decimal text."""
    return plain(decimal_of(units, listing.price_scale))


def quantity_text(units: int, listing: Listing) -> str:
    """Return a quantity as decimal text."""
    return plain(decimal_of(units, listing.quantity_scale))


def time_text(ns: int) -> str:
    """Return an instant, ns UTC, as RFC 3339 with nine decimals."""
    seconds, rest = divmod(ns, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def micro_text(ns: int) -> str:
    """Return an instant as REST activities have it: rounded half up to microseconds."""
    micros = (ns + 500) // 1_000
    seconds, rest = divmod(micros, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def time_of(text: str) -> int | None:
    """Return an RFC 3339 instant or a date as ns UTC; None where it is neither."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    whole = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    fraction = text.partition(".")[2]
    digits = ""
    for letter in fraction:
        if not letter.isdigit():
            break
        digits += letter
    seconds = int(whole.replace(microsecond=0).timestamp())
    return seconds * SECOND + int(digits[:9].ljust(9, "0"))


def number_of(value: object) -> Decimal | None:
    """Return what a client wrote as a number, in text or as a JSON number; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


class Ids:
    """The venue's ids, made of its seed so that a restart keeps them.

    Args of the constructor:
        seed: Of the exchange.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def _head(self, purpose: str) -> str:
        digest = hashlib.sha256(f"{self._seed}:{purpose}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[12:15]}-a{digest[15:18]}-"

    def order(self, number: int) -> str:
        """Return the id of an order."""
        return f"{self._head('order')}{number:012x}"

    def execution(self, number: int) -> str:
        """Return the id of an execution."""
        return f"{self._head('execution')}{number:012x}"

    def number_of_order(self, text: str) -> int | None:
        """Return the number of an order's id; None where it is none of ours."""
        head = self._head("order")
        if not text.startswith(head) or len(text) != len(head) + 12:
            return None
        try:
            return int(text[len(head) :], 16)
        except ValueError:
            return None

    def asset(self, symbol: str) -> str:
        """Return the id of an asset."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"alpaca:{symbol}"))


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MS = 1_000_000


def ulid(ns: int, number: int) -> str:
    """Return a ULID: the instant's millisecond, then a part that tells events of it apart in no order."""
    value = (ns // _MS) << 80 | int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:10])
    return "".join(_CROCKFORD[(value >> (5 * place)) & 31] for place in reversed(range(26)))
