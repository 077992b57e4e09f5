"""One step of the kernel: outcomes in the order they were decided, each applied at once."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.accounts import NATIVE_CAPABILITIES, AccountState
from tradebot.engine.core.authority import Mandate
from tradebot.engine.core.crossing import GIVES_WAY, blocked_by, in_the_way
from tradebot.engine.core.events import PlaceOrder
from tradebot.engine.core.exposures import exposures, own_picture
from tradebot.engine.core.gate_words import Check, DenialCode
from tradebot.engine.core.hours import opens_after
from tradebot.engine.core.limits import narrowest
from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    Cancel,
    HeldEnded,
    OrderDenied,
    OrderHeld,
    OrderIntent,
    Replace,
    SetTimer,
    Submit,
)
from tradebot.engine.core.picture import Exposure, Picture
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.risk import QUERY_PATIENCE, RiskApproved, approve, approve_replace, check
from tradebot.engine.core.state import EXIT, FLATTEN, State
from tradebot.engine.core.terms import check_terms, place_of
from tradebot.engine.core.types import (
    HAND,
    MINUTE,
    MS,
    AccountName,
    OrderType,
    Owner,
    Side,
    StreamState,
)

EXPIRE = "expire:"
"""Timers that end an order; the order's id follows."""

LONGEST_DAY = 50 * 60 * MINUTE
"""No trading day is longer, whatever its zone does with its clocks."""

type StepOutcome = AnyOutcome | RiskApproved[Submit] | RiskApproved[Replace]
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

        One that would trade against another of this account waits here until that one has ended.

        Args:
            intent: The order.
            denial_is_news: Whether a denial is journaled; a sleeve told the same twice is not.
        """
        refused = self.refused_terms(intent)
        verdict = refused or approve(intent, picture(self.state, intent))
        if isinstance(verdict, RiskApproved):
            other = blocked_by(self.state, intent)
            if other is None:
                for before in in_the_way(self.state, intent):
                    self.cancel(before.intent, why(GIVES_WAY, order=intent.client_order_id))
                self.outcomes.append(verdict)
                self.state.apply_outcome(verdict.item)
            else:
                self.emit(OrderHeld(order=intent, waits_for=other.intent.client_order_id))
            self._until(intent)
            return None
        if denial_is_news:
            self.emit(OrderDenied(order=intent, code=verdict.code, text=verdict.text))
        return verdict

    def submit_together(self, intents: Sequence[OrderIntent]) -> Check | None:
        """Pass protective orders that the venue is to hold as one through the gate; return the line that refused one.

        All of them go out, or none: a refusal is not journaled.

        Args:
            intents: Orders of one group.
        """
        verdicts: list[RiskApproved[Submit]] = []
        for number, intent in enumerate(intents):
            seen = picture(self.state, intent)
            sent = seen.orders_last_minute + number
            seen = msgspec.structs.replace(seen, orders_last_minute=sent)
            verdict = self.refused_terms(intent) or approve(intent, seen)
            if not isinstance(verdict, RiskApproved):
                return verdict
            verdicts.append(verdict)
        for verdict in verdicts:
            order = verdict.item.order
            for before in in_the_way(self.state, order):
                self.cancel(before.intent, why(GIVES_WAY, order=order.client_order_id))
            self.outcomes.append(verdict)
            self.state.apply_outcome(verdict.item)
        return None

    def replace(self, intent: OrderIntent, known_filled: int) -> Check | None:
        """Pass an order that takes another's place through the gate; return the line that refused it, or None.

        Args:
            intent: The new order; its `replaces` names the old one.
            known_filled: What is known to be filled of the old one, in units.
        """
        verdict = self.refused_terms(intent) or approve_replace(
            intent, picture(self.state, intent), known_filled
        )
        if isinstance(verdict, Check):
            return verdict
        self.outcomes.append(verdict)
        self.state.apply_outcome(verdict.item)
        self._until(intent)
        return None

    def hold(self, intent: OrderIntent) -> None:
        """Keep an order in the engine; the gate is asked when it is set off or its turn comes."""
        self.emit(OrderHeld(order=intent))
        self._until(intent)

    def refused_terms(self, intent: OrderIntent) -> Check | None:
        """Return the first line by which an order cannot be done or is not said in full, or None."""
        instrument = self.state.instruments[intent.instrument]
        capabilities = self.state.accounts[intent.account].started.capabilities
        lines = check_terms(intent, capabilities, instrument, self.state.now)
        return next((line for line in lines if not line.ok), None)

    def deny(self, intent: OrderIntent, code: DenialCode, text: str) -> None:
        """Refuse an order with a reason."""
        self.emit(OrderDenied(order=intent, code=code, text=text))

    def _until(self, intent: OrderIntent) -> None:
        if intent.expires is not None:
            self.timer(f"{EXPIRE}{intent.client_order_id}", intent.expires)

    def cancel(self, intent: OrderIntent, because: Because) -> None:
        """Ask for an order to be taken out; one the engine keeps itself is out at once."""
        order = self.state.blotter.get(intent.client_order_id)
        if order is not None and order.held:
            key, code = intent.client_order_id, because.code
            self.emit(HeldEnded(client_order_id=key, state="cancelled", reason=code))
            return
        self.emit(
            Cancel(client_order_id=intent.client_order_id, account=intent.account, because=because)
        )


def intent_of(state: State, request: PlaceOrder) -> OrderIntent:
    """Return a person's order as the kernel would write it now."""
    account = state.accounts.get(request.account)
    capabilities = NATIVE_CAPABILITIES if account is None else account.started.capabilities
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
        lives_at=place_of(capabilities, request.type),
        created=state.now,
        engine_id=state.engine_id,
        trigger_price=request.trigger_price
        if request.trigger_price is not None or request.type != "trailing_stop"
        else trailing_start(state, request.instrument, request.side, request.trail),
        trail=request.trail,
        expires=day_end(state) if request.tif == "day" else request.expires,
        attended=request.attended,
        terminal=request.terminal,
        parent=request.after,
        oco=request.oco,
        legs=request.legs,
    )


def trailing_start(
    state: State,
    symbol: InstrumentId,
    side: Side,
    trail: int | None,
    opened: int | None = None,
) -> int | None:
    """Return where a trailing stop of a side stands when it comes to be, on the tick; None without a price to trail.

    Args:
        state: What is known.
        symbol: Of what.
        side: The stop's own.
        trail: Distance, in price units.
        opened: What the position was opened at, in price units: it trails that where no market is known yet, as after
            a restart; a stop that waited for the market would leave the position bare.
    """
    market = state.market.get(symbol)
    known = None if market is None else market.trigger_units()
    price = opened if known is None else known
    if market is None or price is None or trail is None:
        return None
    tick = market.instrument.rules_at(state.now).tick
    if side == "sell":
        return int((price - trail) // tick) * tick
    return -int(-(price + trail) // tick) * tick


def day_end(state: State) -> int:
    """Return when the trading day of now ends, ns UTC: the first instant that belongs to the next."""
    today = state.day_of(state.now)
    low, high = state.now, state.now + LONGEST_DAY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if state.day_of(middle) <= today else (low, middle)
    return high


def judge(state: State, intent: OrderIntent) -> list[Check]:
    """Return every line the gate has for an order; it passes when all are ok."""
    instrument = state.instruments[intent.instrument]
    capabilities = state.accounts[intent.account].started.capabilities
    terms = check_terms(intent, capabilities, instrument, state.now)
    return [*(line for line in terms if not line.ok), *check(intent, picture(state, intent))]


def picture(state: State, intent: OrderIntent) -> Picture:
    """Return what the gate sees for one order; the instrument must be known."""
    market = state.market[intent.instrument]
    sleeve = state.sleeves.get(intent.owner)
    times = state.sent.get(intent.owner, ())
    since = state.now - MINUTE
    account = state.accounts[intent.account]
    mandate, mandated = _mandate(state, intent.owner)
    return Picture(
        now=state.now,
        limits=state.limits if mandate is None else narrowest(state.limits, mandate.limits),
        state=state.trading_state,
        sleeve_paused=intent.owner != HAND and (sleeve is None or sleeve.paused is not None),
        flattening=(intent.account, intent.instrument) in state.flattening
        and not intent.reduce_only,
        feed=market.health(state.now),
        unresolved=any(
            order.intent.instrument == intent.instrument and order.intent.account == intent.account
            for order in state.blotter.unresolved()
        ),
        reconciled=account.reconciled and state.refused is None,
        equity=state.equity(),
        exposures=_all_exposures(state, intent, account),
        best_bid=market.best_bid(),
        best_ask=market.best_ask(),
        worst_fill=_worst_fill(state, intent),
        orders_last_minute=len(times) - bisect_right(times, since),
        armed=not state.is_live or state.authority.armed(state.now),
        mandated=mandated,
        capital_left=None if mandate is None else _capital_left(state, intent.owner, mandate),
        stream=_stream(state, account),
        clock=_clock(state, account),
        query_late=account.asked_at > 0 and state.now - account.asked_at > QUERY_PATIENCE,
        protected_here=_protected_here(state, intent, account),
        own_quantity=state.ledger.position(
            intent.account, intent.instrument, intent.owner
        ).quantity,
        own_leaves=_own_leaves(state, intent, account),
        standing_stop=_stands(state, intent),
        opens=opens_after(market.sessions, state.now),
        short_allowed=intent.instrument not in account.started.capabilities.not_short,
        own=own_picture(state, intent),
    )


def _stands(state: State, intent: OrderIntent) -> bool:
    """Return whether an order is a stop the engine keeps and sets off, or one that takes a standing stop's place."""
    known = state.blotter.get(intent.replaces or intent.client_order_id)
    return known is not None and known.is_open and known.intent.type in STOPS


def _protected_here(state: State, intent: OrderIntent, account: AccountState) -> bool:
    """Return whether a stop of an order would be this engine's alone though it belongs at the broker."""
    if state.started is None or state.started.protect_at != "broker":
        return False
    known = account.started.capabilities.order_types
    legs = intent.legs
    stop: OrderType | None = None if legs is None or legs.stop_loss is None else "stop"
    stop = "trailing_stop" if legs is not None and legs.trail is not None else stop
    return intent.lives_at == "engine" or (stop is not None and stop not in known)


def _mandate(state: State, owner: Owner) -> tuple[Mandate | None, bool]:
    """Return a sleeve's mandate where one is needed and holds, and whether it may add risk."""
    sleeve = state.sleeves.get(owner)
    if not state.is_live or sleeve is None:
        return None, True
    mandate = state.authority.mandate_of(sleeve.started, state.now)
    return mandate, mandate is not None


def _capital_left(state: State, owner: Owner, mandate: Mandate) -> Decimal:
    """Return the mandate's capital less what the sleeve holds and has working, at marks."""
    used: dict[InstrumentId, int] = {}
    for symbol in state.instruments:
        held = state.ledger.position(mandate.account, symbol, owner).quantity
        mine = [
            o for o in state.blotter.open_in(mandate.account, symbol) if o.intent.owner == owner
        ]
        buys = sum(order.leaves for order in mine if order.intent.side == "buy")
        sells = sum(order.leaves for order in mine if order.intent.side == "sell")
        used[symbol] = max(abs(held + buys), abs(held - sells))
    left = mandate.capital
    for symbol, units in used.items():
        market = state.market.get(symbol)
        mark = None if market is None else market.mark()
        if units and mark is not None:
            instrument = state.instruments[symbol]
            left -= instrument.quantity(units) * mark * instrument.multiplier
    return left


def _stream(state: State, account: AccountState) -> StreamState | None:
    """Return the private stream's health; where the account is in this process there is none to be told of."""
    real = state.started is not None and state.started.mode in {"broker-paper", "live"}
    return account.stream if account.stream is not None or real else "up"


def _clock(state: State, account: AccountState) -> str:
    """Return what is wrong with the clock against the venue's; empty where right, or not watched."""
    most = 0 if state.started is None else state.started.clock_offset_max
    if most == 0:
        return ""
    known = account.clock
    if known is None or known.error > most:
        return f"the clock's offset to the venue of {account.started.name} is not known to {most // MS} ms"
    if abs(known.offset) > most:
        return f"the clock is {known.offset / MS:+.0f} ms from the venue's, at most {most // MS} ms"
    return ""


def _exposures_for(
    state: State, intent: OrderIntent, account: AccountState
) -> tuple[Exposure, ...]:
    """Return exposures as the gate counts them for an order.

    A flatten's closing order stands beside the protective orders it replaces where the venue itself keeps reduce-only
    orders from turning a position: they do not count against it there.
    """
    found = exposures(state, intent.account, intent.instrument, without=intent)
    where = (intent.account, intent.instrument)
    flattens = _code(intent) == FLATTEN and intent.reduce_only and where in state.flattening
    if not flattens and not _exits(state, intent):
        return found
    can = account.started.capabilities
    if can.locks_balance or not can.reduce_only:
        return found
    beside = sum(
        order.leaves
        for order in state.blotter.open_in(*where)
        if order.intent.side == intent.side
        and order.intent.reduce_only
        and not order.held
        and _code(order.intent) != _code(intent)
        and (flattens or order.intent.owner == intent.owner)
    )
    name = "sell_leaves" if intent.side == "sell" else "buy_leaves"
    return tuple(
        msgspec.structs.replace(one, **{name: getattr(one, name) - beside})
        if one.instrument.id == intent.instrument
        else one
        for one in found
    )


def _own_leaves(state: State, intent: OrderIntent, account: AccountState) -> int:
    """Return the open quantity of an order's owner on its side; what may stand beside its exit does not count."""
    can, exits = account.started.capabilities, _exits(state, intent)
    beside = exits and can.reduce_only and not can.locks_balance
    return sum(
        order.leaves
        for order in state.blotter.open_in(intent.account, intent.instrument)
        if order.intent.owner == intent.owner
        and order.intent.side == intent.side
        and not (exits and order.held)
        and not (beside and order.intent.reduce_only and _code(order.intent) != EXIT)
    )


def _code(intent: OrderIntent) -> str:
    return "" if intent.because is None else intent.because.code


def _exits(state: State, intent: OrderIntent) -> bool:
    """Return whether an order is a piece by which a sleeve closes all it holds."""
    sleeve = state.sleeves.get(intent.owner)
    return sleeve is not None and sleeve.exiting is not None and _code(intent) == EXIT


def _all_exposures(
    state: State, intent: OrderIntent, account: AccountState
) -> tuple[Exposure, ...]:
    """Return the exposures of every account, the order's own first: gross is counted over all of them."""
    found = list(_exposures_for(state, intent, account))
    for name in state.accounts:
        if name != intent.account:
            found += exposures(state, name)
    return tuple(found)


def _worst_fill(state: State, intent: OrderIntent) -> int | None:
    """Return the worst displayed level a market order would reach, None where it goes beyond."""
    if intent.type != "market":
        return None
    market = state.market[intent.instrument]
    if not market.has_book:
        # A quote is all that is known of such a market.
        return market.best_ask() if intent.side == "buy" else market.best_bid()
    book = market.book
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
