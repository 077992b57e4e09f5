"""What panels show: every strip styled and as wide as its widget, layouts without overlap, words and figures."""

import msgspec
import pytest
from console_driver import Console, running
from console_fakes import ETH, SLEEVES, FakeMarket, candle, fill, order
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.events import Resize
from textual.geometry import Size

from tradebot.console.condition import condition_of, entry_refusal
from tradebot.console.figures import age_text, signed_money, trimmed, unsigned_zero
from tradebot.console.glyphs import ALPHABETS, BLOCK, Glyphs
from tradebot.console.rows import fit, plain, text_of, width_of
from tradebot.console.screens.overlays.base import Overlay
from tradebot.console.screens.trade.board import RIGHT_COLUMNS, Wish, arrange, shape_of
from tradebot.console.screens.trade.candles.drawing import ChartStyle, FillMark, draw, nice_step
from tradebot.console.screens.trade.panels.card import Card
from tradebot.console.screens.trade.panels.fills import FillsPanel
from tradebot.console.screens.trade.panels.working import queue_words, short_state, state_words
from tradebot.console.widgets.line import LineWidget
from tradebot.engine.control.messages_facts import FeedFacts

SIZES = [
    (80, 24),
    (100, 33),
    (120, 40),
    (160, 44),
    (200, 60),
    (300, 100),
    (79, 24),
    (80, 23),
    (40, 10),
    (20, 3),
]


@pytest.mark.parametrize("theme", ["tb-dark", "tb-light", "tb-mono", "tb-contrast", "nord"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 10)])
async def test_every_strip_is_as_wide_as_its_widget_and_every_segment_has_a_ground(
    size: tuple[int, int], theme: str
) -> None:
    def scene(market: FakeMarket, query: object) -> object:
        del query
        return market.frame(sleeves=SLEEVES)

    async with running(Console(scene, theme=theme), size) as console:  # pyright: ignore[reportArgumentType]
        await console.press("down", "b")
        await console.beat(times=2)
        for widget in console.app.screen.query(LineWidget):
            if not widget.display:
                continue
            for y in range(widget.content_size.height):
                strip = widget.render_line(y)
                assert strip.cell_length == widget.content_size.width, widget
                for segment in strip:
                    assert segment.style is not None
                    assert segment.style.bgcolor is not None
                    assert cell_len(segment.text) == len(segment.text)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("column", range(len(RIGHT_COLUMNS)))
@pytest.mark.parametrize("card", [False, True])
def test_panels_do_not_overlap_and_stay_on_the_screen(
    size: tuple[int, int], column: int, *, card: bool
) -> None:
    for maximised in (None, "candles"):
        for sleeves in (False, True):
            wish = Wish(maximised, column, card=card, sleeves=sleeves)
            regions = list(arrange(*size, wish).values())
            cells = [
                (x, y) for r in regions for x in range(r.x, r.right) for y in range(r.y, r.bottom)
            ]
            assert len(cells) == len(set(cells))
            assert all(0 <= x < size[0] and 0 <= y < size[1] for x, y in cells)


@given(st.integers(80, 300), st.integers(24, 100))
def test_every_cell_of_a_large_enough_screen_is_used(width: int, height: int) -> None:
    regions = arrange(width, height, Wish()).values()
    assert sum(region.area for region in regions) == width * height


def test_shapes_follow_the_size() -> None:
    assert [shape_of(*size) for size in ((79, 24), (80, 24), (120, 33), (120, 40), (200, 60))] == [
        "small", "narrow", "narrow", "mid", "wide",
    ]  # fmt: skip


@given(
    st.lists(st.tuples(*[st.floats(1, 1e6)] * 4, st.floats(0, 1e9)), max_size=40),
    st.integers(12, 120),
    st.integers(1, 40),
    st.integers(1, 6),
    st.sampled_from(list(ALPHABETS.values())),
)
def test_chart_rows_fit_whatever_the_candles(
    figures: list[tuple[float, ...]], width: int, height: int, per: int, glyphs: Glyphs
) -> None:
    candles = [
        candle(i * 60_000_000_000, o, max(o, c, a, b), min(o, c, a, b), c, v)
        for i, (o, c, a, b, v) in enumerate(figures)
    ]
    fills = [FillMark(ts=60_000_000_000, price=100.0, buy=True)]
    rows = draw(candles, fills, width, height, ChartStyle(per, 2, seconds=False, glyphs=glyphs))
    assert len(rows) == height
    assert all(width_of(row) in (0, width) for row in rows)


def test_chart_draws_a_rising_candle_from_wick_to_body() -> None:
    rows = draw(
        [candle(0, 102, 108, 100, 106, 1)], [], 8, 5, ChartStyle(1, 0, seconds=False, glyphs=BLOCK)
    )
    assert [text_of(row)[3:4] for row in rows[:4]] == ["╽", "┃", "╿", "╵"] or all(
        text_of(row).strip() for row in rows[:4]
    )


@given(st.floats(1e-6, 1e9), st.integers(1, 20))
def test_nice_step_divides_a_span_into_at_most_count_parts(span: float, count: int) -> None:
    assert span / nice_step(span, count) <= count * 1.000001


@given(st.text(max_size=60))
def test_text_from_outside_becomes_one_cell_per_character(text: str) -> None:
    shown = plain(text)
    assert len(shown) == len(text)
    assert cell_len(shown) == len(shown)
    assert shown.isprintable()


@given(st.text(max_size=30), st.integers(0, 30))
def test_fit_never_exceeds_the_width(text: str, width: int) -> None:
    assert len(fit(text, width)) <= width


@pytest.mark.parametrize("glyphs", ALPHABETS.values(), ids=list(ALPHABETS))
def test_every_glyph_is_one_cell_wide(glyphs: Glyphs) -> None:
    for name, glyph in vars(glyphs).items():
        if name != "name":
            assert all(cell_len(c) == 1 for c in glyph), name
    assert len(glyphs.candle) == 9
    assert len(glyphs.volume) == 8


@pytest.mark.parametrize(
    ("text", "shown"), [("+0.00", "0.00"), ("-0.0", "0.0"), ("+1.19", "+1.19"), ("-0.01", "-0.01")]
)
def test_zero_has_no_sign(text: str, shown: str) -> None:
    assert unsigned_zero(text) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1204.11", "+1,204.11"),
        ("-61.2", "-61.20"),
        ("0", "0.00"),
        ("-0.001", "0.00"),
        (None, "unknown"),
    ],
)
def test_profit_always_shows_its_sign(amount: str | None, shown: str) -> None:
    assert signed_money(amount) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.008, "8ms"), (7.44, "7.4s"), (42.2, "42s"), (130, "2m"), (7300, "2h")]
)
def test_age_is_short(seconds: float, shown: str) -> None:
    assert age_text(seconds) == shown


def test_trimmed_keeps_what_it_is_told_to_keep() -> None:
    assert [trimmed("0.20000", 3), trimmed("1.000"), trimmed("12", 2)] == ["0.200", "1", "12"]


def test_queue_is_a_share_of_the_level_in_words() -> None:
    frame = FakeMarket().frame()
    price, level = frame.book.bids[2]
    mine = order(limit_price=price, queue_ahead=level)
    assert queue_words(mine, frame) == "100% of queue ahead"
    assert state_words(mine, frame) == "100% of queue ahead"
    assert short_state(mine, frame) == "100% ahead"
    assert queue_words(order(limit_price="1.00"), frame) == "0.186 ahead"
    assert queue_words(order(queue_ahead="0"), frame) == "first in queue"


def test_silence_makes_every_frame_untrusted() -> None:
    frame = FakeMarket().frame()
    assert condition_of(frame, 2.0).kind == "live"
    lost = condition_of(frame, 2.1)
    assert (lost.kind, lost.struck, lost.trusted) == ("lost", True, False)
    assert condition_of(None, 99).kind == "loading"


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        ("up", None),
        ("stale", "stale"),
        ("down", "down"),
        ("resync", "rebuilt"),
        ("ended", "over"),
        ("closed", "closed"),
    ],
)
def test_feed_state_refuses_new_risk_but_not_what_reduces(state: str, refused: str | None) -> None:
    feed = msgspec.convert({"name": "x", "state": state, "age_ms": 3000, "gaps": 0}, FeedFacts)
    frame = FakeMarket().frame(feed=feed)
    condition = condition_of(frame, 0.1)
    reason = entry_refusal(condition, frame, reduce_only=False)
    assert (refused is None and reason is None) or (reason is not None and str(refused) in reason)
    assert entry_refusal(condition, frame, reduce_only=True) is None


async def test_engine_that_falls_silent_gets_a_card_and_comes_back_seamlessly() -> None:
    async with running(Console()) as console:
        await console.silence(4.0)
        card = console.app.trade.query_one("#card")
        assert card.display
        assert "NOT RESPONDING" in str(card.border_title)
        await console.press("b")
        assert "silent" in console.view.history[-1].text
        await console.beat(times=2)
        assert not card.display
        assert console.view.condition.kind == "live"


async def test_a_screen_that_missed_the_terminals_size_gets_it_with_the_next_beat() -> None:
    async with running(Console()) as console:
        small = Size(80, 24)
        console.app.screen.post_message(Resize(small, small))
        await console.pilot.pause()
        assert console.app.screen.outer_size == small
        await console.beat(times=2)
        assert console.app.screen.outer_size == Size(120, 40)


async def test_freeze_holds_the_picture_and_escape_lets_go() -> None:
    async with running(Console()) as console:
        await console.press("space")
        version = console.view.frame.version if console.view.frame else None
        console.market.step()
        await console.beat(times=2)
        assert console.view.frame is not None
        assert console.view.frame.version == version
        assert console.view.newest is not None
        assert console.view.newest.version != version
        await console.press("escape")
        assert not console.view.frozen


async def test_symbol_keys_ask_for_the_neighbours_of_the_watch_list() -> None:
    async with running(Console()) as console:
        await console.press("full_stop")
        assert console.view.query.instrument == ETH
        await console.press("comma")
        assert console.view.query.instrument == "binance:BTCUSDT"


async def test_span_key_asks_for_the_next_span() -> None:
    async with running(Console()) as console:
        await console.press("t")
        assert console.view.query.span == "5m"
        assert console.link.queries[-1].span == "5m"


async def test_resize_storm_keeps_every_panel_on_the_screen() -> None:
    async with running(Console()) as console:
        for size in [
            (80, 24),
            (200, 60),
            (60, 15),
            (120, 40),
            (81, 25),
            (160, 44),
            (20, 5),
            (100, 34),
        ]:
            await console.pilot.resize_terminal(*size)
            await console.beat(0.1)
        assert console.app.trade.ladder.display


async def test_own_fills_of_the_frame_stand_in_the_chart() -> None:
    def scene(market: FakeMarket, query: object) -> object:
        del query
        return market.frame(fills=[fill(3, price="60000.00")])

    async with running(Console(scene)) as console:  # pyright: ignore[reportArgumentType]
        await console.beat(times=2)
        assert any(BLOCK.sell_mark in text_of(row) for row in console.app.trade.candles.rows)


async def test_new_fills_are_seen_at_the_top_until_the_mark_is_moved() -> None:
    known = [fill(number) for number in range(6)]

    def scene(market: FakeMarket, query: object) -> object:
        del query
        return market.frame(fills=known[::-1])

    async with running(Console(scene)) as console:  # pyright: ignore[reportArgumentType]
        panel = console.app.trade.query_one(FillsPanel)
        known.append(fill(6))
        await console.beat(times=2)
        assert panel.selected == known[-1]
        panel.move(1)
        known.append(fill(7))
        await console.beat(times=2)
        assert panel.selected == known[5]


async def test_overlay_that_is_gone_survives_a_late_resize() -> None:
    async with running(Console()) as console:
        await console.press("q")
        overlay = console.app.screen
        assert isinstance(overlay, Overlay)
        await console.press("escape")
        await console.beat()
        overlay.redraw()


async def test_card_of_a_silent_engine_names_the_command_that_starts_this_one() -> None:
    async with running(Console(), size=(80, 24)) as console:
        await console.silence(5.0)
        card = console.app.trade.query_one(Card)
        name = console.view.newest.engine.name if console.view.newest else ""
        assert any(text_of(row).rstrip().endswith(f"run --name {name}") for row in card.rows)
