"""The newest frame of a stream, and whether it comes late: what a stopped console missed is not painted."""

import asyncio
from collections import deque

LATE_S = 0.08
"""A frame that was under way this much longer than the quickest of late was held up somewhere."""

HELD_S = 0.25
"""A late frame waits at most this long for a newer one: a link that is always slow is shown too."""

REMEMBERED = 256
"""Frames over which the quickest way is looked for; a clock that was set is forgotten after as many."""


class Freshest:
    """A place for one frame: whoever writes replaces what was not taken; whoever reads gets the newest."""

    def __init__(self) -> None:
        self._ages: deque[int] = deque(maxlen=REMEMBERED)
        self._text: str | None = None
        self._late = False
        self._ended: BaseException | None = None
        self._done = False
        self._written = asyncio.Event()

    def put(self, text: str, sent_ns: int | None, now_ns: int) -> None:
        """Leave a frame.

        Args:
            text: The frame.
            sent_ns: When it was made, by the engine's clock, ns UTC; None: unknown, taken as it is.
            now_ns: Our clock, ns UTC; the two may differ by any constant.
        """
        self._text = text
        self._late = sent_ns is not None and self._is_late(now_ns - sent_ns)
        self._written.set()

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more comes, and why."""
        self._done, self._ended = True, error
        self._written.set()

    async def take(self) -> str | None:
        """Return the newest frame, waiting for one; None: there will be no more.

        A late one is held back for a moment: what made it late (a stopped process, a full socket)
        is over when it is read, and the next one is on its way.

        Raises:
            BaseException: What `end` was told.
        """
        await self._news()
        if self._late:
            try:
                async with asyncio.timeout(HELD_S):
                    while self._late and not self._done:
                        self._written.clear()
                        await self._news()
            except TimeoutError:
                pass  # nothing newer: what there is is shown, with its age
        text, self._text = self._text, None
        if text is None and self._ended is not None:
            raise self._ended
        self._late = False
        if not self._done:
            self._written.clear()
        return text

    async def _news(self) -> None:
        await self._written.wait()

    def _is_late(self, age_ns: int) -> bool:
        quickest = min(self._ages, default=age_ns)
        self._ages.append(age_ns)
        return age_ns - quickest > LATE_S * 1e9
