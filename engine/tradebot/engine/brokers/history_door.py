"""The way to a venue's history over HTTP: one request at a time, replies bounded, nothing followed or repeated."""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import httpx

from tradebot.data.fetch.doors import Doors, NoAnswer, Reply
from tradebot.data.venues.paging import Request
from tradebot.engine.live.clock import Clock

REPLY_MAX = 64 * 1024 * 1024
"""Bytes of a reply, unpacked: ten thousand rows have a few million."""

TIMEOUT_S = 30.0
"""Longest silence of a venue, in seconds."""


@contextmanager
def history_door(base_url: str, headers: Mapping[str, str], clock: Clock) -> Generator[Doors]:
    """Open connections to a host while the context is open.

    Args:
        base_url: Scheme and host.
        headers: With every request; keys travel here.
        clock: The machine's.
    """
    with httpx.Client(
        base_url=base_url,
        headers=dict(headers),
        timeout=httpx.Timeout(TIMEOUT_S),
        follow_redirects=False,
        trust_env=True,
    ) as http:

        def get(request: Request) -> Reply:
            return _get(http, request)

        def sleep(ns: int) -> None:
            time.sleep(ns / 1e9)

        yield Doors(base_url.partition("://")[2], get, clock.system_ns, sleep)


def _get(http: httpx.Client, request: Request) -> Reply:
    """Return the answer to a request.

    Raises:
        NoAnswer: If there is none, or it is too long.
    """
    try:
        with http.stream("GET", request.path, params=dict(request.query)) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > REPLY_MAX:
                    raise NoAnswer(f"a reply of more than {REPLY_MAX} bytes")
            names = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, names, bytes(body))
    except httpx.HTTPError as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error
