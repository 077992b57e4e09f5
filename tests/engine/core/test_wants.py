"""Wants into orders: by difference, never twice, bounded by what is named, and closed before they are turned."""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    SLEEVE,
    WIDE_OPEN,
    World,
    of_type,
    sleeve_started,
    started,
    trade,
)
from tests.engine.core.policy_days import Day

from tradebot.engine.core.actions import NO_REASON, OrderSeq, buy, sell
from tradebot.engine.core.edge_size import half_kelly, used_edge
from tradebot.engine.core.needs import Need, Trades
from tradebot.engine.core.outcomes import Cancel, Decided, OrderIntent, SleevePaused, Submit
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import Edge, why
from tradebot.engine.core.records import MILLION, Record
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import SECOND
from tradebot.engine.core.wants import want

PRICE = 10_000_00
BECAUSE = why("test")


class Says:
    """A policy that gives the same answer until it is told another."""

    needs: Sequence[Need] = (Trades(),)

    def __init__(self, answer: OrderSeq) -> None:
        self.answer = answer
        self.asked = 0

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        self.asked += 1
        return self.answer


def sent(world: World) -> list[OrderIntent]:
    return [submit.order for submit in of_type(world.outcomes, Submit)]


def quantity(text: str) -> OrderSeq:
    return want.quantity(Decimal(text), because=BECAUSE)


def long(risk: str = "0.005", stop: str = "100") -> OrderSeq:
    return want.long(risk=Decimal(risk), stop=Decimal(stop), because=BECAUSE)


# ------------------------------------------------------------------------------------ difference


@pytest.mark.parametrize(
    "answer",
    [
        quantity("0.5"),
        quantity("-0.5"),
        want.weight(Decimal("0.5"), because=BECAUSE),
        long(),
        want.short(risk=Decimal("0.005"), stop=Decimal(100), because=BECAUSE),
    ],
    ids=["quantity", "short quantity", "weight", "long", "short"],
)
def test_asked_again_before_the_venue_has_spoken_a_want_sends_no_second_order(
    answer: OrderSeq,
) -> None:
    policy = Says(answer)
    day = Day(policy)
    day.world.market()
    outcomes = day.world.send(trade(PRICE))
    (first,) = of_type(outcomes, Submit)
    assert (first.order.type, first.order.tif) == ("limit", "ioc")
    for _ in range(3):
        assert of_type(day.world.send(trade(PRICE)), Submit) == []
    day.venue.take(outcomes)
    day.price(PRICE)
    assert policy.asked > 4
    assert [order for order in sent(day.world) if not order.role] == [first.order]
    assert abs(day.held) == day.world.state.instruments[BTC_ID].quantity(first.order.quantity)


@given(
    steps=st.lists(
        st.tuples(st.integers(-30_000, 30_000), st.lists(st.integers(0, 2_000), max_size=3)),
        min_size=1,
        max_size=6,
    )
)
def test_orders_are_what_a_naive_twin_would_send(
    steps: list[tuple[int, list[int]]],
) -> None:
    policy = Says(quantity("0"))
    day = Day(policy)
    for target, liquidity in steps:
        policy.answer = quantity(str(Decimal(target).scaleb(-5)))
        lots = abs(target) // 10 * 10 * (1 if target > 0 else -1)
        day.venue.liquidity.extend(10 * lots_found for lots_found in liquidity)
        for _ in range(len(liquidity) + 4):
            held, before = _units(day), len(sent(day.world))
            day.price(PRICE)
            new = sent(day.world)[before:]
            # The twin: towards the target, but never past nothing in one order.
            aim = 0 if held * lots < 0 else lots
            need = aim - held
            if abs(need) >= 20:
                assert new
                assert (new[0].side == "buy") == (need > 0)
                assert new[0].quantity == abs(need)
            for order in new:
                assert order.quantity <= abs(lots) + abs(held)
        # Less than the venue's smallest order may be left.
        left = _units(day)
        assert abs(left - lots) < 20 or (left * lots < 0 and abs(left) < 20)
        day.venue.liquidity.clear()
    assert day.world.state.blotter.open() == []


def _units(day: Day) -> int:
    return day.world.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity


def test_a_position_is_closed_before_it_is_turned() -> None:
    policy = Says(quantity("0.3"))
    day = Day(policy)
    day.price(PRICE)
    policy.answer = quantity("-0.2")
    day.price(PRICE)
    assert [(o.side, o.quantity, o.reduce_only) for o in sent(day.world)] == [
        ("buy", 30_000, False),
        ("sell", 30_000, True),
        ("sell", 20_000, False),
    ]
    assert day.held == Decimal("-0.2")


def test_what_is_not_filled_is_tried_again_though_nothing_else_wakes_the_policy() -> None:
    policy = Says(quantity("0.3"))
    day = Day(policy)
    day.venue.liquidity.extend([10_000, 0])
    day.price(PRICE)
    assert day.held == Decimal("0.1")
    day.world.market()
    day.until(day.world.now + SECOND)
    day.world.market()
    day.until(day.world.now + SECOND)
    assert day.held == Decimal("0.3")
    asked = policy.asked
    day.world.market()
    day.until(day.world.now + 10 * SECOND)
    assert policy.asked <= asked + 1
    assert len(sent(day.world)) == 3


def test_working_orders_of_the_other_side_or_beyond_the_want_are_cancelled() -> None:
    resting = OrderSeq.of(
        buy(Decimal("0.1"), limit=Decimal(9_900)),
        buy(Decimal("0.4"), limit=Decimal(9_800)),
        sell(Decimal("0.2"), limit=Decimal(10_900)),
        because=BECAUSE,
    )
    policy = Says(resting)
    day = Day(policy)
    day.price(PRICE)
    first, second, third = sent(day.world)
    policy.answer = quantity("0.3")
    day.price(PRICE)
    gone = {cancel.client_order_id for cancel in of_type(day.world.outcomes, Cancel)}
    assert gone == {second.client_order_id, third.client_order_id}
    day.price(PRICE)
    assert [o.intent.client_order_id for o in day.world.state.blotter.open()] == [
        first.client_order_id
    ]
    assert sent(day.world)[-1].quantity == 20_000
    assert day.held == Decimal("0.2")


def test_a_weight_is_a_share_of_the_sleeves_equity_at_the_mark() -> None:
    day = Day(Says(want.weight(Decimal("0.25"), because=BECAUSE)))
    day.price(PRICE)
    assert day.held == Decimal("1.25")


# ------------------------------------------------------------------------------------ risk at a stop


def test_a_risk_is_lost_at_the_stop_and_the_entry_brings_it() -> None:
    day = Day(Says(long(risk="0.005", stop="100")))
    day.price(PRICE)
    (entry,) = [order for order in sent(day.world) if not order.role]
    ask = PRICE + 50
    assert entry.quantity == 250_000
    assert entry.legs is not None
    assert entry.legs.stop_loss == ask // 10 * 10 - 100_00
    assert _last(day).bound_by == "risk"
    day.price(PRICE + 40_00)
    assert day.held == Decimal("2.5")


def test_flat_takes_the_place_of_the_stop_and_leaves_nothing_behind() -> None:
    policy = Says(long())
    day = Day(policy)
    day.price(PRICE)
    assert [order.intent.role for order in day.world.state.blotter.open()] == ["stop_loss"]
    policy.answer = want.flat(because=why("enough"))
    day.price(PRICE)
    assert day.held == 0
    assert day.world.state.blotter.open() == []
    last = sent(day.world)[-1]
    assert last.because == why("enough")
    assert (last.role, last.reduce_only) == ("stop_loss", True)


def test_the_other_way_closes_first_and_then_enters() -> None:
    policy = Says(long())
    day = Day(policy)
    day.price(PRICE)
    policy.answer = want.short(risk=Decimal("0.005"), stop=Decimal(100), because=BECAUSE)
    day.price(PRICE)
    day.until(day.world.now + SECOND)
    day.price(PRICE)
    assert day.held == Decimal("-2.4998")
    stop = [order for order in day.world.state.blotter.open() if order.intent.role]
    assert [order.intent.side for order in stop] == ["buy"]


def test_an_exit_that_finds_nobody_leaves_the_stop_where_it_was() -> None:
    policy = Says(long())
    day = Day(policy)
    day.price(PRICE)
    (stop,) = day.world.state.blotter.open()
    policy.answer = want.flat(because=why("enough"))
    day.venue.liquidity.extend([0] * 40)
    for _ in range(30):
        day.price(PRICE)
        (again,) = day.world.state.blotter.open()
        assert again.intent.trigger_price == stop.intent.trigger_price
    day.venue.liquidity.clear()
    day.price(PRICE)
    assert day.held == 0


# ------------------------------------------------------------------------------------ bounds


@pytest.mark.parametrize(
    ("limits", "own", "capital", "answer", "bound", "held"),
    [
        ({}, {}, "50000", long(), "risk", "2.5"),
        ({}, {}, "50000", quantity("50"), "capital", "5"),
        ({"max_order": Decimal("0.01")}, {}, "50000", quantity("1"), "max_order", "0.0952"),
        ({"max_position": Decimal("0.02")}, {}, "50000", quantity("1"), "max_position", "0.1904"),
        ({}, {"max_order": "0.1"}, "50000", quantity("1"), "sleeve_max_order", "0.4761"),
        ({}, {"max_position": "0.1"}, "50000", quantity("1"), "sleeve_max_position", "0.4761"),
        ({}, {}, "900000", quantity("50"), "cash", "9.5238"),
        ({}, {}, "50000", quantity("0.00015"), "lot", "0"),
    ],
)
def test_the_size_names_what_bound_it(
    limits: dict[str, Decimal],
    own: dict[str, str],
    capital: str,
    answer: OrderSeq,
    bound: str,
    held: str,
) -> None:
    terms = msgspec.structs.replace(sleeve_started(capital=capital), limits=own)
    start = started(limits=msgspec.structs.replace(WIDE_OPEN, **limits), sleeves=(terms,))
    day = Day(Says(answer), start=start)
    day.price(PRICE)
    assert of_type(day.world.outcomes, Decided)[0].bound_by == bound
    first = sent(day.world)
    bought = day.world.state.instruments[BTC_ID].quantity(first[0].quantity if first else 0)
    assert bought == Decimal(held)


def _last(day: Day) -> Decided:
    return of_type(day.world.outcomes, Decided)[-1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (quantity("NaN"), "quantity must be a finite Decimal, is Decimal('NaN')"),
        (want.weight(cast("Decimal", 0.5)), "weight must be a finite Decimal, is 0.5"),
        (long(risk="1.5"), "risk must be a share of capital in (0, 1], is 1.5"),
        (long(stop="0"), "stop must be a distance in price > 0, is 0"),
        (
            want.quantity(Decimal(1), symbol="sandbox:ETHUSDT"),
            "symbol sandbox:ETHUSDT must be one of the sleeve's",
        ),
    ],
)
def test_a_want_that_nothing_can_be_made_of_fails_the_sleeve(answer: OrderSeq, reason: str) -> None:
    day = Day(Says(answer))
    day.price(PRICE)
    (paused,) = of_type(day.world.outcomes, SleevePaused)
    assert paused.failed
    assert paused.reason.startswith(reason)


def test_a_decision_of_several_deeds_about_one_instrument_names_it_once() -> None:
    one = Decimal("0.001")
    day = Day(Says(OrderSeq.of(buy(one), sell(one), because=BECAUSE)))
    day.price(PRICE)
    assert _last(day).symbol == BTC_ID


def test_several_wants_are_one_answer_with_the_first_reason() -> None:
    both = OrderSeq.of(quantity("0.1"), want.flat(symbol=BTC_ID))
    assert both.because == BECAUSE
    assert [action.because for action in both.actions] == [BECAUSE, None]
    assert want.flat().because == NO_REASON
    assert OrderSeq.of(quantity("0.1"), because=why("whole")).because == why("whole")


# ------------------------------------------------------------------------------------ an edge


def with_record(stated: str | None, won: int, lost: int) -> Day:
    """Return a day whose sleeve has settled so many bets of this reason, all with one stated chance or none."""
    day = Day(Says(OrderSeq.none(because=BECAUSE)))
    settled, chance = won + lost, 0 if stated is None else int(Decimal(stated) * MILLION)
    told = 0 if stated is None else settled
    day.world.state.bet_book.records[SLEEVE] = {
        "test": Record(
            settled=settled,
            won=won,
            stated=told,
            stated_won=won if told else 0,
            stated_chance=chance * settled,
        )
    }
    return day


def bet(edge: Edge | None, risk: str = "0.05") -> OrderSeq:
    """Want a long whose target is three times as far as its stop."""
    near, far = Decimal(2_000), Decimal(6_000)
    size = Decimal(risk)
    return want.long(risk=size, stop=near, take_profit=far, edge=edge, because=BECAUSE)


def decided(day: Day, answer: OrderSeq) -> Decided:
    policy = day.world.policies[SLEEVE].policy
    assert isinstance(policy, Says)
    policy.answer = answer
    day.price(PRICE)
    return _last(day)


def stated(win: str) -> Edge:
    return Edge(source="stated", win=Decimal(win))


def test_a_size_uses_the_chance_that_bets_have_shown_and_says_so() -> None:
    day = with_record("0.40", 13, 28)
    last = decided(day, bet(stated("0.40"), risk="0.2"))
    assert last.edge == "you said 0.40, 13 of 41 won = 0.32: sizes use 0.33"
    assert last.bound_by == "edge"
    # Beta(2 + 13, 3 + 28): 15/46 = 0.3261; half of 0.3261 - 0.6739 / 3 = 0.05073 of 50,000, over 2,000 a unit.
    (entry,) = [order for order in sent(day.world) if not order.role]
    assert abs(entry.quantity - 126_800) < 200


def test_without_a_settled_bet_what_was_stated_is_used() -> None:
    last = decided(with_record("0.40", 0, 0), bet(stated("0.40"), risk="0.2"))
    assert last.edge == "you said 0.40, none has settled yet: sizes use 0.40"
    assert last.bound_by == "edge"


def test_a_risk_below_what_the_edge_supports_stays_as_it_was_asked_for() -> None:
    last = decided(with_record("0.40", 13, 28), bet(stated("0.40"), risk="0.005"))
    assert last.bound_by == "risk"
    assert last.edge


def test_a_chance_below_break_even_is_no_bet() -> None:
    day = with_record("0.40", 2, 30)
    last = decided(day, bet(stated("0.40"), risk="0.2"))
    assert (last.bound_by, sent(day.world)) == ("edge", [])
    assert last.edge == "you said 0.40, 2 of 32 won = 0.06: sizes use 0.11"


def test_a_record_is_an_edge_from_thirty_bets_on() -> None:
    assert decided(with_record(None, 13, 28), bet(Edge.from_record())).edge == (
        "13 of 41 won = 0.32: sizes use 0.33"
    )
    short = decided(with_record(None, 10, 19), bet(Edge.from_record(), risk="0.005"))
    assert (short.edge, short.bound_by) == ("", "risk")


def test_without_a_stated_edge_or_a_target_no_edge_bounds_the_size() -> None:
    day = with_record("0.40", 2, 30)
    assert decided(day, bet(None, risk="0.005")).bound_by == "risk"
    alone = want.long(
        risk=Decimal("0.005"), stop=Decimal(100), edge=stated("0.40"), because=BECAUSE
    )
    last = decided(with_record("0.40", 2, 30), alone)
    assert last.bound_by == "risk"
    assert last.edge


@given(
    st.decimals("0.01", "0.99", places=2),
    st.integers(0, 200),
    st.integers(0, 200),
    st.decimals("0.1", "20", places=2),
)
def test_half_kelly_at_the_calibrated_chance_agrees_with_its_naive_twin(
    said: Decimal, won: int, lost: int, pays: Decimal
) -> None:
    record = Record(settled=won + lost, stated=won + lost, stated_won=won)
    edge = Edge(source="stated", win=said)
    used = used_edge({"me": {"test": record}}, "me", "test", edge)
    assert used is not None
    naive = (5 * float(said) + won) / (5 + won + lost)
    assert abs(float(used.win) - naive) < 5.1e-5
    stake = max(naive - (1 - naive) / float(pays), 0.0) / 2
    assert abs(float(half_kelly(used.win, pays)) - stake) < 1e-3
    assert half_kelly(used.win, Decimal(0)) == 0
