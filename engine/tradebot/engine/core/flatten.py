"""Flatten: close what is held, in pieces, and leave no position with neither a stop nor a closing order.

Where the venue itself keeps reduce-only orders from turning a position, and a resting order locks nothing, the closing
order goes first and protective orders end as it fills. Elsewhere a protective order is cancelled first, and what it
covered is closed in the very step that learns of its end; where the closing order ends with a rest, the protective
orders are put back until the next piece. What had no protection before has none between two pieces, as before.

Each step asks one question: how much of the position does no open order on its closing side cover? That is closed now,
or, while the last piece is waited out, covered again. What an order that ended covered is its owner's first, so that
one order makes way for one: shared among owners at every turn, pieces would double with each of them.
"""

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.closing_shares import closing_shares
from tradebot.engine.core.events import (
    CancelRejected,
    FlattenRequested,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderLane,
    OrderRejected,
    OrderReported,
    SubmitUnknown,
    TimerFired,
)
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.netting import net_owners
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Alert, FlattenEnded, FlattenStarted, OrderIntent
from tradebot.engine.core.price_collar import collar_price
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.restoring import RESTORED, at_the_venue, restore
from tradebot.engine.core.state import FLATTEN, Flattening, FlattenKey, State
from tradebot.engine.core.step import Step, owner_holdings
from tradebot.engine.core.stops import change_state
from tradebot.engine.core.types import (
    MS,
    SECOND,
    AccountName,
    Owner,
    Side,
    sign,
)

FLATTEN_PIECES_MAX = 20
"""Rounds of closing orders before the rest is reported."""

FLATTEN_PAUSE = SECOND
"""Between two closing pieces."""

FLATTEN_WAIT = 50 * MS
"""Between two looks whether the orders in the way have ended."""

FLATTEN_LOOKS_MAX = 200
"""Looks in all (10 s and more) before the rest is reported."""

FLATTENS = why(FLATTEN)
"""Why a closing order of a flatten is there."""

FLATTEN_TIMER = "flatten:"

ABOUT_ORDERS = (
    OrderAccepted,
    OrderRejected,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderReported,
    CancelRejected,
    SubmitUnknown,
)
"""What may move a flatten on."""


def on_flatten(step: Step, event: FlattenRequested) -> None:
    """HALTED, then close what is held, whoever owns it, at every account."""
    state = step.state
    change_state(step, "HALTED", FLATTEN)
    held = {(at, what) for (at, what, _), position in state.ledger.positions() if position.quantity}
    working = {(order.intent.account, order.intent.instrument) for order in state.blotter.open()}
    for where in sorted(held | working):
        if event.instrument in {None, where[1]} and where[0] in state.accounts:
            step.emit(FlattenStarted(account=where[0], instrument=where[1]))
            flatten_step(step, where, again=True)


def timer_of(where: FlattenKey) -> str:
    """Return the timer that moves a flatten on."""
    return f"{FLATTEN_TIMER}{where[0]}:{where[1]}"


def on_flatten_timer(step: Step, event: TimerFired) -> None:
    """Go on with a flatten."""
    account, _, symbol = event.timer_id.removeprefix(FLATTEN_TIMER).partition(":")
    where = (AccountName(account), InstrumentId(symbol))
    if where in step.state.flattening:
        flatten_step(step, where, again=True)


def on_order_of_flatten(step: Step, event: OrderLane) -> None:
    """Go on with a flatten in the step that learns of one of its orders; other events are none of its business."""
    state = step.state
    if not isinstance(event, ABOUT_ORDERS):
        return
    order = state.blotter.get(event.client_order_id)
    if order is None:
        return
    where = (order.intent.account, order.intent.instrument)
    if where in state.flattened and where not in state.flattening and state.ledger.net(*where):
        text = f"flatten {where[1]}: a fill came after it had ended; it goes on"
        step.emit(Alert(level="warn", text=text))
        step.emit(FlattenStarted(account=where[0], instrument=where[1]))
    progress = state.flattening.get(where)
    if progress is None:
        return
    rest = not order.is_open and order.filled < order.intent.quantity
    if is_closing(order) and rest:
        progress.next_piece = state.now + FLATTEN_PAUSE
    elif _code(order) == RESTORED and order.state == "rejected":
        if state.now < progress.hurried + FLATTEN_PAUSE:
            # A venue that refuses both kinds is not asked for the one and the other in turn without a pause.
            _look_again(step, where, progress)
            return
        # Neither stop nor closing order: the next piece does not wait.
        progress.next_piece = progress.hurried = state.now
    flatten_step(step, where, again=False, ended=None if order.is_open else order)


def is_closing(order: Order) -> bool:
    """Return whether an order is a piece of a flatten."""
    return order.intent.reduce_only and _code(order) == FLATTEN


def _code(order: Order) -> str:
    because = order.intent.because
    return "" if because is None else because.code


def flatten_step(step: Step, where: FlattenKey, *, again: bool, ended: Order | None = None) -> None:
    """Close what is not covered, cover what may not be closed yet, or end.

    Args:
        step: The step.
        where: Account and instrument.
        again: Whether orders in the way are told to end (once more); on an order's own news they are not.
        ended: The order whose end this step learns of: what it covered is its owner's first.
    """
    state = step.state
    progress = state.flattening[where]
    net = state.ledger.net(*where)
    orders = at_the_venue(state, where)
    trouble = _hopeless(step, where, orders, again=again)
    if trouble:
        _end(step, where, trouble)
        return
    closing: Side = "sell" if net > 0 else "buy"
    covering = sum(o.leaves for o in orders if net and o.intent.side == closing)
    if covering > abs(net) and state.now < progress.next_piece:
        # More than the position: what was put back would turn it, as after a late fill.
        progress.next_piece = state.now
        again = True
    if again and state.now >= progress.next_piece:
        _cancel_in_the_way(step, where, orders, net)
    uncovered = abs(net) - _covered(state, where, closing)
    if net and uncovered >= _lot(state, where):
        if state.now >= progress.next_piece:
            trouble = _send_pieces(step, where, uncovered, ended)
        else:
            restore(step, where, uncovered, ended)
    elif net and not orders:
        trouble = "less than one lot is left"
    if trouble:
        _end(step, where, trouble)
    elif not net and not orders:
        _end(step, where, "flat")
    else:
        _look_again(step, where, progress)


def closes_first(state: State, where: FlattenKey) -> bool:
    """Return whether a closing order may stand beside the protective ones it replaces."""
    can = state.accounts[where[0]].started.capabilities
    return can.reduce_only and not can.locks_balance


def _hopeless(step: Step, where: FlattenKey, orders: list[Order], *, again: bool) -> str:
    """Return why a flatten ends though it is not done; empty while it goes on."""
    state, progress = step.state, step.state.flattening[where]
    if state.market.get(where[1]) is None:
        return "the engine no longer trades it"
    if not again or not orders:
        return ""
    progress.looks += 1
    # What is unknown, or a piece on its way, is waited for: given up, it could leave the position bare.
    waited_for = any(is_closing(o) or o.state in {"unknown", "created"} for o in orders)
    if progress.looks > FLATTEN_LOOKS_MAX and not waited_for:
        return "orders at the venue did not end"
    if progress.looks == FLATTEN_LOOKS_MAX + 1:
        text = (
            f"flatten {where[1]}: the venue has not said what became of an order; it is waited for"
        )
        step.emit(Alert(level="error", text=text))
    return ""


def _look_again(step: Step, where: FlattenKey, progress: Flattening) -> None:
    now = step.state.now
    wait = FLATTEN_WAIT if progress.looks <= FLATTEN_LOOKS_MAX else FLATTEN_PAUSE
    due = max(progress.next_piece, now + wait)
    if not at_the_venue(step.state, where):
        due = max(progress.next_piece, now + FLATTEN_PAUSE)
    step.timer(timer_of(where), due)


def _cancel_in_the_way(step: Step, where: FlattenKey, orders: list[Order], net: int) -> None:
    keep: set[str] = set()
    if net and closes_first(step.state, where):
        keep = _still_needed(orders, net)
    for order in orders:
        told = order.state in {"pending_cancel", "unknown"} or is_closing(order)
        if not told and order.intent.client_order_id not in keep:
            step.cancel(order.intent, why(FLATTEN))


def _still_needed(orders: list[Order], net: int) -> set[str]:
    """Return the protective orders that stay beside the closing one: the oldest that cover the position."""
    needed: set[str] = set()
    covered = 0
    for order in orders:
        protects = order.intent.reduce_only and sign(order.intent.side) * net < 0
        if protects and not is_closing(order) and covered < abs(net):
            covered += order.leaves
            needed.add(order.intent.client_order_id)
    return needed


def _covered(state: State, where: FlattenKey, closing: Side) -> int:
    """Return how much of the position open orders on its closing side will take, in units."""
    beside = closes_first(state, where)
    return sum(
        order.leaves
        for order in at_the_venue(state, where)
        if order.intent.side == closing
        and (is_closing(order) or not beside or not order.intent.reduce_only)
    )


def _lot(state: State, where: FlattenKey) -> int:
    return state.instruments[where[1]].rules_at(state.now).lot


# ------------------------------------------------------------------------------------ closing


def _send_pieces(step: Step, where: FlattenKey, quantity: int, ended: Order | None) -> str:
    """Close a quantity now; return why nothing of it could be sent, else empty."""
    state, progress = step.state, step.state.flattening[where]
    if not any(is_closing(order) for order in at_the_venue(state, where)):
        progress.pieces += 1
    if progress.pieces > FLATTEN_PIECES_MAX:
        return f"not filled after {FLATTEN_PIECES_MAX} pieces"
    sent, trouble = False, "less than one lot is left"
    holdings = _uncovered_holdings(state, where)
    freed = 0 if ended is None else ended.intent.quantity - ended.filled
    first = None if ended is None else (ended.intent.owner, freed)
    for owner, share in closing_shares(holdings, _lot(state, where), quantity, first):
        refused = step.submit(closing_order(state, where, owner, share))
        if refused is None:
            sent = True
        else:
            trouble = refused.text
    standing = any(o.intent.reduce_only for o in at_the_venue(state, where))
    return "" if sent or standing else trouble


def _uncovered_holdings(state: State, where: FlattenKey) -> list[tuple[Owner, int]]:
    """Return what each owner holds less what its own open orders on the closing side will take."""
    net = state.ledger.net(*where)
    holdings: list[tuple[Owner, int]] = []
    for owner, held in owner_holdings(state, *where):
        if held * net <= 0:
            continue
        covered = sum(
            order.leaves
            for order in at_the_venue(state, where)
            if order.intent.owner == owner
            and sign(order.intent.side) * net < 0
            and (is_closing(order) or not closes_first(state, where))
        )
        left = max(abs(held) - covered, 0)
        holdings.append((owner, left if net > 0 else -left))
    return holdings


def closing_order(
    state: State,
    where: FlattenKey,
    owner: Owner,
    held: int,
    *,
    because: Because = FLATTENS,
    reduce_only: bool = True,
) -> OrderIntent:
    """Return the order that closes an owner's holding now: IOC, within the collar."""
    account, symbol = where
    market = state.market[symbol]
    price = _closing_price(state, market, held)
    rules = market.instrument.rules_at(state.now)
    return OrderIntent(
        client_order_id=state.next_order_id(),
        request_id=None,
        bet_id=state.bet_for(account, symbol, owner),
        account=account,
        instrument=symbol,
        owner=owner,
        policy_version=None,
        side="sell" if held > 0 else "buy",
        type="market" if price is None else "limit",
        tif="ioc",
        quantity=min(abs(held), rules.quantity_max - rules.quantity_max % rules.lot),
        limit_price=price,
        post_only=False,
        reduce_only=reduce_only,
        because=because,
        edge=None,
        lives_at="broker",
        created=state.now,
        engine_id=state.engine_id,
    )


def _closing_price(state: State, market: InstrumentMarket, held: int) -> int | None:
    bid, ask = market.best_bid(), market.best_ask()
    if bid is None or ask is None:
        return None
    tick = market.instrument.rules_at(state.now).tick
    return collar_price(state.limits, "sell" if held > 0 else "buy", bid, ask, tick)


def _end(step: Step, where: FlattenKey, reason: str) -> None:
    state = step.state
    rest = state.ledger.net(*where)
    if rest and state.market.get(where[1]) is not None:
        closing: Side = "sell" if rest > 0 else "buy"
        standing = state.blotter.leaves(*where, closing)
        restore(step, where, abs(rest) - standing)
    step.emit(FlattenEnded(account=where[0], instrument=where[1], rest=rest, reason=reason))
    net_owners(step, where)
    if rest:
        quantity = state.instruments[where[1]].quantity(rest)
        text = f"flatten {where[1]}: {quantity} still held: {reason}"
        step.emit(Alert(level="error", text=text))
