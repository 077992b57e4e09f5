"""What is known of orders on this connection and before: by order id, by name; whose a venue's order is."""

from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.ib.orders import venue_id
from tradebot.engine.brokers.ib.setting import Listed
from tradebot.engine.core.types import ClientOrderId

KEPT = 20_000


class Standing:
    """One order as far as the venue's own words go: nothing but status and end change it, errors never do."""

    def __init__(self, name: ClientOrderId, listed: Listed, *, sent_at: int) -> None:
        self.name = name
        self.listed = listed
        self.sent_at = sent_at
        """When it was sent on this connection, ns UTC; 0: heard of, not sent."""
        self.order_id = 0
        self.perm_id = 0
        self.kind = ""
        self.tif = ""
        self.accepted = False
        self.ended = ""
        """How it is over: `filled`, `cancelled`, `expired`, `rejected`; empty while it is not."""
        self.waits = False
        """It has been seen to wait for its trigger."""
        self.cancel_asked = False
        self.unsure = False
        """It was sent and nothing came back."""
        self.filled = 0
        """Cumulative quantity by its statuses, units."""


class Orders:
    """All orders of an account.

    Args of the constructor:
        cursor: Whose a permanent id is, durably.
        client_id: Ours: only such orders can be cancelled by us.
    """

    def __init__(self, cursor: Cursor, client_id: int) -> None:
        self._cursor = cursor
        self._client_id = client_id
        self._by_id: dict[int, Standing] = {}
        self._by_name: dict[ClientOrderId, Standing] = {}

    def name(self, perm_id: int, ref: str) -> ClientOrderId:
        """Return whose an order is: as remembered, by its own label, or by the venue's id where it has none."""
        known = self._cursor.order("", venue_id(perm_id)) if perm_id else None
        return known or ClientOrderId(ref or str(perm_id))

    def remember(self, perm_id: int, name: ClientOrderId) -> None:
        """Remember whose a permanent id is."""
        if perm_id:
            self._cursor.keep_order("", venue_id(perm_id), name)

    def get(self, name: ClientOrderId) -> Standing | None:
        """Return an order by our name of it."""
        return self._by_name.get(name)

    def by_id(self, order_id: int, client_id: int | None = None) -> Standing | None:
        """Return an order of ours by its order id; None where it is another client's."""
        if client_id is not None and client_id != self._client_id:
            return None
        return self._by_id.get(order_id)

    def put(self, standing: Standing) -> Standing:
        """Keep an order; the oldest that are over are forgotten."""
        self._by_name[standing.name] = standing
        if standing.order_id:
            self._by_id[standing.order_id] = standing
        if len(self._by_name) > KEPT:
            for old in [one for one in self._by_name.values() if one.ended][: KEPT // 10]:
                del self._by_name[old.name]
                self._by_id.pop(old.order_id, None)
        return standing

    def heard(
        self, name: ClientOrderId, listed: Listed, *, order_id: int, client_id: int
    ) -> Standing:
        """Return an order the venue tells of, known or new."""
        standing = self._by_name.get(name) or Standing(name, listed, sent_at=0)
        if client_id == self._client_id and order_id > 0:
            standing.order_id = order_id
        return self.put(standing)

    def unanswered(self) -> list[Standing]:
        """Return orders that were sent and of which nothing was heard."""
        return [
            one
            for one in self._by_name.values()
            if one.sent_at and not one.accepted and not one.ended and not one.unsure
        ]

    def open(self) -> list[Standing]:
        """Return orders that are not over."""
        return [one for one in self._by_name.values() if not one.ended]
