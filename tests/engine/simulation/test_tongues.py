"""The simulator's venue in a broker's own bytes: what the adapters decode is judged as the plain venue's words are."""

import pytest

from tradebot.engine.simulation.campaign import Campaign, failure_line
from tradebot.engine.simulation.plan import TONGUES, TongueName, plan_of
from tradebot.engine.simulation.seed import run_seed
from tradebot.engine.simulation.tongues.choice import spoken

SEEDS = 50


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_seed_in_a_brokers_bytes_finds_nothing(tongue: TongueName) -> None:
    result = run_seed(26, speaks=tongue)
    assert result.failure is None, failure_line(result, tongue)
    assert result.fills


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_seed_in_a_brokers_bytes_runs_the_same_way_again(tongue: TongueName) -> None:
    traces = {run_seed(11, trace=True, speaks=tongue).trace for _ in range(2)}
    assert len(traces) == 1


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_plan_keeps_its_seed_and_loses_only_what_the_broker_has_no_words_for(
    tongue: TongueName,
) -> None:
    plain, said = plan_of(4), spoken(plan_of(4), tongue)
    assert said.chances.items() <= plain.chances.items()
    assert (said.seed, said.limits, said.begins) == (plain.seed, plain.limits, plain.begins)


@pytest.mark.slow
@pytest.mark.parametrize("tongue", TONGUES)
def test_no_seed_in_a_brokers_bytes_finds_anything(tongue: TongueName) -> None:
    campaign = Campaign(1, SEEDS, 1, print, speaks=tongue)
    totals = campaign.run()
    assert totals.failed == []
    assert totals.crashes
    assert totals.unknown_resolved
    for kind in ("drop", "duplicate", "disconnect", "mute", "delay", "unknown", "reject"):
        assert totals.faults[kind], kind
