"""Asking policies: who wakes, what each sees, and what an answer becomes."""

from collections.abc import Callable, Sequence
from decimal import Decimal, getcontext
from typing import cast

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ETH_ID,
    SLEEVE,
    START,
    WIDE_OPEN,
    World,
    loaded,
    of_type,
    sleeve_started,
    started,
    trade,
)

from tradebot.data.events import Bar, BookDelta, Quote
from tradebot.engine.core.acting import DENIAL_PERIOD
from tradebot.engine.core.actions import NewOrder, OrderSeq, buy, cancel, sell
from tradebot.engine.core.events import HaltRequested, KillRequested, ResumeRequested, TimerFired
from tradebot.engine.core.needs import Book, Every, Need, Trades
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    Cancel,
    Decided,
    OrderDenied,
    SetTimer,
    SleevePaused,
    SleeveStateSaved,
    Submit,
)
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.sleeves import LoadedPolicy, Sleeves
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import MS, SECOND, ClientOrderId, Owner
from tradebot.engine.core.waking import timer_id

type Answer = Callable[[PortfolioState, MarketSnapshot, ContextMap], OrderSeq]

OTHER = Owner("other")
NOTHING = OrderSeq.none(because=why("nothing"))


class Memory(msgspec.Struct, frozen=True):
    """What the counting policy remembers."""

    count: int


class Asked:
    """A policy that answers by a function, or a list of answers, and keeps what it saw."""

    def __init__(self, needs: Sequence[Need], *answers: OrderSeq | Answer) -> None:
        self.needs = needs
        self.answers = list(answers)
        self.saw: list[tuple[PortfolioState, MarketSnapshot, ContextMap]] = []

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        assert context is not None
        self.saw.append((portfolio, snapshot, context))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, OrderSeq) else answer(portfolio, snapshot, context)


def world_of(policy: Asked, *, memory: type[msgspec.Struct] | None = None) -> World:
    world = World(policies={SLEEVE: loaded(policy, memory=memory)})
    world.market()
    return world


def tick(world: World, step: int) -> list[AnyOutcome]:
    """Move the best bid to a new place."""
    return world.market(bid=9_990_00 + 10 * step)


# ------------------------------------------------------------------------------------ waking

QUOTE = Quote(
    instrument=BTC_ID,
    ts_event=0,
    ts_recv=0,
    bid_price=1,
    bid_quantity=1,
    ask_price=2,
    ask_quantity=1,
)
DEEPER = BookDelta(
    instrument=BTC_ID, ts_event=0, ts_recv=0, bids=((9_998_80, 77),), asks=((10_001_20, 0),)
)
TOUCH = BookDelta(instrument=BTC_ID, ts_event=0, ts_recv=0, bids=((9_999_10, 1),), asks=())
BAR = Bar(
    instrument=BTC_ID, ts_event=0, ts_recv=0, span_ns=1, open=1, high=1, low=1, close=1, volume=1
)


@pytest.mark.parametrize(
    ("need", "woken_by"),
    [(Book(), [TOUCH]), (Trades(), [trade(10_000_00)]), (Every(SECOND), [])],
    ids=["book", "trades", "every"],
)
def test_a_sleeve_wakes_on_what_it_needs_only(need: Need, woken_by: list[object]) -> None:
    policy = Asked([need], NOTHING)
    world = world_of(policy)
    world.market(999_00, 1_001_00, instrument=ETH_ID)
    for event in (QUOTE, DEEPER, TOUCH, BAR, trade(10_000_00), trade(1_000_00, instrument=ETH_ID)):
        asked = len(policy.saw)
        world.send(event)
        assert len(policy.saw) - asked == (event in woken_by)
    world.send(HaltRequested(reason=""))
    assert len(policy.saw) == len(woken_by) + (need == Book())


def test_a_quote_alone_wakes_where_there_is_no_book() -> None:
    policy = Asked([Book()], NOTHING)
    world = World(policies={SLEEVE: loaded(policy)})
    world.send(QUOTE)
    world.send(QUOTE)
    assert len(policy.saw) == 1


def test_timers_are_set_at_the_start_and_renewed_from_when_they_were_due() -> None:
    policy = Asked([Every(SECOND), Every(7 * SECOND)], NOTHING)
    world = World(policies={SLEEVE: loaded(policy)})
    begun = world.history[0][0]
    first, second = (timer_id(SLEEVE, need) for need in (Every(SECOND), Every(7 * SECOND)))
    timers = world.state.timers
    assert (timers[first], timers[second]) == (begun + SECOND, begun + 7 * SECOND)
    world.timers_until(begun + SECOND)
    timers = world.state.timers
    assert (timers[first], timers[second]) == (begun + 2 * SECOND, begun + 7 * SECOND)
    assert len(policy.saw) == 1
    # Late: the next comes a whole span after now, not in a burst.
    world.send(TimerFired(timer_id=first, due=begun + 2 * SECOND), after=10 * SECOND)
    assert world.state.timers[first] == world.now + SECOND
    assert len(policy.saw) == 2


def test_a_timer_of_another_sleeve_wakes_nobody_else() -> None:
    mine, others = Asked([Every(SECOND)], NOTHING), Asked([Every(SECOND)], NOTHING)
    world = World(policies={SLEEVE: loaded(mine), OTHER: loaded(others)})
    world.send(TimerFired(timer_id=timer_id(SLEEVE, Every(SECOND)), due=START))
    assert (len(mine.saw), len(others.saw)) == (1, 0)


def test_halted_keeps_timers_alive_and_asks_nobody() -> None:
    policy = Asked([Every(SECOND), Book()], NOTHING)
    world = world_of(policy)
    world.send(KillRequested())
    asked = len(policy.saw)
    outcomes = world.timers_until(world.now + 3 * SECOND)
    assert len(of_type(outcomes, SetTimer)) == 3
    tick(world, 1)
    assert len(policy.saw) == asked
    world.send(ResumeRequested(reason="on"))
    world.timers_until(world.now + SECOND)
    assert len(policy.saw) == asked + 1


def test_a_sleeve_whose_policy_is_not_loaded_is_not_asked() -> None:
    world = World(start=started(sleeves=(sleeve_started(),)))
    world.market()
    assert world.state.sleeves[SLEEVE].started.name == SLEEVE
    assert of_type(world.outcomes, Decided) == []


# ------------------------------------------------------------------------------------ reasons


def hold(code: str, **values: int) -> OrderSeq:
    return OrderSeq.none(because=why(code, **values))


def test_a_reason_is_written_when_its_code_changes_and_repeats_are_counted() -> None:
    policy = Asked([Book()], hold("a"), hold("a", n=2), hold("a"), hold("b"), hold("a"), hold("a"))
    world = world_of(policy)
    for step in range(5):
        tick(world, step)
    told = [(d.because.code, d.actions, d.repeated) for d in of_type(world.outcomes, Decided)]
    assert told == [("a", 0, 0), ("b", 0, 2), ("a", 0, 0)]


def test_a_decision_with_orders_is_always_written_after_them() -> None:
    order = buy(Decimal("0.001"), limit=Decimal(9950))
    world = world_of(Asked([Book()], OrderSeq.of(order, because=why("a"))))
    outcomes = tick(world, 1)
    assert [type(outcome) for outcome in outcomes] == [Submit, Decided]
    (decided,) = of_type(outcomes, Decided)
    assert (decided.actions, decided.version, decided.sleeve) == (1, "0123456789ab", SLEEVE)


def test_an_order_carries_its_own_reason_or_the_decisions() -> None:
    own = buy(Decimal("0.001"), limit=Decimal(9950), because=why("own"))
    plain = sell(Decimal("0.001"), limit=Decimal(10050))
    world = world_of(Asked([Book()], OrderSeq.of(own, plain, because=why("all"))))
    orders = [submit.order for submit in of_type(world.outcomes, Submit)]
    assert [order.because for order in orders] == [why("own"), why("all")]
    assert [order.policy_version for order in orders] == ["0123456789ab"] * 2
    assert [order.owner for order in orders] == [SLEEVE] * 2
    assert orders[0].bet_id == orders[1].bet_id


# ------------------------------------------------------------------------------------ denials

REFUSED = OrderSeq.of(buy(Decimal("0.00005"), limit=Decimal(9950)), because=why("a"))
OFF_TICK = OrderSeq.of(buy(Decimal("0.001"), limit=Decimal("9950.05")), because=why("a"))


def denials(outcomes: Sequence[AnyOutcome]) -> list[str]:
    return [denied.code for denied in of_type(outcomes, OrderDenied)]


def test_the_same_denial_is_written_once_a_second() -> None:
    world = world_of(Asked([Book()], REFUSED))
    first = world.now
    assert denials(world.outcomes) == ["lot_size"]
    for step in range(9):
        world.now += 100 * MS
        assert denials(tick(world, step)) == []
    counter = world.state.counter
    world.now = first + DENIAL_PERIOD - MS
    assert denials(tick(world, 20)) == ["lot_size"]
    assert world.state.counter == counter + 1


def test_another_denial_within_the_second_is_news_even_when_they_take_turns() -> None:
    world = world_of(Asked([Book()], REFUSED, OFF_TICK, REFUSED, OFF_TICK, NOTHING))
    for step in range(4):
        tick(world, step)
    assert denials(world.outcomes) == ["lot_size", "tick_size"]


def test_denials_of_the_other_side_are_counted_apart() -> None:
    bad = Decimal("0.00005")
    both = OrderSeq.of(
        buy(bad, limit=Decimal(9950)), sell(bad, limit=Decimal(10050)), because=why("a")
    )
    world = world_of(Asked([Book()], both))
    assert denials(world.outcomes) == ["lot_size", "lot_size"]
    assert denials(tick(world, 1)) == []


def test_a_refused_order_does_not_keep_the_next_from_going_out() -> None:
    good = buy(Decimal("0.001"), limit=Decimal(9950))
    answer = OrderSeq.of(REFUSED.actions[0], good, because=why("a"))
    world = world_of(Asked([Book()], answer))
    first, second = of_type(world.outcomes, OrderDenied)[0].order, of_type(world.outcomes, Submit)
    assert first.client_order_id != second[0].order.client_order_id
    assert len(second) == 1


# ------------------------------------------------------------------------------------ illegal answers


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (buy(Decimal("0.000001")), "quantity of sandbox:BTCUSDT must have at most 5 decimals"),
        (buy(Decimal("NaN")), "quantity of sandbox:BTCUSDT must be finite, was NaN"),
        (
            buy(Decimal("0.001"), limit=Decimal("9950.001")),
            "price of sandbox:BTCUSDT must have at most 2 decimals",
        ),
        (
            buy(Decimal("0.001"), symbol="sandbox:ETHUSDT"),
            "symbol sandbox:ETHUSDT must be one of the sleeve's: sandbox:BTCUSDT",
        ),
        (buy(cast("Decimal", 0.001)), "illegal answer, AttributeError: "),
        (
            NewOrder(side="Buy", quantity=Decimal("0.001")),  # pyright: ignore[reportArgumentType]
            "illegal answer, ValidationError: Invalid enum value 'Buy'",
        ),
        (
            NewOrder(side="buy", quantity=Decimal("0.001"), tif="eod"),  # pyright: ignore[reportArgumentType]
            "illegal answer, ValidationError: Invalid enum value 'eod'",
        ),
    ],
)
def test_an_illegal_answer_fails_the_sleeve_and_is_not_acted_on_at_all(
    action: NewOrder, reason: str
) -> None:
    legal = buy(Decimal("0.001"), limit=Decimal(9950))
    policy = Asked([Book()], OrderSeq.of(legal, action, because=why("a")))
    world = world_of(policy)
    (paused,) = of_type(world.outcomes, SleevePaused)
    assert paused.failed
    assert paused.reason.startswith(reason)
    assert of_type(world.outcomes, Submit) == []
    tick(world, 1)
    assert len(policy.saw) == 1


def test_a_memory_that_cannot_be_written_fails_the_sleeve() -> None:
    class Odd(msgspec.Struct):
        what: object

    answer = OrderSeq.none(because=why("a"), state=Odd(what=object()))
    world = world_of(Asked([Book()], answer))
    assert of_type(world.outcomes, SleevePaused)[0].failed


def test_a_policy_that_broke_its_bounds_decided_nothing() -> None:
    policy = Asked([Book()], NOTHING)

    def broken(*_: object, **__: object) -> OrderSeq | None:
        return None

    world = World(policies={SLEEVE: loaded(policy)})
    world.kernel = type(world.kernel)(world.state.engine_id, Sleeves(world.policies, broken))
    world.send(world.start)
    world.market()
    assert of_type(world.outcomes, Decided) == []


# ------------------------------------------------------------------------------------ memory


def counting(_: PortfolioState, __: MarketSnapshot, context: ContextMap) -> OrderSeq:
    memory = context.state
    count = memory.count if isinstance(memory, Memory) else 0
    order = buy(Decimal("0.001"), limit=Decimal(9950))
    acts = (order,) if count % 3 == 2 else ()
    return OrderSeq(actions=acts, because=why("count"), state=Memory(count + 1))


def test_memory_is_handed_back_and_saved_with_effects_only() -> None:
    policy = Asked([Book()], counting)
    world = world_of(policy, memory=Memory)
    for step in range(6):
        tick(world, step)
    assert [context.state for _, _, context in policy.saw] == [
        None,
        *(Memory(count) for count in range(1, 7)),
    ]
    saved = [
        msgspec.msgpack.decode(o.state, type=Memory)
        for o in of_type(world.outcomes, SleeveStateSaved)
    ]
    assert saved == [Memory(3), Memory(6)]


def test_memory_from_a_step_without_effects_is_saved_with_the_next_that_has_some() -> None:
    order = buy(Decimal("0.001"), limit=Decimal(9950))
    remembers = OrderSeq.none(because=why("a"), state=Memory(5))
    acts = OrderSeq.of(order, because=why("b"), state=Memory(5))
    silent = OrderSeq.of(order, because=why("c"))
    world = world_of(Asked([Book()], remembers, acts, silent), memory=Memory)
    assert of_type(world.outcomes, SleeveStateSaved) == []
    assert len(of_type(tick(world, 1), SleeveStateSaved)) == 1
    assert of_type(tick(world, 2), SleeveStateSaved) == []


def test_a_restart_hands_back_what_was_saved_and_forgets_the_rest() -> None:
    policy = Asked([Book()], counting)
    world = world_of(policy, memory=Memory)
    for step in range(3):
        tick(world, step)
    world.send(world.start)
    world.market()
    assert [c.state for _, _, c in policy.saw][-2:] == [Memory(3), Memory(3)]


def test_memory_an_older_version_wrote_and_this_cannot_read_fails_the_sleeve() -> None:
    class Newer(msgspec.Struct, frozen=True):
        name: str

    policy = Asked([Book()], counting)
    world = world_of(policy, memory=Memory)
    for step in range(3):
        tick(world, step)
    world.policies = {SLEEVE: LoadedPolicy(policy, None, Newer)}
    world = world.recovered()
    world.send(world.start)
    world.market()
    (paused,) = of_type(world.outcomes, SleevePaused)
    assert paused.failed
    assert paused.reason.startswith("memory of an earlier version cannot be read: ")


def test_a_policy_without_memory_gets_none() -> None:
    policy = Asked([Book()], OrderSeq.none(because=why("a"), state=Memory(1)), NOTHING)
    world = world_of(policy)
    tick(world, 1)
    assert [context.state for _, _, context in policy.saw] == [None, None]


def test_the_generator_is_the_same_for_the_same_event_and_another_for_the_next() -> None:
    def drawn(world: World, policy: Asked) -> list[float]:
        tick(world, 1)
        return [context.rng.random() for _, _, context in policy.saw]

    first, second = (Asked([Book()], NOTHING) for _ in range(2))
    numbers = drawn(world_of(first), first)
    assert numbers == drawn(world_of(second), second)
    assert len(set(numbers)) == 2


def test_a_policy_that_changes_decimal_precision_changes_it_for_itself_only() -> None:
    def careless(*_: object) -> OrderSeq:
        getcontext().prec = 2
        return NOTHING

    before = getcontext().prec
    world = world_of(Asked([Book()], careless))
    tick(world, 1)
    assert getcontext().prec == before


def test_parameters_are_those_the_sleeve_was_loaded_with() -> None:
    class Mine(Params, frozen=True, kw_only=True):
        window: int = 3

    policy = Asked([Book()], NOTHING)
    world = World(policies={SLEEVE: loaded(policy, params=Mine(window=9))})
    world.market()
    assert policy.saw[0][2].params == Mine(window=9)
    assert policy.saw[0][2].now == world.now


# ------------------------------------------------------------------------------------ cancels


def test_a_sleeve_cancels_its_own_open_orders_once_and_nobody_elses() -> None:
    place = OrderSeq.of(buy(Decimal("0.001"), limit=Decimal(9950)), because=why("in"))

    def take_out(portfolio: PortfolioState, *_: object) -> OrderSeq:
        wanted = [cancel(order.id) for order in portfolio.orders]
        strangers = [cancel(ClientOrderId("tbabc121")), cancel(ClientOrderId("nobody"))]
        return OrderSeq.of(*wanted, *strangers, because=why("out"))

    policy = Asked([Book()], NOTHING, place, take_out)
    world = world_of(policy)
    hand = world.place("buy", 100)
    (submit,) = of_type(tick(world, 1), Submit)
    outcomes = tick(world, 2)
    assert of_type(outcomes, Cancel) == [
        Cancel(client_order_id=submit.order.client_order_id, account=ACCOUNT, because=why("out"))
    ]
    (decided,) = of_type(outcomes, Decided)
    assert decided.actions == 1
    assert of_type(tick(world, 3), Cancel) == []
    assert policy.saw[-1][0].orders[0].cancelling
    world.cancelled(submit.order)
    assert of_type(tick(world, 4), Cancel) == []
    assert world.order(hand.intent.client_order_id).state == "accepted"


# ------------------------------------------------------------------------------------ what it sees


def test_the_portfolio_is_the_sleeves_own() -> None:
    policy = Asked([Book()], NOTHING)
    world = world_of(policy)
    world.hold(5000)
    world.hold(2000, owner=SLEEVE)
    world.hold(-700, owner=OTHER)
    world.place("buy", 100)
    tick(world, 1)
    portfolio, market, _ = policy.saw[-1]
    assert portfolio.quantity(BTC_ID) == Decimal("0.02")
    assert portfolio.realized(BTC_ID) == 0
    assert portfolio.orders == []
    assert portfolio.capital == Decimal(50_000)
    assert portfolio.cash == Decimal(50_000) - 200
    mark = market.only.mark
    assert mark is not None
    assert portfolio.equity == Decimal(49_800) + mark * Decimal("0.02")


def test_the_portfolios_equity_is_unknown_without_a_mark() -> None:
    policy = Asked([Trades()], NOTHING)
    start = started(sleeves=(sleeve_started(symbols=(BTC_ID, ETH_ID)),))
    world = World(policies={SLEEVE: loaded(policy)}, start=start)
    world.send(trade(10_000_00))
    assert policy.saw[-1][0].equity == Decimal(50_000)
    world.hold(100, owner=SLEEVE, instrument=ETH_ID, price=1_000_00)
    world.send(trade(10_000_00))
    portfolio, market, _ = policy.saw[-1]
    assert portfolio.equity is None
    assert [one.instrument.id for one in market] == [BTC_ID, ETH_ID]
    with pytest.raises(ValueError, match="the sleeve has 2 instruments"):
        _ = market.only


def test_an_order_in_an_instrument_the_sleeve_no_longer_has_is_not_shown() -> None:
    place = OrderSeq.of(buy(Decimal("0.001"), limit=Decimal(9950)), because=why("in"))
    policy = Asked([Book()], place, NOTHING)
    world = world_of(policy)
    elsewhere = sleeve_started(symbols=(ETH_ID,))
    world.send(started(limits=WIDE_OPEN, sleeves=(elsewhere,)))
    world.market(999_00, 1_001_00, instrument=ETH_ID)
    assert policy.saw[-1][0].orders == []


def test_sleeves_that_no_longer_run_are_forgotten_and_new_ones_begin() -> None:
    policy = Asked([Book()], NOTHING)
    world = world_of(policy)
    world.send(started(sleeves=(sleeve_started(OTHER),)))
    assert list(world.state.sleeves) == [OTHER]


def test_a_reason_reads_as_one_line() -> None:
    assert why("flat").text() == "flat"
    assert why("above-mean", close=Decimal("1.50"), n=3).text() == "above-mean: close 1.50, n 3"
    assert Because("x") == why("x")
