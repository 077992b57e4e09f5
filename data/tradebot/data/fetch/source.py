"""What can be fetched: one kind of one instrument's past at one venue."""

from typing import Protocol

from tradebot.data.growth import Span
from tradebot.data.instruments import Instrument
from tradebot.data.venues.paging import Pages


class Source(Protocol):
    """One kind of one instrument's past."""

    @property
    def format(self) -> str:
        """Return the name its datasets bear as their origin."""
        ...

    @property
    def version(self) -> int:
        """Return what is raised when the same pages would give other events."""
        ...

    @property
    def instrument(self) -> Instrument:
        """Return whose past it is."""
        ...

    @property
    def kind(self) -> str:
        """Return the kind: `bars-SPAN` or `trades`."""
        ...

    @property
    def piece(self) -> int:
        """Return how much time is asked for and kept at once, ns: what a kill may lose."""
        ...

    @property
    def open_for(self) -> int:
        """Return for how long an instant may still get rows after it, ns: a bar's span, and lateness."""
        ...

    def pages(self, span: Span) -> Pages:
        """Return the pages of a span; rows outside of it may come with them."""
        ...
