"""Order entry by keys: what sends, what never sends, and what is refused with a reason."""

import asyncio
from typing import Literal

import msgspec
import pytest
from console_driver import Console, running
from console_fakes import BTC, FakeMarket, order, preview_of, refused_preview
from textual import events

from tradebot.console.link.protocol import StateQuery
from tradebot.console.screens.overlays.choice import Choice
from tradebot.console.screens.overlays.kill import KillOverlay, bare_positions
from tradebot.console.screens.overlays.review import Review
from tradebot.engine.control.messages_facts import FeedFacts
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_orders import OrderAnswer, Verdict


def top_review(console: Console) -> Review:
    assert isinstance(console.app.screen, Review)
    return console.app.screen


def last_words(console: Console) -> str:
    return console.view.history[-1].text


async def test_ticket_and_enter_open_a_review_and_send_nothing() -> None:
    async with running(Console()) as console:
        await console.press("b", "2", "enter")
        await console.press("enter", "enter")
        assert isinstance(console.app.screen, Review)
        assert console.link.sent == []


async def test_ticket_opens_at_the_cursor_price() -> None:
    async with running(Console()) as console:
        await console.press("down", "down", "down", "s")
        draft = console.app.trade.ticket.draft
        assert draft is not None
        assert (draft.side, draft.price) == ("sell", "59999.00")


async def test_review_asks_about_exactly_the_order_it_sends() -> None:
    async with running(Console()) as console:
        await console.press("b", "0", ".", "2", "5", "tab", "tab", "5", "9", "9", "9", "8", "tab")
        await console.press("tab", "space", "enter")
        await console.beat(times=2)
        await console.press("y")
        sent = console.link.sent[0]
        assert sent == console.link.previewed[-1]
        assert (str(sent.quantity), str(sent.limit_price), sent.post_only) == (
            "0.25",
            "59998",
            True,
        )
        assert sent.instrument == BTC


async def test_y_within_the_dead_time_does_not_send() -> None:
    async with running(Console()) as console:
        await console.press("b")
        await console.pilot.press("enter")
        await console.pilot.pause()
        console.clock.pass_s(0.2)
        await console.pilot.press("y", "y")
        assert top_review(console).stage == "ready"
        assert console.link.sent == []
        console.clock.pass_s(0.06)
        await console.pilot.press("y")
        await console.pilot.pause()
        assert len(console.link.sent) == 1


async def test_y_twice_sends_once() -> None:
    async with running(Console()) as console:
        console.link.place_gate = asyncio.Event()
        await console.open_review()
        await console.pilot.press("y", "y", "y")
        console.link.place_gate.set()
        await console.beat(times=2)
        assert len(console.link.sent) == 1


async def test_each_review_has_its_own_request_id() -> None:
    async with running(Console()) as console:
        for _ in range(2):
            await console.open_review()
            await console.press("y")
        first, second = console.link.sent
        assert first.request_id != second.request_id


async def test_pasted_text_with_line_ends_sends_nothing() -> None:
    async with running(Console()) as console:
        await console.press("b")
        console.app.trade.ticket.post_message(events.Paste("0.5\n\ny\ny"))
        await console.beat(times=2)
        assert not isinstance(console.app.screen, Review)
        assert console.app.trade.ticket.draft is not None
        assert console.app.trade.ticket.draft.quantity == "0.5"
        await console.press("enter")
        await console.beat()
        console.app.screen.post_message(events.Paste("y\ny\n"))
        await console.beat(times=2)
        assert console.link.sent == []


async def test_gate_that_refuses_leaves_no_key_that_sends() -> None:
    async with running(Console()) as console:
        console.link.make_preview = refused_preview
        await console.open_review()
        await console.press("y", "enter")
        assert console.link.sent == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("accepted", "accepted"),
        ("rejected", "REJECTED"),
        ("denied", "DENIED"),
        ("unknown", "UNKNOWN"),
    ],
)
async def test_answer_is_told(outcome: str, words: str) -> None:
    async with running(Console()) as console:
        console.link.answer = msgspec.convert(
            {"outcome": outcome, "order": None, "reason": "because"}, OrderAnswer
        )
        await console.open_review()
        await console.press("y", "escape")
        if outcome == "accepted":
            assert words in last_words(console)
        else:
            assert console.link.sent
            assert not isinstance(console.app.screen, Review)


async def test_lost_answer_is_unknown_and_is_not_sent_again() -> None:
    async with running(Console()) as console:
        await console.open_review()
        console.link.down = True
        await console.press("y", "y", "y")
        assert top_review(console).stage == "failed"
        assert len(console.link.sent) == 1


async def test_escape_leaves_the_review_without_sending() -> None:
    async with running(Console()) as console:
        await console.open_review()
        await console.press("escape")
        assert console.link.sent == []
        assert console.app.trade.ticket.draft is not None


async def test_market_that_goes_stale_during_the_review_is_refused() -> None:
    async with running(Console()) as console:
        await console.open_review()

        def stale(market: FakeMarket, query: StateQuery) -> Frame:
            feed = FeedFacts(name="binance", state="stale", age_ms=5000, gaps=0)
            return market.frame(query, feed=feed)

        console.scene = stale
        await console.beat()
        await console.press("y")
        assert console.link.sent == []
        assert top_review(console).stage == "refused"


async def test_stale_market_lets_a_reduce_only_order_through() -> None:
    def stale(market: FakeMarket, query: StateQuery) -> Frame:
        return market.frame(
            query, feed=FeedFacts(name="binance", state="stale", age_ms=5000, gaps=0)
        )

    async with running(Console(stale)) as console:
        await console.press("s", "tab", "tab", "tab", "tab", "tab", "space", "enter")
        await console.beat(times=2)
        await console.press("y")
        assert [request.reduce_only for request in console.link.sent] == [True]


@pytest.mark.parametrize(("state", "opens"), [("HALTED", False), ("REDUCING", True)])
async def test_trading_state_decides_whether_the_ticket_opens(state: str, *, opens: bool) -> None:
    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        return msgspec.structs.replace(market.frame(query), trading_state=state, reason="test")

    async with running(Console(scene)) as console:
        await console.press("b")
        assert (console.app.trade.ticket.draft is not None) is opens


@pytest.mark.parametrize("key", ["b", "s", "x", "X", "f"])
async def test_read_only_refuses_every_sending_key_with_the_reason(key: str) -> None:
    async with running(Console(read_only=True)) as console:
        await console.press(key)
        assert "read-only" in last_words(console)
        assert console.link.commands == []
        assert console.app.trade.ticket.draft is None


async def test_read_only_kill_overlay_shows_the_table_and_sends_nothing() -> None:
    async with running(Console(read_only=True)) as console:
        await console.press("f9", "k", "f9", "f", "y")
        assert isinstance(console.app.screen, KillOverlay)
        assert console.link.commands == []


async def test_x_cancels_the_selected_order() -> None:
    async with running(Console()) as console:
        console.app.trade.working.select(1)
        await console.press("x")
        assert console.link.commands == [("cancel", "tbq7x2k0000a38")]


async def test_x_on_the_ladder_cancels_the_order_under_the_cursor() -> None:
    async with running(Console()) as console:
        console.app.trade.working.select(1)
        await console.press("down", "down", "down", "down", "x")
        assert console.link.commands == [("cancel", "tbq7x2k0000a41")]


async def test_x_on_a_protective_order_asks_first() -> None:
    async with running(Console()) as console:
        console.app.trade.working.select(2)
        await console.press("x")
        assert isinstance(console.app.screen, Choice)
        assert console.link.commands == []
        await console.press("x")
        assert console.link.commands == [("cancel", "tbq7x2k0000a39")]


def first_order_gone(market: FakeMarket, query: StateQuery) -> Frame:
    return market.frame(query, working=market.frame().working[1:])


async def test_mark_stays_on_its_order_when_the_list_changes() -> None:
    async with running(Console()) as console:
        console.app.trade.working.select(1)
        console.scene = first_order_gone
        await console.beat(times=2)
        await console.press("x")
        assert console.link.commands == [("cancel", "tbq7x2k0000a38")]


async def test_x_right_after_the_selected_order_has_gone_cancels_nothing_else() -> None:
    async with running(Console()) as console:
        console.scene = first_order_gone
        await console.beat(0.3)
        await console.pilot.press("x")
        await console.pilot.pause()
        assert console.link.commands == []
        assert "has just gone" in last_words(console)
        await console.beat(times=2)
        await console.press("x")
        assert console.link.commands == [("cancel", "tbq7x2k0000a38")]


async def test_cancel_all_names_the_instrument_on_show() -> None:
    async with running(Console()) as console:
        await console.press("X")
        assert console.link.commands == [("cancel_all", BTC, None)]


async def test_flatten_needs_a_y_after_the_dead_time() -> None:
    async with running(Console()) as console:
        await console.pilot.press("f", "y")
        await console.pilot.pause()
        assert console.link.commands == []
        await console.beat(times=2)
        await console.press("y")
        assert console.link.commands == [("flatten", BTC)]


async def test_flatten_without_a_position_says_so() -> None:
    async with running(Console(lambda market, query: market.frame(query, positions=[]))) as console:
        await console.press("f")
        assert "nothing to flatten" in last_words(console)


async def test_f9_works_in_ticket_palette_and_review() -> None:
    async with running(Console()) as console:
        await console.press("b", "f9")
        assert isinstance(console.app.screen, KillOverlay)
        await console.press("escape", "escape", "colon", "a", "f9")
        assert isinstance(console.app.screen, KillOverlay)
        await console.press("escape", "escape", "escape")
        await console.open_review()
        await console.press("f9")
        assert isinstance(console.app.screen, KillOverlay)


async def test_f9_f9_kills_only_after_the_dead_time() -> None:
    async with running(Console()) as console:
        await console.pilot.press("f9", "f9")
        assert console.link.commands == []
        await console.beat(times=2)
        await console.press("f9")
        assert console.link.commands == [("kill",)]


def test_kill_overlay_names_the_positions_that_a_stopped_engine_leaves_bare() -> None:
    held = FakeMarket().frame().positions[0]
    places: tuple[Literal["broker", "engine"] | None, ...] = ("broker", "engine", None)
    some = [msgspec.structs.replace(held, protected_at=place, owner="me") for place in places]
    flat = msgspec.structs.replace(held, quantity="0.000")
    words = f"{held.quantity.lstrip('-')} BTCUSDT (me)"
    assert bare_positions([*some, flat]) == [
        f"long {words}: its stop is in this engine",
        f"long {words}",
    ]


async def test_kill_overlay_flattens_everything_only_with_f_and_y() -> None:
    async with running(Console()) as console:
        await console.press("exclamation_mark")
        await console.beat()
        await console.press("f")
        assert console.link.commands == []
        await console.press("y")
        assert console.link.commands == [("flatten", None)]


async def test_quit_with_working_orders_asks_and_can_cancel_them() -> None:
    async with running(Console()) as console:
        await console.press("q")
        assert isinstance(console.app.screen, Choice)
        await console.press("c")
        assert console.link.commands == [("cancel_all", None, None)]
        assert console.app.return_value == "quit"


async def test_quit_without_working_orders_leaves_at_once() -> None:
    async with running(Console(lambda market, query: market.frame(query, working=[]))) as console:
        await console.press("q")
        assert console.app.return_value == "quit"


async def test_unresolved_order_shows_in_the_title_of_working() -> None:
    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        return market.frame(query, working=[order(state="unknown")], unresolved=1)

    async with running(Console(scene)) as console:
        await console.beat(times=2)
        assert "UNKNOWN, reconciling" in str(console.app.trade.working.border_title)


async def test_light_that_is_not_green_refuses_new_risk_in_the_gates_own_words() -> None:
    words = "the private stream of sandbox is stale: no new risk until it is up"

    def stale(market: FakeMarket, query: StateQuery) -> Frame:
        feed = FeedFacts(name="binance", state="stale", age_ms=5000, gaps=0)
        return market.frame(query, feed=feed)

    async with running(Console(stale)) as console:
        console.link.make_preview = lambda request: preview_of(
            request, ok=False, verdicts=[Verdict(code="stream_not_up", ok=False, text=words)]
        )
        await console.press("b")
        await console.beat(times=2)
        shown = "".join(cell.text for row in console.app.trade.ticket.rows for cell in row)
        assert words in shown
        await console.press("enter", "y", "enter")
        assert console.link.sent == []


async def test_risk_and_a_stop_become_the_exact_quantity_the_gate_was_asked_about() -> None:
    async with running(Console()) as console:
        console.link.make_preview = lambda asked: preview_of(
            asked, quantity="0.19400" if asked.risk is not None else f"{asked.quantity:f}"
        )
        await console.press("b", "l", *"58800", "r", *"0.2")
        await console.pilot.press("5", "enter")
        await console.pilot.pause()
        assert "what the risk comes to" in last_words(console)
        assert not isinstance(console.app.screen, Review)
        await console.beat(times=3)
        await console.press("enter")
        await console.beat(times=2)
        await console.press("y")
        (sent,) = console.link.sent
        assert (str(sent.quantity), sent.risk, str(sent.stop_loss)) == ("0.19400", None, "58800")


async def test_target_and_stated_edge_go_with_the_order() -> None:
    async with running(Console()) as console:
        await console.press("b", "l", *"58800", "t", *"63600", "e", *"40", "enter")
        await console.beat(times=2)
        await console.press("y")
        (sent,) = console.link.sent
        assert (str(sent.take_profit), str(sent.edge)) == ("63600", "0.4")
