"""What a drill tells its venue to do, one line of JSON on its input; each is answered with one line when it is done."""

from decimal import Decimal

import msgspec


class Mute(msgspec.Struct, frozen=True, tag="mute", kw_only=True):
    """Say nothing more on the private stream, in the market, or on both; and speak again."""

    private: bool = False
    market: bool = False


class Hold(msgspec.Struct, frozen=True, tag="hold", kw_only=True):
    """Keep back what would be said of fills, or in answer to questions; what is let go again is said at once."""

    fills: bool = False
    reports: bool = False


class Lose(msgspec.Struct, frozen=True, tag="lose", kw_only=True):
    """Lose the next words about orders on their way."""

    requests: int = 0
    """Orders that never arrive."""
    answers: int = 0
    """Orders that arrive, whose acceptance is never heard."""


class Jump(msgspec.Struct, frozen=True, tag="jump", kw_only=True):
    """Move the price at once."""

    parts: int
    """Per 10,000 of it; below 0 downwards."""
    then_still: bool = False
    """Whether it stays there."""


class Look(msgspec.Struct, frozen=True, tag="look", kw_only=True):
    """Do nothing; the answer is wanted."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to every order."""

    price: Decimal
    """The middle of the market."""


type VenueOrder = Mute | Hold | Lose | Jump | Look

_decoder = msgspec.json.Decoder(VenueOrder)


def encoded(order: VenueOrder) -> bytes:
    """Return an order as a line."""
    return msgspec.json.encode(order) + b"\n"


def decoded(line: bytes) -> VenueOrder:
    """Return the order of a line.

    Raises:
        msgspec.DecodeError: If it is none.
    """
    return _decoder.decode(line)
