"""HMAC-SHA256 signatures of requests. Source: Binance spot API, "Request security"; checked against python-binance.

The names and values that are signed need no percent-encoding, so that what is signed is what is sent.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping

from tradebot.engine.secret import Secret

PLAIN = re.compile(r"[A-Za-z0-9._-]+")
"""What a value may be made of."""


class Signer:
    """Signs for one key; neither key nor secret can be printed."""

    def __init__(self, key: Secret, secret: Secret) -> None:
        self._key = key
        self._secret = secret

    def headers(self) -> Mapping[str, str]:
        """Return the header that names the key."""
        return {"X-MBX-APIKEY": self._key.reveal()}

    def query(self, params: Mapping[str, str]) -> str:
        """Return a query string with its signature, parameters in their own order.

        Raises:
            ValueError: If a value would need encoding.
        """
        text = query_of(params)
        return f"{text}&signature={self._signature(text)}"

    def socket_params(self, params: Mapping[str, str | int]) -> dict[str, str | int]:
        """Return the parameters of a signed request of the web-socket API: with key and signature, sorted by name."""
        named: dict[str, str | int] = {**params, "apiKey": self._key.reveal()}
        text = "&".join(f"{name}={named[name]}" for name in sorted(named))
        return named | {"signature": self._signature(text)}

    def _signature(self, text: str) -> str:
        secret = self._secret.reveal().encode()
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def query_of(params: Mapping[str, str]) -> str:
    """Return parameters as a query string.

    Raises:
        ValueError: If a value would need encoding.
    """
    for name, value in params.items():
        if PLAIN.fullmatch(value) is None:
            raise ValueError(f"{name} must be of letters, digits, `.`, `_`, `-`, was {value!r}")
    return "&".join(f"{name}={value}" for name, value in params.items())
