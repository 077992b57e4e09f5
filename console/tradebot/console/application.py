"""The running application as a widget or screen sees it."""

from textual.app import App
from textual.dom import DOMNode


def application_of(node: DOMNode) -> App[object]:
    """Return the application a node belongs to; Textual types it only partly."""
    return node.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
