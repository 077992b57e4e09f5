"""The life of a sleeve with the real program, each step as a user types it; the engine is killed in between."""

import json
from typing import cast

import pytest
from tests.e2e.engine_process import Home, running, short_home, wait_until

from tradebot.engine.journal.codec import JsonValue

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

HOP = '''
"""Buy a little, sell it, again: pays the spread and the fees each time."""

from decimal import Decimal

from hop_parts import reason
from tradebot.engine.core.actions import OrderSeq, buy, sell
from tradebot.engine.core.needs import Every
from tradebot.engine.core.params import Params, param


class Hop:
    class params(Params, frozen=True):
        size: Decimal = param("0.01", gt=0, le=1, doc="bought and sold, in the base")

    needs = (Every(100_000_000),)

    def decide(self, portfolio, snapshot, context=None):
        symbol = snapshot.only.instrument.id
        if portfolio.orders:
            return OrderSeq.none(because=reason("waiting"))
        if portfolio.quantity(symbol) > 0:
            return OrderSeq.of(sell(portfolio.quantity(symbol)), because=reason("out"))
        return OrderSeq.of(buy(context.params.size), because=reason("in"))
'''
PARTS = """
from tradebot.engine.core.reasons import why

def reason(code):
    return why(code)
"""
CONFIGURATION = """
[sleeves.hop]
policy = "hop.py:Hop"
symbols = ["sandbox:BTCUSDT"]
capital = "5000 USDT"
run = "off"
params = { size = "0.02" }
"""


def write(home: Home, name: str, text: str) -> None:
    path = home.path / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


def told(home: Home, *words: str, code: int = 0) -> str:
    """Run a command that is to end with an exit code; return what it printed."""
    ran = home.run("policy", *words)
    assert ran.returncode == code, ran.stderr
    return ran.stdout if code == 0 else ran.stderr


def line(home: Home) -> dict[str, JsonValue]:
    """Return the sleeve's line of `policy list`."""
    (found,) = cast("list[dict[str, JsonValue]]", json.loads(told(home, "list", "--json")))
    return found


def traded(home: Home) -> bool:
    fills = home.run("fills", "--json")
    return fills.returncode == 0 and '"owner":"hop"' in fills.stdout


def test_a_sleeve_is_started_reloaded_taken_back_outlives_a_kill_and_is_stopped() -> None:
    with short_home() as home:
        write(home, "policies/hop.py", HOP)
        write(home, "policies/hop_parts.py", PARTS)
        write(home, "tradebot.toml", CONFIGURATION)
        with running(home, "--seed", "3") as engine:
            assert line(home)["state"] == "off"
            assert "no sleeve 'other' in tradebot.toml" in told(home, "start", "other", code=2)
            card = told(home, "start", "hop")
            assert "it decides, nothing is sent" in card
            assert "size = 0.02 (tradebot.toml) > 0 and <= 1" in card
            assert not traded(home)
            told(home, "start", "hop", "--live")
            wait_until(lambda: traded(home), "the sleeve trades", 60)
            first = line(home)["version"]
            # A file beside the policy's counts like its own.
            write(home, "policies/hop_parts.py", PARTS.replace("why(code)", 'why(code + "-2")'))
            wait_until(lambda: line(home)["note"] == "changed on disk", "the change is seen", 30)
            assert '+    return why(code + "-2")' in told(home, "reload", "hop")
            second = line(home)["version"]
            assert second != first
            told(home, "rollback", "hop")
            assert line(home)["version"] == first
            told(home, "capital", "hop", "7000")
            engine.kill()
        with running(home, "--seed", "3"):
            again = line(home)
            assert (again["version"], again["run"], again["capital"]) == (first, "live", "7000")
            assert again["note"] == f"rolled back from {str(second)[:4]}"
            assert "7000" in told(home, "allocate", "--by", "risk")
            assert "10 settled bets" in told(home, "allocate", "--by", "growth", code=1)
            told(home, "pause", "hop")
            assert line(home)["state"] == "paused"
            told(home, "resume", "hop")
            told(home, "stop", "hop", "--exit")
            assert line(home)["state"] == "stopped"
            write(home, "policies/hop.py", "broken(")
            assert "SyntaxError" in told(home, "start", "hop", code=3)
        checked = home.run("journal", "check", "--redecide", "--json")
        assert checked.returncode == 0, checked.stdout
        assert json.loads(checked.stdout)["notes"] == []
