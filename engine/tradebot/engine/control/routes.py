"""The addresses of the control API, one small function each; all questions go to one engine."""

import asyncio
from typing import Annotated

import msgspec
from litestar import MediaType, Request, Response, asgi, get, post
from litestar.datastructures import State
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter, RawBody
from litestar.types import Receive, Scope, Send

from tradebot.engine.control.bodies import (
    CancelBody,
    FlattenBody,
    ReasonBody,
    check_after,
    decode,
    decode_order,
    frame_query,
)
from tradebot.engine.control.engine import ControlledEngine
from tradebot.engine.control.problems import AnyRequest
from tradebot.engine.control.streams import Pace, Write, respond, write_events, write_frames

WAIT_S_MAX = 30.0
"""Longest time a request may wait for a venue's answer."""

FILLS_MAX = 1_000_000
"""Most fills a question may ask for."""

type Json = Response[bytes]


def answer(content: object) -> Json:
    """Return a message, or a list of them, as JSON."""
    return Response(msgspec.json.encode(content), status_code=200, media_type=MediaType.JSON)


def fact_routes(engine: ControlledEngine) -> list[HTTPRouteHandler]:
    """Return what a client may ask."""

    @get("/v1/hello")
    async def hello() -> Json:
        return answer(engine.hello())

    @get("/v1/status")
    async def status() -> Json:
        return answer(engine.status())

    @get("/v1/orders")
    async def orders(*, working: FromQuery[bool] = False) -> Json:
        return answer(engine.orders(working_only=working))

    @get("/v1/positions")
    async def positions() -> Json:
        return answer(engine.positions())

    @get("/v1/fills")
    async def fills(limit: Annotated[int, QueryParameter(ge=1, le=FILLS_MAX)] = 1000) -> Json:
        return answer(engine.fills(limit))

    return [hello, status, orders, positions, fills]


def command_routes(engine: ControlledEngine) -> list[HTTPRouteHandler]:
    """Return what a client may tell."""
    return [*_order_routes(engine), *_state_routes(engine), *_sleeve_routes(engine)]


def _order_routes(engine: ControlledEngine) -> list[HTTPRouteHandler]:
    @post("/v1/preview")
    async def preview(body: RawBody) -> Json:
        return answer(engine.preview(decode_order(body)))

    @post("/v1/orders")
    async def place(
        body: RawBody, wait: Annotated[float, QueryParameter(ge=0.0, le=WAIT_S_MAX)] = 5.0
    ) -> Json:
        return answer(await engine.place(decode_order(body), wait))

    @post("/v1/orders/{order_id:str}/cancel")
    async def cancel(order_id: FromPath[str]) -> Json:
        return answer(await engine.cancel(order_id))

    @post("/v1/cancel")
    async def cancel_all(body: RawBody) -> Json:
        which = decode(body, CancelBody)
        return answer(await engine.cancel_all(which.instrument, which.side))

    return [preview, place, cancel, cancel_all]


def _state_routes(engine: ControlledEngine) -> list[HTTPRouteHandler]:
    @post("/v1/flatten")
    async def flatten(body: RawBody) -> Json:
        return answer(await engine.flatten(decode(body, FlattenBody).instrument))

    @post("/v1/kill")
    async def kill() -> Json:
        return answer(await engine.kill())

    @post("/v1/halt")
    async def halt(body: RawBody) -> Json:
        return answer(await engine.halt(decode(body, ReasonBody).reason))

    @post("/v1/resume")
    async def resume(body: RawBody) -> Json:
        return answer(await engine.resume(decode(body, ReasonBody).reason))

    @post("/v1/stop")
    async def stop() -> Json:
        return answer(await engine.stop())

    return [flatten, kill, halt, resume, stop]


def _sleeve_routes(engine: ControlledEngine) -> list[HTTPRouteHandler]:
    @post("/v1/sleeves/{name:str}/pause")
    async def pause(name: FromPath[str], body: RawBody) -> Json:
        return answer(await engine.pause_sleeve(name, decode(body, ReasonBody).reason))

    @post("/v1/sleeves/{name:str}/resume")
    async def resume(name: FromPath[str], body: RawBody) -> Json:
        return answer(await engine.resume_sleeve(name, decode(body, ReasonBody).reason))

    return [pause, resume]


def stream_routes(
    engine: ControlledEngine, pace: Pace, closing: asyncio.Event
) -> list[ASGIRouteHandler]:
    """Return the two streams; plain ASGI: a stream must know at once that its reader has gone."""

    @asgi("/v1/state", copy_scope=True)
    async def state(scope: Scope, receive: Receive, send: Send) -> None:
        request = _get_request(scope)
        query = frame_query(dict(request.query_params))
        engine.frame(query)  # an unknown instrument is refused before the stream begins

        async def produce(write: Write) -> None:
            await write_frames(engine, query, pace, closing, write)

        await respond(receive, send, produce)

    @asgi("/v1/events", copy_scope=True)
    async def events(scope: Scope, receive: Receive, send: Send) -> None:
        request = _get_request(scope)
        # The header wins: a client that reconnects repeats the address it began with.
        after = request.headers.get("last-event-id") or request.query_params.get("after")
        start = check_after(after or None)

        async def produce(write: Write) -> None:
            await write_events(engine, start, pace, closing, write)

        await respond(receive, send, produce)

    return [state, events]


def _get_request(scope: Scope) -> AnyRequest:
    request = Request[object, object, State](scope)
    if request.method != "GET":
        raise MethodNotAllowedException(
            detail=f"{request.url.path} answers GET, was {request.method}"
        )
    return request
