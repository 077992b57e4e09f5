"""`GET /v1/orders/{id}/life`: everything that happened to one order, beginning with why it was wanted."""

from tradebot.engine.control.messages import Message
from tradebot.engine.control.messages_facts import OrderFacts


class LifeLine(Message, frozen=True, kw_only=True):
    """One thing that happened to an order."""

    at: str | None
    """The engine's time, ISO 8601 UTC; None: not kept (it left the engine before the last restart)."""
    since_ms: float | None
    """Since the intent, ms."""
    seq: int | None
    """The journal's step; None for what the journal does not hold: commit and departure."""
    word: str
    """`because`, `created`, `held`, `denied`, `durable`, `sent`, `accepted`, `filled`, `cancelled` ..."""
    text: str


class OrderLife(Message, frozen=True, kw_only=True):
    """One order from its reason to its end."""

    order: OrderFacts
    lines: list[LifeLine]
    """Oldest first; the first is the reason."""
    related: list[OrderFacts]
    """Its bracket (entry, legs, OCO sibling), and what it replaced or was replaced by."""
    complete: bool
    """Whether the whole time from its intent to its end was looked through."""
