"""The world of a drill's engine: a venue in another process, and an adapter that notices when it goes quiet."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AccountStarted,
    FeedChanged,
    OrderLane,
    OrderRejected,
    StreamChanged,
    SubmitUnknown,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import SECOND, ClientOrderId, StreamState
from tradebot.engine.drills.frames import MarketNews, VenueNews, effect_frame, read_news
from tradebot.engine.drills.market import INSTRUMENT
from tradebot.engine.journal.store import ClockKind
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.native_accounts import ACCOUNT
from tradebot.engine.live.runtime import ConnectedVenue, Feed, Runtime
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.native import CAPABILITIES

ANSWER_WITHIN = SECOND
"""An order that has no answer after this long is unknown."""
SILENT_AFTER = 2 * SECOND
"""A private stream that has said nothing for this long is not heard any more."""
_LOOK_EVERY_S = 0.1
_CONNECT_AGAIN_S = 0.05
_BROKEN = (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError)


class RemoteWorld:
    """A venue behind a unix socket; see `live.world.World`.

    Args of the constructor:
        socket: Where the venue listens.
    """

    description = "a drill's venue"
    clock: ClockKind = "system"
    instruments: tuple[Instrument, ...] = (INSTRUMENT,)
    accounts = (AccountStarted(name=ACCOUNT, venue="native", capabilities=CAPABILITIES),)
    fees = Fees()
    trouble = None
    over = False
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._writer: asyncio.StreamWriter | None = None
        self._unanswered: dict[ClientOrderId, int] = {}
        self._runtime: Runtime | None = None
        self._heard = 0
        self._stream: StreamState = "down"

    # ---------------------------------------------------------------------------- as the engine sees it

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """There is none."""
        return {}

    def now(self) -> int:
        """Return the machine's clock."""
        return SystemClock().system_ns()

    def join(self, runtime: Runtime, currency: str) -> tuple[ConnectedVenue, Feed]:  # noqa: ARG002
        """Be venue and feed in one."""
        self._runtime = runtime
        return self, self

    def begin(self) -> None:
        """Nothing comes up before the socket is connected."""

    def next_time(self) -> int | None:
        """Everything is pushed."""
        return None

    def advance(self, now: int) -> list[AnyMarketEvent]:  # noqa: ARG002
        """Everything is pushed."""
        return []

    def queue_ahead(self, client_order_id: ClientOrderId) -> int | None:  # noqa: ARG002
        """The venue does not tell."""
        return None

    def perform(self, effect: VenueEffect) -> None:
        """Write an effect to the socket; what never left is known to be rejected."""
        order = effect.item.order.client_order_id if isinstance(effect, RiskApproved) else None
        if self._writer is None:
            if order is not None:
                reason = "not connected to the venue"
                rejected = OrderRejected(client_order_id=order, reason=reason, ts_event=self.now())
                self._engine.receive(rejected)
            return
        if order is not None:
            self._unanswered[order] = self.now()
        self._writer.write(effect_frame(effect))

    @property
    def _engine(self) -> Runtime:
        if self._runtime is None:
            raise LookupError("join an engine first")
        return self._runtime

    # ---------------------------------------------------------------------------- the line

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None]:
        """Connect, listen, and connect again when the line drops."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._socket)
            except OSError:
                await asyncio.sleep(_CONNECT_AGAIN_S)
                continue
            self._engine.receive(FeedChanged(instrument=INSTRUMENT.id, state="up"))
            self._hear_private()
            try:
                await self._hear(reader)
            except _BROKEN as error:
                self._lost(str(error))

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while True:
            news = await read_news(reader)
            if isinstance(news, MarketNews):
                self._engine.receive(news.event)
                continue
            self._hear_private()
            if isinstance(news, VenueNews):
                self._take(news.event)

    def _take(self, event: OrderLane) -> None:
        about = getattr(event, "client_order_id", None)
        if about is not None:
            self._unanswered.pop(about, None)
        self._engine.receive(event)  # pyright: ignore[reportArgumentType]  (a venue says venue events)

    def _hear_private(self) -> None:
        """Note that the private stream is heard; told once where it was not."""
        self._heard = self.now()
        self._change_stream("up", "")

    def _lost(self, why: str) -> None:
        self._writer = None
        self._engine.receive(FeedChanged(instrument=INSTRUMENT.id, state="down", reason=why))
        self._change_stream("down", why)
        for order in sorted(self._unanswered):
            self._engine.receive(SubmitUnknown(client_order_id=order, reason="line dropped"))
        self._unanswered.clear()

    def _change_stream(self, state: StreamState, why: str) -> None:
        if state != self._stream:
            self._stream = state
            self._engine.receive(StreamChanged(account=ACCOUNT, state=state, reason=why))

    async def _watch(self) -> None:
        """See what does not come: answers to orders, and words on the private stream."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now = self.now()
            for order, sent in tuple(self._unanswered.items()):
                if now - sent > ANSWER_WITHIN:
                    del self._unanswered[order]
                    reason = f"no answer within {ANSWER_WITHIN / SECOND:g} s"
                    self._engine.receive(SubmitUnknown(client_order_id=order, reason=reason))
            if self._stream == "up" and now - self._heard > SILENT_AFTER:
                reason = f"nothing heard for {SILENT_AFTER / SECOND:g} s"
                self._change_stream("stale", reason)


class RemotePlace:
    """Where the engine is put; see `live.world.Place`."""

    def __init__(self, socket: Path) -> None:
        self.instruments: tuple[Instrument, ...] = (INSTRUMENT,)
        self._socket = socket

    @contextmanager
    def open(self, folder: StateFolder) -> Generator[RemoteWorld]:  # noqa: ARG002
        """Nothing of this world is kept in the engine's folder."""
        yield RemoteWorld(self._socket)
