"""What stops what: halt, kill, flatten, resume, pause, and the limits that pull them by themselves.

The table in the documentation is the law; each cell has a test. Orders that add risk go, what protects or only shrinks
a position stays, and nobody is left without the word that lifts it.
"""

from typing import Literal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import (
    CancelRequested,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    ResumeRequested,
    SleeveFailed,
    SleevePauseRequested,
    SleeveResumeRequested,
    TimerFired,
)
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import Order, OrderStateName
from tradebot.engine.core.outcomes import (
    Alert,
    FlattenEnded,
    FlattenStarted,
    OrderIntent,
    QueryAccount,
    SleevePaused,
    SleeveResumed,
    TradingStateChanged,
)
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.risk import collar_price
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step, owner_holdings
from tradebot.engine.core.types import MS, SECOND, AccountName, Owner, TradingState, opposite, sign

FLATTEN_PIECES_MAX = 20
"""Rounds of closing orders before the rest is reported."""

FLATTEN_PAUSE = SECOND
"""Between two closing pieces."""

FLATTEN_WAIT = 50 * MS
"""Between two looks whether the cancels before a closing order are through."""

FLATTEN_LOOKS_MAX = 200
"""Looks in all (10 s and more) before the rest is reported."""


def on_cancel(step: Step, event: CancelRequested) -> None:
    """Cancel one order, or all that match."""
    for order in step.state.blotter.open():
        intent = order.intent
        if event.client_order_id not in {None, intent.client_order_id}:
            continue
        if event.instrument not in {None, intent.instrument}:
            continue
        # Asked for by name it is sent again: the first cancel may have been lost, and twice does no harm.
        fresh = order.state != "pending_cancel" or event.client_order_id is not None
        if event.side in {None, intent.side} and fresh:
            step.cancel(intent, why("operator-cancel"))


def change_state(
    step: Step, wanted: TradingState, reason: str, *, cause: Literal["", "day-loss"] = ""
) -> None:
    """Move to REDUCING or HALTED (never from HALTED back to REDUCING) and take added risk out."""
    state = step.state
    if state.trading_state not in {wanted, "HALTED"}:
        step.emit(TradingStateChanged(state=wanted, reason=reason, cause=cause))
    cancel_added_risk(step, why("state", state=state.trading_state), None)


def cancel_added_risk(step: Step, because: Because, owner: Owner | None) -> None:
    """Cancel every open order (of one owner) that could make a position larger."""
    for order in adds_risk(step.state):
        if owner in {None, order.intent.owner} and order.state != "pending_cancel":
            step.cancel(order.intent, because)


def adds_risk(state: State) -> list[Order]:
    """Return open orders that could make a position larger.

    Reduce-only orders never do. Of the others those that oppose the account's position are counted against it, oldest
    first: what fits into it only shrinks it. So does what fits into its own owner's holding, also where owners stand
    against each other and the account's net is smaller: the gate let it pass as an exit, and it stays one.
    """
    nets: dict[tuple[AccountName, InstrumentId], int] = {}
    owned: dict[tuple[AccountName, InstrumentId, Owner], int] = {}
    adding: list[Order] = []
    for order in state.blotter.open():
        intent = order.intent
        where = (intent.account, intent.instrument)
        whose = (*where, intent.owner)
        net = nets.setdefault(where, state.ledger.net(*where))
        own = owned.setdefault(whose, state.ledger.position(*whose).quantity)
        signed = sign(intent.side) * order.leaves
        fits = _only_shrinks(net, signed), _only_shrinks(own, signed)
        if not any(fits) and not intent.reduce_only:
            adding.append(order)
        nets[where] += signed if fits[0] else 0
        owned[whose] += signed if fits[1] else 0
    return adding


def _only_shrinks(held: int, signed: int) -> bool:
    """Return whether a signed quantity takes from what is held and no more than that."""
    return held != 0 and (held > 0) != (signed > 0) and abs(signed) <= abs(held)


def keep_to_state(step: Step) -> None:
    """Take out what adds risk by now though it did not, or was not known, when the state was entered."""
    state = step.state
    paused = {name for name, sleeve in state.sleeves.items() if sleeve.paused is not None}
    stopped = state.trading_state != "ACTIVE"
    if not stopped and not paused:
        return
    for order in adds_risk(state):
        owner = order.intent.owner
        # What is unknown was told to end when the state was entered; it is told again once it is known.
        if order.state in {"pending_cancel", "unknown"} or not (stopped or owner in paused):
            continue
        because = why("state", state=state.trading_state)
        step.cancel(order.intent, because if stopped else why("sleeve-paused", sleeve=owner))


def on_halt(step: Step, event: HaltRequested) -> None:
    """REDUCING by an operator; what a day loss pulled is his from now on, the next day does not lift it."""
    if step.state.trading_state == "REDUCING" and step.state.cause:
        step.emit(TradingStateChanged(state="REDUCING", reason=event.reason))
    change_state(step, "REDUCING", event.reason)


def on_kill(step: Step, event: KillRequested) -> None:
    """HALTED by an operator."""
    change_state(step, "HALTED", event.reason)


def on_resume(step: Step, event: ResumeRequested) -> bool:
    """Back to ACTIVE, unless the ledger and the venue disagree; return whether it was lifted."""
    state = step.state
    if state.trading_state == "ACTIVE":
        return False
    differing = {name: known for name, known in state.accounts.items() if known.differences}
    if state.trading_state == "HALTED" and differing:
        told = "; ".join(text for known in differing.values() for text in known.differences)
        step.emit(Alert(level="error", text=f"still HALTED, reconcile first: {told}"))
        # The report may be older than what came since: only a new one can be clean.
        for name, known in differing.items():
            step.emit(QueryAccount(account=name, since=known.newest_fill))
        return False
    if state.flattening:
        names = ", ".join(sorted(state.flattening))
        step.emit(
            Alert(level="error", text=f"still HALTED, flattening {names}: wait until it ends")
        )
        return False
    step.emit(TradingStateChanged(state="ACTIVE", reason=event.reason))
    return True


def on_pause(step: Step, event: SleevePauseRequested | SleeveFailed) -> None:
    """A sleeve adds no more risk; its adding orders go, its protection stays."""
    sleeve = step.state.sleeves.get(event.sleeve)
    if sleeve is None:
        step.emit(Alert(level="error", text=f"no sleeve {event.sleeve} runs: nothing paused"))
        return
    # A pause does not heal: a failed sleeve is asked again only after it was resumed.
    failed = isinstance(event, SleeveFailed)
    step.emit(
        SleevePaused(sleeve=event.sleeve, reason=event.reason, failed=failed or sleeve.failed)
    )
    if failed:
        step.emit(Alert(level="error", text=f"sleeve {event.sleeve} paused: {event.reason}"))
    cancel_added_risk(step, why("sleeve-paused", sleeve=event.sleeve), event.sleeve)


def on_sleeve_resume(step: Step, event: SleeveResumeRequested) -> None:
    """A paused sleeve may add risk again."""
    sleeve = step.state.sleeves.get(event.sleeve)
    if sleeve is not None and sleeve.paused is not None:
        step.emit(SleeveResumed(sleeve=event.sleeve, reason=event.reason))


# ------------------------------------------------------------------------------------ flatten


def on_flatten(step: Step, event: FlattenRequested) -> None:
    """HALTED, then close what is held, in pieces."""
    state = step.state
    change_state(step, "HALTED", "flatten")
    held = {symbol for (_, symbol, _), position in state.ledger.positions() if position.quantity}
    open_in = {order.intent.instrument for order in state.blotter.open()}
    for symbol in sorted(held | open_in):
        if event.instrument in {None, symbol}:
            step.emit(FlattenStarted(instrument=symbol))
            _cancel_all(step, symbol, but={"pending_cancel"})
            flatten_step(step, symbol)


def on_flatten_timer(step: Step, event: TimerFired) -> None:
    """Go on with a flatten."""
    symbol = InstrumentId(event.timer_id.partition(":")[2])
    if symbol in step.state.flattening:
        flatten_step(step, symbol)


def flatten_step(step: Step, symbol: InstrumentId) -> None:
    """Send the next closing orders of an instrument, wait for cancels, or end."""
    state = step.state
    account = state.account
    progress = state.flattening[symbol]
    if state.blotter.open_in(account, symbol):
        progress.looks += 1
        if progress.looks > FLATTEN_LOOKS_MAX:
            _end_flatten(step, symbol, "orders at the venue did not end")
            return
        _cancel_all(step, symbol, but={"pending_cancel", "unknown"})
        step.timer(f"flatten:{symbol}", state.now + FLATTEN_WAIT)
        return
    if state.ledger.net(account, symbol) == 0:
        _end_flatten(step, symbol, "flat")
    elif state.market.get(symbol) is None:
        _end_flatten(step, symbol, "the engine no longer trades it")
    elif progress.pieces >= FLATTEN_PIECES_MAX:
        _end_flatten(step, symbol, f"not filled after {FLATTEN_PIECES_MAX} pieces")
    else:
        progress.pieces += 1
        _send_pieces(step, symbol)


def _send_pieces(step: Step, symbol: InstrumentId) -> None:
    """Send one round of closing orders; end where none of them may go out."""
    state = step.state
    lot = state.instruments[symbol].rules_at(state.now).lot
    sent, trouble = False, "less than one lot is left"
    for owner, quantity in closing_shares(owner_holdings(state, state.account, symbol), lot):
        refused = step.submit(closing_order(state, symbol, owner, quantity))
        if refused is None:
            sent = True
        else:
            trouble = refused.text
    if sent:
        step.timer(f"flatten:{symbol}", state.now + FLATTEN_PAUSE)
    else:
        _end_flatten(step, symbol, trouble)


def closing_shares(holdings: list[tuple[Owner, int]], lot: int) -> list[tuple[Owner, int]]:
    """Return what each owner closes of an account's net position: signed as held, in whole lots.

    Owners on the net's side share it in proportion to what they hold, by largest remainder; those who hold the opposite
    are part of why the net is smaller, and close nothing.
    """
    net = sum(quantity for _, quantity in holdings)
    same = [(owner, quantity) for owner, quantity in holdings if quantity * net > 0]
    total = abs(sum(quantity for _, quantity in same))
    lots = abs(net) // lot
    shares = {owner: lots * abs(quantity) // total for owner, quantity in same}
    by_remainder = sorted(same, key=lambda held: -(lots * abs(held[1]) % total))
    for owner, _ in by_remainder[: lots - sum(shares.values())]:
        shares[owner] += 1
    side = 1 if net > 0 else -1
    return [(owner, side * share * lot) for owner, share in shares.items() if share]


def closing_order(state: State, symbol: InstrumentId, owner: Owner, held: int) -> OrderIntent:
    """Return the order that closes an owner's holding now: IOC, reduce-only, within the collar."""
    account = state.account
    side = "sell" if held > 0 else "buy"
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
        side=side,
        type="market" if price is None else "limit",
        tif="ioc",
        quantity=min(abs(held), rules.quantity_max - rules.quantity_max % rules.lot),
        limit_price=price,
        post_only=False,
        reduce_only=True,
        because=why("flatten"),
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


def _cancel_all(step: Step, symbol: InstrumentId, *, but: set[OrderStateName]) -> None:
    for order in step.state.blotter.open_in(step.state.account, symbol):
        if order.state not in but:
            step.cancel(order.intent, why("flatten"))


def _end_flatten(step: Step, symbol: InstrumentId, reason: str) -> None:
    state = step.state
    rest = state.ledger.net(state.account, symbol)
    step.emit(FlattenEnded(instrument=symbol, rest=rest, reason=reason))
    if rest:
        quantity = state.instruments[symbol].quantity(rest)
        text = f"flatten {symbol}: {quantity} still held: {reason}"
        step.emit(Alert(level="error", text=text))


# ------------------------------------------------------------------------------------ reduce-only


def trim_reduce_only(step: Step, symbol: InstrumentId) -> None:
    """Cancel the newest reduce-only orders that a smaller position no longer covers."""
    state = step.state
    held = state.ledger.net(state.account, symbol)
    for order in state.blotter.open_in(state.account, symbol):
        intent = order.intent
        if not intent.reduce_only or order.state == "pending_cancel":
            continue
        closes = held != 0 and intent.side == opposite("buy" if held > 0 else "sell")
        if closes and order.leaves <= abs(held):
            held += sign(intent.side) * order.leaves
        else:
            step.cancel(intent, why("reduce-only", held=state.instruments[symbol].quantity(held)))
