"""From a request's path to the rows of the table."""

import re
from collections.abc import Sequence

from tradebot.engine.control.limits import Lane
from tradebot.engine.control.openapi import DOCUMENT_PATH
from tradebot.engine.control.table import Route

_SEGMENT = re.compile(r"\{(\w+)\}")


class Addresses:
    """The paths of a table, ready to be looked up.

    Args:
        routes: The table.

    Raises:
        ValueError: If two rows have the same method and path.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self._found: list[tuple[re.Pattern[str], Route]] = []
        seen: set[tuple[str, str]] = set()
        for route in routes:
            key = (route.method, _SEGMENT.sub("*", route.path))
            if key in seen:
                raise ValueError(f"two rows of the table are {route.method} {route.path}")
            seen.add(key)
            pattern = _SEGMENT.sub(
                "[^/]+", re.escape(route.path).replace(r"\{", "{").replace(r"\}", "}")
            )
            self._found.append((re.compile(pattern), route))

    def rows(self, path: str) -> list[Route]:
        """Return the rows that answer a path, whatever the method."""
        bare = path.rstrip("/")
        return [route for pattern, route in self._found if pattern.fullmatch(bare)]

    def lane_of(self, method: str, path: str) -> Lane:
        """Return which budget a request is counted against."""
        for route in self.rows(path):
            if route.method == method:
                return route.lane
        return "ask"

    def methods(self, path: str) -> str:
        """Return the methods of a path, as the header Allow has them; empty of an unknown one."""
        if path.rstrip("/") == DOCUMENT_PATH:
            return "GET"
        return ", ".join(sorted({route.method for route in self.rows(path)}))


def framework_path(route: Route) -> str:
    """Return a row's path as the framework writes it: `{name:str}`."""
    return _SEGMENT.sub(r"{\1:str}", route.path)
