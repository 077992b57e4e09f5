"""`tradebot backtest` as it is typed."""

import json
from pathlib import Path

import pytest

from tradebot.engine.cli.dispatch import run_command


@pytest.mark.slow  # the hour is recorded
def test_a_span_of_the_sandboxs_hour_can_be_asked_for_before_anything_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))
    span = ["--from", "2026-01-05T00:01:00Z", "--to", "2026-01-05T00:01:30Z"]
    policy = "tradebot.engine.policies.trend:Trend"
    assert run_command(["backtest", policy, "--data", "sandbox/hour", *span, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["orders"] == 0
    assert told["events"] > 0
