"""What a fetch needs of the outside: a page for a request, the time, a pause; and how it may fail."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from tradebot.data.errors import DataError
from tradebot.data.venues.paging import Request

type Trouble = Literal["region", "keys", "busy", "unreachable", "reply", "size"]
"""Why a fetch cannot go on."""


class FetchRefused(DataError):  # noqa: N818  (what happened)
    """A fetch cannot go on; what it kept is kept, and `trouble` says what kind of thing is the matter."""

    def __init__(self, text: str, trouble: Trouble) -> None:
        super().__init__(text)
        self.trouble: Trouble = trouble


class NoAnswer(Exception):  # noqa: N818  (what happened)
    """There is no reply: nobody there, too late, too long, or the connection dropped."""


class Reply(NamedTuple):
    """What a venue answered, whatever it means."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Doors(NamedTuple):
    """The outside."""

    host: str
    """Whom requests go to, for messages."""
    get: Callable[[Request], Reply]
    """Raises NoAnswer."""
    now: Callable[[], int]
    """The time, ns UTC."""
    sleep: Callable[[int], None]
    """Waits for ns."""
