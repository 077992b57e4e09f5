"""The past of bars: what the engine saw itself, what the world tells of the time before, nothing not over yet."""

from pathlib import Path

from tests.engine.core.builders import BTC_ID, SLEEVE, World, loaded, trade
from tests.engine.core.test_wants import Says

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.needs import Bars
from tradebot.engine.core.reasons import why
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.live.bar_history import needed, past, reach
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.recorded_bars import recorded_seconds


def world_of(*needs: Bars) -> World:
    policy = Says(OrderSeq.none(because=why("nothing")))
    policy.needs = needs
    return World(policies={SLEEVE: loaded(policy)})


def test_what_the_engine_saw_holds_from_its_first_trade_and_the_world_before() -> None:
    world = world_of(Bars("5m", history=2), Bars("1s", history=3), Bars("1h"))
    state = world.state
    assert needed(state) == {(BTC_ID, 5 * MINUTE): 2, (BTC_ID, SECOND): 3}
    minute = state.now // MINUTE * MINUTE
    told = [
        Candle(ts_open=minute - back * MINUTE, open=back, high=back, low=back, close=back, volume=1)
        for back in range(20, -1, -1)
    ]
    begun, near = minute - 2 * MINUTE, state.now // SECOND * SECOND
    own = [
        (begun + SECOND, 100, 110, 90, 105, 1),
        (begun + 2 * SECOND, 105, 106, 80, 81, 2),
        (near, 7, 7, 7, 7, 1),
        (minute + MINUTE, 8, 8, 8, 8, 1),
    ]
    five, one = past(state, {BTC_ID: told}, "test", {BTC_ID: own})
    assert five.source == "test, own record"
    assert five.bars[-3:] == (
        (begun, 3, 3, 3, 3, 1),
        (begun + MINUTE, 100, 110, 80, 81, 3),
        (near, 7, 7, 7, 7, 1),
    )
    assert five.bars[0][0] > state.now - 20 * MINUTE
    assert one.bars == ((near, 7, 7, 7, 7, 1),)
    world.send(five)
    assert len(state.market[BTC_ID].bars[5 * MINUTE]) == 2
    assert (BTC_ID, 5 * MINUTE) not in needed(state)


def test_nothing_is_read_where_every_bar_is_warm() -> None:
    assert reach(world_of(Bars("1m")).state) is None
    world = world_of(Bars("1m", history=2))
    assert reach(world.state) == world.state.now - 3 * MINUTE


def test_the_record_gives_seconds_of_its_trades_by_the_engines_time(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "market")
    begin = 1_700_000_000 * SECOND
    for step in range(6):
        writer.add(step + 1, begin + step * SECOND // 2, trade(100 + step, 3))
    writer.flush()
    writer.close()
    assert recorded_seconds(tmp_path / "market", begin + SECOND) == {
        BTC_ID: [
            (begin + 2 * SECOND, 102, 103, 102, 103, 6),
            (begin + 3 * SECOND, 104, 105, 104, 105, 6),
        ]
    }
