"""What the examples in the owner's spirit decide, each at the points where it changes its mind."""

import math
from decimal import Decimal

import pytest
from tests.engine.policies.test_examples import asked

from tradebot.engine.core.actions import OrderSeq, WantFlat, WantWeight
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.records import Record
from tradebot.engine.policies.barbell import Barbell, BarbellParams
from tradebot.engine.policies.target import HOUR, TargetParams, ended, volatility
from tradebot.engine.policies.trend import ENTRY, TrendParams, supported


def wanted(answer: OrderSeq) -> Decimal | None:
    (only,) = answer.actions
    assert isinstance(only, WantWeight | WantFlat)
    return only.weight if isinstance(only, WantWeight) else None


def test_the_barbell_holds_a_multiple_of_its_cushion() -> None:
    # 20,000 of cash over a floor of 18,000: three times a cushion of 2,000 is 30 % of it.
    assert wanted(asked(Barbell())) == Decimal("0.3")
    assert wanted(asked(Barbell(), params=BarbellParams(multiple=Decimal(10)))) == 1


def test_the_barbell_buys_what_rose_and_is_flat_once_the_cushion_is_spent() -> None:
    rich, poor = asked(Barbell(), cash="24000"), asked(Barbell(), cash="18000")
    assert wanted(rich) == Decimal("0.75")
    assert wanted(poor) is None
    assert poor.because.code == "cushion-spent"


def record(count: int, mean: float, deviation: float) -> Record:
    squares = count * (mean**2 + deviation**2)
    return Record(
        settled=count, risked=count, r=int(count * mean * 1e6), squares=int(squares * 1e12)
    )


def risk_with(found: Record) -> Decimal:
    portfolio = PortfolioState(
        positions={},
        orders=(),
        markets={},
        cash=Decimal(10_000),
        capital=Decimal(10_000),
        records={ENTRY: found},
    )
    return supported(portfolio, TrendParams.of(None))


def test_the_trend_probes_until_its_record_is_long_enough_to_be_heard() -> None:
    assert risk_with(Record()) == Decimal("0.001")
    assert risk_with(record(29, 1.0, 1.0)) == Decimal("0.001")


def test_the_trend_risks_half_of_what_its_record_supports_within_its_bound() -> None:
    # mean 0.02 R over mean square 1.0004 + ... : half of 0.02 / (0.0004 + 1.9996) = 0.005.
    assert risk_with(record(100, 0.02, 1.9996**0.5)) == Decimal("0.0050")
    assert risk_with(record(100, 0.5, 1.0)) == Decimal("0.0100")


def test_the_trend_stops_betting_where_its_record_supports_no_bet() -> None:
    assert risk_with(record(100, -0.1, 1.0)) == 0


@pytest.mark.parametrize(
    ("gained", "left", "why"),
    [
        ("0.02", HOUR, "target-reached"),
        ("0.0199", HOUR, ""),
        ("-0.02", HOUR, "floor-reached"),
        ("-0.0199", HOUR, ""),
        ("0", 0, "deadline-passed"),
        ("0", 1, ""),
    ],
)
def test_the_seeker_ends_at_its_target_its_floor_and_its_deadline(
    gained: str, left: int, why: str
) -> None:
    assert ended(Decimal(gained), left, TargetParams.of(None)) == why


def test_volatility_is_of_log_returns_and_unknown_with_one() -> None:
    assert volatility([100.0, 101.0]) == 0.0
    # Up and down by one per cent a minute: sd of +-0.00995 with one degree of freedom lost.
    found = volatility([100.0, 101.0, 100.0])
    assert math.isclose(found, 0.0140721 * 525_600**0.5, rel_tol=1e-4)
