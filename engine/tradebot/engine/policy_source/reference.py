"""How a policy is named: `file.py:Class`, `package.module:Class`, or the name of an installed one."""

from importlib.metadata import entry_points

import msgspec

from tradebot.engine.policy_source.errors import PolicyNotLoaded

GROUP = "tradebot.policies"
"""Entry points by which an installed package names its policies."""


class Reference(msgspec.Struct, frozen=True):
    """A policy's name, taken apart."""

    text: str
    """As it was written."""
    where: str
    """A file ending in `.py`, or a module."""
    name: str
    """Of the class."""

    @property
    def is_file(self) -> bool:
        """Return whether it is a file of the user's and not an installed module."""
        return self.where.endswith(".py")


def parse_reference(text: str) -> Reference:
    """Return what a reference names; an installed name is looked up among the entry points.

    Raises:
        PolicyNotLoaded: If it has none of the three forms, or no installed package brings that name.
    """
    where, colon, name = text.rpartition(":")
    if colon and where and name:
        return Reference(text, where, name)
    if text.endswith(".py") or colon or not text:
        raise PolicyNotLoaded(
            f"policy {text!r} must be `file.py:Class`, `package.module:Class` or an installed name"
        )
    found = tuple(entry_points(group=GROUP, name=text))
    if not found:
        known = ", ".join(sorted({entry.name for entry in entry_points(group=GROUP)})) or "none"
        raise PolicyNotLoaded(
            f"policy {text!r}: no installed package brings it; installed: {known}; a file is `file.py:Class`"
        )
    module, attribute = found[0].module, found[0].attr
    if not attribute:
        raise PolicyNotLoaded(
            f"policy {text!r}: its package must name a class, `module:Class`, named {found[0].value!r}"
        )
    return Reference(text, module, attribute)
