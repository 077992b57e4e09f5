"""Which addresses an account's keys may be sent to: the hosts they were stored for, whatever is configured later."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from tradebot.engine.core.types import Mode
from tradebot.engine.credentials.errors import KeysRefused

SAFE: Final = {"https": 443, "wss": 443}
"""Encrypted schemes and the port they mean."""

LOCAL: Final = {"http": 80, "ws": 80}
"""Schemes for this machine alone."""

VENUE_HOSTS: Final[dict[tuple[str, Mode], tuple[str, ...]]] = {
    ("alpaca", "live"): (
        "api.alpaca.markets",
        "data.alpaca.markets",
        "stream.data.alpaca.markets",
    ),
    ("alpaca", "broker-paper"): (
        "paper-api.alpaca.markets",
        "data.alpaca.markets",
        "stream.data.alpaca.markets",
    ),
    ("alpaca", "paper"): ("data.alpaca.markets", "stream.data.alpaca.markets"),
    ("binance", "live"): (
        "api.binance.com",
        "stream.binance.com:9443",
        "stream.binance.com",
        "ws-api.binance.com",
    ),
    ("binance", "broker-paper"): (
        "testnet.binance.vision",
        "stream.testnet.binance.vision",
        "ws-api.testnet.binance.vision",
    ),
}
"""Hosts of a venue's own, by mode: where keys go that are stored without another host."""


def host_of(url: str) -> str:
    """Return an address's host in lower case, with its port where that is not the scheme's own.

    Raises:
        KeysRefused: If keys must never travel there: no host, not encrypted beyond this machine, a name and password in
            the address, or an unknown scheme.
    """
    try:
        parts = urlsplit(url)
        port, name = parts.port, (parts.hostname or "").lower().rstrip(".")
    except ValueError as error:
        raise KeysRefused(
            f"an address must be SCHEME://HOST, this one cannot be read: {error}"
        ) from error
    if not name or parts.username is not None or parts.password is not None:
        raise KeysRefused(
            "an address for keys must be SCHEME://HOST without a name or password in it"
        )
    own = (SAFE | LOCAL).get(parts.scheme.lower())
    if own is None:
        raise KeysRefused(
            f"keys travel by https or wss only, the address begins with {parts.scheme!r}"
        )
    if parts.scheme.lower() in LOCAL and not is_loopback(name):
        raise KeysRefused(
            f"keys travel by https or wss only; {parts.scheme} is allowed to this machine, was {name}"
        )
    shown = f"[{name}]" if ":" in name else name
    return shown if port in {None, own} else f"{shown}:{port}"


def is_loopback(name: str) -> bool:
    """Return whether a host name is this machine: `localhost`, 127.0.0.0/8 or ::1; no name is looked up."""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def require_host(account: str, stored_for: tuple[str, ...], url: str) -> None:
    """Let keys go to an address, or refuse.

    Args:
        account: Whose keys.
        stored_for: Hosts they were stored for, as `host_of` writes them.
        url: Where they are about to be sent.

    Raises:
        KeysRefused: If the address's host is another one, or keys must not travel there at all.
    """
    host = host_of(url)
    if host not in stored_for:
        raise KeysRefused(
            f"keys of {account} are for {', '.join(stored_for)}, not for {host}; "
            f"if it is right, store them for it: tradebot keys set {account}"
        )
