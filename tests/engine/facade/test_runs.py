"""Runs from Python: made, read again from their records, told why."""

from decimal import Decimal
from pathlib import Path

import pytest

import tradebot.engine as tb
from tradebot.engine.core.types import MINUTE
from tradebot.engine.recording.hour import record

POLICY = """
from decimal import Decimal
from tradebot.engine import Every, OrderSeq, want, why

class InAndOut:
    needs = (Every(10_000_000_000),)

    def decide(self, portfolio, snapshot, context=None):
        if portfolio.quantity("sandbox:BTCUSDT"):
            return want.flat(because=why("out"))
        return want.quantity(Decimal("0.01"), because=why("in"))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tb.Run]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEBOT_HOME", str(home))
        record(home / "data", span=MINUTE)
        (home / "policies").mkdir(mode=0o700)
        (home / "policies" / "inout.py").write_text(POLICY)
        return home, tb.run("inout.py:InAndOut", capital="10000")


def test_a_run_tells_its_fills_exactly_and_why_each_was_wanted(made: tuple[Path, tb.Run]) -> None:
    _, run = made
    fills = run.frame("fills")
    assert fills.height == run.report.fills > 1
    assert set(fills["because"]) == {"in", "out"}
    bought = fills.filter(fills["side"] == "buy")
    by_order = dict.fromkeys(bought["client_order_id"], Decimal(0))
    for order, quantity in zip(bought["client_order_id"], bought["quantity"], strict=True):
        by_order[order] += Decimal(quantity)
    assert set(by_order.values()) == {Decimal("0.010")}
    paid = sum((Decimal(fee) for fee in fills["fee"]), Decimal(0))
    assert paid == Decimal(run.report.fees)
    first = fills["client_order_id"][0]
    assert run.why(first) == "in"
    with pytest.raises(KeyError, match="placed no order tbnone"):
        run.why("tbnone")


def test_the_bets_of_a_run_sum_up_to_its_result_when_it_ended_flat(
    made: tuple[Path, tb.Run],
) -> None:
    _, run = made
    bets = run.frame("bets")
    assert bets.height >= 1
    assert set(bets["tag"]) == {"in"}
    if not run.report.open:
        total = sum((Decimal(result) for result in bets["result"]), Decimal(0))
        assert total == Decimal(run.report.result)


def test_equity_begins_at_the_capital_and_ends_at_the_result(made: tuple[Path, tb.Run]) -> None:
    _, run = made
    curve = run.frame("equity")
    assert Decimal(curve["equity"][0]) == 10_000
    assert Decimal(curve["equity"][-1]) == 10_000 + Decimal(run.report.result)


def test_a_kept_run_is_found_again_and_shown(
    made: tuple[Path, tb.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run = made
    monkeypatch.setenv("TRADEBOT_HOME", str(home))
    (found,) = tb.runs()
    assert found.report == run.report
    assert found.stats["fills"] == run.report.fills
    assert found.assumptions["dataset"] == "sandbox/hour"
    assert run.id in found.html()
    assert run.id in repr(found)


def test_a_capital_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="capital must be > 0, was -1"):
        tb.run("inout.py:InAndOut", capital="-1")
