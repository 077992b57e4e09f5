"""Legs of a structure as they are typed: `spot:1:stop=95:target=115`."""

import math

from tradebot.engine.sizing.payoff import Bought, Leg, Pyramid, Spot

FORMS = "spot:QTY[:stop=P][:target=P][:trail=D][:at=P], call:QTY:STRIKE:PREMIUM, put:..., pyramid:QTY:STEP:UNITS"
_KEYS = frozenset({"stop", "target", "trail", "at"})
_PARTS = 3
"""Figures of an option and of a pyramid."""


def leg_of(text: str) -> Leg:
    """Return a leg from its text.

    Raises:
        ValueError: If it has none of the forms.
    """
    kind, *parts = text.split(":")
    bare = [part for part in parts if "=" not in part]
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    if kind == "spot" and len(bare) == 1 and named.keys() <= _KEYS:
        values = {key: _number(value, text) for key, value in named.items()}
        return Spot(quantity=_number(bare[0], text), **values)
    if kind in {"call", "put"} and len(bare) == _PARTS and not named:
        quantity, strike, premium = (_number(part, text) for part in bare)
        return Bought(quantity, "call" if kind == "call" else "put", strike, premium)
    if kind == "pyramid" and len(bare) == _PARTS and not named:
        quantity, step, units = (_number(part, text) for part in bare)
        return Pyramid(quantity=quantity, step=step, units=int(units))
    raise ValueError(f"a leg must be one of {FORMS}, was {text!r}")


def _number(text: str, leg: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(f"{leg}: {text!r} must be a number") from error
    if not math.isfinite(value):
        raise ValueError(f"{leg}: {text!r} must be finite")
    return value
