"""Every refusal and failure as a Problem: one line, a code, an HTTP status, an exit code."""

from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from tradebot.engine.control.bodies import BODY_BYTES_MAX
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages import Problem

type AnyRequest = Request[object, object, State]

REFUSALS: Final = {
    "usage": (400, 2),
    "unknown": (404, 2),
    "conflict": (409, 1),
    "refused": (403, 5),
}
"""HTTP status and exit code of each code of `Refused`."""

_log = structlog.stdlib.get_logger(__name__)


def refused(_request: AnyRequest, error: Refused) -> Response[bytes]:
    """Return the engine's refusal."""
    status, exit_code = REFUSALS[error.code]
    return _response(status, Problem(code=error.code, detail=error.detail, exit_code=exit_code))


def http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Return what the framework refused: unknown path, wrong method, large body, bad parameter."""
    status = error.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failed(request, error)
    asked = f"{request.method} {request.url.path}"
    match status:
        case HTTPStatus.NOT_FOUND:
            code, detail = "unknown", f"no such address: {asked}"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            code, detail = "usage", f"not a method of this address: {asked}"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            code, detail = "usage", f"body of {asked} must be at most {BODY_BYTES_MAX} bytes"
        case _:
            code, detail = "usage", _parameters(error.extra) or error.detail
    return _response(status, Problem(code=code, detail=_one_line(detail), exit_code=2))


def failed(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Return a failure of the engine itself; its traceback goes to the log, not over the wire."""
    _log.error("control request failed", path=request.url.path, exc_info=error)
    detail = (
        f"the engine failed to answer: {type(error).__name__}: {error}; its log has the traceback"
    )
    return _response(500, Problem(code="internal", detail=_one_line(detail), exit_code=1))


def encode_problem(error: Refused) -> bytes:
    """Return a refusal as JSON, for a stream that has already begun."""
    exit_code = REFUSALS[error.code][1]
    problem = Problem(code=error.code, detail=_one_line(error.detail), exit_code=exit_code)
    return msgspec.json.encode(problem)


def _response(status: int, problem: Problem) -> Response[bytes]:
    return Response(msgspec.json.encode(problem), status_code=status, media_type="application/json")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _parameters(extra: object) -> str:
    """Return the framework's list of bad parameters as text: `limit: Expected int >= 1`."""
    try:
        bad = msgspec.convert(extra, list[_BadParameter], from_attributes=True)
    except msgspec.ValidationError:
        return ""
    return "; ".join(f"{one.key}: {one.message}" for one in bad)


class _BadParameter(msgspec.Struct, frozen=True):
    message: str
    key: str = ""
