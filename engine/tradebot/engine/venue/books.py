"""What the native venue needs of the books and queues in which orders meet a market."""

from collections.abc import Sequence
from typing import Literal, Protocol

from tradebot.data.events import Level


class BookEvent(Protocol):
    """What happened to an order; `tradebot.native.VenueEvent` is one."""

    @property
    def kind(
        self,
    ) -> Literal[
        "accepted",
        "rejected",
        "filled",
        "cancelled",
        "expired",
        "reduced",
        "cancel_rejected",
        "reduce_rejected",
    ]:
        """Return what happened."""
        ...

    @property
    def order_id(self) -> int:
        """Return to which order."""
        ...

    @property
    def price(self) -> int:
        """Return the price of a fill, in units."""
        ...

    @property
    def quantity(self) -> int:
        """Return the quantity of a fill, in units."""
        ...

    @property
    def liquidity(self) -> Literal["maker", "taker", ""]:
        """Return the part in a fill."""
        ...

    @property
    def reason(self) -> str:
        """Return why, for a refusal or an expiry."""
        ...


class Touch(Protocol):
    """The best prices of a book."""

    def best_bid(self) -> tuple[int, int] | None:
        """Return price and quantity of the highest bid, in units."""
        ...

    def best_ask(self) -> tuple[int, int] | None:
        """Return price and quantity of the lowest ask, in units."""
        ...


class Books(Protocol):
    """Books and queues of all instruments of a venue, by index; `tradebot.native.Venue` is one."""

    def on_book(
        self,
        instrument: int,
        bids: Sequence[Level],
        asks: Sequence[Level],
        snapshot: bool,  # noqa: FBT001  (as the extension takes it)
    ) -> Sequence[BookEvent]:
        """Let a recorded book, or a change of it, move the queues; return what it fills."""
        ...

    def on_trade(
        self, instrument: int, price: int, quantity: int, aggressor: int
    ) -> Sequence[BookEvent]:
        """Let a recorded trade fill what it reaches."""
        ...

    def submit(  # noqa: PLR0913, PLR0917
        self,
        order_id: int,
        instrument: int,
        side: int,
        kind: Literal["limit", "market"],
        tif: Literal["gtc", "ioc", "fok"],
        post_only: bool,  # noqa: FBT001
        price: int,
        quantity: int,
    ) -> Sequence[BookEvent]:
        """Enter an order; a refusal is its one event."""
        ...

    def restore(
        self, order_id: int, instrument: int, side: int, price: int, leaves: int
    ) -> Sequence[BookEvent]:
        """Put a limit back that rested before a restart, last in its queue."""
        ...

    def cancel(self, order_id: int) -> Sequence[BookEvent]:
        """Take an order out."""
        ...

    def reduce(self, order_id: int, leaves: int) -> Sequence[BookEvent]:
        """Leave less of an order, which keeps its place; 0 takes it out."""
        ...

    def queue_ahead(self, order_id: int) -> int | None:
        """Return the quantity estimated to stand before an order, in units; None where that is not known."""
        ...

    def book(self, instrument: int) -> Touch:
        """Return an instrument's book."""
        ...

    def set_next_match_id(self, match_id: int) -> None:
        """Number matches from here on."""
        ...
