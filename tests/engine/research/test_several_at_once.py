"""Several instruments, currencies and sleeves in one backtest."""

from decimal import Decimal

import msgspec
import pytest
from tests.engine.research.conftest import PLAIN, UP, Market, Run, RunConfig

from tradebot.engine.cli.backtest import document
from tradebot.engine.live.errors import CannotRun

BOTH = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            held = (want.quantity(5, symbol=s, because=why("hold")) for s in ("csv:A", "csv:B"))
            return OrderSeq.of(*held, because=why("hold"))
"""
ONE = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            return want.quantity(5, because=why("hold"))
"""


DOWN = ["20.0,20.0,20.0,20.0", "19.0,19.0,19.0,19.0", "18.0,18.0,18.0,18.0", "17.0,17.0,17.0,17.0"]


def test_a_policy_sees_all_bars_of_an_instant_before_it_decides_and_decides_once(
    market: Market, run: Run
) -> None:
    source = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            a, b = (snapshot.bars("1d", symbol=s).last for s in ("csv:A", "csv:B"))
            if a.ts != b.ts:
                raise ValueError(f"{a.ts} is not {b.ts}")
            return OrderSeq.none(because=why("together", a=a.close, b=b.close))
    """
    result = run(
        source, market("A", UP), market("B", DOWN), rules=PLAIN, symbols=("csv:A", "csv:B")
    )
    assert result.ran.report.decisions == 4
    assert result.ran.report.reasons == {"together": 4}


def test_the_last_bar_of_an_instant_wakes_also_a_sleeve_that_does_not_trade_it(
    market: Market, run_config: RunConfig
) -> None:
    result = run_config([market("A", UP), market("B", DOWN)], first="csv:A", second="csv:B")
    begun = {order.owner: order.created for order in result.ran.submitted}
    assert set(begun) == {"one", "two"}
    assert len(set(begun.values())) == 1


def test_fills_of_two_instruments_are_the_sum_of_two_backtests_of_one(
    market: Market, run: Run
) -> None:
    a, b = market("A", UP), market("B", DOWN)
    together = run(BOTH, a, b, rules=PLAIN, symbols=("csv:A", "csv:B"))
    alone = [run(ONE, one, rules=PLAIN) for one in (a, b)]
    told = [(f.instrument, f.ts_event, f.price, f.quantity) for one in alone for f in one.ran.fills]
    assert sorted((f.instrument, f.ts_event, f.price, f.quantity) for f in together.ran.fills) == (
        sorted(told)
    )
    assert len(told) == 2
    assert together.equity_final - 100_000 == sum(one.equity_final - 100_000 for one in alone)


def test_two_currencies_in_one_account_are_valued_at_the_rate_and_kept_apart(
    market: Market, run: Run
) -> None:
    data = (market("A", UP), market("B", DOWN, "EUR"))
    result = run(
        BOTH,
        *data,
        rules=PLAIN,
        symbols=("csv:A", "csv:B"),
        currency="USD",
        besides={"EUR": Decimal(1000)},
        rates={"EUR": "1.5"},
    )
    assert result.ran.report.cash == {"USD": "99945.0", "EUR": "905.0"}
    assert result.equity[0][1] == 101_500
    assert result.equity_final == 101_500 + 5 * (13 - 11) + Decimal("1.5") * 5 * (17 - 19)
    assert result.cash_final == Decimal(99_945) + Decimal("1.5") * 905


def test_nothing_is_bought_with_money_of_another_currency(market: Market, run: Run) -> None:
    data = (market("A", UP), market("B", DOWN, "EUR"))
    result = run(
        BOTH, *data, rules=PLAIN, symbols=("csv:A", "csv:B"), currency="USD", rates={"EUR": "1.5"}
    )
    assert result.ran.report.open == {"csv:A": "5"}


def test_a_rate_may_be_another_instruments_price_that_is_not_traded(
    market: Market, run: Run
) -> None:
    data = (market("B", DOWN, "EUR"), market("FX", ["2.0,2.0,2.0,2.0"] * 4))
    result = run(
        ONE,
        *data,
        rules=PLAIN,
        symbols=("csv:B",),
        currency="USD",
        besides={"EUR": Decimal(1000)},
        rates={"EUR": "csv:FX"},
    )
    assert result.ran.report.symbols == ("csv:B",)
    assert result.equity_final == 102_000 + 2 * 5 * (17 - 19)


def test_sleeves_of_a_configuration_run_on_one_account_with_ledgers_of_their_own(
    market: Market, run_config: RunConfig
) -> None:
    result = run_config([market("A", UP)], first="csv:A", second="csv:A")
    sleeves = result.ran.report.sleeves
    assert list(sleeves) == ["one", "two"]
    assert (sleeves["one"].capital, sleeves["two"].capital) == ("40000.0", "30000")
    assert (Decimal(sleeves["one"].result), Decimal(sleeves["two"].result)) == (14, -6)
    assert (sleeves["one"].open, sleeves["two"].open) == ({"csv:A": "7"}, {"csv:A": "-3"})
    # The account holds the net, and its equity is the sum over the sleeves.
    assert result.ran.report.open == {"csv:A": "4"}
    assert result.equity_final == 100_000 + 14 - 6
    assert result.cash_final == 100_000 - 4 * 11
    told = document(result)["sleeves"]
    assert isinstance(told, dict)
    assert msgspec.convert(told["one"], dict[str, object])["orders"] == 1


def test_each_sleeves_trades_are_its_own(market: Market, run_config: RunConfig) -> None:
    result = run_config([market("A", UP)], first="csv:A", second="csv:A")
    owners = {order.owner: order.side for order in result.ran.submitted}
    assert owners == {"one": "buy", "two": "sell"}


def test_a_sleeve_that_trades_what_the_data_has_not_is_named(
    market: Market, run_config: RunConfig
) -> None:
    with pytest.raises(CannotRun, match="has no csv:Z"):
        run_config([market("A", UP)], first="csv:A", second="csv:Z")
