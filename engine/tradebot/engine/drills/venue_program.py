"""The native venue as a program of its own behind a unix socket: it lives on when the engine is killed.

What it says while nobody listens is lost, as a dropped stream loses it; its own ledger is `venue.log`. It does what it
is told on its input (see `orders`) and ends when that ends, so that it never outlives the drill.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from tradebot.engine.core.events import (
    AccountReported,
    OrderAccepted,
    OrderFilled,
    OrderReported,
    VenueEvent,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import SECOND
from tradebot.engine.drills.frames import (
    Alive,
    MarketNews,
    News,
    VenueNews,
    news_frame,
    read_effect,
)
from tradebot.engine.drills.market import INSTRUMENT, STEP, DrillMarket
from tradebot.engine.drills.orders import Done, Hold, Jump, Look, Lose, Mute, VenueOrder, decoded
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.native_accounts import ACCOUNT, OPENING_CASH
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.log import VenueLog
from tradebot.engine.venue.native import NativeVenue
from tradebot.native import Venue


class Program:
    """The venue, its market, and the engine that is connected now."""

    def __init__(self, log: Path, seed: int) -> None:
        native = Venue()
        native.add_recorded(0)
        self._clock = SystemClock()
        self._market = DrillMarket(seed)
        ledger = VenueLog(log)
        self._venue = NativeVenue(native, (INSTRUMENT,), ledger, fees=Fees(), engine=self)
        self._venue.open(ACCOUNT, INSTRUMENT.currency, OPENING_CASH, self.now)
        self._writer: asyncio.StreamWriter | None = None
        self._mute = Mute()
        self._hold = Hold()
        self._held: list[VenueEvent] = []
        self._requests_to_lose = 0
        self._answers_to_lose = 0

    # ---------------------------------------------------------------------------- as the venue sees its engine

    @property
    def now(self) -> int:
        """Return the venue's time, ns UTC."""
        return self._clock.system_ns()

    def after(self, delay: int, take_place: Callable[[], None]) -> None:
        """Let something take place after a delay in ns."""
        asyncio.get_running_loop().call_later(delay / SECOND, take_place)

    def answer(self, event: VenueEvent, delay: int) -> None:
        """Send an event to the engine, unless it is to be lost or kept back."""
        self.after(delay, lambda: self._say(event))

    def _say(self, event: VenueEvent) -> None:
        if isinstance(event, OrderAccepted) and self._answers_to_lose:
            self._answers_to_lose -= 1
        elif self._is_held(event):
            self._held.append(event)
        elif not self._mute.private:
            self._tell(VenueNews(event))

    def _is_held(self, event: VenueEvent) -> bool:
        reports = isinstance(event, OrderReported | AccountReported)
        return (self._hold.reports and reports) or (
            self._hold.fills and isinstance(event, OrderFilled) and event.source == "stream"
        )

    def _tell(self, news: News) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(news_frame(news))

    # ---------------------------------------------------------------------------- as the drill sees the venue

    def obey(self, order: VenueOrder) -> Done:
        """Do what the drill wants."""
        match order:
            case Mute():
                self._mute = order
            case Hold():
                self._hold = order
                held, self._held = self._held, []
                for event in held:
                    self._say(event)
            case Lose(requests=requests, answers=answers):
                self._requests_to_lose, self._answers_to_lose = requests, answers
            case Jump(parts=parts, then_still=still):
                self._market.jump(parts)
                self._market.still = still
            case Look():
                pass
        return Done(price=INSTRUMENT.price(self._market.middle))

    # ---------------------------------------------------------------------------- its own life

    async def run_market(self) -> None:
        """Let the market go on with the wall; a muted one is closed: nothing happens in it either."""
        while True:
            await asyncio.sleep(STEP / SECOND)
            if not self._mute.market:
                now = self.now
                for event in self._market.step(now):
                    self._venue.on_market(event, now)
                    self._tell(MarketNews(event))
            if not self._mute.private:
                self._tell(Alive())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one engine's effects until it is gone; what was kept back for the one before is lost with it."""
        self._writer = writer
        self._held.clear()
        try:
            while True:
                self._arrive(await read_effect(reader))
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            writer.close()
            if self._writer is writer:
                self._writer = None

    def _arrive(self, effect: VenueEffect) -> None:
        if isinstance(effect, RiskApproved) and self._requests_to_lose:
            self._requests_to_lose -= 1
        else:
            self._venue.perform(effect)


async def _obey_input(program: Program) -> None:
    """Do what the input says, line by line, until it ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        done = program.obey(decoded(line))
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
        sys.stdout.flush()


async def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    program = Program(words.log, words.seed)
    server = await asyncio.start_unix_server(program.serve, words.socket)
    async with server:
        market = asyncio.create_task(program.run_market())
        try:
            await _obey_input(program)
        finally:
            market.cancel()


if __name__ == "__main__":
    asyncio.run(main())
