"""Arming by keys: the account's name is typed, what is left is shown, and keys keep it alive."""

import pytest
from console_driver import Console, Scene, running
from console_scenes import live

from tradebot.console import hands
from tradebot.console.hands import SAY_EVERY_S
from tradebot.console.rows import text_of
from tradebot.console.screens.overlays.typed import Typed
from tradebot.console.screens.trade.panels.status_row import status_row
from tradebot.engine.control.authority import ArmBody

TTY = "tty:/dev/pts/7:4242"
BOTH = "sandbox, second"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands, "this_terminal", lambda: TTY)


async def commands(console: Console, key: str, words: str = "") -> list[tuple[object, ...]]:
    await console.press(key)
    await console.beat(times=2)
    if words:
        assert isinstance(console.app.screen, Typed)
        await console.press(*("space" if c == " " else "comma" if c == "," else c for c in words))
        await console.press("enter")
        await console.beat()
    return [one for one in console.link.commands if one[0] != "seen"]


async def names(console: Console) -> str:
    return ", ".join(account.name for account in console.link.account_facts)


async def test_arming_needs_the_very_name_of_the_account() -> None:
    async with running(Console(live(None))) as console:
        name = await names(console)
        assert await commands(console, "A", name) == [("arm", ArmBody(terminal=TTY))]


async def test_another_word_than_the_account_arms_nothing() -> None:
    async with running(Console(live(None))) as console:
        assert await commands(console, "A", "yes") == []
        assert isinstance(console.app.screen, Typed)


async def test_disarming_asks_nothing() -> None:
    async with running(Console(live(899))) as console:
        assert await commands(console, "D") == [("disarm",)]


@pytest.mark.parametrize("key", ["A", "D"])
async def test_where_no_real_money_is_or_this_console_only_reads_nothing_is_armed(key: str) -> None:
    for console in (Console(), Console(live(None), read_only=True)):
        async with running(console):
            assert await commands(console, key) == []
            assert not isinstance(console.app.screen, Typed)


@pytest.mark.parametrize(
    ("scene", "words"), [(live(None), "hand LOCKED"), (live(899), "hand ARMED 14:59")]
)
@pytest.mark.parametrize("width", [80, 120])
async def test_the_first_row_says_whether_hands_are_armed(
    scene: Scene, words: str, width: int
) -> None:
    async with running(Console(scene), (width, 40)) as console:
        assert words in text_of(status_row(console.app.view, width))


async def test_keys_keep_arming_alive_at_most_once_a_minute() -> None:
    async with running(Console(live(300))) as console:
        await console.press("down", "up", "down")
        await console.beat(seconds=SAY_EVERY_S)
        await console.press("up")
        await console.beat()
        assert console.link.commands == [("seen", TTY)] * 2


async def test_keys_say_nothing_while_hands_are_locked() -> None:
    async with running(Console(live(None))) as console:
        await console.press("down", "up")
        assert console.link.commands == []
