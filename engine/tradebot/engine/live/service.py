"""The engine as clients see it: questions answered from the kernel's state, commands put into its inbox."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import msgspec

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import EventLine
from tradebot.engine.journal.codec import Row
from tradebot.engine.live.service_facts import FactWords
from tradebot.engine.live.service_orders import OrderWords
from tradebot.engine.live.service_stops import StopWords


class EngineService(FactWords, OrderWords, StopWords):
    """What the control server asks; lives on the engine's own loop."""

    async def event_lines(self, after: str | None, limit: int) -> Sequence[EventLine]:
        """Return committed journal lines after an id, waiting for at least one."""
        journal = self._runtime.records.journal
        position = (journal.committed_seq, 1 << 30) if after is None else _position(after)
        while True:
            rows = list(journal.rows(position, limit))
            if rows:
                return [_line(row) for row in rows]
            async with self.committed:
                await self.committed.wait()
            if self.stopping.is_set():
                return []

    @contextmanager
    def console_attached(self) -> Generator[None]:
        """Count a console while the context is open."""
        self.consoles += 1
        self.consoles_seen = True
        try:
            yield
        finally:
            self.consoles -= 1
            self.wake.set()


def _line(row: Row) -> EventLine:
    return EventLine(
        id=f"{row.seq}.{row.index}",
        seq=row.seq,
        ts=row.now,
        kind=row.kind,
        body=msgspec.Raw(row.body),
    )


def _position(text: str) -> tuple[int, int]:
    seq, dot, index = text.partition(".")
    if not (dot and seq.isdecimal() and index.isdecimal()):
        raise Refused("usage", f"event id must be `seq.index`, was {text!r}")
    return int(seq), int(index)
