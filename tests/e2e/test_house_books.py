"""The house's books of a real engine: a bet settles, the game has its odds, and both outlive a kill -9."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.e2e.engine_process import Home, running, short_home, wait_until

from tradebot.engine.control.client import ControlClient
from tradebot.engine.control.messages_house import SleeveRow
from tradebot.engine.control.messages_orders import OrderRequest

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

OBJECTIVE = """
[objective]
utility = "hybrid"
floor = "-10%"
target = "20%"
"""


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as made:
        (made.path / "tradebot.toml").write_text(OBJECTIVE)
        yield made


def hand(client: ControlClient) -> SleeveRow:
    return next(row for row in client.house().rows if row.name == "hand")


def test_a_bet_and_the_game_outlive_a_kill(home: Home) -> None:
    with running(home) as engine:
        with engine.client() as client:
            wait_until(lambda: client.house().game is not None, "the game is told", 20)
            frame = client.house()
            symbol = client.status().feeds[0].name
            wait_until(lambda: client.house().moves.why_not == "", "a mark is known", 20)
            bought = OrderRequest(
                request_id="in",
                instrument=symbol,
                side="buy",
                quantity=Decimal("0.01"),
                type="marketable",
                note="breakout",
            )
            client.place(bought, 5)
            wait_until(lambda: hand(client).open_bets == 1, "a bet runs", 20)
            moves = client.house().moves
            assert moves.positions == 1
            assert moves.unprotected == (symbol,)
            sold = OrderRequest(
                request_id="out",
                instrument=symbol,
                side="sell",
                quantity=Decimal("0.01"),
                type="marketable",
                reduce_only=True,
            )
            client.place(sold, 5)
            wait_until(lambda: hand(client).bets == 1, "the bet is settled", 20)
            before, game = hand(client), client.house().game
            assert frame.currency
        engine.kill()
    with running(home) as engine, engine.client() as client:
        wait_until(lambda: hand(client).equity is not None, "the books can be valued", 20)
        after = hand(client)
        assert (after.bets, after.actual) == (before.bets, before.actual)
        again = client.house().game
        assert game is not None
        assert again is not None
        assert (again.floor, again.target) == (game.floor, game.target)
        assert client.status().coin == again.coin
