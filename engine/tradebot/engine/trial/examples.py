"""The first hour and the first runs: what a screen shows before anybody has run anything.

`python -m tradebot.engine.trial.examples` records `sandbox/hour` where it is not there yet, and runs each example on it
that has not been run in this version; it gives way to whoever needs the processor more.
"""

import argparse
import os
from pathlib import Path

from tradebot.engine.home import data_folder, home
from tradebot.engine.live.clock import Clock, SystemClock
from tradebot.engine.policy_source.load import load_policy
from tradebot.engine.recording.hour import POLITENESS, SEED, ensure_hour
from tradebot.engine.trial.report import RunReport, reports
from tradebot.engine.trial.run import run_trial
from tradebot.engine.trial.trial import Trial

_ROOM = "tradebot.engine.policies"

EXAMPLES = {
    "rebalance": f"{_ROOM}.rebalance:Rebalance",
    "barbell": f"{_ROOM}.barbell:Barbell",
    "trend": f"{_ROOM}.trend:Trend",
    "target": f"{_ROOM}.target:Target",
}
"""By the name of their sleeve."""


def run_examples(runs: Path, store: Path, clock: Clock, *, dataset: str) -> list[RunReport]:
    """Run every example that has no run in its present version; return the new runs' reports.

    Args:
        runs: Where runs are kept.
        store: The folder of the datasets.
        clock: The machine's.
        dataset: What they are run on.

    Raises:
        CannotRun: If the dataset is not there.
    """
    known = {(report.policy, report.version) for report in reports(runs)}
    made: list[RunReport] = []
    for name, reference in EXAMPLES.items():
        if (reference, load_policy(reference, {}, ()).version) in known:
            continue
        trial = Trial(name=name, policy=reference, folders=(), datasets=(dataset,))
        made.append(run_trial(trial, runs, store=store, clock=clock).report)
    return made


def main() -> int:
    """Record the hour, then run the examples on it."""
    parser = argparse.ArgumentParser(description="Records an hour of the sandbox, runs examples.")
    parser.add_argument("--seed", type=int, default=SEED, help="of the market")
    words = parser.parse_args()
    os.nice(POLITENESS)
    dataset = ensure_hour(data_folder(), seed=words.seed)
    run_examples(home() / "runs", data_folder(), SystemClock(), dataset=dataset)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
