"""What clients are told: the service over the real engine, its loop turning, without a network."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from tests.engine.live.live_bench import BTC, LiveBench, Served, quiet_market

from tradebot.engine.control.engine import FrameQuery, Refused
from tradebot.engine.control.messages_orders import EventLine, OrderAnswer, OrderRequest
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.events import HaltRequested
from tradebot.engine.core.needs import Every, Need
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import SECOND, Owner


class Idle:
    """A policy that wants nothing."""

    needs: tuple[Need, ...] = (Every(SECOND),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        del portfolio, snapshot, context
        return OrderSeq.none(because=why("idle"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    bench = LiveBench(
        tmp_path, quiet_market(), sleeves={Owner("trend"): LoadedPolicy(Idle(), None, None)}
    )
    bench.until(1050)
    yield bench.service()
    bench.close()


def request(
    name: str = "r1",
    side: Literal["buy", "sell"] = "buy",
    quantity: str = "1",
    limit: str | None = "990",
    *,
    reduce_only: bool = False,
) -> OrderRequest:
    return OrderRequest(
        request_id=name,
        instrument=BTC.id,
        side=side,
        quantity=Decimal(quantity),
        type="marketable" if limit is None else "limit",
        limit_price=None if limit is None else Decimal(limit),
        reduce_only=reduce_only,
    )


async def ask[T](served: Served, coroutine: Coroutine[object, object, T]) -> T:
    return await served.go(asyncio.ensure_future(coroutine))


async def place(served: Served, asked: OrderRequest, wait_s: float = 5.0) -> OrderAnswer:
    return await ask(served, served.service.place(asked, wait_s))


# ------------------------------------------------------------------------------------ orders


async def test_preview_is_a_question_and_moves_no_recorded_time(served: Served) -> None:
    runtime = served.bench.runtime
    before = (runtime.now, runtime.kernel.state.now, runtime.seq)
    served.bench.clock.run += SECOND // 2
    assert served.service.preview(request()).ok
    assert (runtime.now, runtime.kernel.state.now, runtime.seq) == before


async def test_order_that_rests_is_accepted_once_the_venue_has_said_so(served: Served) -> None:
    answer = await place(served, request())
    assert answer.order is not None
    assert (answer.outcome, answer.order.state, answer.order.venue_order_id) == (
        "accepted",
        "accepted",
        "v1",
    )
    assert [order.client_order_id for order in served.service.orders(working_only=True)] == [
        answer.order.client_order_id
    ]


async def test_order_that_takes_is_accepted_and_its_fill_and_position_are_told(
    served: Served,
) -> None:
    answer = await place(served, request(limit=None))
    assert answer.outcome == "accepted"
    (fill,) = served.service.fills(10)
    assert (fill.quantity, fill.price) == ("1.000", "1000.10")
    (position,) = served.service.positions()
    assert position.quantity == "1.000"
    assert served.service.status().cash == {"USDT": "98998.8999"}


async def test_same_request_twice_is_one_order(served: Served) -> None:
    first, second = await place(served, request()), await place(served, request())
    assert first.order is not None
    assert second.order is not None
    assert first.order.client_order_id == second.order.client_order_id
    assert len(served.service.orders(working_only=False)) == 1


async def test_same_id_on_other_terms_is_refused_and_sends_nothing(served: Served) -> None:
    await place(served, request())
    with pytest.raises(Refused, match="on other terms"):
        await place(served, request(quantity="5"))
    assert len(served.service.orders(working_only=False)) == 1


async def test_denied_order_says_which_line_and_is_durable_before_it_is_told(
    served: Served,
) -> None:
    journal = served.bench.journal

    async def placed() -> tuple[OrderAnswer, int]:
        answer = await served.service.place(request(quantity="60"), 5.0)
        return answer, journal.committed_seq

    answer, committed = await ask(served, placed())
    assert (answer.outcome, answer.order is not None) == ("denied", True)
    assert (answer.reason or "").startswith("max_order: ")
    (denied,) = [row.seq for row in journal.rows() if row.kind == "order-denied"]
    assert committed >= denied


async def test_order_refused_by_the_venue_is_rejected_with_its_reason(served: Served) -> None:
    asked = OrderRequest(
        request_id="r",
        instrument=BTC.id,
        side="buy",
        quantity=Decimal(1),
        limit_price=Decimal(1010),
        post_only=True,
    )
    answer = await place(served, asked)
    assert (answer.outcome, answer.reason) == ("rejected", "post_only_would_take")


async def test_order_without_a_word_within_the_wait_is_unknown(served: Served) -> None:
    answer = await place(served, request(), wait_s=0.0)
    assert answer.outcome == "unknown"
    assert "no word from the venue" in (answer.reason or "")


async def test_request_that_cannot_be_meant_changes_nothing(served: Served) -> None:
    before = served.bench.runtime.seq
    with pytest.raises(Refused):
        await served.service.place(request(quantity="0.00001"), 1.0)
    assert served.bench.runtime.seq == before


async def test_cancel_takes_an_order_out_and_a_second_one_is_a_conflict(served: Served) -> None:
    answer = await place(served, request())
    assert answer.order is not None
    name = answer.order.client_order_id
    told = await ask(served, served.service.cancel(name))
    assert (told.ok, told.cancelled) == (True, 1)
    await ask(served, until(lambda: not served.service.orders(working_only=True)))
    with pytest.raises(Refused, match="nothing to cancel") as raised:
        await served.service.cancel(name)
    assert raised.value.code == "conflict"


async def until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110  (the engine turns meanwhile; nothing would set an event)
        await asyncio.sleep(0)


async def test_cancel_of_a_strange_order_is_unknown(served: Served) -> None:
    with pytest.raises(Refused) as raised:
        await served.service.cancel("tbzzzzz1")
    assert raised.value.code == "unknown"


async def test_cancel_all_counts_a_side(served: Served) -> None:
    await place(served, request("a"))
    await place(served, request("b", limit="991"))
    await place(served, request("c", "sell", limit="1020"))
    told = await ask(served, served.service.cancel_all(BTC.id, "buy"))
    assert told.cancelled == 2
    assert told.lines == [f"cancelling 2 orders in {BTC.id}"]
    with pytest.raises(Refused):
        await served.service.cancel_all("x:y", None)


# ------------------------------------------------------------------------------------ control


async def test_kill_cancels_what_adds_risk_keeps_what_protects_and_denies_new_orders(
    served: Served,
) -> None:
    await place(served, request("a", limit=None))
    await place(served, request("b", "sell", limit="1020", reduce_only=True))
    await place(served, request("c", limit="990"))
    told = await ask(served, served.service.kill())
    assert (told.cancelled, told.kept) == (1, 1)
    assert served.service.status().trading_state == "HALTED"
    assert (await place(served, request("d"))).outcome == "denied"
    resumed = await ask(served, served.service.resume("looked at it"))
    assert resumed.lines == ["ACTIVE again, was HALTED"]
    assert (await place(served, request("e"))).outcome == "accepted"


async def test_halt_lets_only_exits_through(served: Served) -> None:
    await place(served, request("a", limit=None))
    told = await ask(served, served.service.halt("news"))
    assert told.lines[0] == "REDUCING: news"
    assert (await place(served, request("b"))).outcome == "denied"
    assert (await place(served, request("c", "sell", limit=None))).outcome == "accepted"
    assert not served.service.positions()


async def test_halt_and_resume_need_a_reason(served: Served) -> None:
    for asked in (served.service.halt("  "), served.service.resume("")):
        with pytest.raises(Refused, match="reason"):
            await asked


async def test_resume_of_an_active_engine_says_so(served: Served) -> None:
    assert (await ask(served, served.service.resume("why not"))).lines == ["was ACTIVE already"]


async def test_flatten_halts_and_closes_what_is_held(served: Served) -> None:
    await place(served, request("a", limit=None))
    await place(served, request("b", limit="990"))
    told = await ask(served, served.service.flatten(None))
    assert (told.closing, told.cancelled) == (1, 1)
    await ask(served, until(lambda: not served.service.positions()))
    status = served.service.status()
    assert (status.trading_state, status.working) == ("HALTED", 0)


async def test_pause_keeps_a_sleeve_and_resume_lets_it_go_on(served: Served) -> None:
    assert (await ask(served, served.service.pause_sleeve("trend", "looking"))).ok
    (paused,) = served.service.status().sleeves
    assert (paused.state, paused.reason) == ("paused", "looking")
    assert (await ask(served, served.service.resume_sleeve("trend", "fine"))).ok
    assert served.service.status().sleeves[0].state == "running"
    with pytest.raises(Refused, match="there is trend"):
        await served.service.pause_sleeve("nobody", "x")


async def test_stop_ends_the_loop_and_says_what_stays(served: Served) -> None:
    await place(served, request())
    told = await ask(served, served.service.stop(leave_unprotected=False))
    assert told.lines == ["stopping", "1 order stays at the venue"]
    assert await served.loop.run() == "stopped"


async def test_stop_names_the_positions_that_no_stop_covers(served: Served) -> None:
    await place(served, request(limit=None))
    told = await ask(served, served.service.stop(leave_unprotected=False))
    (position,) = served.service.positions()
    assert position.quantity == "1.000"
    bare = "long 1 binance:BTCUSDT (hand)"
    assert told.unprotected == [bare]
    assert told.lines[-1] == f"without any stop: {bare}"


async def test_stop_counts_what_only_the_engine_holds_apart(served: Served) -> None:
    first = (await place(served, request())).order
    assert first is not None
    child = msgspec.structs.replace(
        request("child", "sell", limit="1010"), after=first.client_order_id
    )
    await place(served, child)
    told = await ask(served, served.service.stop(leave_unprotected=False))
    assert told.lines == [
        "stopping",
        "1 order stays at the venue",
        "1 order of the engine waits without effect until it is back",
    ]
    assert told.kept == 1


async def test_sigterm_ends_the_loop_too(served: Served) -> None:
    await ask(served, served.service.stop_insisted())
    assert await served.loop.run() == "stopped"


async def test_dead_journal_does_not_hang_who_cancels(served: Served) -> None:
    answer = await place(served, request())
    assert answer.order is not None
    with served.bench.lock_journal():
        told = await ask(served, served.service.cancel(answer.order.client_order_id))
        assert told.ok
        await ask(served, until(lambda: served.service.status().trading_state == "HALTED"))


# ------------------------------------------------------------------------------------ frames


async def test_frame_shows_the_window_and_grows_with_every_event(served: Served) -> None:
    await place(served, request("a", limit=None))
    await place(served, request("b"))
    frame = served.service.frame(FrameQuery(rows=2, step="0.20"))
    assert frame.version == served.service.version == served.bench.runtime.seq
    assert frame.book.step == "0.2"
    assert frame.book.bids == [("999.80", "10.000"), ("999.60", "5.000")]
    assert [order.limit_price for order in frame.working] == ["990.00"]
    assert [position.quantity for position in frame.positions] == ["1.000"]
    assert [fill.quantity for fill in frame.fills] == ["1.000"]
    assert frame.account.cash == "98998.90"
    assert frame.account.unrealized_pnl == "-0.10"


@pytest.mark.parametrize("step", ["0.15", "0", "-0.1", "abc", "0.001"])
async def test_step_that_is_no_multiple_of_the_tick_is_refused(served: Served, step: str) -> None:
    with pytest.raises(Refused) as raised:
        served.service.frame(FrameQuery(step=step))
    assert raised.value.code == "usage"


async def test_frame_of_a_strange_instrument_is_refused(served: Served) -> None:
    with pytest.raises(Refused, match=BTC.id):
        served.service.frame(FrameQuery(instrument="x:y"))


# ------------------------------------------------------------------------------------ events


async def test_events_resume_after_any_line_without_loss_or_repetition(served: Served) -> None:
    await place(served, request("a", limit=None))
    await place(served, request("b"))
    await ask(served, served.service.kill())
    every = await lines_after(served, "0.0")
    ids = [line.id for line in every]
    assert len(set(ids)) == len(ids)
    assert {"engine-started", "submit", "order-filled", "cancel"} <= {line.kind for line in every}
    for position in range(0, len(ids) - 1, 3):  # after the last there is nothing to ask for
        assert await lines_after(served, ids[position], limit=2) == every[position + 1 :]


async def lines_after(served: Served, after: str, limit: int = 7) -> list[EventLine]:
    """Return every committed line after an id, asked for in pages."""
    found: list[EventLine] = []
    newest = served.bench.journal.committed_seq
    while not found or found[-1].seq < newest:
        page = await served.service.event_lines(found[-1].id if found else after, limit)
        found += page
    rest = [row for row in served.bench.journal.rows() if (row.seq, row.index) > _place(found[-1])]
    for row in rest:
        found.append((await served.service.event_lines(found[-1].id, 1))[0])
        assert (found[-1].seq, found[-1].kind) == (row.seq, row.kind)
    return found


def _place(line: EventLine) -> tuple[int, int]:
    seq, _, index = line.id.partition(".")
    return int(seq), int(index)


async def test_events_from_now_on_wait_for_the_next_commit(served: Served) -> None:
    served.bench.runtime.commit()
    newest = served.bench.journal.committed_seq
    waiting = asyncio.ensure_future(served.service.event_lines(None, 100))
    await asyncio.sleep(0)
    assert not waiting.done()
    served.bench.runtime.hand_over(_halt())
    lines = await served.go(waiting)
    assert lines[0].seq > newest
    assert lines[0].kind == "halt-requested"


def _halt() -> HaltRequested:
    return HaltRequested(reason="test")


async def test_event_reader_is_let_go_when_the_engine_stops(served: Served) -> None:
    served.bench.runtime.commit()
    waiting = asyncio.ensure_future(served.service.event_lines(None, 100))
    await asyncio.sleep(0)
    await served.loop.say_goodbye()
    assert await waiting == []


@pytest.mark.parametrize("text", ["5", "a.b", "5.", ".1", "-1.0"])
async def test_event_id_that_is_none_is_refused(served: Served, text: str) -> None:
    with pytest.raises(Refused, match=r"seq\.index"):
        await served.service.event_lines(text, 10)


async def test_request_whose_order_left_memory_is_refused_and_never_ordered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradebot.engine.core.blotter.ENDED_KEPT", 1)
    bench = LiveBench(tmp_path, quiet_market(30)).until(1_000)
    served = bench.service()
    for number in range(4):
        wanted = request(f"r{number}", "buy", "0.1", None)
        await served.go(asyncio.ensure_future(served.service.place(wanted, 5)))
    made = bench.kernel.state.counter
    again = request("r0", "buy", "0.1", None)
    with pytest.raises(Refused, match=r"request r0 was order tbabcde1, which ended long ago"):
        await served.service.place(again, 5)
    assert bench.kernel.state.counter == made
    assert len(served.service.orders(working_only=False)) == 1
    bench.close()
