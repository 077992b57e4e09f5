"""How requests to Alpaca's REST are written: address, headers, query; no I/O.

alpaca-py is not used for these: it has no timeout, sends a POST again after a 504 (an order twice), and puts floats on
the wire.
"""

import base64
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from tradebot.engine.brokers.outside import HttpReply, HttpRequest, Method
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.secret import Secret

TIMEOUT = 10 * SECOND
"""Longest wait for an answer, ns."""

NO_QUERY: Mapping[str, str] = {}


class Keys(msgspec.Struct, frozen=True):
    """An account's keys."""

    key: Secret
    secret: Secret

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the Trading API."""
        return {"APCA-API-KEY-ID": self.key.reveal(), "APCA-API-SECRET-KEY": self.secret.reveal()}

    @property
    def basic(self) -> dict[str, str]:
        """Return the header of the Broker API."""
        pair = base64.b64encode(f"{self.key.reveal()}:{self.secret.reveal()}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


class Api(msgspec.Struct, frozen=True):
    """One account's REST addresses and keys."""

    url: str
    """Without `/v2` and without a slash at its end."""
    keys: Keys | None
    """None: only what needs none, the data of crypto pairs."""

    def get(
        self, path: str, query: Mapping[str, str] = NO_QUERY, *, timeout: int = TIMEOUT
    ) -> HttpRequest:
        """Return a GET below the address."""
        return self._request("GET", path, query, b"", timeout)

    def send(
        self, method: Method, path: str, body: Mapping[str, object], *, timeout: int = TIMEOUT
    ) -> HttpRequest:
        """Return a request with a JSON body."""
        return self._request(method, path, NO_QUERY, msgspec.json.encode(body), timeout)

    def delete(
        self, path: str, query: Mapping[str, str] = NO_QUERY, *, timeout: int = TIMEOUT
    ) -> HttpRequest:
        """Return a DELETE below the address."""
        return self._request("DELETE", path, query, b"", timeout)

    def _request(
        self, method: Method, path: str, query: Mapping[str, str], body: bytes, timeout: int
    ) -> HttpRequest:
        asked = f"?{urlencode(query)}" if query else ""
        headers = {} if self.keys is None else self.keys.headers
        if body:
            headers |= {"Content-Type": "application/json"}
        return HttpRequest(
            method=method,
            url=f"{self.url}{quote(path, safe='/:')}{asked}",
            headers=headers,
            body=body,
            timeout=timeout,
        )


def until_reset(reply: HttpReply, now: int) -> int:
    """Return how long a 429 wants us to wait, ns: to the instant its `X-RateLimit-Reset` names, at most a minute."""
    text = reply.headers.get("x-ratelimit-reset", "")
    if not text.isascii() or not text.isdigit() or len(text) > len("1000000000000"):
        return 0
    return min(max(int(text) * SECOND - now, 0), MINUTE)
