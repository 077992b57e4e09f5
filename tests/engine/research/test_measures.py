"""Figures of a backtest: whose day a return is of, and what speaks against the result."""

from datetime import datetime
from decimal import Decimal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.research.critique import critique
from tradebot.engine.research.measures import daily_returns, measures
from tradebot.engine.research.statistics.sharpe import sharpe_annual
from tradebot.engine.research.trades import Trade

START = 10**9


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


def points(*told: tuple[str, int]) -> list[tuple[int, Decimal]]:
    return [(START, Decimal(100)), *((ns(text), Decimal(worth)) for text, worth in told)]


def trade(pnl: int) -> Trade:
    return Trade(
        instrument=InstrumentId("x:Y"),
        owner="one",
        side="buy",
        quantity=Decimal(1),
        entry_time=0,
        entry_price=Decimal(1),
        exit_time=1,
        exit_price=Decimal(1),
        fees=Decimal(0),
        pnl=Decimal(pnl),
    )


def test_the_last_point_of_a_day_counts_and_a_stocks_day_is_new_yorks() -> None:
    told = points(
        ("2024-01-02T20:00+00:00", 110),
        ("2024-01-03T01:00+00:00", 121),  # still the second of January in New York
        ("2024-01-03T21:00+00:00", 242),
    )
    assert [round(r, 12) for r in daily_returns(told, "equity")] == [0.21, 1.0]
    assert [round(r, 12) for r in daily_returns(told, "spot")] == [0.1, 1.2]


def test_a_point_at_midnight_ends_the_day_before() -> None:
    told = points(("2024-01-02T00:00+00:00", 110), ("2024-01-02T12:00+00:00", 121))
    assert [round(r, 12) for r in daily_returns(told, "spot")] == [0.1, 0.1]


def test_figures_are_of_daily_returns_and_a_stocks_year_has_252_of_them() -> None:
    told = points(*((f"2024-01-{day:02}T21:00+00:00", 100 + day % 3) for day in range(2, 30)))
    found = measures(told, [trade(2), trade(-1)], "equity")
    assert found["periods"] == 28
    assert found["sr_ann"] == sharpe_annual(daily_returns(told, "equity"), 252)
    assert (found["hit_rate"], found["profit_factor"]) == (0.5, 2.0)
    assert measures(told, [], "spot")["periods_per_year"] == 365


def test_without_a_day_nothing_is_invented() -> None:
    found = measures(points(), [], "spot")
    assert (found["cagr"], found["sr_ann"], found["psr"], found["hit_rate"]) == (None,) * 4
    assert found["total_return"] == 0


def test_few_trades_one_lucky_trade_and_a_flat_curve_are_said() -> None:
    told = points(*((f"2024-01-{day:02}T12:00+00:00", 100) for day in range(2, 30)))
    lines = critique(told, [trade(1), trade(9)], "spot")
    assert [line.split(":")[0] for line in lines[:1]] == ["2 closed trades"]
    assert lines[1] == "one trade made 90% of the profit of all trades"
    assert lines[2] == "equity stood still on 100% of the days"


def test_a_sharpe_that_may_be_nothing_is_said() -> None:
    worths = [100 + (day % 2) for day in range(28)]
    told = points(*((f"2024-01-{day + 2:02}T12:00+00:00", w) for day, w in enumerate(worths)))
    assert any("a Sharpe ratio of 0 lies inside" in line for line in critique(told, [], "spot"))
