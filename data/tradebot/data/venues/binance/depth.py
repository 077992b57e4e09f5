"""How Binance's depth diffs and REST snapshots make one book: the order in which to apply them.

Source: Binance API documentation, "How to manage a local order book correctly" (spot; USD-M; COIN-M). Diffs received
before the snapshot reply are kept; those the snapshot includes are dropped; the next one must reach across its id. Spot
diffs follow when `U` = last `u` + 1, futures diffs when `pu` = last `u`.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tradebot.data.events import Level

RECENT_MAX = 10_000
"""Diffs kept for a snapshot that is older than they are: more than 100 s of the fastest stream."""

_STRAYS_MAX = 2
"""Stale diffs in a row, each following the other, that show the last diff's ids were an error."""


class Diff(NamedTuple):
    """One depth diff in integer units."""

    file: str
    line: int
    ts_event: int
    ts_recv: int
    first_id: int
    last_id: int
    previous_id: int | None
    """`pu`; None on spot."""
    bids: list[Level]
    asks: list[Level]

    def starts_after(self) -> int:
        """Return the id this diff follows: what the book's last id must be."""
        return self.first_id - 1 if self.previous_id is None else self.previous_id


class Snapshot(NamedTuple):
    """One REST depth reply in integer units."""

    file: str
    line: int
    ts_event: int
    ts_recv: int
    last_id: int
    bids: list[Level]
    asks: list[Level]


class Replace(NamedTuple):
    """The book becomes this snapshot."""

    snapshot: Snapshot


class Apply(NamedTuple):
    """The book takes this diff."""

    diff: Diff
    again: bool
    """True where the diff was applied before and only rebuilds what a late snapshot replaced."""
    after_gap: bool
    """True where updates are missing just before it."""


class Gap(NamedTuple):
    """Updates are missing before a diff."""

    diff: Diff
    expected: int
    """Id the diff should have followed."""
    got: int
    """Id it says it follows."""


class Stale(NamedTuple):
    """A diff or snapshot is older than the book and left out."""

    item: Diff | Snapshot


type Step = Replace | Apply | Gap | Stale
"""What to do with the book, or to note, next."""


class DepthSync:
    """Orders one symbol's diffs and snapshots into the steps that build its book.

    Args:
        awaits_snapshot: True keeps diffs until the first snapshot; False starts from an empty book.
    """

    def __init__(self, *, awaits_snapshot: bool) -> None:
        self._awaiting = awaits_snapshot
        self._last_id: int | None = None
        self._at_snapshot = False
        self._recent: deque[Diff] = deque(maxlen=RECENT_MAX)
        self._before_last: int | None = None
        self._strays: list[Diff] = []

    def snapshot(self, snapshot: Snapshot) -> Iterator[Step]:
        """Yield the steps a snapshot asks for; diffs newer than it are applied on top."""
        newer = [diff for diff in self._recent if not _included(diff, snapshot.last_id)]
        bridged = not newer or newer[0].starts_after() <= snapshot.last_id
        if not self._awaiting and self._last_id is not None and not bridged:
            yield Stale(snapshot)  # the book has moved on further than it can be rebuilt
            return
        again = not self._awaiting
        if self._awaiting:
            yield from (Stale(diff) for diff in self._recent if _included(diff, snapshot.last_id))
        self._awaiting = False
        self._recent.clear()
        self._last_id = snapshot.last_id
        self._at_snapshot = True
        self._before_last = None
        self._strays.clear()
        yield Replace(snapshot)
        for diff in newer:
            yield from self._next(diff, again=again)

    def diff(self, diff: Diff) -> Iterator[Step]:
        """Yield the steps a diff asks for."""
        if self._awaiting:
            yield from self._keep(diff)
        elif self._is_stale(diff):
            yield Stale(diff)
            yield from self._rejoin(diff)
        else:
            self._strays.clear()
            yield from self._next(diff, again=False)

    def _keep(self, diff: Diff) -> Iterator[Step]:
        if self._recent:
            last_id = self._recent[-1].last_id
            if diff.last_id <= last_id:
                yield Stale(diff)
                return
            if _misses(diff, last_id):
                yield Gap(diff, last_id, diff.starts_after())
                self._recent.clear()
        self._recent.append(diff)

    def _is_stale(self, diff: Diff) -> bool:
        if self._last_id is None:
            return False
        return (
            _included(diff, self._last_id) if self._at_snapshot else diff.last_id <= self._last_id
        )

    def _next(self, diff: Diff, *, again: bool) -> Iterator[Step]:
        """Apply a diff that is newer than the book, noting what is missing before it."""
        after_gap = False
        if self._last_id is not None:
            # the first diff after a snapshot need only reach across its id
            after_gap = (
                diff.starts_after() > self._last_id
                if self._at_snapshot
                else _misses(diff, self._last_id)
            )
        if after_gap and self._last_id is not None:
            yield Gap(diff, self._last_id, diff.starts_after())
            self._recent.clear()
        self._before_last = self._last_id
        self._last_id = diff.last_id
        self._at_snapshot = False
        self._recent.append(diff)
        yield Apply(diff, again, after_gap)

    def _rejoin(self, diff: Diff) -> Iterator[Step]:
        """Go back to the ids before the last diff where the stream goes on from them.

        Without this, one diff with a damaged id would leave every later one out as stale.
        """
        if self._before_last is None or diff.starts_after() < self._before_last:
            self._strays.clear()
            return
        if self._strays and diff.starts_after() != self._strays[-1].last_id:
            self._strays.clear()
        self._strays.append(diff)
        if len(self._strays) < _STRAYS_MAX:
            return
        strays, self._strays = self._strays, []
        self._last_id = self._before_last
        self._recent.clear()
        for index, stray in enumerate(strays):
            yield from self._next(stray, again=index < len(strays) - 1)


def _included(diff: Diff, snapshot_id: int) -> bool:
    """Tell whether a snapshot has a diff in it: spot `u` <= id, futures `u` < id."""
    last_id = diff.last_id
    return last_id <= snapshot_id if diff.previous_id is None else last_id < snapshot_id


def _misses(diff: Diff, last_id: int) -> bool:
    """Tell whether updates are missing between an id and a newer diff."""
    starts_after = diff.starts_after()
    return starts_after > last_id if diff.previous_id is None else starts_after != last_id
