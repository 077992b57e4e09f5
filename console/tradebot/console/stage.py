"""What actions of the whole console need of the application."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from textual.screen import Screen


class Stage(Protocol):
    """What the desk needs of the application."""

    def lay(self, overlay: Screen[str], then: Callable[[str | None], None]) -> None:
        """Lay an overlay over the screen."""
        ...

    def work(self, work: Awaitable[object]) -> None:
        """Do something beside the keys."""
        ...

    def leave(self, reason: str) -> None:
        """End the console."""
        ...

    def show(self, name: str) -> None:
        """Show another screen."""
        ...
