"""Outcomes of a step: effects for the world, and facts the kernel must remember.

Both are journaled under the seq of the event that caused them, applied to the kernel's own state as they are made, and
applied again at recovery: what a market event led to is therefore never lost, though market events are not recovered.
"""

from typing import Literal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.types import (
    AccountName,
    BetId,
    ClientOrderId,
    EngineId,
    ExecutionId,
    LivesAt,
    OrderType,
    Owner,
    RequestId,
    Side,
    TimeInForce,
    TradingState,
)


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An order as decided, before any venue has seen it."""

    client_order_id: ClientOrderId
    request_id: RequestId | None
    bet_id: BetId
    account: AccountName
    instrument: InstrumentId
    owner: Owner
    policy_version: str | None
    side: Side
    type: OrderType
    tif: TimeInForce
    quantity: int
    limit_price: int | None
    post_only: bool
    reduce_only: bool
    because: Because | None
    edge: Edge | None
    lives_at: LivesAt
    created: int
    """The engine's time, ns UTC."""
    engine_id: EngineId = EngineId("")
    """Which engine decided it."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """Root of all that a step leads to."""


# ------------------------------------------------------------------------------------------------------------- effects


class Submit(Outcome, frozen=True, kw_only=True, tag="submit"):
    """Send a new order; only the risk gate makes one (see `risk.RiskApproved`)."""

    order: OrderIntent


class Cancel(Outcome, frozen=True, kw_only=True, tag="cancel"):
    """Ask the venue to take an order out."""

    client_order_id: ClientOrderId
    account: AccountName
    because: Because


class QueryOrder(Outcome, frozen=True, kw_only=True, tag="query-order"):
    """Ask the venue what it knows of one order."""

    client_order_id: ClientOrderId
    account: AccountName


class QueryAccount(Outcome, frozen=True, kw_only=True, tag="query-account"):
    """Ask the venue for fills, open orders, positions and cash."""

    account: AccountName
    since: int = 0
    """Venue time of the newest fill known, ns UTC: fills from there on are wanted."""


class SetTimer(Outcome, frozen=True, kw_only=True, tag="set-timer"):
    """Wake the kernel at an instant."""

    timer_id: str
    due: int


class Alert(Outcome, frozen=True, kw_only=True, tag="alert"):
    """Tell a person."""

    level: Literal["info", "warn", "error"]
    text: str


# --------------------------------------------------------------------------------------------------------------- facts


class OrderDenied(Outcome, frozen=True, kw_only=True, tag="order-denied"):
    """The gate refused an order; it never left the engine."""

    order: OrderIntent
    code: str
    text: str


class FillBooked(Outcome, frozen=True, kw_only=True, tag="fill-booked"):
    """A fill as it was booked: whose it is and why, which the venue cannot say."""

    execution_id: ExecutionId
    client_order_id: ClientOrderId
    engine_id: EngineId
    account: AccountName
    owner: Owner
    policy_version: str | None
    bet_id: BetId | None
    """None for a fill of an order that is not ours."""
    because: Because | None
    edge: Edge | None
    lives_at: LivesAt | None
    """Where its order stood; None for a fill of an order that is not ours."""


class TradingStateChanged(Outcome, frozen=True, kw_only=True, tag="trading-state-changed"):
    """What the engine lets through changed."""

    state: TradingState
    reason: str


class EquityMarked(Outcome, frozen=True, kw_only=True, tag="equity-marked"):
    """The figures a restart must not forget, in the engine's currency as decimal text."""

    day: int
    """Which trading day, counted in days since the epoch at the day boundary."""
    day_start: str
    peak: str
    loss_from: str = ""
    """What day loss is measured from since an operator lifted it; empty: the day's start."""
    drawdown_from: str = ""
    """What drawdown is measured from since an operator lifted it; empty: the peak."""


class FlattenStarted(Outcome, frozen=True, kw_only=True, tag="flatten-started"):
    """An instrument's position is being closed, until it is flat or told otherwise."""

    instrument: InstrumentId


class FlattenEnded(Outcome, frozen=True, kw_only=True, tag="flatten-ended"):
    """A flatten is over: nothing is left, or what could not be closed is told."""

    instrument: InstrumentId
    rest: int
    """Signed quantity still held, in units."""
    reason: str


class Decided(Outcome, frozen=True, kw_only=True, tag="decided"):
    """A sleeve decided something that changes something, or changed its reason."""

    sleeve: Owner
    version: str
    because: Because
    actions: int
    """Orders and cancels in the decision."""
    repeated: int = 0
    """How often the reason before this one had come again without change."""


class SleeveStateSaved(Outcome, frozen=True, kw_only=True, tag="sleeve-state-saved"):
    """A policy's memory after a step with effects, as MessagePack of its own struct."""

    sleeve: Owner
    state: bytes


class SleevePaused(Outcome, frozen=True, kw_only=True, tag="sleeve-paused"):
    """A sleeve may no longer add risk."""

    sleeve: Owner
    reason: str
    failed: bool = False


class SleeveResumed(Outcome, frozen=True, kw_only=True, tag="sleeve-resumed"):
    """A sleeve may add risk again."""

    sleeve: Owner
    reason: str


type Effect = Submit | Cancel | QueryOrder | QueryAccount | SetTimer | Alert
"""What the world is asked to do."""

type Fact = (
    OrderDenied
    | FillBooked
    | TradingStateChanged
    | EquityMarked
    | FlattenStarted
    | FlattenEnded
    | Decided
    | SleeveStateSaved
    | SleevePaused
    | SleeveResumed
)
"""What the kernel must remember."""

type AnyOutcome = Effect | Fact
"""Everything a step may lead to."""
