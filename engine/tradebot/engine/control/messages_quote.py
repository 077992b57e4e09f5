"""What a frame holds of an instrument whose venue shows no depth: the best prices, and whether it may trade at them."""

from typing import Literal

import msgspec


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """Best bid and ask of an instrument without a book, and how it stands at its venue; None: not known."""

    bid: str | None
    ask: str | None
    bid_size: str | None
    ask_size: str | None
    told: int | None
    """The engine's time when these came, ns UTC."""
    stale_after: int
    """Age from which the feed counts as stale, ns."""
    halted: bool | None = None
    """Whether the venue has stopped trading in it; None: nobody tells of halts here."""
    halt_reason: str = ""
    halted_since: int | None = None
    """By the venue's clock, ns UTC."""
    band_low: str | None = None
    """Lowest price at which it may trade now (limit down)."""
    band_high: str | None = None
    """Highest (limit up)."""
    limit: Literal["up", "down"] | None = None
    """The end of the band at which the market stands: nobody may trade beyond it."""
    session: Literal["open", "closed"] | None = None
    """None: around the clock, or its hours are not known."""
    session_ends: int | None = None
    """When the session that is on closes, ns UTC."""
    session_begins: int | None = None
    """When the next one opens, ns UTC."""
