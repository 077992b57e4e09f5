"""The native venue as a program of its own behind a unix socket: it lives on when the engine is killed.

What it says while nobody listens is lost, as a dropped stream loses it; its own ledger is `venue.log`.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tradebot.data.events import BookSnapshot
from tradebot.engine.core.events import VenueEvent
from tradebot.engine.core.types import SECOND
from tradebot.engine.drills.frames import MarketNews, News, VenueNews, news_frame, read_effect
from tradebot.engine.live.markets import INVENTED, MARKET_MARK, SyntheticMarket
from tradebot.engine.live.native_accounts import ACCOUNT, OPENING_CASH
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.log import VenueLog
from tradebot.engine.venue.native import NativeVenue
from tradebot.native import Venue

INSTRUMENTS = tuple(invention.instrument for invention in INVENTED)
WAY = 12
"""How many times longer than in the sandbox the way between engine and venue takes: 60 ms, so that kills hit it."""


class Program:
    """The venue, its market, and the engine that is connected now."""

    def __init__(self, log: Path, seed: int) -> None:
        native = Venue()
        self._native = native
        self._market = SyntheticMarket(native, seed, self.now, {})
        self._venue = NativeVenue(native, INSTRUMENTS, VenueLog(log), fees=Fees(), engine=self)
        self._venue.open(ACCOUNT, "USDT", OPENING_CASH, self.now)
        self._writer: asyncio.StreamWriter | None = None
        self._marked = 0

    @property
    def now(self) -> int:
        """Return the venue's time, ns UTC."""
        return time.time_ns()  # noqa: TID251  (a program outside the engine has a clock of its own)

    def after(self, delay: int, take_place: Callable[[], None]) -> None:
        """Let something take place after a delay in ns."""
        asyncio.get_running_loop().call_later(delay * WAY / SECOND, take_place)

    def answer(self, event: VenueEvent, delay: int) -> None:
        """Send an event to the engine."""
        self.after(delay, lambda: self._tell(VenueNews(event)))

    def _tell(self, news: News) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(news_frame(news))

    async def run_market(self) -> None:
        """Let the invented market go on with the wall."""
        while True:
            due = self._market.next_time()
            await asyncio.sleep(max(0.0, ((due or 0) - self.now) / SECOND))
            for event in self._market.advance(self._venue):
                self._tell(MarketNews(event))
            if self.now - self._marked > MARKET_MARK:
                self._marked = self.now
                self._venue.mark_market(self._market.last_prices(), self.now)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one engine's effects until it is gone."""
        self._writer = writer
        for index, instrument in enumerate(INSTRUMENTS):
            book = self._native.book(index)
            self._tell(
                MarketNews(
                    BookSnapshot(
                        instrument=instrument.id,
                        ts_event=self.now,
                        ts_recv=self.now,
                        bids=tuple(book.bids(book.level_count(1))),
                        asks=tuple(book.asks(book.level_count(-1))),
                    )
                )
            )
        try:
            while True:
                self._venue.perform(await read_effect(reader))
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            writer.close()
            if self._writer is writer:
                self._writer = None


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    program = Program(words.log, words.seed)
    server = await asyncio.start_unix_server(program.serve, words.socket)
    async with server:
        await program.run_market()


if __name__ == "__main__":
    asyncio.run(main())
