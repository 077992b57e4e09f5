"""Target before floor, and what settled bets prove: the worked figures of the House picture."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.sizing.kelly import BinaryBet
from tradebot.engine.sizing.target import (
    Spread,
    chance,
    chance_from_bets,
    coin_flip,
    spread_of,
)

WORKED = (24_311.0, 21_600.0, 28_800.0)


def test_the_marker_stands_at_the_coin_flip_chance() -> None:
    assert round(coin_flip(*WORKED), 4) == 0.3765
    assert round(coin_flip(24_310.55, 21_600, 28_800), 3) == 0.376


def test_the_hands_books() -> None:
    """41 bets of 60 at risk paying 2.640 : 1, said to win 0.40; 13 won."""
    said = BinaryBet(0.40, 2.640)
    expected, deviation = 41 * 60 * said.edge, 60 * said.spread * 41**0.5
    results = [2.640] * 13 + [-1.0] * 28
    actual = 60 * sum(results)
    assert (round(expected), round(deviation), round(actual)) == (1122, 685, 379)
    assert round((actual - expected) / deviation, 1) == -1.1
    shown = spread_of(41, sum(results), sum(r * r for r in results))
    low, high = shown.interval() or (0.0, 0.0)
    assert (round(shown.mean, 2), round(low, 2), round(high, 2)) == (0.15, -0.36, 0.67)
    assert shown.proof() == 464


@pytest.mark.parametrize(
    ("spread", "interval", "proof"),
    [
        (Spread(83, 0.0372, 1.185), (-0.22, 0.29), 3_899),
        (Spread(212, 0.0649, 0.6042), (-0.02, 0.15), 333),
    ],
    ids=["trend-btc", "rebalance"],
)
def test_the_sleeves_books(spread: Spread, interval: tuple[float, float], proof: int) -> None:
    low, high = spread.interval() or (0.0, 0.0)
    assert (round(low, 2), round(high, 2)) == interval
    assert spread.proof() == proof


def test_proof_is_the_number_at_which_the_interval_leaves_zero() -> None:
    few = Spread(10, 0.2, 1.0)
    needed = few.proof()
    assert needed is not None
    after, before = Spread(needed, 0.2, 1.0), Spread(needed - 1, 0.2, 1.0)
    assert (after.interval() or (0.0,))[0] >= 0.0
    assert (before.interval() or (0.0,))[0] < 0.0


@pytest.mark.parametrize("spread", [Spread(0, 0, 0), Spread(1, 1, 0), Spread(9, 0, 1)])
def test_nothing_is_proven_of_nothing(spread: Spread) -> None:
    assert spread.proof() is None


def test_without_an_edge_the_chance_is_the_coins() -> None:
    assert chance(*WORKED, 0.0, 90_000.0) == coin_flip(*WORKED)
    assert math.isclose(chance(*WORKED, 1e-14, 90_000.0), coin_flip(*WORKED))


def test_too_few_bets_say_nothing() -> None:
    assert chance_from_bets(*WORKED, Spread(29, 5.0, 300.0)) is None
    assert chance_from_bets(*WORKED, Spread(30, 5.0, 300.0)) is not None


def test_the_interval_of_the_chance_holds_it() -> None:
    found = chance_from_bets(*WORKED, Spread(124, 4.5, 300.0))
    assert found is not None
    assert found.low < coin_flip(*WORKED) < found.value < found.high


money = st.floats(1, 1e6)


@given(money, money, st.floats(0, 1), st.floats(-1e4, 1e4), st.floats(1e-3, 1e8))
def test_a_chance_stays_one_and_grows_with_the_edge(
    floor: float, width: float, place: float, mean: float, variance: float
) -> None:
    target = floor + width
    now = floor + place * width
    found = chance(now, floor, target, mean, variance)
    line = coin_flip(now, floor, target)
    assert 0.0 <= found <= 1.0 + 1e-12
    if mean > 0:
        assert found >= line - 1e-9
    else:
        assert found <= line + 1e-9


@given(st.floats(-50, 50), st.floats(0.01, 0.99))
def test_the_chance_of_the_floor_is_the_mirrored_one(mean: float, place: float) -> None:
    up = chance(place, 0.0, 1.0, mean, 10.0)
    down = chance(1 - place, 0.0, 1.0, -mean, 10.0)
    assert abs(up + down - 1.0) < 1e-9


def test_a_random_walk_agrees() -> None:
    """Bets of +-1 won 52 of 100 from 10 of 20: gambler's ruin says 0.690, the diffusion nearly so."""
    q_over_p = 0.48 / 0.52
    exact = (1 - q_over_p**10) / (1 - q_over_p**20)
    mean, variance = 0.04, 1 - 0.04**2
    assert abs(chance(10, 0, 20, mean, variance) - exact) < 2e-3
    dice, reached = random.Random(7), 0  # noqa: S311  (a walk, no secret)
    for _ in range(2_000):
        at = 10
        while 0 < at < 20:
            at += 1 if dice.random() < 0.52 else -1
        reached += at == 20
    assert abs(reached / 2_000 - exact) < 0.03


def test_a_sure_drift_reaches_its_end() -> None:
    assert chance(1, 0, 2, 1.0, 0.0) == 1.0
    assert chance(1, 0, 2, -1.0, 0.0) == 0.0


@pytest.mark.parametrize(("now", "line"), [(-5.0, 0.0), (50.0, 1.0)])
def test_a_game_that_is_over_stays_over(now: float, line: float) -> None:
    assert chance(now, 0.0, 10.0, 1.0, 4.0) == line


def test_a_floor_above_the_target_is_refused() -> None:
    with pytest.raises(ValueError, match="the floor must be below the target"):
        coin_flip(1, 3, 2)


def test_a_negative_variance_is_refused() -> None:
    with pytest.raises(ValueError, match="variance must be >= 0"):
        chance(1, 0, 2, 1.0, -1.0)
