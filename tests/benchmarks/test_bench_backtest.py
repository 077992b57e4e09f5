"""What a day's bar costs in a backtest, from the recording to the report; `make bench`."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from pytest_benchmark.fixture import BenchmarkFixture

from tradebot.data.importers.opening import ImportOptions, open_importer
from tradebot.data.store import Store
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.research.backtest import backtest
from tradebot.engine.trial.rules import rules_named
from tradebot.engine.trial.trial import Trial

BARS = 2_000

POLICY = """
from decimal import Decimal
from tradebot.engine import Bars, want, why

class Cross:
    needs = (Bars("1d", history=50),)

    def decide(self, portfolio, snapshot, context=None):
        bars = snapshot.bars("1d")
        up = bars.mean(10) > bars.mean(50)
        return want.weight(Decimal("0.5") if up else 0, because=why("above" if up else "below"))
"""


def rows(count: int) -> list[str]:
    chance, price = Random(1), 1_000  # noqa: S311  (a walk, no secret)
    made = ["date,open,high,low,close,volume"]
    for number in range(count):
        close = max(100, price + chance.randint(-20, 21))
        high, low = max(price, close) + 5, min(price, close) - 5
        day = date(1990, 1, 1) + timedelta(number)
        made.append(
            ",".join([f"{day}", *(f"{p / 10:.1f}" for p in (price, high, low, close)), "1000"])
        )
        price = close
    return made


def test_two_thousand_daily_bars(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    path = tmp_path / "X.csv"
    path.write_text("\n".join(rows(BARS)))
    (tmp_path / "cross.py").write_text(POLICY)
    importer, sources = open_importer("csv", [path], ImportOptions(tick=Decimal("0.1")))
    (manifest,) = Store(tmp_path / "data").put(importer, sources)
    trial = Trial(
        policy="cross.py:Cross",
        folders=(tmp_path,),
        datasets=(manifest.dataset,),
        capital=Decimal(100_000),
        rules=rules_named("backtrader"),
    )
    benchmark.pedantic(  # pyright: ignore[reportUnknownMemberType]  (the plugin tells no types)
        lambda: backtest(trial, tmp_path / "runs", store=tmp_path / "data", clock=SystemClock()),
        rounds=3,
        warmup_rounds=1,
    )
