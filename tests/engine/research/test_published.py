"""Results that others published, by rules that are options only."""

import csv
import math
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.engine.research.conftest import Run

from tradebot.data.events import Bar
from tradebot.data.importers.opening import open_importer
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.research.trades import Trade

ROOT = Path(__file__).parents[3]

HOLD = """
    class One:
        needs = (Bars("1m"),)

        def decide(self, portfolio, snapshot, context=None):
            return want.weight(1, because=why("hold"))
"""

CROSS = """
    class One:
        needs = (Bars("1d", history=50),)

        def decide(self, portfolio, snapshot, context=None):
            bars = snapshot.bars("1d")
            long = bars.mean(20) > bars.mean(50)
            return want.quantity(100 if long else 0, because=why("cross"))
"""


def ns(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**9


def imported(store: Path, name: str, paths: list[Path]) -> str:
    importer, sources = open_importer("lean", paths)
    Store(store).put(importer, sources, name=name)
    return name


@pytest.mark.recorded
def test_buying_and_holding_spy_gives_the_published_figures_of_lean_spy_to_the_cent(
    recorded: Path, store: Path, run: Run
) -> None:
    minutes = sorted((recorded / "lean/equity/usa/minute/spy").glob("2013*.zip"))
    data = imported(store, "spy", minutes)
    result = run(HOLD, data, rules="lean", start=ns("2013-10-07"), until=ns("2013-10-12"))
    (fill,) = result.ran.fills
    assert (fill.quantity, fill.price) == (688, 14478172417000)
    assert round(result.equity_final, 2) == Decimal("101691.92")
    assert Decimal(result.ran.report.fees) == Decimal("3.44")
    assert result.trades == ()


@pytest.mark.recorded
@pytest.mark.slow
@pytest.mark.peers
def test_a_moving_average_cross_trades_as_backtesting_py_and_backtrader_do(
    recorded: Path, store: Path, run: Run, tmp_path: Path
) -> None:
    data = imported(store, "daily", [recorded / "lean/equity/usa/daily/spy.zip"])
    theirs = peers(store, data, tmp_path / "bars.csv")
    # backtesting.py first asks a strategy on the bar after the one that completes its indicators.
    for name, history in (("backtrader", 50), ("backtesting", 51)):
        source = CROSS.replace("history=50", f"history={history}")
        ours = [trip(trade) for trade in run(source, data, rules=name).trades]
        assert len(ours) == len(theirs[name]) > 50, name
        for mine, other in zip(ours, theirs[name], strict=True):
            assert (mine[0], mine[2]) == (other[0], other[2]), name
            assert math.isclose(mine[1], other[1], rel_tol=1e-12), name
            assert math.isclose(mine[3], other[3], rel_tol=1e-12), name


def trip(trade: Trade) -> tuple[str, float, str, float]:
    """Return a trade as the other programs tell it: day and price of entry, day and price of exit."""
    return (
        datetime.fromtimestamp(trade.entry_time // 10**9, UTC).date().isoformat(),
        float(trade.entry_price),
        datetime.fromtimestamp(trade.exit_time // 10**9, UTC).date().isoformat(),
        float(trade.exit_price),
    )


def peers(store: Path, data: str, path: Path) -> dict[str, list[tuple[str, float, str, float]]]:
    """Return the other programs' trades; skip where they cannot be had."""
    known = Store(store)
    (instrument,) = known.instruments(data)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Date", "Open", "High", "Low", "Close", "Volume"])
        for bar in replay(known, data):
            assert isinstance(bar, Bar)
            opened = datetime.fromtimestamp((bar.ts_event - bar.span_ns) // 10**9, UTC)
            prices = [instrument.price(p) for p in (bar.open, bar.high, bar.low, bar.close)]
            rows.writerow([opened.date().isoformat(), *prices, bar.volume])
    uv = ROOT / "bin" / "uv"
    libraries = ("backtesting==0.6.6", "backtrader==1.9.78.123")
    with_them = [word for library in libraries for word in ("--with", library)]
    command = [uv, "run", "--no-project", "--quiet", "--python", sys.executable, *with_them]
    found = subprocess.run(
        [*command, "python", "-c", "import backtesting, backtrader"],
        check=False,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        pytest.skip(f"the other programs cannot be had: {found.stderr.strip()[-200:]}")
    script = ROOT / "tests/peers/sma_cross.py"
    done = subprocess.run(
        [*command, "python", script, path], check=True, capture_output=True, text=True
    )
    told = done.stdout.splitlines()[-1]
    return msgspec.json.decode(told, type=dict[str, list[tuple[str, float, str, float]]])
