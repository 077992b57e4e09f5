"""All that the kernel remembers, and the total function that changes it.

`apply_event` takes what came in, `apply_outcome` what the kernel itself decided; recovery feeds both from the journal,
in order, and arrives at the same state. Market state and the little memories that damp repetition begin anew with each
`EngineStarted`, in a run and in recovery alike, so that a recorded day decides the same again.
"""

from collections import deque
from decimal import Decimal

import msgspec

from tradebot.data.events import MarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.accounts import NATIVE_CAPABILITIES, AccountState
from tradebot.engine.core.adoption import settle
from tradebot.engine.core.authority import Authority
from tradebot.engine.core.bets import BetBook, BetKey, Booking, by_position
from tradebot.engine.core.blotter import Blotter
from tradebot.engine.core.booking import (
    take_bust,
    take_cash,
    take_correction,
    take_fee,
    take_fill,
)
from tradebot.engine.core.comparison import (
    Books,
    findings,
    foreign_engines,
    lost_before,
    merge,
    reported_orders,
)
from tradebot.engine.core.days import day_of
from tradebot.engine.core.events import (
    AccountReported,
    AccountStarted,
    CancelRejected,
    CashMoved,
    ClockMeasured,
    EngineStarted,
    Event,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    FeedChanged,
    HistoryGiven,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderTriggered,
    PanicNoted,
    PlaceOrder,
    RateQuoted,
    ReplaceRejected,
    StreamChanged,
    SubmitUnknown,
    TerminalSeen,
    TimerFired,
)
from tradebot.engine.core.executions import Executions
from tradebot.engine.core.ledger import MONEY, ZERO, Ledger
from tradebot.engine.core.limits import Limits, default_limits, limits_from_text, narrowest
from tradebot.engine.core.market import Market
from tradebot.engine.core.needs import Bars
from tradebot.engine.core.objective import Game, Objective, objective_of
from tradebot.engine.core.orders import STOPS, Order, OrderEvent
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    ArmingChanged,
    BetSettled,
    Cancel,
    CashAdopted,
    Decided,
    DifferenceAnswered,
    EquityMarked,
    FlattenEnded,
    FlattenStarted,
    GameBegun,
    HeldEnded,
    HeldQuantityChanged,
    LimitsChanged,
    MandateEnded,
    MandateRecorded,
    OrderAdopted,
    OrderDenied,
    OrderFound,
    OrderHeld,
    OrderIntent,
    PauseCause,
    PositionAdopted,
    QueryAccount,
    Replace,
    SetTimer,
    ShadowFilled,
    SleeveExitEnded,
    SleeveExitStarted,
    SleeveLogged,
    SleeveMarked,
    SleevePaused,
    SleeveResumed,
    SleeveStateSaved,
    SleeveStopped,
    SleeveTaken,
    StartRefused,
    StopMoved,
    Submit,
    TradingStateChanged,
)
from tradebot.engine.core.rates import Quotes, Rates
from tradebot.engine.core.sleeve_facts import after_start, shadow_of, take_sleeve_fact
from tradebot.engine.core.sleeve_memory import ShadowBook, SleeveMark
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import (
    MINUTE,
    UNCLAIMED,
    AccountName,
    BetId,
    ClientOrderId,
    EngineId,
    Owner,
    TradingState,
)
from tradebot.engine.core.valuation import Valuation, valuation

FLOWS = frozenset({"deposit", "withdrawal"})
"""Movements that are neither earned nor lost; all others are part of the result."""

RATE_WINDOW_MAX = 4096
"""Most order times remembered per owner; far above any limit."""

ID_LENGTH_MAX = 20
"""Longest client order id that is legal at every venue."""


class SleeveState:
    """What the kernel remembers of one sleeve."""

    def __init__(self, started: SleeveStarted) -> None:  # noqa: PLR0915  (all that is remembered)
        self.started = started
        """The terms it runs on."""
        self.configured = started
        """What the configuration said of it when it was last read."""
        self.paused: str | None = None
        """Why it may not add risk; None while it may."""
        self.pause_cause: PauseCause = ""
        self.failed = False
        """Whether it broke its bounds: then it is not asked at all until resumed."""
        self.saved: bytes | None = None
        """Memory as last written with effects."""
        self.memory: bytes | None = None
        """Memory as last handed back."""
        self.reason_code = ""
        self.repeated = 0
        self.reason_values: tuple[tuple[str, str], ...] = ()
        """Of the newest repeat of that reason."""
        self.orders = 0
        """Orders that passed the gate, ever."""
        self.filled_orders = 0
        """Of those, orders that were filled at least in part."""
        self.touch: dict[InstrumentId, tuple[int | None, int | None]] = {}
        self.bars: tuple[Bars, ...] = ()
        """The bars its policy needs."""
        self.bars_seen: dict[tuple[InstrumentId, int], int] = {}
        """How many bars of an instrument and span had closed when its policy was last woken for one."""
        self.gap: tuple[int, int] | None = None
        """What it did not see, ns UTC, until its policy has been asked once; None: nothing."""
        self.unmet = False
        """Whether a want waits for the end of one of its orders: then its policy is asked again at once."""
        self.awaits_market: set[InstrumentId] = set()
        """Where a want found no market, or one too old to act in: its policy is asked again when it is up."""
        self.logged = 0
        """Lines its policy logged in the minute `logged_in`."""
        self.logged_in = 0
        self.denied: dict[tuple[str, str], int] = {}
        """When a (code, instrument and side) was last written, so that it is not written per tick."""
        self.shadow: ShadowBook | None = None
        """What it would hold; None where it is no shadow."""
        self.mark: SleeveMark | None = None
        """What its own losses count from; None: nothing was measured yet."""
        self.exiting: str | None = None
        """Why all it holds is being closed; None where it is not."""
        self.pieces = 0
        """Rounds of closing orders of its exit."""
        self.next_piece = 0
        """Before that instant no further piece is sent, ns UTC."""

    @property
    def asked(self) -> bool:
        """Return whether its policy is asked: it is not stopped, nor broken, nor closing all it holds."""
        return self.started.run != "off" and not self.failed and self.exiting is None

    def forget(self) -> None:
        """Drop what a restart drops."""
        self.memory = self.saved
        self.reason_code = ""
        self.repeated = 0
        self.reason_values = ()
        self.touch = {}
        self.bars_seen = {}
        self.gap = None
        self.unmet = False
        self.awaits_market = set()
        self.logged = self.logged_in = 0
        self.denied = {}
        self.pieces = self.next_piece = 0
        if self.pause_cause == "stop" and not self.failed:
            self.lift()

    def lift(self) -> None:
        """Let it run again."""
        self.paused, self.failed, self.pause_cause = None, False, ""


class Flattening:
    """How far the closing of one instrument has come since it began or the engine started."""

    def __init__(self) -> None:
        self.looks = 0
        """How often orders in the way were waited for."""
        self.pieces = 0
        """Rounds of closing orders sent."""
        self.next_piece = 0
        """Before that instant no further piece is sent, ns UTC."""
        self.hurried = 0
        """When a protective order that was refused last let the next piece go at once, ns UTC."""
        self.removed: dict[ClientOrderId, None] = {}
        """Protective orders that were cancelled for the closing order: they are put back where it fails."""

    def restart(self) -> None:
        """Begin anew what a restart cannot know."""
        self.looks = self.pieces = self.next_piece = self.hurried = 0


FLATTEN = "flatten"
"""Reason of the orders and cancels of a flatten."""

BARS_TIMER = "bars:"
"""Timers at which bars close; their span in ns follows."""

EXIT = "exit"
"""Reason of the orders and cancels by which a sleeve closes all it holds."""

type FlattenKey = tuple[AccountName, InstrumentId]
"""What is flattened."""


class Tries:
    """How often something was tried in vain, so that it is neither given up at once nor repeated for ever."""

    def __init__(self) -> None:
        self.count = 0
        self.next = 0
        """Engine time of the next try, ns UTC."""


class State:
    """The kernel's memory."""

    def __init__(self, engine_id: EngineId) -> None:  # noqa: PLR0915  (all that is remembered)
        self.engine_id = engine_id
        self.now = 0
        self.written = 0
        """Time of the newest row of the history: what a restart knows to have been seen, ns UTC."""
        self.started: EngineStarted | None = None
        self.market = Market(())
        self.instruments: dict[InstrumentId, Instrument] = {}
        self.blotter = Blotter()
        self.ledger = Ledger()
        self.adoptions = 0
        """Positions and cash taken in so far: each has a name of its own in the ledger."""
        self.refused: str | None = None
        """Why the engine must not run on its accounts, None: it may."""
        self.limits: Limits = default_limits("live")
        self.authority = Authority()
        self.trading_state: TradingState = "ACTIVE"
        self.reason: str | None = None
        self.cause = ""
        """As in `TradingStateChanged`."""
        self.day: int | None = None
        self.day_start: Decimal | None = None
        self.peak: Decimal | None = None
        self.loss_from: Decimal | None = None
        self.drawdown_from: Decimal | None = None
        """As in `EquityMarked`; None: the day's start, the peak."""
        self.opened: Decimal | None = None
        self.day_flows = ZERO
        self.game: Game | None = None
        """What the objective is measured from; None: nothing yet."""
        self.flows: dict[str, Decimal] = {}
        """External flows by asset (or instrument) that no `EquityMarked` has taken in yet."""
        self.quotes: Quotes = {}
        """The newest rates that venues quoted."""
        self.next_mark = 0
        self.accounts: dict[AccountName, AccountState] = {}
        """By name, the default one first."""
        self.timers: dict[str, int] = {}
        self.flattening: dict[FlattenKey, Flattening] = {}
        """What is being closed."""
        self.flattened: dict[FlattenKey, None] = {}
        """What a flatten left flat since the engine was HALTED for it."""
        self.sleeves: dict[Owner, SleeveState] = {}
        self.overdrawn: dict[AccountName, None] = {}
        """Accounts whose sleeves were given more than there is, as told."""
        self.rejects_in_row = 0
        self.sent: dict[Owner, deque[int]] = {}
        self.bets: dict[BetKey, BetId] = {}
        """The bet that an owner's next order in an instrument belongs to."""
        self.bet_book = BetBook()
        self.told_again = False
        """Whether the newest event told what was booked before, in the same words: it changed nothing."""
        self.booked: tuple[OrderFilled, Owner, OrderIntent | None] | None = None
        """What `take_booked` gives."""
        self.counter = 0
        """Orders made so far, denied ones too."""
        self.tries: dict[str, Tries] = {}
        """How often what protects a position could not go out; begins anew with each start."""

    # -------------------------------------------------------------------------------- derived

    @property
    def executions(self) -> Executions:
        """Return the executions told so far, those of orders long ended left out."""
        return self.blotter.executions

    @property
    def currency(self) -> str:
        """Return the engine's currency."""
        return "" if self.started is None else self.started.currency

    @property
    def account(self) -> AccountName:
        """Return the engine's default account."""
        return AccountName("") if self.started is None else self.started.account

    @property
    def is_live(self) -> bool:
        """Return whether real money is traded: then hands arm and sleeves need a mandate."""
        return self.started is not None and self.started.mode == "live"

    @property
    def reconciled(self) -> bool:
        """Return whether every account's venue has told what it holds since the engine started."""
        return bool(self.accounts) and all(a.reconciled for a in self.accounts.values())

    def objective(self) -> Objective | None:
        """Return what the accounts are for; None where no floor and target are configured."""
        return None if self.started is None else objective_of(self.started.objective)

    def rates(self) -> Rates | None:
        """Return what assets are worth now; None before the first start."""
        if self.started is None:
            return None
        return Rates(self.started, self.market, self.quotes, self.now)

    def valuation(self, account: AccountName | None = None) -> Valuation:
        """Return what one account holds, or all of them, in the engine's currency."""
        rates = self.rates()
        if rates is None:
            return Valuation(ZERO, ())
        accounts = self.accounts if account is None else (account,)
        return valuation(self.ledger, accounts, rates, self.currency)

    def equity(self) -> Decimal | None:
        """Return cash plus positions at their marks in the engine's currency; None while one is unknown."""
        return None if self.started is None else self.valuation().equity

    def day_of(self, now: int) -> int:
        """Return which trading day an instant belongs to."""
        if self.started is None:
            return day_of(now, 0, ())
        return day_of(now, self.started.day_starts_minute, self.started.zone_offsets)

    def owner_of(self, event: OrderFilled) -> Owner:
        """Return whose fill it is: the order's owner, or `unclaimed`."""
        order = self.blotter.get(event.client_order_id)
        return UNCLAIMED if order is None else order.intent.owner

    # -------------------------------------------------------------------------------- events in

    def apply_event(self, event: Event, now: int) -> None:  # noqa: C901, PLR0912, PLR0915  (a case a word)
        """Take an event in; total: nothing here asks, decides or fails on what a venue may say."""
        self.now, before = now, self.written
        self.told_again = False
        if not isinstance(event, MarketEvent):
            self.written = now
        match event:
            case MarketEvent():
                market = self.market.get(event.instrument)
                if market is not None:
                    market.apply(event, now)
            case OrderFilled():
                self.fill(event)
            case ExecutionBusted():
                take_bust(self, event)
            case ExecutionCorrected():
                take_correction(self, event)
                self.told_again = (
                    False  # what it took back is news, though what holds instead was told before
                )
            case FeeCharged():
                take_fee(self, event)
            case CashMoved():
                self._cash_moved(event)
            case RateQuoted():
                if event.rate > 0:
                    self.quotes[event.asset, event.currency] = event
            case AccountReported():
                self._account_reported(event)
            case FeedChanged():
                market = self.market.get(event.instrument)
                if market is not None:
                    market.connect(event.state)
            case StreamChanged() | ClockMeasured():
                self._connection(event)
            case TerminalSeen() | PlaceOrder():
                self.authority = self.authority.seen(event.terminal, now)
            case TimerFired():
                self.timers.pop(event.timer_id, None)
                if event.timer_id.startswith(BARS_TIMER):
                    self.market.close_bars(now)
            case HistoryGiven():
                market = self.market.get(event.instrument)
                if market is not None:
                    market.warm(event.span_ns, event.bars_span_ns, event.bars, now)
            case EngineStarted():
                self._started(event, before)
            case PanicNoted():
                panicked = self.accounts.get(event.account)
                if panicked is not None:
                    panicked.panicked_at = max(panicked.panicked_at, event.at)
            case (
                OrderAccepted()
                | OrderRejected()
                | SubmitUnknown()
                | OrderCancelled()
                | OrderExpired()
                | CancelRejected()
                | OrderReported()
                | OrderTriggered()
            ):
                self._order_event(event)
            case OrderReplaced() | ReplaceRejected():
                self._replacement(event)
            case _:  # operators and broken sleeves change state only through outcomes
                return
        if self.told_again:
            self.written = before  # it is not written down
        self._follow_bets(event)

    def forget_alarms(self) -> None:
        """Drop what the newest event alone has found; to be called when it was answered, in a run and in recovery."""
        for account in self.accounts.values():
            if account.gone or account.alarms:
                account.gone, account.alarms = [], []

    def _follow_bets(self, event: Event | None) -> None:
        """Let bets follow what was booked; `event` is what came in, None for an outcome."""
        touched = self.ledger.take_touched()
        if not touched:
            return
        fill = event.corrected if isinstance(event, ExecutionCorrected) else event
        filled = fill if isinstance(fill, OrderFilled) else None
        order = None if filled is None else self.blotter.get(filled.client_order_id)
        for key, touches in by_position(touched).items():
            unnamed = (
                f"adopted-{self.adoptions}-{key[2]}" if filled is None else filled.execution_id
            )
            bet = self.bet_book.follow(
                Booking(
                    key=key,
                    touches=touches,
                    position=self.ledger.position(*key),
                    instrument=self.instruments[key[1]],
                    now=self.now,
                    fill=filled,
                    intent=None if order is None else order.intent,
                    named=self.bets.get(key) or BetId(f"b-{unnamed}"),
                )
            )
            if bet is not None:
                self.bets[key] = bet

    def _connection(self, event: StreamChanged | ClockMeasured) -> None:
        account = self.accounts.get(event.account)
        if account is None:
            return
        if isinstance(event, StreamChanged):
            account.stream = event.state
        else:
            account.clock = event

    def _order_event(self, event: OrderEvent) -> None:
        before = self.blotter.get(event.client_order_id)
        order = self.blotter.reduce(event, self.now)
        if order is None or order is before:
            return
        if isinstance(event, OrderRejected):
            self.rejects_in_row += 1
        elif isinstance(event, OrderAccepted):
            self.rejects_in_row = 0
        if not order.is_open:
            self._close_bet(order)

    def _replacement(self, event: OrderReplaced | ReplaceRejected) -> None:
        order = self.blotter.replaced(event, self.now)
        if order is None:
            return
        if isinstance(event, OrderReplaced):
            self.rejects_in_row = 0
        if not order.is_open:
            self._close_bet(order)

    def fill(self, event: OrderFilled, *, anew: bool = False) -> bool:
        """Take an execution in; return whether it is new (or told anew under its own id) and was booked."""
        self._never_again(event.client_order_id)
        before = self.blotter.get(event.client_order_id)
        if not take_fill(self, event, anew=anew):
            return False
        self.booked = (event, self.owner_of(event), None if before is None else before.intent)
        sleeve = self.sleeves.get(self.owner_of(event))
        if sleeve is not None and before is not None and not before.filled:
            sleeve.filled_orders += 1
        account = self.accounts.get(event.account)
        nets = account is None or account.started.capabilities.replace_partly
        order = self.blotter.fill(event, self.now, nets=nets)
        self.fit_legs(event.account, event.instrument, self.owner_of(event))
        if order is not None and not order.is_open:
            self._close_bet(order)
        return True

    def take_booked(self) -> tuple[OrderFilled, Owner, OrderIntent | None] | None:
        """Return the execution that the newest event brought, whose it is and its order's terms; once."""
        taken, self.booked = self.booked, None
        return taken

    def fit_legs(self, account: AccountName, instrument: InstrumentId, owner: Owner) -> None:
        """Let legs cover no more than their owner holds; to be called after all that changes a position.

        What an unclaimed trade has closed, by phone while the engine was down, is taken from the owners in the order of
        their names: a stop left for a position that is gone would open another.
        """
        closed = self.ledger.position(account, instrument, UNCLAIMED).quantity
        for name in self.ledger.owners(account) if closed or owner == UNCLAIMED else (owner,):
            held = self.ledger.position(account, instrument, name).quantity
            if name != UNCLAIMED and held * closed < 0:
                part = min(abs(held), abs(closed)) * (1 if held > 0 else -1)
                held -= part
                closed += part
            self.blotter.fit_covered(account, instrument, name, held)

    def _close_bet(self, order: Order) -> None:
        intent = order.intent
        key = (intent.account, intent.instrument, intent.owner)
        if self.ledger.position(*key).quantity:
            return
        if any(o.intent.owner == intent.owner for o in self.blotter.open_in(*key[:2])):
            return
        self.bets.pop(key, None)

    def _account_reported(self, event: AccountReported) -> None:
        account = self.accounts.get(event.account)
        if account is None:
            return
        for client_order_id in reported_orders(event):
            self._never_again(client_order_id)
        books = Books(self.ledger, self.blotter, self.instruments)
        lost = lost_before(account, event)
        merge(account, findings(books, event, lost_before=lost), self.now)
        account.average_prices = event.average_prices
        if not account.reconciled:
            known = frozenset({self.engine_id, *(self.started.take_over if self.started else ())})
            account.foreign = foreign_engines(event, self.blotter, known)
        account.answered(self.now)

    def _cash_moved(self, event: CashMoved) -> None:
        if not take_cash(self, event) or event.why not in FLOWS:
            return
        if self.started is not None and self.started.schema == 1:
            self._moved_by_flow(event.asset, event.amount)
        else:
            self.flowed(event.asset, event.amount)

    def _moved_by_flow(self, asset: str, amount: Decimal) -> None:
        """Move the figures as programs of schema 1 did, whose journals have no mark behind a flow."""
        if asset != self.currency:
            return

        def moved(figure: Decimal | None) -> Decimal | None:
            return None if figure is None else MONEY.add(figure, amount)

        self.day_start, self.peak, self.opened = map(
            moved, (self.day_start, self.peak, self.opened)
        )
        self.loss_from, self.drawdown_from = map(moved, (self.loss_from, self.drawdown_from))

    def flowed(self, asset: str, amount: Decimal) -> None:
        """Remember that value came in or went out that nobody earned or lost; the next mark takes it in."""
        self.flows[asset] = MONEY.add(self.flows.get(asset, ZERO), amount)

    def _started(self, event: EngineStarted, before: int) -> None:
        self._limits_started(event)
        self.started = event
        hours = [one for account in event.accounts for one in account.hours]
        self.market = Market(event.instruments, event.marks, hours)
        self.instruments |= {instrument.id: instrument for instrument in event.instruments}
        self.next_mark = 0
        self.refused = None
        self._accounts_started(event)
        self.rejects_in_row = 0
        for order in self.blotter.open():
            if order.unheard:
                self.blotter.mark(order.intent.client_order_id, "unknown", self.now)
        running = {started.name: started for started in event.sleeves}
        for name, started in running.items():
            sleeve = self.sleeves.get(name)
            if sleeve is None:
                self.sleeves[name] = SleeveState(started)
            else:
                sleeve.started = after_start(sleeve, started)
                sleeve.configured = started
                sleeve.forget()
                sleeve.gap = (before, self.now)
        for sleeve in self.sleeves.values():
            if sleeve.started.run != "shadow":
                sleeve.shadow = None
            elif sleeve.shadow is None:
                sleeve.shadow = shadow_of(self, sleeve.started)
        self.sleeves = {name: s for name, s in self.sleeves.items() if name in running}
        for progress in self.flattening.values():
            progress.restart()
        # Timers of the time before are set again by whoever still needs them.
        self.timers = {}
        self.tries = {}
        self.overdrawn = {}

    def _limits_started(self, event: EngineStarted) -> None:
        """Take the configured limits over; in LIVE the wider ones of them wait for `arm`."""
        before, configured = self.limits, limits_from_text(event.limits)
        # Without a start before, what is in force in LIVE is what holds without configuration.
        self.limits = narrowest(before, configured) if event.mode == "live" else configured
        self.authority = msgspec.structs.replace(
            self.authority,
            arming=None,
            wanted=None if self.limits == configured else configured,
            before=None if self.started is None else before,
        )

    def _accounts_started(self, event: EngineStarted) -> None:
        native = AccountStarted(
            name=event.account, venue="native", capabilities=NATIVE_CAPABILITIES
        )
        known = self.accounts
        self.accounts = {}
        for started in event.accounts or (native,):
            account = known.get(started.name) or AccountState(started)
            account.forget(started)
            self.accounts[started.name] = account

    # -------------------------------------------------------------------------------- outcomes

    def apply_outcome(self, outcome: AnyOutcome) -> None:  # noqa: C901, PLR0912, PLR0915  (a case a word)
        """Remember what the kernel decided."""
        self.written = self.now
        match outcome:
            case BetSettled():
                self.bet_book.settle(outcome)
            case Submit():
                self._submitted(outcome.order)
            case Replace():
                self._submitted(outcome.order)
            case OrderDenied():
                denied = f"{outcome.code}: {outcome.text}"
                self.counter += self.blotter.add(outcome.order, denied=denied)
            case OrderHeld() | HeldEnded() | HeldQuantityChanged() | StopMoved():
                self._held(outcome)
            case Cancel():
                self._cancelling(outcome)
            case (
                OrderFound()
                | OrderAdopted()
                | PositionAdopted()
                | CashAdopted()
                | DifferenceAnswered()
                | StartRefused()
                | QueryAccount()
            ):
                settle(self, outcome)
                self._follow_bets(None)
            case SetTimer():
                self.timers[outcome.timer_id] = outcome.due
            case ArmingChanged() | MandateRecorded() | MandateEnded() | LimitsChanged():
                self._authority(outcome)
            case TradingStateChanged():
                self.trading_state, self.cause = outcome.state, outcome.cause
                self.flattened = self.flattened if outcome.state == "HALTED" else {}
                self.reason = outcome.reason if outcome.state != "ACTIVE" else None
                self.rejects_in_row = 0
            case EquityMarked():
                self._marked(outcome)
            case GameBegun():
                base = Decimal(outcome.base)
                self.game = Game(since=outcome.since, began=self.now, begun=base, base=base)
            case FlattenStarted():
                self.flattening.setdefault(self._flattened(outcome), Flattening())
            case FlattenEnded():
                self.flattening.pop(self._flattened(outcome), None)
                # What could not be closed was told; a fill told again is no reason to try it once more.
                self.flattened.pop(self._flattened(outcome), None)
                self.flattened |= {} if outcome.rest else {self._flattened(outcome): None}
            case SleevePaused() | SleeveResumed() | SleeveStateSaved() | Decided() | SleeveLogged():
                self._sleeve_outcome(outcome)
            case SleeveTaken():
                taken = self.sleeves.setdefault(outcome.started.name, SleeveState(outcome.started))
                take_sleeve_fact(self, taken, outcome)
            case (
                SleeveStopped()
                | SleeveExitStarted()
                | SleeveExitEnded()
                | SleeveMarked()
                | ShadowFilled()
            ):
                told = self.sleeves.get(outcome.sleeve)
                if told is not None:
                    take_sleeve_fact(self, told, outcome)
            case _:
                return

    def _cancelling(self, outcome: Cancel) -> None:
        order = self.blotter.get(outcome.client_order_id)
        if order is None:
            return
        self.blotter.cancelling(outcome.client_order_id, outcome.because.code, self.now)
        progress = self.flattening.get((order.intent.account, order.intent.instrument))
        if progress is not None and outcome.because.code == FLATTEN and order.intent.reduce_only:
            progress.removed[outcome.client_order_id] = None

    def _flattened(self, outcome: FlattenStarted | FlattenEnded) -> FlattenKey:
        return (outcome.account or self.account, outcome.instrument)

    def _authority(
        self, outcome: ArmingChanged | MandateRecorded | MandateEnded | LimitsChanged
    ) -> None:
        match outcome:
            case ArmingChanged():
                self.authority = self.authority.arming_changed(outcome, self.now)
            case MandateRecorded():
                self.authority = self.authority.given(outcome)
            case MandateEnded():
                self.authority = self.authority.ended(outcome.sleeve)
            case LimitsChanged():
                self.limits = limits_from_text(outcome.limits)
                wanted = self.authority.wanted
                self.authority = msgspec.structs.replace(
                    self.authority, wanted=None if wanted == self.limits else wanted
                )

    def _held(self, outcome: OrderHeld | HeldEnded | HeldQuantityChanged | StopMoved) -> None:
        match outcome:
            case OrderHeld():
                intent = outcome.order
                self.counter += self.blotter.add(intent, held=True)
                self._protected(intent)
                self.bets[(intent.account, intent.instrument, intent.owner)] = intent.bet_id
            case HeldEnded():
                key = outcome.client_order_id
                self.blotter.end_held(key, outcome.state, outcome.reason, self.now)
                order = self.blotter.get(key)
                if order is not None:
                    self._close_bet(order)
            case HeldQuantityChanged():
                key = outcome.client_order_id
                self.blotter.change_held(key, self.now, quantity=outcome.quantity)
            case StopMoved():
                key = outcome.client_order_id
                self.blotter.change_held(key, self.now, trigger_price=outcome.trigger_price)

    def _protected(self, intent: OrderIntent) -> None:
        """Let a stop say what a bet risks that began without one."""
        if intent.type in STOPS and intent.instrument in self.instruments:
            held = self.ledger.position(intent.account, intent.instrument, intent.owner)
            self.bet_book.protect(intent, held, self.instruments[intent.instrument])

    def _submitted(self, intent: OrderIntent) -> None:
        self.counter += self.blotter.add(intent)
        self._protected(intent)
        self.bets[(intent.account, intent.instrument, intent.owner)] = intent.bet_id
        sleeve = self.sleeves.get(intent.owner)
        if sleeve is not None:
            sleeve.orders += 1
        times = self.sent.setdefault(intent.owner, deque(maxlen=RATE_WINDOW_MAX))
        # In order: a piece that was kept back is sent later than it was made.
        times.append(max(intent.created, times[-1]) if times else intent.created)

    def _marked(self, outcome: EquityMarked) -> None:
        self.day = outcome.day
        self.day_start = Decimal(outcome.day_start)
        self.peak = Decimal(outcome.peak)
        self.loss_from = _decimal_or_none(outcome.loss_from)
        self.drawdown_from = _decimal_or_none(outcome.drawdown_from)
        # Journals of schema 1 do not tell it apart from the start that flows had moved.
        self.opened = Decimal(outcome.opened or outcome.day_start)
        self.day_flows = Decimal(outcome.flows)
        if self.game is not None and outcome.game:
            self.game = msgspec.structs.replace(self.game, base=Decimal(outcome.game))
        self.flows = {}

    def _sleeve_outcome(
        self, outcome: SleevePaused | SleeveResumed | SleeveStateSaved | Decided | SleeveLogged
    ) -> None:
        sleeve = self.sleeves.get(outcome.sleeve)
        if sleeve is None:
            return
        match outcome:
            case SleevePaused():
                sleeve.paused, sleeve.failed = outcome.reason, outcome.failed
                sleeve.pause_cause = outcome.cause
            case SleeveResumed():
                sleeve.lift()
            case SleeveStateSaved():
                sleeve.saved = sleeve.memory = outcome.state
            case Decided():
                sleeve.reason_code = outcome.because.code
                sleeve.repeated = 0
                sleeve.reason_values = ()
            case SleeveLogged():
                minute = self.now // MINUTE
                before = sleeve.logged if sleeve.logged_in == minute else 0
                sleeve.logged, sleeve.logged_in = before + len(outcome.lines), minute

    # -------------------------------------------------------------------------------- ids

    def next_order_id(self, ahead: int = 0) -> ClientOrderId:
        """Return the next client order id, or one so many further: legal at every venue, never used before."""
        return ClientOrderId(f"tb{self.engine_id}{base32(self.counter + 1 + ahead)}")

    def _never_again(self, client_order_id: str) -> None:
        """Count an id of ours that the venue knows and the journal does not: an exit sent while the disk was full."""
        prefix = f"tb{self.engine_id}"
        number = client_order_id.removeprefix(prefix)
        ours = number != client_order_id and len(client_order_id) <= ID_LENGTH_MAX
        if ours and number and all(digit in _DIGITS for digit in number):
            self.counter = max(self.counter, int(number, 32))

    def bet_for(self, account: AccountName, instrument: InstrumentId, owner: Owner) -> BetId:
        """Return the running bet of an owner in an instrument, or a new bet's id."""
        running = self.bets.get((account, instrument, owner))
        return running or BetId(f"b-{self.next_order_id()}")


def _decimal_or_none(text: str) -> Decimal | None:
    return Decimal(text) if text else None


_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def base32(number: int) -> str:
    """Return a number > 0 in base 32 with the digits 0-9 a-v, no padding."""
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def cash_assets(state: State, account: AccountName) -> list[str]:
    """Return the currencies an account ever held: assets that are not instruments, sorted."""
    return [asset for asset in state.ledger.assets(account) if asset not in state.instruments]
