"""Whose an execution is: REST tells the venue's order id only, the engine knows its own."""

from collections.abc import Callable

import structlog

from tradebot.engine.brokers.alpaca.api import Api
from tradebot.engine.brokers.alpaca.desk import ORDERS
from tradebot.engine.brokers.alpaca.executions import Execution
from tradebot.engine.brokers.alpaca.messages import WireOrder, order_of
from tradebot.engine.brokers.alpaca.orders import client_id_of
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.outside import Answer, HttpReply, Outside
from tradebot.engine.core.types import SECOND, ClientOrderId, VenueOrderId

log = structlog.get_logger()

AGAIN = 2 * SECOND
"""Before an order that could not be asked for is asked for again."""

_OK, _NOT_FOUND = 200, 404

type Named = Callable[[Execution, ClientOrderId], None]


class Naming:
    """Finds our id of each execution's order; what is not known is asked for once and remembered.

    Args of the constructor:
        outside: The doors.
        api: The account's REST.
        cursor: Remembers, also over restarts.
        named: Told each execution with its order's id.
    """

    def __init__(self, outside: Outside, api: Api, cursor: Cursor, named: Named) -> None:
        self._outside = outside
        self._api = api
        self._cursor = cursor
        self._named = named
        self._waiting: dict[str, list[Execution]] = {}
        self._then: list[Callable[[], None]] = []
        self.stopped = False

    def order(self, order: WireOrder) -> None:
        """Remember our id of an order."""
        self._cursor.keep_order("", VenueOrderId(order.id), client_id_of(order))

    def name(self, execution: Execution) -> None:
        """Tell an execution with its order's id, now or once that is known."""
        key = self._cursor.order("", VenueOrderId(execution.order_id))
        if key is None and execution.client_order_id:
            key = ClientOrderId(execution.client_order_id)
            self._cursor.keep_order("", VenueOrderId(execution.order_id), key)
        if key is not None:
            self._named(execution, key)
            return
        waiting = self._waiting.setdefault(execution.order_id, [])
        waiting.append(execution)
        if len(waiting) == 1:
            self._ask(execution.order_id)

    def when_all_named(self, call: Callable[[], None]) -> None:
        """Call once every execution that was to be named is."""
        if self._waiting:
            self._then.append(call)
        else:
            call()

    def _ask(self, order_id: str) -> None:
        if not self.stopped:
            request = self._api.get(f"{ORDERS}/{order_id}")
            self._outside.ask(request, lambda answer: self._answered(order_id, answer))

    def _answered(self, order_id: str, answer: Answer) -> None:
        if self.stopped:
            return
        key = _key(order_id, answer)
        if key is None:
            self._outside.after(AGAIN, lambda: self._ask(order_id))
            return
        self._cursor.keep_order("", VenueOrderId(order_id), key)
        for execution in self._waiting.pop(order_id):
            self._named(execution, key)
        if not self._waiting:
            then, self._then = self._then, []
            for call in then:
                call()


def _key(order_id: str, answer: Answer) -> ClientOrderId | None:
    if not isinstance(answer, HttpReply):
        return None
    if answer.status == _NOT_FOUND:
        return ClientOrderId(order_id)  # not ours to know: the venue's own id stands for it
    if answer.status != _OK:
        return None
    try:
        return client_id_of(order_of(answer.body))
    except (ValueError, RecursionError) as error:
        log.warning("order cannot be read", order=order_id, reason=str(error)[:200])
        return ClientOrderId(order_id)
