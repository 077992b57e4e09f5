"""Browsers kept out: a Host that is not ours (DNS rebinding) and pages of other origins."""

from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""How this machine may be called."""

_FETCH_SITES = frozenset({"same-origin", "none"})
"""What a browser says of a page of ours, and of an address a person typed."""


def own_hosts(port: int, names: tuple[str, ...]) -> frozenset[str]:
    """Return every Host a client may write, in lower case.

    Args:
        port: We listen on.
        names: Further names from the configuration, with or without a port.
    """
    local = {f"{name}:{port}" for name in LOOPBACK_NAMES}
    return frozenset(local | {name.lower() for name in names})


def foreign(headers: Mapping[bytes, list[bytes]], hosts: frozenset[str] | None) -> str | None:
    """Return why a request may come from a page that is not ours; None: it does not.

    Args:
        headers: By name in lower case; each with all its values.
        hosts: Who we are; None: on a unix socket, which no name leads to.
    """
    given = [value.decode("latin-1").lower() for value in headers.get(b"host", [])]
    if hosts is not None and (len(given) != 1 or given[0] not in hosts):
        return (
            f"Host must be {', '.join(sorted(hosts))}, was {', '.join(given)[:80]!r}; "
            "further names: engine.hosts in tradebot.toml"
        )
    for site in headers.get(b"sec-fetch-site", []):
        if site.decode("latin-1") not in _FETCH_SITES:
            return f"pages of other sites are refused: Sec-Fetch-Site was {_shown(site)}"
    for origin in headers.get(b"origin", []):
        if not _same(origin, given):
            return f"pages of other sites are refused: Origin was {_shown(origin)}"
    return None


def _same(origin: bytes, hosts: list[str]) -> bool:
    """Return whether an origin is the very place that was asked."""
    try:
        parts = urlsplit(origin.decode("latin-1").lower())
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc in hosts and not parts.path


def _shown(value: bytes) -> str:
    return repr(value[:80].decode("latin-1"))
