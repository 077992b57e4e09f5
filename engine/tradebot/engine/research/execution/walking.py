"""Orders filled: what a sweep through the visible book costs, and what was lost from the decision to the end."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.research.execution.fees import exact
from tradebot.native import walk

type Side = Literal["buy", "sell"]

BASIS_POINTS = 10_000.0

_DIGITS = 18
"""Of whole units that fit an i64."""


def sign_of(side: Side) -> float:
    """Return +1 of a purchase, -1 of a sale."""
    return 1.0 if side == "buy" else -1.0


class Sweep(msgspec.Struct, frozen=True):
    """A market order through visible levels; None: nothing was filled."""

    filled: float
    unfilled: float
    vwap: float | None
    worst_price: float | None
    cost_vs_best: float
    """Money paid more than at the best price."""
    slippage_bps: float | None
    """Against the middle, positive for a cost."""

    @property
    def effective_spread_bps(self) -> float | None:
        """Return twice the slippage."""
        return None if self.slippage_bps is None else 2.0 * self.slippage_bps


def sweep(side: Side, levels: Sequence[tuple[float, float]], quantity: float, mid: float) -> Sweep:
    """Walk a market order through (price, size) levels, best first.

    Raises:
        ValueError: If quantity or mid is not > 0.
    """
    if not (quantity > 0.0 and mid > 0.0):
        raise ValueError(f"quantity and mid must be > 0, were {quantity} and {mid}")
    scale = _scale([quantity, *(size for _, size in levels)])
    offered = [(number, _units(size, scale)) for number, (_, size) in enumerate(levels)]
    parts, unfilled = walk(offered, _units(quantity, scale))
    taken = [(levels[number][0], _quantity(part, scale)) for number, part in parts]
    left = _quantity(unfilled, scale)
    if not taken:
        return Sweep(0.0, quantity, None, None, 0.0, None)
    filled = math.fsum(part for _, part in taken)
    sign, best = sign_of(side), taken[0][0]
    vwap = math.fsum(price * part for price, part in taken) / filled
    return Sweep(
        filled=filled,
        unfilled=left,
        vwap=vwap,
        worst_price=taken[-1][0],
        cost_vs_best=math.fsum(sign * (price - best) * part for price, part in taken),
        slippage_bps=sign * (vwap - mid) / mid * BASIS_POINTS,
    )


def _scale(quantities: Sequence[float]) -> int:
    """Return so many decimals that all quantities are whole units, as far as they fit an i64."""
    exponents = [exact(one).normalize().as_tuple().exponent for one in quantities]
    wanted = max((-one for one in exponents if isinstance(one, int)), default=0)
    room = _DIGITS - len(str(int(max(quantities))))
    return max(min(wanted, room), 0)


def _units(quantity: float, scale: int) -> int:
    return int(exact(quantity).scaleb(scale).to_integral_value())


def _quantity(units: int, scale: int) -> float:
    return float(Decimal(units).scaleb(-scale))


class Shortfall(msgspec.Struct, frozen=True):
    """Perold's implementation shortfall (1988), in currency."""

    execution_cost: float
    opportunity_cost: float
    """Of what was ordered and not filled."""
    total: float
    """Both, and the fees."""
    bps: float
    """The total, of the notional at the decision."""
    realised_spread_cash: float
    """2 side (vwap - end mid) filled."""


class Order(msgspec.Struct, frozen=True):
    """An order as it was decided."""

    side: Side
    quantity: float
    """> 0."""
    decision_mid: float
    """> 0."""


def shortfall(
    order: Order, fills: Sequence[tuple[float, float]], end_mid: float, fees: float = 0.0
) -> Shortfall:
    """Return what an order cost from its decision to its end; fills are (price, quantity).

    Raises:
        ValueError: If the order's decision_mid or quantity is not > 0.
    """
    start, ordered = order.decision_mid, order.quantity
    if not (start > 0.0 and ordered > 0.0):
        raise ValueError(f"decision_mid and quantity must be > 0, were {start} and {ordered}")
    sign = sign_of(order.side)
    execution = sign * math.fsum((price - start) * quantity for price, quantity in fills)
    filled = math.fsum(quantity for _, quantity in fills)
    missed = sign * (end_mid - start) * (ordered - filled)
    total = execution + missed + fees
    realised = 2.0 * sign * math.fsum((price - end_mid) * quantity for price, quantity in fills)
    return Shortfall(execution, missed, total, total / (start * ordered) * BASIS_POINTS, realised)
