"""What screen House looks like in its states and sizes."""

import pytest
from console_driver import Console, Scene
from console_fakes import DIFFERENCES, SLEEVES, FakeMarket
from console_scenes import MID, SIZES, Compare, Steps, look, lose_engine, shot
from house_fakes import DECISIONS, DIFFERENCE, EARLY_HOUSE, EMPTY_HOUSE, HOUSE

from tradebot.console.link.protocol import StateQuery
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_house import Decisions, HouseView


def house_scene(market: FakeMarket, query: StateQuery) -> Frame:
    return market.frame(query, sleeves=SLEEVES, differences=DIFFERENCES, chance=0.5121, coin=0.3765)


def no_sleeves(market: FakeMarket, _query: StateQuery) -> Frame:
    return market.empty()


def on_house(steps: Steps) -> Steps:
    async def go(console: Console) -> None:
        await console.press("2")
        await console.beat(seconds=1.1, times=3)
        await steps(console)

    return go


async def warming(console: Console) -> None:
    await console.press("down")
    await console.beat(times=2)


async def why(console: Console) -> None:
    await console.press("enter", "down", "down", "enter")
    await console.beat()


async def refused(console: Console) -> None:
    await console.press("enter", "down", "down")
    await console.beat()


async def reload(console: Console) -> None:
    await console.press("r")
    await console.beat(times=2)


async def filtered(console: Console) -> None:
    await console.press("slash")
    await console.beat()
    await console.press("b", "e", "l")


async def unclaimed(console: Console) -> None:
    await console.press("down", "down", "down", "down")
    await console.beat(times=2)


async def objective(console: Console) -> None:
    await console.press("o")
    await console.beat()


ALL = ("narrow", "mid", "wide")
STATES: dict[str, tuple[HouseView, Scene, Steps, tuple[str, ...]]] = {
    "books": (HOUSE, house_scene, look, ALL),
    "decisions": (HOUSE, house_scene, refused, ALL),
    "empty": (EMPTY_HOUSE, no_sleeves, look, ALL),
    "early": (EARLY_HOUSE, house_scene, look, ("narrow", "mid")),
    "warming": (EARLY_HOUSE, house_scene, warming, ("narrow", "mid")),
    "unclaimed": (HOUSE, house_scene, unclaimed, ("narrow", "mid")),
    "why": (HOUSE, house_scene, why, ("narrow", "mid")),
    "reload": (HOUSE, house_scene, reload, ("narrow", "mid")),
    "filter": (HOUSE, house_scene, filtered, ("narrow", "mid")),
    "objective": (HOUSE, house_scene, objective, ("mid",)),
    "no_objective": (EMPTY_HOUSE, no_sleeves, objective, ("narrow",)),
    "lost": (HOUSE, house_scene, lose_engine, ("narrow", "mid")),
}


def opened(house: HouseView | None, scene: Scene = house_scene, **looks: str) -> Console:
    console = Console(scene, **looks)  # pyright: ignore[reportArgumentType]  (names of themes and glyphs)
    console.link.house_facts = house
    console.link.decided = {"trend-btc": Decisions(decisions=DECISIONS)}
    console.link.difference = DIFFERENCE
    return console


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name, (*_, sizes) in STATES.items() for size in sizes]
)
def test_house_looks_as_before(snap_compare: Compare, name: str, size: str) -> None:
    house, scene, steps, _ = STATES[name]
    assert shot(snap_compare, opened(house, scene), SIZES[size], on_house(steps))


def test_house_that_nobody_answers_for_says_so(snap_compare: Compare) -> None:
    assert shot(snap_compare, opened(None), MID, on_house(look))


def test_house_without_colour_looks_as_before(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(snap_compare, opened(HOUSE), MID, on_house(look))


def test_house_in_ascii_looks_as_before(snap_compare: Compare) -> None:
    assert shot(snap_compare, opened(HOUSE, glyphs="ascii"), MID, on_house(look))


def test_house_in_light_colours_looks_as_before(snap_compare: Compare) -> None:
    assert shot(snap_compare, opened(HOUSE, theme="tb-light"), MID, on_house(look))
