"""Setup: accounts as configured, keys there or not and never shown, a check that does not hold up the loop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.live.live_bench import LiveBench, quiet_market

from tradebot.engine.control.engine import Refused

TOML = """
[accounts.swing]
venue = "alpaca"
kind = "broker-paper"

[accounts.gate]
venue = "ib"
kind = "broker-paper"
host = "127.0.0.1"
port = 1
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LiveBench]:
    made = LiveBench(tmp_path, quiet_market())
    yield made
    made.close()


def written(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TRADEBOT_HOME", str(folder))
    file = folder / "tradebot.toml"
    file.write_text(text)
    file.chmod(0o600)


async def test_keys_are_said_to_be_missing_with_the_remedy_and_no_key_is_asked_of_ib(
    bench: LiveBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, monkeypatch, TOML)
    facts = await bench.service().service.setup()
    swing, gate = facts.accounts
    assert (swing.needs_keys, swing.keys, swing.used) == (True, None, False)
    assert swing.problem == "no keys: tradebot keys set swing"
    assert (gate.needs_keys, gate.problem) == (False, None)
    assert facts.file == str(tmp_path / "tradebot.toml")
    assert [one.account for one in facts.capabilities] == list(bench.runtime.kernel.state.accounts)


async def test_a_configuration_that_cannot_be_read_is_a_fact_not_a_failure(
    bench: LiveBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, monkeypatch, "[accuonts.swing]\n")
    facts = await bench.service().service.setup()
    assert facts.accounts == []
    assert facts.problem is not None
    assert "accuonts" in facts.problem


async def test_a_check_says_reason_and_remedy_and_refuses_what_is_not_configured(
    bench: LiveBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, monkeypatch, TOML)
    service = bench.service().service
    found = await service.check_account("swing")
    assert (found.ok, found.problem) == (False, "no keys: tradebot keys set swing")
    with pytest.raises(Refused, match="no account 'other'; known: gate, swing"):
        await service.check_account("other")
