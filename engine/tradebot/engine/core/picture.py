"""What the gate sees of the account when it judges an order."""

from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.market import FeedHealth
from tradebot.engine.core.open_risk import Stop
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.sleeve_limits import OwnLimits
from tradebot.engine.core.types import Side, StreamState, TradingState, sign


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of the account as the gate counts it, in quantity units."""

    instrument: Instrument
    quantity: int
    """Signed net position."""
    buy_leaves: int
    """Open buy quantity, unknown orders in full."""
    sell_leaves: int
    mark: Decimal | None
    """Price, None = unknown."""
    long_stops: tuple[Stop, ...] = ()
    """Stops that close a long position, standing or promised with an entry; wherever they live."""
    short_stops: tuple[Stop, ...] = ()
    rate: Decimal | None = Decimal(1)
    """What one of the instrument's currency is worth in the engine's, None = unknown."""

    def worst(self, extra: int = 0) -> int:
        """Return the largest absolute position that open orders and `extra` (signed) can lead to."""
        long = self.quantity + self.buy_leaves + max(extra, 0)
        short = self.quantity - self.sell_leaves + min(extra, 0)
        return max(abs(long), abs(short))


class OwnPicture(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate sees of the sleeve an order belongs to."""

    limits: OwnLimits
    capital: Decimal | None
    """What its limits are shares of, in the engine's currency; None: unknown."""
    exposures: tuple[Exposure, ...]
    """Every instrument in which it has a position or an order that may add, and the order's own."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate sees of the account when it judges one order."""

    now: int
    limits: Limits
    state: TradingState
    sleeve_paused: bool
    flattening: bool
    feed: FeedHealth
    unresolved: bool
    """Whether an order of this instrument and account is unknown."""
    reconciled: bool = True
    """Whether the venue has told what the account holds since the engine started."""
    equity: Decimal | None
    exposures: tuple[Exposure, ...]
    """Every instrument with a position or an open order, and the order's own."""
    best_bid: int | None
    best_ask: int | None
    worst_fill: int | None
    """Worst price level a market order would reach in the displayed book, None = beyond it."""
    orders_last_minute: int
    """Orders of the same kind of owner (hand or this sleeve) sent in the last minute."""
    armed: bool = True
    """Whether a hand may add risk: False in LIVE while nobody has armed."""
    mandated: bool = True
    """Whether a sleeve may add risk: False in LIVE without a valid mandate."""
    capital_left: Decimal | None = None
    """What a sleeve's mandate leaves for this order, in the quote currency; None: no such bound."""
    stream: StreamState | None = "up"
    """Health of the account's private stream; None: not told, and needed."""
    clock: str = ""
    """What is wrong with the clock against the venue's; empty: nothing, or not watched."""
    query_late: bool = False
    """Whether the venue has owed an answer about the account for too long."""
    protected_here: bool = False
    """Whether a stop of this order would live in this engine only though it belongs at the broker."""
    own_quantity: int = 0
    """Signed holding of the order's owner in the order's instrument."""
    own_leaves: int = 0
    """Open quantity of that owner on the order's side."""
    standing_stop: bool = False
    """Whether the order is a stop that stands already: it is set off now, or moved."""
    opens: int | None = None
    """When a market that is closed opens next, ns UTC; None: not known."""
    short_allowed: bool = True
    """Whether more of the order's instrument may be sold than is held."""
    own: OwnPicture | None = None
    """The order's sleeve; None: a hand's order, or a sleeve without limits of its own."""


def reduces_only(exposure: Exposure, side: Side, quantity: int) -> bool:
    """Return whether an order can only shrink the position, with all working orders counted."""
    return quantity <= shrinkable(exposure, side)


def shrinkable(exposure: Exposure, side: Side) -> int:
    """Return the largest quantity of a side that can only shrink the position; 0 or less: none."""
    return -exposure.quantity * sign(side) - working_beside(exposure, side)


def enlarges_net(exposure: Exposure, side: Side, quantity: int) -> bool:
    """Return whether an order can leave the account with a larger position than it holds, on the order's side."""
    reach = exposure.quantity * sign(side) + working_beside(exposure, side) + quantity
    return reach > abs(exposure.quantity)


def working_beside(exposure: Exposure, side: Side) -> int:
    """Return the open quantity of a side, in units."""
    return exposure.buy_leaves if side == "buy" else exposure.sell_leaves


def exposure_of(order: OrderIntent, picture: Picture) -> Exposure:
    """Return the exposure of the order's own instrument.

    Raises:
        LookupError: If the picture has none.
    """
    for exposure in picture.exposures:
        if exposure.instrument.id == order.instrument:
            return exposure
    raise LookupError(f"picture must hold an exposure of {order.instrument}")


def quantity_text(exposure: Exposure, units: int) -> str:
    """Return a quantity in units as text."""
    return f"{exposure.instrument.quantity(units).normalize():f}"


def price_text(instrument: Instrument, units: Decimal) -> str:
    """Return a price in units, or between two of them, as text."""
    return f"{units.scaleb(-instrument.price_scale):.{instrument.price_scale}f}"
