"""A finished run keeps what it was made of: it is made again byte by byte, compared, and taken elsewhere."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from shutil import rmtree

import polars as pl
import pytest
from tests.engine.research.conftest import Run

from tradebot.data.importers.opening import ImportOptions, open_importer
from tradebot.data.store import Store
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.research.again import again
from tradebot.engine.research.export_run import export
from tradebot.engine.research.kept_run import KeptRun, NotKept, kept_run
from tradebot.engine.research.run_difference import difference
from tradebot.engine.trial.rules import Rules

type Bars = Callable[[list[str]], str]

PLAIN = Rules(name="plain", mark="close", commission="0.001", wants="market", limits="off")
SIDES = """
    class One:
        needs = (Bars("1d", history=1),)

        def decide(self, portfolio, snapshot, context=None):
            close = snapshot.bars("1d").last.close
            return want.quantity(10 if close > 10 else -10, because=why("side"))
"""
ROWS = ["10.0,12.0,9.0,11.0", "11.0,12.0,8.0,9.0", "9.0,12.0,8.0,11.0", "11.0,12.0,8.0,9.0"] * 5


@pytest.fixture
def kept(tmp_path: Path, bars: Bars, run: Run) -> KeptRun:
    ran = run(SIDES, bars(ROWS), rules=PLAIN).ran
    return kept_run(tmp_path / "runs" / ran.report.id)


def test_a_run_made_again_from_what_it_kept_has_equal_bytes_though_its_policys_file_is_gone(
    kept: KeptRun, tmp_path: Path, store: Path
) -> None:
    (tmp_path / "one.py").unlink()
    found = again(kept, store=store, clock=SystemClock())
    assert found.same, found
    assert set(found.parts) == {
        *("trades.parquet", "orders.parquet", "fills.parquet", "equity.parquet"),
        *("benchmark.parquet", "equity.json", "decisions"),
    }
    assert all(then == now and len(then) == 64 for then, now in found.parts.values())


def test_a_run_whose_data_has_changed_says_that_first(
    kept: KeptRun, tmp_path: Path, store: Path, bars: Bars
) -> None:
    changed = [*ROWS[:-1], "11.0,12.0,8.0,8.5"]
    lines = ["date,open,high,low,close,volume"]
    lines += [f"2024-01-{day:02},{row},{1000 + day}" for day, row in enumerate(changed, 1)]
    (tmp_path / "X.csv").write_text("\n".join(lines))
    rmtree(store)
    importer, sources = open_importer(
        "csv", [tmp_path / "X.csv"], ImportOptions(tick=Decimal("0.1"))
    )
    assert [one.dataset for one in Store(store).put(importer, sources)] == [kept.report.dataset]
    found = again(kept, store=store, clock=SystemClock())
    assert not found.same
    assert found.why[0].startswith(f"data was {kept.report.sha256}, is ")


def test_a_byte_that_was_changed_in_a_table_is_found(kept: KeptRun, store: Path) -> None:
    table = kept.folder / "equity.parquet"
    frame = pl.read_parquet(table)
    frame.with_columns(cash=frame["cash"] + Decimal("0.01")).write_parquet(table)
    found = again(kept, store=store, clock=SystemClock())
    assert not found.same
    assert [name for name, (then, now) in found.parts.items() if then != now] == ["equity.parquet"]


def test_two_runs_differ_in_what_went_in_and_what_came_out_and_in_their_sources(
    tmp_path: Path, bars: Bars, run: Run
) -> None:
    data = bars(ROWS)
    one = run(SIDES, data, rules=PLAIN).ran.report.id
    other = run(SIDES.replace("> 10 ", "> 8 "), data, rules="backtrader").ran.report.id
    runs = tmp_path / "runs"
    found = difference(kept_run(runs / one), kept_run(runs / other))
    assert found.runs == (one, other)
    assert found.made["assumed commission"] == ("0.001", "0")
    assert found.came["fills"] == ("36", "1")
    assert "statistic sr_ann" in found.came
    assert not set(found.made) & {"seed", "capital", "sha256"}
    changed = [line for line in found.source if line.startswith(("+ ", "- "))]
    assert [line.partition("if ")[2] for line in changed] == [
        'close > 10 else -10, because=why("side"))',
        'close > 8 else -10, because=why("side"))',
    ]
    same = difference(kept_run(runs / one), kept_run(runs / one))
    assert (same.made, same.came, same.source) == ({}, {}, ())


def test_an_exported_run_holds_report_tables_source_and_page(kept: KeptRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = [path.relative_to(out).as_posix() for path in export(kept, out)]
    assert written == [
        *("run.json", "trial.json", "equity.json", "trades.parquet", "orders.parquet"),
        *("fills.parquet", "equity.parquet", "benchmark.parquet", "policy/one.py", "report.html"),
    ]
    assert (out / "policy/one.py").read_text() == (tmp_path / "one.py").read_text()
    assert (out / "equity.parquet").read_bytes() == (kept.folder / "equity.parquet").read_bytes()


@pytest.mark.parametrize("gone", ["run.json", "trial.json"])
def test_a_run_of_an_earlier_program_says_what_it_did_not_keep(kept: KeptRun, gone: str) -> None:
    (kept.folder / gone).unlink()
    with pytest.raises(NotKept, match=r"no run that this program can read|run it anew"):
        kept_run(kept.folder)
