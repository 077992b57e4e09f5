"""The real engine, put into a world in another process; it may be told to kill itself at the worst moments."""

import argparse
import asyncio
import os
import random
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path

from tests.e2e.remote.venue_program import INSTRUMENTS

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.config.load import load
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AccountStarted,
    FeedChanged,
    OrderRejected,
    StreamChanged,
    SubmitUnknown,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import ClientOrderId
from tradebot.engine.drills.frames import Alive, MarketNews, effect_frame, read_news
from tradebot.engine.journal.store import ClockKind
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.main import run_engine
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.native_accounts import ACCOUNT
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.runtime import ConnectedVenue, Feed, Runtime
from tradebot.engine.observability.logs import logging_to
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.native import CAPABILITIES

MOMENTS = ("before-send", "after-send", "before-ack", "before-fill")
"""Where the engine may kill itself: intent durable and not sent; sent; an answer heard and not handed over."""


class RemoteWorld:
    """A venue behind a unix socket; see `live.world.World`."""

    description = "native venue behind a socket"
    clock: ClockKind = "system"
    instruments = INSTRUMENTS
    accounts = (AccountStarted(name=ACCOUNT, venue="native", capabilities=CAPABILITIES),)
    fees = Fees()
    trouble = None
    over = False
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, socket: Path, moment: str | None, chance: random.Random) -> None:
        self._socket = socket
        self._moment = moment
        self._chance = chance
        self._writer: asyncio.StreamWriter | None = None
        self._unanswered: set[ClientOrderId] = set()
        self._runtime: Runtime | None = None

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """There is none."""
        return {}

    def now(self) -> int:
        """Return the machine's clock."""
        return SystemClock().system_ns()

    def join(self, runtime: Runtime, currency: str) -> tuple[ConnectedVenue, Feed]:
        """Be venue and feed in one."""
        self._runtime = runtime
        return self, self

    def begin(self) -> None:
        """Nothing comes up before the socket is connected."""

    def next_time(self) -> int | None:
        """Everything is pushed."""
        return None

    def advance(self, now: int) -> list[AnyMarketEvent]:
        """Everything is pushed."""
        return []

    def queue_ahead(self, client_order_id: ClientOrderId) -> int | None:
        """The venue does not tell."""
        return None

    def perform(self, effect: VenueEffect) -> None:
        """Write an effect to the socket; what never left is known to be rejected."""
        order = effect.item.order.client_order_id if isinstance(effect, RiskApproved) else None
        self._die("before-send", of_an_order=order is not None)
        if self._writer is None:
            if order is not None and self._runtime is not None:
                reason = "not connected to the venue"
                event = OrderRejected(client_order_id=order, reason=reason, ts_event=self.now())
                self._runtime.receive(event)
            return
        if order is not None:
            self._unanswered.add(order)
        self._writer.write(effect_frame(effect))
        self._die("after-send", of_an_order=order is not None)

    def _die(self, moment: str, *, of_an_order: bool) -> None:
        if of_an_order and moment == self._moment and self._chance.random() < 0.5:
            os.kill(os.getpid(), signal.SIGKILL)

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None]:
        """Connect, listen, and connect again when the line drops."""
        listening = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        assert self._runtime is not None
        runtime = self._runtime
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._socket)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            for instrument in INSTRUMENTS:
                runtime.receive(FeedChanged(instrument=instrument.id, state="up"))
            runtime.receive(StreamChanged(account=ACCOUNT, state="up"))
            try:
                await self._hear(reader, runtime)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                self._writer = None
                for instrument in INSTRUMENTS:
                    runtime.receive(
                        FeedChanged(instrument=instrument.id, state="down", reason=str(error))
                    )
                runtime.receive(StreamChanged(account=ACCOUNT, state="down", reason=str(error)))
                for order in sorted(self._unanswered):
                    runtime.receive(SubmitUnknown(client_order_id=order, reason="line dropped"))
                self._unanswered.clear()

    async def _hear(self, reader: asyncio.StreamReader, runtime: Runtime) -> None:
        while True:
            news = await read_news(reader)
            if isinstance(news, MarketNews):
                runtime.receive(news.event)
                continue
            if isinstance(news, Alive):
                continue
            kind = str(news.event.__struct_config__.tag)
            self._die("before-ack", of_an_order=kind == "order-accepted")
            self._die("before-fill", of_an_order=kind == "order-filled")
            about = getattr(news.event, "client_order_id", None)
            if about is not None:
                self._unanswered.discard(about)
            runtime.receive(news.event)  # pyright: ignore[reportArgumentType]  (a venue says venue events)


class RemotePlace:
    """Where the engine is put."""

    instruments: tuple[Instrument, ...] = INSTRUMENTS

    def __init__(self, world: RemoteWorld) -> None:
        self._world = world

    @contextmanager
    def open(self, folder: StateFolder) -> Generator[RemoteWorld]:
        """Nothing of this world is kept in the engine's folder."""
        yield self._world


def main() -> int:
    """Run the engine until it is killed or stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--moment", choices=MOMENTS)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    options = RunOptions(
        name="main",
        market="remote",
        speed=Decimal(1),
        seed=1,
        listen=None,
        until_consoles_leave=False,
        at_end=None,
        config=load(os.environ).config,
    )
    world = RemoteWorld(words.socket, words.moment, random.Random(words.seed))  # noqa: S311
    with logging_to("json") as logs:
        return run_engine(options, logs, lambda _: RemotePlace(world))


if __name__ == "__main__":
    raise SystemExit(main())
