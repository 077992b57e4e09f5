"""A finished run of a whole configuration keeps what it was made of, and nothing that is private."""

from pathlib import Path

import pytest
from tests.engine.research.conftest import UP, Market, RunConfig

from tradebot.engine.live.clock import SystemClock
from tradebot.engine.research.again import again
from tradebot.engine.research.export_run import export
from tradebot.engine.research.kept_run import KeptRun, kept_run
from tradebot.engine.research.run_difference import difference
from tradebot.engine.trial.trial import TRIAL

PRIVATE = """
[engine]
heartbeat_url = "https://beat.example/secret-beat"
lots = "lifo"

[alerts]
to = ["tgram://secret-bot/secret-chat"]

[accounts.far]
venue = "alpaca"
kind = "sandbox"
base_url = "http://127.0.0.1:9/secret-host"
"""


@pytest.fixture
def kept(tmp_path: Path, market: Market, run_config: RunConfig) -> KeptRun:
    ran = run_config([market("A", UP)], first="csv:A", second="csv:A", more=PRIVATE).ran
    return kept_run(tmp_path / "runs" / ran.report.id)


def test_it_is_made_again_byte_by_byte_though_file_and_policies_are_gone(
    kept: KeptRun, tmp_path: Path, store: Path
) -> None:
    (tmp_path / "many.toml").unlink()
    (tmp_path / "policies" / "held.py").unlink()
    found = again(kept, store=store, clock=SystemClock())
    assert found.same, found
    assert kept.trial.config is not None
    assert kept.trial.config.engine.lots == "lifo"


def test_no_address_of_the_configuration_is_kept(kept: KeptRun) -> None:
    text = (kept.folder / TRIAL).read_text()
    assert "secret" not in text
    assert '"lifo"' in text


def test_two_runs_differ_sleeve_by_sleeve(
    kept: KeptRun, tmp_path: Path, market: Market, run_config: RunConfig
) -> None:
    ran = run_config([market("A", UP)], first="csv:A", second="csv:A", quantity="9").ran
    found = difference(kept, kept_run(tmp_path / "runs" / ran.report.id))
    assert found.came["sleeve one open"] == ('{"csv:A":"7"}', '{"csv:A":"9"}')
    assert "sleeve two open" not in found.came
    assert found.source == ()


def test_it_is_exported_with_the_source_of_each_sleeve(kept: KeptRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = [path.relative_to(out).as_posix() for path in export(kept, out)]
    assert {"policy/one/held.py", "policy/two/held.py", "report.html"} <= set(written)
