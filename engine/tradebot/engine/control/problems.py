"""Every refusal and failure as a Problem: one line, a code, an HTTP status, an exit code."""

from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import Send

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.limits import BODY_BYTES_MAX
from tradebot.engine.control.messages_orders import Problem

type AnyRequest = Request[object, object, State]

REFUSALS: Final = {
    "usage": (400, 2),
    "unknown": (404, 2),
    "conflict": (409, 1),
    "configuration": (409, 3),
    "refused": (403, 5),
}
"""HTTP status and exit code of each code of `Refused`."""

STATUSES: Final[dict[int, str]] = {
    400: "The request is not understood, or a value is out of its bounds (`usage`).",
    401: "No token, or one that is unknown or has expired (`unauthorized`, exit code 3).",
    403: "The token lacks the right, or the page is not ours (`forbidden`, exit code 3); "
    "or safety refuses it (`refused`, exit code 5).",
    404: "There is nothing of that address, id or name (`unknown`).",
    405: "Not a method of this address (`usage`).",
    408: "The request did not come in time (`timeout`).",
    409: "It contradicts what is so already (`conflict`), or the engine's files do not allow it (`configuration`, exit "
    "code 3).",
    413: "The body is too large (`usage`).",
    414: "The address is too long (`usage`).",
    415: "A body that is not application/json (`usage`).",
    429: "Too many requests (`busy`); Retry-After says in how many seconds.",
    431: "Too many or too long headers (`usage`).",
    500: "The engine failed to answer (`internal`); its log has the traceback.",
    503: "Too many connections, or no answer in time (`busy`).",
}
"""What each status of a Problem means; the API's document shows them."""

_log = structlog.stdlib.get_logger(__name__)


class Rejected(Exception):  # noqa: N818  (an answer, not an error of the program)
    """The server will not hand a request on; becomes a Problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        exit_code: int = 2,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = Problem(code=code, detail=_one_line(detail), exit_code=exit_code)
        self.headers = headers or {}


def rejected(_request: AnyRequest, error: Rejected) -> Response[bytes]:
    """Return the server's own refusal."""
    return _response(error.status, error.problem, error.headers)


def refused(_request: AnyRequest, error: Refused) -> Response[bytes]:
    """Return the engine's refusal."""
    status, exit_code = REFUSALS[error.code]
    return _response(status, Problem(code=error.code, detail=error.detail, exit_code=exit_code))


def http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Return what the framework refused: unknown path, wrong method, large body."""
    status = error.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failed(request, error)
    asked = f"{request.method} {request.scope['path']}"
    match status:
        case HTTPStatus.NOT_FOUND:
            code, detail = "unknown", f"no such address: {asked}"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            code, detail = "usage", f"not a method of this address: {asked}"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            code, detail = "usage", f"body of {asked} must be at most {BODY_BYTES_MAX} bytes"
        case _:
            code, detail = "usage", error.detail
    problem = Problem(code=code, detail=_one_line(detail), exit_code=2)
    return _response(status, problem, error.headers)


def failed(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Return a failure of the engine itself; its traceback goes to the log, not over the wire."""
    _log.error("control request failed", path=request.scope["path"], exc_info=error)
    detail = (
        f"the engine failed to answer: {type(error).__name__}: {error}; its log has the traceback"
    )
    return _response(500, Problem(code="internal", detail=_one_line(detail), exit_code=1))


def encode_problem(error: Refused | Rejected) -> bytes:
    """Return a refusal as JSON, for a stream that has already begun."""
    if isinstance(error, Rejected):
        return msgspec.json.encode(error.problem)
    exit_code = REFUSALS[error.code][1]
    problem = Problem(code=error.code, detail=_one_line(error.detail), exit_code=exit_code)
    return msgspec.json.encode(problem)


async def send_rejection(send: Send, error: Rejected) -> None:
    """Answer a request that never reaches the application.

    The connection stays: were it closed while a body is on its way, the client would see a reset
    instead of the answer.
    """
    body = msgspec.json.encode(error.problem)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _response(
    status: int, problem: Problem, headers: dict[str, str] | None = None
) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type="application/json",
        headers=headers or {},
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
