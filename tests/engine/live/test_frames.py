"""The ladder's arithmetic, held against decimals."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.live.live_bench import BTC, START

from tradebot.data.events import BookSnapshot
from tradebot.data.instruments import Instrument, Rules
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.live.frames import (
    book_view,
    grouped,
    instrument_view,
    nice_step,
    units_text,
    watch_view,
)

levels = st.dictionaries(st.integers(1, 10_000), st.integers(1, 10**9), max_size=60)


def market_of(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], instrument: Instrument = BTC
) -> InstrumentMarket:
    market = InstrumentMarket(instrument)
    market.connect("up")
    market.apply(
        BookSnapshot(
            instrument=instrument.id,
            ts_event=START,
            ts_recv=START,
            bids=tuple(bids),
            asks=tuple(asks),
        ),
        START,
    )
    return market


@given(levels=levels, step=st.integers(1, 700), rows=st.integers(1, 80), up=st.booleans())
def test_rows_are_the_levels_rounded_away_from_the_touch_and_summed(
    levels: dict[int, int], step: int, rows: int, *, up: bool
) -> None:
    ordered = sorted(levels.items(), reverse=not up)
    rounding = ROUND_CEILING if up else ROUND_FLOOR
    expected: dict[int, int] = {}
    for price, quantity in ordered:
        row = int((Decimal(price) / step).to_integral_value(rounding)) * step
        expected[row] = expected.get(row, 0) + quantity
    found = grouped(ordered, step, rows, up=up)
    assert found == list(expected.items())[:rows]
    if len(expected) <= rows:
        assert sum(quantity for _, quantity in found) == sum(levels.values())


@given(units=st.integers(0, 10**18), scale=st.integers(0, 12))
def test_units_are_the_decimals_text(units: int, scale: int) -> None:
    assert units_text(units, scale) == f"{Decimal(units).scaleb(-scale):f}"


@given(bids=levels, tick=st.sampled_from([1, 5, 10, 25]))
def test_nice_step_is_1_2_or_5_times_a_power_of_ten_ticks_and_wide_enough(
    bids: dict[int, int], tick: int
) -> None:
    instrument = msgspec.structs.replace(BTC, rules=(Rules(tick=tick, lot=1),))
    market = market_of(list(bids.items()), [], instrument)
    step = nice_step(market, START)
    ticks = str(step // tick)
    assert step % tick == 0
    assert ticks.rstrip("0") in {"1", "2", "5"}
    nearest = sorted(bids, reverse=True)[:40]
    reach = nearest[0] - nearest[-1] if nearest else 0
    assert step >= reach // 20
    if int(ticks) > 1:
        below = int(ticks) // 2 if not ticks.startswith("5") else int(ticks) * 2 // 5
        assert below * tick < max(reach // 20, tick)


def test_book_view_tells_touch_middle_spread_and_share_exactly() -> None:
    market = market_of([(9_999_0, 1000), (9_998_0, 500)], [(10_001_0, 500)])
    view = book_view(market, 10, 60, START)
    assert (view.best_bid, view.best_ask) == ("999.90", "1000.10")
    assert (view.mid, view.spread, view.step) == ("1000.00", "0.20", "0.1")
    assert view.bids == [("999.90", "1.000"), ("999.80", "0.500")]
    assert view.bid_share == 0.75


def test_empty_book_is_unknown_and_never_zero() -> None:
    view = book_view(market_of([], []), None, 60, START)
    assert (view.best_bid, view.best_ask, view.mid, view.spread, view.bid_share) == (None,) * 5
    assert (view.bids, view.asks) == ([], [])


def test_one_sided_book_has_no_middle() -> None:
    view = book_view(market_of([(9_999_0, 1000)], []), None, 60, START)
    assert (view.best_bid, view.best_ask, view.mid) == ("999.90", None, None)


def test_watch_row_shows_the_change_since_the_days_open_with_its_sign() -> None:
    market = market_of([(9_999_0, 1)], [(10_001_0, 1)])
    assert watch_view(market, 9_900_0, START).change_percent == "+1.01"
    assert watch_view(market, 10_100_0, START).change_percent == "-0.99"
    assert watch_view(market, 10_000_0, START).change_percent == "+0.00"
    assert watch_view(market, None, START).change_percent is None


def test_instrument_view_shows_steps_without_padding() -> None:
    view = instrument_view(BTC, START)
    assert (view.tick, view.lot, view.price_decimals, view.quantity_decimals) == (
        "0.1",
        "0.001",
        2,
        3,
    )


def test_health_of_a_silent_feed_is_stale() -> None:
    market = market_of([(9_999_0, 1)], [(10_001_0, 1)])
    assert watch_view(market, None, START).feed == "up"
    assert watch_view(market, None, START + 2_000_000_001).feed == "stale"
