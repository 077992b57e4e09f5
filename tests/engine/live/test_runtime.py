"""The sandbox's turn of the crank: what waits for what, and what goes out whatever happens."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.engine.live.live_bench import ACCOUNT, BTC, START, LiveBench, book, printed, quiet_market

from tradebot.data.events import AnyMarketEvent, BookSnapshot
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.events import (
    AccountReported,
    CancelRequested,
    CashMoved,
    EngineStarted,
    FeedChanged,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    PlaceOrder,
    SleeveFailed,
    TimerFired,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.needs import Book, Every, Need
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Cancel, FillBooked, SleevePaused, Submit
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import (
    MS,
    SECOND,
    ClientOrderId,
    ExecutionId,
    Owner,
    RequestId,
    Side,
)
from tradebot.engine.journal.errors import JournalUnavailable
from tradebot.engine.live.schedule import Lane, TimerDue
from tradebot.engine.venue.latency import ONE_WAY
from tradebot.engine.venue.log import Accepted

type Made = Callable[..., LiveBench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Made]:
    made: list[LiveBench] = []

    def build(
        events: list[AnyMarketEvent] | None = None,
        *,
        folder: Path = tmp_path,
        sleeves: dict[Owner, LoadedPolicy] | None = None,
    ) -> LiveBench:
        if made:
            made[-1].close()
        bench = LiveBench(folder, events or quiet_market(), sleeves=sleeves)
        made.append(bench)
        return bench

    yield build
    made[-1].close()


def place(
    bench: LiveBench,
    request: str = "r1",
    side: Side = "buy",
    price: int | None = 9_990_0,
    *,
    quantity: int = 100,
    reduce_only: bool = False,
) -> Order:
    """Let an operator place an order now; return it."""
    bench.runtime.hand_over(
        PlaceOrder(
            request_id=RequestId(request),
            account=ACCOUNT,
            instrument=BTC.id,
            side=side,
            type="market" if price is None else "limit",
            tif="ioc" if price is None else "gtc",
            quantity=quantity,
            limit_price=price,
            reduce_only=reduce_only,
        )
    )
    order = bench.kernel.state.blotter.by_request(RequestId(request))
    assert order is not None
    return order


def again(bench: LiveBench, order: Order) -> Order:
    found = bench.kernel.state.blotter.get(order.intent.client_order_id)
    assert found is not None
    return found


def at_venue(bench: LiveBench) -> list[str]:
    return [record.client_order_id for record in bench.log.read() if isinstance(record, Accepted)]


# ------------------------------------------------------------------------------------ start


def test_start_asks_the_venue_and_learns_the_opening_cash(make: Made) -> None:
    bench = make().until(100)
    assert [type(event) for _, _, event, _ in bench.steps[:2]] == [EngineStarted, FeedChanged]
    assert bench.seen(CashMoved)
    assert bench.seen(AccountReported)
    assert bench.kernel.state.equity() == Decimal(100_000)
    assert bench.kernel.state.trading_state == "ACTIVE"


def test_every_event_gets_the_next_seq_and_time_never_goes_back(make: Made) -> None:
    events = [book(0), book(300), printed(200, 9_990_0, 5), book(250), book(400)]
    bench = make(events)
    bench.until(150)
    place(bench)
    bench.until(1000)
    assert [seq for seq, *_ in bench.steps] == list(range(1, len(bench.steps) + 1))
    times = [now for _, now, *_ in bench.steps]
    assert times == sorted(times)


def test_operators_later_word_does_not_let_the_venues_answer_come_from_the_past(
    make: Made,
) -> None:
    bench = make().until(1050)
    place(bench)
    bench.runtime.operate(HaltRequested(reason="test"), bench.runtime.now + 30 * MS)
    bench.until(1500)
    times = [now for _, now, *_ in bench.steps]
    assert times == sorted(times)


def test_venues_answer_comes_before_the_market_at_equal_time(make: Made) -> None:
    bench = make().until(1050)
    bench.runtime.advance_to(START + 1090 * MS)
    place(bench)
    bench.until(1100)
    at_once = [type(event) for _, now, event, _ in bench.steps if now == START + 1100 * MS]
    assert at_once == [OrderAccepted, BookSnapshot]


def test_timer_that_was_set_anew_does_not_fire_at_its_old_time(make: Made) -> None:
    bench = make().until(1050)
    bench.kernel.state.timers["absent:nobody"] = START + 3000 * MS
    for due in (1200, 3000):
        bench.runtime.schedule.add(START + due * MS, Lane.TIMER, TimerDue("absent:nobody"))
    bench.until(2900)
    assert bench.seen(TimerFired) == []
    bench.until(3100)
    assert len(bench.seen(TimerFired)) == 1


# ------------------------------------------------------------------------------------ release


def test_answer_takes_the_latency_twice(make: Made) -> None:
    bench = make().until(1050)
    sent = bench.runtime.now
    order = place(bench)
    bench.until(1050 + 2000)
    accepted = next(now for _, now, event, _ in bench.steps if isinstance(event, OrderAccepted))
    assert accepted == sent + 2 * ONE_WAY
    assert again(bench, order).state == "accepted"


def test_order_does_not_reach_the_venue_before_its_intent_is_durable(make: Made) -> None:
    bench = make().until(1050)
    order = place(bench)
    committed = bench.journal.committed_seq
    assert committed < bench.runtime.seq
    bench.runtime.step()
    assert bench.journal.committed_seq >= bench.runtime.seq
    assert at_venue(bench) == []
    bench.until(1050 + ONE_WAY // MS)
    assert at_venue(bench) == [order.intent.client_order_id]


def test_order_decided_just_before_a_crash_never_went_out(make: Made, tmp_path: Path) -> None:
    bench = make().until(1050)
    bench.runtime.commit()
    place(bench)
    other = make(folder=tmp_path).until(30_000)
    assert at_venue(other) == []
    assert len(other.kernel.state.blotter) == 0


def test_order_whose_intent_was_kept_but_not_sent_is_given_up_after_two_absents(
    make: Made, tmp_path: Path
) -> None:
    bench = make().until(1050)
    order = place(bench)
    bench.runtime.commit()
    other = make(folder=tmp_path)
    assert again(other, order).state == "unknown"
    other.until(30_000)
    assert again(other, order).state == "rejected"
    assert at_venue(other) == []


def test_fill_that_was_never_heard_is_told_after_the_crash_and_counted_once(
    make: Made, tmp_path: Path
) -> None:
    bench = make([book(100 * step) for step in range(20)] + [printed(2000, 9_980_0, 90_000)])
    bench.until(1050)
    place(bench)
    bench.until(2002)
    assert not bench.seen(OrderFilled)
    assert [fill.quantity for fill in bench.venue.books.fills] == [100]
    bench.runtime.commit()
    other = make([book(2100 + 100 * step) for step in range(20)], folder=tmp_path).until(4000)
    (fill,) = other.seen(OrderFilled)
    assert isinstance(fill, OrderFilled)
    assert fill.source == "gap_fill"
    assert other.kernel.state.ledger.net(ACCOUNT, BTC.id) == 100
    third = make([book(4100)], folder=tmp_path).until(5000)
    assert third.kernel.state.ledger.net(ACCOUNT, BTC.id) == 100
    assert third.kernel.state.trading_state == "ACTIVE"


# ------------------------------------------------------------------------------------ a dead journal


def test_dead_journal_halts_keeps_new_risk_back_and_is_told_once(make: Made) -> None:
    bench = make().until(1050)
    order = place(bench)
    with bench.lock_journal():
        bench.until(1500)
        assert bench.kernel.state.trading_state == "HALTED"
        assert len(bench.seen(KillRequested)) == 1
        assert bench.runtime.journal_trouble is not None
        bench.until(4500)
        assert at_venue(bench) == []
        assert len(bench.seen(KillRequested)) == 1
    assert again(bench, order).state != "accepted"


def test_order_taken_back_while_it_was_held_never_leaves(make: Made) -> None:
    bench = make().until(1050)
    order = place(bench)
    with bench.lock_journal():
        bench.until(1900)
    bench.until(20_000)
    assert bench.runtime.journal_trouble is None
    assert at_venue(bench) == []
    assert again(bench, order).state == "cancelled"


def test_cancel_reaches_the_venue_though_the_journal_cannot_be_written(make: Made) -> None:
    bench = make().until(1050)
    order = place(bench)
    bench.until(1500)
    with bench.lock_journal():
        bench.runtime.hand_over(CancelRequested(client_order_id=order.intent.client_order_id))
        bench.until(1600)
        assert bench.seen(OrderCancelled)
        assert again(bench, order).state == "cancelled"


def test_flatten_closes_the_position_though_the_journal_cannot_be_written(make: Made) -> None:
    bench = make().until(1050)
    place(bench, price=10_010_0)
    bench.until(1500)
    assert bench.kernel.state.ledger.net(ACCOUNT, BTC.id) == 100
    with bench.lock_journal():
        bench.runtime.hand_over(FlattenRequested())
        bench.until(3000)
        assert bench.kernel.state.ledger.net(ACCOUNT, BTC.id) == 0


def test_journal_that_comes_back_takes_everything_and_trading_waits_for_the_operator(
    make: Made, tmp_path: Path
) -> None:
    bench = make().until(1050)
    with bench.lock_journal():
        place(bench)
        bench.until(1500)
    bench.until(2500)
    assert bench.runtime.commit()
    assert bench.journal.pending == 0
    assert bench.kernel.state.trading_state == "HALTED"
    other = make(folder=tmp_path)
    assert other.kernel.state.trading_state == "HALTED"
    reason = other.kernel.state.reason
    assert reason is not None
    assert reason.startswith("journal: ")


# ------------------------------------------------------------------------------------ end, timers


def test_end_of_a_recording_is_told_once_and_closes_the_feed(make: Made) -> None:
    bench = make([book(0), book(100)]).until(5000)
    assert bench.runtime.market_is_over
    ended = [
        event
        for event in bench.seen(FeedChanged)
        if isinstance(event, FeedChanged) and event.state == "ended"
    ]
    assert [event.instrument for event in ended] == [BTC.id]
    assert bench.kernel.state.market[BTC.id].health(bench.runtime.now) == "ended"
    assert again(bench, place(bench)).state == "denied"


def test_engine_is_quiet_only_when_nothing_is_on_its_way(make: Made) -> None:
    bench = make([book(100 * step) for step in range(12)]).until(1050)
    place(bench)
    assert not bench.runtime.quiet
    bench.until(1090)
    assert bench.runtime.quiet


class Waking:
    """A policy that notes when it is asked, and breaks when told to."""

    needs: tuple[Need, ...] = (Every(SECOND),)

    def __init__(self, *needs: Need, breaks_at: int | None = None) -> None:
        self.needs = needs or Waking.needs
        self.asked: list[int] = []
        self._breaks_at = breaks_at

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        del portfolio, context
        self.asked.append(snapshot.now - START)
        if self._breaks_at is not None and len(self.asked) >= self._breaks_at:
            raise ValueError("broken")
        return OrderSeq.none(because=why("waiting"))


def sleeve(policy: Waking) -> dict[Owner, LoadedPolicy]:
    return {Owner("trend"): LoadedPolicy(policy, None, None)}


def test_policy_is_asked_each_second_of_the_engines_time(make: Made) -> None:
    policy = Waking()
    bench = make(sleeves=sleeve(policy)).until(5500)
    assert policy.asked == [SECOND * second for second in range(1, 6)]
    fired = [event for event in bench.seen(TimerFired) if isinstance(event, TimerFired)]
    assert sum(event.timer_id.startswith("every:") for event in fired) == 5


def test_policy_that_breaks_becomes_an_event_and_is_not_asked_again(make: Made) -> None:
    policy = Waking(Book(), breaks_at=1)
    bench = make([book(0), book(100, 9_998_0), book(200, 9_997_0)], sleeves=sleeve(policy))
    bench.until(1000)
    assert len(policy.asked) == 1
    (failure,) = bench.seen(SleeveFailed)
    assert isinstance(failure, SleeveFailed)
    assert "ValueError: broken" in failure.reason
    (paused,) = bench.decided(SleevePaused)
    assert paused.failed
    assert bench.kernel.state.trading_state == "ACTIVE"


def test_an_order_taken_back_before_it_was_sent_never_leaves(make: Made) -> None:
    bench = make().until(1050)
    order = place(bench)
    bench.runtime.hand_over(CancelRequested(client_order_id=order.intent.client_order_id))
    bench.runtime.step()
    ended = again(bench, order)
    assert (ended.state, ended.reason) == ("cancelled", "taken back before it was sent")
    bench.until(1500)
    assert at_venue(bench) == []


def test_cancel_of_an_order_on_its_way_arrives_after_it(make: Made) -> None:
    bench = make().until(1050)
    order = place(bench)
    bench.runtime.step()
    bench.runtime.advance_to(bench.runtime.now + MS)
    bench.runtime.hand_over(CancelRequested(client_order_id=order.intent.client_order_id))
    bench.until(1500)
    assert again(bench, order).state == "cancelled"
    assert len(bench.decided(Submit)) == len(bench.decided(Cancel)) == 1


# ------------------------------------------------------------------------------------ long memory


def test_fill_of_an_order_out_of_memory_is_not_booked_again_and_a_new_one_is(
    make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradebot.engine.core.blotter.ENDED_KEPT", 1)
    monkeypatch.setattr("tradebot.engine.core.executions.STRANGE_FILLS_KEPT", 1)
    bench = make().until(1050)
    first = place(bench, "old", price=None)
    bench.until(1500)
    (fill,) = [event for event in bench.seen(OrderFilled) if isinstance(event, OrderFilled)]
    for number in range(3):
        place(bench, f"n{number}", price=None)
        bench.until(2000 + 500 * number)
    bench.runtime.commit()
    state = bench.kernel.state
    assert state.blotter.get(first.intent.client_order_id) is None
    held = state.ledger.net(ACCOUNT, BTC.id)
    before = bench.runtime.seq
    assert bench.runtime.hand_over(fill) == []
    assert bench.runtime.seq == before
    assert state.ledger.net(ACCOUNT, BTC.id) == held
    late = msgspec.structs.replace(fill, execution_id=ExecutionId("late"))
    assert any(isinstance(one, FillBooked) for one in bench.runtime.hand_over(late))
    assert state.ledger.net(ACCOUNT, BTC.id) == held + fill.quantity
    for execution in (late, fill, late):
        assert bench.runtime.hand_over(execution) == []


def test_fill_nobody_can_look_up_waits_for_the_journal(
    make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make().until(1050)
    place(bench, "old", price=None)
    bench.until(1500)
    (fill,) = [event for event in bench.seen(OrderFilled) if isinstance(event, OrderFilled)]
    strange = msgspec.structs.replace(
        fill, execution_id=ExecutionId("x99"), client_order_id=ClientOrderId("elsewhere")
    )
    held = bench.kernel.state.ledger.net(ACCOUNT, BTC.id)
    with monkeypatch.context() as patched:

        def unreadable(*_: object) -> bool:
            raise JournalUnavailable("cannot be read now", OSError())

        patched.setattr(bench.journal, "has_execution", unreadable)
        assert bench.runtime.hand_over(strange) == []
    bench.until(4000)
    assert bench.kernel.state.ledger.net(ACCOUNT, BTC.id) == held + fill.quantity


# ------------------------------------------------------------------------------------ group commit


def test_intents_of_one_instant_share_one_commit_and_none_leaves_before_it(
    make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make().until(1050)
    bench.runtime.settle()
    told: list[str] = []
    commit, perform = bench.journal.commit, bench.venue.perform

    def committed() -> None:
        commit()
        told.append("commit")

    def performed(effect: VenueEffect) -> None:
        if isinstance(effect, RiskApproved):
            known = bench.journal.client_order_of(RequestId(str(effect.item.order.request_id)))
            assert known == effect.item.order.client_order_id
            assert bench.journal.pending == 0
            told.append("submit")
        perform(effect)

    monkeypatch.setattr(bench.journal, "commit", committed)
    monkeypatch.setattr(bench.venue, "perform", performed)
    for number in range(5):
        place(bench, f"g{number}", price=9_990_0 - 10 * number)
    assert told == []
    bench.until(1060)
    assert told[:6] == ["commit", *["submit"] * 5]
