"""What a move of the market does, with stops, targets and working orders on its way."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, BTC_ID, World, intent

from tradebot.engine.core.outcomes import Legs, OrderHeld, OrderIntent, Submit
from tradebot.engine.core.types import HAND, ClientOrderId, LivesAt, Side
from tradebot.engine.live.moves import Standing, asymmetry, moved, moves_view, walked

MARK = Decimal(1000)
DOWN, UP, NO = Decimal("-0.1"), Decimal("0.1"), Decimal(0)
SLIP = Decimal("0.05")


def stands(side: Side, quantity: int, price: int, kind: str = "limit", **more: object) -> Standing:
    made = Standing(
        side=side,
        quantity=quantity,
        price=Decimal(price),
        is_stop=kind == "stop",
        reduces=kind in {"stop", "target"},
    )
    return msgspec.structs.replace(made, **more)


@pytest.mark.parametrize(
    ("held", "orders", "move", "slip", "gain"),
    [
        (2, [], DOWN, NO, -200),
        (2, [], UP, NO, 200),
        (-2, [], UP, NO, -200),
        (2, [stands("sell", 2, 970, "stop")], DOWN, NO, -60),
        (2, [stands("sell", 2, 970, "stop")], UP, NO, 200),
        (2, [stands("sell", 2, 970, "stop")], DOWN, SLIP, Decimal("-157.00")),
        (2, [stands("sell", 1, 970, "stop")], DOWN, NO, -130),
        (2, [stands("sell", 5, 970, "stop")], DOWN, NO, -60),
        (2, [stands("sell", 2, 850, "stop")], DOWN, NO, -200),
        (2, [stands("sell", 2, 1040, "target")], UP, NO, 80),
        (-2, [stands("buy", 2, 1030, "stop")], UP, NO, -60),
        (0, [stands("buy", 1, 950)], DOWN, NO, -50),
        (0, [stands("buy", 1, 950)], UP, NO, 0),
        (0, [stands("buy", 1, 950, legs=(stands("sell", 1, 930, "stop"),))], DOWN, NO, -20),
        (0, [stands("sell", 1, 930, "stop")], DOWN, NO, 0),
        (2, [stands("sell", 2, 970, "stop"), stands("sell", 2, 940, "stop")], DOWN, NO, -60),
        (0, [stands("buy", 1, 1050, "stop", reduces=False)], UP, NO, 50),
    ],
)
def test_the_price_walks(
    held: int, orders: list[Standing], move: Decimal, slip: Decimal, gain: int | Decimal
) -> None:
    assert walked(held, orders, MARK, move, slip) == gain


@given(st.integers(-50, 50), st.lists(st.integers(901, 999), max_size=4))
def test_stops_never_lose_more_than_none(held: int, triggers: list[int]) -> None:
    long = abs(held)
    stops = [stands("sell", long or 1, price, "stop") for price in triggers]
    assert walked(long, stops, MARK, DOWN, NO) >= walked(long, [], MARK, DOWN, NO)
    assert walked(long, stops, MARK, UP, NO) == walked(long, [], MARK, UP, NO)


def test_the_worked_asymmetry() -> None:
    assert round(asymmetry(Decimal(1905), Decimal(-437)) or 0, 1) == 4.4
    assert round(asymmetry(Decimal(1905), Decimal(-1190)) or 0, 1) == 1.6
    assert asymmetry(Decimal(10), Decimal(0)) is None
    assert asymmetry(None, Decimal(-1)) is None


def working(world: World, side: Side, price: int, *, lives_at: LivesAt = "broker") -> OrderIntent:
    made = msgspec.structs.replace(
        intent(side, 1000, reduce_only=True, created=world.now),
        client_order_id=ClientOrderId(world.state.next_order_id()),
        type="stop",
        trigger_price=price,
        limit_price=None,
        lives_at=lives_at,
        role="stop_loss",
    )
    outcome = Submit(order=made) if lives_at == "broker" else OrderHeld(order=made)
    world.state.apply_outcome(outcome)
    return made


def test_the_panel_of_a_real_book() -> None:
    world = World()
    world.market()
    world.hold(1000)  # 0.01 at a mark of 10,000
    world.market()
    bare = moves_view(world.state)
    assert (bare.down, bare.up, bare.unprotected) == ("-10.00", "10.00", (BTC_ID,))
    assert (bare.positions, bare.protected) == (1, 0)
    working(world, "sell", 9_700_00)
    held = moves_view(world.state)
    assert (held.down, held.down_slipped, held.up) == ("-3.00", "-7.85", "10.00")
    assert (held.protected, held.unprotected, held.engine_only) == (1, (), ())
    assert round(held.asymmetry or 0, 2) == 3.33
    assert held.up_percent == "+0.0"


def test_a_stop_of_this_engine_alone_is_named() -> None:
    world = World()
    world.market()
    world.hold(1000)
    working(world, "sell", 9_700_00, lives_at="engine")
    view = moves_view(world.state)
    assert (view.protected, view.engine_only) == (0, (BTC_ID,))


def test_a_resting_entry_counts_with_the_stop_it_promises() -> None:
    world = World()
    world.market()
    entry = msgspec.structs.replace(
        intent("buy", 1000, limit=9_500_00, created=world.now),
        client_order_id=ClientOrderId(world.state.next_order_id()),
        legs=Legs(stop_loss=9_300_00),
    )
    world.state.apply_outcome(Submit(order=entry))
    assert moved(world.state, DOWN, NO) == Decimal(-2)


def test_without_a_mark_nothing_is_guessed() -> None:
    world = World()
    world.hold(1000)
    view = moves_view(world.state)
    assert (view.down, view.up, view.asymmetry) == (None, None, None)
    assert view.why_not
    assert world.state.ledger.position(ACCOUNT, BTC_ID, HAND).quantity == 1000
