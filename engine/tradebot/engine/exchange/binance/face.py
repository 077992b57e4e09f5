"""Binance spot on 127.0.0.1: requests, market streams and the web-socket API over the exchange."""

import itertools
from collections.abc import Iterable
from typing import override
from urllib.parse import unquote

import msgspec

from tradebot.engine.exchange.binance.api_session import ApiSession
from tradebot.engine.exchange.binance.connection import Connection
from tradebot.engine.exchange.binance.desk import Desk
from tradebot.engine.exchange.binance.gate import Gate, Outcome, fault_outcome
from tradebot.engine.exchange.binance.holdings import Holdings
from tradebot.engine.exchange.binance.intake import Intake
from tradebot.engine.exchange.binance.lists import Lists
from tradebot.engine.exchange.binance.market_session import MarketSession
from tradebot.engine.exchange.binance.operations import BY_PATH, Operation, Parts
from tradebot.engine.exchange.binance.prints import Prints
from tradebot.engine.exchange.binance.quotes import Quotes
from tradebot.engine.exchange.binance.refusals import Code
from tradebot.engine.exchange.binance.reports import Reporter
from tradebot.engine.exchange.binance.signing import pairs, signed_text
from tradebot.engine.exchange.binance.streams import Streams
from tradebot.engine.exchange.binance.user_stream import UserStream
from tradebot.engine.exchange.binance.weights import Weights
from tradebot.engine.exchange.face import (
    Floor,
    HttpReply,
    HttpRequest,
    HttpStream,
    Link,
    Receiver,
    struck,
)
from tradebot.engine.exchange.faults import Fault
from tradebot.engine.exchange.happenings import Happening
from tradebot.engine.exchange.web import HOST, WebServer
from tradebot.engine.exchange.words import FaceName

_MS = 1_000_000
_US = 1_000
_S = 1_000_000_000
_JSON = ("Content-Type", "application/json;charset=UTF-8")
_NOT_FOUND = b"<html><body><h2>404 Not found</h2></body></html>"  # what the venue's front says of no path of its own


class BinanceFace:
    """Binance without I/O: requests in, answers and frames out.

    Args of the constructor:
        floor: The exchange and its faults.
    """

    name: FaceName = "binance"

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        exchange = floor.exchange
        prints = {listing.key: Prints() for listing in exchange.listed("binance")}
        lists_of: dict[int, int] = {}
        cancel_ids: dict[int, str] = {}
        numbers = itertools.count(1)

        def new_id() -> str:
            return f"{exchange.seed % 10**6:06d}x{next(numbers):015d}"

        self._weights = Weights(lambda: floor.now("binance"))
        reporter = Reporter(exchange, lists_of)
        intake = Intake(exchange, new_id)
        lists = Lists(exchange, intake, reporter, lists_of)
        desk = Desk(
            exchange,
            intake=intake,
            lists=lists,
            reporter=reporter,
            cancel_ids=cancel_ids,
            new_id=new_id,
        )
        parts = Parts(
            quotes=Quotes(exchange, prints),
            desk=desk,
            lists=lists,
            holdings=Holdings(exchange, reporter, self._weights),
        )
        self._gate = Gate(floor, parts, self._weights)
        self._streams = Streams(exchange, prints)
        self._connections: dict[Connection, None] = {}
        self._user_stream = UserStream(
            floor,
            reporter=reporter,
            lists=lists,
            cancel_ids=cancel_ids,
            sessions=self._api_sessions,
        )
        exchange.listen("binance", self._take)

    def _api_sessions(self) -> Iterable[ApiSession]:
        return [one for one in self._connections if isinstance(one, ApiSession)]

    def _take(self, happening: Happening) -> None:
        self._streams.take(happening)
        self._user_stream.take(happening)

    def advance(self, now: int) -> None:
        """Tell what streams have gathered; ping and close what is due."""
        self._streams.advance(now)
        for connection in tuple(self._connections):
            connection.advance(now)
            if not connection.line.is_open:
                self._connections.pop(connection, None)

    # Requests.

    def answer(self, request: HttpRequest) -> HttpReply | HttpStream:
        """Answer a request."""
        operation = BY_PATH.get(f"{request.method} {request.path}")
        if operation is None:
            return _unknown(request)
        hit = struck(self._floor, "binance", operation.events)
        outcome = fault_outcome(hit.status) if not hit.done else self._perform(operation, request)
        if hit.done and hit.status:
            outcome = fault_outcome(hit.status)
        reply = self._reply(outcome)
        return msgspec.structs.replace(reply, delay=hit.delay, cut=hit.cut)

    def _perform(self, operation: Operation, request: HttpRequest) -> Outcome:
        try:
            body = request.body.decode()
        except UnicodeDecodeError:
            error = Code(-1102, "A mandatory parameter was not sent, was empty/null, or malformed.")
            return Outcome(status=400, error=error)
        return self._gate.perform(
            operation,
            {**pairs(request.query), **pairs(body)},
            key=request.headers.get("x-mbx-apikey", ""),
            payload=signed_text(request.query) + signed_text(body),
            unit=_unit(request.headers.get("x-mbx-time-unit", "")),
        )

    def _reply(self, outcome: Outcome) -> HttpReply:
        body = outcome.result if outcome.error is None else outcome.error
        headers = [_JSON, *self._weights.headers(outcome.account)]
        if outcome.retry_after_s is not None:
            headers.append(("Retry-After", str(outcome.retry_after_s)))
        return HttpReply(
            status=outcome.status, body=msgspec.json.encode(body), headers=tuple(headers)
        )

    # Web sockets.

    def connect(self, request: HttpRequest, link: Link) -> Receiver | HttpReply:
        """Take a web socket of streams or of the API."""
        if struck(self._floor, "binance", ("connect",)).cut:
            return HttpReply(cut=True)
        query = pairs(request.query)
        unit = _unit(query.get("timeUnit", ""))
        path = unquote(request.path)
        connection: ApiSession | MarketSession
        if path == "/ws-api/v3":
            connection = ApiSession(self._floor, link, unit, self._gate, self._weights)
        elif path == "/stream" or path.rstrip("/") == "/ws" or path.startswith("/ws/"):
            combined = path == "/stream"
            names = query.get("streams", "") if combined else path.removeprefix("/ws")
            found = [name for name in names.split("/") if name]
            connection = MarketSession(
                self._floor, link, unit, self._streams, found, combined=combined
            )
        else:
            return HttpReply(status=404, body=_NOT_FOUND, headers=(("Content-Type", "text/html"),))
        self._connections[connection] = None
        return connection

    def strike(self, fault: Fault) -> None:
        """Let a fault happen to the web sockets: to all, or to those of `args.stream`, `user` or `market`."""
        now = self._floor.exchange.clock.now()
        kind = fault.args.get("stream")
        for connection in tuple(self._connections):
            if kind is not None and connection.kind != kind:
                continue
            match fault.fault:
                case "drop_socket" | "restart":
                    connection.line.close(abrupt=True)
                case "mute":
                    connection.line.muted = True
                case "shutdown":
                    connection.shut_down(now, fault.seconds(1.0))
                case "close_24h":
                    connection.line.close(1001, "")
                case _:
                    pass


class ServedBinance(BinanceFace):
    """Binance on a port.

    Args of the constructor:
        floor: The exchange and its faults.
        port: Where; 0 lets the system choose.
    """

    def __init__(self, floor: Floor, port: int) -> None:
        super().__init__(floor)
        self._server = WebServer(floor.doors.web(self.name, self), port)

    async def start(self) -> None:
        """Open the port. Raises OSError if it is taken."""
        await self._server.start()

    async def close(self) -> None:
        """Close port and connections."""
        await self._server.close()

    @override
    def strike(self, fault: Fault) -> None:
        """Let a fault happen; a restart also takes no connection for a while."""
        super().strike(fault)
        if fault.fault == "restart":
            self._server.pause(fault.seconds(1.0) / _S)

    def facts(self) -> dict[str, str | int]:
        """Return its part of the ready line."""
        account = next(
            one for one in self._floor.exchange.accounts.values() if one.terms.face == "binance"
        )
        port = self._server.port
        return {
            "url": f"http://{HOST}:{port}",
            "ws_url": f"ws://{HOST}:{port}",
            "ws_api_url": f"ws://{HOST}:{port}/ws-api/v3",
            "key": account.terms.key,
            "secret": account.terms.secret,
        }


def open_face(floor: Floor, port: int) -> ServedBinance:
    """Return the face on a port."""
    return ServedBinance(floor, port)


def _unit(word: str) -> int:
    return _US if word.upper() == "MICROSECOND" else _MS


def _unknown(request: HttpRequest) -> HttpReply:
    if request.path.startswith(("/api/", "/sapi/")) and any(
        path.endswith(f" {request.path}") for path in BY_PATH
    ):
        body = msgspec.json.encode(Code(-1101, f"Method {request.method} is not supported."))
        return HttpReply(status=405, body=body)
    return HttpReply(status=404, body=_NOT_FOUND, headers=(("Content-Type", "text/html"),))
