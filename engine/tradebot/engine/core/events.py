"""Events in: everything the kernel is told, as frozen tagged structs.

Market events are the data room's own. The rest goes through the order lane and is journaled, so tags and field names
are never reused and new fields have defaults.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.hours import Hours
from tradebot.engine.core.outcomes import Legs
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.sleeve_terms import SleeveChange, SleeveStarted
from tradebot.engine.core.types import (
    MINUTE,
    AccountName,
    BetId,
    ClientOrderId,
    DifferenceAnswer,
    DifferenceId,
    EngineId,
    ExecutionId,
    FillSource,
    Liquidity,
    Lots,
    Marks,
    Mode,
    OrderType,
    Owner,
    RequestId,
    Side,
    StreamState,
    TerminalId,
    TimeInForce,
    VenueOrderId,
    WantOrders,
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


class OrderTriggered(OrderLaneEvent, frozen=True, kw_only=True, tag="order-triggered"):
    """A stop the venue holds has been set off."""

    client_order_id: ClientOrderId
    ts_event: int


class OrderReplaced(OrderLaneEvent, frozen=True, kw_only=True, tag="order-replaced"):
    """The venue has put the new order in the old one's place."""

    client_order_id: ClientOrderId
    """The new order."""
    replaced: ClientOrderId
    """The old one."""
    venue_order_id: VenueOrderId
    quantity: int
    """What the venue says the new order is for, in units: less than asked where the old one filled meanwhile."""
    ts_event: int


class ReplaceRejected(OrderLaneEvent, frozen=True, kw_only=True, tag="replace-rejected"):
    """The venue left the old order as it was, or had it no longer."""

    client_order_id: ClientOrderId
    """The new order, which never came to be."""
    replaced: ClientOrderId
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


class ExecutionBusted(OrderLaneEvent, frozen=True, kw_only=True, tag="execution-busted"):
    """The venue took an execution back: it is reversed, never edited."""

    execution_id: ExecutionId
    account: AccountName
    reason: str
    ts_event: int


class ExecutionCorrected(OrderLaneEvent, frozen=True, kw_only=True, tag="execution-corrected"):
    """The venue changed an execution: the old one is reversed, the new one booked under its own id."""

    execution_id: ExecutionId
    """The one that no longer holds."""
    corrected: OrderFilled
    """What holds instead, with an execution id of its own."""
    reason: str


class FeeCharged(OrderLaneEvent, frozen=True, kw_only=True, tag="fee-charged"):
    """A fee told apart from its fill, before or after it; `fee_id` deduplicates."""

    fee_id: str
    account: AccountName
    asset: str
    amount: Decimal
    """Paid when positive."""
    client_order_id: ClientOrderId | None = None
    execution_id: ExecutionId | None = None
    instrument: InstrumentId | None = None
    ts_event: int


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


class ReportedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order as the venue tells it, also one that another program placed."""

    client_order_id: ClientOrderId
    """The venue's own id where nobody gave one."""
    venue_order_id: VenueOrderId | None = None
    instrument: InstrumentId
    side: Side
    type: OrderType
    tif: TimeInForce = "gtc"
    quantity: int
    filled: int = 0
    limit_price: int | None = None
    trigger_price: int | None = None
    reduce_only: bool = False


class AccountReported(OrderLaneEvent, frozen=True, kw_only=True, tag="account-reported"):
    """What the venue says the account holds: compared with the ledger, never copied into it."""

    account: AccountName
    cash: dict[str, Decimal]
    positions: dict[InstrumentId, int]
    """Signed quantity in units, by instrument."""
    open_orders: tuple[ClientOrderId, ...]
    orders: tuple[ReportedOrder, ...] = ()
    """The same orders in full, where the venue tells them."""
    average_prices: dict[InstrumentId, Decimal] = {}
    """The venue's average price of each position, where it tells one."""
    fills_since: int = 0
    """Venue time of the oldest fill the venue still tells of, ns UTC; 0: all."""


class RateQuoted(OrderLaneEvent, frozen=True, kw_only=True, tag="rate-quoted"):
    """What one unit of an asset is worth in another, by a named source."""

    asset: str
    currency: str
    rate: Decimal
    source: str
    ts_event: int


# ---------------------------------------------------------------------------------------------------------- connection


class StreamChanged(OrderLaneEvent, frozen=True, kw_only=True, tag="stream-changed"):
    """An account's private stream came up, went down, or is connected and dead."""

    account: AccountName
    state: StreamState
    reason: str = ""


class ClockMeasured(OrderLaneEvent, frozen=True, kw_only=True, tag="clock-measured"):
    """How far the machine's clock is from a venue's."""

    account: AccountName
    offset: int
    """Machine minus venue, ns; positive: the machine is ahead."""
    error: int
    """Half the round trip, ns, >= 0: the offset is known to this."""


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
    trigger_price: int | None = None
    trail: int | None = None
    expires: int | None = None
    attended: bool = False
    terminal: TerminalId | None = None
    after: ClientOrderId | None = None
    """OTO: held until this order has filled."""
    oco: ClientOrderId | None = None
    """OCO: shares its fate with this open order."""
    legs: Legs | None = None


class AmendRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="amend-requested"):
    """Change an open order; what is None stays."""

    request_id: RequestId
    client_order_id: ClientOrderId
    quantity: int | None = None
    """What shall still be open afterwards, in units, > 0."""
    limit_price: int | None = None
    trigger_price: int | None = None
    trail: int | None = None


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


class StopRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="stop-requested"):
    """The process is to end: engine-held stops move to the broker, or the word is refused."""

    leave_unprotected: bool = False
    """End although a position would be left without its stop."""
    insist: bool = False
    """SIGTERM: the process ends in any case; what stays unprotected is told."""


class ReconcileRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="reconcile-requested"):
    """Ask the venues now."""

    account: AccountName | None = None


class DifferenceAnswerRequested(
    OrderLaneEvent, frozen=True, kw_only=True, tag="difference-answer-requested"
):
    """What an operator says of a difference: take it in, leave it be for a reason, or close it."""

    difference_id: DifferenceId
    answer: DifferenceAnswer
    owner: Owner | None = None
    """Who takes it in; None: `hand`."""
    reason: str


class ArmRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="arm-requested"):
    """A hand may add risk in LIVE, for a while."""

    terminal: TerminalId
    ttl: int
    """Nanoseconds, > 0."""
    idle: int
    """Nanoseconds without a word of that terminal after which it ends, > 0."""


class DisarmRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="disarm-requested"):
    """No hand may add risk in LIVE any more."""

    reason: str


class TerminalSeen(OrderLaneEvent, frozen=True, kw_only=True, tag="terminal-seen"):
    """A terminal that armed is still being used; told at most once a minute."""

    terminal: TerminalId


class TerminalGone(OrderLaneEvent, frozen=True, kw_only=True, tag="terminal-gone"):
    """A terminal has closed: its arming ends, its attended orders are cancelled."""

    terminal: TerminalId
    reason: str = ""


class MandateGiven(OrderLaneEvent, frozen=True, kw_only=True, tag="mandate-given"):
    """A person lets a sleeve at one version add risk in LIVE."""

    sleeve: Owner
    version: str
    account: AccountName
    capital: Decimal
    loss_budget: Decimal
    limits: dict[str, str] = {}
    expires: int


class MandateRevoked(OrderLaneEvent, frozen=True, kw_only=True, tag="mandate-revoked"):
    """A person takes a mandate back."""

    sleeve: Owner
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


class SleeveChanged(OrderLaneEvent, frozen=True, kw_only=True, tag="sleeve-changed"):
    """A sleeve runs on other terms from here on, or a new one begins; its code is in place already."""

    started: SleeveStarted
    what: SleeveChange
    memory: bytes | None = None
    """What it remembers from here on, as MessagePack of its policy's struct; `capital` and `limits` leave it be."""
    configured: SleeveStarted | None = None
    """What the configuration says of it where it was read anew; None: what was known of it before."""
    reason: str = ""


class SleeveStopRequested(OrderLaneEvent, frozen=True, kw_only=True, tag="sleeve-stop-requested"):
    """A sleeve is to be asked no more; its adding orders go."""

    sleeve: Owner
    reason: str
    exit: bool | None = None
    """Whether its positions are closed; None: as its `on_stop` says."""


# ------------------------------------------------------------------------------------------------------------- runtime


class AccountStarted(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is traded from this start on."""

    name: AccountName
    venue: str
    capabilities: Capabilities
    report_every: int = 0
    """Nanoseconds between two looks at the account, besides those that events ask for; 0: none."""
    taker_fee: Decimal = Decimal(0)
    """Share of notional that taking is expected to cost, for sizing; what a fill costs is what the venue says."""
    hours: tuple[Hours, ...] = ()
    """Sessions of what does not trade around the clock there; what is in none does."""


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
    """Minute of the zone's day at which the trading day begins."""
    zone_offsets: tuple[tuple[int, int], ...] = ()
    """The day's zone: (from instant, ns UTC; seconds east of UTC from then on), oldest first; empty: UTC."""
    accounts: tuple[AccountStarted, ...] = ()
    """Every account, the default one first; empty in journals of schema 1: `account` alone."""
    protect_at: Literal["broker", "any"] = "any"
    pegs: dict[str, str] = {}
    """Assets counted one to one as another: `{ USDT = "USD" }`."""
    rates: dict[str, str] = {}
    """What an asset is worth in `currency`: a fixed rate as decimal text, or the instrument whose mark it is."""
    lots: Lots = "fifo"
    objective: dict[str, str] = {}
    """`[objective]` as configured: utility, floor and target (`-10%` or `9000 USD`), since and deadline as days."""
    take_over: tuple[EngineId, ...] = ()
    """Engines whose open orders at our accounts are taken over instead of refusing the start."""
    resume: Literal["operator", "next-day"] = "operator"
    """Who lifts REDUCING after a day loss."""
    clock_offset_max: int = 0
    """Largest offset to a venue's clock that new risk is allowed with, ns; 0: not watched."""
    wants: WantOrders = "collar"
    """How a want is sent: a limit at the collar, or at the market."""
    marks: Marks = "mid"
    """What positions are valued at."""
    cash_buffer: Decimal = Decimal(0)
    """Share of a sleeve's equity that its wants leave in cash, in [0, 1)."""
    rate_stale_after: int = MINUTE
    """A mark that has not moved for longer is no rate any more, ns > 0."""
    wall: int = 0
    """System clock, ns UTC; never read by the kernel, left out of canonical exports."""


class PanicClosing(msgspec.Struct, frozen=True, kw_only=True):
    """An order by which `tradebot panic` closed a position."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    quantity: int
    """In units, > 0."""


class PanicNoted(OrderLaneEvent, frozen=True, kw_only=True, tag="panic-noted"):
    """While no engine ran, `tradebot panic` acted on an account; told once, right after the start."""

    account: AccountName
    at: int
    """The venue's time, ns UTC: orders made before it may have been ended by it."""
    when: str = ""
    """The machine's time, ISO 8601 UTC."""
    done: bool = True
    """Whether it came to its end; if not, this is what it had set out to do."""
    cancelled: tuple[ClientOrderId, ...] = ()
    closed: tuple[PanicClosing, ...] = ()
    failed: tuple[str, ...] = ()
    """What it could not do, each with its reason."""


class HistoryGiven(OrderLaneEvent, frozen=True, kw_only=True, tag="history-given"):
    """Bars of the past for those that sleeves need: so they are warm before their first decision."""

    instrument: InstrumentId
    span_ns: int
    """Which bars are warmed."""
    bars_span_ns: int
    """Length of the bars given, ns; it divides `span_ns`. One may stand for a longer one that ends where it does."""
    bars: tuple[tuple[int, int, int, int, int, int], ...]
    """(end, open, high, low, close, volume), oldest first; what has not ended by now is passed over."""
    source: str = ""
    """Where they come from, in words."""


class SleeveFailed(OrderLaneEvent, frozen=True, kw_only=True, tag="sleeve-failed"):
    """The runtime saw a policy break its bounds: an exception, too slow once, too slow often."""

    sleeve: Owner
    reason: str


type VenueEvent = (
    OrderAccepted
    | OrderRejected
    | OrderTriggered
    | OrderReplaced
    | ReplaceRejected
    | ExecutionBusted
    | ExecutionCorrected
    | FeeCharged
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
    | AmendRequested
    | CancelRequested
    | StopRequested
    | ReconcileRequested
    | DifferenceAnswerRequested
    | ArmRequested
    | DisarmRequested
    | TerminalSeen
    | TerminalGone
    | MandateGiven
    | MandateRevoked
    | FlattenRequested
    | HaltRequested
    | KillRequested
    | ResumeRequested
    | SleevePauseRequested
    | SleeveResumeRequested
    | SleeveChanged
    | SleeveStopRequested
)
"""What a person or script says."""

type ConnectionEvent = FeedChanged | StreamChanged | ClockMeasured | RateQuoted
"""What is known of the ways to venues and of rates."""

type OrderLane = (
    VenueEvent
    | ConnectionEvent
    | TimerFired
    | OperatorEvent
    | EngineStarted
    | PanicNoted
    | SleeveFailed
    | HistoryGiven
)
"""All that is journaled on its way in."""

type Event = OrderLane | AnyMarketEvent
"""All the kernel may be handed."""
