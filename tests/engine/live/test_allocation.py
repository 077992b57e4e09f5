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


def test_growth_comes_later_and_an_empty_pool_cannot_be_shared() -> None:
    with pytest.raises(Refused, match="not yet: --by growth"):
        propose("growth", POOL, [claim("a", None)], "USD")
    with pytest.raises(Refused, match="the pool is 0 USD"):
        propose("equal", Decimal(0), [claim("a", None)], "USD")


def test_a_swing_is_the_spread_of_results_and_a_bet_told_again_counts_once() -> None:
    results = [Decimal(n % 5 * 10 - 15) for n in range(12)]
    told = [bet(n, str(result)) for n, result in enumerate(results)]
    again = [bet(0, "999"), *told[1:], told[0]]
    assert swings(again) == {"a": (12, stdev(results))}
    assert swings(told[:9]) == {"a": (9, None)}
    assert swings([bet(n, "1", rate="") for n in range(12)]) == {"a": (0, None)}
    assert claim_of(Owner("a"), Decimal(1000), 12, Decimal(20)).swing == Decimal("0.02")
