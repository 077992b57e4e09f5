"""Sizing against reference cases: closed forms at 40 digits, each confirmed by a second method."""

import math
from pathlib import Path

import msgspec
import pytest

from tradebot.engine.sizing.beta import Beta
from tradebot.engine.sizing.kelly import (
    BinaryBet,
    Drift,
    binary_stake,
    careful_stake,
    drift_shrink,
    shrink_factor,
    shrunk_stake,
    sure_of_edge,
    with_commission,
    with_cost,
)
from tradebot.engine.sizing.target import chance


class Tolerance(msgspec.Struct):
    """How near is near."""

    rel: float
    abs: float


class Case(msgspec.Struct):
    """One worked case."""

    id: str
    inputs: dict[str, bool | float | list[float]]
    expected: dict[str, float | list[float]]
    tolerance: Tolerance

    def of(self, name: str, default: float | None = None) -> float:
        value = self.inputs.get(name, default)
        assert isinstance(value, int | float)
        return value

    def list_of(self, name: str) -> list[float]:
        value = self.inputs[name]
        assert isinstance(value, list)
        return value

    def check(self, **found: float | list[float]) -> None:
        for name, value in found.items():
            wanted = self.expected[name]
            pairs = zip(_listed(value), _listed(wanted), strict=True)
            rel, most = self.tolerance.rel, self.tolerance.abs
            near = [math.isclose(one, other, rel_tol=rel, abs_tol=most) for one, other in pairs]
            assert all(near), (self.id, name, value, wanted)


def _listed(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


HERE = Path(__file__).parents[2] / "reference" / "sizing.json"
CASES = {case.id: case for case in msgspec.json.decode(HERE.read_bytes(), type=list[Case])}


def family(name: str) -> list[Case]:
    return [case for key, case in CASES.items() if key.rsplit("-", 1)[0] == name]


@pytest.mark.parametrize("case", family("kelly-binary"), ids=lambda case: case.id)
def test_a_binary_bet(case: Case) -> None:
    bet = BinaryBet(case.of("p"), case.of("b"), case.of("a", 1))
    case.check(
        f_star=bet.stake,
        growth=bet.growth(bet.stake),
        growth_half_kelly=bet.growth(bet.stake / 2),
        curvature=bet.curvature(bet.stake),
        edge=bet.edge,
    )


@pytest.mark.parametrize("case", family("kelly-binary-noedge"), ids=lambda case: case.id)
def test_no_edge_is_no_bet(case: Case) -> None:
    bet = BinaryBet(case.of("p"), case.of("b"))
    case.check(f_raw=bet.unclamped, f_star=bet.stake, growth=bet.growth(bet.stake))


@pytest.mark.parametrize("case", family("kelly-binary-cost"), ids=lambda case: case.id)
def test_the_two_kinds_of_cost_differ(case: Case) -> None:
    inputs = (case.of("p"), case.of("b"), case.of("c"))
    case.check(
        f_commission_on_winnings=with_commission(*inputs).stake,
        f_cost_on_stake=with_cost(*inputs).stake,
    )


@pytest.mark.parametrize("case", family("kelly-merton"), ids=lambda case: case.id)
def test_a_drifting_price(case: Case) -> None:
    drift = Drift(case.of("mu"), case.of("r"), case.of("sigma"))
    case.check(
        f_star=drift.stake,
        growth=drift.growth(drift.stake),
        fractional_growth=[drift.growth(c * drift.stake) for c in case.list_of("c")],
        sharpe=drift.sharpe,
        f_zero_excess_growth=2 * drift.stake,
    )


@pytest.mark.parametrize("case", family("kelly-drift-shrink"), ids=lambda case: case.id)
def test_an_estimated_drift_is_shrunk(case: Case) -> None:
    case.check(k=drift_shrink(case.of("m"), case.of("se")))


@pytest.mark.parametrize("case", family("kelly-bayes"), ids=lambda case: case.id)
def test_an_uncertain_chance(case: Case) -> None:
    belief = Beta(case.of("prior_a") + case.of("wins"), case.of("prior_b") + case.of("losses"))
    pays, q = case.of("b"), case.of("q")
    case.check(
        post_mean=belief.mean,
        post_var=belief.variance,
        f_mean=binary_stake(belief, pays),
        p_quantile=belief.quantile(q),
        f_quantile=careful_stake(belief, pays, q),
        p_edge_positive=sure_of_edge(belief, pays),
        shrink_factor=shrink_factor(belief, pays),
        f_shrunk=shrunk_stake(belief, pays),
    )


@pytest.mark.parametrize("case", family("utility-stop"), ids=lambda case: case.id)
def test_target_before_floor_of_a_growing_wealth(case: Case) -> None:
    now, floor, target = (math.log(case.of(name)) for name in ("x", "lo", "hi"))
    found = chance(now, floor, target, case.of("nu"), case.of("vol") ** 2)
    case.check(p_target=found)


def test_every_case_is_used() -> None:
    used = ("kelly-binary", "kelly-binary-noedge", "kelly-binary-cost", "kelly-merton")
    used += ("kelly-drift-shrink", "kelly-bayes", "utility-stop")
    assert sorted(CASES) == sorted(case.id for name in used for case in family(name))
