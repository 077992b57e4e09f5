"""Screen House by its keys: the game, the books, decisions, pause, reload, adopt."""

from decimal import Decimal

import msgspec
import pytest
from console_driver import Console, running
from console_fakes import DIFFERENCES, SLEEVES, FakeMarket, HandClock
from house_fakes import (
    BARBELL,
    DECISIONS,
    DIFFERENCE,
    EMPTY_HOUSE,
    FEW,
    GAME,
    HAND,
    HOUSE,
    MOVES,
    NO_MOVES,
    TREND,
)
from hypothesis import given
from hypothesis import strategies as st

from tradebot.console.figures import brief_money, chance_text, count_text
from tradebot.console.glyphs import ASCII, BLOCK
from tradebot.console.link.protocol import StateQuery
from tradebot.console.rows import text_of, width_of
from tradebot.console.screens.house.books import narrow_line
from tradebot.console.screens.house.calibration import shortened
from tradebot.console.screens.house.decisions import detail_rows, did_text, matches, symbols_text
from tradebot.console.screens.house.game import bar, game_rows, marker_at, narrow_rows
from tradebot.console.screens.house.moves import move_rows
from tradebot.console.screens.overlays.choice import Choice
from tradebot.console.screens.overlays.reload import ReloadCard, reload_rows
from tradebot.console.screens.overlays.told import Told
from tradebot.console.screens.overlays.typed import Typed
from tradebot.console.screens.trade.panels.status_row import status_row
from tradebot.console.view import View
from tradebot.engine.control.messages_facts import DifferenceFacts, SleeveFacts
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_house import Decisions, HouseView, SleeveRow
from tradebot.engine.control.sleeves import ChangeBody

UNCLAIMED = msgspec.structs.replace(
    DIFFERENCES[0],
    id="sandbox/position/alpaca:AAPL@unclaimed",
    about="alpaca:AAPL@unclaimed",
    ours="5",
    theirs="5",
    cause="filled elsewhere: nobody owns it",
)


def opened(
    house: HouseView = HOUSE,
    *,
    sleeves: list[SleeveFacts] = SLEEVES,
    differences: list[DifferenceFacts] = DIFFERENCES,
    read_only: bool = False,
) -> Console:
    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        return market.frame(query, sleeves=sleeves, differences=differences)

    console = Console(scene, read_only=read_only)
    console.link.house_facts = house
    console.link.decided = {"trend-btc": Decisions(decisions=DECISIONS)}
    console.link.difference = DIFFERENCE
    return console


async def at_house(console: Console) -> None:
    await console.press("2")
    await console.beat(seconds=1.1, times=3)


def shown(console: Console, panel: str) -> str:
    return "\n".join(text_of(row) for row in getattr(console.app.house, panel).rows)


def sheet(console: Console) -> str:
    top = console.app.screen
    assert isinstance(top, Told | ReloadCard | Choice | Typed)
    return "\n".join(text_of(row) for row in top.sheet.rows)


def last_words(console: Console) -> str:
    return console.view.history[-1].text


# ------------------------------------------------------------------------------------------------ figures


@given(st.floats(0, 1), st.integers(1, 120))
def test_marker_stands_where_the_coin_flip_chance_says(place: float, cells: int) -> None:
    at = marker_at(place, cells)
    assert 0 <= at < cells
    assert abs(at - place * (cells - 1)) <= 0.5


@given(st.floats(0, 1), st.floats(0, 1))
def test_marker_never_goes_back_as_the_chance_grows(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert marker_at(low, 50) <= marker_at(high, 50)


def test_bar_without_equity_has_no_marker() -> None:
    unknown = msgspec.structs.replace(GAME, place=None, coin=None, now=None)
    assert BLOCK.live not in text_of(bar(unknown, 40, BLOCK))
    assert "unknown" in "\n".join(map(text_of, game_rows(unknown, 58, BLOCK)))


@pytest.mark.parametrize(
    ("place", "words"), [(1.0, "target is reached"), (0.0, "floor is reached")]
)
def test_game_that_is_over_says_so(place: float, words: str) -> None:
    over = msgspec.structs.replace(GAME, place=place, coin=place)
    assert words in "\n".join(map(text_of, game_rows(over, 58, BLOCK)))
    assert words in "\n".join(map(text_of, narrow_rows(over, 48, BLOCK)))


def test_chance_of_few_bets_is_words_and_not_a_figure() -> None:
    few = msgspec.structs.replace(
        GAME, chance=None, low=None, high=None, why_not="too few: 3 of 30"
    )
    for rows in (game_rows(few, 58, BLOCK), narrow_rows(few, 38, BLOCK)):
        text = "\n".join(map(text_of, rows))
        assert "too few: 3 of 30" in text
        assert "0.00" not in text


def test_chances_near_the_ends_are_not_rounded_to_certainty() -> None:
    assert [chance_text(one) for one in (0.0, 0.001, 0.005, 0.376, 0.994, 0.999, 1.0)] == [
        "0.00", "<.01", "0.01", "0.38", "0.99", ">.99", "1.00",
    ]  # fmt: skip


@given(st.decimals(-9 * 10**8, 9 * 10**8, places=2), st.integers(7, 12), st.booleans())
def test_money_of_a_narrow_column_stays_within_it(
    value: Decimal,
    width: int,
    sign: bool,  # noqa: FBT001  (Hypothesis draws it)
) -> None:
    assert len(brief_money(f"{value:f}", sign=sign, width=width)) <= width


def test_money_that_is_not_known_is_a_dash() -> None:
    assert brief_money(None) == "-"
    assert brief_money("0") == "0.00"


@given(st.integers(0, 10**8))
def test_counts_take_four_cells_at_most(count: int) -> None:
    assert len(count_text(count)) <= 4


def test_a_count_that_rounds_to_a_thousand_thousands_is_a_million() -> None:
    assert [count_text(n) for n in (999_499, 999_500, 1_000_000)] == ["999k", "1.0M", "1.0M"]


def test_counts_are_read_at_a_glance() -> None:
    counts = (0, 83, 999, 3904, 9949, 9960, 46_400, 2_100_000)
    assert [count_text(c) for c in counts] == [
        "0",
        "83",
        "999",
        "3.9k",
        "9.9k",
        "10k",
        "46k",
        "2.1M",
    ]


def test_what_nobody_knows_of_a_move_is_said_with_its_reason() -> None:
    unknown = msgspec.structs.replace(
        MOVES, down=None, down_slipped=None, up=None, down_percent=None,
        down_slipped_percent=None, up_percent=None, asymmetry=None, asymmetry_slipped=None,
        why_not="SOL/USD has no mark",
    )  # fmt: skip
    text = "\n".join(map(text_of, move_rows(unknown, 58, BLOCK)))
    assert text.count("unknown") == 4
    assert "SOL/USD has no mark" in text


def test_position_without_a_stop_comes_before_one_whose_stop_lives_here() -> None:
    bare = msgspec.structs.replace(MOVES, unprotected=("alpaca:BTC/USD",), protected=2)
    lines = [text_of(row) for row in move_rows(bare, 58, BLOCK)]
    assert "BTC/USD: NO STOP" in lines[4]
    assert "SOL/USD: stop lives in this engine only" in lines[5]
    assert "2 of 4" in lines[6]


def test_move_that_loses_nothing_has_no_ratio() -> None:
    safe = msgspec.structs.replace(
        NO_MOVES, positions=1, protected=1, up="12.50", up_percent="+0.1"
    )
    assert "-10 % loses nothing" in "\n".join(map(text_of, move_rows(safe, 58, BLOCK)))


@pytest.mark.parametrize("row", [TREND, FEW, BARBELL, HAND], ids=lambda row: row.name + row.run)
@pytest.mark.parametrize("factor", [1, 1000])
def test_rows_of_the_narrow_books_fit_and_keep_their_figures_apart(
    row: SleeveRow, factor: int
) -> None:
    view = View(HandClock(), BLOCK)
    scaled = msgspec.structs.replace(
        row,
        **{
            name: None if (text := getattr(row, name)) is None else str(float(text) * factor)
            for name in ("expected", "expected_sd", "actual")
        },
    )
    cells = narrow_line(scaled, 77, view)
    assert width_of(cells) == 77
    assert all(cell.text.startswith(" ") for cell in cells[5:])


@pytest.mark.parametrize("width", [80, 120, 200])
def test_status_row_has_the_chance_beside_the_coin_flip(width: int) -> None:
    view = View(HandClock(), BLOCK)
    view.receive(msgspec.json.encode(FakeMarket().frame(chance=0.5121, coin=0.3765)).decode())
    view.open_mail()
    text = text_of(status_row(view, width))
    assert len(text) == width
    assert "0.51 (coin" in text
    assert "0.38)" in text


def test_status_row_without_a_game_has_no_chance_and_with_few_bets_a_dash() -> None:
    view = View(HandClock(), ASCII)
    for coin, words in ((None, None), (0.3765, "chance - (coin 0.38)")):
        frame = FakeMarket().frame(coin=coin)
        view.receive(msgspec.json.encode(frame).decode())
        view.open_mail()
        text = text_of(status_row(view, 120))
        assert ("chance" in text) == (words is not None)
        assert words is None or words in text


def test_detail_cuts_nothing() -> None:
    view = View(HandClock(), BLOCK)
    long = msgspec.structs.replace(DECISIONS[2], text="word " * 60, refused="bound " * 40)
    text = " ".join(text_of(row) for row in detail_rows(long, 60, view))
    assert text.count("word") == 60
    assert text.count("bound") == 40
    assert all(width_of(row) <= 60 for row in detail_rows(long, 60, view))


def test_a_narrow_calibration_line_keeps_what_sizes_use() -> None:
    line = HOUSE.calibration[0]
    short = shortened(line)
    assert short == 'you said 0.40 on "breakout"; 13 of 41 won = 0.32; sizes use 0.33'
    assert len(f" {short}  c 1 more") <= 76, "in 80 columns"
    assert shortened(short) == short


def test_symbol_is_not_said_twice() -> None:
    said = msgspec.structs.replace(DECISIONS[1], did=("BUY 0.050 BTC/USD", "cancel"))
    assert did_text(said) == "BUY 0.050, cancel"


def test_instruments_of_a_decision_about_several_are_told_without_their_venues() -> None:
    said = msgspec.structs.replace(DECISIONS[1], symbol="binance:BTCUSDT, alpaca:BTC/USD")
    assert symbols_text(said) == "BTCUSDT, BTC/USD"
    assert symbols_text(msgspec.structs.replace(said, symbol=None)) == ""


def test_filter_looks_into_reason_and_refusal_without_regard_to_case() -> None:
    assert [matches(one, "STALE") for one in DECISIONS[:4]] == [False, False, True, False]
    assert matches(DECISIONS[1], "max position")


# ------------------------------------------------------------------------------------------------ keys


async def test_decisions_follow_the_mark_in_the_books() -> None:
    async with running(opened()) as console:
        await at_house(console)
        assert "below-mean: close 58,610" in shown(console, "decisions")
        await console.press("down", "down")
        await console.beat(times=2)
        assert "Warming up: 28 %" in shown(console, "decisions")
        assert "58,610" not in shown(console, "decisions")


async def test_enter_goes_to_the_decisions_and_then_tells_all_of_one() -> None:
    async with running(opened()) as console:
        await at_house(console)
        await console.press("enter")
        assert console.app.house.focused is console.app.house.decisions
        await console.press("down", "down", "enter")
        assert "feed_not_up: market data stale for 4.1 s (bound 2.0 s)" in sheet(console)
        assert "above-mean: close 59,390" in sheet(console)
        await console.press("escape")
        assert console.app.screen is console.app.house


async def test_w_tells_the_newest_decision_of_the_marked_sleeve() -> None:
    async with running(opened()) as console:
        await at_house(console)
        await console.press("w")
        assert "holds 0.050 of 0.050" in sheet(console)


async def test_w_where_nothing_was_decided_says_why() -> None:
    async with running(opened()) as console:
        await at_house(console)
        await console.press("down", "down")
        await console.beat(times=2)
        await console.press("w")
        assert "Warming up" in last_words(console)


async def test_x_asks_for_changes_only_and_for_all_again() -> None:
    async with running(opened()) as console:
        await at_house(console)
        count = len(console.app.house.decisions.items())
        await console.press("x")
        await console.beat(times=2)
        assert len(console.app.house.decisions.items()) == count - 2
        await console.press("x")
        await console.beat(times=2)
        assert len(console.app.house.decisions.items()) == count


async def test_filter_narrows_while_typed_and_escape_brings_all_back() -> None:
    async with running(opened()) as console:
        await at_house(console)
        await console.press("slash", "b", "e", "l", "o")
        assert len(console.app.house.decisions.items()) == 2
        await console.press("escape")
        assert len(console.app.house.decisions.items()) == 6
        await console.press("slash", "q", "space", "q", "enter")
        assert console.app.screen is console.app.house
        assert "No decision says 'q q'" in shown(console, "decisions")


async def test_space_pauses_a_running_sleeve_for_a_reason_and_lets_a_paused_one_go_on() -> None:
    paused = msgspec.structs.replace(SLEEVES[1], name="rebalance")
    async with running(opened(sleeves=[SLEEVES[0], paused])) as console:
        await at_house(console)
        await console.press("space")
        assert isinstance(console.app.screen, Typed)
        await console.press("n", "e", "w", "s", "enter")
        await console.press("down", "space", "o", "k", "enter")
        assert console.link.commands == [
            ("pause", "trend-btc", "news"),
            ("resume_sleeve", "rebalance", "ok"),
        ]


async def test_hand_is_neither_paused_nor_reloaded() -> None:
    async with running(opened()) as console:
        await at_house(console)
        await console.press("down", "down", "down", "space", "r")
        assert console.app.screen is console.app.house
        assert "hand is no sleeve" in last_words(console)
        assert console.link.commands == []


async def test_reload_shows_what_changes_and_only_y_takes_that_version() -> None:
    async with running(opened()) as console:
        await at_house(console)
        await console.press("r")
        await console.beat(times=2)
        text = sheet(console)
        for words in (
            "@3f9c becomes @b204",
            "window: 50 becomes 60",
            "stop 58,800.00",
            "ENDS",
            "1.002",
        ):
            assert words in text
        await console.press("enter", "r")
        assert console.link.commands == []
        await console.press("y")
        await console.beat()
        word, name, body = console.link.commands[0]
        assert (word, name) == ("reload", "trend-btc")
        assert isinstance(body, ChangeBody)
        assert body.version == "b204e9f001"


@pytest.mark.parametrize(
    "changes",
    [{"same": True}, {"refused": "migrate() raised KeyError: 'window'"}],
    ids=["same", "no"],
)
async def test_reload_that_cannot_be_is_not_offered(changes: dict[str, object]) -> None:
    console = opened()
    console.link.difference = msgspec.structs.replace(DIFFERENCE, **changes)
    async with running(console):
        await at_house(console)
        await console.press("r")
        await console.beat(times=2)
        assert "take @" not in sheet(console)
        await console.press("y")
        assert isinstance(console.app.screen, ReloadCard)
        assert console.link.commands == []


async def test_code_that_does_not_load_is_said_and_the_keys_come_back() -> None:
    console = opened()
    console.link.difference = None
    async with running(console):
        await at_house(console)
        await console.press("r")
        await console.beat(times=2)
        assert "SyntaxError" in last_words(console)
        assert console.app.house.books.busy == ""


def test_long_source_is_counted_and_the_keys_stay_on_the_card() -> None:
    source = tuple(f"+    line {number}" for number in range(300))
    long = msgspec.structs.replace(DIFFERENCE, source=source)
    for height in (12, 20, 36):
        rows = reload_rows(long, 72, height)
        assert "change nothing" in text_of(rows[-1])
        assert len(rows) <= max(height, 18)
        assert any("more" in text_of(row) for row in rows)


async def test_adopt_takes_what_nobody_owns_and_asks_whose_it_is() -> None:
    async with running(opened(differences=[*DIFFERENCES, UNCLAIMED])) as console:
        await at_house(console)
        await console.press("a")
        assert isinstance(console.app.screen, Choice)
        await console.press("escape")
        assert console.link.commands == []
        await console.press("a", "1", "o", "u", "r", "s", "enter")
        word, thing, answer, owner, reason = console.link.commands[0]
        assert (word, answer, owner, reason) == ("difference", "adopt", "trend-btc", "ours")
        assert "x-771" in str(thing)


async def test_adopt_without_anything_unclaimed_says_so() -> None:
    async with running(opened(differences=[DIFFERENCES[0]])) as console:
        await at_house(console)
        await console.press("a")
        assert "nothing is unclaimed" in last_words(console)


async def test_objective_tells_the_game_or_how_to_set_one() -> None:
    async with running(opened()) as console:
        await at_house(console)
        await console.press("o")
        assert "21,600 USD" in sheet(console)
    async with running(opened(EMPTY_HOUSE)) as console:
        await at_house(console)
        assert "No objective is set" in shown(console, "game")
        await console.press("o")
        assert "[objective]" in sheet(console)


async def test_calibration_is_told_line_by_line() -> None:
    async with running(opened()) as console:
        await at_house(console)
        assert "13 of 41 won" in shown(console, "calibration")
        await console.press("c")
        assert "101 of 212 won" in sheet(console)


async def test_enter_on_the_moves_goes_to_what_protects() -> None:
    async with running(opened()) as console:
        await at_house(console)
        console.app.house.moves.focus()
        await console.press("enter")
        await console.beat()
        assert console.app.screen is console.app.risk


async def test_read_only_console_sends_nothing_from_here() -> None:
    async with running(opened(read_only=True)) as console:
        await at_house(console)
        await console.press("space", "r", "a")
        assert console.app.screen is console.app.house
        assert console.link.commands == []


async def test_engine_without_sleeves_says_how_to_get_one() -> None:
    async with running(opened(EMPTY_HOUSE, sleeves=[], differences=[])) as console:
        await at_house(console)
        assert "tradebot policy new NAME" in shown(console, "decisions")
        assert not console.app.house.detail.display


async def test_unanswered_house_keeps_what_was_known() -> None:
    async with running(opened()) as console:
        await at_house(console)
        console.link.house_facts = None
        await console.beat(seconds=1.2, times=3)
        assert console.view.lookups.problem is not None
        assert "trend-btc@3f9c" in shown(console, "books")


async def test_books_grow_with_their_owners_and_the_decisions_keep_room() -> None:
    many = tuple(msgspec.structs.replace(TREND, name=f"sleeve-{number}") for number in range(30))
    async with running(opened(msgspec.structs.replace(HOUSE, rows=many)), (80, 24)) as console:
        await at_house(console)
        house = console.app.house
        assert house.decisions.size.height >= 3
        assert house.books.size.height >= 5
