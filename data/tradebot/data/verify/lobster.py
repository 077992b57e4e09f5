"""LOBSTER: the file's previous row plus this message against this row.

The window is filled anew from the file at each row. What lies beyond its levels is forgotten, so a level uncovered from
there is only in the book file: it is taken from it, if it can be such a level at all, and counted in `from_truth`.
Where rows stop following from each other (a gap), a missing or extra row in one file is looked for, so that the
comparison goes on.
"""

from collections import deque
from collections.abc import Iterator, Sequence

from tradebot.data.events import Level
from tradebot.data.numbers import text_from_units
from tradebot.data.recordings.lobster import (
    PRICE_SCALE,
    BadRow,
    BookRow,
    LobsterFiles,
    MessageRow,
    read_books,
    read_messages,
)
from tradebot.data.recordings.problems import Problems
from tradebot.data.verify.lobster_window import Slip, Transition, Window
from tradebot.data.verify.report import Comparison, Difference

_AHEAD = 8
"""Rows looked at to judge how the files lie to each other."""

_MARGIN = 2
"""By how many of these rows another alignment must be better than side by side."""

_SLIPS_SHOWN = 4
"""How many slots of one row a difference spells out."""


class _Rows[Row]:
    """Rows of a file with a view of the next ones."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next: deque[Row] = deque()

    def peek(self, count: int) -> list[Row]:
        """Return the next rows, at most `count`, without taking them."""
        while len(self._next) < count:
            row = next(self._rows, None)
            if row is None:
                break
            self._next.append(row)
        return list(self._next)[:count]

    def take(self) -> Row | None:
        """Return and take the next row; None at the end."""
        self.peek(1)
        return self._next.popleft() if self._next else None

    def put_back(self, row: Row) -> None:
        """Make a row the next one again."""
        self._next.appendleft(row)


class _Comparer:
    """Walks both files side by side."""

    def __init__(self, files: LobsterFiles, levels: int, problems: Problems) -> None:
        self._files = files
        self._problems = problems
        self._books_problems = Problems()
        self._window = Window(levels)
        self._messages = _Rows(read_messages(files.messages, problems))
        self._books = _Rows(read_books(files.books, files.levels, self._books_problems))
        self._base: BookRow | None = None
        self._taken_at: dict[tuple[int, int], int] = {}
        self._followed = True
        self._time_ns = 0
        self.comparison = Comparison()

    def run(self) -> None:
        """Compare all rows."""
        while (message := self._messages.take()) is not None:
            row = self._books.take()
            if row is None:
                self._end_early(self._files.messages.name, message.line)
                break
            self._step(message, row)
        else:
            rest = self._books.take()
            if rest is not None:
                self._end_early(self._files.books.name, rest.line)
        for _ in self._drain():
            pass
        self._problems.malformed.absorb(self._books_problems.malformed)

    def _step(self, message: MessageRow | BadRow, row: BookRow | BadRow) -> None:
        if isinstance(row, BookRow):
            self._note_crossed(row)
        base = self._base
        if base is None:
            self._base = row if isinstance(row, BookRow) else None
            return
        if isinstance(message, BadRow) or isinstance(row, BadRow):
            self._realign(base, message, row)
            return
        transition = self._window.transition(base, message, row)
        self.comparison.compared += 1
        for key in transition.taken:
            self._taken_at[key] = row.line
        backwards = message.time_ns < self._time_ns
        if not transition.follows or backwards:
            self._differ(message, row, transition)
        else:
            self.comparison.equal += 1
            self.comparison.from_truth += len(transition.taken)
            self._followed = True
        if transition.follows:
            self._base = row
        else:
            self._realign(base, message, row)
        self._time_ns = message.time_ns

    def _realign(self, base: BookRow, message: MessageRow | BadRow, row: BookRow | BadRow) -> None:
        """Choose how to go on: side by side, or with a row of one file passed over."""
        messages = self._messages.peek(_AHEAD)
        books = self._books.peek(_AHEAD)
        after = self._window.after(base, message) if isinstance(message, MessageRow) else None
        following = row if isinstance(row, BookRow) else after
        side_by_side = self._score(following, messages, books)
        extra_book = self._score(following, [message, *messages], books)
        missing_book = self._score(after, messages, [row, *books])
        extra_message = self._score(base, messages, [row, *books])
        best = max(extra_book, missing_book, extra_message)
        if best < side_by_side + _MARGIN:
            self._base = following
        elif best == extra_book:
            self._base = following
            self._messages.put_back(message)
        else:
            self._base = after if best == missing_book else base
            self._books.put_back(row)

    def _score(
        self,
        base: BookRow | None,
        messages: Sequence[MessageRow | BadRow],
        books: Sequence[BookRow | BadRow],
    ) -> int:
        """Return how many of the next rows follow from each other in an alignment."""
        score = 0
        for message, row in zip(messages[:_AHEAD], books[:_AHEAD], strict=False):
            if not isinstance(row, BookRow):
                base = None
                continue
            if base is not None and isinstance(message, MessageRow):
                score += self._window.transition(base, message, row).follows
            base = row
        return score

    def _differ(self, message: MessageRow, row: BookRow, transition: Transition) -> None:
        slips = transition.slips[:_SLIPS_SHOWN]
        found = [
            (f"{_side(slip)} level {slip.slot + 1}", _shown(slip.expected), _shown(slip.got))
            for slip in slips
        ]
        if transition.overdrawn is not None:
            size, held = transition.overdrawn
            found.append(("size of the message", f"at most {held}", str(size)))
        if message.time_ns < self._time_ns:
            found.append(("time", f"at least {_time(self._time_ns)}", _time(message.time_ns)))
        if self._followed:
            text = f"row does not follow from the row before and its message: {found[0][0]}"
            self._problems.gaps.add(self._files.books.name, row.line, text)
        self._followed = False
        level_lines = [self._taken_at.get((slip.side, slip.got[0])) for slip in slips]
        stem, underscore, _ = self._files.messages.name.partition("_")
        self.comparison.differ(
            Difference(
                line=message.line,
                file=self._files.messages.name,
                symbol=stem if underscore else "",
                what=", ".join(what for what, _, _ in found),
                expected=", ".join(expected for _, expected, _ in found),
                got=", ".join(got for _, _, got in found),
                comparison=self.comparison.compared,
                truth_line=row.line,
                level_line=next((line for line in level_lines if line is not None), None),
            )
        )

    def _note_crossed(self, row: BookRow) -> None:
        (bid, bid_size), (ask, ask_size) = row.bids[0], row.asks[0]
        if bid_size and ask_size and bid >= ask:
            text = f"best bid {_shown(row.bids[0])} >= best ask {_shown(row.asks[0])}"
            self._problems.crossed.add(self._files.books.name, row.line, text)

    def _end_early(self, longer: str, line: int) -> None:
        text = "the other file ends before this row"
        self._problems.gaps.add(longer, line, text)

    def _drain(self) -> Iterator[MessageRow | BadRow | BookRow]:
        """Read both files to their ends, so that every line is counted."""
        while (message := self._messages.take()) is not None:
            yield message
        while (row := self._books.take()) is not None:
            yield row if isinstance(row, BookRow) else BadRow(row.line)


def compare_lobster(files: LobsterFiles, problems: Problems, *, levels: int | None) -> Comparison:
    """Compare every row of the book file with the row before and its message.

    Args:
        files: The two files.
        problems: Where everything odd is counted; `messages` counts message rows.
        levels: Levels a side to compare, from the best; None = all the file has.

    Raises:
        OSError: If a file cannot be read.
    """
    comparer = _Comparer(files, min(levels or files.levels, files.levels), problems)
    comparer.run()
    return comparer.comparison


def _side(slip: Slip) -> str:
    return "bid" if slip.side == 1 else "ask"


def _shown(level: Level) -> str:
    price, size = level
    return f"{text_from_units(price, PRICE_SCALE)} x {size}" if size else "none"


def _time(time_ns: int) -> str:
    return text_from_units(time_ns, 9) + " s"
