"""Exact numbers from text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import SCALE_MAX, UNITS_MAX, to_units
from tradebot.data.numbers import NumberSurvey, text_from_units, units_from_text


@given(units=st.integers(0, UNITS_MAX), scale=st.integers(0, SCALE_MAX))
def test_units_survive_the_way_to_text_and_back(units: int, scale: int) -> None:
    assert units_from_text(text_from_units(units, scale), scale) == units


@given(
    whole=st.integers(0, 10**6),
    fraction=st.text("0123456789", max_size=12),
    zeros=st.integers(0, 9),
)
def test_text_gives_the_units_a_decimal_gives(whole: int, fraction: str, zeros: int) -> None:
    text = f"{whole}.{fraction}{'0' * zeros}"
    assert units_from_text(text, 12) == to_units(Decimal(text), 12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ".5",
        "-1",
        "+1",
        "1e5",
        "1_000",
        "NaN",
        "inf",
        " 1",
        "1 ",
        "0x1",
        "1.2.3",
        "\u0661",
        "9" * 60,
    ],
)
def test_text_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ScaleError, match="number must be"):
        units_from_text(text, 4)


@given(text=st.text())
def test_any_text_gives_units_or_a_scale_error(text: str) -> None:
    try:
        assert units_from_text(text, 8) >= 0
    except ScaleError:
        return


def test_more_decimals_than_the_scale_are_refused_but_zeros_are_not() -> None:
    assert units_from_text("1.5000000000", 1) == 15
    with pytest.raises(ScaleError, match=r"at most 1 decimals, was '1\.55'"):
        units_from_text("1.55", 1)


def test_number_beyond_64_bits_is_refused() -> None:
    assert units_from_text(str(UNITS_MAX), 0) == UNITS_MAX
    with pytest.raises(ScaleError, match="must be at most"):
        units_from_text(str(UNITS_MAX + 1), 0)


@pytest.mark.parametrize(
    ("units", "scale", "text"),
    [(0, 0, "0"), (0, 3, "0"), (-5, 2, "-0.05"), (6_183_763, 2, "61837.63"), (1_500, 3, "1.5")],
)
def test_units_are_written_without_needless_zeros(units: int, scale: int, text: str) -> None:
    assert text_from_units(units, scale) == text


def test_survey_finds_the_fewest_decimals_that_hold_everything() -> None:
    survey = NumberSurvey()
    survey.add(["61837.63000000", "0.00100000", "5", "junk", ""])
    assert survey.scale() == 3


def test_survey_gives_up_the_rarer_of_two_numbers_that_do_not_fit_one_scale() -> None:
    survey = NumberSurvey()
    survey.add(["12.345678901"] * 50 + ["99999999999999.0"])
    assert survey.scale() == 9
    other = NumberSurvey()
    other.add(["0.123456789012"] + ["99999999999999.0"] * 50)
    assert other.scale() == 0


def test_survey_passes_over_numbers_no_scale_can_hold() -> None:
    survey = NumberSurvey()
    survey.add(["1.5", "0." + "1" * 30, "9" * 41])
    assert survey.scale() == 1
    assert NumberSurvey().scale() == 0


def test_survey_step_is_what_practically_all_numbers_are_multiples_of() -> None:
    survey = NumberSurvey()
    survey.add(["0.5", "1.0", "2.5"] * 1_000)
    assert survey.step(1) == 5
    survey.add(["0.0001"])
    assert survey.scale() == 4
    assert survey.step(4) == 5_000
    assert NumberSurvey().step(4) == 1
