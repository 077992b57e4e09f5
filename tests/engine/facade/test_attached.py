"""A running engine from Python: asked, never told."""

import pytest
from tests.e2e.engine_process import running, short_home

import tradebot.engine as tb
from tradebot.engine.control.client import EngineUnreachable


@pytest.mark.e2e
def test_a_running_engine_answers_and_takes_no_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    with short_home() as home, running(home):
        monkeypatch.setenv("TRADEBOT_HOME", str(home.path))
        with tb.attach() as engine:
            assert engine.status.engine.name == "main"
            assert engine.positions == []
            assert engine.sleeves == []
            assert engine.frame("fills").height == 0
            assert "read-only" in repr(engine)
            assert not [name for name in dir(engine) if name in {"place", "cancel", "kill", "stop"}]
            with pytest.raises(ValueError, match=r"limit must be in \[1, 10000\], was 0"):
                engine.fills(0)


def test_an_engine_that_does_not_run_is_told(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path_factory.mktemp("x")))
    with pytest.raises(EngineUnreachable):
        tb.attach(name="nobody")
