"""A venue's past, page after page: what every history is to whoever drives it; no I/O."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from tradebot.data.events import Bar, Quote, Trade


class Request(NamedTuple):
    """One page to ask for: a path below the data host, and its query."""

    path: str
    query: Mapping[str, str]
    weight: int = 1
    """What it costs of the venue's allowance."""


class Pages(Protocol):
    """All pages of one question."""

    @property
    def malformed(self) -> int:
        """Return how many rows could not be read."""
        ...

    def request(self) -> Request | None:
        """Return the next page to ask for; None after the last."""
        ...

    def page(self, body: bytes, now: int) -> Sequence[Bar | Trade | Quote]:
        """Take the answer to the newest request; return its rows, oldest first.

        Args:
            body: The answer's body.
            now: When it came, ns UTC.

        Raises:
            ValueError: If it is no such page, or does not move on; the next request is the same.
            ScaleError: If a number does not fit the instrument; the next request is the same.
        """
        ...
