"""Orders at the venue that this engine did not place, or no longer knows: held, counted, cancellable, nobody's.

An order placed by phone or in the venue's own app is no reason to stop: it is counted in every exposure and can be
cancelled and adopted. Orders of another engine are: two machines that each think they are alone would trade against one
another, so a start finds them refuses, names the engine and the way round.
"""

from tradebot.engine.core.accounts import AccountState
from tradebot.engine.core.comparison import can_hold, engine_of, reported_orders
from tradebot.engine.core.events import AccountReported, ReportedOrder
from tradebot.engine.core.outcomes import Alert, OrderFound, OrderIntent, StartRefused
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import UNCLAIMED, AccountName, BetId, EngineId


def refuse_foreign(step: Step, account: AccountState) -> bool:
    """End a start that finds another engine's open orders; return whether it did."""
    if not account.foreign:
        return False
    if step.state.refused is None:
        names = ", ".join(account.foreign)
        words = " ".join(f"--take-over {engine}" for engine in account.foreign)
        reason = (
            f"account {account.started.name} has open orders of another engine, {names}: "
            f"end that engine first, or take its orders over with `tradebot run {words}`"
        )
        step.emit(Alert(level="error", text=reason))
        step.emit(StartRefused(reason=reason))
    return True


def find_orders(step: Step, event: AccountReported) -> None:
    """Hold every open order of a report that the blotter does not know."""
    state = step.state
    for client_order_id, told in reported_orders(event).items():
        if told is None or state.blotter.get(client_order_id) is not None:
            continue
        if not can_hold(told, state.instruments):
            continue
        intent = found_intent(state, event.account, told)
        step.emit(OrderFound(order=intent, venue_order_id=told.venue_order_id, filled=told.filled))
        quantity = state.instruments[told.instrument].quantity(told.quantity)
        text = f"order {client_order_id} ({told.side} {quantity} {told.instrument})"
        step.emit(Alert(level="warn", text=f"{text} {_origin(state, intent.engine_id)}"))


def _origin(state: State, engine: EngineId) -> str:
    if not engine:
        return "was placed elsewhere: unclaimed until adopted"
    if engine == state.engine_id:
        return "is this engine's own, but its journal does not know it: unclaimed until adopted"
    return f"is of engine {engine}: unclaimed until adopted"


def found_intent(state: State, account: AccountName, told: ReportedOrder) -> OrderIntent:
    """Return an order of somebody else's as the blotter holds it."""
    return OrderIntent(
        client_order_id=told.client_order_id,
        request_id=None,
        bet_id=BetId(f"b-{told.client_order_id}"),
        account=account,
        instrument=told.instrument,
        owner=UNCLAIMED,
        policy_version=None,
        side=told.side,
        type=told.type,
        tif=told.tif,
        quantity=told.quantity,
        limit_price=told.limit_price,
        post_only=False,
        reduce_only=told.reduce_only,
        because=None,
        edge=None,
        lives_at="broker",
        created=state.now,
        engine_id=engine_of(told.client_order_id) or EngineId(""),
        trigger_price=told.trigger_price,
    )
