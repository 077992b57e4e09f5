"""What a want must be, before anything is done for it."""

from decimal import Decimal

from tradebot.engine.core.actions import Want, WantFlat, WantQuantity, WantRisk, WantWeight
from tradebot.engine.core.types import SECOND, Owner

WANT_TIMER = "want:"
"""Timers at which a policy whose want is not reached is asked again; the sleeve's name follows."""

TRY_AGAIN = SECOND
"""After which a policy whose want is not reached is asked again, if nothing asks it before."""


class UnfitWant(ValueError):  # noqa: N818  (says what is unfit)
    """A want that nothing can be made of; the text names value and bound."""


def want_timer(sleeve: Owner) -> str:
    """Return the timer of a sleeve's unreached want."""
    return f"{WANT_TIMER}{sleeve}"


def check_want(want: Want) -> None:
    """Raise what is wrong with a want, if anything is.

    Raises:
        UnfitWant: If a number is no finite decimal, or out of its bounds.
    """
    match want:
        case WantFlat():
            return
        case WantQuantity():
            _number("quantity", want.quantity)
        case WantWeight():
            _number("weight", want.weight)
        case WantRisk():
            if want.side not in {"buy", "sell"}:
                raise UnfitWant(f"side must be buy or sell, is {want.side!r}")
            if not 0 < _number("risk", want.risk) <= 1:
                raise UnfitWant(f"risk must be a share of capital in (0, 1], is {want.risk}")
            if _number("stop", want.stop) <= 0:
                raise UnfitWant(f"stop must be a distance in price > 0, is {want.stop}")
            target = want.take_profit
            if target is not None and _number("take_profit", target) <= 0:
                raise UnfitWant(f"take_profit must be a distance in price > 0, is {target}")
            if want.pyramid not in {None, "house-money"}:
                raise UnfitWant(f"pyramid must be None or 'house-money', is {want.pyramid!r}")


def _number(name: str, value: object) -> Decimal:
    """Return a number as the decimal it must be; annotations do not bind at run time."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise UnfitWant(f'{name} must be a finite Decimal, is {value!r}: write Decimal("...")')
    return value
