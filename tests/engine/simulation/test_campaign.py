"""A campaign of seeds: enough happens, every kind of fault strikes, the same seed runs the same way anywhere."""

import os
import subprocess
import sys

import msgspec
import pytest

from tradebot.engine.simulation.campaign import Campaign, Totals
from tradebot.engine.simulation.plan import FAULT_KINDS, plan_of
from tradebot.engine.simulation.seed import run_seed

SEEDS = 200


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    campaign = Campaign(1, SEEDS, os.cpu_count() or 1, print)
    campaign.run()
    return campaign


@pytest.mark.slow
def test_no_seed_finds_anything(campaign: Campaign) -> None:
    assert campaign.totals.failed == []


@pytest.mark.slow
def test_a_seed_has_300_words_of_the_venue_30_orders_and_5_faults_on_average(
    campaign: Campaign,
) -> None:
    totals = campaign.totals
    assert totals.events / SEEDS >= 300
    assert totals.orders / SEEDS >= 30
    assert sum(totals.faults.values()) / SEEDS >= 5
    assert totals.crashes
    assert totals.unknown_resolved


@pytest.mark.slow
def test_every_kind_of_fault_strikes_in_a_twentieth_of_the_seeds(campaign: Campaign) -> None:
    shares = {kind: campaign.seeds_with[kind] / SEEDS for kind in FAULT_KINDS}
    assert {kind: share for kind, share in shares.items() if share < 0.05} == {}


def test_a_seed_is_the_same_plan_each_time() -> None:
    assert plan_of(7) == plan_of(7)
    assert plan_of(7) != plan_of(8)


def test_a_seed_that_does_not_end_is_reported_with_the_line_that_reproduces_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def circle(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr("tradebot.engine.simulation.seed.CPU_MAX", 0.05)
    monkeypatch.setattr("tradebot.engine.simulation.run.Simulation.run", circle)
    lines: list[str] = []
    totals = Campaign(3, 2, 1, lines.append).run()
    assert totals.failed == [3, 4]
    assert lines[0].startswith("make simulate SEEDS=1 FIRST=3  # overdue at step ")


def test_a_seed_leaves_the_same_trace_under_another_hash_seed() -> None:
    traces = {run_seed(11, trace=True).trace}
    for hash_seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-m", "tradebot.engine.simulation", "--seed", "11"],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        traces.add(msgspec.json.decode(run.stdout.splitlines()[-1])["trace"])
    assert len(traces) == 1


def test_the_last_line_is_json_with_the_figures_named_in_the_contract() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tradebot.engine.simulation", "--seeds", "2", "--first", "5"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    last = msgspec.json.decode(run.stdout.splitlines()[-1], type=Totals)
    assert (last.seeds, last.first, last.failed) == (2, 5, [])
    assert set(last.faults) == set(FAULT_KINDS)
