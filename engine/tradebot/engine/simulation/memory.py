"""What a restart must not forget, comparable by value."""

from typing import cast

from tradebot.engine.core.checkpoint import freeze, thaw
from tradebot.engine.core.state import State


def remembered(state: State) -> bytes:
    """Return the kernel's memory as bytes that are equal where the memories are."""
    return freeze(state)


def difference(ours: bytes, theirs: bytes) -> str | None:
    """Return the first attribute in which two memories differ, or None."""
    if ours == theirs:
        return None
    left, right = vars(thaw(ours)), vars(thaw(theirs))
    for name, value in left.items():
        if name != "now" and _plain(value) != _plain(right[name]):
            return f"{name}: {_plain(value)!r:.200} became {_plain(right[name])!r:.200}"
    return None  # sets are written in no order


def _plain(value: object) -> object:
    if isinstance(value, dict):
        held = cast("dict[object, object]", value)
        return {key: _plain(item) for key, item in held.items()}
    return vars(value) if hasattr(value, "__dict__") else value
