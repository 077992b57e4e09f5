"""What the exchange tells its faces, in the order in which it happened."""

from typing import Literal

import msgspec

from tradebot.engine.exchange.orders import Execution, Order
from tradebot.engine.exchange.session import Phase
from tradebot.engine.exchange.words import FaceName, Trade

type OrderChange = Literal[
    "new",
    "held",
    "queued",
    "released",
    "rejected",
    "triggered",
    "amended",
    "replaced",
    "cancelled",
    "expired",
]
"""What happened to an order besides executions. `released`: a held or queued one began to work."""


class OrderChanged(msgspec.Struct, frozen=True):
    """An order is not as it was; `order` is how it stands now."""

    face: FaceName
    account: str
    order: Order
    change: OrderChange
    ts: int


class Executed(msgspec.Struct, frozen=True):
    """An order traded; `order` is how it stands after it."""

    face: FaceName
    account: str
    order: Order
    execution: Execution
    ts: int


class Busted(msgspec.Struct, frozen=True):
    """An execution never was: `execution` takes it back, its `busts` names it."""

    face: FaceName
    account: str
    order: Order
    execution: Execution
    ts: int


class Corrected(msgspec.Struct, frozen=True):
    """An execution was another: `execution` stands in the place of the one its `corrects` names."""

    face: FaceName
    account: str
    order: Order
    execution: Execution
    ts: int


class CashMoved(msgspec.Struct, frozen=True):
    """An account's holdings changed by no execution's own terms: a fee apart, a deposit."""

    face: FaceName
    account: str
    asset: str
    amount: int
    """Amount, < 0 = taken."""
    reason: str
    ts: int


class BookChanged(msgspec.Struct, frozen=True):
    """Levels changed: (price, absolute quantity), 0 = gone. Ids `first` to `last` follow the ids before."""

    face: FaceName
    listing: str
    first: int
    last: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    ts: int


class QuoteChanged(msgspec.Struct, frozen=True):
    """The touch is not as it was; 0 = the side is empty."""

    face: FaceName
    listing: str
    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int
    update_id: int
    ts: int


class Traded(msgspec.Struct, frozen=True):
    """A print."""

    face: FaceName
    listing: str
    trade: Trade


class PhaseChanged(msgspec.Struct, frozen=True):
    """A market opened or closed."""

    face: FaceName
    listing: str
    phase: Phase
    ts: int


type MarketHappening = BookChanged | QuoteChanged | Traded | PhaseChanged
type AccountHappening = OrderChanged | Executed | Busted | Corrected | CashMoved
type Happening = MarketHappening | AccountHappening
