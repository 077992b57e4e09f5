"""A ticket's figures by hand: odds, edge, sizes, and what the order does to the account."""

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from tests.engine.core.builders import World, started
from tests.engine.live.live_bench import BTC, LiveBench, quiet_market

from tradebot.engine.control.messages_orders import OrderRequest
from tradebot.engine.control.messages_ticket import TicketFacts
from tradebot.engine.core.records import Record
from tradebot.engine.core.types import HAND
from tradebot.engine.live.previews import parsed, preview
from tradebot.engine.live.ticket_first import Outlook, first_chances
from tradebot.engine.sizing.beta import posterior
from tradebot.engine.sizing.kelly import careful_stake
from tradebot.engine.sizing.target import Spread, chance
from tradebot.engine.venue.fees import Fees

FEES = Fees(maker=Decimal("0.001"), taker=Decimal("0.001"))
# The book: bids 999.90 999.80 999.70, asks 1000.10 1000.20 1000.30, 5.000 each; equity 100,000.


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LiveBench]:
    made = LiveBench(tmp_path, quiet_market()).until(1050)
    yield made
    made.close()


def asked(
    side: Literal["buy", "sell"] = "buy",
    quantity: str = "2",
    limit: str = "990",
    stop: str | None = "900",
    target: str | None = "1300",
    edge: str | None = None,
) -> OrderRequest:
    return OrderRequest(
        request_id=f"{side}{quantity}{limit}{stop}",
        instrument=BTC.id,
        side=side,
        quantity=Decimal(quantity),
        type="limit",
        limit_price=Decimal(limit),
        stop_loss=None if stop is None else Decimal(stop),
        take_profit=None if target is None else Decimal(target),
        edge=None if edge is None else Decimal(edge),
        note="breakout",
    )


def told(bench: LiveBench, order: OrderRequest, brought: Spread | None = None) -> TicketFacts:
    found = preview(bench.kernel.state, order, FEES, brought).ticket
    assert found is not None
    return found


def close(found: float | None, wanted: float) -> bool:
    return found is not None and math.isclose(found, wanted, rel_tol=1e-6)


def remember(bench: LiveBench, won: int, settled: int) -> None:
    record = Record(settled=settled, won=won, stated=settled, stated_won=won)
    bench.kernel.state.bet_book.records[HAND] = {"breakout": record}


def test_pays_risk_and_break_even_follow_from_entry_stop_target_and_fees(bench: LiveBench) -> None:
    found = told(bench, asked())
    lost, won = 2 * (90 + 0.990 + 0.900), 2 * (310 - 0.990 - 1.300)
    assert found.risk == f"{lost:.2f}"
    assert found.risk_percent == f"{lost / 1000:.2f}"
    assert close(found.pays, won / lost)
    assert close(found.break_even, lost / (lost + won))
    assert (found.edge, found.why_not) == (None, "")
    assert (found.resulting, found.held) == ("2", "0")


def test_without_a_stop_all_of_it_is_at_risk_and_nothing_is_said_of_odds(bench: LiveBench) -> None:
    found = told(bench, asked(stop=None))
    assert (found.risk, found.bare) == ("1981.98", "2")
    assert (found.pays, found.break_even, found.first) == (None, None, None)
    assert found.why_not == "no stop: all of it is at risk"


def test_a_record_of_thirty_bets_is_an_edge_and_one_of_seven_is_told_as_none(
    bench: LiveBench,
) -> None:
    remember(bench, 3, 7)
    found = told(bench, asked())
    assert (found.edge, found.record) == (None, "3 of 7 won: 30 bets make an edge")
    remember(bench, 13, 41)
    edge = told(bench, asked()).edge
    assert edge is not None
    assert (edge.source, edge.won, edge.settled, edge.tag) == ("record", 13, 41, "breakout")
    assert close(edge.used, 14 / 43)


def test_careful_and_half_kelly_are_positions_at_the_calibrated_chance(bench: LiveBench) -> None:
    remember(bench, 13, 41)
    found = told(bench, asked(edge="0.40"))
    edge = found.edge
    assert edge is not None
    assert edge.careful is not None
    assert edge.half_kelly is not None
    belief = posterior(13, 28, stated=0.40)
    assert close(edge.used, belief.mean)
    assert close(edge.said, 0.40)
    unit = 90 + 0.990 + 0.900
    pays = (310 - 0.990 - 1.300) / unit
    half = (belief.mean - (1 - belief.mean) / pays) / 2 * 100_000 / unit
    assert 0 <= half - float(edge.half_kelly) <= 0.001
    careful = careful_stake(belief, pays) * 100_000 / unit
    assert 0 <= careful - float(edge.careful) <= 0.001
    assert close(edge.sure, 1 - belief.below(1 / (1 + pays)))


def test_the_tighter_of_half_kelly_and_the_limits_is_named(bench: LiveBench) -> None:
    assert told(bench, asked()).binds == "limit"
    remember(bench, 120, 400)
    found = told(bench, asked(edge="0.28"))
    assert found.edge is not None
    assert found.edge.half_kelly is not None
    assert found.limit is not None
    tighter = Decimal(found.edge.half_kelly) < Decimal(found.limit)
    assert found.binds == ("half Kelly" if tighter else "limit")


def test_all_figures_are_of_the_position_that_results(bench: LiveBench) -> None:
    bench.runtime.hand_over(parsed(bench.kernel.state, asked("buy", "1", "1010", "950", "1200")))
    bench.until(1500)
    found = told(bench, asked("buy", "2", "990", "900", "1300"))
    assert (found.held, found.resulting) == ("1", "3")
    mark = 1000.0
    lost = (mark - 950) + 0.950 + 2 * (90 + 0.990 + 0.900)
    won = (1200 - mark) - 1.200 + 2 * (310 - 0.990 - 1.300)
    assert found.risk == f"{lost:.2f}"
    assert close(found.pays, won / lost)
    limit = told(bench, asked("buy", "1", "990", "900", "1300")).limit
    assert limit == found.limit, "the limit is a position: the size of the order does not move it"


def test_an_order_that_only_shrinks_leaves_the_rest_to_its_stop(bench: LiveBench) -> None:
    bench.runtime.hand_over(parsed(bench.kernel.state, asked("buy", "2", "1010", "950", "1200")))
    bench.until(1500)
    found = told(bench, asked("sell", "1", "999", None, None))
    assert (found.held, found.resulting) == ("2", "1")
    assert found.risk == f"{50 + 0.950:.2f}"
    flat = told(bench, asked("sell", "2", "999", None, None))
    assert (flat.risk, flat.why_not) == ("0.00", "flat after it")


def test_all_stops_hit_is_the_gates_own_count_with_the_order_in(bench: LiveBench) -> None:
    found = told(bench, asked())
    assert found.all_stops == f"{2 * (90 + 9):.2f}"
    assert found.all_stops_percent == "0.2"


def play() -> World:
    objective = {"utility": "hybrid", "floor": "-10%", "target": "20%", "since": "1971-01-01"}
    world = World(start=msgspec.structs.replace(started(), objective=objective), cash="100000")
    world.market()
    return world


def outlook(win: float | None, *, fee: str = "0") -> Outlook:
    return Outlook(
        Decimal(1000) + Decimal(fee),
        Decimal(2640) - Decimal(fee),
        win,
        Decimal(1000),
        Decimal(2640),
    )


def test_a_fair_bet_leaves_the_coin_flip_line_but_for_its_fees() -> None:
    first = first_chances(play().state, outlook(None), None)
    assert first is not None
    assert (first.now, first.few, first.after) == (first.coin_now, True, None)
    assert close(first.coin_now, 1 / 3)
    assert close(first.coin_after, first.coin_now)
    with_fees = first_chances(play().state, outlook(None, fee="30"), None)
    assert with_fees is not None
    # 30 of money less, whatever comes, of the 30,000 between floor and target.
    assert close(with_fees.coin_after, first.coin_now - 30 / 30_000)


def test_an_edge_moves_the_chance_by_what_the_bet_brings_on_average() -> None:
    first = first_chances(play().state, outlook(0.33), None)
    assert first is not None
    brings = 0.33 * 2640 - 0.67 * 1000
    assert close(first.after, first.now + brings / 30_000)


def test_with_bets_enough_the_chance_is_the_one_house_shows() -> None:
    shown = Spread(41, 60.0, 800.0)
    first = first_chances(play().state, outlook(0.33), shown)
    assert first is not None
    assert not first.few
    assert close(first.now, chance(100_000, 90_000, 120_000, 60.0, 640_000.0))
    up, down = (chance(x, 90_000, 120_000, 60.0, 640_000.0) for x in (102_640, 99_000))
    assert close(first.after, 0.33 * up + 0.67 * down)
