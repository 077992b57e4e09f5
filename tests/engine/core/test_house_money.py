"""House money: whatever the market does, all stops together cost no more than one unit."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, BTC_ID, SLEEVE, of_type
from tests.engine.core.policy_days import Day
from tests.engine.core.test_wants import Says

from tradebot.engine.core.outcomes import Submit
from tradebot.engine.core.reasons import why
from tradebot.engine.core.types import Side, sign
from tradebot.engine.core.wants import want

RISK, STOP, CAPITAL = Decimal("0.0005"), Decimal(50), Decimal(50_000)
PRICE = 10_000_00


def answer(side: Side, pyramid: bool = True):  # noqa: FBT001, FBT002
    way = want.long if side == "buy" else want.short
    return way(
        risk=RISK,
        stop=STOP,
        pyramid="house-money" if pyramid else None,
        because=why("on"),
    )


def at_the_stops(day: Day, side: Side) -> Decimal | None:
    """Return what the position comes to at its standing stops, told by fills and orders alone; None while one lacks."""
    state = day.world.state
    position = state.ledger.position(ACCOUNT, BTC_ID, SLEEVE)
    if not position.quantity:
        return None
    stops = [
        order
        for order in state.blotter.open_in(ACCOUNT, BTC_ID)
        if order.intent.role == "stop_loss" and order.intent.type == "stop"
    ]
    if sum(order.leaves for order in stops) < abs(position.quantity):
        return None
    value = sum(
        (
            Decimal(order.leaves).scaleb(-5) * Decimal(order.intent.trigger_price or 0).scaleb(-2)
            for order in stops
        ),
        Decimal(0),
    )
    return (value - abs(position.cost)) * sign(side)


@given(
    side=st.sampled_from(["buy", "sell"]),
    moves=st.lists(st.integers(-40_00, 60_00), min_size=5, max_size=40),
)
def test_a_pyramid_never_risks_more_than_one_unit(side: Side, moves: Sequence[int]) -> None:
    day = Day(Says(answer(side)))
    price = PRICE
    capital, gained = CAPITAL, Decimal(0)
    for move in moves:
        price += move * sign(side)
        state = day.world.state
        flat = not state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity
        profit = state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).realized
        capital = CAPITAL + profit if flat else capital
        day.price(price)
        worst = at_the_stops(day, side)
        # What was open profit when a later unit was added is part of the capital it is a share of.
        open_profit = abs(Decimal(price - PRICE)).scaleb(-2) * abs(day.held)
        gained = Decimal(0) if flat else max(gained, open_profit)
        most = RISK * (capital + max(gained, open_profit))
        assert worst is None or worst >= -most


def test_units_are_added_as_the_market_pays_for_them_and_never_without() -> None:
    for pyramid, wanted in ((True, 4), (False, 1)):
        day = Day(Says(answer("buy", pyramid=pyramid)))
        for step in range(20):
            day.price(PRICE + 15_00 * step)
        entries = [s.order for s in of_type(day.world.outcomes, Submit) if not s.order.role]
        assert len(entries) >= wanted
        assert pyramid or len(entries) == 1
        falling = Day(Says(answer("buy", pyramid=pyramid)))
        for step in range(3):
            falling.price(PRICE - 10_00 * step)
        held = [s.order for s in of_type(falling.world.outcomes, Submit) if not s.order.role]
        assert len(held) == 1
