"""Open risk: what is lost if every stop is hit, each a little worse than it stands."""

from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument

SLIP = Decimal("0.01")
"""How much worse than its trigger a stop is counted to fill, as a fraction of the trigger."""

ZERO = Decimal(0)


class Stop(msgspec.Struct, frozen=True):
    """A stop that closes, standing or promised with an entry."""

    quantity: int
    """In units, > 0."""
    trigger: int
    """In price units."""


def at_stop(
    instrument: Instrument, quantity: int, price: Decimal, stop: Decimal, way: int
) -> Decimal:
    """Return what is lost from a price to a stop that slips, in the quote currency; never below 0.

    Args:
        instrument: What is held.
        quantity: How much, in units, >= 0.
        price: What it is valued at now, or the entry.
        stop: Where the stop stands.
        way: +1 for a long position, -1 for a short one.
    """
    lost = (price - stop) * way + stop * SLIP
    return max(lost, ZERO) * instrument.quantity(quantity) * instrument.multiplier


def side_risk(
    instrument: Instrument,
    units: int,
    price: Decimal,
    stops: tuple[Stop, ...],
    way: int,
    unprotected: Decimal,
) -> Decimal:
    """Return what a position of so many units can lose: to its stops, and a share of what none covers.

    Args:
        instrument: What is held.
        units: Size of the position, >= 0; 0 or less risks nothing.
        price: What it is valued at.
        stops: Those that close this side, the nearest last to be counted on.
        way: +1 long, -1 short.
        unprotected: Share of notional counted as lost where no stop stands.
    """
    total, left = ZERO, max(units, 0)
    # Where stops cover more than is held, those that lose most are counted.
    for stop in sorted(stops, key=lambda one: one.trigger * way):
        covered = min(stop.quantity, left)
        total += at_stop(instrument, covered, price, instrument.price(stop.trigger), way)
        left -= covered
    return total + instrument.quantity(left) * price * instrument.multiplier * unprotected
