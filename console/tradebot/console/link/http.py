"""The engine over HTTP and server-sent events, on a unix socket or on TCP."""

import asyncio
import os
from collections.abc import AsyncGenerator
from typing import Literal
from urllib.parse import quote

import httpx
import msgspec
from httpx_sse import EventSource, ServerSentEvent, SSEError

from tradebot.console.clock import Clock
from tradebot.console.link.address import EngineAddress
from tradebot.console.link.freshest import Freshest
from tradebot.console.link.protocol import Answer, LinkDown, LinkRefused, StateQuery, WrongApi
from tradebot.engine.control.authority import ArmBody, AuthorityFacts
from tradebot.engine.control.clients import ClientFacts
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import API_NUMBER, Hello
from tradebot.engine.control.messages_facts import AccountFacts, OrderFacts
from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    EventLine,
    OrderAnswer,
    OrderRequest,
    Preview,
    Problem,
)
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.control.setup import AccountCheck, CheckBody, SetupFacts
from tradebot.engine.control.sleeves import ChangeBody, VersionDifference

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 8.0
"""An order's answer comes within 5 s; more means that nobody is there."""
FRAME_TIMEOUT_S = 6.0
"""Heartbeats come twice a second; after this the stream is opened anew."""
LOAD_TIMEOUT_S = 60.0
"""For answers before which a policy's code is loaded (it may import large libraries) or a venue is asked."""
EVENT_TIMEOUT_S = 60.0
"""An event stream is silent while nothing happens; a dead one is noticed by the frames."""


def _client(address: EngineAddress) -> httpx.AsyncClient:
    # A proxy of the environment must never see the engine, and a token never a socket that needs none.
    if address.socket is not None:
        transport = httpx.AsyncHTTPTransport(uds=str(address.socket))
        return httpx.AsyncClient(transport=transport, base_url="http://engine", trust_env=False)
    token = os.environ.get("TRADEBOT_TOKEN")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=str(address.url), headers=headers, trust_env=False)


def _sleeve(name: str) -> str:
    return f"/v1/sleeves/{quote(name, safe='')}"


def _timeout(read_s: float) -> httpx.Timeout:
    return httpx.Timeout(read_s, connect=CONNECT_TIMEOUT_S)


def _problem(response: httpx.Response, body: bytes) -> LinkRefused:
    try:
        return LinkRefused(msgspec.json.decode(body, type=Problem))
    except msgspec.DecodeError:
        detail = f"the engine answered HTTP {response.status_code} without saying why"
        return LinkRefused(Problem(code="http", detail=detail))


class HttpLink:
    """An EngineLink over HTTP. Not shared between event loops."""

    def __init__(self, address: EngineAddress, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._client = _client(address)

    @property
    def address(self) -> str:
        """Where the engine is, in words."""
        return str(self._address)

    async def hello(self) -> Hello:
        """Ask who answers; raises WrongApi when its API number is another."""
        hello = await self._ask("GET", "/v1/hello", None, Hello)
        if hello.api != API_NUMBER:
            raise WrongApi(
                f"engine {hello.name!r} speaks API {hello.api}, this console API {API_NUMBER}:"
                " use the console of the same release"
            )
        return hello

    async def frames(self, query: StateQuery) -> AsyncGenerator[str]:
        """Yield frames as JSON text, undecoded."""
        built = {f: getattr(query, f) for f in query.__struct_fields__}
        params = {name: str(value) for name, value in built.items() if value is not None}
        freshest = Freshest()
        reading = asyncio.create_task(self._read_frames(params, freshest))
        try:
            while (text := await freshest.take()) is not None:
                yield text
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def events(self, after: str | None) -> AsyncGenerator[EventLine]:
        """Yield every event after an id (None: from now on)."""
        headers = {} if after is None else {"Last-Event-ID": after}
        decode = msgspec.json.Decoder(EventLine).decode
        async for event in self._stream("/v1/events", {}, headers, EVENT_TIMEOUT_S):
            if event.event == "problem":
                raise LinkRefused(msgspec.json.decode(event.data, type=Problem))
            try:
                yield decode(event.data)
            except msgspec.DecodeError as error:
                raise LinkDown(f"an event could not be read: {error}") from error

    async def preview(self, request: OrderRequest) -> Preview:
        """Ask what an order would cost; nothing is sent."""
        return await self._ask("POST", "/v1/preview", request, Preview)

    async def place(self, request: OrderRequest) -> OrderAnswer:
        """Hand an order to the gate; the same request id twice is one order."""
        return await self._ask("POST", "/v1/orders", request, OrderAnswer)

    async def cancel(self, client_order_id: str) -> CommandAnswer:
        """Cancel one order."""
        return await self._command(f"/v1/orders/{client_order_id}/cancel", {})

    async def cancel_all(
        self, instrument: str | None, side: Literal["buy", "sell"] | None
    ) -> CommandAnswer:
        """Cancel all orders of an instrument and side; None means every."""
        return await self._command("/v1/cancel", {"instrument": instrument, "side": side})

    async def flatten(self, instrument: str | None) -> CommandAnswer:
        """Close the position of an instrument; None closes everything."""
        return await self._command("/v1/flatten", {"instrument": instrument})

    async def kill(self) -> CommandAnswer:
        """Halt: cancel what adds risk, keep what protects."""
        return await self._command("/v1/kill", {})

    async def halt(self, reason: str) -> CommandAnswer:
        """Let through only what reduces."""
        return await self._command("/v1/halt", {"reason": reason})

    async def resume(self, reason: str) -> CommandAnswer:
        """Lift REDUCING or HALTED."""
        return await self._command("/v1/resume", {"reason": reason})

    async def arm(self, body: ArmBody) -> CommandAnswer:
        """Let hands add risk for a while."""
        return await self._ask("POST", "/v1/arm", body, CommandAnswer)

    async def disarm(self) -> CommandAnswer:
        """End that at once."""
        return await self._ask("POST", "/v1/disarm", None, CommandAnswer)

    async def seen(self, terminal: str) -> CommandAnswer:
        """Say that a terminal is still used."""
        return await self._command("/v1/terminal/seen", {"terminal": terminal})

    async def stop(self) -> CommandAnswer:
        """End the engine's process; its state stays."""
        return await self._command("/v1/stop", {})

    async def orders(self, limit: int) -> list[OrderFacts]:
        """Ask for the newest orders, ended ones too, oldest first."""
        return await self._ask("GET", f"/v1/orders?limit={limit}", None, list[OrderFacts])

    async def life(self, client_order_id: str) -> OrderLife:
        """Ask what happened to one order."""
        path = f"/v1/orders/{quote(client_order_id, safe='')}/life"
        return await self._ask("GET", path, None, OrderLife)

    async def amend(self, client_order_id: str, request: AmendRequest) -> OrderAnswer:
        """Change an open order; the same request id twice is one change."""
        path = f"/v1/orders/{quote(client_order_id, safe='')}/amend"
        return await self._ask("POST", path, request, OrderAnswer)

    async def accounts(self) -> list[AccountFacts]:
        """Ask for the accounts."""
        return await self._ask("GET", "/v1/accounts", None, list[AccountFacts])

    async def authority(self) -> AuthorityFacts:
        """Ask who may add risk now."""
        return await self._ask("GET", "/v1/authority", None, AuthorityFacts)

    async def health(self) -> HealthFacts:
        """Ask for the health lights."""
        return await self._ask("GET", "/v1/health", None, HealthFacts)

    async def setup(self) -> SetupFacts:
        """Ask for the accounts as configured."""
        return await self._ask("GET", "/v1/setup", None, SetupFacts)

    async def check_account(self, account: str) -> AccountCheck:
        """Let the engine ask an account's venue whether it can be traded."""
        body = CheckBody(account=account)
        return await self._ask("POST", "/v1/setup/check", body, AccountCheck, LOAD_TIMEOUT_S)

    async def clients(self) -> ClientFacts:
        """Ask who follows, and who was dropped."""
        return await self._ask("GET", "/v1/clients", None, ClientFacts)

    async def house(self) -> HouseView:
        """Ask for the game, the moves and the house's books."""
        return await self._ask("GET", "/v1/house", None, HouseView)

    async def decisions(self, sleeve: str, limit: int, *, only_changes: bool) -> Decisions:
        """Ask what a sleeve decided, the newest first."""
        changes = str(only_changes).lower()
        path = f"{_sleeve(sleeve)}/decisions?limit={limit}&changes={changes}"
        return await self._ask("GET", path, None, Decisions)

    async def reconcile(self, account: str | None) -> CommandAnswer:
        """Let the engine ask the venues now."""
        return await self._command("/v1/reconcile", {"account": account})

    async def answer_difference(
        self, difference: str, answer: Answer, owner: str | None, reason: str
    ) -> CommandAnswer:
        """Adopt, ignore or flatten one difference."""
        body: dict[str, str | None] = {"id": difference, "answer": answer}
        return await self._command(
            "/v1/differences/answer", body | {"owner": owner, "reason": reason}
        )

    async def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Stop a sleeve from adding risk."""
        return await self._command(f"{_sleeve(sleeve)}/pause", {"reason": reason})

    async def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Let a sleeve add risk again."""
        return await self._command(f"{_sleeve(sleeve)}/resume", {"reason": reason})

    async def reload_difference(self, sleeve: str) -> VersionDifference:
        """Ask what the code on disk would change of a sleeve; nothing is taken."""
        path = f"{_sleeve(sleeve)}/reload/difference"
        return await self._ask("POST", path, {}, VersionDifference, LOAD_TIMEOUT_S)

    async def reload_sleeve(self, sleeve: str, body: ChangeBody) -> CommandAnswer:
        """Swap a sleeve to the code on disk, at the version that was shown."""
        path = f"{_sleeve(sleeve)}/reload"
        return await self._ask("POST", path, body, CommandAnswer, LOAD_TIMEOUT_S)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def _command(self, path: str, body: dict[str, str | None]) -> CommandAnswer:
        return await self._ask("POST", path, body, CommandAnswer)

    async def _ask[T](
        self,
        method: str,
        path: str,
        body: object,
        answer: type[T],
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> T:
        """Send one request and decode its answer."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            response = await self._client.request(
                method, path, content=content, headers=headers, timeout=_timeout(timeout_s)
            )
        except httpx.TransportError as error:
            raise LinkDown(f"no answer from the engine at {self.address}: {_why(error)}") from error
        if not response.is_success:
            raise _problem(response, response.content)
        try:
            return msgspec.json.decode(response.content, type=answer)
        except msgspec.DecodeError as error:
            raise LinkDown(f"the engine's answer to {path} could not be read: {error}") from error

    async def _read_frames(self, params: dict[str, str], freshest: Freshest) -> None:
        """Read all there is, as fast as it comes; how it ends is for whoever takes the frames."""
        try:
            async for event in self._stream("/v1/state", params, {}, FRAME_TIMEOUT_S):
                if event.event == "problem":
                    raise LinkRefused(msgspec.json.decode(event.data, type=Problem))  # noqa: TRY301  (for the taker)
                sent = int(event.id) if event.id.isdecimal() else None
                freshest.put(event.data, sent, self._clock.wall_ns())
        except Exception as error:  # noqa: BLE001  (handed over, not swallowed)
            freshest.end(error)
        else:
            freshest.end()

    async def _stream(
        self, path: str, params: dict[str, str], headers: dict[str, str], read_s: float
    ) -> AsyncGenerator[ServerSentEvent]:
        """Yield a stream of server-sent events until it ends."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"} | headers
        try:
            async with self._client.stream(
                "GET", path, params=params, headers=headers, timeout=_timeout(read_s)
            ) as response:
                if not response.is_success:
                    raise _problem(response, await response.aread())
                async for event in EventSource(response).aiter_sse():
                    yield event
        except httpx.ConnectError as error:
            raise LinkDown(f"nobody answers at {self.address}: {_why(error)}") from error
        except (httpx.TransportError, SSEError) as error:
            raise LinkDown(f"the stream {path} broke off: {_why(error)}") from error


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
