"""The face: which path is whose, keys, limits, faults, and its connections."""

import base64
import binascii
from collections import deque
from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.alpaca.account import clock_json
from tradebot.engine.exchange.alpaca.market_rest import MarketRest
from tradebot.engine.exchange.alpaca.market_stream import MarketStream
from tradebot.engine.exchange.alpaca.record import Record
from tradebot.engine.exchange.alpaca.refusals import (
    TOO_MANY,
    UNAUTHORIZED,
    Refusal,
    not_found,
    of_status,
)
from tradebot.engine.exchange.alpaca.streams import (
    EventKind,
    EventStream,
    TradeStream,
    account_of,
    range_or_refusal,
)
from tradebot.engine.exchange.alpaca.trading import Trading
from tradebot.engine.exchange.alpaca.words import Ids, json_of
from tradebot.engine.exchange.face import (
    Floor,
    HttpReply,
    HttpRequest,
    HttpStream,
    Link,
    Receiver,
    through_faults,
)
from tradebot.engine.exchange.faults import EventName, Fault
from tradebot.engine.exchange.happenings import Happening
from tradebot.engine.exchange.web import HOST, WebServer
from tradebot.engine.exchange.words import FaceName

LIMIT = 200
"""Requests of a minute that an account has, by API."""

_MINUTE = 60_000_000_000
_S = 1_000_000_000

EVENT_STREAMS: dict[str, EventKind] = {
    "/v2/events/trades": "trades",
    "/v2beta1/events/trades": "trades",
    "/v2beta1/events/activities": "activities",
}
"""Paths of the event streams; `/v1/events/trades` is gone."""

MARKET_STREAMS = {
    "/v2/iex": "equity",
    "/v2/sip": "equity",
    "/v1beta3/crypto/us": "crypto",
}
"""Paths of the market-data sockets, and which assets each has."""

type Connection = TradeStream | MarketStream | EventStream


class AlpacaFace:
    """Alpaca over the exchange, without I/O: see `face.WebFace`.

    Args of the constructor:
        floor: Exchange, faults, time.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        ids = Ids(floor.exchange.seed)
        self._record = Record(floor.exchange, ids)
        self._trading = Trading(floor.exchange, ids, self._record, lambda: floor.now("alpaca"))
        self._market = MarketRest(floor.exchange)
        self._connections: list[Connection] = []
        self._requests: dict[tuple[str, str], deque[int]] = {}
        floor.exchange.listen("alpaca", self._happened)

    # ---------------------------------------------------------------------------- requests

    def answer(self, request: HttpRequest) -> HttpReply | HttpStream:
        """Answer a request."""
        kind = EVENT_STREAMS.get(request.path)
        if kind is not None and request.method == "GET":
            return self._events(request, kind)
        return through_faults(
            self._floor, "alpaca", _names(request), lambda: self._answered(request), of_status
        )

    def _answered(self, request: HttpRequest) -> HttpReply:
        crypto = request.path.startswith("/v1beta3/crypto/")
        stocks = request.path.startswith("/v2/stocks")
        account = self._account(request)
        if account is None and not crypto:
            return UNAUTHORIZED.reply
        # Crypto data needs no key; those without one share a limit.
        name = "" if account is None else account.terms.name
        api = "data" if crypto or stocks else "trading"
        left = self._use(name, api)
        if left < 0:
            return self._with_limits(TOO_MANY.reply, name, api)
        if crypto or stocks:
            reply = self._market.answer(request)
        elif request.path == "/v1/clock":
            reply = HttpReply(
                body=json_of(clock_json(self._floor.now("alpaca"), always_open=False))
            )
        elif request.path.startswith("/v2/") and account is not None:
            reply = self._trading.answer(request, account)
        else:
            reply = not_found("endpoint not found").reply
        return self._with_limits(reply, name, api)

    def _use(self, account: str, api: str) -> int:
        """Count a request; return how many are left of its minute, -1 where there are none."""
        now = self._floor.exchange.clock.now()
        used = self._requests.setdefault((account, api), deque())
        while used and used[0] <= now - _MINUTE:
            used.popleft()
        if len(used) >= LIMIT:
            return -1
        used.append(now)
        return LIMIT - len(used)

    def _with_limits(self, reply: HttpReply, account: str, api: str) -> HttpReply:
        used = self._requests[account, api]
        reset = (used[0] + _MINUTE) // _S + 1
        limits = (
            ("X-RateLimit-Limit", str(LIMIT)),
            ("X-RateLimit-Remaining", str(LIMIT - len(used))),
            ("X-RateLimit-Reset", str(reset)),
        )
        return msgspec.structs.replace(reply, headers=(*reply.headers, *limits))

    def _account(self, request: HttpRequest) -> Account | None:
        key = request.headers.get("apca-api-key-id", "")
        secret = request.headers.get("apca-api-secret-key", "")
        authorization = request.headers.get("authorization", "")
        if authorization.startswith("Basic "):
            key, secret = _basic(authorization.removeprefix("Basic "))
        return account_of(self._floor.exchange, key, secret)

    def _events(self, request: HttpRequest, kind: EventKind) -> HttpReply | HttpStream:
        account = self._account(request)
        if account is None:
            return UNAUTHORIZED.reply
        span = range_or_refusal(request, kind)
        if isinstance(span, Refusal):
            return span.reply
        reply = through_faults(self._floor, "alpaca", ("request", "connect"), HttpReply, of_status)
        if reply.status != HttpReply().status or reply.cut:
            return reply
        stream = EventStream(self._floor, self._record, kind, account, span)

        def begin(link: Link) -> Receiver:
            self._keep(stream)
            return stream.open(link)

        return HttpStream(open=begin)

    # ---------------------------------------------------------------------------- sockets

    def connect(self, request: HttpRequest, link: Link) -> Receiver | HttpReply:
        """Take a web socket, or answer in its place."""
        packed = request.headers.get("content-type", "") == "application/msgpack"
        kind = MARKET_STREAMS.get(request.path)
        if request.path == "/stream":
            return self._keep(TradeStream(self._floor, link, packed=packed))
        if kind is not None:
            return self._keep(
                MarketStream(self._floor, link, kind, packed=packed, full=self._taken)
            )
        return not_found("endpoint not found").reply

    def _keep[C: TradeStream | MarketStream | EventStream](self, connection: C) -> C:
        self._connections = [one for one in self._connections if one.is_open]
        self._connections.append(connection)
        return connection

    def _taken(self, asking: MarketStream, account: str) -> bool:
        """Return whether an account has a connection to an endpoint already: it may have one."""
        return any(
            isinstance(one, MarketStream)
            and one is not asking
            and one.is_open
            and (one.kind, one.account) == (asking.kind, account)
            for one in self._connections
        )

    # ---------------------------------------------------------------------------- what happens

    def _happened(self, happening: Happening) -> None:
        told, activities = self._record.take(happening)
        for connection in tuple(self._connections):
            if isinstance(connection, MarketStream):
                connection.happened(happening)
            elif isinstance(connection, TradeStream):
                for event in told:
                    connection.tell(event)
            else:
                for one in (*told, *activities):
                    connection.tell(one)

    def advance(self, now: int) -> None:
        """Send heartbeats and bars that are due."""
        self._connections = [one for one in self._connections if one.is_open]
        for connection in self._connections:
            if not isinstance(connection, TradeStream):
                connection.advance(now)

    def strike(self, fault: Fault, pause: Callable[[float], None]) -> None:
        """Let a fault happen to all connections.

        Args:
            fault: Which.
            pause: Takes no connections for so many seconds: the venue's process starts anew, its books kept.
        """
        connections, self._connections = self._connections, []
        for connection in connections:
            match fault.fault:
                case "mute":
                    connection.mute()
                    self._connections.append(connection)
                case "shutdown" | "close_24h":
                    connection.end(abrupt=False, code=1001, reason="going away")
                case _:
                    connection.end(abrupt=True)
        if fault.fault == "restart":
            pause(fault.seconds(2.0) / _S)


def _basic(encoded: str) -> tuple[str, str]:
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return key, secret


def _names(request: HttpRequest) -> tuple[EventName, ...]:
    """Return by which names a request goes when faults are looked for."""
    orders = request.path.startswith("/v2/orders")
    if request.method == "GET":
        return ("request", "query")
    if not orders:
        return ("request", "order") if "/positions" in request.path else ("request",)
    names: dict[str, EventName] = {"POST": "order", "DELETE": "cancel", "PATCH": "amend"}
    name = names.get(request.method)
    return ("request",) if name is None else ("request", name)


class ServedAlpaca:
    """The face with its port; see `face.Face`.

    Args of the constructor:
        floor: Exchange, faults, time.
        port: Where to listen; 0 lets the system choose.
    """

    name: FaceName = "alpaca"

    def __init__(self, floor: Floor, port: int) -> None:
        self._floor = floor
        self._face = AlpacaFace(floor)
        self._server = WebServer(floor.doors.web(self.name, self._face), port)

    def advance(self, now: int) -> None:
        """Do what is due, ns UTC."""
        self._face.advance(now)

    def strike(self, fault: Fault) -> None:
        """Let a fault happen."""
        self._face.strike(fault, self._server.pause)

    async def start(self) -> None:
        """Open the port. Raises OSError if it is taken."""
        await self._server.start()

    async def close(self) -> None:
        """Close port and connections."""
        await self._server.close()

    def facts(self) -> dict[str, str | int]:
        """Return its part of the ready line."""
        terms = next(
            account.terms
            for account in self._floor.exchange.accounts.values()
            if account.terms.face == "alpaca"
        )
        http = f"http://{HOST}:{self._server.port}"
        return {
            "url": http,
            "data_url": http,
            "stream_url": f"ws://{HOST}:{self._server.port}/stream",
            "broker_url": http,
            "key": terms.key,
            "secret": terms.secret,
        }


def open_face(floor: Floor, port: int) -> ServedAlpaca:
    """Return the face, its port not open yet."""
    return ServedAlpaca(floor, port)
