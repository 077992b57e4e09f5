"""The game: what floor and target are measured from, over flows and restarts."""

from decimal import Decimal

import msgspec
import pytest
from tests.engine.core.builders import World, of_type, started

from tradebot.engine.core.events import EngineStarted
from tradebot.engine.core.objective import Goal
from tradebot.engine.core.outcomes import GameBegun

GAME = {"utility": "hybrid", "floor": "-10%", "target": "20%"}


def start(**terms: str) -> EngineStarted:
    return msgspec.structs.replace(started(), objective=GAME | terms)


def ends(world: World) -> tuple[Decimal, Decimal]:
    """Return floor and target."""
    objective, game = world.state.objective(), world.state.game
    assert objective is not None
    assert game is not None
    return objective.floor.value(game), objective.target.value(game)


def test_the_game_begins_with_the_first_equity() -> None:
    world = World(start=start(), cash="24000")
    world.market()
    assert ends(world) == (Decimal(21_600), Decimal(28_800))
    objective = world.state.objective()
    assert objective is not None
    assert objective.text() == "+20 % before -10 %"


def test_a_deposit_neither_wins_nor_loses() -> None:
    world = World(start=start(), cash="10000")
    world.market()
    world.deposit("10000", movement="second")
    assert ends(world) == (Decimal(18_000), Decimal(24_000))


def test_amounts_move_with_flows_too() -> None:
    world = World(start=start(floor="9000 USDT", target="15000 USDT"), cash="10000")
    world.market()
    world.deposit("-5000", movement="out")
    assert ends(world) == (Decimal(4_500), Decimal(7_500))


def test_a_game_of_a_later_day_waits_for_it() -> None:
    later = "2099-01-01"
    world = World(start=start(since=later), cash="10000")
    world.market()
    assert world.state.game is None
    assert of_type(world.outcomes, GameBegun) == []


def test_another_since_begins_another_game_and_the_same_does_not() -> None:
    world = World(start=start(), cash="10000")
    world.market()
    world.deposit("500", movement="more")
    world.send(start())
    assert ends(world)[0] == Decimal(9_450)
    world.send(start(since="1971-01-01"))
    world.market()
    assert ends(world)[0] == Decimal(9_450)
    assert len(of_type(world.outcomes, GameBegun)) == 2


def test_the_game_survives_recovery() -> None:
    world = World(start=start(), cash="10000")
    world.market()
    world.deposit("10000", movement="second")
    assert world.recovered().state.game == world.state.game


def test_without_an_objective_there_is_no_game() -> None:
    world = World()
    world.market()
    assert (world.state.objective(), world.state.game) == (None, None)


@pytest.mark.parametrize(
    ("text", "words"), [("-10%", "-10 %"), ("20%", "+20 %"), ("9000 USD", "9000")]
)
def test_a_goal_in_words(text: str, words: str) -> None:
    assert Goal.parse(text).text() == words
