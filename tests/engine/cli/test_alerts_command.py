"""`alerts test` says which address took a message."""

from pathlib import Path

from tests.engine.alerts.receiver import receiving
from tests.engine.cli.conftest import Tradebot


def test_alerts_test_says_which_address_took_it(tradebot: Tradebot, home: Path) -> None:
    assert tradebot("alerts", "test").code == 3
    with receiving() as receiver:
        (home / "tradebot.toml").write_text(f'[alerts]\nto = ["{receiver.alert_url}"]\n')
        ran = tradebot("alerts", "test")
        assert (ran.code, "json://***" in ran.out) == (0, True)
        receiver.refuse = 9
        failed = tradebot("alerts", "test", "--json")
    assert failed.code == 1
    assert "s3cr3t-token" not in ran.out + ran.err + failed.out + failed.err
