"""Bets from flat to flat: what each brought, and that all of them together are the ledger's profit."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    SLEEVE,
    World,
    contents,
    fill_of,
    intent,
    of_type,
)
from tests.engine.core.histories import History, restless_world

from tradebot.engine.core.bets import BetKey
from tradebot.engine.core.checkpoint import freeze, thaw
from tradebot.engine.core.events import (
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderFilled,
)
from tradebot.engine.core.outcomes import BetSettled, Legs, OrderIntent, Submit
from tradebot.engine.core.reasons import Because, Edge, why
from tradebot.engine.core.records import record_of
from tradebot.engine.core.types import (
    HAND,
    BetId,
    ClientOrderId,
    ExecutionId,
    Owner,
    Side,
)

ENTRY = 59_998_50
STOP = 58_800_00
TARGET = 63_600_00


def order(  # noqa: PLR0913  (an order has that many parts)
    world: World,
    side: Side,
    quantity: int,
    price: int = ENTRY,
    *,
    legs: Legs | None = None,
    because: Because | None = None,
    edge: Edge | None = None,
    owner: Owner = HAND,
    reduce_only: bool = False,
    stop: int | None = None,
) -> OrderIntent:
    """Return an order that the gate has let through."""
    state = world.state
    made = msgspec.structs.replace(
        intent(side, quantity, limit=price, owner=owner, created=world.now),
        client_order_id=state.next_order_id(),
        bet_id=state.bet_for(ACCOUNT, BTC_ID, owner),
        legs=legs,
        because=because,
        edge=edge,
        reduce_only=reduce_only,
        policy_version=None if owner == HAND else "0123456789ab",
        type="limit" if stop is None else "stop",
        trigger_price=stop,
    )
    state.apply_outcome(Submit(order=made))
    world.rows.append((world.now, Submit(order=made)))
    return made


def filled(
    world: World,
    made: OrderIntent,
    price: int | None = None,
    *,
    fee: Decimal = Decimal(0),
    fee_currency: str = "USDT",
) -> OrderFilled:
    """Fill an order in full; return the execution."""
    at = price if price is not None else made.limit_price
    assert at is not None
    event = fill_of(made, made.quantity, at, world.execution(), fee=fee, ts=world.now)
    event = msgspec.structs.replace(event, fee_currency=fee_currency)
    world.send(event)
    return event


def settled(world: World) -> list[BetSettled]:
    """Return the bets as they were settled last."""
    newest = {bet.bet_id: bet for bet in of_type(world.outcomes, BetSettled)}
    return list(newest.values())


def key_of(bet: BetSettled) -> BetKey:
    return (bet.account, bet.instrument, bet.owner)


BRACKET = Legs(stop_loss=STOP, take_profit=TARGET)
BREAKOUT = Because("hand", (("note", "breakout"),))
SAID = Edge(source="stated", win=Decimal("0.4"))


def bet_of(
    world: World, *, won: bool, edge: Edge | None = SAID, because: Because = BREAKOUT
) -> None:
    """Let the hand win or lose one bracketed bet of the worked ticket, fees left out."""
    filled(world, order(world, "buy", 20_000, legs=BRACKET, because=because, edge=edge))
    filled(world, order(world, "sell", 20_000, TARGET if won else STOP))


def test_the_worked_ticket_is_the_bets_risk_and_odds() -> None:
    world = World()
    entry = order(world, "buy", 20_000, legs=BRACKET, because=BREAKOUT, edge=SAID)
    filled(world, entry, fee=Decimal("11.9997"))
    filled(world, order(world, "sell", 20_000, TARGET), fee=Decimal("12.72"))
    (bet,) = settled(world)
    assert (bet.risk, bet.pays, bet.tag, bet.side) == ("263.4597", "2.640177", "breakout", "buy")
    assert Decimal(bet.result) == Decimal("720.3") - Decimal("11.9997") - Decimal("12.72")
    assert bet.r == "2.640177"
    assert (bet.promised, bet.spread) == ("0.456071", "1.783315")
    assert (bet.rate, bet.currency, bet.quantity) == ("1", "USDT", 20_000)


def test_a_bet_without_a_stop_has_no_r() -> None:
    world = World()
    filled(world, order(world, "buy", 1000))
    filled(world, order(world, "sell", 1000, ENTRY + 100))
    (bet,) = settled(world)
    assert (bet.risk, bet.r, bet.promised) == (None, None, None)
    assert Decimal(bet.result) == Decimal("0.01")


def test_the_first_stop_placed_afterwards_says_what_is_risked() -> None:
    world = World()
    filled(world, order(world, "buy", 20_000), fee=Decimal("11.9997"))
    stop = order(world, "sell", 20_000, STOP, reduce_only=True, stop=STOP)
    order(world, "sell", 20_000, ENTRY, reduce_only=True, stop=ENTRY - 100_00)
    filled(world, stop, STOP)
    (bet,) = settled(world)
    assert bet.risk == "263.4597"


def test_a_stop_for_a_part_says_nothing_of_the_whole() -> None:
    world = World()
    filled(world, order(world, "buy", 20_000))
    order(world, "sell", 10_000, STOP, reduce_only=True, stop=STOP)
    filled(world, order(world, "sell", 20_000))
    assert settled(world)[0].risk is None


def test_adding_without_a_stop_leaves_the_risk_unknown() -> None:
    world = World()
    filled(world, order(world, "buy", 1000, legs=BRACKET))
    filled(world, order(world, "buy", 1000))
    filled(world, order(world, "sell", 2000))
    (bet,) = settled(world)
    assert (bet.risk, bet.quantity) == (None, 2000)


def test_each_entry_adds_its_own_risk() -> None:
    world = World()
    filled(world, order(world, "buy", 10_000, legs=BRACKET))
    filled(world, order(world, "buy", 10_000, ENTRY + 100_00, legs=BRACKET))
    filled(world, order(world, "sell", 20_000, STOP))
    (bet,) = settled(world)
    assert bet.risk == "249.7"  # 0.1 x (1198.50 + 1298.50)
    assert bet.r == "-1.000000"


def test_partial_exits_stay_in_the_bet_until_the_last_unit_is_out() -> None:
    world = World()
    filled(world, order(world, "buy", 3000, 100_00))
    for price in (110_00, 120_00):
        filled(world, order(world, "sell", 1000, price))
        assert settled(world) == []
    filled(world, order(world, "sell", 1000, 90_00))
    (bet,) = settled(world)
    assert Decimal(bet.result) == Decimal("0.2")  # 0.01 x (10 + 20 - 10)


def test_a_turn_ends_one_bet_and_begins_another_and_shares_the_fee() -> None:
    world = World()
    filled(world, order(world, "buy", 1000, 100_00))
    filled(world, order(world, "sell", 4000, 110_00), fee=Decimal("0.04"))
    (long,) = settled(world)
    assert Decimal(long.result) == Decimal("0.1") - Decimal("0.01")
    filled(world, order(world, "buy", 3000, 100_00))
    _, short = settled(world)
    assert Decimal(short.result) == Decimal("0.3") - Decimal("0.03")
    assert (long.side, short.side) == ("buy", "sell")
    assert long.bet_id != short.bet_id


def test_a_short_risks_the_way_up() -> None:
    world = World()
    legs = Legs(stop_loss=110_00, take_profit=80_00)
    filled(world, order(world, "sell", 1000, 100_00, legs=legs))
    filled(world, order(world, "buy", 1000, 110_00))
    (bet,) = settled(world)
    assert (bet.risk, bet.pays, bet.r) == ("0.1", "2.000000", "-1.000000")


def test_a_trailing_distance_is_the_risk() -> None:
    world = World()
    filled(world, order(world, "buy", 1000, 100_00, legs=Legs(trail=5_00)))
    filled(world, order(world, "sell", 1000, 100_00))
    assert settled(world)[0].risk == "0.05"


def test_a_late_fee_changes_the_newest_bet_and_its_record() -> None:
    world = World()
    bet_of(world, won=True)
    bet_of(world, won=True)
    fee = FeeCharged(
        fee_id="late", account=ACCOUNT, asset="USDT", amount=Decimal(9_999), instrument=BTC_ID,
        client_order_id=ClientOrderId(world.state.blotter.recent(1)[0].intent.client_order_id),
        ts_event=0,
    )  # fmt: skip
    world.send(fee)
    first, second = settled(world)
    assert Decimal(first.result) == Decimal("720.3")
    assert Decimal(second.result) == Decimal("720.3") - 9_999
    record = record_of(world.state.bet_book.records, HAND, "breakout")
    assert (record.settled, record.won) == (2, 1)


def test_a_fee_in_another_asset_stands_beside_the_result() -> None:
    world = World()
    entry = order(world, "buy", 1000, 100_00, legs=Legs(stop_loss=90_00))
    filled(world, entry, fee=Decimal("0.1"), fee_currency="BNB")
    filled(world, order(world, "sell", 1000, 100_00))
    (bet,) = settled(world)
    assert (Decimal(bet.result), bet.elsewhere) == (0, None)  # nobody knows what BNB is worth


def test_a_closing_taken_back_opens_the_bet_again() -> None:
    world = World()
    filled(world, order(world, "buy", 1000, 100_00, because=BREAKOUT))
    out = filled(world, order(world, "sell", 1000, 110_00))
    (bet,) = settled(world)
    bust(world, out)
    assert record_of(world.state.bet_book.records, HAND, "breakout").settled == 0
    assert world.state.bet_book.settled == {}
    filled(world, order(world, "sell", 1000, 120_00))
    (again,) = settled(world)
    assert again.bet_id == bet.bet_id
    assert Decimal(again.result) == Decimal("0.2")


def test_an_entry_taken_back_leaves_a_bet_the_other_way() -> None:
    world = World()
    into = filled(world, order(world, "buy", 1000, 100_00))
    filled(world, order(world, "sell", 1000, 110_00))
    bust(world, into)
    filled(world, order(world, "buy", 1000, 105_00))
    bets = settled(world)
    assert [bet.side for bet in bets] == ["buy", "sell"]
    assert sum(Decimal(bet.result) for bet in bets) == Decimal("0.05")


def test_a_corrected_price_corrects_the_bet() -> None:
    world = World()
    filled(world, order(world, "buy", 1000, 100_00))
    out = filled(world, order(world, "sell", 1000, 110_00))
    better = msgspec.structs.replace(out, execution_id=ExecutionId("better"), price=130_00)
    world.send(ExecutionCorrected(execution_id=out.execution_id, corrected=better, reason="typo"))
    (bet,) = settled(world)
    assert Decimal(bet.result) == Decimal("0.3")


def test_owners_bet_apart_in_one_instrument() -> None:
    world = World(policies={})
    filled(world, order(world, "buy", 1000, 100_00))
    filled(world, order(world, "sell", 1000, 100_00, owner=SLEEVE, because=why("fade")))
    assert settled(world) == []
    filled(world, order(world, "buy", 1000, 90_00, owner=SLEEVE))
    (bet,) = settled(world)
    assert (bet.owner, bet.tag, bet.version, bet.result) == (
        SLEEVE,
        "fade",
        "0123456789ab",
        "0.1",
    )


def test_a_later_bet_of_a_standing_order_has_a_name_of_its_own() -> None:
    world = World()
    first = order(world, "buy", 1000, 100_00)
    later = order(world, "buy", 1000, 90_00)
    filled(world, first)
    filled(world, order(world, "sell", 1000, 110_00))
    filled(world, later)
    filled(world, order(world, "sell", 1000, 110_00))
    one, other = settled(world)
    assert one.bet_id == first.bet_id == later.bet_id
    assert other.bet_id == BetId(f"{first.bet_id}.1")


def test_thirteen_of_fortyone_are_the_hands_record() -> None:
    world = World()
    for number in range(41):
        bet_of(world, won=number % 41 < 13)
    record = record_of(world.state.bet_book.records, HAND, "breakout")
    assert (record.settled, record.won, record.stated, record.stated_won) == (41, 13, 41, 13)
    assert record.said() == 0.4
    assert record.calibrated() == 15 / 46
    edge = record.edge()
    assert edge is not None
    assert (edge.source, edge.win) == ("record", Decimal("0.3256"))
    spread = record.spread()
    assert spread.count == 41
    assert edge.mean_r == Decimal(str(spread.mean)).quantize(Decimal("0.0001"))


def test_an_edge_from_the_record_says_nothing_under_thirty_bets() -> None:
    world = World()
    from_record = Edge.from_record()
    for _ in range(30):
        bet_of(world, won=True, edge=from_record)
    bet_of(world, won=False, edge=from_record)
    bets = settled(world)
    assert all(bet.edge is None for bet in bets[:30])
    known = bets[30].edge
    assert known is not None
    assert (known.source, known.win) == ("record", Decimal("0.9688"))  # 31 / 32
    assert bets[30].promised is not None
    assert record_of(world.state.bet_book.records, HAND, "breakout").stated == 0


def test_a_stated_mean_promises_itself() -> None:
    world = World()
    bet_of(world, won=True, edge=Edge(source="8f2c", mean_r=Decimal("0.08"), error=Decimal("0.13")))
    (bet,) = settled(world)
    assert (bet.promised, bet.spread) == ("0.080000", None)


def bust(world: World, event: OrderFilled) -> None:
    world.send(
        ExecutionBusted(
            execution_id=event.execution_id, account=ACCOUNT, reason="wrong", ts_event=0
        )
    )


def sums_are_the_ledgers(world: World) -> None:
    """Check that results and what runs are the ledger's profit, position by position."""
    book, ledger = world.state.bet_book, world.state.ledger
    results: dict[BetKey, Decimal] = {}
    for bet in settled_now(world):
        results[key_of(bet)] = results.get(key_of(bet), Decimal(0)) + Decimal(bet.result)
    for key, position in ledger.positions():
        page = book.pages[key]
        profit = position.realized - position.fees
        assert page.quantity == position.quantity
        assert (page.running is None) == (position.quantity == 0)
        if page.running is not None:
            assert results.get(key, Decimal(0)) == page.running.base
        elif page.last is not None:
            assert results[key] == profit


def settled_now(world: World) -> list[BetSettled]:
    """Return what stands: bets told last, those opened again left out."""
    book = world.state.bet_book
    return list(book.settled.values())


deals = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([HAND, SLEEVE]),
            st.integers(-4, 4).filter(bool).map(lambda lots: lots * 1000),
            st.integers(50, 150).map(lambda price: price * 100),
            st.decimals("-1", "9", places=8),
            st.sampled_from(["USDT", "USDT", "BTC", "BNB"]),
        ),
        st.integers(0, 20),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(deals)
def test_all_bets_together_are_the_ledgers_profit_to_the_last_digit(
    history: list[tuple[Owner, int, int, Decimal, str] | int],
) -> None:
    world = World()
    told: list[OrderFilled] = []
    for one in history:
        if isinstance(one, int):
            if told:
                bust(world, told[one % len(told)])
        else:
            owner, signed, price, fee, currency = one
            legs = Legs(stop_loss=price - 10_00) if signed % 3 else None
            side: Side = "buy" if signed > 0 else "sell"
            made = order(world, side, abs(signed), price, owner=owner, legs=legs)
            told.append(filled(world, made, fee=fee, fee_currency=currency))
        sums_are_the_ledgers(world)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-4, 4).filter(bool), st.integers(50, 150), st.integers(0, 99)),
        min_size=1,
        max_size=20,
    )
)
def test_when_flat_the_cash_has_moved_by_what_the_bets_brought(
    history: list[tuple[int, int, int]],
) -> None:
    world = World()
    begun = world.state.ledger.owned(ACCOUNT, "USDT", HAND)
    net = sum(lots for lots, _, _ in history)
    if net:
        history = [*history, (-net, 77, 3)]
    for lots, price, fee in history:
        made = order(world, "buy" if lots > 0 else "sell", abs(lots) * 1000, price * 100)
        filled(world, made, fee=Decimal(fee).scaleb(-4))
    cash = world.state.ledger.owned(ACCOUNT, "USDT", HAND) - begun
    assert sum(Decimal(bet.result) for bet in settled(world)) == cash


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(50, 250))
def test_a_record_survives_restart_checkpoint_and_recovery(seed: int, count: int) -> None:
    world = restless_world(rich=seed % 2 == 1)
    History(world, seed).events(count)
    sums_are_the_ledgers(world)
    assert world.state.bet_book.ended == []
    alive = contents(world.state.bet_book)
    assert contents(world.recovered().state.bet_book) == alive
    assert contents(thaw(freeze(world.state)).bet_book) == alive
    world.send(world.start)
    assert contents(world.state.bet_book) == alive


def test_bets_of_a_journal_from_before_are_settled_by_the_next_event() -> None:
    world = World()
    bet_of(world, won=True)
    world.rows = [row for row in world.rows if not isinstance(row[1], BetSettled)]
    later = world.recovered()
    assert later.state.bet_book.settled == {}
    later.send(later.start)
    assert [bet.result for bet in settled(later)] == [bet.result for bet in settled(world)]


def test_records_have_room_for_so_many_tags_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradebot.engine.core.records.TAGS_MAX", 2)
    world = World()
    for note in ("one", "two", "three", "four", "two"):
        bet_of(world, won=True, because=Because("hand", (("note", note),)))
    kept = world.state.bet_book.records[HAND]
    assert {tag: record.settled for tag, record in kept.items()} == {
        "one": 1,
        "two": 2,
        "(other)": 2,
    }


def test_old_bets_are_dropped_one_by_one_and_stay_in_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tradebot.engine.core.bets.SETTLED_MAX", 3)
    world = World()
    for _ in range(6):
        bet_of(world, won=False)
    assert len(world.state.bet_book.settled) == 3
    assert record_of(world.state.bet_book.records, HAND, "breakout").settled == 6
