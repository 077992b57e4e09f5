"""The house's books: a row for each sleeve, for the hand and for what nobody owns; theory beside what came."""

from collections.abc import Sequence
from typing import override

from tradebot.console.figures import brief_money, count_text, direction
from tradebot.console.rows import Cell, Row, fit, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.view import View
from tradebot.engine.control.messages_house import SleeveRow

FULL_FROM = 110
"""Inner width from which every column has its place."""
WIDE_FROM = 170
"""Inner width from which equity, open bets and the note have columns of their own."""

HAND, UNCLAIMED = "hand", "unclaimed"
LUCK_RARE = 2.0
"""From so many standard deviations on luck is worth a colour."""

STATE_STYLES = {"paused": "warn", "failed": "fault", "stopped": "muted", "warming": "warn"}
RUN_WORDS = {"live": "LIVE", "paper": "PAPER", "broker-paper": "BR PAPER", "sandbox": "SANDBOX"}
"""What a sleeve that sends orders is called, by the engine's mode: LIVE is real money and nothing else."""


class BooksPanel(ListPanel[SleeveRow]):
    """What each owner's bets should have brought and what they did."""

    def __init__(self, view: View, *, id: str) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self.busy = ""
        """What is waited for, in the place of the keys."""

    @override
    def items(self) -> Sequence[SleeveRow]:
        house = self.view.lookups.house
        return () if house is None else house.rows

    def sleeves(self) -> int:
        """Return how many sleeves the books know."""
        return sum(row.name not in (HAND, UNCLAIMED) for row in self.items())

    @override
    def key_of(self, item: SleeveRow) -> str:
        return item.name

    @override
    def heading(self) -> str:
        house = self.view.lookups.house
        if house is None:
            return "The house's books"
        words = f"The house's books, {house.days} days"
        if house.pool is None:
            return f"{words} {self.view.glyphs.dot} free pool unknown"
        short = "SHORT by " if direction(house.pool) < 0 else ""
        pool = f"{short}{brief_money(house.pool.lstrip('-'))} {plain(house.currency)}"
        return f"{words} {self.view.glyphs.dot} free pool {pool}"

    @override
    def footing(self) -> str:
        if self.busy:
            return self.busy
        chosen, dot = self.selected, f" {self.view.glyphs.dot} "
        if chosen is None:
            return ""
        if chosen.name == UNCLAIMED:
            return "a adopt"
        if chosen.name == HAND:
            return ""
        word = "pause" if chosen.state in ("running", "warming") else "resume"
        return dot.join(("enter decisions", "w why", f"space {word}", "r reload"))

    @override
    def empty_words(self) -> Sequence[str]:
        if self.view.lookups.house is None:
            return (self.view.lookups.problem or "asking for the house's books",)
        return ("The engine keeps no books: it trades no account.",)

    @override
    def header(self, width: int) -> Row | None:
        edge = "edge per bet, R [95 %]"
        if width < FULL_FROM:
            names = (("policy", 13), ("state", 9))
            figures = (("bets", 5), ("expected", 14), ("actual", 8), ("luck", 6))
            rest = (("edge, R", 13), ("proof", 9))
            return (
                *(left(name, size, "title") for name, size in names),
                *(right(name, size, "title") for name, size in (*figures, *rest)),
            )
        cells = [left("policy", 20, "title"), left("runs", 9, "title"), left("state", 10, "title")]
        cells.append(right("capital", 9, "title"))
        if width >= WIDE_FROM:
            cells += [right("equity", 11, "title"), right("open", 6, "title")]
        cells += [right("bets", 6, "title"), right("expected", 15, "title")]
        cells += [right("actual", 9, "title"), right("luck", 7, "title")]
        cells += [left(f"  {edge}", 24, "title"), right("proof", 8, "title")]
        if width >= WIDE_FROM:
            cells.append(left("   note", max(0, width - 134), "title"))
        return tuple(cells)

    @override
    def line(self, item: SleeveRow, width: int) -> Row:
        if width < FULL_FROM:
            return narrow_line(item, width, self.view)
        wide = width >= WIDE_FROM
        money = item.capital if item.capital is not None or wide else item.equity
        cells = [
            *name_cells(item, 20, marked=not wide),
            left(run_text(item, self.view), 9, "muted" if item.run == "shadow" else "text"),
            left(state_text(item), 10, STATE_STYLES.get(item.state, "text")),
            right(brief_money(money, width=8), 9),
        ]
        if wide:
            cells += [right(brief_money(item.equity, width=10), 11), right(str(item.open_bets), 6)]
        if not item.bets and item.note and not wide:
            room = width - sum(len(cell.text) for cell in cells)
            return (*cells, right(f"  {plain(item.note)}{_adopt(item)}", room, "warn"))
        cells += [
            right(str(item.bets), 6),
            right(expected_text(item, self.view, 14), 15),
            right(brief_money(item.actual, sign=True, width=8), 9, _sign_style(item.actual)),
            luck_cell(item, 7),
            left(f"  {edge_text(item)}", 24),
            right(proof_text(item), 8),
        ]
        if wide:
            note = f"   {plain(item.note)}{_adopt(item)}"
            cells.append(left(note, max(0, width - 134), "warn"))
        return tuple(cells)


def narrow_line(item: SleeveRow, width: int, view: View) -> Row:
    """Return an owner in 77 cells: without version, run and capital; a shadow says so where its state stands."""
    shadow = item.run == "shadow" and item.state == "running"
    state = "shadow" if shadow else state_text(item)
    cells = [
        *name_cells(item, 13, marked=True, version=False),
        left(state, 9, "muted" if shadow else STATE_STYLES.get(item.state, "text")),
    ]
    if not item.bets and item.note:
        return (*cells, right(f"{plain(item.note)}{_adopt(item)}", max(0, width - 22), "warn"))
    edge = "-" if item.edge is None else f"{item.edge:+.2f}{half_width(item, view)}"
    return (
        *cells,
        right(str(item.bets), 5),
        right(expected_text(item, view, 13), 14),
        right(brief_money(item.actual, sign=True, width=7), 8, _sign_style(item.actual)),
        luck_cell(item, 6),
        right(edge, 13),
        right(proof_text(item), 9),
    )


def name_cells(item: SleeveRow, width: int, *, marked: bool, version: bool = True) -> Row:
    """Return name and version; a `!` where there is a note that has no column of its own."""
    suffix = f"@{plain(item.version)[:4]}" if item.version and version else ""
    room = width - len(suffix) - 2
    name = f"{fit(plain(item.name), room)}{suffix}"
    flag = "!" if marked and item.note and item.bets else ""
    return (Cell(name), Cell(flag, "warn"), Cell(" " * (width - len(name) - len(flag))))


def run_text(item: SleeveRow, view: View) -> str:
    """Return where a sleeve's orders go."""
    if item.name == UNCLAIMED:
        return ""
    if item.run == "shadow":
        return "SHADOW"
    frame = view.frame
    mode = "" if frame is None else frame.engine.mode
    return RUN_WORDS.get(mode, plain(mode).upper())


def state_text(item: SleeveRow) -> str:
    """Return a sleeve's state; while it warms up, how much of its history is there."""
    if item.state == "warming":
        return "warming" if item.warm is None else f"warm {int(item.warm * 100)}%"
    return item.state


def expected_text(item: SleeveRow, view: View, width: int) -> str:
    """Return what the bets promised at entry, `+410±640`; `-` where none stated an edge."""
    if item.expected is None:
        return "-"
    if item.expected_sd is None:
        return brief_money(item.expected, sign=True, width=width)
    between = view.glyphs.plus_minus
    for room in (width, 7, 6, 5):
        shown = (
            brief_money(item.expected, sign=True, width=room),
            brief_money(item.expected_sd, width=room),
        )
        if len(between.join(shown)) <= width:
            break
    return between.join(shown)


def luck_cell(item: SleeveRow, width: int) -> Cell:
    """Return luck in standard deviations."""
    if item.luck is None:
        return right("-", width)
    rare = abs(item.luck) >= LUCK_RARE
    return right(f"{item.luck:+.1f}s", width, "warn" if rare else "text")


def edge_text(item: SleeveRow) -> str:
    """Return the mean result of a bet in R and its interval; in words why there is none."""
    if item.edge is None:
        return "no stop, no R" if item.bets else "-"
    if item.edge_low is None or item.edge_high is None:
        return f"{item.edge:+.2f} too few"
    return f"{item.edge:+.2f} [{item.edge_low:+.2f}, {item.edge_high:+.2f}]"


def half_width(item: SleeveRow, view: View) -> str:
    """Return how far the interval reaches to each side of the edge."""
    if item.edge_low is None or item.edge_high is None:
        return " few"
    return f"{view.glyphs.plus_minus}{(item.edge_high - item.edge_low) / 2:.2f}"


def proof_text(item: SleeveRow) -> str:
    """Return bets settled, of those needed until the interval leaves zero: `83/3.9k`."""
    if item.needed is None:
        return "-"
    return f"{count_text(item.settled)}/{count_text(item.needed)}"


def _adopt(item: SleeveRow) -> str:
    return "   a adopt" if item.name == UNCLAIMED else ""


def _sign_style(text: str | None) -> str:
    return {1: "up", -1: "down", 0: "text"}[direction(text)]
