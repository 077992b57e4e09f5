"""Frames between an engine and a venue in two processes: four bytes of length, then JSON of a tagged struct."""

import asyncio

import msgspec

from tradebot.data.events import AnyMarketEvent
from tradebot.engine.core.events import OrderLane
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import AnyOutcome, Replace, Submit
from tradebot.engine.core.risk import RiskApproved

FRAME_MAX = 16 * 1024 * 1024


class FrameTooLong(ConnectionError):  # noqa: N818  (the state of the line)
    """The other side is not one of ours."""


class MarketNews(msgspec.Struct, frozen=True, tag="market"):
    """Something happened in the market."""

    event: AnyMarketEvent


class VenueNews(msgspec.Struct, frozen=True, tag="venue"):
    """The venue says something to the engine."""

    event: OrderLane


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """The private stream has nothing to say and is well."""


type News = MarketNews | VenueNews | Alive

_news = msgspec.json.Decoder(News)
_effects = msgspec.json.Decoder(AnyOutcome)
_encoder = msgspec.json.Encoder()


def news_frame(news: News) -> bytes:
    """Return news as bytes."""
    return _framed(_encoder.encode(news))


def effect_frame(effect: VenueEffect) -> bytes:
    """Return an effect as bytes."""
    return _framed(_encoder.encode(effect.item if isinstance(effect, RiskApproved) else effect))


def _framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


async def read_news(reader: asyncio.StreamReader) -> News:
    """Return the next news.

    Raises:
        ConnectionError: If the line is broken or carries something else.
        asyncio.IncompleteReadError: If it ends.
    """
    return _news.decode(await _read(reader))


async def read_effect(reader: asyncio.StreamReader) -> VenueEffect:
    """Return the next effect; an order has passed the engine's gate, or it would not have been sent.

    Raises:
        ConnectionError: If the line is broken or carries something else.
        asyncio.IncompleteReadError: If it ends.
    """
    effect = _effects.decode(await _read(reader))
    match effect:
        case Submit():
            return RiskApproved(effect)
        case Replace():
            return RiskApproved(effect)
        case _:
            return effect


async def _read(reader: asyncio.StreamReader) -> bytes:
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > FRAME_MAX:
        raise FrameTooLong(f"a frame must have at most {FRAME_MAX} bytes, was to have {length}")
    return await reader.readexactly(length)
