"""What every request passes before the application sees it: sizes, origin, token, rate."""

import math
from collections.abc import Mapping

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tradebot.engine.control.addresses import Addresses
from tradebot.engine.control.connections import GuardedConnection
from tradebot.engine.control.limits import (
    HEAD_BYTES_MAX,
    HEADERS_MAX,
    TARGET_BYTES_MAX,
    Buckets,
    ControlClock,
    Lane,
)
from tradebot.engine.control.origin import foreign
from tradebot.engine.control.problems import Rejected, send_rejection
from tradebot.engine.control.rights import SOCKET_OWNER, Caller
from tradebot.engine.control.tokens import TokenError, TokenStore

_CALLER = "tradebot.caller"
_STRANGER = ""
_ALWAYS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in at one address."""

    clock: ControlClock
    buckets: Buckets
    addresses: Addresses
    hosts: frozenset[str] | None = None
    """Names a client may write into Host; None: a unix socket, which no name leads to."""
    tokens: TokenStore | None = None
    """None: whoever reaches the address has all rights; its folder is the lock."""

    def guard(self, app: ASGIApp) -> ASGIApp:
        """Return an application that lets through what may pass, and says who it was."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            careful = _with_headers(send)
            try:
                caller = self._admit(scope)
            except Rejected as error:
                await send_rejection(careful, error)
                return
            name_caller(scope, caller)
            await app(scope, receive, careful)

        return guarded

    def still_known(self, caller: Caller) -> bool:
        """Return whether a caller may stay: its token was not removed and has not expired."""
        if self.tokens is None or caller == SOCKET_OWNER:
            return True
        try:
            return self.tokens.known(caller, self.clock.system_ns())
        except TokenError:
            return False

    def _admit(self, scope: Scope) -> Caller:
        """Return who sends a request.

        Raises:
            Rejected: If it is too large, from another site's page, without a token, or one too many.
        """
        _check_head(scope)
        headers = _by_name(scope)
        reason = foreign(headers, self.hosts)
        if reason is not None:
            raise Rejected(403, "forbidden", reason, exit_code=3)
        path, method = scope["path"], _method(scope)
        if self.tokens is None:
            self._take("socket", self.addresses.lane_of(method, path))
            self._check_method(method, path)
            return SOCKET_OWNER
        caller = self._recognise(self.tokens, headers)
        if caller is None:
            self._take(_STRANGER, "stranger")
            raise Rejected(
                401,
                "unauthorized",
                "this address needs a token that is known and has not expired; "
                "make one with: tradebot token add NAME --kind read-only",
                exit_code=3,
                headers={"WWW-Authenticate": "Bearer"},
            )
        self._take(caller.name, self.addresses.lane_of(method, path))
        self._check_method(method, path)
        return caller

    def _check_method(self, method: str, path: str) -> None:
        """Refuse what an address does not answer; the framework would answer OPTIONS for each row by itself."""
        known = self.addresses.methods(path)
        if known and method not in known.split(", "):
            detail = f"not a method of this address: {method} {path}"
            raise Rejected(405, "usage", detail, headers={"Allow": known})

    def _recognise(self, tokens: TokenStore, headers: Mapping[bytes, list[bytes]]) -> Caller | None:
        given = headers.get(b"authorization", [])
        if len(given) != 1:
            return None
        scheme, _, token = given[0].partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            return tokens.recognise(token.strip().decode("latin-1"), self.clock.system_ns())
        except TokenError as error:
            raise Rejected(401, "unauthorized", str(error), exit_code=3) from error

    def _take(self, caller: str, lane: Lane) -> None:
        wait_s = self.buckets.take(caller, lane, socket=self.tokens is None)
        if wait_s:
            who = f"token {caller!r}" if caller else "requests without a token"
            raise Rejected(
                429,
                "busy",
                f"too many requests at once of {who}; try again in {wait_s:.2f} s",
                exit_code=1,
                headers={"Retry-After": str(math.ceil(wait_s))},
            )


def name_caller(scope: Scope, caller: Caller) -> None:
    """Write down who sends a request, for the application and for the connection's label."""
    if "state" not in scope:  # uvicorn makes one for each request, other servers may not
        scope["state"] = {}
    state: dict[str, object] = scope["state"]
    state[_CALLER] = caller
    connection = state.get("connection")
    if isinstance(connection, GuardedConnection):
        connection.caller = caller.name


def caller_of(scope: Scope) -> Caller:
    """Return who sends a request; whoever came past no gate has no right at all.

    Raises:
        Rejected: If nobody let the request in.
    """
    state: dict[str, object] = scope["state"]
    caller = state.get(_CALLER)
    if not isinstance(caller, Caller):
        raise Rejected(401, "unauthorized", "this request came past no gate", exit_code=3)
    return caller


def connection_of(scope: Scope) -> GuardedConnection | None:
    """Return the connection of a request; None where there is no socket behind it."""
    state: dict[str, object] = scope["state"]
    connection = state.get("connection")
    return connection if isinstance(connection, GuardedConnection) else None


def _check_head(scope: Scope) -> None:
    if scope["http_version"] not in {"1.0", "1.1"}:
        version = scope["http_version"]
        detail = f"HTTP must be 1.0 or 1.1, was {version[:8]!r}"
        raise Rejected(400, "usage", detail, headers={"Connection": "close"})
    length = len(scope["raw_path"] or b"") + len(scope["query_string"])
    if length > TARGET_BYTES_MAX:
        raise Rejected(
            414, "usage", f"path and query must have at most {TARGET_BYTES_MAX} bytes, had {length}"
        )
    headers = list(scope["headers"])
    if len(headers) > HEADERS_MAX:
        detail = f"a request has at most {HEADERS_MAX} headers, had {len(headers)}"
        raise Rejected(431, "usage", detail)
    size = length + sum(len(name) + len(value) for name, value in headers)
    if size > HEAD_BYTES_MAX:
        detail = f"address and headers must have at most {HEAD_BYTES_MAX} bytes, had {size}"
        raise Rejected(431, "usage", detail)


def _by_name(scope: Scope) -> dict[bytes, list[bytes]]:
    headers: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    return headers


def _method(scope: Scope) -> str:
    return str(scope["method"]) if scope["type"] == "http" else ""


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds what every answer says to browsers and caches."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
            message["headers"] = [*kept, *_ALWAYS]
        await send(message)

    return sending
