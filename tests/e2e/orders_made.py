"""Which orders a request became, read from the journal's rows."""

from tradebot.engine.journal.codec import JsonValue


class OrdersMade:
    """Follows the rows by which an order comes into being."""

    def __init__(self) -> None:
        self.by_request: dict[str, list[str]] = {}
        self._held: set[str] = set()
        """Orders the engine keeps: they wait for a parent, a price, or one they would trade against."""

    def take(self, kind: str, body: dict[str, JsonValue]) -> None:
        """Take the next row; one that makes no order changes nothing."""
        order = body.get("order")
        if kind not in {"submit", "order-denied", "order-held"} or not isinstance(order, dict):
            return
        made = str(order["client_order_id"])
        if order["request_id"] is not None and made not in self._held:
            self.by_request.setdefault(str(order["request_id"]), []).append(made)
        # A kept one goes out later under the same id, or ends where it is: either way it is one order.
        self._held.discard(made)
        if kind == "order-held":
            self._held.add(made)
