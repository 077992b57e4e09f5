"""Trade where the venue shows no depth: the quote and the candles stand in the ladder's place."""

import msgspec
import pytest
from console_driver import Console, Scene, normal, running
from console_fakes import FakeMarket, HandClock
from console_scenes import MID, NARROW, SIZES, WIDE, Compare, Steps, look, lose_engine, shot
from hypothesis import given
from hypothesis import strategies as st
from stock_scenes import (
    AT_BAND,
    CLOSED,
    HALTED,
    OPEN,
    STALE,
    UNTOLD,
    stock,
    stock_untold,
)

from tradebot.console.condition import condition_of, entry_refusal
from tradebot.console.figures import amount, brief_amount, span_text
from tradebot.console.glyphs import BLOCK
from tradebot.console.link.protocol import StateQuery
from tradebot.console.rows import text_of, width_of
from tradebot.console.screens.trade.board import QUOTE_COLUMNS, Wish, arrange
from tradebot.console.screens.trade.panels.quote import quote_rows
from tradebot.console.view import View
from tradebot.engine.control.messages_quote import QuoteView


async def open_ticket(console: Console) -> None:
    await console.press("b")
    await console.beat(times=2)


SCENES: dict[str, tuple[Scene, Steps, tuple[str, ...]]] = {
    "open": (stock(), look, ("narrow", "mid", "wide")),
    "halted": (stock(HALTED, "down", 131_000), look, ("narrow", "mid", "wide")),
    "band": (stock(AT_BAND), look, ("narrow",)),
    "stale": (stock(STALE, "stale", 83_000), look, ("narrow", "mid", "wide")),
    "closed": (stock(CLOSED, "closed", 54_000_000), look, ("narrow", "mid", "wide")),
    "empty": (stock_untold, look, ("narrow", "mid", "wide")),
    "lost": (stock(), lose_engine, ("narrow",)),
    "ticket": (stock(), open_ticket, ("narrow", "mid")),
}


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name, (_, _, sizes) in SCENES.items() for size in sizes]
)
def test_quote_form_looks_as_before(snap_compare: Compare, name: str, size: str) -> None:
    scene, steps, _ = SCENES[name]
    assert shot(snap_compare, Console(scene), SIZES[size], steps)


def test_quote_form_in_ascii_looks_as_before(snap_compare: Compare) -> None:
    assert shot(snap_compare, Console(stock(HALTED, "down", 131_000), glyphs="ascii"), MID, look)


@pytest.mark.parametrize("size", [NARROW, MID, WIDE])
async def test_the_engines_word_turns_ladder_into_quote_and_back(size: tuple[int, int]) -> None:
    async with running(Console(), size) as console:
        screen = console.app.screen
        assert screen.query_one("#ladder").display
        assert not screen.query_one("#quote").display
        assert screen.focused is screen.query_one("#ladder")
        console.scene = stock()
        await console.beat(times=2)
        assert not screen.query_one("#ladder").display
        assert screen.query_one("#quote").display
        assert screen.focused is screen.query_one("#candles")
        console.scene = normal
        await console.beat(times=2)
        assert screen.focused is screen.query_one("#ladder")


async def test_an_order_starts_at_the_touch_because_there_is_no_cursor() -> None:
    async with running(Console(stock())) as console:
        await console.press("down", "b")
        assert console.app.trade.ticket.draft is not None
        assert console.app.trade.ticket.draft.price == "189.2000"
        await console.press("escape")
        assert console.app.screen.focused is console.app.screen.query_one("#candles")


def test_a_halt_refuses_new_risk_with_its_reason_and_lets_exits_through() -> None:
    market = FakeMarket()
    frame = stock(HALTED, "down", 131_000)(market, StateQuery())
    assert frame is not None
    condition = condition_of(frame, 0.0)
    assert condition.kind == "halted"
    refusal = entry_refusal(condition, frame, reduce_only=False)
    assert refusal is not None
    assert "halted trading (Volatility Trading Pause)" in refusal
    assert entry_refusal(condition, frame, reduce_only=True) is None


def test_a_close_that_is_told_as_a_halt_is_a_close() -> None:
    closed = msgspec.structs.replace(CLOSED, halted=True, halt_reason="Session over")
    frame = stock(closed, "down", None)(FakeMarket(), StateQuery())
    assert condition_of(frame, 0.0).kind == "closed"


def test_a_stale_quote_names_its_own_bound() -> None:
    frame = stock(STALE, "stale", 83_000)(FakeMarket(), StateQuery())
    refusal = entry_refusal(condition_of(frame, 0.0), frame, reduce_only=False)
    assert refusal == "no new risk: feed stale for 83.0 s (bound 60 s); cancel still works"


async def test_keys_of_the_ladder_say_that_there_is_none() -> None:
    async with running(Console(stock())) as console:
        await console.press("c", "left_parenthesis")
        said = [line.text for line in console.view.history]
        assert len([text for text in said if "no ladder here" in text]) == 2


@given(st.integers(80, 300), st.integers(24, 100), st.integers(0, len(QUOTE_COLUMNS) - 1))
def test_the_quote_form_uses_every_cell_once(width: int, height: int, column: int) -> None:
    placed = arrange(width, height, Wish(column=column, quote=True))
    assert "ladder" not in placed
    assert {"quote", "candles"} <= set(placed)
    cells = {
        (x, y) for r in placed.values() for x in range(r.x, r.right) for y in range(r.y, r.bottom)
    }
    assert len(cells) == sum(r.area for r in placed.values()) == width * height


def rows_of(quote: QuoteView, width: int = 44) -> list[str]:
    view = View(HandClock(), BLOCK)
    console = Console(stock(quote))
    frame = console.scene(console.market, view.query)
    assert frame is not None
    view.receive(msgspec.json.encode(frame).decode())
    view.open_mail()
    rows = quote_rows(frame, quote, view, width)
    assert all(width_of(row) <= width for row in rows)
    return [text_of(row) for row in rows]


@pytest.mark.parametrize("width", [30, 44, 48])
@pytest.mark.parametrize("quote", [OPEN, HALTED, AT_BAND, STALE, CLOSED, UNTOLD])
def test_no_row_is_wider_than_the_panel(quote: QuoteView, width: int) -> None:
    assert rows_of(quote, width)


def test_the_rows_say_what_is_known_and_what_is_not() -> None:
    shown = "\n".join(rows_of(OPEN))
    for words in (
        "189.20 x 200",
        "1,300 x 189.22",
        "420ms old",
        "closes in 3h 12m",
        "not halted",
    ):
        assert words in shown
    assert "179.75 to 198.67" in shown
    unknown = "\n".join(rows_of(UNTOLD))
    for words in (
        "no quote has come yet",
        "hours not known",
        "halts are not told",
        "no price band",
    ):
        assert words in unknown
    assert "LIMIT UP" in "\n".join(rows_of(AT_BAND))
    assert "HALTED since 12:02:06" in "\n".join(rows_of(HALTED))


def test_an_old_quote_is_marked_in_words() -> None:
    assert "83s old" in "\n".join(rows_of(STALE))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (42.9, "42s"), (725, "12m 5s"), (11_520, "3h 12m"), (223_200, "2d 14h")],
)
def test_a_time_to_wait_has_two_units(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "shown"), [("300.000000000", "300"), ("0.50000", "0.500"), ("-1.23456", "-1.23456")]
)
def test_a_quantity_in_a_list_has_decimals_only_where_it_is_not_whole(
    text: str, shown: str
) -> None:
    assert amount(text) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("2229.492119707", 9, "2,229.492"),
        ("2229.492119707", 6, "2,229"),
        ("1.234567891", 9, "1.235"),
        ("0.20115", 9, "0.20115"),
        ("1300.000000000", 9, "1,300"),
        ("123456789.5", 6, "123,456,790"),
    ],
)
def test_a_markets_quantity_loses_decimals_before_digits(text: str, width: int, shown: str) -> None:
    assert brief_amount(text, width) == shown


def test_sizes_leave_when_the_prices_need_the_row() -> None:
    dear = msgspec.structs.replace(
        OPEN, bid="712345.6700", ask="712346.6700", bid_size="1234567.5", ask_size="3"
    )
    first = rows_of(dear)[0]
    assert "712,345.67" in first
    assert "712,346.67" in first
    assert " x " not in first
