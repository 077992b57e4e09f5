"""The ladder: rows keep their prices, clicks resolve against what was painted, rows equal the book."""

from decimal import Decimal

import pytest
from console_driver import Console, running
from console_fakes import FakeMarket
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Offset

from tradebot.console.figures import from_units, grouped, units
from tradebot.console.glyphs import ASCII, BLOCK, Glyphs
from tradebot.console.link.protocol import StateQuery
from tradebot.console.rows import text_of, width_of
from tradebot.console.screens.trade.ladder.axis import Axis, Touch, centred, resized, wants_recentre
from tradebot.console.screens.trade.ladder.depth import depth_of
from tradebot.console.screens.trade.ladder.drawing import HEADER_ROWS, Marks, draw, size_text
from tradebot.console.screens.trade.steps import coarser_or_finer, step_ladder
from tradebot.engine.control.messages_facts import FeedFacts
from tradebot.engine.control.messages_frame import BookView, Frame, InstrumentView

NO_MARKS = Marks(None, focused=False, changed=frozenset())
LEVELS = st.dictionaries(
    st.integers(1, 400), st.decimals("0.00001", "90000", places=5, allow_nan=False), max_size=40
)


def book_frame(bids: dict[int, Decimal], asks: dict[int, Decimal]) -> Frame:
    """Return a frame with levels given in half dollars, bids below 200, asks above."""
    below = {level % 200 + 1: size for level, size in bids.items()}
    above = {level % 200 + 201: size for level, size in asks.items()}

    def price(level: int) -> str:
        return f"{Decimal(level) / 2:.2f}"

    view = BookView(
        step="0.50",
        bids=[(price(level), str(below[level])) for level in sorted(below, reverse=True)],
        asks=[(price(level), str(above[level])) for level in sorted(above)],
        best_bid=price(max(below)) if below else None,
        best_ask=price(min(above)) if above else None,
        mid=None,
        spread=None,
        bid_share=None,
    )
    return FakeMarket().frame(book=view)


@given(LEVELS, LEVELS, st.integers(44, 70), st.integers(4, 60))
def test_rows_show_exactly_the_levels_of_the_book(
    bids: dict[int, Decimal], asks: dict[int, Decimal], width: int, height: int
) -> None:
    frame = book_frame(bids, asks)
    depth = depth_of(frame)
    axis = centred(depth.touch, height)
    if axis is None:
        assert not bids
        assert not asks
        return
    rows = draw(depth, frame.book, axis, NO_MARKS, width, BLOCK)
    shown_bids = {units(price, 2): size for price, size in frame.book.bids}
    shown_asks = {units(price, 2): size for price, size in frame.book.asks}
    for y in range(height):
        text = text_of(rows[HEADER_ROWS + y])
        price = units(depth.price_text(axis.step_at(y)), 2)
        assert grouped(from_units(price, 2)) in text
        size = shown_bids.get(price) or shown_asks.get(price)
        if size is not None:
            column = (width - 14 - 12) // 2
            assert size_text(Decimal(size), 5, column - 1) in text


@given(LEVELS, LEVELS, st.integers(44, 120), st.integers(1, 60), st.sampled_from([ASCII, BLOCK]))
def test_rows_are_as_wide_as_the_panel_and_one_cell_a_glyph(
    bids: dict[int, Decimal], asks: dict[int, Decimal], width: int, height: int, glyphs: Glyphs
) -> None:
    frame = book_frame(bids, asks)
    depth = depth_of(frame)
    axis = centred(depth.touch, height)
    if axis is None:
        return
    marks = Marks(axis.step_at(0), focused=True, changed=frozenset({("bid", axis.step_at(0))}))
    for row in draw(depth, frame.book, axis, marks, width, glyphs):
        assert width_of(row) == width
        assert glyphs is not ASCII or text_of(row).isascii()


@given(st.integers(-(10**15), 10**15), st.integers(0, 12))
def test_units_and_text_are_inverse(value: int, decimals: int) -> None:
    assert units(from_units(value, decimals), decimals) == value


@pytest.mark.parametrize("text", ["", "1e5", "1,000", "0x1", "nan", "--1", "1.2.3"])
def test_units_refuses_what_is_no_plain_decimal(text: str) -> None:
    with pytest.raises(ValueError, match="plain decimal"):
        units(text, 2)


def test_units_refuses_a_price_finer_than_the_scale() -> None:
    with pytest.raises(ValueError, match="finer than the scale"):
        units("1.005", 2)
    assert units("1.500", 2) == 150


@given(st.integers(0, 10**6), st.integers(1, 80), st.integers(0, 10**6))
def test_axis_scrolls_just_far_enough(top: int, height: int, step: int) -> None:
    axis = Axis(top, height)
    moved = axis.scrolled_to(step)
    assert moved.row_of(step) is not None
    if axis.row_of(step) is not None:
        assert moved == axis


@given(st.integers(100, 10**6), st.integers(1, 80))
def test_centred_axis_does_not_want_to_move(bid: int, height: int) -> None:
    touch = Touch(bid, bid + 1)
    axis = centred(touch, height)
    assert axis is not None
    assert not wants_recentre(axis, touch, idle_s=99) or height < 3


def test_axis_moves_by_itself_only_outside_the_middle_and_after_a_rest() -> None:
    axis = Axis(120, 20)
    assert not wants_recentre(axis, Touch(112, 113), idle_s=99)
    assert wants_recentre(axis, Touch(119, 120), idle_s=2.0)
    assert not wants_recentre(axis, Touch(119, 120), idle_s=1.9)


def test_resized_axis_keeps_its_middle() -> None:
    assert resized(Axis(110, 20), 10).step_at(5) == Axis(110, 20).step_at(10)


@given(st.sampled_from(["0.50", "0.01", "0.00001", "1"]), st.integers(-30, 30))
def test_steps_stay_on_the_ladder_of_steps(tick: str, by: int) -> None:
    instrument = InstrumentView(
        id="x:Y",
        base="Y",
        currency="USD",
        tick=tick,
        lot="1",
        price_decimals=5,
        quantity_decimals=0,
    )
    chosen = coarser_or_finer(instrument, tick, by)
    assert Decimal(chosen) in step_ladder(tick)


async def test_rows_keep_their_prices_while_the_market_moves_and_a_key_was_just_pressed() -> None:
    async with running(Console()) as console:
        await console.press("down")
        before = console.app.trade.ladder.step_at_row(5)
        for _ in range(3):
            console.market.mid_ticks += 7
            await console.beat(0.3)
        assert console.app.trade.ladder.step_at_row(5) == before


async def test_ladder_recentres_after_a_rest_and_on_c() -> None:
    async with running(Console()) as console:
        ladder = console.app.trade.ladder
        before = ladder.step_at_row(5)
        console.market.mid_ticks += 9
        await console.beat(0.3)
        await console.press("c")
        assert ladder.step_at_row(5) == (before or 0) + 9
        console.market.mid_ticks += 30
        await console.beat(2.5)
        await console.beat(0.3)
        assert ladder.step_at_row(5) == (before or 0) + 39


async def test_click_moves_only_the_cursor_and_resolves_against_the_painted_row() -> None:
    async with running(Console()) as console:
        ladder = console.app.trade.ladder
        painted = ladder.step_at_row(4)
        console.market.mid_ticks += 40  # the feed shifts between paint and click
        await console.pilot.click(ladder, offset=Offset(20, 5))
        assert painted is not None
        assert ladder.cursor_price == f"{painted / 2:.2f}"
        assert console.link.sent == []
        assert console.app.trade.ticket.draft is None


async def test_click_right_after_a_recentre_is_refused() -> None:
    async with running(Console()) as console:
        await console.pilot.press("c")
        await console.pilot.click(console.app.trade.ladder, offset=Offset(20, 5))
        await console.beat()
        assert console.app.trade.ladder.cursor_price is None
        assert "less than 0.5 s ago" in console.view.history[-1].text


async def test_click_on_a_stale_ladder_is_refused() -> None:
    def stale(market: FakeMarket, query: StateQuery) -> Frame:
        return market.frame(
            query, feed=FeedFacts(name="binance", state="stale", age_ms=5000, gaps=0)
        )

    async with running(Console(stale)) as console:
        await console.pilot.click(console.app.trade.ladder, offset=Offset(20, 5))
        await console.beat()
        assert "stale" in console.view.history[-1].text
        assert console.app.trade.ladder.cursor_price is None


async def test_cursor_keeps_its_price_when_the_step_changes() -> None:
    async with running(Console()) as console:
        await console.press("down", "down")
        price = console.app.trade.ladder.cursor_price
        await console.press("right_parenthesis")
        assert console.view.query.step == "1.00"
        await console.press("left_parenthesis")
        assert console.app.trade.ladder.cursor_price == price


async def test_step_the_engine_chose_is_kept() -> None:
    async with running(Console()) as console:
        assert console.view.query.step == "0.50"


async def test_empty_book_and_frames_without_book_do_not_break_the_ladder() -> None:
    async with running(Console(lambda market, _query: market.empty())) as console:
        await console.press("down", "c", "b")
        assert "no book" in text_of(console.app.trade.ladder.rows[8])
