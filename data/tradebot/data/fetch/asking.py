"""Requests within a venue's allowance: asked again after a pause when it is worth it, refused in one line when not."""

from collections.abc import Callable

import msgspec

from tradebot.data.fetch.doors import Doors, FetchRefused, NoAnswer, Reply
from tradebot.data.venues.paging import Request

SECOND = 1_000_000_000

TRIES_MAX = 8
"""Attempts of one request before it is given up."""

BACKOFF_MAX = 60 * SECOND
"""Longest pause of our own making, ns."""

WAIT_MAX = 600 * SECOND
"""Longest pause a venue may ask for before the fetch is ended: a ban goes on for hours."""

_OK, _REGION, _LATE = 200, 451, 408
_KEYS = (401, 403)
_TOO_MANY = (418, 429)
_SERVER = 500
_TEXT_MAX = 200

type Allowance = Callable[[Reply, int], int]
"""Returns how long the venue wants no request after a reply, ns; given the reply and the time, ns UTC."""


class Asking:
    """All requests to one host.

    Args of the constructor:
        doors: The outside.
        allowance: The venue's.
        next_source: Where else the same may be had, for a region that is refused.
    """

    def __init__(self, doors: Doors, allowance: Allowance, next_source: str) -> None:
        self._doors = doors
        self._allowance = allowance
        self._next_source = next_source
        self._not_before = 0
        self.requests = 0
        """Requests sent, the repeated ones with them."""

    @property
    def now(self) -> int:
        """Return the time, ns UTC."""
        return self._doors.now()

    def body(self, request: Request) -> bytes:
        """Return the body of the answer to a request.

        Raises:
            FetchRefused: If there is none to be had.
        """
        why = ""
        for tries in range(TRIES_MAX):
            reply, why = self._once(request)
            if reply is not None and reply.status == _OK:
                return reply.body
            if reply is not None:
                self._require_worth(reply)
            own = min(SECOND << tries, BACKOFF_MAX)
            self._not_before = max(self._not_before, self._doors.now() + own)
        raise FetchRefused(
            f"{self._doors.host} gave no answer in {TRIES_MAX} tries: {why}; what was fetched is kept, "
            "run it again later",
            "unreachable",
        )

    def _once(self, request: Request) -> tuple[Reply | None, str]:
        self._wait()
        self.requests += 1
        try:
            reply = self._doors.get(request)
        except NoAnswer as error:
            return None, str(error)
        now = self._doors.now()
        self._not_before = max(self._not_before, now + self._allowance(reply, now))
        return reply, f"HTTP {reply.status} {_said(reply.body)}".strip()

    def _wait(self) -> None:
        """Keep still for as long as the venue or the last failure wants it.

        Raises:
            FetchRefused: If that is too long.
        """
        wait = self._not_before - self._doors.now()
        if wait > WAIT_MAX:
            raise FetchRefused(
                f"{self._doors.host} wants no request for {wait // SECOND} s (at most {WAIT_MAX // SECOND} s are "
                "waited for); what was fetched is kept, run it again then",
                "busy",
            )
        if wait > 0:
            self._doors.sleep(wait)

    def _require_worth(self, reply: Reply) -> None:
        """Refuse what a repetition would not change.

        Raises:
            FetchRefused: If it would not.
        """
        host, said = self._doors.host, _said(reply.body)
        if reply.status == _REGION:
            text = f"{_REGION}: {host} does not serve this region; try {self._next_source}"
            raise FetchRefused(text, "region")
        if reply.status in _KEYS:
            text = f"{host} refuses ({reply.status}): {said or 'no reason given'}"
            raise FetchRefused(f"{text}; keys or what they may see do not fit", "keys")
        again = reply.status >= _SERVER or reply.status == _LATE or reply.status in _TOO_MANY
        if not again:
            raise FetchRefused(f"{host} answered {reply.status}: {said or 'nothing'}", "reply")


def seconds_told(reply: Reply, name: str) -> int:
    """Return a header's whole number; 0 where it is none."""
    text = reply.headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("9999999999") else 0


class _Words(msgspec.Struct, frozen=True):
    code: int | str = ""
    msg: str = ""
    message: str = ""


def _said(body: bytes) -> str:
    """Return a refusal's own words, one short line; empty where it has none."""
    try:
        words = msgspec.json.decode(body, type=_Words)
    except (ValueError, RecursionError):
        return ""
    return " ".join(f"{words.code} {words.msg or words.message}".split())[:_TEXT_MAX]
