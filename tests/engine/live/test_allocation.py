"""Proposals for capital: shares that fill the pool and never exceed it."""

from decimal import Decimal
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.engine import Refused
from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.types import AccountName, BetId, Owner
from tradebot.engine.live.allocation import Claim, claim_of, propose, swings
from tradebot.engine.live.daily_results import daily

POOL = Decimal(100_000)


def claim(name: str, swing: str | None, settled: int = 40) -> Claim:
    return Claim(Owner(name), Decimal(1000), None if swing is None else Decimal(swing), settled)


def bet(number: int, result: str, owner: str = "a", rate: str = "1") -> BetSettled:
    return BetSettled(
        bet_id=BetId(f"b{number}"),
        account=AccountName("x"),
        instrument=InstrumentId("s:A"),
        owner=Owner(owner),
        version="v",
        side="buy",
        tag="t",
        opened=1,
        closed=2,
        quantity=1,
        currency="USD",
        risk=None,
        result=result,
        r=None,
        rate=rate,
    )


def proposed(by: str, claims: list[Claim]) -> dict[str, str]:
    found = propose("risk" if by == "risk" else "equal", POOL, claims, "USD")
    return {line.sleeve: line.proposed for line in found.lines}


def test_equal_gives_each_the_same() -> None:
    claims = [claim("a", "0.01"), claim("b", None), claim("c", "0.5")]
    assert set(proposed("equal", claims).values()) == {"33333.33"}


def test_half_the_swing_gets_twice_the_capital() -> None:
    assert proposed("risk", [claim("a", "0.02"), claim("b", "0.01")]) == {
        "a": "33333.33",
        "b": "66666.66",
    }


def test_a_sleeve_of_unknown_swing_gets_the_mean_share_and_says_so() -> None:
    claims = [claim("a", "0.02"), claim("b", "0.02"), claim("new", None, 3)]
    found = propose("risk", POOL, claims, "USD")
    assert [line.proposed for line in found.lines] == ["33333.33"] * 3
    assert found.lines[2].why == "swing unknown, 3 settled bets: mean share"
    assert "tradebot policy capital a 33333.33" in found.commands


@given(
    st.lists(st.one_of(st.none(), st.decimals("0.0001", "10", places=4)), min_size=1, max_size=8)
)
def test_shares_never_exceed_the_pool_and_leave_at_most_a_cent_each(
    shares: list[Decimal | None],
) -> None:
    claims = [Claim(Owner(f"s{n}"), Decimal(1), swing, 40) for n, swing in enumerate(shares)]
    total = sum(Decimal(text) for text in proposed("risk", claims).values())
    assert POOL - Decimal("0.01") * len(claims) <= total <= POOL


def grown(results: dict[str, list[int]], *, bets: int = 40) -> dict[str, Decimal]:
    """Return proposals for sleeves of 1,000 capital that brought these amounts on successive days."""
    days = {
        Owner(name): {day: Decimal(value) for day, value in enumerate(values)}
        for name, values in results.items()
    }
    claims = [claim(name, "0.01", bets) for name in results]
    found = propose("growth", POOL, claims, "USD", days)
    return {line.sleeve: Decimal(line.proposed) for line in found.lines}


def test_growth_gives_the_proved_edge_most_and_the_losing_one_nothing() -> None:
    strong, weak, losing = [12, -8] * 200, [31, -29] * 200, [8, -12] * 200
    found = grown({"strong": strong, "weak": weak, "losing": losing})
    assert found["losing"] == 0
    assert found["strong"] > found["weak"] >= 0
    assert sum(found.values()) <= POOL


def test_growth_believes_less_of_an_edge_with_a_short_record() -> None:
    long, short = grown({"a": [60, -50] * 400}), grown({"a": [60, -50] * 15})
    assert short["a"] < long["a"]


def test_growth_leaves_a_sleeve_without_a_record_its_capital() -> None:
    claims = [claim("a", "0.01"), claim("new", None, 3)]
    days = {Owner("a"): {day: Decimal(12 - 20 * (day % 2)) for day in range(400)}}
    found = {line.sleeve: line for line in propose("growth", POOL, claims, "USD", days).lines}
    assert found["new"].proposed == "1000.00"
    assert "3 of 10 bets" in found["new"].why
    assert Decimal(found["a"].proposed) + 1000 <= POOL


def test_growth_without_a_record_and_an_empty_pool_are_refused() -> None:
    with pytest.raises(Refused, match="no record to grow by"):
        propose("growth", POOL, [claim("a", None, 3)], "USD", {})
    with pytest.raises(Refused, match="no record to grow by"):
        grown({"a": [1] * 5})
    with pytest.raises(Refused, match="the pool is 0 USD"):
        propose("equal", Decimal(0), [claim("a", None)], "USD")


def test_results_are_summed_by_day_and_a_bet_told_again_counts_once() -> None:
    told = [bet(1, "5"), bet(1, "7"), bet(2, "-3"), bet(3, "9", rate="")]
    assert daily(told) == {Owner("a"): {0: Decimal(4)}}


def test_a_swing_is_the_spread_of_results_and_a_bet_told_again_counts_once() -> None:
    results = [Decimal(n % 5 * 10 - 15) for n in range(12)]
    told = [bet(n, str(result)) for n, result in enumerate(results)]
    again = [bet(0, "999"), *told[1:], told[0]]
    assert swings(again) == {"a": (12, stdev(results))}
    assert swings(told[:9]) == {"a": (9, None)}
    assert swings([bet(n, "1", rate="") for n in range(12)]) == {"a": (0, None)}
    assert claim_of(Owner("a"), Decimal(1000), 12, Decimal(20)).swing == Decimal("0.02")
