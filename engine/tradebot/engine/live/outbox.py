"""Effects on their way out: in order, and what adds risk not before its intent is durable.

What lowers risk is let through as soon as a commit was tried, whether the disk took it or not: the disk never holds a
position open. An order that was taken back while it waited never leaves.
"""

from collections import deque

import msgspec

from tradebot.engine.core.blotter import Blotter
from tradebot.engine.core.events import OrderCancelled, ReplaceRejected
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import Cancel, Replace, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import ClientOrderId

SENDABLE = frozenset({"created", "triggered"})
"""States of an order that has been decided and has not left."""

TAKEN_BACK = "taken back before it was sent"


class Released(msgspec.Struct, frozen=True):
    """What a settling lets go."""

    effects: list[VenueEffect]
    """For the venue, in order."""
    taken_back: list[OrderCancelled | ReplaceRejected]
    """Orders that waited and are no longer wanted: they ended without the venue."""


class Outbox:
    """Effects decided and not yet handed to the venue."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, VenueEffect]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, seq: int, effect: VenueEffect) -> None:
        """Queue an effect of a step."""
        self._waiting.append((seq, effect))

    def release(
        self, committed_seq: int, blotter: Blotter, now: int, *, failed: bool = True
    ) -> Released:
        """Take out what may leave, in order, and what shall not leave any more.

        Args:
            committed_seq: The highest step that is durable. Effects of later steps leave only if they lower risk, and
                the disk has failed: else the commit that is theirs comes next.
            blotter: Tells which orders are still wanted.
            now: The engine's time, ns UTC.
            failed: Whether the newest commit could not be done.
        """
        effects: list[VenueEffect] = []
        taken_back: dict[ClientOrderId, OrderCancelled | ReplaceRejected] = {}
        held: deque[tuple[int, VenueEffect]] = deque()
        for seq, effect in self._waiting:
            if isinstance(effect, RiskApproved) and not _still_wanted(effect.item, blotter):
                taken_back[effect.item.order.client_order_id] = _never_sent(effect.item, now)
            elif isinstance(effect, Cancel) and effect.client_order_id in taken_back:
                continue  # what never left needs no cancel
            elif seq <= committed_seq or (failed and lowers_risk(effect)):
                effects.append(effect)
            else:
                held.append((seq, effect))
        self._waiting = held
        return Released(effects, list(taken_back.values()))


def lowers_risk(effect: VenueEffect) -> bool:
    """Return whether an effect may leave although its step is not durable."""
    return effect.reduces if isinstance(effect, RiskApproved) else True


def _still_wanted(item: Submit | Replace, blotter: Blotter) -> bool:
    order = blotter.get(item.order.client_order_id)
    return order is not None and order.state in SENDABLE


def _never_sent(item: Submit | Replace, now: int) -> OrderCancelled | ReplaceRejected:
    client_order_id = item.order.client_order_id
    if isinstance(item, Replace) and item.order.replaces is not None:
        return ReplaceRejected(
            client_order_id=client_order_id,
            replaced=item.order.replaces,
            reason=TAKEN_BACK,
            ts_event=now,
        )
    return OrderCancelled(client_order_id=client_order_id, reason=TAKEN_BACK, ts_event=now)
