"""The example policies: they never cross, keep their caps, and say the same when asked twice."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.events import BookSnapshot
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.core.actions import CancelOrder, NewOrder, OrderSeq
from tradebot.engine.core.ledger import Position
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap, Policy
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import MS, AccountName, BetId, ClientOrderId, Owner
from tradebot.engine.policies.rebalance import Rebalance, RebalanceParams
from tradebot.engine.policies.touch import Touch, TouchParams

BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=3,
    rules=(Rules(tick=1, lot=1),),
)
NOW = 1_700_000_000_000_000_000


def order(
    side: Literal["buy", "sell"],
    price: int,
    *,
    age_ms: int = 0,
    state: str = "accepted",
    quantity: int = 10,
) -> Order:
    name = f"{side}{price}{age_ms}"
    return Order(
        intent=OrderIntent(
            client_order_id=ClientOrderId(name),
            request_id=None,
            bet_id=BetId("b"),
            account=AccountName("sandbox"),
            instrument=BTC.id,
            owner=Owner("x"),
            policy_version="v",
            side=side,
            type="limit",
            tif="gtc",
            quantity=quantity,
            limit_price=price,
            post_only=True,
            reduce_only=False,
            because=None,
            edge=None,
            lives_at="broker",
            created=NOW - age_ms * MS,
        ),
        state=state,
        updated=NOW,
    )


def asked(  # noqa: PLR0913  (what a policy sees)
    policy: Policy,
    *,
    bid: int | None = 9_990,
    ask: int | None = 10_010,
    held: int = 0,
    orders: Sequence[Order] = (),
    params: Params | None = None,
    cash: str = "20000",
    seed: str = "7:x:1",
) -> OrderSeq:
    """Ask a policy twice; it must say the same."""
    market = InstrumentMarket(BTC)
    market.connect("up")
    market.apply(
        BookSnapshot(
            instrument=BTC.id,
            ts_event=NOW,
            ts_recv=NOW,
            bids=() if bid is None else ((bid, 1000),),
            asks=() if ask is None else ((ask, 1000),),
        ),
        NOW,
    )
    portfolio = PortfolioState(
        positions={BTC.id: Position(quantity=held)},
        orders=orders,
        markets={BTC.id: market},
        cash=Decimal(cash),
        capital=Decimal(20_000),
    )
    snapshot = MarketSnapshot([market], NOW)
    first, second = (
        policy.decide(
            portfolio, snapshot, ContextMap(params=params, state=None, now=NOW, seed=seed)
        )
        for _ in range(2)
    )
    assert first == second
    return first


def placed(answer: OrderSeq) -> list[tuple[str, Decimal, Decimal | None]]:
    return [
        (action.side, action.quantity, action.limit)
        for action in answer.actions
        if isinstance(action, NewOrder)
    ]


def cancelled(answer: OrderSeq) -> list[str]:
    return [action.client_order_id for action in answer.actions if isinstance(action, CancelOrder)]


prices = st.tuples(st.integers(100, 20_000), st.integers(1, 50)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)


@pytest.mark.parametrize("policy", [Touch(), Rebalance()])
@given(touch=prices, held=st.integers(-300, 300))
def test_no_order_of_an_example_crosses_the_touch(
    policy: Policy, touch: tuple[int, int], held: int
) -> None:
    bid, ask = touch
    answer = asked(policy, bid=bid, ask=ask, held=held)
    for action in answer.actions:
        assert isinstance(action, NewOrder)
        assert action.post_only
        limit = action.limit
        assert limit == BTC.price(bid if action.side == "buy" else ask)


@pytest.mark.parametrize("policy", [Touch(), Rebalance()])
@pytest.mark.parametrize(("bid", "ask"), [(None, 10_010), (9_990, None), (None, None)])
def test_examples_do_nothing_without_two_sides(
    policy: Policy, bid: int | None, ask: int | None
) -> None:
    assert asked(policy, bid=bid, ask=ask).actions == ()


# ------------------------------------------------------------------------------------ touch


def test_touch_quotes_both_sides_when_flat() -> None:
    assert placed(asked(Touch())) == [
        ("buy", Decimal("0.01"), Decimal("99.90")),
        ("sell", Decimal("0.01"), Decimal("100.10")),
    ]


def test_touch_does_nothing_in_a_crossed_book() -> None:
    assert asked(Touch(), bid=10_010, ask=10_010).because.code == "no-market"


@given(held=st.integers(-80, 80), size=st.integers(1, 20), most=st.integers(20, 60))
def test_touch_never_quotes_past_its_largest_position(held: int, size: int, most: int) -> None:
    params = TouchParams(size=BTC.quantity(size), most=BTC.quantity(most))
    for side, quantity, _ in placed(asked(Touch(), held=held, params=params)):
        after = BTC.quantity(held) + (quantity if side == "buy" else -quantity)
        assert abs(after) <= params.most or abs(after) < abs(BTC.quantity(held))
    sides = [side for side, _, _ in placed(asked(Touch(), held=held, params=params))]
    assert ("sell" in sides) == (held - size >= -most or held > 0)
    assert ("buy" in sides) == (held + size <= most or held < 0)


def test_touch_leaves_an_order_at_the_touch_alone() -> None:
    standing = [order("buy", 9_990, age_ms=60_000), order("sell", 10_010, age_ms=60_000)]
    answer = asked(Touch(), orders=standing)
    assert (answer.actions, answer.because.code) == ((), "quoting")


@given(age=st.integers(0, 1000), seed=st.text(max_size=8))
def test_touch_waits_half_to_one_and_a_half_of_its_patience(age: int, seed: str) -> None:
    params = TouchParams(patience_ms=500)
    answer = asked(Touch(), orders=[order("buy", 9_980, age_ms=age)], params=params, seed=seed)
    if age < 250:
        assert cancelled(answer) == []
    if age >= 750:
        assert cancelled(answer) == [f"buy9980{age}"]


def test_touchs_patience_depends_on_the_seed() -> None:
    standing = [order("buy", 9_980, age_ms=500)]
    params = TouchParams(patience_ms=500)
    answers = {
        len(cancelled(asked(Touch(), orders=standing, params=params, seed=f"{seed}:x:1")))
        for seed in range(50)
    }
    assert answers == {0, 1}


def test_touch_does_not_cancel_twice_nor_quote_over_what_is_leaving() -> None:
    leaving = order("buy", 9_980, age_ms=5000, state="pending_cancel")
    answer = asked(Touch(), orders=[leaving])
    assert cancelled(answer) == []
    assert [side for side, _, _ in placed(answer)] == ["sell"]


# ------------------------------------------------------------------------------------ rebalance


def test_rebalance_buys_half_of_its_equity_when_it_holds_nothing() -> None:
    assert placed(asked(Rebalance())) == [("buy", Decimal("100.000"), Decimal("99.90"))]


@given(held=st.integers(0, 200_000), cash=st.integers(1, 20_000))
def test_rebalance_trades_back_to_the_target_within_one_lot(held: int, cash: int) -> None:
    params = RebalanceParams(band=Decimal("0.01"))
    equity = cash + Decimal(held) / 1000 * 100
    weight = Decimal(held) / 1000 * 100 / equity
    answer = asked(Rebalance(), held=held, cash=str(cash), params=params)
    orders = placed(answer)
    if abs(Decimal("0.5") - weight) <= params.band:
        assert (orders, answer.because.code) == ([], "in-band")
        return
    ((side, quantity, _),) = orders
    after = Decimal(held) / 1000 + (quantity if side == "buy" else -quantity)
    assert abs(after * 100 - equity / 2) < Decimal("0.1") + Decimal("0.000001")


def test_rebalance_leaves_an_order_near_the_touch_and_moves_one_left_behind() -> None:
    params = RebalanceParams(reach=Decimal("0.001"))
    near = asked(Rebalance(), orders=[order("buy", 9_981)], params=params)
    assert (near.actions, near.because.code) == ((), "waiting-near-touch")
    far = asked(Rebalance(), orders=[order("buy", 9_979)], params=params)
    assert cancelled(far) == ["buy99790"]


def test_rebalance_takes_out_an_order_on_the_wrong_side() -> None:
    for price in (9_990, 10_010):
        answer = asked(Rebalance(), orders=[order("sell", price)])
        assert cancelled(answer) == [f"sell{price}0"]


def test_rebalance_takes_out_what_is_not_needed_any_more_and_only_once() -> None:
    answer = asked(Rebalance(), held=100_000, cash="10000", orders=[order("buy", 9_990)])
    assert cancelled(answer) == ["buy99900"]
    leaving = order("buy", 9_990, state="pending_cancel")
    assert asked(Rebalance(), held=100_000, cash="10000", orders=[leaving]).actions == ()


def test_rebalance_does_not_trade_less_than_one_lot() -> None:
    answer = asked(Rebalance(), cash="0.1", params=RebalanceParams(band=Decimal("0.0000001")))
    assert (answer.actions, answer.because.code) == ((), "below-one-lot")
