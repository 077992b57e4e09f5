"""Events in: everything the kernel is told, as frozen tagged structs.

Market events are the data room's own. The rest goes through the order lane and is journaled, so tags and field names
are never reused and new fields have defaults.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.types import (
    AccountName,
    BetId,
    ClientOrderId,
    ExecutionId,
    FillSource,
    Liquidity,
    Mode,
    OrderType,
    Owner,
    RequestId,
    Side,
    TimeInForce,
    VenueOrderId,
)


class OrderLaneEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """Root of all that is journaled on its way in."""


# --------------------------------------------------------------------------------------------------------------- venue


class OrderAccepted(OrderLaneEvent, frozen=True, kw_only=True, tag="order-accepted"):
    """The venue holds the order."""

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    ts_event: int


class OrderRejected(OrderLaneEvent, frozen=True, kw_only=True, tag="order-rejected"):
    """The venue refused the order."""

    client_order_id: ClientOrderId
    reason: str
    ts_event: int


class SubmitUnknown(OrderLaneEvent, frozen=True, kw_only=True, tag="submit-unknown"):
    """Nobody knows whether the venue has the order: a timeout, a 5xx, a dropped socket, a crash."""

    client_order_id: ClientOrderId
    reason: str


class OrderFilled(OrderLaneEvent, frozen=True, kw_only=True, tag="order-filled"):
    """One execution."""

    execution_id: ExecutionId
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    account: AccountName
    instrument: InstrumentId
    side: Side
    quantity: int
    """In the instrument's quantity units, > 0."""
    price: int
    """In the instrument's price units."""
    fee: Decimal
    """Paid when positive, in `fee_currency`."""
    fee_currency: str
    liquidity: Liquidity
    source: FillSource
    ts_event: int
    ts_recv: int


class OrderCancelled(OrderLaneEvent, frozen=True, kw_only=True, tag="order-cancelled"):
    """The venue took the order out, at our word or its own."""

    client_order_id: ClientOrderId
    reason: str
    ts_event: int


class OrderExpired(OrderLaneEvent, frozen=True, kw_only=True, tag="order-expired"):
    """What was left of the order ended by its own terms (IOC, FOK, no liquidity)."""

    client_order_id: ClientOrderId
    reason: str
    ts_event: int


class CancelRejected(OrderLaneEvent, frozen=True, kw_only=True, tag="cancel-rejected"):
    """The venue did not cancel: the order was gone, or it would not."""

    client_order_id: ClientOrderId
    reason: str
    ts_event: int


class OrderReported(OrderLaneEvent, frozen=True, kw_only=True, tag="order-reported"):
    """The venue's answer when asked for one order."""

    client_order_id: ClientOrderId
    found: bool
    venue_order_id: VenueOrderId | None = None
    state: Literal["working", "filled", "cancelled", "rejected", "expired", ""] = ""
    filled: int = 0
    """Cumulative quantity, in units."""
    reason: str = ""


class CashMoved(OrderLaneEvent, frozen=True, kw_only=True, tag="cash-moved"):
    """A deposit, withdrawal or other movement that is not a trade; `movement_id` deduplicates."""

    movement_id: str
    account: AccountName
    asset: str
    amount: Decimal
    why: Literal["deposit", "withdrawal", "interest", "dividend", "funding", "tax", "correction"]
    ts_event: int


class AccountReported(OrderLaneEvent, frozen=True, kw_only=True, tag="account-reported"):
    """What the venue says the account holds: compared with the ledger, never copied into it."""

    account: AccountName
    cash: dict[str, Decimal]
    positions: dict[InstrumentId, int]
    """Signed quantity in units, by instrument."""
    open_orders: tuple[ClientOrderId, ...]


# ---------------------------------------------------------------------------------------------------------- connection


class FeedChanged(OrderLaneEvent, frozen=True, kw_only=True, tag="feed-changed"):
    """A market feed came up, went down, or its recording ended."""

    instrument: InstrumentId
    state: Literal["up", "down", "ended"]
    reason: str = ""


# --------------------------------------------------------------------------------------------------------------- timer


class TimerFired(OrderLaneEvent, frozen=True, kw_only=True, tag="timer-fired"):
    """A timer the kernel had set is due."""

    timer_id: str
    due: int


# ------------------------------------------------------------------------------------------------------------ operator


class PlaceOrder(OrderLaneEvent, frozen=True, kw_only=True, tag="place-order"):
    """A person's or script's order, parsed into units; the gate has not seen it yet."""

    request_id: RequestId
    account: AccountName
    instrument: InstrumentId
    side: Side
    type: OrderType
    tif: TimeInForce
    quantity: int
    limit_price: int | None
    post_only: bool = False
    reduce_only: bool = False
    because: Because | None = None
    edge: Edge | None = None
    bet_id: BetId | None = None


class CancelRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="cancel-requested"):
    """Cancel one order, or all (of an instrument, of a side)."""

    client_order_id: ClientOrderId | None = None
    instrument: InstrumentId | None = None
    side: Side | None = None


class FlattenRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="flatten-requested"):
    """Close the account's net position, in one instrument or in all."""

    instrument: InstrumentId | None = None


class HaltRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="halt-requested"):
    """Let through only what shrinks a position (REDUCING)."""

    reason: str


class KillRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="kill-requested"):
    """Let through only cancels, protective orders and flatten (HALTED)."""

    reason: str = "operator kill"


class ResumeRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="resume-requested"):
    """Lift REDUCING or HALTED, with a reason."""

    reason: str


class SleevePauseRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="sleeve-pause-requested"):
    """Stop a sleeve from adding risk."""

    sleeve: Owner
    reason: str


class SleeveResumeRequested(
    OrderLaneEvent, frozen=True, kw_only=True, tag="sleeve-resume-requested"
):
    """Let a paused sleeve add risk again."""

    sleeve: Owner
    reason: str


# ------------------------------------------------------------------------------------------------------------- runtime


class SleeveStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A sleeve as it runs from this start on."""

    name: Owner
    policy: str
    """Where the code is: `trend.py:Trend` or `package.module:Class`."""
    version: str
    """sha256 over source, parameters and needs, first 12 hex digits."""
    account: AccountName
    symbols: tuple[InstrumentId, ...]
    capital: Decimal
    """In the engine's currency."""
    params: dict[str, str | int | float | bool]


class EngineStarted(OrderLaneEvent, frozen=True, kw_only=True, tag="engine-started"):
    """A new process took over the state folder: market state is gone, unanswered orders are unknown."""

    schema: int
    version: str
    mode: Mode
    market: str
    currency: str
    account: AccountName
    instruments: tuple[Instrument, ...]
    sleeves: tuple[SleeveStarted, ...]
    limits: dict[str, str]
    """The effective limits by name, as text; read back by the risk gate."""
    seed: int = 0
    """Of the policies' generators."""
    day_starts_minute: int = 0
    """Minute of the UTC day at which the trading day begins."""
    wall: int = 0
    """System clock, ns UTC; never read by the kernel, left out of canonical exports."""


class SleeveFailed(OrderLaneEvent, frozen=True, kw_only=True, tag="sleeve-failed"):
    """The runtime saw a policy break its bounds: an exception, too slow once, too slow often."""

    sleeve: Owner
    reason: str


type VenueEvent = (
    OrderAccepted
    | OrderRejected
    | SubmitUnknown
    | OrderFilled
    | OrderCancelled
    | OrderExpired
    | CancelRejected
    | OrderReported
    | CashMoved
    | AccountReported
)
"""What a venue says."""

type OperatorEvent = (
    PlaceOrder
    | CancelRequested
    | FlattenRequested
    | HaltRequested
    | KillRequested
    | ResumeRequested
    | SleevePauseRequested
    | SleeveResumeRequested
)
"""What a person or script says."""

type OrderLane = (
    VenueEvent | FeedChanged | TimerFired | OperatorEvent | EngineStarted | SleeveFailed
)
"""All that is journaled on its way in."""

type Event = OrderLane | AnyMarketEvent
"""All the kernel may be handed."""
