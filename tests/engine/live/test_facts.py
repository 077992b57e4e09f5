"""Facts for clients: every digit, and unknown is never zero."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.live.live_bench import ACCOUNT, BTC, CASH, LiveBench, quiet_market

from tradebot.engine.core.events import PlaceOrder
from tradebot.engine.core.ledger import Position
from tradebot.engine.core.types import ClientOrderId, ExecutionId, RequestId, Side
from tradebot.engine.live.facts import (
    exact,
    feed_facts,
    fill_facts,
    gross,
    limit_facts,
    money,
    order_facts,
    percent,
    position_facts,
    short,
    signed_percent,
    totals,
    unrealized,
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LiveBench]:
    made = LiveBench(tmp_path, quiet_market()).until(1050)
    yield made
    made.close()


def trade(bench: LiveBench, side: Side, quantity: int, price: int | None) -> ClientOrderId:
    name = RequestId(f"r{bench.runtime.seq}")
    bench.runtime.hand_over(
        PlaceOrder(
            request_id=name,
            account=ACCOUNT,
            instrument=BTC.id,
            side=side,
            type="market" if price is None else "limit",
            tif="ioc" if price is None else "gtc",
            quantity=quantity,
            limit_price=price,
        )
    )
    for _ in range(30):
        bench.runtime.step()
    order = bench.kernel.state.blotter.by_request(name)
    assert order is not None
    return order.intent.client_order_id


def test_order_facts_are_exact_text(bench: LiveBench) -> None:
    name = trade(bench, "buy", 6_000, 10_002_0)
    order = bench.kernel.state.blotter.get(name)
    assert order is not None
    facts = order_facts(bench.kernel.state, order, bench.venue)
    assert (facts.quantity, facts.filled, facts.limit_price) == ("6.000", "6.000", "1000.20")
    # 5 x 1000.10 + 1 x 1000.20 = 6000.70, over 6
    assert facts.average_price == "1000.12"
    assert (facts.state, facts.queue_ahead, facts.owner) == ("filled", None, "hand")
    assert facts.created.endswith("Z")


def test_resting_order_shows_the_queue_before_it(bench: LiveBench) -> None:
    name = trade(bench, "buy", 100, 9_999_0)
    order = bench.kernel.state.blotter.get(name)
    assert order is not None
    facts = order_facts(bench.kernel.state, order, bench.venue)
    assert (facts.state, facts.filled, facts.average_price) == ("accepted", "0.000", None)
    assert facts.queue_ahead == "5.000"


def test_fill_facts_are_the_venues_words(bench: LiveBench) -> None:
    trade(bench, "buy", 1_000, None)
    (seq, event, booked) = bench.tape.fills[0]
    facts = fill_facts(bench.kernel.state, seq, event, booked)
    assert (facts.execution_id, facts.quantity, facts.price) == ("x1", "1.000", "1000.10")
    assert (facts.fee, facts.fee_currency, facts.liquidity) == ("1.00010000", "USDT", "taker")
    assert (facts.owner, facts.source, facts.seq) == ("hand", "stream", seq)


def test_position_shows_profit_of_what_is_held_and_what_was_closed(bench: LiveBench) -> None:
    trade(bench, "buy", 2_000, None)
    trade(bench, "sell", 500, None)
    ((key, position),) = bench.kernel.state.ledger.positions()
    facts = position_facts(bench.kernel.state, key, position)
    assert (facts.quantity, facts.average_price, facts.mark) == ("1.500", "1000.10", "1000.00")
    # Bought at 1000.10, sold 0.5 at 999.90: -0.10; fees 2.00020 and 0.499950
    assert Decimal(facts.realized_pnl) == Decimal("-0.10") - Decimal("2.0002") - Decimal("0.49995")
    assert facts.unrealized_pnl == "-0.15"
    assert not facts.protected


def test_stops_over_the_whole_position_protect_it(bench: LiveBench) -> None:
    trade(bench, "buy", 1_000, None)
    for number, (quantity, protected) in enumerate(((400, False), (600, True))):
        bench.runtime.hand_over(
            PlaceOrder(
                request_id=RequestId(f"stop{number}"),
                account=ACCOUNT,
                instrument=BTC.id,
                side="sell",
                type="stop",
                tif="gtc",
                quantity=quantity,
                limit_price=None,
                trigger_price=9_900_0,
                reduce_only=True,
            )
        )
        ((key, position),) = bench.kernel.state.ledger.positions()
        assert position_facts(bench.kernel.state, key, position).protected == protected


def test_cash_and_positions_at_their_marks_add_up_to_equity(bench: LiveBench) -> None:
    trade(bench, "buy", 2_000, None)
    trade(bench, "sell", 700, None)
    trade(bench, "sell", 3_000, None)
    state = bench.kernel.state
    realized, open_profit, fees = totals(state)
    assert realized is not None
    assert open_profit is not None
    assert fees is not None
    assert state.equity() == CASH + realized - fees + open_profit
    held = abs(state.ledger.net(ACCOUNT, BTC.id))
    assert gross(state) == BTC.quantity(held) * Decimal("1000.00")


def test_position_without_a_mark_is_unknown_and_not_worth_zero() -> None:
    assert unrealized(BTC, Position(quantity=5, cost=Decimal(5)), None) is None
    assert unrealized(BTC, Position(), None) == 0


@given(
    quantity=st.integers(-(10**6), 10**6).filter(bool),
    cost=st.decimals(-(10**6), 10**6, places=5),
    mark=st.decimals("0.01", "100000", places=3),
)
def test_unrealized_is_what_closing_at_the_mark_would_bring(
    quantity: int, cost: Decimal, mark: Decimal
) -> None:
    found = unrealized(BTC, Position(quantity=quantity, cost=cost), mark)
    assert found == Decimal(quantity) / 1000 * mark - cost


def test_unknown_order_is_unclaimed_and_still_told(bench: LiveBench) -> None:
    trade(bench, "buy", 1_000, None)
    _, known, _ = bench.tape.fills[0]
    strange = msgspec.structs.replace(
        known, client_order_id=ClientOrderId("nobody"), execution_id=ExecutionId("x99")
    )
    bench.runtime.hand_over(strange)
    facts = fill_facts(bench.kernel.state, *bench.tape.fills[-1])
    assert (facts.owner, facts.bet_id) == ("unclaimed", None)


def test_limits_show_what_is_used(bench: LiveBench) -> None:
    trade(bench, "buy", 10_000, None)
    limits = {
        fact.name: (fact.used, fact.cap)
        for fact in limit_facts(bench.kernel.state, bench.runtime.now)
    }
    assert limits["gross"] == ("10.00", "200.00")
    assert limits["position"] == ("10.00", "100.00")
    assert limits["open risk"] == ("1.00", "10.00")
    assert limits["day loss"][1] is None
    assert limits["orders/min"] == ("1", "600")


def test_feed_shows_its_age(bench: LiveBench) -> None:
    (facts,) = feed_facts(bench.kernel.state, bench.runtime.now + 40_000_000)
    assert (facts.name, facts.state) == (BTC.id, "up")
    assert facts.age_ms is not None
    assert facts.age_ms >= 40


@given(st.decimals(-(10**9), 10**9, places=8))
def test_exact_keeps_every_digit_and_money_two(amount: Decimal) -> None:
    text = exact(amount)
    assert Decimal(text) == amount
    assert "E" not in text
    assert text == "0" or "." not in text or not text.endswith("0")
    shown = money(amount)
    assert abs(Decimal(shown) - amount) <= Decimal("0.005")
    assert shown != "-0.00"


def test_percentages_have_two_decimals_and_a_zero_has_a_plus() -> None:
    assert percent(Decimal("0.12345")) in {"12.34", "12.35"}
    assert signed_percent(Decimal("-0.01")) == "-1.00"
    assert signed_percent(Decimal("-0.00001")) == "+0.00"
    assert short(ClientOrderId("tbabcde1f")) == "#1f"
