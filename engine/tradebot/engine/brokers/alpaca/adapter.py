"""`AlpacaAdapter`: an account at Alpaca for a script of one's own, without an engine.

async for fill in AlpacaAdapter(api_key=..., api_secret=..., state="fills.db").stream_fills():
    print(fill.symbol, fill.side, fill.quantity, fill.price)
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import msgspec

from tradebot.data.venues.alpaca.times import ns_from_text
from tradebot.engine.brokers.alpaca.api import Api, Keys
from tradebot.engine.brokers.alpaca.executions import Execution, OrderNews
from tradebot.engine.brokers.alpaca.filling import Filling, health_of
from tradebot.engine.brokers.alpaca.fills import Delivered, Fill, fill_of
from tradebot.engine.brokers.alpaca.messages import clock_of, refusal
from tradebot.engine.brokers.alpaca.sources import (
    ActivityEvents,
    BrokerEvents,
    Source,
    TradeUpdates,
)
from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.ids import ToldExecutions
from tradebot.engine.brokers.outside import HttpReply
from tradebot.engine.brokers.session import SessionHealth, SessionState
from tradebot.engine.brokers.sockets import SocketsOutside, ask, http_client
from tradebot.engine.credentials.hosts import host_of
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.secret import Secret

LIVE = "https://api.alpaca.markets"
PAPER = "https://paper-api.alpaca.markets"
DATA = "https://data.alpaca.markets"

WAITING_MAX = 50_000
"""Fills that may wait for a slow consumer; with more the stream is closed until half of them are taken."""

CLOCK_LOOKS = 2
"""Times the venue is asked for its time before the first fill."""

_OK = 200
_REFUSED = (401, 403)


class AlpacaRefused(Exception):  # noqa: N818  (what happened)
    """The venue does not let these keys in; the text says what it answered."""


class AlpacaAdapter:
    """One account at Alpaca.

    Args of the constructor:
        api_key: Of the Trading API; of the Broker API where `stream_url` is an `https://` address.
        api_secret: Its secret; sent nowhere but to the addresses below.
        paper: Whether the paper host is meant where `base_url` is None.
        base_url: Trading REST, without `/v2`; a local exchange's for instance.
        data_url: Market-data REST.
        stream_url: Where events come from. `wss://.../stream`: `trade_updates`. `https://...`: the Broker API's event
            stream. None: the Trading API's activity events where the account has them, else `trade_updates`.
        state: File of the durable cursor: a later process with the same file goes on where this one ended, also after
            a kill. None: fills from now on, remembered in memory.

    Raises:
        KeysRefused: If an address is not one that keys may travel to (TLS, or this machine).
    """

    def __init__(  # noqa: PLR0913  (a published signature)
        self,
        api_key: str,
        api_secret: str,
        paper: bool = True,  # noqa: FBT001, FBT002  (a published signature)
        *,
        base_url: str | None = None,
        data_url: str | None = None,
        stream_url: str | None = None,
        state: str | Path | None = None,
    ) -> None:
        self.base_url = (base_url or (PAPER if paper else LIVE)).rstrip("/")
        self.data_url = (data_url or DATA).rstrip("/")
        for url in (self.base_url, self.data_url, *((stream_url,) if stream_url else ())):
            host_of(url)  # refuses what keys must not travel to
        self._keys = Keys(Secret(api_key), Secret(api_secret))
        self._stream_url = stream_url
        self._state = None if state is None else Path(state)
        self._clock = SystemClock()
        self._made = self._clock.monotonic_ns()
        self._delivered: Delivered | None = None
        self._filling: Filling | None = None
        self._streaming = False

    @property
    def health(self) -> SessionHealth:
        """Return how the stream of fills is, and how many fills it told, heard twice and had to ask for."""
        if self._filling is None:
            return SessionHealth(state="disconnected", reason="not started")
        return health_of(self._filling)

    async def stream_fills(self) -> AsyncGenerator[Fill]:
        """Yield every fill once, over reconnects and, with `state`, over restarts of the process.

        A fill counts as had when the consumer comes back for the next one or leaves the loop. Network trouble is waited
        out; only refused keys and errors in this program end the stream.

        Raises:
            AlpacaRefused: If the venue does not let the keys in.
            RuntimeError: If this adapter is streaming already.
        """
        if self._streaming:
            raise RuntimeError("this adapter streams its fills already: share what it yields")
        self._streaming = True
        try:
            if self._delivered is None or self._state is not None:
                self._delivered = Delivered(self._state)
            async with http_client() as http:
                desk = _Desk(self._delivered)
                outside = SocketsOutside(self._clock, http, desk.crashed)
                if self._delivered.since() == 0:
                    self._delivered.begin(await self._venue_time(http))
                chance = random.Random(self._clock.system_ns())  # noqa: S311  (pauses, no secret)
                api = Api(self.base_url, self._keys)
                filling = Filling(outside, api, self._sources(), desk, desk, chance)
                self._filling = desk.filling = filling
                filling.start()
                try:
                    # Closed before anything else is: the fill under way counts as had.
                    async with aclosing(desk.fills()) as fills:
                        async for fill in fills:
                            yield fill
                finally:
                    filling.stop()
                    outside.close()
        finally:
            self._streaming = False
            if self._delivered is not None and self._state is not None:
                self._delivered.close()

    def _sources(self) -> list[Source]:
        url = self._stream_url
        if url is None:
            socket = "ws" + self.base_url.removeprefix("http") + "/stream"
            return [ActivityEvents(self.base_url, self._keys), TradeUpdates(socket, self._keys)]
        if url.startswith("http"):
            return [BrokerEvents(url.rstrip("/"), self._keys)]
        return [TradeUpdates(url, self._keys)]

    async def _venue_time(self, http: aiohttp.ClientSession) -> int:
        """Return the venue's time when this adapter was made; its clock need not be ours."""
        backoff = Backoff(random.Random(self._made))  # noqa: S311  (pauses, no secret)
        url = self._stream_url or ""
        request = Api(self.base_url, self._keys).get("/v2/clock")
        if url.startswith("http"):
            broker = Api(url.rstrip("/"), self._keys).get("/v1/clock")
            request = msgspec.structs.replace(broker, headers=self._keys.basic)
        # Each answer bounds it from below, by its own way back; the second has no connection to open first.
        bounds: list[int] = []
        while len(bounds) < CLOCK_LOOKS:
            answer = await ask(http, request)
            if isinstance(answer, HttpReply) and answer.status == _OK:
                told = ns_from_text(clock_of(answer.body).timestamp)
                bounds.append(told - (self._clock.monotonic_ns() - self._made))
                continue
            if isinstance(answer, HttpReply) and answer.status in _REFUSED:
                raise AlpacaRefused(refusal(answer.status, answer.body).message)
            await asyncio.sleep(backoff.next() / 1e9)
        return max(bounds)


class _Desk:
    """Between the stream, which must not wait, and the consumer, who may: fills wait here in order."""

    def __init__(self, delivered: Delivered) -> None:
        self.filling: Filling | None = None
        self._delivered = delivered
        self._told = ToldExecutions()
        self._waiting: asyncio.Queue[Execution | int | Exception] = asyncio.Queue()

    # What the stream asks and tells.

    def first(self, execution_id: str) -> bool:
        """Return whether an execution is told for the first time, in this process or one before."""
        return self._told.first(execution_id) and not self._delivered.had(execution_id)

    def since(self) -> int:
        """Return how far the consumer has been told, ns UTC."""
        return self._delivered.since()

    def began(self) -> int:
        """Return the first instant, ns UTC."""
        return self._delivered.began()

    def reached(self, ts: int) -> None:
        """All up to an instant waits here: remembered once the consumer has had it."""
        self._waiting.put_nowait(ts)

    def executed(self, execution: Execution) -> None:
        """Let a fill wait for the consumer."""
        self._waiting.put_nowait(execution)
        if self._waiting.qsize() > WAITING_MAX and self.filling is not None:
            self.filling.stop()  # nothing is lost: it is asked for again

    def ordered(self, news: OrderNews) -> None:
        """Nobody asked for orders."""

    def stands(self, state: SessionState, reason: str) -> None:
        """Shown by `health`."""

    def crashed(self, error: Exception) -> None:
        """Let an error of this program reach the consumer."""
        self._waiting.put_nowait(error)

    # What the consumer has.

    async def fills(self) -> AsyncGenerator[Fill]:
        """Yield what waits, in order."""
        while True:
            word = await self._waiting.get()
            if isinstance(word, Exception):
                raise word
            if isinstance(word, int):
                self._delivered.reached(word)
            else:
                try:
                    yield fill_of(word)
                finally:
                    self._delivered.delivered(word.execution_id, word.ts)
            if self._waiting.qsize() < WAITING_MAX // 2 and self.filling is not None:
                self.filling.start()
