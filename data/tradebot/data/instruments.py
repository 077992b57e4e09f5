"""What can be traded: identity, fixed number scales, and the dated rules an order must obey.

A price or quantity inside the house is an integer in the instrument's *scale* (number of decimals), which never changes
for an instrument record. Tick, lot and minimum are *rules for orders* and dated: real prints lie off the tick.
"""

from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext
from typing import Literal, NewType

import msgspec

from tradebot.data.errors import ScaleError

InstrumentId = NewType("InstrumentId", str)
"""`venue:symbol` in the venue's own spelling, e.g. `binance:BTCUSDT`."""

type InstrumentKind = Literal["spot", "equity", "future", "perpetual", "option", "fx"]
"""What kind of contract the instrument is."""

type Right = Literal["call", "put"]
"""Which way an option pays."""

SCALE_MAX = 12
"""Most decimals a price or quantity may have (an i64 then still holds 9 million units)."""

UNITS_MAX = 2**63 - 1
"""Largest price or quantity in units: what an i64 holds."""

_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
"""Wide enough for the product of two quantities of units; what would lose a digit raises."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue demands of an order from `valid_from` on, in the instrument's integer units."""

    valid_from: int = 0
    """First instant of these rules, ns UTC."""
    tick: int
    """Price step of an order, in price units, > 0."""
    lot: int
    """Quantity step of an order, in quantity units, > 0."""
    quantity_min: int = 1
    """Smallest order quantity, in quantity units."""
    quantity_max: int = UNITS_MAX
    """Largest order quantity, in quantity units."""
    notional_min: Decimal = Decimal(0)
    """Smallest price x quantity x multiplier of an order, in the quote currency."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable contract at one venue."""

    id: InstrumentId
    """`venue:symbol`."""
    kind: InstrumentKind
    """What kind of contract it is."""
    base: str
    """Asset one buys: `BTC`, `AAPL`."""
    currency: str
    """Currency the price is quoted and settled in: `USDT`, `USD`."""
    price_scale: int
    """Decimals of an integer price, in [0, SCALE_MAX]."""
    quantity_scale: int
    """Decimals of an integer quantity, in [0, SCALE_MAX]."""
    multiplier: Decimal = Decimal(1)
    """Units of `base` per contract; notional = price x quantity x multiplier."""
    rules: tuple[Rules, ...]
    """Dated rules, oldest first, at least one."""
    expiry: int | None = None
    """Last instant of a future or option, ns UTC."""
    strike: Decimal | None = None
    """Strike of an option, in the quote currency."""
    right: Right | None = None
    """Call or put."""
    settlement: Literal["cash", "physical"] | None = None
    """How a derivative settles."""
    inverse: bool = False
    """True where a contract is a fixed amount of `currency` settled in `base`, as Binance's COIN-M: `multiplier` is
    then that amount, and notional = quantity x multiplier at any price."""

    @property
    def venue(self) -> str:
        """Return the part of the id before the colon."""
        return self.id.partition(":")[0]

    @property
    def symbol(self) -> str:
        """Return the part of the id after the colon: the venue's own spelling."""
        return self.id.partition(":")[2]

    def rules_at(self, ts: int) -> Rules:
        """Return the rules in force at an instant.

        Args:
            ts: Instant, ns UTC. Before the first dated rules the first ones hold.
        """
        current = self.rules[0]
        for rules in self.rules:
            if rules.valid_from > ts:
                break
            current = rules
        return current

    def price_units(self, price: Decimal) -> int:
        """Return a decimal price as integer units.

        Raises:
            ScaleError: If the price has more decimals than the scale, or does not fit an i64.
        """
        return to_units(price, self.price_scale, what=f"price of {self.id}")

    def quantity_units(self, quantity: Decimal) -> int:
        """Return a decimal quantity as integer units.

        Raises:
            ScaleError: If the quantity has more decimals than the scale, or does not fit an i64.
        """
        return to_units(quantity, self.quantity_scale, what=f"quantity of {self.id}")

    def price(self, units: int) -> Decimal:
        """Return integer price units as an exact decimal with the scale's number of decimals."""
        return from_units(units, self.price_scale)

    def quantity(self, units: int) -> Decimal:
        """Return integer quantity units as an exact decimal with the scale's number of decimals."""
        return from_units(units, self.quantity_scale)

    def notional(self, price_units: int, quantity_units: int) -> Decimal:
        """Return price x quantity x multiplier in the quote currency, exactly; inverse: quantity x multiplier."""
        if self.inverse:
            return from_units(quantity_units, self.quantity_scale) * self.multiplier
        product = from_units(price_units * quantity_units, self.price_scale + self.quantity_scale)
        return product * self.multiplier


def to_units(value: Decimal, scale: int, *, what: str = "value") -> int:
    """Return an exact decimal as integer units of 10**-scale.

    Args:
        value: The decimal, finite.
        scale: Decimals of a unit, in [0, SCALE_MAX].
        what: What the value is, for the error message.

    Raises:
        ScaleError: If the value is not finite, has more decimals than `scale`, or does not fit an i64.
    """
    if not value.is_finite():
        raise ScaleError(f"{what} must be finite, was {value}")
    if abs(value) > UNITS_MAX:
        raise ScaleError(f"{what} must be at most {UNITS_MAX}e-{scale}, was {value}")
    with localcontext(prec=60):
        scaled = value.scaleb(scale)
        units = int(scaled)
        if scaled != units:
            raise ScaleError(f"{what} must have at most {scale} decimals, was {value}")
    if abs(units) > UNITS_MAX:
        raise ScaleError(f"{what} must be at most {UNITS_MAX}e-{scale}, was {value}")
    return units


def from_units(units: int, scale: int) -> Decimal:
    """Return integer units of 10**-scale as an exact decimal with `scale` decimals."""
    return Decimal(units).scaleb(-scale, _EXACT)
