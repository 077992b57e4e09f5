"""What the screens beside Trade look like in their main states and sizes."""

import msgspec
import pytest
from console_driver import Console, Scene
from console_fakes import (
    DIFFERENCES,
    ENDED_ORDERS,
    LIMITS,
    POSITIONS,
    SETUP,
    SLEEVES,
    STOP,
    FakeMarket,
    order,
)
from console_scenes import (
    MID,
    SIZES,
    Compare,
    Steps,
    empty,
    live,
    look,
    lose_engine,
    shot,
    with_state,
)

from tradebot.console import hands
from tradebot.console.link.protocol import StateQuery
from tradebot.engine.control.messages_facts import LimitFacts, OrderFacts
from tradebot.engine.control.messages_frame import Frame


def orders_scene(market: FakeMarket, query: StateQuery) -> Frame:
    return market.frame(query, working=[order(), STOP], differences=DIFFERENCES)


def many() -> list[OrderFacts]:
    return [
        msgspec.structs.replace(
            ENDED_ORDERS[number % 3],
            client_order_id=f"tbq7x2k0{number:06}",
            created=f"2026-11-18T{number // 60:02}:{number % 60:02}:00Z",
        )
        for number in range(300)
    ]


def on(screen: str, steps: Steps = look) -> Steps:
    async def go(console: Console) -> None:
        await console.press(screen)
        await console.beat(times=2)
        await steps(console)

    return go


async def tell_life(console: Console) -> None:
    console.app.orders.orders.select(2)
    await console.press("enter")
    await console.beat(times=2)


async def reconcile(console: Console) -> None:
    await console.press("less_than_sign")


async def ignore(console: Console) -> None:
    await console.press("less_than_sign", "i", "d", "u", "s", "t")
    await console.beat()


async def amend(console: Console) -> None:
    await console.press("e", "5", "9", "0", "0", "0", "enter")
    await console.beat()


async def adopt(console: Console) -> None:
    await console.press("less_than_sign", "a")


async def full(console: Console) -> None:
    console.link.ended = many()
    await console.beat(seconds=1.2, times=2)
    await console.press("pagedown", "pagedown", "pagedown")


ORDERS: dict[str, tuple[Scene, Steps, tuple[str, ...]]] = {
    "life": (orders_scene, tell_life, ("narrow", "mid", "wide")),
    "reconcile": (orders_scene, reconcile, ("narrow", "mid")),
    "ignore": (orders_scene, ignore, ("narrow",)),
    "adopt": (orders_scene, adopt, ("mid",)),
    "amend": (orders_scene, amend, ("narrow", "mid")),
    "many": (orders_scene, full, ("narrow", "mid")),
    "empty": (empty, look, ("narrow", "mid")),
    "lost": (orders_scene, lose_engine, ("narrow", "mid")),
    "halted": (with_state("HALTED", "drawdown 10.2 % of 10 %"), look, ("narrow",)),
}


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name, (_, _, sizes) in ORDERS.items() for size in sizes]
)
def test_orders_looks_as_before(snap_compare: Compare, name: str, size: str) -> None:
    scene, steps, _ = ORDERS[name]
    console = Console(scene)
    if name == "empty":
        console.link.ended = []
    assert shot(snap_compare, console, SIZES[size], on("4", steps))


def test_orders_without_colour_looks_as_before(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(snap_compare, Console(orders_scene), MID, on("4", reconcile))


def test_orders_in_ascii_looks_as_before(snap_compare: Compare) -> None:
    assert shot(snap_compare, Console(orders_scene, glyphs="ascii"), MID, on("4", tell_life))


def risk_scene(market: FakeMarket, query: StateQuery) -> Frame:
    engine_held = msgspec.structs.replace(POSITIONS[1], protected_at="engine")
    limits = [*LIMITS, LimitFacts(name="drawdown", used="10.2", cap="10", unit="%")]
    return market.frame(
        query, sleeves=SLEEVES, positions=[POSITIONS[0], engine_held], limits=limits
    )


async def typing(console: Console) -> None:
    await console.press("h")
    await console.beat()
    await console.press("n", "e", "w", "s")


async def arming(console: Console) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hands, "this_terminal", lambda: "tty:/dev/pts/7:4242")
        await console.press("A")
        await console.beat(times=2)
        await console.press("s", "a", "n")


async def after_a_test(console: Console) -> None:
    await console.press("down", "t")
    await console.beat(times=3)


OTHERS: dict[str, tuple[str, Scene, Steps, tuple[str, ...]]] = {
    "risk": ("3", risk_scene, look, ("narrow", "mid", "wide")),
    "risk_empty": ("3", empty, look, ("mid",)),
    "risk_halted": ("3", with_state("HALTED", "drawdown 10.2 % of 10 %"), look, ("narrow", "mid")),
    "risk_halting": ("3", risk_scene, typing, ("narrow",)),
    "risk_lost": ("3", risk_scene, lose_engine, ("narrow",)),
    "live_locked": ("3", live(None), look, ("narrow", "mid")),
    "live_armed": ("1", live(899), look, ("narrow", "mid")),
    "live_arming": ("1", live(None), arming, ("narrow", "mid")),
    "health": ("8", risk_scene, look, ("narrow", "mid", "wide")),
    "setup": ("9", risk_scene, after_a_test, ("narrow", "mid", "wide")),
    "setup_lost": ("9", risk_scene, lose_engine, ("narrow",)),
    "health_lost": ("8", risk_scene, lose_engine, ("narrow",)),
}


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name, (_, _, _, sizes) in OTHERS.items() for size in sizes]
)
def test_risk_and_health_look_as_before(snap_compare: Compare, name: str, size: str) -> None:
    digit, scene, steps, _ = OTHERS[name]
    assert shot(snap_compare, Console(scene), SIZES[size], on(digit, steps))


@pytest.mark.parametrize("size", ["narrow", "mid"])
def test_setup_without_accounts_looks_as_before(snap_compare: Compare, size: str) -> None:
    console = Console(risk_scene)
    console.link.setup_facts = msgspec.structs.replace(SETUP, accounts=[])
    assert shot(snap_compare, console, SIZES[size], on("9"))
