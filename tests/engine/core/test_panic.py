"""What `tradebot panic` did is taken in at the next start: explained, HALTED, nobody's books left behind."""

from decimal import Decimal
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ENGINE_ID,
    SLEEVE,
    START,
    World,
    contents,
    fill_of,
    of_type,
)

from tradebot.engine.core.events import PanicClosing, PanicNoted, ResumeRequested
from tradebot.engine.core.outcomes import Alert, AnyOutcome, Cancel, OrderFound
from tradebot.engine.core.types import HAND, UNCLAIMED, AccountName, ClientOrderId, Owner

CLOSING = ClientOrderId(f"tb{ENGINE_ID}-p9")


def restarted(world: World, *, closed: int = 0, done: bool = True) -> list[AnyOutcome]:
    """Start again after a panic; return what the note led to."""
    at = world.now + 1
    world.confirms = False
    world.send(world.start)
    return world.send(note(at, closed=closed, done=done))


def note(at: int, *, closed: int = 0, done: bool = True) -> PanicNoted:
    order = PanicClosing(
        client_order_id=CLOSING,
        instrument=BTC_ID,
        side="sell" if closed > 0 else "buy",
        quantity=abs(closed),
    )
    return PanicNoted(account=ACCOUNT, at=at, done=done, closed=(order,) if closed else ())


def closes(world: World, quantity: int, price: int) -> None:
    """Let the venue tell of an execution of panic's closing order."""
    intent = world.order(CLOSING).intent
    world.send(fill_of(intent, quantity, price, world.execution(), ts=world.now))


def test_a_start_after_panic_is_halted_until_a_person_resumes_it() -> None:
    world = World()
    world.market()
    restarted(world)
    assert world.state.trading_state == "HALTED"
    assert (world.state.reason or "").startswith("panic on account sandbox")
    again = world.recovered()
    assert again.state.trading_state == "HALTED"
    assert again.state.accounts[ACCOUNT].panicked_at == world.state.accounts[ACCOUNT].panicked_at
    world.confirm()
    world.send(ResumeRequested(reason="looked at it"))
    assert world.state.trading_state == "ACTIVE"


def test_an_order_that_panic_cancelled_is_explained_and_no_alarm() -> None:
    world = World()
    world.market()
    order = world.place("buy", 100, limit=9_900_00)
    restarted(world)
    told = of_type(world.report(order.intent, "cancelled"), Alert)
    assert [alert.level for alert in told] == ["info"]
    assert "cancelled by panic at" in told[0].text
    world.confirm()
    assert not world.state.accounts[ACCOUNT].differences


def test_an_order_that_had_filled_is_not_said_to_be_cancelled_by_panic() -> None:
    world = World()
    world.market()
    order = world.place("buy", 100, limit=9_900_00)
    restarted(world)
    world.fill(order.intent)
    assert not of_type(world.report(order.intent, "filled", filled=100), Alert)


def test_an_order_placed_after_the_panic_is_not_explained_by_it() -> None:
    world = World()
    world.market()
    restarted(world)
    world.confirm()
    world.send(ResumeRequested(reason="go on"))
    world.market()
    order = world.place("buy", 100, limit=9_900_00)
    assert not of_type(world.report(order.intent, "cancelled"), Alert)


def test_what_panic_could_not_cancel_the_start_cancels_again() -> None:
    world = World()
    world.market()
    order = world.place("buy", 100, limit=9_900_00)
    cancels = of_type(restarted(world), Cancel)
    assert [cancel.client_order_id for cancel in cancels] == [order.intent.client_order_id]


def test_a_note_told_twice_does_no_more_than_told_once() -> None:
    world = World()
    world.market()
    world.hold(1000)
    restarted(world, closed=1000)
    again = world.send(note(world.state.accounts[ACCOUNT].panicked_at, closed=1000))
    assert not of_type(again, OrderFound)
    assert world.state.trading_state == "HALTED"


def test_a_note_of_another_engines_account_is_told_and_changes_nothing() -> None:
    world = World()
    world.market()
    strange = msgspec.structs.replace(note(world.now), account=AccountName("elsewhere"))
    assert [alert.level for alert in of_type(world.send(strange), Alert)] == ["error"]
    assert world.state.trading_state == "ACTIVE"


def test_a_panic_that_was_interrupted_says_so() -> None:
    world = World()
    world.market()
    (alert, *_) = of_type(restarted(world, done=False), Alert)
    assert "interrupted" in alert.text


@given(
    owned=st.lists(st.integers(1, 50), min_size=1, max_size=3),
    cuts=st.lists(st.integers(1, 149), max_size=3),
    sign=st.sampled_from([1, -1]),
)
def test_a_closing_order_is_taken_from_all_who_held_and_nothing_stays_unclaimed(
    owned: list[int], cuts: list[int], sign: int
) -> None:
    owners = (HAND, SLEEVE, Owner("zeta"))
    world = World()
    world.market()
    for owner, quantity in zip(owners, owned, strict=False):
        world.hold(sign * quantity * 10, owner=owner)
    total = sum(owned) * 10
    restarted(world, closed=sign * total)
    money = world.state.ledger.balance(ACCOUNT, "USDT")
    edges = sorted({0, total, *(cut * 10 for cut in cuts if cut * 10 < total)})
    for begin, end in pairwise(edges):
        closes(world, end - begin, 10_100_00)
    ledger = world.state.ledger
    assert world.net() == 0
    for owner in (*owners, UNCLAIMED):
        assert ledger.position(ACCOUNT, BTC_ID, owner).quantity == 0
    paid = Decimal(sign * total) / 100_000 * 10_100
    assert ledger.balance(ACCOUNT, "USDT") == money + paid
    assert ledger.owned(ACCOUNT, "USDT", UNCLAIMED) == 0
    assert not world.order(CLOSING).is_open
    assert set(ledger.trial_balance().values()) == {Decimal(0)}
    assert contents(world.recovered().state.ledger) == contents(ledger)
    assert world.now > START
