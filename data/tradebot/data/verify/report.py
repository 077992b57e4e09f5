"""What a book verification found."""

import msgspec

from tradebot.data.recordings.problems import Place, Problems

DIFFERENCES_MAX = 20
"""How many differences are kept; `compared - equal` counts them all."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison that failed."""

    line: int
    """Line of the update after which the book and the truth differ."""
    file: str
    """That line's file."""
    symbol: str
    """Which book."""
    what: str
    """What was compared: `best bid`, `checksum`, `ask level 3`, `chain`."""
    expected: str
    """What the recording says."""
    got: str
    """What the rebuilt book holds."""
    comparison: int
    """Which comparison of its book this was, from 1 (LOBSTER: of the recording)."""
    truth_line: int
    """Line the expected value is from."""
    level_line: int | None = None
    """Line that last set the level in question, where known: often the culprit."""


class BookVerification(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one verification; `equal == compared > 0` and nothing else is a pass."""

    format: str
    """Format of the recording."""
    exchange: str
    """Whose recording it is."""
    files: tuple[str, ...]
    """Files read, REST snapshots found beside them included."""
    compared: int
    """Updates after which the book was compared."""
    equal: int
    """Comparisons that agreed."""
    differences: tuple[Difference, ...]
    """The first comparisons that did not, by line."""
    from_truth: int
    """Levels only the recording's truth could know, taken from it (LOBSTER)."""
    gaps: int
    """Places where updates are missing."""
    stale: int
    """Updates older than the book they came to, left out."""
    crossed: int
    """Updates after which the best bid was not below the best ask."""
    malformed: int
    """Lines that could not be read."""
    ignored: int
    """Messages of kinds that say nothing about the book."""
    messages: int
    """Lines that carry something."""
    gap_lines: tuple[Place, ...]
    """The first gaps."""
    stale_lines: tuple[Place, ...]
    """The first stale updates."""
    crossed_lines: tuple[Place, ...]
    """The first crossed books."""
    malformed_lines: tuple[Place, ...]
    """The first malformed lines."""
    seconds: float
    """How long it took."""

    @property
    def passed(self) -> bool:
        """Tell whether something was compared and everything agreed."""
        return 0 < self.compared == self.equal


class Comparison(msgspec.Struct, kw_only=True):
    """What a format's verification hands back, before the problems are added."""

    compared: int = 0
    equal: int = 0
    from_truth: int = 0
    differences: list[Difference] = []

    def differ(self, difference: Difference) -> None:
        """Keep a difference if it is among the first DIFFERENCES_MAX."""
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(difference)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified."""

    format: str
    exchange: str
    files: tuple[str, ...]


def verification(
    source: Source, comparison: Comparison, problems: Problems, seconds: float
) -> BookVerification:
    """Return the report of one verification."""
    return BookVerification(
        format=source.format,
        exchange=source.exchange,
        files=source.files,
        compared=comparison.compared,
        equal=comparison.equal,
        differences=tuple(comparison.differences),
        from_truth=comparison.from_truth,
        gaps=problems.gaps.count,
        stale=problems.stale.count,
        crossed=problems.crossed.count,
        malformed=problems.malformed.count,
        ignored=problems.ignored,
        messages=problems.messages,
        gap_lines=tuple(problems.gaps.first),
        stale_lines=tuple(problems.stale.first),
        crossed_lines=tuple(problems.crossed.first),
        malformed_lines=tuple(problems.malformed.first),
        seconds=seconds,
    )
