"""The page of a backtest: whole, offline, and true to the tables."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import override

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.research.conftest import Run

from tradebot.engine.research.tear_sheet.chart import Line, chart, nice_ticks, thinned
from tradebot.engine.research.tear_sheet.page import NoTables, by_month, tear_sheet, under_water
from tradebot.engine.trial.rules import Rules

type Bars = Callable[[list[str]], str]

PLAIN = Rules(name="plain", mark="close", commission="0.001", wants="market", limits="off")
HOLD = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            return want.quantity(10 if snapshot.bars("1d").last.close < 12 else 0, because=why("<b>cheap"))
"""
DAY = 86_400 * 10**9


class Page(HTMLParser):
    """Reads which tags and outside parts a page has, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.text: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href", "data"}]

    @override
    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_a_page_holds_charts_figures_assumptions_and_what_speaks_against_it_and_fetches_nothing(
    tmp_path: Path, bars: Bars, run: Run
) -> None:
    result = run(
        HOLD, bars([f"{10 + day}.0,20.0,9.0,{10 + day % 4}.0" for day in range(9)]), rules=PLAIN
    )
    report = result.ran.report
    text = tear_sheet(tmp_path / "runs" / report.id, report)
    page = Page()
    page.feed(text)
    assert page.fetched == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == 2
    assert page.tags.count("polyline") == 3, "equity, what holding made, drawdown"
    told = "\n".join(page.text)
    for words in (*report.critique, *report.assumptions.values(), report.sha256, "sr ann"):
        assert words in told
    assert f"{result.equity_final:,.2f}" in told
    assert "2 closed" in told


def test_a_page_writes_names_as_text_whatever_is_in_them(
    tmp_path: Path, bars: Bars, run: Run
) -> None:
    from msgspec.structs import replace

    report = run(HOLD, bars(["10.0,10.0,10.0,10.0"] * 3), rules=PLAIN).ran.report
    hostile = replace(report, policy='"><script>alert(1)</script>', critique=("<img src=x>",))
    page = Page()
    page.feed(tear_sheet(tmp_path / "runs" / report.id, hostile))
    assert not {"script", "img"} & set(page.tags)


def test_a_run_without_tables_has_no_page_and_says_why(
    tmp_path: Path, bars: Bars, run: Run
) -> None:
    report = run(HOLD, bars(["10.0,10.0,10.0,10.0"] * 3), rules=PLAIN).ran.report
    (tmp_path / "runs" / report.id / "fills.parquet").unlink()
    with pytest.raises(NoTables, match=r"kept no fills: .* run `tradebot backtest` anew"):
        tear_sheet(tmp_path / "runs" / report.id, report)


def test_months_end_at_midnight_and_a_year_is_their_product() -> None:
    january, february = 1_704_067_200 * 10**9, 1_706_745_600 * 10**9  # 2024, first of each
    points = ((january, 100.0), (february, 110.0), (february + DAY, 99.0))
    ((year, cells, whole),) = by_month(points)
    assert (year, cells[:3], whole) == ("2024", ["10.0", "-10.0", ""], "-1.0")
    assert by_month(points[:2]) == []


def test_drawdown_is_below_the_highest_so_far() -> None:
    points = ((0, 100.0), (1, 80.0), (2, 120.0), (3, 60.0))
    assert [round(value, 9) for _, value in under_water(points)] == [0.0, -0.2, 0.0, -0.5]


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_ticks_are_evenly_apart_and_enclose_the_values(a: float, b: float) -> None:
    low, high = sorted((a, b))
    ticks = nice_ticks(low, high, 5)
    slack = 1e-9 * max(abs(low), abs(high), 1.0)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert 2 <= len(ticks) <= 9


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=400), st.integers(4, 50))
def test_thinning_keeps_ends_highest_and_lowest(values: list[int], most: int) -> None:
    points = [(index, float(value)) for index, value in enumerate(values)]
    kept = thinned(points, most)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert {min(values), max(values)} <= {int(value) for _, value in kept}
    assert kept == sorted(set(kept))
    assert len(kept) <= max(len(points) if len(points) <= most else most + 4, 1)


@pytest.mark.parametrize("values", [(), (1.0, float("nan"))])
def test_a_chart_of_nothing_or_of_what_is_no_number_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="only finite values"):
        chart([Line("x", tuple(enumerate(values)), "own")], "title")
