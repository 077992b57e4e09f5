"""One step of a LOBSTER recording: the previous row of the book file plus a message against the next row."""

from typing import NamedTuple

from tradebot.data.events import Level
from tradebot.data.recordings.lobster import ADD, DELETE, EXECUTE, REDUCE, BookRow, MessageRow
from tradebot.native import L2Book


class Slip(NamedTuple):
    """One slot of a row that does not follow."""

    side: int
    slot: int
    expected: Level
    got: Level


class Transition(NamedTuple):
    """How a row follows from the one before and a message."""

    slips: tuple[Slip, ...]
    """Slots that do not follow; empty = equal."""
    taken: tuple[tuple[int, int], ...]
    """(side, price) of levels that only the file could know."""
    overdrawn: tuple[int, int] | None
    """(size, held) of a message that removes more than its level held."""

    @property
    def follows(self) -> bool:
        """Tell whether nothing speaks against it."""
        return not self.slips and self.overdrawn is None


class Window:
    """Plays one message on a window of the book.

    Args:
        levels: Levels a side that are compared, >= 1.
    """

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._book = L2Book()

    def transition(self, base: BookRow, message: MessageRow, row: BookRow) -> Transition:
        """Return how `row` follows from `base` and `message`."""
        overdrawn = self._play(base, message)
        slips: list[Slip] = []
        taken: list[tuple[int, int]] = []
        sides = (
            (-1, self._book.asks(self._levels), base.asks, row.asks),
            (1, self._book.bids(self._levels), base.bids, row.bids),
        )
        for side, known, before, after in sides:
            for slot in range(self._levels):
                if slot < len(known):
                    got = known[slot]
                else:
                    got = (0, 0)
                    if _may_uncover(side, slot, known, before, after):
                        taken.append((side, after[slot][0]))
                        continue
                if got != after[slot]:
                    slips.append(Slip(side, slot, after[slot], got))
        return Transition(tuple(slips), tuple(taken), overdrawn)

    def after(self, base: BookRow, message: MessageRow) -> BookRow | None:
        """Return the whole window after a message; None where a level came in that cannot be known."""
        self._play(base, message)
        width = len(base.bids)
        bids, asks = self._book.bids(width), self._book.asks(width)
        if len(bids) < _filled(base.bids) or len(asks) < _filled(base.asks):
            return None
        empty: list[Level] = [(0, 0)] * width
        return BookRow(base.line, tuple((bids + empty)[:width]), tuple((asks + empty)[:width]))

    def _play(self, base: BookRow, message: MessageRow) -> tuple[int, int] | None:
        """Play a message on a window; return (size, held) where it takes more than there is."""
        self._book.replace(
            [level for level in base.bids if level[1]], [level for level in base.asks if level[1]]
        )
        side, price = message.side, message.price
        held = self._book.quantity_at(side, price)
        if message.kind == ADD:
            self._book.set_level(side, price, held + message.size)
        elif message.kind in {REDUCE, DELETE, EXECUTE} and held:
            self._book.set_level(side, price, max(0, held - message.size))
            return (message.size, held) if message.size > held else None
        return None


def _filled(slots: tuple[Level, ...]) -> int:
    return sum(1 for _, size in slots if size)


def _may_uncover(
    side: int, slot: int, known: list[Level], before: tuple[Level, ...], after: tuple[Level, ...]
) -> bool:
    """Tell whether a level may have come into the window from beyond it.

    Only where the window was full, one level left it, and the new one is worse than all that were in it.
    """
    price, size = after[slot]
    if not size or not before[-1][1] or slot != len(known) or slot != len(before) - 1:
        return False
    return (price - before[-1][0]) * -side > 0
