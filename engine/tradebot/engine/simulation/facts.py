"""What the judge knows: every step of the engine folded anew, by other means than the engine's own.

Each step's event and outcomes are kept, so that after a death the durable ones can be folded again. Orders carry two
bounds: what surely may still fill, and what possibly may; the engine must never count less than the first.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradebot.data.events import BookSnapshot, FeedGap
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import (
    CashMoved,
    EngineStarted,
    Event,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    FeedChanged,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderTriggered,
    RateQuoted,
    ReplaceRejected,
    SubmitUnknown,
)
from tradebot.engine.core.limits import Limits, limits_from_text
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    BetSettled,
    Cancel,
    CashAdopted,
    HeldEnded,
    OrderAdopted,
    OrderDenied,
    OrderFound,
    OrderHeld,
    OrderIntent,
    PositionAdopted,
    Replace,
    StartRefused,
    Submit,
    TradingStateChanged,
)
from tradebot.engine.core.types import SECOND, AccountName, BetId, ClientOrderId, ExecutionId, Owner
from tradebot.engine.simulation.holdings import Holdings
from tradebot.engine.simulation.instruments import BY_ID, CURRENCY

ABSENT_APART = 5 * SECOND
"""Two answers "absent" this far apart end an order."""


def shared_by(intent: OrderIntent) -> str | None:
    """Return what names the quantity an order shares with others, of which only one will fill; None where alone."""
    return f"legs of {intent.parent}" if intent.role and intent.parent is not None else intent.oco


class Step(msgspec.Struct, frozen=True):
    """One step of the engine as it was kept."""

    seq: int
    now: int
    event: Event
    outcomes: Sequence[AnyOutcome]


class Seen(msgspec.Struct):
    """An order as its words, and nothing else, tell of it."""

    intent: OrderIntent
    seq: int
    index: int
    """Place of its intent in the journal."""
    quantity: int
    added_risk: bool = False
    """Whether it surely added risk when it was decided."""
    held: bool = False
    """Whether the engine keeps it itself and has not sent it."""
    filled: int = 0
    ended: str | None = None
    """The word that ended it."""
    doubtful: bool = False
    """Whether the venue told an end with fills that have not come."""
    heard: bool = False
    """Whether the venue ever spoke of it."""
    silent: bool = False
    """Whether somebody must ask the venue what became of it."""
    cancelling: bool = False
    absent_since: int | None = None

    @property
    def leaves(self) -> int:
        """Return what may still fill if it is open, in units."""
        return max(self.quantity - self.filled, 0)


class Facts:
    """The fold of all steps so far."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._begin()

    def _begin(self) -> None:
        self.now = 0
        self.started: EngineStarted | None = None
        self.limits: Limits | None = None
        """What the engine was started with."""
        self._equity: Decimal | None = None
        self._equity_known = False
        self.holdings = Holdings()
        self.orders: dict[ClientOrderId, Seen] = {}
        self.requests: dict[str, ClientOrderId] = {}
        self.state = "ACTIVE"
        self.sent: dict[Owner, list[int]] = {}
        self.books: dict[InstrumentId, tuple[int, int]] = {}
        """Best bid and ask by instrument."""
        self.rates: dict[str, Decimal] = {CURRENCY: Decimal(1)}
        """What one unit of an asset is worth in the engine's currency."""
        self.book_heard: dict[InstrumentId, int] = {}
        """When a book was last heard; absent after a gap, a break and a start, until a whole one comes."""
        self.rejects = 0
        self.fresh: set[ExecutionId] = set()
        """Executions that the newest step told for the first time."""
        self.moved = False
        """Whether the newest step's event changed a balance."""
        self.results: dict[tuple[AccountName, InstrumentId, Owner], dict[BetId, Decimal]] = {}
        """What each settled bet brought, as last told."""
        self.refused: str | None = None
        """Why the start was refused."""

    def forget_after(self, seq: int) -> None:
        """Go back to what is durable: the engine died, and what it had not written never was."""
        kept = [step for step in self.steps if step.seq <= seq]
        self.steps = []
        self._begin()
        for step in kept:
            self.fold(step)

    def fold(self, step: Step) -> None:
        """Take a step in whole."""
        self.take_event(step)
        for index, outcome in enumerate(step.outcomes, 1):
            self.take_outcome(step, index, outcome)

    # ---------------------------------------------------------------------------- events

    def take_event(self, step: Step) -> None:
        """Take in what came."""
        self.steps.append(step)
        self.now = step.now
        self.fresh, self.moved = set(), False
        event = step.event
        match event:
            case BookSnapshot():
                book = (event.bids[0][0], event.asks[0][0])
                if self.books.get(event.instrument) != book:
                    self.books[event.instrument] = book
                    self._equity_known = False
                self.book_heard[event.instrument] = step.now
            case FeedGap():
                self.book_heard.pop(event.instrument, None)
            case FeedChanged():
                if event.state != "up":
                    self.book_heard.pop(event.instrument, None)
            case EngineStarted():
                self._started(event)
            case RateQuoted():
                self.rates[event.asset] = event.rate
                self._equity_known = False
            case OrderReported():
                self._reported(event)
            case _:
                if not self._money(event) and not self._end(event):
                    self._word(event)

    def _money(self, event: Event) -> bool:
        """Take in what changes a balance; return whether it was of that kind."""
        match event:
            case OrderFilled():
                self.moved = self._filled(event)
            case CashMoved():
                self.moved = self.holdings.move(event)
            case FeeCharged():
                self.moved = self._charged(event)
            case ExecutionBusted():
                self._undone(event.execution_id)
            case ExecutionCorrected():
                self._undone(event.execution_id)
                self._filled(event.corrected)
                self.moved = True
            case _:
                return False
        self._equity_known = self._equity_known and not self.moved
        return True

    def _charged(self, event: FeeCharged) -> bool:
        """Take a fee in; return whether it was told for the first time."""
        key = event.client_order_id
        seen = None if key is None else self.orders.get(key)
        intent = None if seen is None else seen.intent
        owner, symbol = (None, None) if intent is None else (intent.owner, intent.instrument)
        return self.holdings.charge(event, owner, symbol)

    def _owner(self, client_order_id: ClientOrderId | None) -> Owner | None:
        seen = None if client_order_id is None else self.orders.get(client_order_id)
        return None if seen is None else seen.intent.owner

    def _undone(self, execution_id: ExecutionId) -> None:
        event = self.holdings.undo(execution_id)
        self.moved = event is not None
        seen = None if event is None else self.orders.get(event.client_order_id)
        if seen is not None and event is not None:
            seen.filled -= event.quantity

    def _filled(self, event: OrderFilled) -> bool:
        """Take an execution in; return whether it was told for the first time."""
        if not self.holdings.fill(event, self._owner(event.client_order_id)):
            return False
        self.fresh.add(event.execution_id)
        seen = self.orders.get(event.client_order_id)
        if seen is None:
            return True
        seen.filled += event.quantity
        self._spoken_of(seen)
        if seen.filled >= seen.quantity and seen.ended is None:
            seen.ended = "filled"
        return True

    def _started(self, event: EngineStarted) -> None:
        self.started, self.limits = event, limits_from_text(event.limits)
        self.books = {}
        self._equity_known = False
        self.book_heard = {}
        self.rejects = 0
        self.refused = None
        for seen in self.orders.values():
            if seen.ended is None and not seen.heard and not seen.held and not seen.cancelling:
                seen.silent = True

    def _end(self, event: Event) -> bool:
        """Take in what ends an order; return whether it was of that kind."""
        match event:
            case OrderRejected():
                self.rejects += self._ends(event.client_order_id, "rejected")
            case OrderCancelled():
                self._ends(event.client_order_id, "cancelled")
            case OrderExpired():
                self._ends(event.client_order_id, "expired")
            case ReplaceRejected():
                self._ends(event.client_order_id, "replace rejected")
            case _:
                return False
        return True

    def _word(self, event: Event) -> None:
        match event:
            case OrderAccepted():
                if self._heard(event.client_order_id) is not None:
                    self.rejects = 0
            case OrderTriggered():
                self._heard(event.client_order_id)
            case OrderReplaced():
                self._ends(event.replaced, "replaced")
                seen = self._heard(event.client_order_id)
                if seen is not None:
                    self.rejects = 0
                    seen.quantity = event.quantity
                    if seen.filled >= seen.quantity and seen.ended is None:
                        seen.ended = "filled"
            case SubmitUnknown():
                seen = self.orders.get(event.client_order_id)
                if seen is not None and seen.ended is None and not seen.heard:
                    seen.silent = True
            case _:
                return

    def _heard(self, client_order_id: ClientOrderId) -> Seen | None:
        seen = self.orders.get(client_order_id)
        if seen is not None:
            self._spoken_of(seen)
        return seen

    def _spoken_of(self, seen: Seen) -> None:
        seen.heard, seen.silent, seen.absent_since = True, False, None
        old = None if seen.intent.replaces is None else self.orders.get(seen.intent.replaces)
        if old is not None and old.ended is None:
            old.doubtful = (
                True  # it has a successor at the venue, so it is gone; the word itself may be lost
            )

    def _ends(self, client_order_id: ClientOrderId, how: str) -> bool:
        seen = self.orders.get(client_order_id)
        if seen is None or seen.ended is not None:
            return False
        seen.ended, seen.silent = how, False
        return True

    def _reported(self, event: OrderReported) -> None:
        seen = self.orders.get(event.client_order_id)
        if seen is None or seen.ended is not None:
            return
        if not event.found:
            if seen.absent_since is None:
                seen.absent_since = self.now
            elif self.now - seen.absent_since >= ABSENT_APART:
                seen.ended, seen.silent = "absent twice", False
            return
        self._spoken_of(seen)
        if event.state == "working":
            return
        if event.filled > seen.filled or (event.state == "filled" and not event.filled):
            seen.doubtful = True
        else:
            seen.ended = f"reported {event.state}"

    # ---------------------------------------------------------------------------- outcomes

    def take_outcome(self, step: Step, index: int, outcome: AnyOutcome) -> None:
        """Take in what the engine decided."""
        match outcome:
            case Submit() | Replace():
                self._decided(step, index, outcome.order)
            case OrderHeld() | OrderFound():
                self._known(step, index, outcome)
            case OrderDenied():
                self._requested(outcome.order)
            case Cancel() | OrderAdopted():
                self._marked(outcome)
            case HeldEnded():
                self._ends(outcome.client_order_id, "held ended")
            case TradingStateChanged():
                self.state = outcome.state
                self.rejects = 0
            case PositionAdopted() | CashAdopted():
                self.holdings.adopt(outcome)
                self._equity_known = False
            case BetSettled():
                key = (outcome.account, outcome.instrument, outcome.owner)
                self.results.setdefault(key, {})[outcome.bet_id] = Decimal(outcome.result)
            case StartRefused():
                self.refused = outcome.reason
            case _:
                return

    def _marked(self, outcome: Cancel | OrderAdopted) -> None:
        seen = self.orders.get(outcome.client_order_id)
        if seen is None:
            return
        if isinstance(outcome, Cancel):
            seen.cancelling = True
        else:  # the venue is the truth for what is open
            seen.ended, seen.doubtful, seen.heard = None, False, True

    def _known(self, step: Step, index: int, outcome: OrderHeld | OrderFound) -> None:
        seen = Seen(outcome.order, step.seq, index, outcome.order.quantity)
        if isinstance(outcome, OrderHeld):
            seen.held = True
        else:
            key = outcome.order.client_order_id
            told = [fill for fill, _ in self.holdings.told.values() if fill.client_order_id == key]
            seen.heard, seen.filled = True, sum(fill.quantity for fill in told)
        self.orders[outcome.order.client_order_id] = seen

    def _decided(self, step: Step, index: int, intent: OrderIntent) -> None:
        self._requested(intent)
        known = self.orders.get(intent.client_order_id)
        filled = 0 if known is None else known.filled
        self.orders[intent.client_order_id] = Seen(
            intent, step.seq, index, intent.quantity, filled=filled
        )
        self.sent.setdefault(intent.owner, []).append(step.now)

    def _requested(self, intent: OrderIntent) -> None:
        if intent.request_id is not None:
            self.requests.setdefault(intent.request_id, intent.client_order_id)

    # ---------------------------------------------------------------------------- what follows

    def surely_open(
        self,
        account: AccountName,
        instrument: InstrumentId,
        side: str,
        owner: Owner | None = None,
        without: OrderIntent | None = None,
    ) -> int:
        """Return what surely may still fill of one side, in units: the engine must count at least this.

        Args:
            account: Whose.
            instrument: Of what.
            side: Buy or sell.
            owner: Only this one's; None: everybody's.
            without: An order to be judged: what it replaces, and what shares one quantity with it, is left out.
        """
        lanes: dict[str, dict[str, int]] = {}
        beside = None if without is None else shared_by(without)
        for key, seen in self.orders.items():
            intent = seen.intent
            if seen.ended is not None or seen.doubtful or seen.held or intent.side != side:
                continue
            if intent.instrument != instrument or intent.account != account:
                continue
            if owner not in {None, intent.owner}:
                continue
            group = shared_by(intent)
            if without is not None and (without.replaces == key or group in {beside} - {None}):
                continue
            lane = lanes.setdefault(group or key, {})
            lane[intent.role] = lane.get(intent.role, 0) + seen.leaves
        return sum(max(lane.values()) for lane in lanes.values())

    def certain(self) -> bool:
        """Return whether no order's openness is in doubt, so that the sure figure is the only one."""
        return not any(
            seen.doubtful or seen.silent or seen.absent_since is not None or seen.held
            for seen in self.orders.values()
            if seen.ended is None
        )

    def mark(self, instrument: InstrumentId) -> Decimal | None:
        """Return the middle of the book as an exact price; None where no book has come since the start."""
        book = self.books.get(instrument)
        if book is None:
            return None
        return (Decimal(sum(book)) / 2).scaleb(-BY_ID[instrument].price_scale)

    def equity(self) -> Decimal | None:
        """Return cash and positions at their marks, over all accounts; None while a mark or rate is missing."""
        if not self._equity_known:
            self._equity, self._equity_known = self._counted_equity(), True
        return self._equity

    def _counted_equity(self) -> Decimal | None:
        total = self.holdings.cash_total(self.rates)
        if total is None:
            return None
        for (_, symbol), units in self.holdings.net.items():
            if not units:
                continue
            mark = self.mark(symbol)
            if mark is None:
                return None
            instrument = BY_ID[symbol]
            total += instrument.quantity(units) * mark * instrument.multiplier
        return total
