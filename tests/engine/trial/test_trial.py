"""A policy over a recording: run by the live kernel, watched while it decides, kept as a document."""

from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.trial.check import Checked, check_policy
from tradebot.engine.trial.report import read_report, reports
from tradebot.engine.trial.run import run_trial
from tradebot.engine.trial.trial import Trial

HEAD = """
    import time
    from decimal import Decimal
    from tradebot.engine import Book, Every, OrderSeq, buy, sell, want, why
    calls = []

"""


def write(folder: Path, body: str) -> Trial:
    source = dedent(HEAD) + dedent(body)
    (folder / "one.py").write_text(source)
    return Trial(policy="one.py:One", folders=(folder,), symbols=("sandbox:BTCUSDT",))


def checked(folder: Path, store: Path, body: str) -> Checked:
    return check_policy(write(folder, body), store=store, clock=SystemClock())


def told(found: Checked, what: str) -> tuple[str, str]:
    (one,) = (finding for finding in found.findings if finding.what == what)
    return one.level, one.text


STEADY = """
    class One:
        needs = (Every(1_000_000_000),)

        def decide(self, portfolio, snapshot, context=None):
            held = portfolio.quantity("sandbox:BTCUSDT")
            if held or portfolio.orders:
                return OrderSeq.none(because=why("holding", held=held))
            return OrderSeq.of(buy(Decimal("0.01")), because=why("empty"))
"""


def test_a_run_is_kept_with_what_was_decided_and_what_came_of_it(
    tmp_path: Path, store: Path
) -> None:
    runs = tmp_path / "runs"
    ran = run_trial(write(tmp_path, STEADY), runs, store=store, clock=SystemClock())
    report = ran.report
    assert (report.orders, report.fills, report.refused) == (1, 1, {})
    assert set(report.reasons) == {"empty", "holding"}
    assert report.open == {"sandbox:BTCUSDT": "0.010"}
    assert Decimal(report.fees) > 0
    assert report.paused is None
    assert read_report(runs / report.id) == report
    assert reports(runs) == [report]


def test_the_same_run_comes_to_the_same(tmp_path: Path, store: Path) -> None:
    trial = write(tmp_path, STEADY)
    first, second = (
        run_trial(trial, tmp_path / place, store=store, clock=SystemClock()) for place in "ab"
    )
    assert first.decided == second.decided
    changing = {"seconds": 0.0, "decide": None}
    assert msgspec.structs.replace(first.report, **changing) == msgspec.structs.replace(
        second.report, **changing
    )


def test_a_dataset_that_is_not_there_and_a_symbol_it_has_not_are_named(
    tmp_path: Path, store: Path
) -> None:
    trial = write(tmp_path, STEADY)
    with pytest.raises(CannotRun, match="nowhere"):
        run_trial(
            msgspec.structs.replace(trial, datasets=("nowhere/none",)),
            tmp_path,
            store=store,
            clock=SystemClock(),
        )
    with pytest.raises(CannotRun, match="has no sandbox:XYZ; it has sandbox:BTCUSDT"):
        run_trial(
            msgspec.structs.replace(trial, symbols=("sandbox:XYZ",)),
            tmp_path,
            store=store,
            clock=SystemClock(),
        )


def test_a_policy_that_keeps_to_the_rules_is_sound(tmp_path: Path, store: Path) -> None:
    found = checked(tmp_path, store, STEADY)
    assert found.sound
    assert told(found, "reasons") == ("ok", "empty, holding")
    assert told(found, "look-ahead")[0] == "ok"


@pytest.mark.parametrize(
    ("touch", "what"),
    [
        ("time.time()", "looks at the clock"),
        ("open('/etc/hostname')", "opens a file"),
        ("__import__('socket').socket()", "opens a socket"),
    ],
)
def test_a_decision_that_touches_the_world_is_an_error_even_if_it_swallows_it(
    tmp_path: Path, store: Path, touch: str, what: str
) -> None:
    body = f"""
    class One:
        needs = (Every(1_000_000_000),)

        def decide(self, portfolio, snapshot, context=None):
            try:
                {touch}
            except Exception:
                pass
            return OrderSeq.none(because=why("quiet"))
    """
    found = checked(tmp_path, store, body)
    level, text = told(found, "purity")
    assert level == "error"
    assert what in text
    assert not found.sound


def test_a_policy_with_a_memory_of_its_own_is_found_by_asking_twice(
    tmp_path: Path, store: Path
) -> None:
    body = """
    class One:
        needs = (Every(1_000_000_000),)

        def decide(self, portfolio, snapshot, context=None):
            calls.append(1)
            return OrderSeq.none(because=why("odd" if len(calls) % 2 else "even"))
    """
    level, text = told(checked(tmp_path, store, body), "same twice")
    assert level == "error"
    assert "odd with 0 actions and then even" in text


def test_what_depends_on_how_long_the_recording_is_has_looked_ahead(
    tmp_path: Path, store: Path
) -> None:
    body = f"""
    import pathlib
    seen = pathlib.Path({str(tmp_path)!r}) / "seen"
    seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
    RUNS = len(seen.read_text())

    class One:
        needs = (Every(1_000_000_000),)

        def decide(self, portfolio, snapshot, context=None):
            return OrderSeq.none(because=why(f"run-{{RUNS}}"))
    """
    assert told(checked(tmp_path, store, body), "look-ahead")[0] == "error"


def test_missing_reasons_and_reasons_that_carry_values_are_warned_of(
    tmp_path: Path, store: Path
) -> None:
    bare = """
    class One:
        needs = (Every(1_000_000_000),)

        def decide(self, portfolio, snapshot, context=None):
            return OrderSeq.of(want.flat())
    """
    assert "say no why" in told(checked(tmp_path, store, bare), "reasons")[1]
    loud = """
    class One:
        needs = (Every(1_000_000_000),)

        def decide(self, portfolio, snapshot, context=None):
            return OrderSeq.none(because=why(f"at-{snapshot.now}"))
    """
    assert "values belong into why" in told(checked(tmp_path, store, loud), "reasons")[1]


def test_a_policy_that_breaks_is_an_error_with_its_own_words(tmp_path: Path, store: Path) -> None:
    body = """
    class One:
        needs = (Every(1_000_000_000),)

        def decide(self, portfolio, snapshot, context=None):
            raise LookupError("no such thing")
    """
    level, text = told(checked(tmp_path, store, body), "run")
    assert level == "error"
    assert "LookupError: no such thing" in text
