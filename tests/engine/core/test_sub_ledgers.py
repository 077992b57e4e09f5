"""The books of the owners sum to the account, to the last unit and the last digit, whatever happened."""

from decimal import Decimal
from typing import override

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ETH_ID,
    ScriptedVenue,
    World,
    fill_of,
    intent,
    loaded,
    of_type,
    sleeve_started,
    started,
)
from tests.engine.core.test_stops import Scripted

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.checkpoint import freeze, thaw
from tradebot.engine.core.events import (
    Event,
    ExecutionBusted,
    FlattenRequested,
    OrderFilled,
    PanicClosing,
    PanicNoted,
    ResumeRequested,
    SleeveChanged,
    SleeveStopRequested,
)
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.outcomes import Alert, AnyOutcome, PositionAdopted, Submit
from tradebot.engine.core.step import owner_holdings
from tradebot.engine.core.types import (
    HAND,
    MS,
    SECOND,
    UNCLAIMED,
    ClientOrderId,
    ExecutionId,
    Owner,
    Side,
)

A, B, C = Owner("a"), Owner("b"), Owner("c")
SLEEVES = (A, B, C)
OWNERS = (*SLEEVES, HAND, UNCLAIMED)


class Account:
    """What the account did as its venue would tell it: fills and fees, nobody's owner known."""

    def __init__(self) -> None:
        self.quantity: dict[InstrumentId, int] = {BTC_ID: 0, ETH_ID: 0}
        self.cash = Decimal(100_000)
        self.fills: dict[str, OrderFilled] = {}

    def take(self, fill: OrderFilled, way: int = 1) -> None:
        signed = way * (fill.quantity if fill.side == "buy" else -fill.quantity)
        self.quantity[fill.instrument] += signed
        price, quantity = Decimal(fill.price).scaleb(-2), Decimal(signed).scaleb(-5)
        self.cash -= price * quantity + way * fill.fee
        if way == 1:
            self.fills[fill.execution_id] = fill
        else:
            del self.fills[fill.execution_id]


class Books(World):
    """A world of three sleeves and a hand that compares the owners' books with the account after each event."""

    def __init__(self) -> None:
        self.account = Account()
        self.ready = False
        start = started(sleeves=tuple(sleeve_started(name, (BTC_ID, ETH_ID)) for name in SLEEVES))
        policies = {name: loaded(Scripted()) for name in SLEEVES}
        super().__init__(policies=policies, start=start)
        self.ready = True
        self.market()
        self.market(999_00, 1_001_00, instrument=ETH_ID)

    @override
    def send(self, event: Event, *, after: int = MS) -> list[AnyOutcome]:
        if isinstance(event, OrderFilled):
            self.account.take(event)
        elif isinstance(event, ExecutionBusted):
            self.account.take(self.account.fills[event.execution_id], way=-1)
        outcomes = super().send(event, after=after)
        if self.ready:
            self.compare()
        return outcomes

    def compare(self) -> None:
        ledger = self.state.ledger
        for symbol, quantity in self.account.quantity.items():
            owned = [ledger.position(ACCOUNT, symbol, owner).quantity for owner in OWNERS]
            assert sum(owned) == ledger.net(ACCOUNT, symbol) == quantity
            held = [ledger.owned(ACCOUNT, symbol, owner) for owner in OWNERS]
            assert sum(held, ZERO) == Decimal(quantity).scaleb(-5)
        cash = sum((ledger.owned(ACCOUNT, "USDT", owner) for owner in OWNERS), ZERO)
        assert cash == ledger.balance(ACCOUNT, "USDT") == self.account.cash
        assert not any(ledger.trial_balance().values())

    def trade(self, owner: Owner, symbol: InstrumentId, signed: int, price: int) -> None:
        """Let an owner's order of a size fill at once, with a fee."""
        side: Side = "buy" if signed > 0 else "sell"
        order = intent(
            side,
            abs(signed),
            number=self.state.counter + 1,
            limit=price,
            owner=owner,
            instrument=symbol,
            created=self.now,
        )
        self.state.apply_outcome(Submit(order=order))
        self.rows.append((self.now, Submit(order=order)))
        fee = Decimal(abs(signed)).scaleb(-7)
        self.send(fill_of(order, abs(signed), price, self.execution(), fee=fee, ts=self.now))

    def flatten(self, liquidity: int) -> None:
        venue = ScriptedVenue(self)
        venue.liquidity.extend([liquidity, 0])
        venue.take(self.send(FlattenRequested()))
        venue.run(30 * SECOND)
        for symbol in (BTC_ID, ETH_ID):
            assert owner_holdings(self.state, ACCOUNT, symbol) == []
        self.send(ResumeRequested(reason="flat"))

    def leave(self, sleeve: Owner) -> None:
        venue = ScriptedVenue(self)
        venue.take(self.send(SleeveStopRequested(sleeve=sleeve, reason="enough", exit=True)))
        venue.run(5 * SECOND)
        for symbol in (BTC_ID, ETH_ID):
            assert self.state.ledger.position(ACCOUNT, symbol, sleeve).quantity == 0
        terms = msgspec.structs.replace(self.state.sleeves[sleeve].started, run="live")
        self.send(SleeveChanged(started=terms, what="start"))

    def panic(self, symbol: InstrumentId, part: int) -> None:
        """Let `tradebot panic` have closed an instrument while the engine was down, in two fills."""
        net = self.net(symbol)
        if not net:
            return
        side: Side = "sell" if net > 0 else "buy"
        key = ClientOrderId(f"panic{self.seq}")
        closing = PanicClosing(client_order_id=key, instrument=symbol, side=side, quantity=abs(net))
        self.send(PanicNoted(account=ACCOUNT, at=self.now, closed=(closing,)))
        order = self.order(key).intent
        first = min(part, abs(net))
        for units in (first, abs(net) - first):
            if units:
                self.send(fill_of(order, units, 10_000_00, self.execution(), ts=self.now))
        assert owner_holdings(self.state, ACCOUNT, symbol) == []
        self.send(ResumeRequested(reason="seen"))

    def restart(self, *, frozen: bool) -> None:
        if frozen:
            self.kernel.state = thaw(freeze(self.state))
        else:
            self.kernel = self.recovered().kernel
        self.send(self.start)
        self.market()
        self.market(999_00, 1_001_00, instrument=ETH_ID)


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ("trade", "trade", "trade", "trade", "bust", "flatten", "leave", "panic", "restart")
        ),
        st.sampled_from((A, B, C, HAND)),
        st.sampled_from((BTC_ID, ETH_ID)),
        st.integers(1, 200).map(lambda lots: lots * 20),
        st.booleans(),
    ),
    min_size=4,
    max_size=14,
)


@given(steps)
@settings(max_examples=25, deadline=None)
def test_the_owners_books_sum_to_the_account_after_every_event_of_any_history(
    history: list[tuple[str, Owner, InstrumentId, int, bool]],
) -> None:
    world = Books()
    for what, owner, symbol, units, up in history:
        match what:
            case "trade":
                price = (9_990_00 if up else 10_013_00) + units
                world.trade(owner, symbol, units if up else -units, price)
            case "bust" if world.account.fills:
                busted = list(world.account.fills)[units % len(world.account.fills)]
                world.send(
                    ExecutionBusted(
                        execution_id=ExecutionId(busted), account=ACCOUNT, reason="", ts_event=0
                    )
                )
            case "flatten":
                world.flatten(units)
            case "leave" if owner != HAND:
                world.leave(owner)
            case "panic":
                world.panic(symbol, units)
            case "restart":
                world.restart(frozen=up)
            case _:
                continue


# ------------------------------------------------------------------------------------ flatten


def test_flatten_closes_the_net_in_proportion_and_crosses_those_who_stand_against_each_other() -> (
    None
):
    world = Books()
    world.trade(A, BTC_ID, 1000, 10_000_00)
    world.trade(B, BTC_ID, 500, 10_000_00)
    world.trade(C, BTC_ID, -600, 10_000_00)
    venue = ScriptedVenue(world)
    outcomes = world.send(FlattenRequested(instrument=BTC_ID))
    sizes = {one.order.owner: one.order.quantity for one in of_type(outcomes, Submit)}
    assert sizes == {A: 600, B: 300}
    venue.take(outcomes)
    adopted = [
        (one.origin, one.owner, one.quantity, Decimal(one.cost))
        for one in of_type(world.outcomes, PositionAdopted)
    ]
    # At the mark, 10,000: C pays A and B for what it was short of.
    assert adopted == [(A, C, 400, Decimal(40)), (B, C, 200, Decimal(20))]
    assert owner_holdings(world.state, ACCOUNT, BTC_ID) == []


def test_owners_of_a_flat_account_are_crossed_without_an_order() -> None:
    world = Books()
    world.trade(A, BTC_ID, 700, 10_000_00)
    world.trade(HAND, BTC_ID, -700, 10_020_00)
    outcomes = world.send(FlattenRequested(instrument=BTC_ID))
    assert not of_type(outcomes, Submit)
    assert owner_holdings(world.state, ACCOUNT, BTC_ID) == []
    # Bought at 10,000, crossed at the mark: A made nothing, and pays its fee.
    assert world.state.ledger.owned(ACCOUNT, "USDT", A) == Decimal("-0.00007")


def test_without_a_price_owners_are_not_crossed_and_that_is_told() -> None:
    world = Books()
    world.trade(A, BTC_ID, 700, 10_000_00)
    world.trade(HAND, BTC_ID, -700, 10_020_00)
    world.send(world.start)
    outcomes = world.send(FlattenRequested(instrument=BTC_ID))
    (alert,) = [one for one in of_type(outcomes, Alert) if "stand against" in one.text]
    assert "no mark to cross them at" in alert.text
    assert len(owner_holdings(world.state, ACCOUNT, BTC_ID)) == 2


def test_what_panic_closed_is_taken_from_those_who_held_it_in_proportion() -> None:
    world = Books()
    world.trade(A, BTC_ID, 1000, 10_000_00)
    world.trade(B, BTC_ID, 500, 10_000_00)
    closing = PanicClosing(
        client_order_id=ClientOrderId("p1"), instrument=BTC_ID, side="sell", quantity=1500
    )
    world.send(PanicNoted(account=ACCOUNT, at=world.now, closed=(closing,)))
    world.send(fill_of(world.order(ClientOrderId("p1")).intent, 300, 10_000_00, world.execution()))
    held = dict(owner_holdings(world.state, ACCOUNT, BTC_ID))
    assert held == {A: 800, B: 400}
