"""Recordings and policies for backtests."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from tradebot.data.importers.opening import ImportOptions, open_importer
from tradebot.data.store import Store
from tradebot.engine.config.load import load_file
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.research.backtest import backtest
from tradebot.engine.research.results import Backtest
from tradebot.engine.trial.rules import Rules, rules_named
from tradebot.engine.trial.trial import Trial

HEAD = """
    from decimal import Decimal
    from tradebot.engine import Bars, Book, OrderSeq, buy, cancel, sell, want, why
"""

PLAIN = Rules(name="plain", mark="close", commission="0", wants="market", limits="off")
UP = ["10.0,10.0,10.0,10.0", "11.0,11.0,11.0,11.0", "12.0,12.0,12.0,12.0", "13.0,13.0,13.0,13.0"]

type Market = Callable[..., str]
"""Imports rows `open,high,low,close` of a symbol: `market("A", UP)` returns the dataset."""

type RunConfig = Callable[..., Backtest]
"""Runs `SLEEVES` on datasets: `run_config(["a"], first="csv:A", second="csv:A")`."""

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


@pytest.fixture
def market(tmp_path: Path, store: Path) -> Market:
    """Import rows `open,high,low,close` of a symbol as days from 2024-01-01 on."""

    def put(symbol: str, rows: list[str], currency: str = "USD") -> str:
        lines = ["date,open,high,low,close,volume"]
        lines += [f"2024-01-{day:02},{row},{1000 + day}" for day, row in enumerate(rows, 1)]
        path = tmp_path / f"{symbol}.csv"
        path.write_text("\n".join(lines))
        options = ImportOptions(tick=Decimal("0.1"), currency=currency)
        importer, sources = open_importer("csv", [path], options)
        (manifest,) = Store(store).put(importer, sources)
        return manifest.dataset

    return put


SLEEVES = """
[sleeves.one]
policy = "held.py:Held"
symbols = ["{first}"]
capital = "40%"
account = "sandbox"
run = "live"
params = {{ quantity = "{quantity}" }}

[sleeves.two]
policy = "held.py:Held"
symbols = ["{second}"]
capital = "30000 USD"
account = "sandbox"
run = "live"
params = {{ quantity = "-3" }}

[sleeves.three]
policy = "held.py:Held"
symbols = ["{second}"]
capital = "10%"
account = "sandbox"
run = "off"
"""

HELD = """
from tradebot.engine import Params, param

class Held:
    class params(Params, frozen=True):
        quantity: Decimal = param("1", doc="that is held")

    needs = (Bars("1d", history=1),)

    def decide(self, portfolio, snapshot, context=None):
        return want.quantity(context.params.quantity, because=why("hold"))
"""


@pytest.fixture
def run_config(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    def run_sleeves(
        data: list[str], rules: Rules = PLAIN, *, quantity: str = "7", more: str = "", **names: str
    ) -> Backtest:
        monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))
        policies = tmp_path / "policies"
        policies.mkdir(exist_ok=True)
        (policies / "held.py").write_text(dedent(HEAD) + HELD)
        path = tmp_path / "many.toml"
        path.write_text(SLEEVES.format(quantity=quantity, **names) + more)
        path.chmod(0o600)
        loaded = load_file(path, {})
        trial = Trial(
            name="backtest",
            policy=path.name,
            config=loaded.config,
            tables=loaded.tables,
            folders=(),
            datasets=tuple(data),
            capital=Decimal(100_000),
            currency="USD",
            rules=rules,
        )
        return backtest(trial, tmp_path / "runs", store=store, clock=SystemClock())

    return run_sleeves
