"""Recordings and policies for backtests."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from tradebot.data.importers.opening import ImportOptions, open_importer
from tradebot.data.store import Store
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.research.backtest import backtest
from tradebot.engine.research.results import Backtest
from tradebot.engine.trial.rules import Rules, rules_named
from tradebot.engine.trial.trial import Trial

HEAD = """
    from decimal import Decimal
    from tradebot.engine import Bars, Book, OrderSeq, buy, cancel, sell, want, why
"""

type Run = Callable[..., Backtest]
"""Runs a policy's source on datasets: `run(source, "bars", rules="backtrader", start=...)`."""


@pytest.fixture
def recorded() -> Path:
    folder = os.environ.get("TRADEBOT_RECORDED_DATA")
    if not folder:
        pytest.skip("TRADEBOT_RECORDED_DATA names no folder of recordings")
    return Path(folder)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def bars(tmp_path: Path, store: Path) -> Callable[[list[str]], str]:
    """Import rows `open,high,low,close` as days from 2024-01-01 on; return the dataset's name."""

    def put(rows: list[str]) -> str:
        lines = ["date,open,high,low,close,volume"]
        lines += [f"2024-01-{day:02},{row},{1000 + day}" for day, row in enumerate(rows, 1)]
        path = tmp_path / "X.csv"
        path.write_text("\n".join(lines))
        importer, sources = open_importer("csv", [path], ImportOptions(tick=Decimal("0.1")))
        (manifest,) = Store(store).put(importer, sources)
        return manifest.dataset

    return put


@pytest.fixture
def run(tmp_path: Path, store: Path) -> Run:
    def run_policy(
        source: str, *data: str, rules: Rules | str = "backtrader", **about: object
    ) -> Backtest:
        (tmp_path / "one.py").write_text(dedent(HEAD) + dedent(source))
        trial = Trial(
            policy="one.py:One",
            folders=(tmp_path,),
            datasets=data,
            capital=Decimal(100_000),
            rules=rules_named(rules) if isinstance(rules, str) else rules,
            **about,  # pyright: ignore[reportArgumentType]  (a test says what it wants of a trial)
        )
        return backtest(trial, tmp_path / "runs", store=store, clock=SystemClock())

    return run_policy
