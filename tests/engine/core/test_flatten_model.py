"""A flatten against a small model of a venue, through every interleaving of what it may answer.

The model holds orders and a position of its own; effects travel to it and answers back, each kept in order, and at each
turn the search tries all that may come next: the venue takes an effect (and accepts, rejects, fills in part, fills, or
is silent about it), a resting stop fills, the engine hears the next answer, or time goes on. After each of the
engine's steps the position is closed, or open orders on its closing side cover all of it.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    START,
    World,
    fill_of,
    of_type,
    started,
)

from tradebot.engine.core.accounts import NATIVE_CAPABILITIES
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AccountStarted,
    CancelRejected,
    EngineStarted,
    FlattenRequested,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderLane,
    OrderRejected,
    OrderReported,
    SubmitUnknown,
    TimerFired,
)
from tradebot.engine.core.orders import TERMINAL
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    Cancel,
    FlattenEnded,
    OrderIntent,
    QueryOrder,
    Submit,
)
from tradebot.engine.core.types import MS, ClientOrderId, VenueOrderId, sign

HELD = 1000

KEEPS_REDUCE_ONLY = Capabilities(
    order_types=("limit", "market"),
    times_in_force=("gtc", "ioc", "fok"),
    post_only=True,
    reduce_only=True,
)

LOCKS = msgspec.structs.replace(KEEPS_REDUCE_ONLY, locks_balance=True)


def start_with(capabilities: Capabilities) -> EngineStarted:
    account = AccountStarted(name=ACCOUNT, venue="model", capabilities=capabilities)
    return msgspec.structs.replace(started(), accounts=(account,))


class Answer(NamedTuple):
    """One of the things a venue may do next."""

    what: str
    adverse: int
    """How much of the search's budget of bad luck it costs."""


class Model:
    """A world that flattens, a venue with its own orders and position, and what travels between them."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.world = World(start=start_with(capabilities))
        self.world.market()
        self.world.hold(HELD)
        stop = self.world.place("sell", HELD, limit=9_600_00, reduce_only=True)
        self.position = HELD
        self.resting: dict[ClientOrderId, tuple[OrderIntent, int]] = {
            stop.intent.client_order_id: (stop.intent, HELD)
        }
        self.gone: dict[ClientOrderId, str] = {}
        self.late: OrderIntent | None = None
        """A cancelled order that still owes a fill."""
        self.out: deque[AnyOutcome] = deque()
        self.back: deque[OrderLane] = deque()
        self.spent = 0
        self.refused = {"stop": 0, "close": 0, "piece": 0}
        """Orders the venue did not take, by kind; `piece`: closing orders that did not close."""
        self.take(self.world.send(FlattenRequested(instrument=BTC_ID)))

    def take(self, outcomes: Iterable[AnyOutcome]) -> None:
        self.out.extend(o for o in outcomes if isinstance(o, Submit | Cancel | QueryOrder))

    # -------------------------------------------------------------------- what may come next

    def choices(self) -> list[Answer]:
        found: list[Answer] = []
        if self.out:
            effect = self.out[0]
            found += self._ways(effect)
        if self.back:
            found.append(Answer("hear", 0))
        found += [Answer("stop-fills", 1)] if self.resting else []
        found += [Answer("late-fill", 0)] if self.late is not None else []
        if not self.out and not self.back and self.world.state.timers:
            found.append(Answer("time", 0))
        return found

    def _ways(self, effect: AnyOutcome) -> list[Answer]:
        if isinstance(effect, QueryOrder):
            return [Answer("report", 0)]
        if isinstance(effect, Cancel):
            ways = [Answer("cancel", 0)]
            if effect.client_order_id in self.resting:
                ways += [Answer("cancel-refused", 1), Answer("cancel-then-fill", 1)]
            return ways
        if isinstance(effect, Submit) and effect.order.tif == "gtc":
            return [Answer("accept", 0), Answer("reject", 1), Answer("lost", 1)]
        return [
            Answer("fill", 0),
            Answer("part", 1),
            Answer("none", 1),
            Answer("reject", 1),
            Answer("lost", 1),
            Answer("fill-unheard", 1),
        ]

    # -------------------------------------------------------------------- making it happen

    def happen(self, answer: Answer) -> None:
        self.spent += answer.adverse
        match answer.what:
            case "hear":
                self.take(self.world.send(self.back.popleft()))
            case "time":
                at, name = min((due, name) for name, due in self.world.state.timers.items())
                fired = TimerFired(timer_id=name, due=at)
                self.take(self.world.send(fired, after=max(at - self.world.now, MS)))
            case "stop-fills":
                order, left = next(iter(self.resting.values()))
                self._fill(order, left)
            case "late-fill":
                assert self.late is not None
                order, self.late = self.late, None
                self._trade(order, 200)
            case what:
                self._effect(what, self.out.popleft())

    def _effect(self, what: str, effect: AnyOutcome) -> None:
        match effect:
            case QueryOrder():
                self._report(effect.client_order_id)
            case Cancel():
                self._cancel(what, effect.client_order_id)
            case Submit():
                self._submit(what, effect.order)
            case _:
                raise AssertionError(effect)

    def _report(self, key: ClientOrderId) -> None:
        self.back.append(
            OrderReported(
                client_order_id=key,
                found=key in self.resting or key in self.gone,
                state="working" if key in self.resting else self.gone.get(key, ""),  # pyright: ignore[reportArgumentType]
            )
        )

    def _cancel(self, what: str, key: ClientOrderId) -> None:
        if what == "cancel-refused" or key not in self.resting:
            self.back.append(CancelRejected(client_order_id=key, reason="busy", ts_event=0))
            return
        order, _ = self.resting.pop(key)
        self.gone[key] = "cancelled"
        self.back.append(OrderCancelled(client_order_id=key, reason="", ts_event=0))
        if what == "cancel-then-fill":
            self.late = order

    def _submit(self, what: str, order: OrderIntent) -> None:
        key = order.client_order_id
        self.refused["piece"] += what in {"reject", "lost", "part", "none"}
        if what in {"reject", "lost"}:
            self.refused["stop" if order.tif == "gtc" else "close"] += 1
            rejected = OrderRejected(client_order_id=key, reason="no", ts_event=0)
            lost = SubmitUnknown(client_order_id=key, reason="timeout")
            self.gone |= {key: "rejected"} if what == "reject" else {}
            self.back.append(rejected if what == "reject" else lost)
            return
        self.resting[key] = (order, order.quantity)
        if what == "fill-unheard":
            self.back.append(SubmitUnknown(client_order_id=key, reason="timeout"))
        else:
            accepted = OrderAccepted(
                client_order_id=key, venue_order_id=VenueOrderId(f"v{key}"), ts_event=0
            )
            self.back.append(accepted)
        if order.tif == "gtc":
            return
        found = {"fill": order.quantity, "fill-unheard": order.quantity, "part": 400}.get(what, 0)
        found = self._allowed(order, min(found, order.quantity))
        if found:
            self._fill(order, found)
        if key in self.resting:
            del self.resting[key]
            self.gone[key] = "expired"
            self.back.append(OrderExpired(client_order_id=key, reason="", ts_event=0))

    def _allowed(self, order: OrderIntent, quantity: int) -> int:
        """Return what a venue that keeps reduce-only orders lets trade."""
        if not self.capabilities.reduce_only:
            return quantity
        room = max(-sign(order.side) * self.position, 0)
        return min(quantity, room)

    def _fill(self, order: OrderIntent, quantity: int) -> None:
        key = order.client_order_id
        _, left = self.resting[key]
        quantity = self._allowed(order, min(quantity, left))
        if quantity:
            self._trade(order, quantity)
        if quantity == left:
            del self.resting[key]
            self.gone[key] = "filled"
        elif order.tif == "gtc":
            # What is left could only turn the position: the venue ends it.
            del self.resting[key]
            self.gone[key] = "cancelled"
            self.back.append(OrderCancelled(client_order_id=key, reason="reduce", ts_event=0))
        else:
            self.resting[key] = (order, left - quantity)

    def _trade(self, order: OrderIntent, quantity: int) -> None:
        quantity = self._allowed(order, quantity)
        if not quantity:
            return
        self.position += sign(order.side) * quantity
        self.back.append(fill_of(order, quantity, 9_990_00, self.world.execution(), ts=START))

    # -------------------------------------------------------------------- what must hold

    def check(self) -> None:
        net = self.world.net()
        if net == 0:
            return
        side = "sell" if net > 0 else "buy"
        covered = sum(o.leaves for o in self.world.state.blotter.open() if o.intent.side == side)
        # Where the venue takes neither stop nor closing order nothing can be done but to try again. And a position
        # that a late fill turned never had a stop that could be put back while the next piece is waited out.
        turned = net < 0 and self.refused["piece"]
        if not (self.refused["stop"] and self.refused["close"]) and not turned:
            assert covered >= abs(net), f"{net} held, {covered} covered"

    def settled(self) -> bool:
        return not self.out and not self.back and not self.world.state.flattening

    def key(self) -> object:
        """Return what decides the future, ids and instants told by their order."""
        blotter = list(self.world.state.blotter)
        names = {o.intent.client_order_id: index for index, o in enumerate(blotter)}
        shown = [
            (o.state, o.intent.quantity, o.filled, o.intent.tif, o.absent)
            for o in blotter
            if o.is_open or o.intent.client_order_id in self.resting
        ]
        progress = self.world.state.flattening.get((ACCOUNT, BTC_ID))
        waits = None
        if progress is not None:
            waits = (
                progress.pieces,
                max(progress.next_piece - self.world.now, 0) > 0,
                len(progress.removed),
            )
        return (
            self.position,
            self.world.net(),
            tuple(shown),
            tuple((names.get(k), left) for k, (_, left) in self.resting.items()),
            tuple(_named(e, names) for e in self.out),
            tuple(_named(e, names) for e in self.back),
            self.late is not None,
            self.spent,
            tuple(self.refused.values()),
            waits,
        )


def _named(message: AnyOutcome | OrderLane, names: dict[ClientOrderId, int]) -> object:
    order = getattr(message, "order", message)
    key: ClientOrderId | None = getattr(order, "client_order_id", None)
    index = None if key is None else names.get(key)
    return (type(message).__name__, index, getattr(message, "quantity", 0))


def replayed(capabilities: Capabilities, path: list[Answer]) -> Model:
    model = Model(capabilities)
    for answer in path:
        model.happen(answer)
    return model


def walk(capabilities: Capabilities, budget: int, depth: int) -> tuple[int, int]:
    """Try everything; return how many states were seen and how many ended."""
    seen: set[object] = set()
    ended = 0
    paths: list[list[Answer]] = [[]]
    while paths:
        path = paths.pop()
        model = replayed(capabilities, path)
        try:
            model.check()
        except AssertionError as error:
            raise AssertionError(f"{error}; by way of {[a.what for a in path]}") from error
        if model.settled():
            ended += 1
            finished(model, path)
            continue
        key = model.key()
        if key in seen or len(path) >= depth:
            continue
        seen.add(key)
        paths += [[*path, a] for a in model.choices() if model.spent + a.adverse <= budget]
    return len(seen), ended


def finished(model: Model, path: list[Answer]) -> None:
    """A flatten that has ended is flat, or has told what is left of it and left that with a stop."""
    told = of_type(model.world.outcomes, FlattenEnded)
    assert told, path
    if model.late is None and not any(model.resting.values()):
        assert model.world.net() == model.position == told[-1].rest, [a.what for a in path]
    assert all(o.state in TERMINAL or o.intent.reduce_only for o in model.world.state.blotter), path


@pytest.mark.parametrize(
    "capabilities",
    [NATIVE_CAPABILITIES, LOCKS, KEEPS_REDUCE_ONLY],
    ids=["plain", "locks the balance", "keeps reduce-only"],
)
def test_no_interleaving_leaves_a_position_with_neither_stop_nor_closing_order(
    capabilities: Capabilities,
) -> None:
    states, ended = walk(capabilities, budget=2, depth=24)
    assert states > 100
    assert ended > 20
