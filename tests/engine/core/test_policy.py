"""What a policy sees and says: rounding goes the safe way, decimals are exact."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import BTC, BTC_ID, START, World, intent, snapshot, trade

from tradebot.engine.core.actions import NewOrder, OrderSeq, buy, cancel, sell
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.needs import Book
from tradebot.engine.core.orders import Order
from tradebot.engine.core.policy import ContextMap, Policy
from tradebot.engine.core.portfolio import OpenOrder, PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import InstrumentSnapshot, MarketSnapshot
from tradebot.engine.core.types import ClientOrderId, Side

RULES = BTC.rules[0]


def seen(tick: int = 10, lot: int = 10) -> InstrumentSnapshot:
    rules = msgspec.structs.replace(RULES, tick=tick, lot=lot)
    market = InstrumentMarket(msgspec.structs.replace(BTC, rules=(rules,)))
    return InstrumentSnapshot(market, START)


@pytest.mark.parametrize(
    ("price", "side", "rounded"),
    [
        ("100.19", "buy", "100.10"),
        ("100.11", "sell", "100.20"),
        ("100.10", "buy", "100.10"),
        ("100.10", "sell", "100.10"),
        ("100.1000001", "sell", "100.20"),
        ("100.1999999", "buy", "100.10"),
    ],
)
def test_a_price_rounds_away_from_the_market(price: str, side: Side, rounded: str) -> None:
    assert str(seen().round_price(Decimal(price), side)) == rounded


@pytest.mark.parametrize(
    ("quantity", "rounded"),
    [
        ("0.00199", "0.00190"),
        ("-0.00199", "-0.00190"),
        ("0.00200", "0.00200"),
        ("-0.00200", "-0.00200"),
        ("0.00009", "0.00000"),
        ("-0.00009", "0.00000"),
        ("0.0020999999", "0.00200"),
    ],
)
def test_a_quantity_rounds_towards_zero_onto_the_lot(quantity: str, rounded: str) -> None:
    assert str(seen().round_quantity(Decimal(quantity))) == rounded


@settings(deadline=None)
@given(
    st.decimals("-1e6", "1e6", places=9),
    st.decimals("0.001", "1e6", places=9),
    st.integers(1, 5000),
    st.integers(1, 5000),
)
def test_rounding_never_makes_an_order_larger_or_bolder_and_moves_less_than_a_step(
    quantity: Decimal, price: Decimal, tick: int, lot: int
) -> None:
    market = seen(tick, lot)
    size = market.round_quantity(quantity)
    assert abs(size) <= abs(quantity)
    assert abs(quantity) - abs(size) < BTC.quantity(lot)
    assert BTC.quantity_units(size) % lot == 0
    low, high = market.round_price(price, "buy"), market.round_price(price, "sell")
    step = BTC.price(tick)
    assert price - step < low <= price <= high < price + step
    assert BTC.price_units(low) % tick == BTC.price_units(high) % tick == 0


def test_prices_and_sizes_are_exact_decimals_of_the_books() -> None:
    world = World()
    world.market(9_999_00, 10_001_00, size=12_345)
    world.send(trade(10_000_50))
    market = MarketSnapshot([world.state.market[BTC_ID]], world.now).only
    assert (market.bid, market.ask) == (Decimal("9999.00"), Decimal("10001.00"))
    assert (market.mid, market.mark, market.last) == (10_000.0, 10_000, Decimal("10000.50"))
    assert market.bids(2) == [
        (Decimal("9999.00"), Decimal("0.12345")),
        (Decimal("9998.90"), Decimal("0.12345")),
    ]
    assert market.asks(1) == [(Decimal("10001.00"), Decimal("0.12345"))]
    assert market.health == "up"
    assert market.instrument.id == BTC_ID


def test_an_empty_market_says_none() -> None:
    market = seen()
    assert (market.bid, market.ask, market.mid, market.mark, market.last) == (None,) * 5
    assert market.bids(5) == []
    assert market.health == "down"


def test_a_mark_is_the_middle_and_else_the_last_trade() -> None:
    market = InstrumentMarket(BTC)
    market.apply(trade(10_000_50), START)
    assert market.mark() == Decimal("10000.50")
    market.apply(snapshot(9_999_00, 9_999_10), START)
    assert market.mark() == Decimal("9999.05")


def test_an_open_order_shows_what_is_left_of_it() -> None:
    order = Order(
        intent=intent("sell", 1000, limit=None, order_type="market"),
        state="partially_filled",
        filled=300,
        updated=START,
    )
    shown = OpenOrder(order, BTC)
    assert (shown.id, shown.symbol, shown.side) == ("tbabc121", BTC_ID, "sell")
    assert (shown.limit, shown.leaves, shown.created) == (None, Decimal("0.00700"), START)
    assert not shown.cancelling
    assert OpenOrder(msgspec.structs.replace(order, intent=intent()), BTC).limit == Decimal(10_000)


def test_orders_without_a_limit_are_market_orders() -> None:
    assert buy(Decimal(1)).type == "market"
    limited = sell(Decimal(1), limit=Decimal(5), post_only=True, tif="gtc")
    assert (limited.type, limited.side, limited.post_only) == ("limit", "sell", True)
    assert cancel(ClientOrderId("tb1")).client_order_id == "tb1"
    assert OrderSeq.of(limited, because=why("x")).actions == (limited,)
    assert OrderSeq.none(because=why("x")).actions == ()


def test_any_class_with_needs_and_decide_is_a_policy() -> None:
    class Mine:
        needs = (Book(),)

        def decide(
            self,
            portfolio: PortfolioState,
            snapshot: MarketSnapshot,
            context: ContextMap | None = None,
        ) -> OrderSeq:
            del portfolio, snapshot, context
            return OrderSeq.of(NewOrder(side="buy", quantity=Decimal(1)), because=why("x"))

    policy: Policy = Mine()
    assert isinstance(policy, Policy)
    assert not isinstance(object(), Policy)
