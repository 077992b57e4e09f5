"""A parsed TOML text before it is checked."""

from typing import TypeGuard

type Tree = dict[str, object]
"""A table: names and values."""

type KeyPath = tuple[str, ...]
"""Where a value is: `("risk", "max_order")`."""


def is_tree(value: object) -> TypeGuard[Tree]:
    """Return whether a value is a table."""
    return isinstance(value, dict)


def is_items(value: object) -> TypeGuard[tuple[object, ...]]:
    """Return whether a value is a tuple."""
    return isinstance(value, tuple)
