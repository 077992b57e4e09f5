"""One console attached to one engine: keeps both streams open, carries commands, tells what came of them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

import msgspec

from tradebot.console.link.protocol import EngineLink, LinkDown, LinkError, LinkRefused, StateQuery
from tradebot.console.stories import HAND, FillBurst, Story, Teller, past
from tradebot.console.view import HistoryLine, Level, View
from tradebot.engine.cli.failures import CONFIGURATION, UNREACHABLE
from tradebot.engine.control.messages_orders import (
    CommandAnswer,
    OrderAnswer,
    OrderRequest,
    Preview,
)

RETRY_FIRST_S = 0.1
RETRY_MAX_S = 2.0


class Session:
    """Everything between the screens and the engine.

    Args:
        open_link: Makes the link at its first use: its libraries cost a third of the first paint.
        view: Where frames and events go.
        say: Shows a toast; the line is in the history already.
    """

    def __init__(
        self, open_link: Callable[[], EngineLink], view: View, say: Callable[[str, Level], None]
    ) -> None:
        self._open_link = open_link
        self._link: EngineLink | None = None
        self.view = view
        self._say = say
        self._burst = FillBurst()
        self._teller = Teller()
        self._past_told = False
        self._last_event: str | None = None
        self._query_changed = asyncio.Event()

    @property
    def link(self) -> EngineLink:
        """The engine, opened now if it was not yet."""
        if self._link is None:
            self._link = self._open_link()
        return self._link

    async def close(self) -> None:
        """Let go of the engine."""
        if self._link is not None:
            await self._link.close()

    # -- streams

    async def follow_frames(self) -> None:
        """Keep the stream of frames open, for ever; ask anew when another window is wanted."""
        retry_s = RETRY_FIRST_S
        while True:
            self._query_changed.clear()
            reader = asyncio.create_task(self._read_frames(self.view.query))
            changed: asyncio.Task[bool] = asyncio.create_task(self._query_changed.wait())
            try:
                await asyncio.wait((reader, changed), return_when=asyncio.FIRST_COMPLETED)
                if reader.done():
                    starting = self.view.newest is None
                    quick = reader.result() or starting
                    retry_s = RETRY_FIRST_S if quick else min(2 * retry_s, RETRY_MAX_S)
                    await asyncio.sleep(retry_s)
            finally:
                await _end(reader, changed)

    async def follow_events(self) -> None:
        """Keep the stream of events open, for ever, resuming after the last one seen."""
        retry_s = RETRY_FIRST_S
        while True:
            try:
                # That the link is down is said by the frames' side; here it is only tried again.
                with suppress(LinkDown):
                    async with aclosing(self.link.events(self._last_event)) as events:
                        async for event in events:
                            self._last_event, retry_s = event.id, RETRY_FIRST_S
                            self._hear(self._teller.hear(event, self.view.clock.monotonic_s()))
            except (LinkError, msgspec.DecodeError) as error:
                if isinstance(error, LinkRefused) and error.problem.exit_code == CONFIGURATION:
                    await asyncio.sleep(
                        RETRY_MAX_S
                    )  # a token that is none: the frames' side says so
                    continue
                self.report(f"events: {error}", "error")
                self._last_event = None  # an id the engine does not know is of another history
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, RETRY_MAX_S)

    def ask_for(self, query: StateQuery) -> None:
        """Look at another window: other instrument, step, rows or span."""
        if query != self.view.query:
            self.view.ask_for(query)
            self._query_changed.set()

    def beat(self, now_s: float) -> None:
        """Tell what waited for a frame: the past at the first one, fills; called by the frame clock."""
        frame = self.view.newest
        if frame is not None and not self._past_told:
            self._past_told = True
            for line in past(frame):
                self.view.tell(line)
        for line, fill in self._teller.fills(frame, now_s):
            self.view.tell(line)
            # A sleeve that trades all day must not cover the ladder: its fills are in the history.
            if fill is not None and fill.owner == HAND:
                self._burst.add(fill, now_s)
        for words in self._burst.due(now_s):
            self._say(words, "info")

    async def _read_frames(self, query: StateQuery) -> bool:
        """Read one stream to its end; return whether any frame came."""
        came = False
        try:
            await (
                self.link.hello()
            )  # another API number is said in one sentence, not in broken frames
            async with aclosing(self.link.frames(query)) as frames:
                async for text in frames:
                    self.view.receive(text)
                    came = True
        except LinkRefused as error:
            if error.problem.exit_code == CONFIGURATION:
                self._link_failed(str(error), CONFIGURATION)  # not the window: our token
            else:
                self.report(f"the engine refuses this window: {error}", "error")
                self.view.ask_for(StateQuery(rows=query.rows))
        except LinkError as error:
            self._link_failed(str(error), UNREACHABLE)
        return came

    def _link_failed(self, why: str, exit_code: int) -> None:
        self.view.link_problem, self.view.link_exit_code = why, exit_code
        self.view.touch()

    def _hear(self, story: Story | None) -> None:
        if story is None:
            return
        self.view.tell(story.line)
        if story.toast:
            self._say(story.line.text, story.line.level)

    # -- commands

    def report(self, text: str, level: Level) -> None:
        """Say something to the trader: a toast and a line of the history."""
        frame = self.view.newest
        ts = self.view.clock.wall_ns() if frame is None else frame.now
        self.view.tell(HistoryLine(ts, level, text))
        self._say(text, level)

    async def preview(self, request: OrderRequest) -> Preview:
        """Ask what an order would cost; nothing is sent."""
        return await self.link.preview(request)

    async def place(self, request: OrderRequest) -> OrderAnswer:
        """Send an order."""
        return await self.link.place(request)

    async def command(self, what: str, asked: Awaitable[CommandAnswer]) -> CommandAnswer | None:
        """Carry a control command and say what it did; None when it failed, which is said too."""
        try:
            answer = await asked
        except LinkError as error:
            self.report(f"{what}: {error}", "error")
            return None
        words = "; ".join(answer.lines) or ("done" if answer.ok else "failed")
        self.report(f"{what}: {words}", "info" if answer.ok else "error")
        return answer


async def _end(*tasks: asyncio.Task[bool]) -> None:
    """Cancel tasks and wait until they have let go."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
