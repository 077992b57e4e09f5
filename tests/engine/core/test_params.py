"""Parameters: bounds held wherever they come from, defaults of the right type, all of it told."""

from decimal import Decimal
from typing import assert_type

import msgspec
import pytest

from tradebot.engine.core.params import Params, describe, param


class Trend(Params, frozen=True):
    """As in the contract."""

    window: int = param(50, ge=2, le=400, doc="bars in the mean")
    risk: Decimal = param("0.0025", gt=0, le="0.02", doc="of capital, lost at the stop")
    name: str = param("fast")
    plain: float = 1.5


class Wider(Trend, frozen=True):
    """Keeps the bounds it inherits."""

    extra: int = param(1, lt=3)


def test_defaults_are_of_the_annotated_type() -> None:
    made = Trend()
    assert (made.window, made.risk, made.name, made.plain) == (50, Decimal("0.0025"), "fast", 1.5)
    assert_type(made.window, int)
    assert_type(made.risk, Decimal)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"window": 1}, "window must be >= 2 and <= 400, is 1: set it within its bounds"),
        ({"window": 401}, "window must be >= 2 and <= 400, is 401"),
        ({"risk": "0"}, "risk must be > 0 and <= 0.02, is 0"),
        ({"risk": "0.021"}, "risk must be > 0 and <= 0.02, is 0.021"),
        ({"risk": "NaN"}, "risk must be > 0 and <= 0.02, is NaN"),
        ({"extra": 3}, "extra must be < 3, is 3"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_bound_and_remedy(
    given: dict[str, object], text: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=text.replace("(", r"\(")):
        msgspec.convert(given, Wider, strict=False)


def test_bounds_hold_for_a_struct_made_by_hand_too() -> None:
    with pytest.raises(ValueError, match="window must be"):
        Trend(window=1)
    with pytest.raises(ValueError, match="window must be a number"):
        Trend(window="x")  # pyright: ignore[reportArgumentType]
    assert Wider(window=2, extra=2).extra == 2


def test_parameters_are_described_in_order() -> None:
    told = [(p.name, p.type, p.default, p.bounds, p.doc) for p in describe(Wider)]
    assert told == [
        ("window", "int", "50", ">= 2 and <= 400", "bars in the mean"),
        ("risk", "Decimal", "0.0025", "> 0 and <= 0.02", "of capital, lost at the stop"),
        ("name", "str", "fast", "", ""),
        ("plain", "float", "1.5", "", ""),
        ("extra", "int", "1", "< 3", ""),
    ]
