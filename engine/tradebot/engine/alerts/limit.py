"""Not too many messages: a token bucket for each kind, and a digest of what was held back."""

from tradebot.engine.alerts.notices import LEVELS, Kind, Level, Notice
from tradebot.engine.core.types import MINUTE

BURST = 5
"""Messages of one kind that may go out at once."""

REFILL = MINUTE
"""After this a kind may send one more, ns."""

TOLD_MAX = 3
"""Notices a digest shows of those it stands for."""


class _Bucket:
    def __init__(self, now: int) -> None:
        self.tokens = BURST
        self.since = now
        self.held: list[Notice] = []
        self.held_count = 0

    def fill(self, now: int) -> None:
        """Add what has come since; time is the caller's monotonic clock."""
        fresh = (now - self.since) // REFILL
        if fresh > 0:
            self.tokens = min(BURST, self.tokens + fresh)
            self.since += fresh * REFILL


class Limiter:
    """Lets notices through, or holds them back for a digest."""

    def __init__(self, level: Level) -> None:
        """Begin.

        Args:
            level: Least level that is sent at all.
        """
        self._least = LEVELS.index(level)
        self._buckets: dict[Kind, _Bucket] = {}

    def admit(self, notice: Notice, now: int) -> bool:
        """Return whether a notice goes out now; otherwise it is below the level, or held back and counted."""
        if notice.kind != "test" and LEVELS.index(notice.level) < self._least:
            return False
        bucket = self._buckets.setdefault(notice.kind, _Bucket(now))
        bucket.fill(now)
        # While some are held back the next token is for their digest, so that order is kept.
        if bucket.tokens and not bucket.held_count:
            bucket.tokens -= 1
            return True
        bucket.held_count += 1
        bucket.held = [*bucket.held, notice][-TOLD_MAX:]
        return False

    def digests(self, now: int) -> list[Notice]:
        """Return a digest for each kind that held something back and may send again."""
        found: list[Notice] = []
        for kind, bucket in self._buckets.items():
            bucket.fill(now)
            if not bucket.held_count or not bucket.tokens:
                continue
            bucket.tokens -= 1
            newest = "; ".join(one.text for one in bucket.held)
            worst = LEVELS[max(LEVELS.index(one.level) for one in bucket.held)]
            text = f"{bucket.held_count} more of kind {kind!r}, the newest: {newest}"
            found.append(Notice(kind="digest", level=worst, text=text))
            bucket.held, bucket.held_count = [], 0
        return found
