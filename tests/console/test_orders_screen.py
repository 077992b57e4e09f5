"""Screen Orders by its keys: lives, cancel, amend, and the answers to differences."""

from decimal import Decimal

import msgspec
from console_driver import Console, Scene, running
from console_fakes import DIFFERENCES, SLEEVES, STOP, FakeMarket, order

from tradebot.console.link.protocol import StateQuery
from tradebot.console.rows import text_of
from tradebot.console.screens.orders.life import ms_text
from tradebot.console.screens.overlays.choice import Choice
from tradebot.console.screens.overlays.typed import Typed
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_orders import AmendRequest
from tradebot.engine.control.order_life import OrderLife


def with_orders(*orders: OrderFacts) -> Scene:
    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        return market.frame(query, working=list(orders), differences=DIFFERENCES, sleeves=SLEEVES)

    return scene


def opened(*orders: OrderFacts, read_only: bool = False) -> Console:
    return Console(with_orders(*(orders or (order(), STOP))), read_only=read_only)


async def at_orders(console: Console) -> None:
    await console.press("4")
    await console.beat(times=2)


def shown(console: Console, panel: str) -> str:
    rows = getattr(console.app.orders, panel).rows
    return "\n".join(text_of(row) for row in rows)


def last_words(console: Console) -> str:
    return console.view.history[-1].text


async def test_digits_and_function_keys_change_the_screen_and_status_row_stays() -> None:
    async with running(opened()) as console:
        before = text_of(console.app.trade.panels[0].rows[0])
        await at_orders(console)
        assert console.app.screen is console.app.orders
        assert text_of(console.app.orders.panels[0].rows[0]) == before
        await console.press("1")
        assert console.app.screen is console.app.trade
        await console.press("f4")
        assert console.app.screen is console.app.orders


async def test_digit_in_the_open_ticket_is_a_figure_and_a_function_key_still_changes() -> None:
    async with running(opened()) as console:
        await console.press("b", "4")
        assert console.app.screen is console.app.trade
        assert console.app.trade.ticket.draft is not None
        assert console.app.trade.ticket.draft.quantity == "4"
        await console.press("f4")
        assert console.app.screen is console.app.orders


async def test_digit_does_nothing_while_a_question_is_open() -> None:
    async with running(opened()) as console:
        await console.press("f9", "4", "f4")
        assert console.app.shown is console.app.trade


async def test_orders_are_open_and_ended_newest_first() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        ids = [o.client_order_id[-3:] for o in console.app.orders.orders.items()]
        assert ids == ["a41", "a39", "a37", "a36", "a35"]
        await console.press("o")
        assert len(console.app.orders.orders.items()) == 2
        await console.press("o", "o")
        states = {o.state for o in console.app.orders.orders.items()}
        assert states == {"rejected", "denied"}


async def test_enter_tells_the_life_beginning_with_the_reason_and_joins_the_bracket() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        console.app.orders.orders.select(2)
        await console.press("enter")
        await console.beat(times=2)
        lines = shown(console, "life").splitlines()
        assert "because" in lines[1]
        assert "breakout" in lines[1]
        assert "+12.9" in shown(console, "life")
        assert "stop loss   #0a39 at engine" in shown(console, "life")
        assert lines[-1].endswith("protects at engine")


async def test_cancel_of_a_plain_order_goes_out_at_once() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("x")
        assert console.link.commands == [("cancel", "tbq7x2k0000a41")]


async def test_cancel_of_protection_asks_and_says_what_it_protects() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("down", "x")
        assert isinstance(console.app.screen, Choice)
        text = "\n".join(text_of(row) for row in console.app.screen.sheet.rows)
        assert "this stop protects 0.85 BTC" in text
        assert console.link.commands == []
        await console.press("x")
        assert console.link.commands == [("cancel", "tbq7x2k0000a39")]


async def test_cancel_of_an_ended_order_says_so() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        console.app.orders.orders.select(2)
        await console.press("x", "e")
        assert console.link.commands == []
        assert "is filled" in last_words(console)


async def test_amend_sends_only_what_changed_and_only_on_y() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("e", "5", "9", "0", "0", "0", "enter")
        assert console.link.commands == []
        await console.press("y")
        word, name, change = console.link.commands[0]
        assert (word, name) == ("amend", "tbq7x2k0000a41")
        assert isinstance(change, AmendRequest)
        assert (change.limit_price, change.quantity) == (Decimal(59000), None)


async def test_amend_without_a_change_or_figure_goes_nowhere() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("e", "enter", "y", "backspace", "0", "enter", "y", "escape")
        assert console.link.commands == []


async def test_y_within_the_dead_time_does_not_amend() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("e", "5")
        await console.pilot.press("enter", "y")
        assert console.link.commands == []


async def test_nav_counts_what_waits_for_an_answer() -> None:
    async with running(opened()) as console:
        assert "4Orders!2" in text_of(console.app.trade.panels[-1].rows[0])


async def test_adopt_asks_whose_it_is_and_why() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("a")
        assert console.app.orders.tab == "reconcile"
        await console.press("a", "1")
        await console.beat()
        assert console.link.commands == []
        await console.press("o", "k", "enter")
        item = console.app.orders.reconcile.items()[0]
        assert console.link.commands == [("difference", item.id, "adopt", "trend-btc", "ok")]


async def test_ignore_needs_words() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("less_than_sign", "i")
        assert isinstance(console.app.screen, Typed)
        await console.press("enter", "space", "enter")
        assert console.link.commands == []
        await console.press("q", "space", "4", "enter")
        item = console.app.orders.reconcile.items()[0]
        assert console.link.commands == [("difference", item.id, "ignore", None, "q 4")]


async def test_flatten_of_a_difference_asks_y_and_why() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("less_than_sign", "f", "n")
        assert console.link.commands == []
        await console.press("y")
        await console.beat()
        assert console.link.commands == []
        await console.press("o", "k", "enter")
        item = console.app.orders.reconcile.items()[0]
        assert console.link.commands == [("difference", item.id, "flatten", None, "ok")]


async def test_r_asks_the_venues_now() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("r")
        assert console.link.commands == [("reconcile", None)]


async def test_read_only_console_sends_nothing_from_here() -> None:
    async with running(opened(read_only=True)) as console:
        await at_orders(console)
        await console.press("x", "e", "less_than_sign", "a", "i", "f")
        assert console.app.screen is console.app.orders
        assert console.link.commands == []


async def test_tabs_go_round_on_a_narrow_screen() -> None:
    async with running(opened(), (80, 24)) as console:
        await at_orders(console)
        seen: list[bool] = []
        for _ in range(3):
            await console.press("greater_than_sign")
            seen.append(console.app.orders.life.display)
        assert seen == [True, False, True]


async def test_unanswered_question_is_said_and_what_was_known_stays() -> None:
    console = opened()
    console.link.mute = True
    async with running(console) as driven:
        await at_orders(driven)
        assert driven.view.lookups.problem is not None
        assert len(driven.app.orders.orders.items()) == 2
        driven.link.mute = False
        await driven.beat(seconds=1.2, times=2)
        assert driven.view.lookups.problem is None


async def test_life_of_an_open_order_goes_on_by_itself() -> None:
    async with running(opened()) as console:
        await at_orders(console)
        await console.press("enter")
        told = console.view.lookups.life
        assert isinstance(told, OrderLife)
        console.link.lives["tbq7x2k0000a41"] = [
            *told.lines,
            msgspec.structs.replace(told.lines[-1], word="cancelled"),
        ]
        await console.beat(seconds=1.2, times=3)
        assert "cancelled" in shown(console, "life")


def test_ms_are_readable_from_microseconds_to_days() -> None:
    assert [ms_text(ms) for ms in (0.04, 12.93, 812.0, 64_200.0, 900_000.0, 10**8)] == [
        "+0.0", "+12.9", "+812", "+64.2 s", "+15 min", "+28 h",
    ]  # fmt: skip
