"""The command line's client of an engine: one short connection, typed answers, no retries.

ControlError
  EngineUnreachable   nobody answers at the address, or it went away
  ApiMismatch         the engine speaks another API number
  EngineRefused       the engine said no; carries the problem and the exit code
"""

import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import httpx
import msgspec
from httpx_sse import EventSource

from tradebot.engine.control.authority import ArmBody, AuthorityFacts, MandateBody
from tradebot.engine.control.clients import ClientFacts
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import API_NUMBER, Hello
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    DifferenceFacts,
    FillFacts,
    OrderFacts,
    PositionFacts,
    Status,
)
from tradebot.engine.control.messages_house import HouseView
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    EventLine,
    OrderAnswer,
    OrderRequest,
    Preview,
    Problem,
)
from tradebot.engine.control.sleeve_client import SleeveClient

ANSWER_TIMEOUT_S = 5.0
"""Longest wait for an answer; a request that waits for a venue gets this on top."""

STREAM_SILENCE_S = 30.0
"""A stream that says nothing for this long is dead: the server sends a comment every 10 s."""


class ControlError(Exception):
    """Root of what can go wrong between a command and an engine; the text is one line."""

    exit_code = 1


class EngineUnreachable(ControlError):  # noqa: N818  (reads as the state it names)
    """No answer came."""

    exit_code = 4


class NobodyAnswers(EngineUnreachable):
    """No connection was made, so nothing was asked."""


class ApiMismatch(ControlError):  # noqa: N818
    """The engine is of another version."""

    exit_code = 4


class EngineRefused(ControlError):  # noqa: N818
    """The engine's answer is a Problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.exit_code = problem.exit_code


class EngineAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where an engine listens and how to speak of it."""

    label: str
    """For messages: `engine 'main'`."""
    socket: Path | None = None
    """Unix socket; None: `url`."""
    url: str = "http://engine"
    token: str | None = None
    """Bearer token of a TCP listener."""

    def where(self) -> str:
        """Return the socket or the address as text."""
        return str(self.socket) if self.socket is not None else self.url


STOP_TIMEOUT_S = 15.0
"""Longest wait for the end of an engine: it may take ten seconds to move stops to the broker."""


class ControlClient:
    """Asks and tells one engine; use as a context manager.

    Every method raises `EngineUnreachable` when nobody answers and `EngineRefused` when the engine says no.
    """

    def __init__(self, address: EngineAddress) -> None:
        self._address = address
        transport = None
        if address.socket is not None:
            transport = httpx.HTTPTransport(uds=str(address.socket))
        headers = {} if address.token is None else {"authorization": f"Bearer {address.token}"}
        self._http = httpx.Client(
            base_url=address.url,
            transport=transport,
            headers=headers,
            timeout=ANSWER_TIMEOUT_S,
            trust_env=False,  # a proxy of the environment must never see the engine
        )

    @property
    def sleeves(self) -> SleeveClient:
        """What can be asked and told about sleeves."""
        return SleeveClient(self._get, self._post)

    def __enter__(self) -> Self:
        """Check that an engine of our API number answers.

        Raises:
            ApiMismatch: If its API number is another.
        """
        try:
            self._knock()
            hello = self._get("/v1/hello", Hello)
        except BaseException:
            self._http.close()
            raise
        if hello.api != API_NUMBER:
            self._http.close()
            raise ApiMismatch(
                f"{self._address.label} speaks API {hello.api} (version {hello.version}), "
                f"this command {API_NUMBER}; use the tradebot that started it, or restart it"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def _knock(self) -> None:
        """Connect to the socket once: httpcore leaves its own open when nobody is behind it."""
        path = self._address.socket
        if path is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(ANSWER_TIMEOUT_S)
            try:
                probe.connect(str(path))
            except OSError as error:  # absent, refused, or a path too long for a socket
                raise self._nobody() from error

    def hello(self) -> Hello:
        """Return who answers."""
        return self._get("/v1/hello", Hello)

    def status(self) -> Status:
        """Return the engine's state."""
        return self._get("/v1/status", Status)

    def health(self) -> HealthFacts:
        """Return the state of the engine and of what it hangs on."""
        return self._get("/v1/health", HealthFacts)

    def house(self) -> HouseView:
        """Return the game, the moves and the house's books."""
        return self._get("/v1/house", HouseView)

    def clients(self) -> ClientFacts:
        """Return who follows the engine, and which clients were dropped."""
        return self._get("/v1/clients", ClientFacts)

    def orders(self, *, working_only: bool) -> list[OrderFacts]:
        """Return orders, newest as the engine sorts them."""
        return self._get("/v1/orders", list[OrderFacts], working=str(working_only).lower())

    def accounts(self) -> list[AccountFacts]:
        """Return every account, the default one first."""
        return self._get("/v1/accounts", list[AccountFacts])

    def positions(self) -> list[PositionFacts]:
        """Return open positions."""
        return self._get("/v1/positions", list[PositionFacts])

    def differences(self) -> list[DifferenceFacts]:
        """Return what ledger and venue disagree on, and what nobody owns."""
        return self._get("/v1/differences", list[DifferenceFacts])

    def reconcile(self, account: str | None = None) -> CommandAnswer:
        """Ask the venue of an account, or of all, what it holds."""
        return self._post("/v1/reconcile", CommandAnswer, {"account": account})

    def answer_difference(
        self,
        difference: str,
        answer: Literal["adopt", "ignore", "flatten"],
        owner: str | None,
        reason: str,
    ) -> CommandAnswer:
        """Adopt, ignore or flatten one difference."""
        body = {"id": difference, "answer": answer, "owner": owner, "reason": reason}
        return self._post("/v1/differences/answer", CommandAnswer, body)

    def fills(self, limit: int) -> list[FillFacts]:
        """Return the newest fills, at most `limit`."""
        return self._get("/v1/fills", list[FillFacts], limit=str(limit))

    def preview(self, order: OrderRequest) -> Preview:
        """Return what an order would cost and what the gate says; nothing is sent."""
        return self._post("/v1/preview", Preview, order)

    def place(self, order: OrderRequest, wait_s: float) -> OrderAnswer:
        """Hand an order to the gate and return what became of it within `wait_s` seconds."""
        return self._post(
            "/v1/orders", OrderAnswer, order, wait=str(wait_s), timeout=wait_s + ANSWER_TIMEOUT_S
        )

    def amend(self, client_order_id: str, amend: AmendRequest) -> OrderAnswer:
        """Change an open order; return the one that takes its place."""
        return self._post(f"/v1/orders/{_segment(client_order_id)}/amend", OrderAnswer, amend)

    def cancel(self, client_order_id: str) -> CommandAnswer:
        """Cancel one order."""
        return self._post(f"/v1/orders/{_segment(client_order_id)}/cancel", CommandAnswer)

    def cancel_all(
        self, instrument: str | None, side: Literal["buy", "sell"] | None
    ) -> CommandAnswer:
        """Cancel all orders, of an instrument, of a side."""
        return self._post("/v1/cancel", CommandAnswer, {"instrument": instrument, "side": side})

    def flatten(self, instrument: str | None) -> CommandAnswer:
        """Close the position in one instrument, or with None in all."""
        return self._post("/v1/flatten", CommandAnswer, {"instrument": instrument})

    def kill(self) -> CommandAnswer:
        """HALT."""
        return self._post("/v1/kill", CommandAnswer)

    def halt(self, reason: str) -> CommandAnswer:
        """REDUCE."""
        return self._post("/v1/halt", CommandAnswer, {"reason": reason})

    def resume(self, reason: str) -> CommandAnswer:
        """Lift REDUCING or HALTED."""
        return self._post("/v1/resume", CommandAnswer, {"reason": reason})

    def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Stop a sleeve from adding risk."""
        path = f"/v1/sleeves/{_segment(sleeve)}/pause"
        return self._post(path, CommandAnswer, {"reason": reason})

    def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Let a sleeve add risk again."""
        path = f"/v1/sleeves/{_segment(sleeve)}/resume"
        return self._post(path, CommandAnswer, {"reason": reason})

    def stop(self, *, leave_unprotected: bool = False) -> CommandAnswer:
        """End the engine; it first moves the stops that only it holds, which may take ten seconds."""
        told = str(leave_unprotected).lower()
        return self._post(
            "/v1/stop",
            CommandAnswer,
            leave_unprotected=told,
            timeout=STOP_TIMEOUT_S,
        )

    def authority(self) -> AuthorityFacts:
        """Return who may add risk now."""
        return self._get("/v1/authority", AuthorityFacts)

    def arm(self, body: ArmBody) -> CommandAnswer:
        """Let hands add risk in LIVE for a while."""
        return self._post("/v1/arm", CommandAnswer, body)

    def disarm(self) -> CommandAnswer:
        """End that at once."""
        return self._post("/v1/disarm", CommandAnswer)

    def terminal_seen(self, terminal: str) -> CommandAnswer:
        """Say that a terminal that armed is still used."""
        return self._post("/v1/terminal/seen", CommandAnswer, {"terminal": terminal})

    def terminal_gone(self, terminal: str) -> CommandAnswer:
        """Say that a terminal has closed."""
        return self._post("/v1/terminal/gone", CommandAnswer, {"terminal": terminal})

    def give_mandate(self, sleeve: str, body: MandateBody) -> CommandAnswer:
        """Let a sleeve as it runs now add risk in LIVE within bounds."""
        return self._post(f"/v1/sleeves/{_segment(sleeve)}/mandate", CommandAnswer, body)

    def revoke_mandate(self, sleeve: str, reason: str) -> CommandAnswer:
        """Take a mandate back."""
        path = f"/v1/sleeves/{_segment(sleeve)}/mandate/revoke"
        return self._post(path, CommandAnswer, {"reason": reason})

    def events(self, after: str | None) -> Iterator[EventLine]:
        """Yield committed events after an id (None: from now on), for as long as the engine lives.

        Raises:
            EngineUnreachable: If the stream ends: the engine stopped or died.
        """
        parameters = {} if after is None else {"after": after}
        timeout = httpx.Timeout(ANSWER_TIMEOUT_S, read=STREAM_SILENCE_S)
        with (
            self._speaking(),
            self._http.stream("GET", "/v1/events", params=parameters, timeout=timeout) as response,
        ):
            if response.is_error:
                response.read()
                raise _refusal(response)
            for event in EventSource(response).iter_sse():
                if event.event == "problem":
                    raise EngineRefused(msgspec.json.decode(event.data, type=Problem))
                yield msgspec.json.decode(event.data, type=EventLine)
        raise EngineUnreachable(f"{self._address.label} closed the stream: it is stopping or gone")

    def _get[T](self, path: str, shape: type[T], /, **parameters: str) -> T:
        with self._speaking():
            response = self._http.get(path, params=parameters)
        return _read(response, shape)

    def _post[T](
        self,
        path: str,
        shape: type[T],
        body: object = None,
        /,
        *,
        timeout: float = ANSWER_TIMEOUT_S,
        **parameters: str,
    ) -> T:
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        with self._speaking():
            response = self._http.post(
                path, content=content, params=parameters, headers=headers, timeout=timeout
            )
        return _read(response, shape)

    @contextmanager
    def _speaking(self) -> Generator[None]:
        """Turn what the transport may throw into one line with the remedy."""
        address = self._address
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._nobody() from error
        except httpx.TimeoutException as error:
            raise EngineUnreachable(
                f"{address.label} at {address.where()} took too long to answer; "
                "what was asked may still happen: look with tradebot status and tradebot orders"
            ) from error
        except httpx.TransportError as error:
            raise EngineUnreachable(
                f"{address.label} at {address.where()} went away while answering; "
                "what was asked may have happened: look with tradebot status and tradebot orders"
            ) from error

    def _nobody(self) -> NobodyAnswers:
        return NobodyAnswers(
            f"{self._address.label} does not answer at {self._address.where()}; "
            "start it with tradebot run"
        )


def _read[T](response: httpx.Response, shape: type[T]) -> T:
    if response.is_error:
        raise _refusal(response)
    try:
        return msgspec.json.decode(response.content, type=shape)
    except msgspec.DecodeError as error:
        raise ControlError(f"the engine's answer is not understood: {error}") from error


def _refusal(response: httpx.Response) -> EngineRefused:
    try:
        return EngineRefused(msgspec.json.decode(response.content, type=Problem))
    except msgspec.DecodeError:
        detail = f"the engine answered HTTP {response.status_code} without a reason"
        return EngineRefused(Problem(code="internal", detail=detail, exit_code=1))


def _segment(text: str) -> str:
    """Return a text as one segment of a path, so that no id can leave its place."""
    return quote(text, safe="")
