"""When the kernel's memory is written down, so that the next start need not read the whole journal."""

from tradebot.engine.core.checkpoint import freeze, layout_number
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MINUTE
from tradebot.engine.journal.store import Journal

ROWS = 10_000
"""A checkpoint is due after so many rows: reading them takes a start a fifth of a second."""

AGE = 5 * MINUTE
"""And after so long since the last one, in the engine's time, where anything was written since."""


class Checkpoints:
    """Buffers a checkpoint beside the rows that lead to it, in the transaction that makes both durable.

    Args of the constructor:
        journal: Where it goes.
        by_age: Whether one is due by time too: a backtest of days would take one with every bar.
    """

    def __init__(self, journal: Journal, *, by_age: bool = True) -> None:
        self._journal = journal
        self._by_age = by_age
        self._seq = journal.last_seq
        self._rows = journal.appended_rows
        self._at: int | None = None

    def look(self, state: State, now: int) -> None:
        """Take a checkpoint if one is due; call it between two steps, before a commit.

        Args:
            state: The kernel's, after the newest step the journal was given.
            now: The engine's time, ns UTC.
        """
        if self._at is None:
            self._at = now
        rows = self._journal.appended_rows - self._rows
        if rows >= ROWS or (self._by_age and rows and now - self._at >= AGE):
            self.take(state, now)

    def take(self, state: State, now: int) -> None:
        """Take a checkpoint now, unless nothing was written since the last: at a clean end."""
        if self._journal.last_seq <= self._seq:
            return
        self._journal.add_checkpoint(layout_number(), freeze(state))
        self._seq, self._at = self._journal.last_seq, now
        self._rows = self._journal.appended_rows
