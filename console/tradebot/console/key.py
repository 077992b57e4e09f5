"""What a key of the console is."""

from typing import Literal, NamedTuple


class Key(NamedTuple):
    """One action and how it is reached."""

    id: str
    """Name that configuration refers to."""
    keys: str
    """Textual's key names, separated by commas."""
    action: str
    shown: str
    """How the key is written for people."""
    label: str
    """In the footer."""
    help: str
    group: Literal[
        "safety",
        "screens",
        "orders",
        "market",
        "reconcile",
        "risk",
        "house",
        "size",
        "lab",
        "sandbox",
        "always",
    ]
    sends: bool = False
    """Whether it leads to something being sent; refused in a read-only console."""
    priority: bool = False
    """Works in every place, also while typing: function keys only."""
    where: str = "trade"
    """Screens it works on, names separated by blanks; `all` for every screen."""

    def works_on(self, screen: str) -> bool:
        """Return whether the key does something on a screen."""
        return self.where == "all" or screen in self.where.split()
