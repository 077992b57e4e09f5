"""Orders on bars: where they fill, what they cost, and what is refused."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.research.conftest import HEAD, PLAIN, Run

from tradebot.data.events import Bar
from tradebot.engine.facade.backtests import backtest as facade_backtest
from tradebot.engine.facade.runs import runs
from tradebot.engine.journal.segments import read_market
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.research.backtest import NoData, PolicyFailed
from tradebot.engine.research.results import Backtest, frames, write_tables
from tradebot.engine.research.span import UnknownInstant, instant
from tradebot.engine.trial.costs import UnknownCommission, commission
from tradebot.engine.trial.delays import UnknownRules
from tradebot.engine.trial.rules import Changes, changed, rules_named

type Bars = Callable[[list[str]], str]

HOLD_ON_DAY_1 = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            return want.quantity(10, because=why("hold"))
"""


def once(order: str) -> str:
    """Return a policy that sends one order after its first bar."""
    return f"""
    import msgspec
    class Memory(msgspec.Struct, frozen=True):
        sent: bool = False
    class One:
        needs = (Bars("1d", history=1),)
        state = Memory

        def decide(self, portfolio, snapshot, context=None):
            if context.state is not None:
                return OrderSeq.none(because=why("done"))
            return OrderSeq.of({order}, because=why("once"), state=Memory(sent=True))
"""


def fills(result: Backtest) -> list[tuple[str, str, str]]:
    """Return (day, side, price) of each fill."""
    (what,) = result.ran.instruments
    return [
        (
            datetime.fromtimestamp(fill.ts_event // 10**9, UTC).date().isoformat(),
            fill.side,
            f"{what.price(fill.price):f}",
        )
        for fill in result.ran.fills
    ]


def test_an_order_of_a_close_fills_at_the_next_open_and_never_before(bars: Bars, run: Run) -> None:
    data = bars(["10.0,11.0,9.0,10.5", "12.0,12.5,11.0,12.0", "13.0,13.0,13.0,13.0"])
    result = run(HOLD_ON_DAY_1, data, rules=PLAIN)
    assert fills(result) == [("2024-01-02", "buy", "12.0")]
    assert result.equity_final == 100_000 + 10 * (13 - 12)
    assert result.cash_final == 100_000 - 120


def test_an_order_of_the_last_close_finds_no_open_and_does_not_fill(bars: Bars, run: Run) -> None:
    data = bars(["10.0,10.0,10.0,10.0", "10.0,10.0,10.0,10.0"])
    late = HOLD_ON_DAY_1.replace("history=1", "history=2")
    assert fills(run(late, data, rules=PLAIN)) == []


def test_with_this_close_it_fills_at_the_close_it_was_decided_on(bars: Bars, run: Run) -> None:
    data = bars(["10.0,11.0,9.0,10.5", "12.0,12.5,11.0,12.0"])
    rules = msgspec.structs.replace(PLAIN, fill="this-close")
    assert fills(run(HOLD_ON_DAY_1, data, rules=rules)) == [("2024-01-02", "buy", "10.5")]


@pytest.mark.parametrize(
    ("bar", "price"),
    [
        pytest.param("10.0,10.5,9.0,10.0", "9.5", id="touched inside: its own price"),
        pytest.param("9.2,9.8,9.0,9.6", "9.2", id="opened below: the open, which is better"),
        pytest.param("10.0,10.5,9.6,10.0", None, id="not reached"),
    ],
)
def test_a_resting_buy_limit_fills_where_the_bar_comes_to_it(
    bars: Bars, run: Run, bar: str, price: str | None
) -> None:
    data = bars(["10.0,10.0,10.0,10.0", "10.0,10.0,10.0,10.0", bar])
    order = 'buy(Decimal(10), limit=Decimal("9.5"), tif="gtc")'
    found = fills(run(once(order), data, rules=PLAIN))
    assert found == ([] if price is None else [(found[0][0], "buy", price)])


@pytest.mark.parametrize(
    ("bar", "price"),
    [
        pytest.param("10.0,10.5,9.0,10.0", "9.5", id="fallen through inside: at the stop"),
        pytest.param("9.0,9.2,8.8,9.0", "9.0", id="gapped below: at the open, which is worse"),
        pytest.param("10.0,10.5,9.6,10.0", None, id="not reached"),
    ],
)
def test_a_stop_is_set_off_where_the_walk_reaches_it_or_the_open_has_jumped_it(
    bars: Bars, run: Run, bar: str, price: str | None
) -> None:
    data = bars(["10.0,10.0,10.0,10.0", "10.0,10.0,10.0,10.0", bar])
    order = 'buy(Decimal(10), stop_loss=Decimal("9.5"))'
    found = fills(run(once(order), data, rules=PLAIN))
    assert found[0][1:] == ("buy", "10.0")
    assert [one[1:] for one in found[1:]] == ([] if price is None else [("sell", price)])


def test_of_stop_and_target_in_one_bar_the_one_on_the_nearer_side_of_the_open_comes_first(
    bars: Bars, run: Run
) -> None:
    order = 'buy(Decimal(10), stop_loss=Decimal("9.0"), take_profit=Decimal("11.0"))'
    flat = "10.0,10.0,10.0,10.0"
    nearer_high = run(once(order), bars([flat, flat, "10.0,11.5,8.0,10.0"]), rules=PLAIN)
    assert [price for _, _, price in fills(nearer_high)] == ["10.0", "11.0"]


def test_slippage_is_paid_by_whoever_takes_and_never_beyond_a_limit(bars: Bars, run: Run) -> None:
    data = bars(["10.0,10.0,10.0,10.0", "10.0,10.0,10.0,10.0", "10.0,10.0,10.0,10.0"])
    rules = msgspec.structs.replace(PLAIN, slippage=Decimal("0.05"))
    assert fills(run(HOLD_ON_DAY_1, data, rules=rules))[0][2] == "10.5"
    limited = once('buy(Decimal(10), limit=Decimal("10.2"), tif="gtc")')
    assert fills(run(limited, data, rules=rules))[0][2] == "10.2"


def test_round_trips_hold_fees_of_both_sides_and_their_sum_is_what_was_made(
    bars: Bars, run: Run
) -> None:
    source = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            close = snapshot.bars("1d").last.close
            return want.quantity(10 if close > 10 else -10, because=why("side"))
"""
    rows = ["11.0,11.0,11.0,11.0", "11.0,12.0,9.0,9.0", "9.0,9.0,9.0,9.0", "8.0,12.0,8.0,12.0"]
    data = bars([*rows, "12.0,12.0,12.0,12.0", "12.0,12.0,12.0,12.0"])
    result = run(source, data, rules=msgspec.structs.replace(PLAIN, commission="0.001"))
    assert [trade.side for trade in result.trades] == ["buy", "sell"]
    fees = Decimal(result.ran.report.fees)
    assert sum(trade.fees for trade in result.trades) + Decimal("0.12") == fees
    made = sum(trade.pnl for trade in result.trades) - Decimal("0.12")
    assert result.equity_final == 100_000 + made


def test_house_limits_bind_a_whole_capital_order_and_say_so(bars: Bars, run: Run) -> None:
    source = HOLD_ON_DAY_1.replace("want.quantity(10,", "want.weight(1,")
    data = bars(["10.0,10.0,10.0,10.0"] * 4)
    result = run(source, data, rules="default")
    bought = sum(fill.quantity for fill in result.ran.fills)
    (what,) = result.ran.instruments
    assert what.quantity(bought) <= Decimal(9999)
    assert all(what.notional(f.price, f.quantity) <= 25_000 for f in result.ran.fills)
    assert result.ran.report.assumptions["limits"] == "house"


def test_the_same_backtest_twice_is_the_same(bars: Bars, run: Run) -> None:
    data = bars(["10.0,11.0,9.0,10.5", "12.0,12.5,11.0,12.0", "13.0,13.0,13.0,13.0"])
    one, other = run(HOLD_ON_DAY_1, data), run(HOLD_ON_DAY_1, data)
    assert (one.equity, one.ran.decided, one.ran.report.id) == (
        other.equity,
        other.ran.decided,
        other.ran.report.id,
    )


def test_tables_have_the_fields_of_the_contract(bars: Bars, run: Run, tmp_path: Path) -> None:
    data = bars(["10.0,11.0,9.0,10.5", "12.0,12.5,11.0,12.0", "13.0,13.0,13.0,13.0"])
    result = run(HOLD_ON_DAY_1, data)
    assert frames(result)["trades"].columns == [
        *("instrument", "owner", "side", "quantity", "entry_time", "entry_price"),
        *("exit_time", "exit_price", "fees", "pnl"),
    ]
    write_tables(result, tmp_path / "out")
    equity = pl.read_parquet(tmp_path / "out" / "equity.parquet")
    assert equity.columns == ["ts", "equity", "cash"]
    assert equity["equity"][-1] == result.equity_final


def test_no_data_is_an_error_that_names_the_dataset(bars: Bars, run: Run) -> None:
    data = bars(["10.0,10.0,10.0,10.0", "10.0,10.0,10.0,10.0"])
    with pytest.raises(NoData, match="csv:X/bars-1d has no event"):
        run(HOLD_ON_DAY_1, data, start=instant("2030-01-01", "spot"))


def test_a_policy_that_raises_ends_the_backtest_with_its_reason(bars: Bars, run: Run) -> None:
    source = HOLD_ON_DAY_1.replace("return want", "raise ValueError('odd bar'); return want")
    with pytest.raises(PolicyFailed, match="odd bar"):
        run(source, bars(["10.0,10.0,10.0,10.0"] * 3))


def test_book_fills_are_refused_where_there_is_no_book(bars: Bars, run: Run) -> None:
    rules = msgspec.structs.replace(PLAIN, fill="book")
    with pytest.raises(CannotRun, match="no book"):
        run(HOLD_ON_DAY_1, bars(["10.0,10.0,10.0,10.0"] * 3), rules=rules)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (Changes(fill="soon"), "fill must be one of next-open"),
        (Changes(mark="bid"), "mark must be one of mid"),
        (Changes(slippage="0.6"), r"slippage must be in \[0, 0.5\], was 0.6"),
        (Changes(latency="fast"), "latency must be a number"),
        (Changes(latency="order=1,back=2"), "latency must name order, answer or feed"),
        (Changes(latency="recorded:/nowhere.csv"), "latency must be a file with columns"),
        (Changes(queue="lucky"), "queue must be risk-averse, log"),
        (Changes(queue="power:0"), "queue must have a power"),
        (Changes(queue="log:2"), "queue must be risk-averse, log"),
        (Changes(limits="none"), "limits must be one of house, off"),
    ],
)
def test_an_assumption_that_does_not_exist_is_named(changes: Changes, told: str) -> None:
    with pytest.raises(UnknownRules, match=told):
        changed(rules_named("default"), changes)


@pytest.mark.parametrize(
    ("text", "quantity", "price", "fee"),
    [
        ("0.001", 100, 1_000, "1.00000000"),
        ("per-share:0.005,min=1,max=0.005", 688, 14_478, "3.44000000"),
        ("per-share:0.005,min=1,max=0.005", 2, 14_478, "1.00000000"),
        ("per-share:0.005,min=1,max=0.005", 10, 100, "0.05000000"),
        ("maker:-0.0001,taker:0.0005", 100, 1_000, "0.50000000"),
    ],
)
def test_a_commission_is_what_its_text_says_and_the_cap_wins_over_the_minimum(
    text: str, quantity: int, price: int, fee: str, bars: Bars, run: Run
) -> None:
    result = run(HOLD_ON_DAY_1, bars(["10.00,10.00,10.00,10.00"] * 2))
    what = msgspec.structs.replace(result.ran.instruments[0], price_scale=2, quantity_scale=0)
    assert f"{commission(text).charge(what, price, quantity, 'taker', 0):f}" == fee


def test_a_dated_commission_is_that_of_the_day_of_the_fill(bars: Bars, run: Run) -> None:
    data = bars(["10.0,10.0,10.0,10.0"] * 3)
    text = "2020-01-01=0.01;2024-01-03=per-share:2"
    rules = msgspec.structs.replace(PLAIN, commission=text)
    first = run(HOLD_ON_DAY_1, data, rules=rules)
    later = run(HOLD_ON_DAY_1.replace("history=1", "history=2"), data, rules=rules)
    assert [f"{fill.fee:f}" for one in (first, later) for fill in one.ran.fills] == [
        "1.00000000",
        "20.00000000",
    ]
    with pytest.raises(UnknownCommission, match="ascending dates"):
        commission("2024-01-01=0.1;2020-01-01=0.1")


@pytest.mark.parametrize(
    "text",
    [
        "cheap",
        "0.2",
        "2024-01-01",
        "2024-01-01=0.1;soon=0.1",
        "per-share:x",
        "maker:0.1",
        "per-share:1,low=2",
    ],
)
def test_a_commission_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(UnknownCommission, match="commission"):
        commission(text)


def test_a_date_is_a_day_of_the_datasets_own_zone() -> None:
    assert instant("2013-10-07", "equity") - instant("2013-10-07", "spot") == 4 * 3600 * 10**9
    assert instant("1700000000000000000", "spot") == 1_700_000_000_000_000_000
    assert instant("2024-01-01T00:00Z", "equity") == instant("2024-01-01", "spot")
    with pytest.raises(UnknownInstant, match="says no zone"):
        instant("2024-01-01T00:00", "spot")
    with pytest.raises(UnknownInstant, match="was 'noon'"):
        instant("noon", "spot")


def test_from_python_a_backtest_is_a_run_with_its_statistics_and_its_own_assumptions(
    bars: Bars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bars(["10.0,11.0,9.0,10.5", "12.0,12.5,11.0,12.0", "13.0,13.0,13.0,13.0"])
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "one.py").write_text(dedent(HEAD) + dedent(HOLD_ON_DAY_1))
    made = facade_backtest("one.py:One", data=data, rules="backtrader", commission="0.01")
    assert made.assumptions["commission"] == "0.01"
    assert made.assumptions["fill"] == "next-open"
    assert made.stats["periods"] == 3
    assert made.frame("fills")["price"].to_list() == ["12.0"]
    assert [again.id for again in runs()] == [made.id]
    assert runs()[0].stats["max_drawdown"] == made.stats["max_drawdown"]
    with pytest.raises(ValueError, match=r"cash must be in \(0, 1e15\], was 0"):
        facade_backtest("one.py:One", data=data, cash="0")
    with pytest.raises(CannotRun, match="no dataset 'none/here'"):
        facade_backtest("one.py:One", data="none/here")


def test_what_a_run_saw_and_decided_is_recorded_whole_though_it_is_written_in_large_pieces(
    bars: Bars, run: Run, tmp_path: Path
) -> None:
    result = run(HOLD_ON_DAY_1, bars(["10.0,10.0,10.0,10.0"] * 9))
    folder = tmp_path / "runs" / result.ran.report.id
    seen = [record.event for record in read_market(folder / "market")]
    assert sum(isinstance(event, Bar) for event in seen) == 9
    with closing(Journal.open(folder / "journal.db", read_only=True)) as journal:
        assert journal.last_seq <= result.ran.report.steps
        assert sum(row.kind == "fill-booked" for row in journal.rows()) == 1


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(3, 9), later=st.lists(st.integers(50, 150), min_size=9, max_size=9))
def test_no_future_changes_what_was_decided_before_it(
    bars: Bars, run: Run, cut: int, later: list[int]
) -> None:
    source = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            close = snapshot.bars("1d").last.close
            return want.quantity(10 if close > 10 else -10, because=why("side", close=close))
"""
    closes = [101, 99, 105, 95, 110, 90, 101, 99, 102]
    known = [*closes[:cut], *later[cut:]]
    one, other = (
        run(source, bars([",".join([f"{price / 10:.1f}"] * 4) for price in prices]))
        for prices in (closes, known)
    )
    end = one.equity[cut][0]
    before = [[(ts, told) for ts, told in each.ran.decided if ts <= end] for each in (one, other)]
    assert before[0] == before[1]
    assert one.equity[: cut + 1] == other.equity[: cut + 1]
