"""One step of the kernel: outcomes in the order they were decided, each applied at once."""

from decimal import Decimal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import PlaceOrder
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    Cancel,
    OrderDenied,
    OrderIntent,
    SetTimer,
    Submit,
)
from tradebot.engine.core.reasons import Because
from tradebot.engine.core.risk import Check, Exposure, Picture, RiskApproved, approve
from tradebot.engine.core.state import State
from tradebot.engine.core.types import HAND, MINUTE, AccountName, Owner

type StepOutcome = AnyOutcome | RiskApproved[Submit]
"""What a step hands on; a submit only in its approved form."""


class Step:
    """Collects what a step leads to, and keeps the state in step with it."""

    def __init__(self, state: State, seq: int) -> None:
        self.state = state
        self.seq = seq
        self.outcomes: list[StepOutcome] = []

    def emit(self, outcome: AnyOutcome) -> None:
        """Decide an outcome; orders go through `submit` instead."""
        self.outcomes.append(outcome)
        self.state.apply_outcome(outcome)

    def timer(self, timer_id: str, due: int) -> None:
        """Ask to be woken, unless the same timer already stands earlier."""
        standing = self.state.timers.get(timer_id)
        if standing is None or due < standing:
            self.emit(SetTimer(timer_id=timer_id, due=due))

    def submit(self, intent: OrderIntent, *, denial_is_news: bool = True) -> Check | None:
        """Pass an order through the gate; return the line that refused it, or None.

        Args:
            intent: The order.
            denial_is_news: Whether a denial is journaled; a sleeve told the same twice is not.
        """
        verdict = approve(intent, picture(self.state, intent))
        if isinstance(verdict, RiskApproved):
            self.outcomes.append(verdict)
            self.state.apply_outcome(verdict.item)
            return None
        if denial_is_news:
            self.emit(OrderDenied(order=intent, code=verdict.code, text=verdict.text))
        return verdict

    def cancel(self, intent: OrderIntent, because: Because) -> None:
        """Ask for an order to be taken out."""
        self.emit(
            Cancel(client_order_id=intent.client_order_id, account=intent.account, because=because)
        )


def intent_of(state: State, request: PlaceOrder) -> OrderIntent:
    """Return a person's order as the kernel would write it now."""
    return OrderIntent(
        client_order_id=state.next_order_id(),
        request_id=request.request_id,
        bet_id=request.bet_id or state.bet_for(request.account, request.instrument, HAND),
        account=request.account,
        instrument=request.instrument,
        owner=HAND,
        policy_version=None,
        side=request.side,
        type=request.type,
        tif=request.tif,
        quantity=request.quantity,
        limit_price=request.limit_price,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        because=request.because,
        edge=request.edge,
        lives_at="broker",
        created=state.now,
        engine_id=state.engine_id,
    )


def picture(state: State, intent: OrderIntent) -> Picture:
    """Return what the gate sees for one order; the instrument must be known."""
    market = state.market[intent.instrument]
    sleeve = state.sleeves.get(intent.owner)
    times = state.sent.get(intent.owner, ())
    since = state.now - MINUTE
    return Picture(
        now=state.now,
        limits=state.limits,
        state=state.trading_state,
        sleeve_paused=intent.owner != HAND and (sleeve is None or sleeve.paused is not None),
        flattening=intent.instrument in state.flattening and not intent.reduce_only,
        feed=market.health(state.now),
        unresolved=any(
            order.intent.instrument == intent.instrument and order.intent.account == intent.account
            for order in state.blotter.unresolved()
        ),
        reconciled=state.accounts[intent.account].reconciled,
        equity=state.equity(),
        exposures=exposures(state, intent.account, intent.instrument),
        best_bid=market.best_bid(),
        best_ask=market.best_ask(),
        worst_fill=_worst_fill(state, intent),
        orders_last_minute=sum(1 for sent in times if sent > since),
    )


def exposures(
    state: State, account: AccountName, also: InstrumentId | None = None
) -> tuple[Exposure, ...]:
    """Return every instrument with a position or an open order in an account, and `also`."""
    wanted = {order.intent.instrument for order in state.blotter.open()}
    wanted |= {symbol for (_, symbol, _), held in state.ledger.positions() if held.quantity}
    if also is not None:
        wanted.add(also)
    return tuple(exposure(state, account, symbol) for symbol in sorted(wanted))


def exposure(state: State, account: AccountName, symbol: InstrumentId) -> Exposure:
    """Return one instrument of an account as the gate counts it."""
    market = state.market.get(symbol)
    mark: Decimal | None = None if market is None else market.mark()
    return Exposure(
        instrument=state.instruments[symbol],
        quantity=state.ledger.net(account, symbol),
        buy_leaves=state.blotter.leaves(account, symbol, "buy"),
        sell_leaves=state.blotter.leaves(account, symbol, "sell"),
        mark=mark,
    )


def _worst_fill(state: State, intent: OrderIntent) -> int | None:
    """Return the worst displayed level a market order would reach, None where it goes beyond."""
    if intent.type != "market":
        return None
    book = state.market[intent.instrument].book
    levels = (
        book.asks(book.level_count(-1)) if intent.side == "buy" else book.bids(book.level_count(1))
    )
    left = intent.quantity
    for price, size in levels:
        left -= size
        if left <= 0:
            return price
    return None


def owner_holdings(
    state: State, account: AccountName, symbol: InstrumentId
) -> list[tuple[Owner, int]]:
    """Return each owner's signed quantity of an instrument, those that hold some."""
    return [
        (owner, held.quantity)
        for (held_by, what, owner), held in state.ledger.positions()
        if held_by == account and what == symbol and held.quantity
    ]


def plain(outcome: StepOutcome) -> AnyOutcome:
    """Return an outcome as the journal keeps it."""
    return outcome.item if isinstance(outcome, RiskApproved) else outcome
