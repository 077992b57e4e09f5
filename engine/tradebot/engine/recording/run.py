"""Recordings as they run: beside an engine, or by a market session of one's own; both end when they are asked to."""

import asyncio
from collections.abc import Callable

from tradebot.data.events import MarketEvent
from tradebot.engine.brokers.keeping import KeptSession, Word
from tradebot.engine.brokers.session import MarketPlan, MarketSession
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.live.clock import Clock
from tradebot.engine.recording.engine_feed import EngineFeed
from tradebot.engine.recording.recorder import Recorder

LOOK_EVERY_S = 1.0
"""Between two looks whether the open piece is due, in seconds."""


async def record_engine(
    feed: EngineFeed, recorder: Recorder, clock: Clock, ending: asyncio.Event
) -> None:
    """Record what an engine is handed until `ending` is set; a piece is read when it is due.

    Raises:
        JournalError: If the engine's record cannot be read.
        DatasetError: If the dataset is another source's.
        OSError: If a piece cannot be written.
    """

    def keep() -> None:
        for event in feed.events():
            recorder.take(event)
        recorder.keep(clock.system_ns(), feed.place.text)

    while not await _ended(ending):
        if recorder.due(clock.system_ns()):
            await asyncio.to_thread(keep)
    await asyncio.to_thread(keep)


async def record_market(
    plan: MarketPlan, recorder: Recorder, clock: Clock, ending: asyncio.Event
) -> None:
    """Record a market by a session of our own until `ending` is set.

    Raises:
        DatasetError: If the dataset is another source's.
        OSError: If a piece cannot be written.
    """
    instruments = plan.terms.instruments

    def tell(word: Word) -> None:
        if isinstance(word, MarketEvent):
            recorder.take(word)
        elif isinstance(word, FeedChanged) and word.state == "down":
            recorder.gap(word.instrument)

    async with http_client() as http:

        def doors(crashed: Callable[[Exception], None]) -> SocketsOutside:
            return SocketsOutside(clock, http, crashed)

        session: KeptSession[MarketSession] = KeptSession(
            plan.description,
            doors,
            plan.market_session,
            tell=tell,
            down=lambda why: [
                FeedChanged(instrument=one.id, state="down", reason=why) for one in instruments
            ],
        )
        session.start()
        try:
            while not await _ended(ending):
                now = clock.system_ns()
                if recorder.due(now):
                    await asyncio.to_thread(recorder.keep, now)
        finally:
            session.stop()
    recorder.keep(clock.system_ns())


async def _ended(ending: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(ending.wait(), LOOK_EVERY_S)
    except TimeoutError:
        return False
    return True
