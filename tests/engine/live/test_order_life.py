"""An order's life as clients are told it: from the journal, its reason first, with the time since the intent."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.engine.live.live_bench import BTC, LiveBench, Served, quiet_market

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import AmendRequest, OrderAnswer, OrderRequest
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.live import order_life


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    bench = LiveBench(tmp_path, quiet_market())
    bench.until(1050)
    yield bench.service()
    bench.close()


def bid(**changes: object) -> OrderRequest:
    terms: dict[str, object] = {
        "request_id": "r1",
        "instrument": BTC.id,
        "side": "buy",
        "quantity": Decimal(1),
        "limit_price": Decimal(990),
        "note": "support held",
    }
    return OrderRequest(**(terms | changes))  # pyright: ignore[reportArgumentType]


async def place(served: Served, request: OrderRequest) -> OrderAnswer:
    return await served.go(asyncio.ensure_future(served.service.place(request, 5.0)))


async def life(served: Served, name: str) -> OrderLife:
    return await asyncio.wait_for(served.service.order_life(name), 10)


def words(told: OrderLife) -> list[str]:
    return [line.word for line in told.lines]


async def test_life_begins_with_the_reason_and_goes_on_in_order(served: Served) -> None:
    placed = (await place(served, bid())).order
    assert placed is not None
    told = await life(served, placed.client_order_id)
    assert words(told) == ["because", "created", "durable", "sent", "accepted"]
    assert "support held" in told.lines[0].text
    since = [line.since_ms for line in told.lines]
    assert None not in since
    assert since == sorted(value or 0.0 for value in since)
    assert told.complete


async def test_denied_order_tells_the_gates_words(served: Served) -> None:
    placed = (await place(served, bid(quantity=Decimal(100000)))).order
    assert placed is not None
    told = await life(served, placed.client_order_id)
    assert words(told) == ["because", "denied"]
    assert told.lines[1].text.startswith("max_")


async def test_amend_and_cancel_are_told_of_the_old_order_and_the_new(served: Served) -> None:
    old = (await place(served, bid())).order
    assert old is not None
    change = AmendRequest(request_id="a1", limit_price=Decimal(980))
    new = (
        await served.go(asyncio.ensure_future(served.service.amend(old.client_order_id, change)))
    ).order
    assert new is not None
    await served.go(asyncio.ensure_future(served.service.cancel(new.client_order_id)))
    first, second = await life(served, old.client_order_id), await life(served, new.client_order_id)
    assert words(first)[5:7] == ["amend", "amend sent"]
    assert "cancel asked" in words(second)
    assert [one.client_order_id for one in first.related] == [new.client_order_id]
    assert first.lines[5].text.startswith("limit 980")


async def test_fill_is_told_with_price_liquidity_and_fee(served: Served) -> None:
    request = bid(type="marketable", limit_price=None, stop_loss=Decimal(900))
    placed = (await place(served, request)).order
    assert placed is not None
    told = await life(served, placed.client_order_id)
    fill = next(line for line in told.lines if line.word == "filled")
    assert "taker fee" in fill.text
    assert [one.role for one in told.related] == ["stop_loss"]
    assert told.related[0].parent == placed.client_order_id


async def test_departure_that_no_process_saw_is_unknown_not_zero(served: Served) -> None:
    placed = (await place(served, bid())).order
    assert placed is not None
    other = Served(served.bench, Decimal(1))  # knows the journal, has seen nothing leave
    told = await life(other, placed.client_order_id)
    durable = next(line for line in told.lines if line.word == "durable")
    assert (durable.at, durable.since_ms) == (None, None)
    assert "sent" not in words(told)


async def test_unknown_order_is_refused(served: Served) -> None:
    with pytest.raises(Refused, match="no order 'nobody'"):
        await life(served, "nobody")


async def test_rows_are_found_from_any_instant_on(served: Served) -> None:
    """The search by halves against reading all rows."""
    answers = [await place(served, bid(request_id=f"r{number}")) for number in range(12)]
    placed = answers[-1]
    assert placed.order is not None
    journal = served.bench.runtime.records.journal
    name = f'"{placed.order.client_order_id}"'
    every = [row for row in journal.rows() if name.encode() in row.body]
    assert every
    for row in [*journal.rows()][:: max(1, len(list(journal.rows())) // 10)]:
        found, complete = journal.rows_naming(name, row.now, 2**62)
        assert found == [one for one in every if one.now >= row.now]
        assert complete


def test_every_kind_that_has_a_word_is_a_kind_of_the_journal() -> None:
    from tradebot.engine.journal.codec import EVENT_KINDS, OUTCOME_KINDS

    kinds = {*EVENT_KINDS, *OUTCOME_KINDS}
    assert {*order_life.WORDS, *order_life.SAYS_NOTHING} <= kinds


async def test_health_says_what_is_known_and_null_for_the_rest(served: Served) -> None:
    await place(served, bid())
    facts = served.service.health()
    assert [feed.state for feed in facts.feeds] == ["up"]
    assert facts.seq >= facts.committed_seq > 0
    assert facts.venue_budget is None
    assert facts.budgets[0].owner == "hand"
    assert facts.budgets[0].used == 1
    account = facts.accounts[0]
    assert account.clock_offset_ms is None
    assert (facts.trading_state, facts.since) == ("ACTIVE", None)


async def test_halt_is_told_with_its_instant_also_by_the_next_process(served: Served) -> None:
    await served.go(asyncio.ensure_future(served.service.halt("lunch")))
    since = served.service.health().since
    assert since is not None
    assert Served(served.bench, Decimal(1)).service.health().since == since
