"""The terms a sleeve runs on: what is told at a start, and again with each word that changes them."""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.types import AccountName, Owner

type Run = Literal["off", "shadow", "live"]
"""Whether a sleeve is asked at all, and whether what it decides is sent; live is its own engine's venue."""

type SleeveChange = Literal["start", "reload", "rollback", "capital", "limits"]
"""What brought a sleeve other terms."""


class SleeveStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A sleeve as it runs from this start on."""

    name: Owner
    policy: str
    """Where the code is: `trend.py:Trend` or `package.module:Class`."""
    version: str
    """sha256 over source, parameters and needs, first 12 hex digits."""
    account: AccountName
    symbols: tuple[InstrumentId, ...]
    capital: Decimal
    """In the engine's currency."""
    params: dict[str, str | int | float | bool]
    run: Run = "live"
    limits: dict[str, str] = {}
    """The sleeve's own limits that are set, by name, as text: fractions of its capital, `orders_per_minute` a count."""
    on_error: Literal["pause", "exit"] = "pause"
    """What becomes of its positions when the policy breaks its bounds."""
    on_stop: Literal["keep", "exit"] = "keep"
    """What becomes of its positions when it is stopped without a word about them."""
    compound: bool = True
    """Whether the capital it sizes by grows with its profit."""
