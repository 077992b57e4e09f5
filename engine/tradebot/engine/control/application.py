"""The application behind the gate: one handler for each row of the table."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import override

import msgspec
from litestar import Litestar, Request, Response, asgi, get, post
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException, InternalServerException
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.types import ControllerRouterHandler, Receive, Scope, Send

from tradebot.engine.control.addresses import framework_path
from tradebot.engine.control.bodies import (
    NAME_CHARS_MAX,
    EventsQuery,
    check_after,
    decode_query,
    frame_query,
    parse_query,
)
from tradebot.engine.control.clients import Clients
from tradebot.engine.control.engine import ControlledEngine, Refused
from tradebot.engine.control.gate import Gate, caller_of, connection_of
from tradebot.engine.control.limits import BODY_BYTES_MAX, Limits
from tradebot.engine.control.openapi import DOCUMENT_PATH, document
from tradebot.engine.control.problems import (
    AnyRequest,
    Rejected,
    failed,
    http_error,
    refused,
    rejected,
)
from tradebot.engine.control.rights import KIND_FOR, Caller, Right
from tradebot.engine.control.streams import (
    Follower,
    Pace,
    Write,
    respond,
    write_events,
    write_frames,
)
from tradebot.engine.control.table import Incoming, Route

JSON = "application/json"


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What the handlers of one address work with."""

    engine: ControlledEngine
    clients: Clients
    gate: Gate
    limits: Limits
    pace: Pace
    closing: asyncio.Event
    """Set when the server is about to end: streams finish by themselves."""


class _Application(Litestar):
    """Litestar without its look for OpenTelemetry, which would load that wherever it is installed."""

    @staticmethod
    @override
    def _patch_opentelemetry_middleware(config: AppConfig) -> AppConfig:
        return config


def make_app(served: Served, routes: tuple[Route, ...]) -> Litestar:
    """Return the application that answers for an engine, without its gate.

    Args:
        served: Who answers; called on the loop that serves the application.
        routes: The table.
    """
    handlers: list[ControllerRouterHandler] = [_handler(route, served) for route in routes]
    return _Application(
        route_handlers=[*handlers, _document(routes)],
        exception_handlers={
            Rejected: rejected,
            Refused: refused,
            HTTPException: http_error,
            Exception: failed,
        },
        openapi_config=None,  # ours is made from the table: the framework's would call money a float
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )


def require(caller: Caller, right: Right) -> None:
    """Let through who has a right.

    Raises:
        Rejected: If the caller has it not.
    """
    if not caller.may(right):
        raise Rejected(
            403,
            "forbidden",
            f"token {caller.name!r} is {caller.kind}; this needs one that is {KIND_FOR[right]}: "
            f"tradebot token add NAME --kind {KIND_FOR[right]}",
            exit_code=3,
        )


def _handler(route: Route, served: Served) -> HTTPRouteHandler | ASGIRouteHandler:
    if route.handle is None:
        return _stream(route, served)
    return _answer(route, served)


def _answer(route: Route, served: Served) -> HTTPRouteHandler:
    handle = route.handle

    async def answer(request: Request[object, object, State]) -> Response[bytes]:
        caller = caller_of(request.scope)
        require(caller, route.right)
        body = await _body(request, served.limits) if route.method == "POST" else b""
        incoming = Incoming(
            engine=served.engine,
            clients=served.clients,
            caller=caller,
            path=_path_names(request),
            query=parse_query(request.scope["query_string"]),
            body=body,
        )
        if handle is None:
            raise TypeError(f"{route.path} is a stream")
        seconds = served.limits.answer_timeout_s
        timeout = asyncio.timeout(seconds)
        try:
            async with timeout:
                found = await handle(incoming)
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise Rejected(
                503,
                "busy",
                f"the engine gave no answer within {seconds:g} s; what was asked may still happen: "
                "look with tradebot status and tradebot orders",
                exit_code=1,
            ) from error
        return Response(msgspec.json.encode(found), status_code=200, media_type=JSON)

    decorate = get if route.method == "GET" else post
    return decorate(framework_path(route), name=route.name)(answer)


def _path_names(request: AnyRequest) -> dict[str, str]:
    names = {name: str(value) for name, value in request.path_params.items()}
    for name, value in names.items():
        if len(value) > NAME_CHARS_MAX:
            raise Rejected(
                400,
                "usage",
                f"{name} must have at most {NAME_CHARS_MAX} characters, had {len(value)}",
            )
    return names


async def _body(request: AnyRequest, limits: Limits) -> bytes:
    timeout = asyncio.timeout(limits.body_timeout_s)
    try:
        async with timeout:
            body = await request.body()
    except TimeoutError as error:
        raise Rejected(
            408,
            "timeout",
            f"the body must come within {limits.body_timeout_s:g} s",
            exit_code=1,
            headers={"Connection": "close"},
        ) from error
    except InternalServerException as error:  # the framework's word for: the client went away
        raise Rejected(400, "usage", "the body ended before it was whole") from error
    given = request.headers.get("content-type", "")
    if body and given.partition(";")[0].strip().lower() != JSON:
        raise Rejected(415, "usage", f"a body must be {JSON}, was {given[:80]!r}")
    return body


def _stream(route: Route, served: Served) -> ASGIRouteHandler:
    """Return a stream; plain ASGI: it must know at once that its reader has gone."""

    @asgi(framework_path(route), copy_scope=True, name=route.name)
    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request[object, object, State](scope)
        caller = caller_of(scope)
        require(caller, route.right)
        connection = connection_of(scope)
        label = caller.name if connection is None else connection.label
        follower = Follower(lambda: served.gate.still_known(caller), served.limits.revoked_after_s)
        produce = _frames if route.path == STATE else _events
        producer = produce(request, served)
        with served.clients.following(label, route.path):
            await respond(receive, send, producer, follower)

    return streaming


STATE = "/v1/state"
"""The stream of frames; the other one is that of events."""

type _Producer = Callable[[Write], Coroutine[object, object, None]]


def _frames(request: AnyRequest, served: Served) -> _Producer:
    query = frame_query(parse_query(request.scope["query_string"]))
    served.engine.frame(query)  # an unknown instrument is refused before the stream begins
    connection = connection_of(request.scope)
    if connection is not None:
        connection.narrow()

    async def produce(write: Write) -> None:
        await write_frames(served.engine, query, served.pace, served.closing, write)

    return produce


def _events(request: AnyRequest, served: Served) -> _Producer:
    query = decode_query(parse_query(request.scope["query_string"]), EventsQuery)
    # The header wins: a client that reconnects repeats the address it began with.
    start = check_after(request.headers.get("last-event-id") or query.after)

    async def produce(write: Write) -> None:
        await write_events(served.engine, start, served.pace, served.closing, write)

    return produce


def _document(routes: tuple[Route, ...]) -> HTTPRouteHandler:
    body = msgspec.json.encode(document(routes))

    @get(DOCUMENT_PATH, name="get_openapi")
    async def openapi(request: Request[object, object, State]) -> Response[bytes]:
        require(caller_of(request.scope), "read")
        return Response(body, status_code=200, media_type=JSON)

    return openapi
