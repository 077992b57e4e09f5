"""What goes over the wire between an engine and its clients: the JSON of the command line, and the console's frame.

Money, prices and quantities are decimal strings (never floats); `None` means unknown, never zero. Times in facts are
ISO 8601 UTC with `Z`; times in frames are ns UTC, because a screen subtracts them thirty times a second.
"""

from typing import Literal

import msgspec

API_NUMBER = 1
"""A client of another number refuses with one sentence."""

type TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
"""What the engine lets through: all; only what shrinks; cancels, protective orders and flatten."""

type FeedState = Literal["up", "stale", "down", "resync", "ended", "closed"]
"""Health of a market feed: `ended` is a recording that is over, `resync` a book being rebuilt after a gap, `closed` out
of its session."""

type PriceText = str
"""A price as a decimal string with the instrument's decimals."""

type QuantityText = str
"""A quantity as a decimal string."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every message: frozen, keyword-only; unknown fields from a newer engine are ignored."""


class Hello(Message, frozen=True, kw_only=True):
    """`GET /v1/hello`: who answers."""

    api: int
    name: str
    version: str
    mode: str
    pid: int
