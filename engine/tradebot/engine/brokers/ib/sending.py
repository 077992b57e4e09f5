"""Orders and cancels out; what certainly never left is said at once, what is not answered becomes unknown."""

from collections.abc import Callable

from tradebot.engine.brokers.ib.connection import Connection
from tradebot.engine.brokers.ib.orders import contract_of, order_of
from tradebot.engine.brokers.ib.setting import AccountSetting, Listed
from tradebot.engine.brokers.ib.standing import Orders, Standing
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.events import (
    CancelRejected,
    OrderRejected,
    ReplaceRejected,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import SECOND, ClientOrderId

UNKNOWN_AFTER = 5 * SECOND
"""An order of which nothing is heard for this long is unknown."""


class Sending:
    """An account's orders on their way out.

    Args of the constructor:
        setting: The account.
        connection: To the Gateway.
        orders: What is known of orders.
        outside: The doors.
        tell: Takes words for the kernel.
        blocked: Why no order can be sent now; empty: it can.
    """

    def __init__(
        self,
        setting: AccountSetting,
        connection: Connection,
        orders: Orders,
        *,
        outside: Outside,
        tell: Callable[[AccountWord], None],
        blocked: Callable[[], str],
    ) -> None:
        self._setting = setting
        self._listed = {one.instrument.id: one for one in setting.listed}
        self._connection = connection
        self._orders = orders
        self._outside = outside
        self._tell = tell
        self._blocked = blocked
        self.next_id = 1
        """The next order id: it never goes back, whatever a new connection says."""

    def submit(self, intent: OrderIntent, *, replace: bool) -> None:
        """Send an order, or say why it never left."""
        listed = self._listed.get(intent.instrument)
        why = self._blocked()
        if replace:
            why = "IB orders are cancelled and sent anew, not replaced"
        elif listed is None:
            why = f"{intent.instrument} is not traded at {self._setting.name}"
        elif not why:
            why = self._send(intent, listed)
        if why:
            self._never_left(intent, why)

    def _send(self, intent: OrderIntent, listed: Listed) -> str:
        try:
            order = order_of(intent, listed.instrument, self._setting.code)
        except ValueError as error:
            return str(error)
        standing = Standing(intent.client_order_id, listed, sent_at=self._outside.now)
        standing.order_id, self.next_id = self.next_id, self.next_id + 1
        standing.kind, standing.tif = order.orderType, order.tif
        self._orders.put(standing)
        contract = contract_of(listed.con_id, listed.exchange)
        self._connection.ask.placeOrder(standing.order_id, contract, order)
        self._outside.after(UNKNOWN_AFTER, lambda: self._check_answered(standing))
        return ""

    def _never_left(self, intent: OrderIntent, why: str) -> None:
        now, name = self._outside.now, intent.client_order_id
        if intent.replaces is not None:
            self._tell(
                ReplaceRejected(
                    client_order_id=name, replaced=intent.replaces, reason=why, ts_event=now
                )
            )
        else:
            self._tell(OrderRejected(client_order_id=name, reason=why, ts_event=now))

    def _check_answered(self, standing: Standing) -> None:
        if not (standing.accepted or standing.ended or standing.unsure):
            standing.unsure = True
            reason = f"nothing heard of it for {UNKNOWN_AFTER // SECOND} s"
            self._tell(SubmitUnknown(client_order_id=standing.name, reason=reason))

    def cancel(self, name: ClientOrderId) -> None:
        """Ask for a cancel, or say why it cannot be."""
        standing = self._orders.get(name)
        if standing is None or not standing.order_id:
            why = "not known at IB under this client id: cancel it where it was placed"
        elif not self._connection.is_ready:
            why = self._blocked()
        else:
            standing.cancel_asked = True
            self._connection.ask.cancelOrder(standing.order_id)
            return
        self._tell(CancelRejected(client_order_id=name, reason=why, ts_event=self._outside.now))
