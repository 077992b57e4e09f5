"""Outcomes of a step: effects for the world, and facts the kernel must remember.

Both are journaled under the seq of the event that caused them, applied to the kernel's own state as they are made, and
applied again at recovery: what a market event led to is therefore never lost, though market events are not recovered.
"""

from typing import Literal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.sleeve_terms import SleeveChange, SleeveStarted
from tradebot.engine.core.types import (
    AccountName,
    BetId,
    ClientOrderId,
    DifferenceAnswer,
    DifferenceId,
    EngineId,
    ExecutionId,
    LivesAt,
    OrderRole,
    OrderType,
    Owner,
    RequestId,
    Side,
    TerminalId,
    TimeInForce,
    TradingState,
    VenueOrderId,
)


class Legs(msgspec.Struct, frozen=True, kw_only=True):
    """What is to protect an entry as it fills: each leg covers what has filled, and only that."""

    stop_loss: int | None = None
    """Trigger of the protective stop, in price units."""
    take_profit: int | None = None
    """Limit of the target, in price units."""
    trail: int | None = None
    """Distance at which the protective stop follows the best price, in price units, > 0."""


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
    trigger_price: int | None = None
    """Of a stop, in price units; of a trailing stop where it stood when written."""
    trail: int | None = None
    """Distance of a trailing stop from the best price seen, in price units, > 0."""
    expires: int | None = None
    """When a GTD or DAY order ends, ns UTC."""
    attended: bool = False
    """Whether the order is cancelled when the hand that placed it is gone."""
    terminal: TerminalId | None = None
    """Where the hand was, of an attended order."""
    replaces: ClientOrderId | None = None
    """The order this one takes the place of."""
    parent: ClientOrderId | None = None
    """The order whose fills this one waits for or protects."""
    oco: ClientOrderId | None = None
    """The order this one shares its fate with: what fills of one is taken from the other."""
    role: OrderRole = ""
    legs: Legs | None = None
    """Protection asked for with an entry."""
    group: ClientOrderId | None = None
    """Of orders decided in one step that the venue holds as one: the first one's id. If one trades it ends the rest."""


type PauseCause = Literal["", "day-loss", "drawdown", "stop"]
"""What paused a sleeve: a limit of its own, the end of the process; empty: a person, or its policy."""


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


class Replace(Outcome, frozen=True, kw_only=True, tag="replace"):
    """Ask the venue to put a new order in the place of a standing one; only the risk gate makes one."""

    order: OrderIntent
    """The new order; its `replaces` names the old one."""
    known_filled: int
    """What the engine knew to be filled of the old order, in units: more than that is taken off the new quantity."""


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


class BetSettled(Outcome, frozen=True, kw_only=True, tag="bet-settled"):
    """A bet is over: its owner is flat in its instrument, or has turned.

    The same bet told again takes the place of what was told before: a fee came late, an execution was taken back.
    """

    bet_id: BetId
    account: AccountName
    instrument: InstrumentId
    owner: Owner
    version: str | None
    """Of the policy at entry."""
    side: Side
    """Of the entry: `buy` is a long."""
    tag: str
    """Which kind of bet: the code of the reason at entry, of a hand's order its note."""
    opened: int
    closed: int
    """The engine's time, ns UTC."""
    quantity: int
    """Most that was held, in units."""
    currency: str
    """Of the money below: the instrument's."""
    risk: str | None
    """What was to be lost at the stop, fees of both ways in; None: no stop covered all of it at entry."""
    result: str
    """What the ledger says it brought, fees in, to the last digit: over all bets these sum up to its profit."""
    elsewhere: str | None = "0"
    """Fees paid in other assets, at the rates when it settled; None: one of them could not be valued."""
    r: str | None
    """(result - elsewhere) / risk, six decimals."""
    edge: Edge | None = None
    """The belief at entry; the record's own where that was named."""
    pays: str | None = None
    """What it was to win for each unit risked, fees in; None without a target."""
    promised: str | None = None
    """Mean result that the edge promised, in R; None where nothing was promised."""
    spread: str | None = None
    """Standard deviation of the same; None where the edge does not say."""
    rate: str = ""
    """What one unit of `currency` was worth in the engine's when it settled; empty: not known."""


class OrderHeld(Outcome, frozen=True, kw_only=True, tag="order-held"):
    """The engine keeps an order itself: a stop the venue does not know, a child that waits for its parent.

    Sent later it goes out as `Submit` under the same id.
    """

    order: OrderIntent
    waits_for: ClientOrderId | None = None
    """The working order it would trade against; None: it waits for something else."""


class HeldEnded(Outcome, frozen=True, kw_only=True, tag="held-ended"):
    """An order the engine kept has ended without having been sent."""

    client_order_id: ClientOrderId
    state: Literal["cancelled", "expired"]
    reason: str


class HeldQuantityChanged(Outcome, frozen=True, kw_only=True, tag="held-quantity-changed"):
    """An order the engine keeps now covers another quantity: its parent filled on, or its sibling did."""

    client_order_id: ClientOrderId
    quantity: int


class StopMoved(Outcome, frozen=True, kw_only=True, tag="stop-moved"):
    """A trailing stop the engine keeps has followed the price."""

    client_order_id: ClientOrderId
    trigger_price: int


class OrderFound(Outcome, frozen=True, kw_only=True, tag="order-found"):
    """An open order at the venue that this engine did not place: `unclaimed` until adopted."""

    order: OrderIntent
    venue_order_id: VenueOrderId | None
    filled: int


class OrderAdopted(Outcome, frozen=True, kw_only=True, tag="order-adopted"):
    """An unclaimed order belongs to somebody from now on."""

    client_order_id: ClientOrderId
    owner: Owner


class PositionAdopted(Outcome, frozen=True, kw_only=True, tag="position-adopted"):
    """A position, or the part of it the ledger did not know, is taken into the books of an owner.

    From the venue where `origin` is None (older than the fill window, or a transfer), else from another owner's books.
    """

    account: AccountName
    instrument: InstrumentId
    owner: Owner
    origin: Owner | None
    quantity: int
    """Signed, in units."""
    cost: str
    """Total paid for it in the quote currency, signed as the quantity, as decimal text: quantity x average price."""


class CashAdopted(Outcome, frozen=True, kw_only=True, tag="cash-adopted"):
    """Cash the venue has and the ledger did not know is taken in, as a correction."""

    account: AccountName
    asset: str
    amount: str
    """Signed, as decimal text."""
    reason: str


class DifferenceAnswered(Outcome, frozen=True, kw_only=True, tag="difference-answered"):
    """An operator has said what a difference is: it no longer holds the engine."""

    difference_id: DifferenceId
    answer: DifferenceAnswer
    reason: str
    ours: str
    theirs: str
    """Both sides as text when it was answered: an ignored difference that changes is a new one."""


class StartRefused(Outcome, frozen=True, kw_only=True, tag="start-refused"):
    """The engine must not run on this account; the runtime ends with this text."""

    reason: str


class ArmingChanged(Outcome, frozen=True, kw_only=True, tag="arming-changed"):
    """Hands may add risk in LIVE until an instant, or no more (until = 0)."""

    terminal: TerminalId
    until: int
    idle: int
    """Nanoseconds without a word of that terminal after which it ends."""
    reason: str


class MandateRecorded(Outcome, frozen=True, kw_only=True, tag="mandate-recorded"):
    """A sleeve at one version may add risk in LIVE within these bounds."""

    sleeve: Owner
    version: str
    account: AccountName
    capital: str
    loss_budget: str
    """Loss in the engine's currency at which it ends, as decimal text."""
    limits: dict[str, str]
    expires: int
    base: str = "0"
    """The sleeve's profit when it began, in the engine's currency: losses count from there."""
    own_limits: dict[str, str] = {}
    """The sleeve's own limits when it began: wider ones end it."""


class MandateEnded(Outcome, frozen=True, kw_only=True, tag="mandate-ended"):
    """A sleeve's mandate is void."""

    sleeve: Owner
    reason: str


class LimitsChanged(Outcome, frozen=True, kw_only=True, tag="limits-changed"):
    """Other limits are in force from now on."""

    limits: dict[str, str]
    reason: str


class TradingStateChanged(Outcome, frozen=True, kw_only=True, tag="trading-state-changed"):
    """What the engine lets through changed."""

    state: TradingState
    reason: str
    cause: Literal["", "day-loss"] = ""
    """What pulled it where that decides who lifts it; empty: an operator."""


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
    opened: str = ""
    """Equity at the day's start as it was; `day_start` and the others are scaled by each flow since."""
    flows: str = "0"
    """What came in (positive) and went out since the day's start."""
    game: str = ""
    """The capital the objective is measured from, scaled by each flow; empty: no game has begun."""


class GameBegun(Outcome, frozen=True, kw_only=True, tag="game-begun"):
    """Floor and target of the objective are measured from this equity."""

    since: str
    """Of the objective: another one there begins another game."""
    base: str
    """In the engine's currency, as decimal text."""


class FlattenStarted(Outcome, frozen=True, kw_only=True, tag="flatten-started"):
    """An instrument's position is being closed, until it is flat or told otherwise."""

    instrument: InstrumentId
    account: AccountName = AccountName("")
    """Empty in journals of schema 1: the default account."""


class FlattenEnded(Outcome, frozen=True, kw_only=True, tag="flatten-ended"):
    """A flatten is over: nothing is left, or what could not be closed is told."""

    instrument: InstrumentId
    rest: int
    """Signed quantity still held, in units."""
    reason: str
    account: AccountName = AccountName("")
    """Empty in journals of schema 1: the default account."""


class Decided(Outcome, frozen=True, kw_only=True, tag="decided"):
    """A sleeve decided something that changes something, or changed its reason."""

    sleeve: Owner
    version: str
    because: Because
    actions: int
    """Orders and cancels in the decision."""
    repeated: int = 0
    """How often the reason before this one had come again without change."""
    did: tuple[str, ...] = ()
    """One short word per action: `BUY 0.050 BTC/USD`, `cancel`, `hold`; a refused order ends in ` refused`."""
    symbol: str = ""
    """What it was about; of several, with commas between, and so the next three."""
    wanted: str = ""
    """Signed quantity wanted, as decimal text; empty where the policy wanted none but gave orders."""
    held: str = ""
    """Signed quantity held when it was decided."""
    bound_by: str = ""
    """What set the size of a want: risk, edge, capital, max_position, max_order, cash or lot."""
    edge: str = ""
    """The chance to win that its size was measured by: `you said 0.40, 13 of 41 won = 0.32: sizes use 0.33`."""
    last_values: tuple[tuple[str, str], ...] = ()
    """Values of the reason before this one when it last came again."""


class SleeveStateSaved(Outcome, frozen=True, kw_only=True, tag="sleeve-state-saved"):
    """A policy's memory after a step with effects, as MessagePack of its own struct."""

    sleeve: Owner
    state: bytes


class SleeveLogged(Outcome, frozen=True, kw_only=True, tag="sleeve-logged"):
    """What a policy wrote down by `context.log` in one decision."""

    sleeve: Owner
    lines: tuple[str, ...]
    dropped: int = 0
    """Lines beyond what a sleeve may write in one decision or one minute."""


class SleevePaused(Outcome, frozen=True, kw_only=True, tag="sleeve-paused"):
    """A sleeve may no longer add risk."""

    sleeve: Owner
    reason: str
    failed: bool = False
    cause: PauseCause = ""


class SleeveResumed(Outcome, frozen=True, kw_only=True, tag="sleeve-resumed"):
    """A sleeve may add risk again."""

    sleeve: Owner
    reason: str


class SleeveTaken(Outcome, frozen=True, kw_only=True, tag="sleeve-taken"):
    """What holds of a sleeve from now on; `run`, `capital` and `limits` outlive a restart.

    They hold until the configuration's own value of that word changes.
    """

    started: SleeveStarted
    configured: SleeveStarted
    """What the configuration said then."""
    what: SleeveChange
    memory: bytes | None = None
    reason: str = ""


class SleeveStopped(Outcome, frozen=True, kw_only=True, tag="sleeve-stopped"):
    """A sleeve is asked no more, also after a restart."""

    sleeve: Owner
    reason: str


class SleeveExitStarted(Outcome, frozen=True, kw_only=True, tag="sleeve-exit-started"):
    """All that a sleeve holds is being closed through its own orders."""

    sleeve: Owner
    reason: str


class SleeveExitEnded(Outcome, frozen=True, kw_only=True, tag="sleeve-exit-ended"):
    """A sleeve's exit is over: it holds nothing, or what could not be closed is told."""

    sleeve: Owner
    rest: dict[InstrumentId, int]
    """Signed quantities still held, in units."""
    reason: str


class SleeveMarked(Outcome, frozen=True, kw_only=True, tag="sleeve-marked"):
    """What a sleeve's own day loss and drawdown are measured from, in the engine's currency as decimal text."""

    sleeve: Owner
    day: int
    """As in `EquityMarked`."""
    day_start: str
    """Its equity that day loss is measured from."""
    peak: str
    """Its equity that drawdown is measured from."""


class ShadowFilled(Outcome, frozen=True, kw_only=True, tag="shadow-filled"):
    """An order that a shadow would have placed, as if filled at once: of a pretend ledger, never of the account."""

    sleeve: Owner
    instrument: InstrumentId
    side: Side
    quantity: int
    """In units, > 0."""
    price: int
    """In price units."""
    stop: int | None = None
    """Trigger of the stop it would have brought, in price units."""
    target: int | None = None
    """Limit of the target it would have brought, in price units."""


type Effect = Submit | Cancel | Replace | QueryOrder | QueryAccount | SetTimer | Alert
"""What the world is asked to do."""

type Fact = (
    OrderDenied
    | OrderHeld
    | HeldEnded
    | HeldQuantityChanged
    | StopMoved
    | OrderFound
    | OrderAdopted
    | PositionAdopted
    | CashAdopted
    | DifferenceAnswered
    | StartRefused
    | ArmingChanged
    | MandateRecorded
    | MandateEnded
    | LimitsChanged
    | FillBooked
    | BetSettled
    | GameBegun
    | TradingStateChanged
    | EquityMarked
    | FlattenStarted
    | FlattenEnded
    | Decided
    | SleeveStateSaved
    | SleeveLogged
    | SleevePaused
    | SleeveResumed
    | SleeveTaken
    | SleeveStopped
    | SleeveExitStarted
    | SleeveExitEnded
    | SleeveMarked
    | ShadowFilled
)
"""What the kernel must remember."""

type AnyOutcome = Effect | Fact
"""Everything a step may lead to."""
