"""The first runs: each example once, and not again while its version stays."""

from pathlib import Path

from tradebot.engine.live.clock import SystemClock
from tradebot.engine.trial.examples import EXAMPLES, run_examples


def test_each_example_is_run_once_in_its_version(tmp_path: Path, store: Path) -> None:
    def run() -> list[str]:
        made = run_examples(tmp_path, store, SystemClock(), dataset="sandbox/hour")
        return [report.name for report in made]

    assert run() == list(EXAMPLES)
    assert run() == []
