"""What a venue can do by itself; the rest the kernel keeps or refuses."""

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.types import OrderType, TimeInForce


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue does natively at one account; journaled with the start, so that a recorded day decides the same."""

    order_types: tuple[OrderType, ...]
    """Types the venue itself holds; a stop that is not among them is held by the engine."""
    times_in_force: tuple[TimeInForce, ...]
    """GTD and DAY outside this set are ended by the engine."""
    post_only: bool
    reduce_only: bool
    """Whether the venue itself enforces reduce-only; else the kernel does."""
    replace: bool = False
    """Whether an open order can be changed in one step; else it is cancelled and sent anew."""
    replace_partly: bool = True
    """Whether that goes for one that has filled in part, and what it fills meanwhile is taken off the new one."""
    replace_kind: bool = True
    """Whether the new one may be of another type or time in force."""
    oco: bool = False
    """Whether a stop and a target can be placed as one, of which the venue ends the other when one trades.

    Else the kernel does. Orders that were not placed together are no pair there.
    """
    locks_balance: bool = False
    """Whether a resting sell locks what it sells, so that a stop and a target cannot rest side by side without OCO."""
    not_short: tuple[InstrumentId, ...] = ()
    """What cannot be sold beyond what is held."""
