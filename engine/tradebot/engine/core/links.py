"""Which orders belong together: legs and their entry, pairs, replacements, and what the engine holds itself.

Indexes only: all of it can be read off the orders, and is kept beside them so that no market event walks the blotter.
"""

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import ClientOrderId


class Links:
    """The indexes of a blotter by which its orders find each other."""

    def __init__(self) -> None:
        self._held: dict[InstrumentId, dict[ClientOrderId, None]] = {}
        self._children: dict[ClientOrderId, list[ClientOrderId]] = {}
        self._successors: dict[ClientOrderId, ClientOrderId] = {}
        self._pairs: dict[ClientOrderId, ClientOrderId] = {}
        """Of an order of a pair made by hand: the order the pair is named by."""
        self._lanes: dict[ClientOrderId, ClientOrderId] = {}
        """Of an order that replaced another: the first of them."""
        self._brackets: dict[ClientOrderId, None] = {}

    def joins(self, intent: OrderIntent) -> None:
        """Take a new order in."""
        key = intent.client_order_id
        if intent.parent is not None:
            self._children.setdefault(intent.parent, []).append(key)
        if intent.oco is not None and not intent.role:
            self._pairs[key] = self._pairs.setdefault(intent.oco, intent.oco)
        if intent.replaces is not None:
            self._successors[intent.replaces] = key
            self._lanes[key] = self._lanes.get(intent.replaces, intent.replaces)
            pair = self._pairs.get(intent.replaces)
            if pair is not None:
                self._pairs[key] = pair

    def holds(self, intent: OrderIntent, *, held: bool) -> None:
        """Note whether the engine keeps an order itself."""
        if held:
            self._held.setdefault(intent.instrument, {}).setdefault(intent.client_order_id)
            return
        here = self._held.get(intent.instrument)
        if here is not None:
            here.pop(intent.client_order_id, None)
            if not here:
                del self._held[intent.instrument]

    def held(self, instrument: InstrumentId | None) -> list[ClientOrderId]:
        """Return the orders the engine keeps (of one instrument), oldest first."""
        if instrument is not None:
            return list(self._held.get(instrument, ()))
        return [key for held in self._held.values() for key in held]

    def watches(self, entry: ClientOrderId, *, live: bool) -> None:
        """Note whether the legs of an entry have still something to do."""
        if live:
            self._brackets.setdefault(entry)
        else:
            self._brackets.pop(entry, None)

    def needs(self, intent: OrderIntent) -> bool:
        """Return whether an ended order still counts for something: in a bracket that has something to do."""
        live = {intent.client_order_id, intent.parent if intent.role else None}
        return any(entry in self._brackets for entry in live if entry is not None)

    def forget(self, intent: OrderIntent) -> None:
        """Drop an order that nothing refers to any more."""
        key = intent.client_order_id
        siblings = self._children.get(intent.parent) if intent.parent is not None else None
        if siblings is not None and key in siblings:
            siblings.remove(key)
        self._children.pop(key, None)
        self._successors.pop(key, None)
        self._pairs.pop(key, None)
        self._lanes.pop(key, None)

    def brackets(self) -> list[ClientOrderId]:
        """Return the entries whose legs have still something to do, oldest first."""
        return list(self._brackets)

    def children(self, parent: ClientOrderId) -> list[ClientOrderId]:
        """Return legs of an order and orders that wait for it, oldest first."""
        return list(self._children.get(parent, ()))

    def successor(self, client_order_id: ClientOrderId) -> ClientOrderId | None:
        """Return the newest order that was to take an order's place."""
        return self._successors.get(client_order_id)

    def group(self, intent: OrderIntent) -> tuple[ClientOrderId, str] | None:
        """Return the group an order shares one quantity with, and its lane in it; None where it stands alone.

        The orders of one lane replace each other; of several lanes only one is ever to fill.
        """
        if intent.role and intent.parent is not None:
            return intent.parent, intent.role
        key = intent.replaces if intent.client_order_id not in self._lanes else None
        own = intent.client_order_id if key is None else key
        pair = self._pairs.get(own) or intent.oco
        if pair is None:
            return None
        return self._pairs.get(pair, pair), self._lanes.get(own, own)
