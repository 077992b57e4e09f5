"""A policy wants less while legs at the venue cover all: they make room, it is sold, and the rest stays covered."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import override

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.bracket_venue import RICH, BracketVenue, start
from tests.engine.core.builders import BTC_ID, SLEEVE, World, loaded, sleeve_started, trade
from tests.engine.core.test_wants import Says

from tradebot.engine.core.actions import OrderSeq, buy
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import OrderExpired, OrderRejected
from tradebot.engine.core.outcomes import AnyOutcome, Cancel, OrderIntent, Submit
from tradebot.engine.core.reasons import why
from tradebot.engine.core.types import SECOND, ClientOrderId
from tradebot.engine.core.wants import want

BECAUSE = why("test")
STOP, TARGET = Decimal(9_800), Decimal(10_400)
REPLACES = msgspec.structs.replace(RICH, reduce_only=True)
CANCELS = msgspec.structs.replace(REPLACES, replace=False)
LOCKS = msgspec.structs.replace(CANCELS, locks_balance=True)
LOCKS_REPLACES = msgspec.structs.replace(REPLACES, locks_balance=True)
LOCKS_PAIRS = msgspec.structs.replace(LOCKS_REPLACES, oco=True)
ALL = {
    "replaces": REPLACES,
    "cancels": CANCELS,
    "locks": LOCKS,
    "locks and replaces": LOCKS_REPLACES,
    "locks pairs": LOCKS_PAIRS,
}

with_target = pytest.mark.parametrize("legs", [("stop",), ("stop", "target")], ids=str)

everywhere = pytest.mark.parametrize("capabilities", ALL.values(), ids=ALL)


class StrictVenue(BracketVenue):
    """Refuses what the account does not have to sell; ends at once what is to end at once."""

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__(capabilities)
        self.policy = Says(OrderSeq.none(because=BECAUSE))
        begun = msgspec.structs.replace(start(capabilities), sleeves=(sleeve_started(),))
        self.world = World(policies={SLEEVE: loaded(self.policy)}, start=begun, cash="10000000")
        self.liquidity: deque[int] = deque()
        self.refused = 0
        self.bare = 0
        """Most that no stop covered at the venue since it was last set to 0, in units."""
        self.market(10_000_00)

    @override
    def take(self, outcomes: Iterable[AnyOutcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Submit) and outcome.order.quantity > self._free(outcome.order):
                self.refused += 1
                key = outcome.order.client_order_id
                why_not = OrderRejected(client_order_id=key, reason="balance", ts_event=0)
                self.answers.append(why_not)
                continue
            super().take([outcome])
            if isinstance(outcome, Submit | Cancel):
                self.bare = max(self.bare, self.position - self.stops())

    @override
    def _rest(self, intent: OrderIntent, quantity: int) -> None:
        super()._rest(intent, quantity)
        if intent.tif == "ioc":
            self.answers.append(self._accepted(intent))
            found = min(self.liquidity.popleft() if self.liquidity else quantity, quantity)
            if found:
                self.fill(intent.client_order_id, found, settle=False)
            if found < quantity:
                del self.orders[intent.client_order_id]
                key = intent.client_order_id
                self.answers.append(OrderExpired(client_order_id=key, reason="", ts_event=0))

    def _free(self, order: OrderIntent) -> int:
        """Return what may be sold: what is held, less what rests beside it; a pair counts once."""
        can = self.world.start.accounts[0].capabilities
        if order.side == "buy" or not can.locks_balance:
            return order.quantity
        resting = {"stop_loss": 0, "take_profit": 0, "": 0}
        for other in self.orders.values():
            together = order.group is not None and other.intent.group == order.group
            if other.intent.side == "sell" and not together:
                lane = other.intent.role if other.intent.tif == "gtc" else ""
                resting[lane] += other.quantity - other.filled
        return self.position - resting[""] - max(resting["stop_loss"], resting["take_profit"])

    def stops(self) -> int:
        """Return what stops at the venue cover, and exits that are about to fill."""
        return sum(
            order.quantity - order.filled
            for order in self.orders.values()
            if order.intent.role == "stop_loss"
        )

    def says(self, answer: OrderSeq, price: int = 10_000_00) -> None:
        """Let the policy answer from now on, and the market move."""
        self.policy.answer = answer
        self.market(price)
        self.take(self.world.send(trade(price, 1)))
        self.settle()

    def wait(self) -> None:
        """Let a second pass and the market trade."""
        self.world.now += SECOND
        self.says(self.policy.answer)


def entered(capabilities: Capabilities, *, target: bool) -> tuple[StrictVenue, ClientOrderId]:
    """Return a venue where the sleeve holds 0.01 with its legs, and the entry's id."""
    venue = StrictVenue(capabilities)
    size, limit = Decimal("0.01"), Decimal(10_000)
    entry = buy(size, limit=limit, stop_loss=STOP)
    if target:
        entry = buy(size, limit=limit, stop_loss=STOP, take_profit=TARGET)
    venue.says(OrderSeq.of(entry, because=BECAUSE))
    venue.policy.answer = OrderSeq.none(because=BECAUSE)
    (key,) = venue.orders
    venue.fill(key)
    assert venue.position == 1000
    return venue, key


def less(quantity: str) -> OrderSeq:
    return want.quantity(Decimal(quantity), because=BECAUSE)


@everywhere
@with_target
def test_a_part_is_sold_after_its_legs_have_made_room_and_the_rest_stays_covered(
    capabilities: Capabilities, legs: tuple[str, ...]
) -> None:
    target = "target" in legs
    venue, key = entered(capabilities, target=target)
    entry, venue.bare = venue.world.order(key), 0
    venue.says(less("0.006"))
    assert (venue.position, venue.refused) == (600, 0)
    assert venue.covered(entry, "stop_loss") == 600
    assert venue.covered(entry, "take_profit") == (600 if target else 0)
    if venue.stops() and capabilities.replace and not capabilities.oco:
        assert venue.bare <= 400, "what stays was never without its stop"
    venue.wait()
    assert venue.position == 600


@everywhere
def test_what_finds_nobody_is_covered_again_and_tried_again(capabilities: Capabilities) -> None:
    venue, key = entered(capabilities, target=True)
    entry = venue.world.order(key)
    venue.liquidity.extend([100, 0])
    venue.says(less("0.006"))
    assert (venue.position, venue.covered(entry, "stop_loss")) == (900, 900)
    venue.wait()
    assert (venue.position, venue.covered(entry, "stop_loss")) == (900, 900)
    venue.wait()
    assert (venue.position, venue.covered(entry, "stop_loss")) == (600, 600)
    assert venue.covered(entry, "take_profit") == 600
    assert venue.refused == 0


@everywhere
@with_target
def test_all_of_it_is_sold_where_a_target_locks_the_balance_too(
    capabilities: Capabilities, legs: tuple[str, ...]
) -> None:
    venue, key = entered(capabilities, target="target" in legs)
    venue.says(want.flat(because=BECAUSE))
    venue.wait()
    assert (venue.position, venue.refused) == (0, 0)
    assert not venue.legs(venue.world.order(key), "stop_loss")
    assert not venue.orders


@everywhere
def test_a_stop_that_the_engine_keeps_goes_out_when_the_target_has_given_way(
    capabilities: Capabilities,
) -> None:
    venue, key = entered(capabilities, target=True)
    entry = venue.world.order(key)
    (stop,) = venue.legs(entry, "stop_loss")
    if not stop.held:
        return  # the venue sets it off itself
    venue.liquidity.append(300)
    venue.says(OrderSeq.none(because=BECAUSE), 9_790_00)
    assert (venue.position, venue.refused) == (0, 0), "what is left of it is set off again"
    assert not venue.orders


def test_a_want_that_is_taken_back_before_there_was_room_sells_nothing() -> None:
    venue, key = entered(CANCELS, target=False)
    venue.policy.answer = less("0.006")
    venue.take(venue.world.send(trade(10_000_00, 1)))  # the venue has not spoken of the cancel
    venue.policy.answer = less("0.01")
    venue.take(venue.world.send(trade(10_000_00, 1)))
    venue.settle()
    venue.wait()
    assert venue.position == 1000
    assert venue.covered(venue.world.order(key), "stop_loss") == 1000


def test_what_has_waited_goes_out_at_the_price_of_then() -> None:
    venue, _ = entered(CANCELS, target=False)
    venue.policy.answer = less("0.006")
    venue.take(venue.world.send(trade(10_000_00, 1)))
    venue.market(9_850_00, settle=False)
    venue.settle()
    (sold,) = [
        submit.order
        for submit in venue.world.outcomes
        if isinstance(submit, Submit) and submit.order.tif == "ioc"
    ]
    assert sold.limit_price is not None
    assert sold.limit_price < 9_850_00
    assert venue.position == 600


@given(
    st.sampled_from(sorted(ALL)),
    st.sampled_from([("stop",), ("stop", "target")]),
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=1, max_size=6),
)
def test_whatever_is_wanted_in_turn_is_reached_and_nothing_is_refused_or_left_bare(
    name: str, legs: tuple[str, ...], steps: list[tuple[int, int]]
) -> None:
    target = "target" in legs
    venue, key = entered(ALL[name], target=target)
    entry = venue.world.order(key)
    least = 1000
    for wanted, liquidity in steps:
        least = min(least, wanted * 100)
        venue.liquidity.append(liquidity * 100)
        venue.says(less(f"{least / 10**5:.5f}"))
        assert venue.covered(entry, "stop_loss") == venue.position
    for _ in range(len(steps) + 3):
        venue.wait()
    assert (venue.position, venue.refused) == (least, 0)
    assert venue.covered(entry, "stop_loss") == least
    assert venue.covered(entry, "take_profit") == (least if target else 0)
    assert not [text for text in venue.alerts if "no more" in text or "closed" in text]
    assert venue.world.state.ledger.net(venue.world.state.account, BTC_ID) == least
