"""Streams, clocks, answers owed: new risk waits for them, exits do not, and stops that cannot work are named."""

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ETH_ID,
    World,
    intent,
    of_type,
    started,
)
from tests.engine.core.test_stops import denial

from tradebot.engine.core.events import (
    ClockMeasured,
    EngineStarted,
    FeedChanged,
    OrderLaneEvent,
    StreamChanged,
)
from tradebot.engine.core.outcomes import Alert, Cancel, OrderHeld, OrderIntent, QueryAccount
from tradebot.engine.core.risk import QUERY_PATIENCE
from tradebot.engine.core.types import MS, SECOND, AccountName, Mode, StreamState

OFFSET_MAX = 500 * MS


def start(mode: Mode = "broker-paper", *, clock: int = 0) -> EngineStarted:
    return msgspec.structs.replace(started(), mode=mode, clock_offset_max=clock)


def world_of(begin: EngineStarted, *events: OrderLaneEvent) -> World:
    world = World(start=begin)
    world.market()
    world.hold(2000)
    for event in events:
        world.send(event)  # pyright: ignore[reportArgumentType]
    return world


def verdicts(world: World) -> tuple[str, str]:
    """Return what the gate says of new risk, and of an exit."""
    return denial(world.request("buy", 100)), denial(world.request("sell", 100, limit=9_990_00))


def stream(state: StreamState) -> StreamChanged:
    return StreamChanged(account=ACCOUNT, state=state, reason="closed by the venue")


# ------------------------------------------------------------------------------------ the private stream


@pytest.mark.parametrize("state", ["down", "stale"])
@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_a_sick_private_stream_stops_new_risk_until_it_is_up_again(
    state: StreamState, mode: Mode
) -> None:
    world = world_of(start(mode), stream("up"), stream(state))
    assert verdicts(world) == ("not_armed" if mode == "live" else "stream_not_up", "ok")
    world.send(stream("up"))
    assert verdicts(world) == ("not_armed" if mode == "live" else "ok", "ok")


def test_with_a_broker_a_stream_nobody_has_spoken_of_is_not_up() -> None:
    world = world_of(start("broker-paper"))
    assert verdicts(world) == ("stream_not_up", "ok")


@pytest.mark.parametrize("mode", ["sandbox", "paper"])
def test_our_own_venue_has_no_stream_that_could_be_sick(mode: Mode) -> None:
    assert verdicts(world_of(start(mode))) == ("ok", "ok")


def test_after_a_start_a_stream_is_to_be_heard_anew() -> None:
    world = world_of(start("broker-paper"), stream("up"))
    world.send(start("broker-paper"))
    world.market()
    assert verdicts(world) == ("stream_not_up", "ok")


def test_another_accounts_stream_stops_nothing_here() -> None:
    other = StreamChanged(account=AccountName("elsewhere"), state="down")
    assert verdicts(world_of(start("sandbox"), other)) == ("ok", "ok")


def test_a_sick_stream_cancels_nothing_and_keeps_positions() -> None:
    world = world_of(start("sandbox"))
    order = world.place("buy", 100)
    outcomes = world.send(stream("down"))
    assert of_type(outcomes, Cancel) == []
    assert world.order(order.intent.client_order_id).is_open
    assert world.net() == 2000


# ------------------------------------------------------------------------------------ the clock


def clock(offset: int, error: int = MS) -> ClockMeasured:
    return ClockMeasured(account=ACCOUNT, offset=offset, error=error)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ([], "clock_offset"),
        ([clock(OFFSET_MAX)], "ok"),
        ([clock(-OFFSET_MAX)], "ok"),
        ([clock(OFFSET_MAX + 1)], "clock_offset"),
        ([clock(-OFFSET_MAX - 1)], "clock_offset"),
        ([clock(0, OFFSET_MAX)], "ok"),
        ([clock(0, OFFSET_MAX + 1)], "clock_offset"),
        ([clock(OFFSET_MAX + 1), clock(0)], "ok"),
    ],
    ids=["unknown", "ahead", "behind", "over", "under", "known", "vague", "healed"],
)
def test_a_clock_beyond_its_bound_or_unknown_stops_new_risk(
    told: list[ClockMeasured], code: str
) -> None:
    world = world_of(start("sandbox", clock=OFFSET_MAX), *told)
    assert verdicts(world) == (code, "ok")


def test_a_clock_nobody_watches_stops_nothing() -> None:
    assert verdicts(world_of(start("sandbox"), clock(10**12))) == ("ok", "ok")


# ------------------------------------------------------------------------------------ answers owed


def test_an_account_the_venue_owes_an_answer_about_for_too_long_takes_no_new_risk() -> None:
    world = world_of(start("sandbox"))
    world.state.apply_outcome(QueryAccount(account=ACCOUNT))
    asked = world.now
    for wait, code in ((QUERY_PATIENCE, "ok"), (QUERY_PATIENCE + 1, "query_unanswered")):
        world.now = asked + wait - 2 * SECOND
        world.market()
        world.now = asked + wait - MS
        assert denial(world.request("buy", 100)) == code
        assert denial(world.request("sell", 100, limit=9_990_00, reduce_only=True)) == "ok"
    world.confirm()
    world.market()
    assert denial(world.request("buy", 100)) == "ok"


# ------------------------------------------------------------------------------------ stops held here


def held_stop(world: World) -> OrderIntent:
    """Let the engine hold a stop for the position, as it does where the venue knows none."""
    order = msgspec.structs.replace(
        intent(
            "sell",
            2000,
            number=world.state.counter + 1,
            limit=None,
            order_type="stop",
            reduce_only=True,
        ),
        lives_at="engine",
        trigger_price=9_500_00,
    )
    world.state.apply_outcome(OrderHeld(order=order))
    return order


def alerts(world: World, event: OrderLaneEvent) -> list[str]:
    outcomes = world.send(event)  # pyright: ignore[reportArgumentType]
    return [alert.text for alert in of_type(outcomes, Alert)]


STOP = "sell 0.02 sandbox:BTCUSDT at 9500.00"


def test_a_lost_stream_names_each_stop_that_only_the_engine_holds() -> None:
    world = world_of(start("sandbox"))
    assert alerts(world, stream("down")) == [
        "private stream of sandbox is down (closed by the venue): no new risk there"
    ]
    held_stop(world)
    (text,) = alerts(world, stream("stale"))
    assert text == (
        "private stream of sandbox is connected but silent (closed by the venue): no new risk there; "
        f"held by this engine only, cannot work now: {STOP}"
    )
    assert alerts(world, stream("up")) == []


def test_lost_market_data_names_the_engine_held_stops_that_cannot_see_their_price() -> None:
    world = world_of(start("sandbox"))
    held_stop(world)
    assert alerts(world, FeedChanged(instrument=BTC_ID, state="down")) == [
        f"market data of {BTC_ID} is down; held by this engine only, cannot work now: {STOP}"
    ]
    assert alerts(world, FeedChanged(instrument=BTC_ID, state="up")) == []
    assert alerts(world, FeedChanged(instrument=ETH_ID, state="down")) == []
