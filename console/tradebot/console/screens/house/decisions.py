"""What a sleeve decided and why: the newest first, refusals of the risk gate joined to the decision."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import clock_text, date_text, symbol_of
from tradebot.console.rows import Cell, Row, fit, left, named, plain
from tradebot.console.screens.house.books import HAND, UNCLAIMED
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_house import DecisionView, SleeveRow

NAME_WIDTH = 11
DID_WIDTH = (10, 19)
"""Least and most cells of what was done; between them as many as the longest needs."""
SYMBOL_WIDTH = 10
SYMBOL_FROM = 90
"""Inner width from which symbol and date have a place: below, the reason needs the room."""

HAND_WORDS = ("The hand decides without a policy: its orders and notes stand on screen 4.",)
NO_SLEEVES = (
    "No sleeve runs here. A sleeve is a policy with a name and money of its own:",
    "tradebot policy new NAME     writes one, with its test",
    "tradebot policy start NAME   runs it as a shadow: it decides, nothing is sent",
)


class DecisionsPanel(ListPanel[DecisionView]):
    """Decisions of the sleeve that is marked in the books."""

    NEWEST_FIRST: ClassVar[bool] = True

    def __init__(self, view: View, *, id: str) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self.words = ""
        """Only decisions with these words in them are shown; empty: all."""
        self._did_width = DID_WIDTH[0]

    def filter_by(self, words: str) -> None:
        """Show only decisions that have these words in them, without regard to case."""
        self.words = words.strip()
        self.select(0)
        self.retitle()

    @override
    def items(self) -> Sequence[DecisionView]:
        known = self._known()
        return known if not self.words else [one for one in known if matches(one, self.words)]

    def _known(self) -> Sequence[DecisionView]:
        lookups = self.view.lookups
        asked = (lookups.decisions_of, lookups.only_changes)
        return lookups.decisions if lookups.decisions_as == asked and lookups.decisions else ()

    @override
    def key_of(self, item: DecisionView) -> str:
        return f"{item.seq} {item.sleeve} {item.symbol}"

    def row(self) -> SleeveRow | None:
        """Return the books' row of the sleeve, None before it is known."""
        lookups = self.view.lookups
        rows = () if lookups.house is None else lookups.house.rows
        return next((row for row in rows if row.name == lookups.decisions_of), None)

    @override
    def heading(self) -> str:
        row = self.row()
        if row is None:
            return "Decisions"
        if row.name in (HAND, UNCLAIMED):
            return plain(row.name)
        name = (
            plain(row.name)
            if row.version is None
            else f"{plain(row.name)}@{plain(row.version)[:4]}"
        )
        note = f" {self.view.glyphs.dot} {plain(row.note)}" if row.note else ""
        return f"{name}: what it decided and why{note}"

    @override
    def footing(self) -> str:
        row = self.row()
        lookups = self.view.lookups
        if row is None or row.name in (HAND, UNCLAIMED):
            return ""
        if not self._known() and not lookups.only_changes:
            return ""
        dot = self.view.glyphs.dot
        mark = self.view.glyphs.on if lookups.only_changes else self.view.glyphs.off
        words = f"/ filter: {plain(self.words)}" if self.words else "/ filter"
        return f"enter in full {dot} {words} {dot} x only changes {mark}"

    @override
    def empty_words(self) -> Sequence[str]:
        lookups, row = self.view.lookups, self.row()
        if row is None:
            return () if lookups.house is not None else ("waiting for the house's books",)
        if row.name == HAND:
            rows = () if lookups.house is None else lookups.house.rows
            alone = all(one.name in (HAND, UNCLAIMED) for one in rows)
            return (*HAND_WORDS, "", *NO_SLEEVES) if alone else HAND_WORDS
        if row.name == UNCLAIMED:
            return (
                "Found at the venue, decided by nobody here.",
                "a adopts it; until then no sleeve closes it, flatten does.",
            )
        if (lookups.decisions_of, lookups.only_changes) != lookups.decisions_as:
            return (lookups.problem or "asking for its decisions",)
        if self.words and self._known():
            return (f"No decision says {plain(self.words)!r}.", "/ then ctrl+l shows all.")
        return _silent(row, only_changes=lookups.only_changes)

    @override
    def header(self, width: int) -> Row | None:
        return None

    @override
    def line(self, item: DecisionView, width: int) -> Row:
        did, symbol = did_text(item), symbols_text(item)
        wide = width >= SYMBOL_FROM
        cells = [
            left(self._moment(item.ts, wide=wide), 12 if wide else 9, "muted"),
            left(did, self._did_width, did_style(did)),
        ]
        if wide:
            cells.append(left(symbol, SYMBOL_WIDTH, "muted"))
        room = max(0, width - sum(len(cell.text) for cell in cells))
        if item.refused is not None:
            words = f"REFUSED by the risk gate: {plain(item.refused)}"
            return (*cells, Cell(fit(words, room), "fault"))
        tail = tail_text(item)
        if room < 2 * len(tail):
            return (*cells, Cell(fit(plain(item.text) + tail, room)))
        return (*cells, Cell(fit(plain(item.text), room - len(tail))), Cell(tail, "muted"))

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        longest = max((len(did_text(item)) for item in self.items()), default=0)
        self._did_width = min(max(DID_WIDTH[0], longest + 1), DID_WIDTH[1])
        return super().build(width, height)

    def _moment(self, ts: int, *, wide: bool) -> str:
        """Return the time of day; of another day its date first."""
        frame, zone = self.view.frame, self.view.zone
        day = date_text(ts, zone)
        if frame is None or day == date_text(frame.now, zone):
            return clock_text(ts, zone)
        return f"{day[5:]} {clock_text(ts, zone, seconds=False)}" if wide else day[5:]


class DetailPanel(LivePanel, can_focus=True):
    """The decision under the mark, in full; stands beside the list where there is room."""

    def __init__(self, view: View, decisions: DecisionsPanel, *, id: str) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self._decisions = decisions

    @override
    def heading(self) -> str:
        return "In full"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        chosen = self._decisions.selected
        if chosen is None:
            return [(Cell(fit(" The decision under the mark, in full.", width), "muted"),)]
        return detail_rows(chosen, width, self.view)[:height]


def _silent(row: SleeveRow, *, only_changes: bool) -> tuple[str, ...]:
    """Return why a sleeve has decided nothing."""
    if row.state == "warming":
        share = "" if row.warm is None else f": {int(row.warm * 100)} % of its history is there"
        return (f"Warming up{share}.", "It is not asked before all of it is.")
    if row.state in ("paused", "failed", "stopped"):
        return (f"It is {row.state}; its exits and stops stay. {plain(row.note)}".strip(),)
    if only_changes:
        return ("Nothing that changed anything yet.", "x shows every decision.")
    return ("It has decided nothing yet: no event that it asked for has come.",)


def did_text(item: DecisionView) -> str:
    """Return what was done, without the symbol where that has a place of its own."""
    suffix = f" {symbol_of(item.symbol)}" if item.symbol else "\n"
    return ", ".join(plain(word.removesuffix(suffix)) for word in item.did)


def symbols_text(item: DecisionView) -> str:
    """Return the instruments that a decision is about, without their venues: `BTCUSDT, ETHUSDT`."""
    return ", ".join(plain(symbol_of(one)) for one in (item.symbol or "").split(", "))


def did_style(did: str) -> str:
    """Return the colour of what was done; a shadow's `would` is no order and stays quiet."""
    word = did.partition(" ")[0]
    if word == "would":
        return "muted"
    return {"BUY": "bid", "SELL": "ask", "hold": "muted"}.get(word, "text")


def tail_text(item: DecisionView) -> str:
    """Return what bound the size, and how often the same came again: what must not be cut."""
    bound = f"; bound by {plain(item.bound_by)}" if item.bound_by else ""
    return bound + (f"  (+{item.repeated} alike)" if item.repeated else "")


def matches(item: DecisionView, words: str) -> bool:
    """Return whether a decision has these words anywhere, without regard to case."""
    parts = (
        *item.did,
        item.symbol or "",
        item.text,
        item.bound_by or "",
        item.edge or "",
        item.refused or "",
    )
    return words.casefold() in " ".join(parts).casefold()


def detail_rows(item: DecisionView, width: int, view: View) -> list[Row]:
    """Return a decision in full: nothing is cut, long words are carried over to the next line."""
    when = f"{date_text(item.ts, view.zone)} {clock_text(item.ts, view.zone)}, seq {item.seq:,}"
    parts: list[tuple[str, str, str]] = [("when", when, "text")]
    did = ", ".join(plain(word) for word in item.did) or "nothing"
    parts.append(("did", did, "strong"))
    if item.symbol:
        parts.append(("symbol", plain(item.symbol), "text"))
    parts.append(("because", plain(item.text) or "no reason was given", "text"))
    if item.edge:
        parts.append(("edge", plain(item.edge), "text"))
    if item.bound_by:
        parts.append(("bound by", plain(item.bound_by), "text"))
    if item.refused is not None:
        parts.append(("refused", plain(item.refused), "fault"))
    if item.repeated:
        parts.append(("again", f"{item.repeated} more times, nothing changed", "muted"))
    return [
        row for name, text, style in parts for row in named(name, text, width, NAME_WIDTH, style)
    ]
