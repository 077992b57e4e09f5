"""What an order would cost, by hand; and that the gate keeps what the preview promised."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.live.live_bench import ACCOUNT, BTC, LiveBench, book, quiet_market

from tradebot.data.events import BookSnapshot
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import OrderRequest, Preview
from tradebot.engine.core.events import PlaceOrder
from tradebot.engine.core.reasons import Edge
from tradebot.engine.core.records import Record
from tradebot.engine.core.types import HAND, RequestId
from tradebot.engine.live.previews import parsed, preview
from tradebot.engine.venue.fees import Fees

FEES = Fees(maker=Decimal("0.0002"), taker=Decimal("0.001"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LiveBench]:
    made = LiveBench(tmp_path, quiet_market()).until(1050)
    yield made
    made.close()


def request(  # noqa: PLR0913  (an order has that many parts)
    side: Literal["buy", "sell"] = "buy",
    quantity: str = "1",
    limit: str | None = "990",
    *,
    kind: Literal["limit", "market", "marketable"] = "limit",
    tif: Literal["gtc", "ioc", "fok"] = "gtc",
    post_only: bool = False,
    reduce_only: bool = False,
    instrument: str = BTC.id,
    name: str = "r",
) -> OrderRequest:
    return OrderRequest(
        request_id=name,
        instrument=instrument,
        side=side,
        quantity=Decimal(quantity),
        type=kind,
        limit_price=None if limit is None else Decimal(limit),
        tif=tif,
        post_only=post_only,
        reduce_only=reduce_only,
    )


def seen(bench: LiveBench, asked: OrderRequest) -> Preview:
    return preview(bench.kernel.state, asked, FEES)


# The book: bids 999.90 999.80 999.70, asks 1000.10 1000.20 1000.30, 5.000 each; mid 1000.00.


def test_resting_order_costs_its_limit_at_the_maker_rate_and_has_no_slippage(
    bench: LiveBench,
) -> None:
    found = seen(bench, request("buy", "2", "990"))
    assert found.ok
    assert (found.notional, found.notional_percent) == ("1980.00", "1.98")
    assert (found.fee, found.slippage) == ("0.40", None)
    assert found.distance_percent == "-1.00"
    assert found.risk == "198.00"


def test_taking_order_costs_the_levels_it_takes_at_the_taker_rate(bench: LiveBench) -> None:
    found = seen(bench, request("buy", "6", "1010"))
    # 5 x 1000.10 + 1 x 1000.20 = 6000.70; against mid: 5 x 0.10 + 1 x 0.20
    assert (found.notional, found.fee, found.slippage) == ("6000.70", "6.00", "0.70")
    assert found.distance_percent == "+1.00"


def test_selling_into_the_bids_slips_downwards_and_costs_as_a_positive_amount(
    bench: LiveBench,
) -> None:
    found = seen(bench, request("sell", "7", None, kind="market"))
    # 5 x 0.10 + 2 x 0.20 below mid
    assert (found.slippage, found.tif, found.distance_percent) == ("0.90", "ioc", None)


def test_post_only_order_is_valued_at_its_limit_and_never_slips(bench: LiveBench) -> None:
    found = seen(bench, request("buy", "2", "1010", post_only=True))
    assert (found.notional, found.fee, found.slippage) == ("2020.00", "0.40", None)


def test_exit_adds_no_risk_and_has_no_binding_limit(bench: LiveBench) -> None:
    bench.runtime.hand_over(parsed(bench.kernel.state, request("buy", "2", "1010")))
    bench.until(1500)
    found = seen(bench, request("sell", "2", "999"))
    assert (found.risk, found.binding_limit, found.binding_quantity) == ("0.00", None, None)
    assert found.ok


def test_marketable_price_is_the_collars_edge_on_the_tick(bench: LiveBench) -> None:
    assert seen(bench, request("buy", "1", None, kind="marketable")).limit_price == "1050.00"
    assert seen(bench, request("sell", "1", None, kind="marketable")).limit_price == "950.00"


@given(
    bid=st.integers(10, 100_000),
    spread=st.integers(1, 400),
    side=st.sampled_from(["buy", "sell"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_marketable_price_is_inside_the_collar_on_the_tick_and_passes_the_gate(
    bench: LiveBench, bid: int, spread: int, side: Literal["buy", "sell"]
) -> None:
    bench.runtime.hand_over(at_touch(bid * 10, (bid + spread) * 10))
    found = seen(bench, request(side, "0.02", None, kind="marketable"))
    price = Decimal(found.limit_price or "0")
    middle = Decimal((2 * bid + spread) * 10) / 200
    edge = middle * (Decimal("1.05") if side == "buy" else Decimal("0.95"))
    assert price % Decimal("0.10") == 0
    assert price <= edge if side == "buy" else price >= edge
    assert abs(price - edge) < Decimal("0.10")
    assert next(line for line in found.verdicts if line.code == "price_collar").ok


def at_touch(bid: int, ask: int) -> BookSnapshot:
    shown = book(1100)
    return BookSnapshot(
        instrument=shown.instrument,
        ts_event=shown.ts_event,
        ts_recv=shown.ts_recv,
        bids=((bid, 5000),),
        asks=((ask, 5000),),
    )


@given(
    held=st.integers(-40, 40),
    side=st.sampled_from(["buy", "sell"]),
    price=st.integers(9_700, 10_300),
)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_binding_quantity_passes_the_gate_and_one_lot_more_does_not(
    tmp_path_factory: pytest.TempPathFactory,
    held: int,
    side: Literal["buy", "sell"],
    price: int,
) -> None:
    bench = LiveBench(tmp_path_factory.mktemp("bench"), quiet_market()).until(1050)
    try:
        for number in range(abs(held) // 4):
            way: Literal["buy", "sell"] = "buy" if held > 0 else "sell"
            asked = request(way, "4", None, kind="marketable", name=f"hold{number}")
            bench.runtime.hand_over(parsed(bench.kernel.state, asked))
            bench.until(1500 + 100 * number)
        limit = str(Decimal(price) / 10)
        found = seen(bench, request(side, "1000", limit))
        if found.binding_quantity is None:
            return
        most = Decimal(found.binding_quantity)
        lot = BTC.quantity(1)
        if most > 0:
            assert seen(bench, request(side, str(most), limit)).ok
        beyond = seen(bench, request(side, str(most + lot), limit))
        assert not beyond.ok
        assert found.binding_limit in {line.code for line in beyond.verdicts if not line.ok}
    finally:
        bench.close()


def test_preview_sends_nothing(bench: LiveBench) -> None:
    before = bench.runtime.seq
    seen(bench, request())
    assert (bench.runtime.seq, len(bench.kernel.state.blotter)) == (before, 0)


def test_refused_order_shows_every_line_of_the_gate(bench: LiveBench) -> None:
    found = seen(bench, request("buy", "60", "1100"))
    assert not found.ok
    assert {line.code for line in found.verdicts if not line.ok} == {"price_collar", "max_order"}


# ------------------------------------------------------------------------------------ parsing


def test_order_becomes_units_of_its_instrument(bench: LiveBench) -> None:
    made = parsed(bench.kernel.state, request("sell", "1.5", "999.9", post_only=True))
    assert made == PlaceOrder(
        request_id=RequestId("r"),
        account=ACCOUNT,
        instrument=BTC.id,
        side="sell",
        type="limit",
        tif="gtc",
        quantity=1500,
        limit_price=9_999_0,
        post_only=True,
    )


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (request(instrument="binance:ETHUSDT"), "unknown", "there is binance:BTCUSDT"),
        (request(name=""), "usage", "1 to 64 characters"),
        (request(name="x" * 65), "usage", "1 to 64 characters"),
        (request(quantity="0.0001"), "usage", "at most 3 decimals"),
        (request(limit="990.001"), "usage", "at most 2 decimals"),
        (request(limit="990", kind="market"), "usage", "no limit price"),
        (request(limit=None, kind="market", post_only=True), "usage", "post-only"),
        (request(tif="ioc", post_only=True), "usage", "post-only"),
    ],
)
def test_order_that_cannot_be_meant_is_refused_in_one_line(
    bench: LiveBench, asked: OrderRequest, code: str, words: str
) -> None:
    with pytest.raises(Refused, match=words) as raised:
        parsed(bench.kernel.state, asked)
    assert raised.value.code == code


def test_marketable_order_needs_two_sides(tmp_path: Path) -> None:
    bench = LiveBench(tmp_path, [])
    with pytest.raises(Refused, match="no two-sided market") as raised:
        parsed(bench.kernel.state, request(limit=None, kind="marketable"))
    assert raised.value.code == "conflict"
    bench.close()


# ------------------------------------------------------------------------------------ a stated edge


def bet(edge: str | None, risk: str = "0.2") -> OrderRequest:
    """Return a bet by risk: entry 1000, stop 900, target 1300."""
    draft = request("buy", "0", "1000")
    return msgspec.structs.replace(
        draft,
        risk=Decimal(risk),
        stop_loss=Decimal(900),
        take_profit=Decimal(1300),
        edge=None if edge is None else Decimal(edge),
        note="breakout",
    )


def remember(bench: LiveBench, won: int, settled: int) -> None:
    record = Record(settled=settled, won=won, stated=settled, stated_won=won)
    bench.kernel.state.bet_book.records[HAND] = {"breakout": record}


def test_a_hand_that_states_an_edge_is_sized_by_what_its_bets_have_shown(bench: LiveBench) -> None:
    remember(bench, 13, 41)
    found = seen(bench, bet("0.40"))
    assert found.edge == "you said 0.40, 13 of 41 won = 0.32: sizes use 0.33"
    plain = seen(bench, bet(None))
    assert plain.edge is None
    # (0.3261 - 0.6739 / pays) / 2 with pays = (300 - 2.3) / (100 + 1.9) of what 20 % of equity would be.
    share = (0.3261 - 0.6739 / (297.7 / 101.9)) / 2 / 0.2
    assert abs(float(found.quantity) / float(plain.quantity) - share) < 1e-3
    order = parsed(bench.kernel.state, bet("0.40"))
    assert order.edge == Edge(source="stated", win=Decimal("0.40"))


def test_a_risk_below_what_the_edge_supports_is_kept(bench: LiveBench) -> None:
    remember(bench, 13, 41)
    assert seen(bench, bet("0.40", "0.001")).quantity == seen(bench, bet(None, "0.001")).quantity


def test_a_stated_edge_that_came_to_nothing_is_no_bet(bench: LiveBench) -> None:
    remember(bench, 1, 41)
    with pytest.raises(Refused, match=r"1 of 41 won = 0\.02: sizes use 0\.07, below break-even"):
        seen(bench, bet("0.40"))


@pytest.mark.parametrize("edge", ["0", "1", "-0.1", "40"])
def test_an_edge_that_is_no_chance_is_refused(bench: LiveBench, edge: str) -> None:
    with pytest.raises(Refused, match="a chance to win in"):
        seen(bench, bet(edge))
