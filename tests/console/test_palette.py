"""The palette and the command line: words to commands, commands to reviews and questions, never to orders."""

import pytest
from console_driver import Console, running
from console_fakes import BTC, ETH
from textual.command import CommandPalette

from tradebot.console.app import ConsoleApp
from tradebot.console.commands.words import (
    DrillWords,
    NotUnderstood,
    OrderWords,
    ReasonWords,
    TargetWords,
    find_instrument,
    parse,
)
from tradebot.console.key import Key
from tradebot.console.keys import KEYS
from tradebot.console.rows import text_of
from tradebot.console.screens.data.screen import DataScreen
from tradebot.console.screens.health.screen import HealthScreen
from tradebot.console.screens.lab.screen import LabScreen
from tradebot.console.screens.orders.screen import OrdersScreen
from tradebot.console.screens.overlays.choice import Choice
from tradebot.console.screens.overlays.help import Help, help_rows
from tradebot.console.screens.overlays.history import History
from tradebot.console.screens.overlays.jump import LETTERS, Jump
from tradebot.console.screens.overlays.review import Review
from tradebot.console.screens.risk.screen import RiskScreen
from tradebot.console.screens.setup.screen import SetupScreen
from tradebot.console.screens.trade.screen import TradeScreen

KNOWN = [BTC, ETH, "alpaca:ETHUSDT"]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("buy 0.2 BTCUSDT @ 60000", OrderWords("buy", "0.2", BTC, "60000")),
        ("SELL .5 btcusdt@59999.5", OrderWords("sell", ".5", BTC, "59999.5")),
        ("buy 1 binance:ETHUSDT", OrderWords("buy", "1", ETH, None)),
        (
            "buy 0.05 BTCUSDT @ 60100 stop 59100",
            OrderWords("buy", "0.05", BTC, "60100", "59100"),
        ),
        ("buy 0.05 BTCUSDT STOP 59100", OrderWords("buy", "0.05", BTC, None, "59100")),
        ("drill lost-ack", DrillWords("lost-ack")),
        ("cancel all", TargetWords("cancel", None)),
        ("flatten BTCUSDT", TargetWords("flatten", BTC)),
        ("trade alpaca:ethusdt", TargetWords("trade", "alpaca:ETHUSDT")),
        ("halt going to lunch", ReasonWords("halt", "going to lunch")),
        ("resume back", ReasonWords("resume", "back")),
        ("theme tb-mono", None),
        ("", None),
    ],
)
def test_words_are_understood(text: str, command: object) -> None:
    assert parse(text, KNOWN) == command


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("buy", "QTY SYMBOL"),
        ("buy lots BTCUSDT", "no figure"),
        ("buy 1 BTCUSDT @ high", "no figure"),
        ("buy -1 BTCUSDT", "no figure"),
        ("buy 1 ETHUSDT @ 5", "one of binance:ETHUSDT, alpaca:ETHUSDT"),
        ("buy 1 DOGE @ 5", "known:"),
        ("flatten", "SYMBOL, or flatten all"),
        ("buy 1 BTCUSDT @ 5 stop", "stop PRICE"),
        ("buy 1 BTCUSDT stop 5 @ 6", "stop PRICE"),
        ("drill flood", "drill crash.mute"),
        ("halt", "REASON"),
        ("trade", "SYMBOL"),
    ],
)
def test_words_that_miss_something_say_what(text: str, hint: str) -> None:
    with pytest.raises(NotUnderstood, match=hint):
        parse(text, KNOWN)


def test_whole_name_wins_over_short_forms() -> None:
    assert find_instrument("BINANCE:ethusdt", KNOWN) == ETH


async def typed(console: Console, text: str) -> None:
    """Open the palette, type a command, choose it."""
    await console.press("colon")
    assert isinstance(console.app.screen, CommandPalette)
    await console.pilot.press(*("space" if c == " " else c for c in text))
    await console.pilot.pause(0.3)
    await console.pilot.press("enter")
    await console.beat(times=3)


async def test_order_typed_out_opens_the_review_and_sends_nothing() -> None:
    async with running(Console()) as console:
        await typed(console, "buy 1 BTCUSDT")
        assert isinstance(console.app.screen, Review)
        assert console.link.sent == []
        await console.press("y")
        assert [str(request.limit_price) for request in console.link.sent] == ["60000.00"]


async def test_halt_typed_out_carries_its_reason() -> None:
    async with running(Console()) as console:
        await typed(console, "halt lunch")
        assert console.link.commands == [("halt", "lunch")]


async def test_flatten_all_typed_out_asks_first() -> None:
    async with running(Console()) as console:
        await typed(console, "flatten all")
        assert isinstance(console.app.screen, Choice)
        assert console.link.commands == []
        await console.press("y")
        assert console.link.commands == [("flatten", None)]


async def test_theme_is_chosen_from_the_palette() -> None:
    async with running(Console()) as console:
        await typed(console, "theme tbmono")
        assert console.app.theme == "tb-mono"


async def test_key_action_is_chosen_from_the_palette() -> None:
    async with running(Console()) as console:
        await typed(console, "cancel all x")
        assert console.link.commands in ([], [("cancel_all", BTC, None)])


async def test_read_only_palette_sends_nothing() -> None:
    async with running(Console(read_only=True)) as console:
        await typed(console, "halt lunch")
        await console.press("escape")
        await typed(console, "buy 1 BTCUSDT")
        assert console.link.commands == []
        assert not isinstance(console.app.screen, Review)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_lists_every_key(key: str) -> None:
    async with running(Console()) as console:
        await console.press(key)
        assert isinstance(console.app.screen, Help)
        words = "\n".join(text_of(row) for row in help_rows())
        assert all(known.help in words for known in KEYS)
        await console.press("escape")
        assert isinstance(console.app.screen, TradeScreen)


async def test_history_shows_what_happened() -> None:
    async with running(Console()) as console:
        console.session_report("something of note")
        await console.press("v")
        assert isinstance(console.app.screen, History)


async def test_jump_goes_to_the_panel_of_the_letter() -> None:
    async with running(Console()) as console:
        await console.press("semicolon")
        assert isinstance(console.app.screen, Jump)
        await console.press("p")
        assert console.app.trade.focused is not None
        assert console.app.trade.focused.id == "positions"


SCREENS = {
    "trade": TradeScreen,
    "orders": OrdersScreen,
    "risk": RiskScreen,
    "health": HealthScreen,
    "setup": SetupScreen,
    "lab": LabScreen,
    "data": DataScreen,
}


def screens_of(key: Key) -> list[type[object]]:
    return [screen for name, screen in SCREENS.items() if key.works_on(name)]


def test_every_key_has_an_action_that_exists() -> None:
    for key in KEYS:
        name = key.action.removeprefix("app.").partition("(")[0]
        for owner in (ConsoleApp,) if key.action.startswith("app.") else screens_of(key):
            assert hasattr(owner, f"action_{name}"), (key.id, owner)


def test_every_letter_jumps_to_a_panel_of_its_own() -> None:
    assert len(set(LETTERS.values())) == len(LETTERS)
