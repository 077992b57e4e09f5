"""A drill's market, its words, and the wall around it."""

from pathlib import Path

import pytest

from tradebot.data.events import BookSnapshot
from tradebot.engine.cli.dispatch import run_command
from tradebot.engine.drills.market import STEP, DrillMarket
from tradebot.engine.drills.orders import Hold, Jump, Look, Lose, Mute, decoded, encoded
from tradebot.engine.drills.processes import environment_of
from tradebot.engine.drills.result import DRILLS


def walk(seed: int, steps: int = 50) -> list[object]:
    market = DrillMarket(seed)
    return [event for step in range(steps) for event in market.step(step * STEP)]


def test_the_same_seed_walks_the_same_way_and_another_does_not() -> None:
    assert walk(7) == walk(7)
    assert walk(7) != walk(8)


def test_a_book_is_never_crossed_and_lies_on_ticks() -> None:
    books = [event for event in walk(3) if isinstance(event, BookSnapshot)]
    for book in books:
        bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]
        assert all(price % 50 == 0 for price in (*bids, *asks))


def test_a_jump_moves_the_price_by_its_parts_and_a_still_market_stays() -> None:
    market = DrillMarket(1)
    before = market.middle
    market.jump(-600)
    market.still = True
    assert abs(market.middle - before * 94 // 100) <= 50
    stood = market.middle
    list(market.step(0))
    assert market.middle == stood


@pytest.mark.parametrize(
    "order",
    [
        Mute(private=True),
        Hold(fills=True, reports=True),
        Lose(requests=2),
        Jump(parts=-5, then_still=True),
        Look(),
    ],
)
def test_what_a_drill_says_to_its_venue_survives_the_pipe(order: object) -> None:
    line = encoded(order)  # pyright: ignore[reportArgumentType]
    assert line.endswith(b"\n")
    assert decoded(line) == order


def test_nothing_of_the_users_settings_reaches_a_drill() -> None:
    users = {
        "PATH": "/bin",
        "TRADEBOT_HOME": "/home/user",
        "TRADEBOT_RISK__DAY_LOSS": "50%",
        "NOTIFY_SOCKET": "/run/n",
    }
    assert environment_of(Path("/tmp/d"), users) == {"PATH": "/bin", "TRADEBOT_HOME": "/tmp/d"}  # noqa: S108


def test_an_unknown_drill_is_wrong_usage_and_names_the_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["drill", "flood"]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in DRILLS)
