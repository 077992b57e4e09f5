"""Who asks: keys, signatures and the time a request was made."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import unquote_plus

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.params import Params, whole
from tradebot.engine.exchange.binance.refusals import Refused, missing
from tradebot.engine.exchange.exchange import Exchange

MS = 1_000_000
_MICROSECONDS = 10**14
"""A timestamp from here on is in microseconds."""
_WINDOW_MS = 5_000
_WIDEST_MS = 60_000
_AHEAD = 1_000 * MS

INVALID_KEY = (-2015, "Invalid API-key, IP, or permissions for action.")


def pairs(raw: str) -> dict[str, str]:
    """Return the parameters of a query or a form."""
    found: dict[str, str] = {}
    for part in raw.split("&"):
        name, equals, value = part.partition("=")
        if equals:
            found[unquote_plus(name)] = unquote_plus(value)
    return found


def signed_text(raw: str) -> str:
    """Return what of a query or a form is signed: all but the signature, in the order sent."""
    return "&".join(part for part in raw.split("&") if part and not part.startswith("signature="))


def sorted_text(params: Params) -> str:
    """Return what of a web-socket request is signed: its parameters by name, all but the signature."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")


def account_of(exchange: Exchange, key: str) -> Account:
    """Return the account that a key opens.

    Raises:
        Refused: -2014 without a key, -2015 for one that opens none.
    """
    if not key:
        raise Refused(-2014, "API-key format invalid.", 401)
    account = exchange.account_of_key("binance", key)
    if account is None:
        raise Refused(*INVALID_KEY, 401)
    return account


def check(account: Account, params: Mapping[str, str], payload: str, now: int) -> None:
    """Check time and signature of a request.

    Args:
        account: Whose key it came with.
        params: With `timestamp`, `signature` and perhaps `recvWindow`.
        payload: What was signed.
        now: The time the venue shows, ns UTC.

    Raises:
        Refused: -1102, -1131, -1021 or -1022.
    """
    stamp = whole(params, "timestamp")
    if stamp is None:
        raise missing("timestamp")
    signature = params.get("signature", "")
    if not signature:
        raise missing("signature")
    window = whole(params, "recvWindow")
    window = _WINDOW_MS if window is None else window
    if not 0 < window <= _WIDEST_MS:
        raise Refused(-1131, "recvWindow must be less than 60000.")
    sent = stamp * (1_000 if stamp >= _MICROSECONDS else MS)
    if sent >= now + _AHEAD:
        raise Refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > window * MS:
        raise Refused(-1021, "Timestamp for this request is outside of the recvWindow.")
    right = hmac.new(account.terms.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right, signature):
        raise Refused(-1022, "Signature for this request is not valid.")
