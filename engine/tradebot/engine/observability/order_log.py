"""One log line for each thing that happens to an order: `grep CLIENT_ORDER_ID engine.log` tells its life."""

import structlog

from tradebot.engine.observability.order_life import OrderStep

TROUBLE = frozenset({"order-denied", "order-rejected", "submit-unknown", "cancel-rejected"})
"""Words that are logged as warnings."""

_log = structlog.get_logger()


def log_order_step(step: OrderStep) -> None:
    """Log one step of an order with all the ids that lead to it and from it."""
    facts: dict[str, object] = {"client_order_id": step.client_order_id, "seq": step.seq}
    intent = step.intent
    if intent is not None and step.order is not None:
        facts |= {
            "bet_id": intent.bet_id,
            "request_id": intent.request_id,
            "owner": intent.owner,
            "account": intent.account,
            "instrument": intent.instrument,
            "side": intent.side,
            "state": step.order.state,
            "venue_order_id": step.order.venue_order_id,
        }
    if step.fill is not None:
        facts["execution_id"] = step.fill.execution_id
    if step.reason:
        facts["reason"] = step.reason
    said = {key: value for key, value in facts.items() if value is not None}
    if step.word in TROUBLE:
        _log.warning(step.word, **said)
    else:
        _log.info(step.word, **said)
