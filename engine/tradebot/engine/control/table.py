"""What a route of the control API is: address, right, request, answer; `routes.py` is the table of them."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import msgspec

from tradebot.engine.control.bodies import decode, decode_query
from tradebot.engine.control.clients import Clients
from tradebot.engine.control.engine import ControlledEngine
from tradebot.engine.control.limits import Lane
from tradebot.engine.control.messages import Message
from tradebot.engine.control.rights import Caller, Right


class NoQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A route without query parameters."""


class NoBody(Message, frozen=True, kw_only=True):
    """A route that needs no body; what is sent is not looked at."""


class Call[Q, B](msgspec.Struct, frozen=True, kw_only=True):
    """One request, decoded."""

    engine: ControlledEngine
    clients: Clients
    caller: Caller
    path: Mapping[str, str]
    """Values of the `{names}` in the route's path."""
    query: Q
    body: B


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it came."""

    engine: ControlledEngine
    clients: Clients
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One address of the API."""

    method: Literal["GET", "POST"]
    path: str
    """With `{name}` for a segment the caller chooses."""
    right: Right
    """What a token must be good for."""
    summary: str
    answer: object
    """Type of the answer's JSON; for a stream of each event's data."""
    query: type[Message]
    body: type[Message]
    lane: Lane
    handle: Callable[[Incoming], Awaitable[object]] | None
    """None: a stream, which `streams.py` answers."""

    @property
    def name(self) -> str:
        """Return a word for the operation, unique: `post_orders_cancel`."""
        words = [word for word in self.path.split("/") if word and not word.startswith("{")]
        return "_".join([self.method.lower(), *words[1:]]).replace(".", "_")

    @property
    def takes_body(self) -> bool:
        """Return whether the route needs a body."""
        return self.body is not NoBody


def ask[A, Q: Message](
    path: str,
    query: type[Q],
    answer: type[A],
    does: Callable[[Call[Q, NoBody]], A | Awaitable[A]],
    summary: str,
) -> Route:
    """Return a question: `GET`, changes nothing, needs the right to read.

    Args:
        path: Its address.
        query: Its parameters, or `NoQuery`.
        answer: What it returns.
        does: Asks the engine.
        summary: One sentence for the API's document.
    """

    async def handle(incoming: Incoming) -> object:
        return await _result(does(_call(incoming, query, NoBody())))

    return Route(
        method="GET",
        path=path,
        right="read",
        summary=summary,
        answer=answer,
        query=query,
        body=NoBody,
        lane="ask",
        handle=handle,
    )


def tell[A, B: Message](
    path: str,
    right: Right,
    body: type[B],
    answer: type[A],
    does: Callable[[Call[NoQuery, B]], A | Awaitable[A]],
    summary: str,
) -> Route:
    """Return a command: `POST`.

    Args:
        path: Its address.
        right: What the caller's token must be good for.
        body: Its JSON; `NoBody`: none is needed.
        answer: What it returns.
        does: Tells the engine.
        summary: One sentence for the API's document.
    """
    return tell_with(path, right, (NoQuery, body), answer, does, summary)


def tell_with[A, Q: Message, B: Message](
    path: str,
    right: Right,
    given: tuple[type[Q], type[B]],
    answer: type[A],
    does: Callable[[Call[Q, B]], A | Awaitable[A]],
    summary: str,
) -> Route:
    """Return a command that also has query parameters: `given` is their type and the body's."""
    query, body = given

    async def handle(incoming: Incoming) -> object:
        decoded = decode(incoming.body, body) if body is not NoBody else body()
        return await _result(does(_call(incoming, query, decoded)))

    return Route(
        method="POST",
        path=path,
        right=right,
        summary=summary,
        answer=answer,
        query=query,
        body=body,
        lane="ask",
        handle=handle,
    )


def at_any_time(route: Route) -> Route:
    """Return a command with a budget of its own: a flood of other requests never holds it up."""
    return msgspec.structs.replace(route, lane="stop")


def stream(path: str, answer: object, query: type[Message], summary: str) -> Route:
    """Return a stream of server-sent events; `streams.py` knows how to answer it."""
    return Route(
        method="GET",
        path=path,
        right="read",
        summary=summary,
        answer=answer,
        query=query,
        body=NoBody,
        lane="ask",
        handle=None,
    )


def _call[Q: Message, B](incoming: Incoming, query: type[Q], body: B) -> Call[Q, B]:
    return Call(
        engine=incoming.engine,
        clients=incoming.clients,
        caller=incoming.caller,
        path=incoming.path,
        query=decode_query(incoming.query, query),
        body=body,
    )


async def _result(given: object) -> object:
    return await given if inspect.isawaitable(given) else given
