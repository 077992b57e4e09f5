"""What must hold when nothing is on its way and the venue is well: the engine and the venue tell the same story."""

from tradebot.engine.core.legs import LEGS_LOST_MAX, RESTORED
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.state import State
from tradebot.engine.core.types import SECOND, UNCLAIMED, AccountName
from tradebot.engine.core.waiting import waits
from tradebot.engine.simulation.bet_results import check_bets
from tradebot.engine.simulation.exchange import Exchange
from tradebot.engine.simulation.instruments import INSTRUMENTS
from tradebot.engine.simulation.judge import Judge
from tradebot.engine.simulation.violation import Violation

OVERDUE = SECOND
"""How long an order may outlive its time: the engine asks for its end again and again until it has it."""


def unsettled(state: State, exchange: Exchange) -> str | None:
    """Return what engine and venue do not agree upon, or None."""
    for account in state.accounts:
        trouble = _orders(state, exchange, account) or _holdings(state, exchange, account)
        if trouble is not None:
            return trouble
    return None


def _orders(state: State, exchange: Exchange, account: AccountName) -> str | None:
    at_venue = {order.client_order_id: order for order in exchange.working(account)}
    for order in state.blotter.open():
        intent = order.intent
        if intent.account != account or intent.lives_at == "engine":
            continue
        if order.held and waits(state, order):
            continue
        theirs = at_venue.pop(intent.client_order_id, None)
        if theirs is None:
            return f"{intent.client_order_id} is {order.state} here, not open at the venue"
        if theirs.standing != order.filled:
            return f"{intent.client_order_id} filled {order.filled}, at the venue {theirs.standing}"
        if intent.expires is not None and intent.expires < state.now - OVERDUE:
            return f"{intent.client_order_id} should have expired at {intent.expires}"
        if order.state in {"unknown", "created"}:
            return f"{intent.client_order_id} is {order.state} here, working at the venue"
        if theirs.foreign and intent.owner != UNCLAIMED:
            return f"{intent.client_order_id} was placed elsewhere, and is {intent.owner}'s here"
    for key in at_venue:
        return f"{key} works at the venue, not here"
    return None


def _holdings(state: State, exchange: Exchange, account: AccountName) -> str | None:
    books = exchange.books
    for instrument in INSTRUMENTS:
        ours = state.ledger.net(account, instrument.id)
        theirs = books.position(account, instrument.id)
        if ours != theirs:
            return f"{account} {instrument.id}: ledger {ours}, venue {theirs}"
    for asset, amount in books.cash(account).items():
        balance = state.ledger.balance(account, asset)
        if balance != amount:
            return f"{account} {asset}: ledger {balance}, venue {amount}"
    return None


def check_quiet(judge: Judge, exchange: Exchange) -> None:
    """Compare everything, to the last unit.

    Raises:
        Violation: If something differs.
    """
    state = judge.state
    if state is None:
        return
    trouble = unsettled(state, exchange)
    if trouble is not None:
        raise Violation(
            "position" if "ledger" in trouble else "unresolved", f"when quiet: {trouble}"
        )
    for account in state.accounts:
        judge.compare_money(account)
    for order in state.blotter:
        judge.compare_order(order.intent.client_order_id)
        _protected(judge, order)
    judge.owners.check_quiet(state, exchange)
    check_bets(judge.facts, state)
    _executions(judge, exchange)
    for (account, asset), amount in exchange.books.counted_anew().items():
        if exchange.books.cash(account)[asset] != amount:
            raise Violation("ledger", f"the venue's books of {account} {asset} do not add up")


def _protected(judge: Judge, entry: Order) -> None:
    """Demand a stop or a closing order for what an entry that asked for a stop has filled and its owner still holds.

    Not demanded where the stop was taken out by a word, where the position was flattened, and while the engine tells
    that the venue will not have one.

    Raises:
        Violation: If there is none.
    """
    state, intent = judge.state, entry.intent
    legs = intent.legs
    if state is None or legs is None or (legs.stop_loss is None and legs.trail is None):
        return
    blotter = state.blotter
    held = state.ledger.position(intent.account, intent.instrument, intent.owner).quantity
    way = 1 if intent.side == "buy" else -1
    # What others hold against it, an order placed elsewhere too, leaves the account nothing that a stop could close.
    net = state.ledger.net(intent.account, intent.instrument)
    bare = min(blotter.to_cover(entry), max(held * way, 0), max(net * way, 0))
    stops = [leg for leg in blotter.legs(intent.client_order_id) if leg.intent.role == "stop_loss"]
    if not bare or any(leg.cancelled_by not in RESTORED for leg in stops):
        return
    working = [
        order
        for order in blotter.open_in(intent.account, intent.instrument)
        if order.intent.side != intent.side
        and order.intent.owner == intent.owner
        and (order.intent.type in STOPS or order.intent.role == "stop_loss")
    ]
    if not working and len(stops) <= LEGS_LOST_MAX:
        key = intent.client_order_id
        raise Violation("unprotected", f"{bare} units of {key} have neither stop nor closing order")


def _executions(judge: Judge, exchange: Exchange) -> None:
    books = exchange.books
    standing = {e for e in books.executions if e not in books.undone}
    told = set(judge.facts.holdings.told)
    if standing != told:
        missing, extra = sorted(standing - told), sorted(told - standing)
        raise Violation("fill-once", f"when quiet: never told {missing}, told too much {extra}")
