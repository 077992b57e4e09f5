"""What ledger and venue disagree on, and what nobody owns: a row each, and the whole of the one under the mark."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import age_text
from tradebot.console.rows import Cell, Row, fit, left, plain
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.engine.control.messages_facts import DifferenceFacts

DETAIL_FROM = 11
"""Inner height from which the marked difference is also shown in full, below the list."""
DETAIL_ROWS = 5


class ReconcilePanel(ListPanel[DifferenceFacts]):
    """Differences, those without an answer first."""

    NOTHING: ClassVar[Sequence[str]] = (
        "No differences: ledger and venues agree.",
        "r asks the venues now.",
    )

    @override
    def items(self) -> Sequence[DifferenceFacts]:
        frame = self.view.frame
        known = () if frame is None else frame.differences
        return sorted(known, key=lambda d: (d.answer is not None, not d.confirmed, d.since, d.id))

    @override
    def key_of(self, item: DifferenceFacts) -> str:
        return item.id

    @override
    def heading(self) -> str:
        waiting = sum(1 for item in self.items() if item.answer is None)
        return (
            f"Reconcile {self.view.glyphs.dot} {waiting} WAIT FOR AN ANSWER"
            if waiting
            else "Reconcile"
        )

    @override
    def footing(self) -> str:
        dot = self.view.glyphs.dot
        return (
            f"a adopt {dot} i ignore {dot} f flatten {dot} r ask now"
            if self.items()
            else "r ask now"
        )

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        chosen = self.selected
        if height < DETAIL_FROM or chosen is None:
            return super().build(width, height)
        rows = list(super().build(width, height - DETAIL_ROWS - 1))
        rows += [()] * (height - DETAIL_ROWS - 1 - len(rows))
        rule = (Cell(self.view.glyphs.line * width, "muted"),)
        return [*rows, rule, *detail_rows(chosen, width)]

    @override
    def header(self, width: int) -> Row | None:
        about, side = _widths(width)
        return (
            left("kind", 9, "title"),
            left("about", about, "title"),
            left("ours", side, "title"),
            left("theirs", side, "title"),
            left("age", 6, "title"),
            left("answer", width - 15 - about - 2 * side, "title"),
        )

    @override
    def line(self, item: DifferenceFacts, width: int) -> Row:
        about, side = _widths(width)
        words, style = answer_words(item)
        return (
            left(item.kind, 9),
            left(plain(item.about), about, "strong"),
            left(plain(item.ours), side),
            left(plain(item.theirs), side),
            left(age_text(item.age_s), 6, "muted"),
            left(words, max(0, width - 15 - about - 2 * side), style),
        )


def _widths(width: int) -> tuple[int, int]:
    """Return the widths of `about` and of each side."""
    side = max(9, min(16, width // 7))
    return max(12, min(34, width - 15 - 2 * side - 21)), side


def answer_words(item: DifferenceFacts) -> tuple[str, str]:
    """Return what was said of a difference, or what it does meanwhile, and the style."""
    if item.answer is not None:
        return plain(item.answer), "muted"
    return ("OPEN: stops new risk", "fault") if item.confirmed else ("open, looking again", "warn")


def detail_rows(item: DifferenceFacts, width: int) -> list[Row]:
    """Return a difference in full."""
    words, style = answer_words(item)
    lines = (
        ("what", f"{item.kind} {item.about} in {item.account}", "strong"),
        ("ours", item.ours, "text"),
        ("theirs", item.theirs, "text"),
        ("cause", item.cause, "text"),
        ("answer", f"{words}; since {item.since}; {item.id}", style),
    )
    return [
        (left(f" {name}", 9, "muted"), Cell(fit(plain(text), max(0, width - 9)), kind))
        for name, text, kind in lines
    ]
