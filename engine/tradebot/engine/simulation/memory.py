"""What a restart must not forget, comparable by value."""

from collections import deque
from typing import cast

import msgspec

from tradebot.engine.core.checkpoint import freeze, thaw
from tradebot.engine.core.state import State

LOOKED = frozenset(
    {
        *("written", "timers", "covered", "asked_at", "asked_last", "asks", "answered_at"),
        *("heard", "average_prices", "gone", "alarms", "rechecks"),
    }
)
"""What a look at the venue may change: when it was, when the next one is and how long that waits (a difference
answered between two looks no longer draws them out), what only a report says, what it found."""


def remembered(state: State) -> bytes:
    """Return the kernel's memory as bytes, without its clock, which runs on though nothing is journaled.

    Equal bytes are equal memories.
    """
    now, state.now = state.now, 0
    try:
        return freeze(state)
    finally:
        state.now = now


def difference(ours: bytes, theirs: bytes, but_for: frozenset[str] = frozenset()) -> str | None:
    """Return where two memories differ first, and how; None where they are equal by value.

    Args:
        ours: As remembered.
        theirs: As remembered elsewhere or later.
        but_for: Names of attributes that may differ.
    """
    if ours == theirs:
        return None
    return _first("state", thaw(ours), thaw(theirs), but_for)


def _first(path: str, left: object, right: object, but_for: frozenset[str]) -> str | None:
    if left == right:
        return None
    parts, others = _parts(left), _parts(right)
    if parts is None or others is None or type(left) is not type(right):
        return f"{path}: {left!r:.150} became {right!r:.150}"
    for name, value in parts.items():
        if name not in others:
            return f"{path}.{name}: {value!r:.150} is gone"
        differs = name not in but_for
        found = _first(f"{path}.{name}", value, others[name], but_for) if differs else None
        if found is not None:
            return found
    more = [name for name in others if name not in parts]
    return f"{path}.{more[0]}: {others[more[0]]!r:.150} is new" if more else None


def _parts(value: object) -> dict[object, object] | None:
    """Return what a value is made of, by name; None where it is one thing."""
    if isinstance(value, dict):
        return cast("dict[object, object]", value)
    if isinstance(value, msgspec.Struct):
        return cast("dict[object, object]", msgspec.structs.asdict(value))
    if isinstance(value, list | tuple | deque):
        return dict(enumerate(cast("list[object]", value)))
    return cast("dict[object, object]", vars(value)) if hasattr(value, "__dict__") else None
