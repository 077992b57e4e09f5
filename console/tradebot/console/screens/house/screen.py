"""Screen 2, House: the game, what a move of the market would do, the house's books, and what was decided."""

from collections.abc import Callable, Sequence
from typing import ClassVar, override

from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.application import application_of
from tradebot.console.keys import bindings
from tradebot.console.link.protocol import LinkError
from tradebot.console.rows import Row, plain
from tradebot.console.screens.adoption import adopt
from tradebot.console.screens.house.books import HAND, UNCLAIMED, BooksPanel
from tradebot.console.screens.house.calibration import CalibrationRow, calibration_rows
from tradebot.console.screens.house.decisions import DecisionsPanel, DetailPanel, detail_rows
from tradebot.console.screens.house.game import GamePanel
from tradebot.console.screens.house.moves import MovesPanel
from tradebot.console.screens.house.objective import objective_rows
from tradebot.console.screens.overlays.find import Find
from tradebot.console.screens.overlays.reload import ReloadCard
from tradebot.console.screens.overlays.told import Told
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.sleeve_words import pause_or_resume
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.session import Session
from tradebot.engine.control.messages_facts import DifferenceFacts
from tradebot.engine.control.messages_house import DecisionView, SleeveRow
from tradebot.engine.control.sleeves import ChangeBody, VersionDifference

DECISIONS_ASKED = 200
"""Decisions that are asked for, the newest."""
TOP_HEIGHT = {"narrow": 6, "mid": 9, "wide": 10}
BOOKS_AROUND = 3
"""Rows of the books beside the owners': the border and the names of the columns."""
BOOKS_ROWS_MIN = 3
DETAIL_HEIGHT = 9
"""Of a decision in full, where it stands below the list."""
LIST_HEIGHT_MIN = 5
"""Of the decisions, border in."""


class HouseScreen(PanelScreen):
    """The house keeps books: what a bet promised, what it brought, and whether the bettor may go on.

    Args:
        session: The engine on show.
    """

    NAME = "house"
    BINDINGS: ClassVar[list[Binding]] = bindings("house")
    AUTO_FOCUS = "#books"

    def __init__(self, session: Session) -> None:
        view = session.view
        self.game = GamePanel(view, id="game")
        self.moves = MovesPanel(view, id="moves")
        self.books = BooksPanel(view, id="books")
        self.decisions = DecisionsPanel(view, id="decisions")
        self.detail = DetailPanel(view, self.decisions, id="detail")
        self.calibration = CalibrationRow(view, id="calibration")
        super().__init__(
            session,
            (
                self.books,
                self.game,
                self.moves,
                self.decisions,
                self.detail,
                self.calibration,
            ),
        )

    # -- layout

    @override
    def wish(self) -> object:
        """Return how many owners there are, and whether any decides: the books take the height they need."""
        return len(self.books.items()), self.books.sleeves()

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """Game beside moves; below the books as tall as they need; then decisions, and one of them in full."""
        area, calibration = area.split_horizontal(-1)
        top, rest = area.split_horizontal(TOP_HEIGHT[shape])
        owners = max(BOOKS_ROWS_MIN, len(self.books.items()))
        books_height = min(owners + BOOKS_AROUND, rest.height - LIST_HEIGHT_MIN)
        books, decisions = rest.split_horizontal(books_height)
        game, moves = top.split_vertical(top.width // 2)
        placed = {"game": game, "moves": moves, "books": books, "calibration": calibration}
        cramped = shape == "mid" and decisions.height < 2 * DETAIL_HEIGHT
        if shape == "narrow" or cramped or not self.books.sleeves():
            return placed | {"decisions": decisions}
        if shape == "mid":
            decisions, detail = decisions.split_horizontal(-DETAIL_HEIGHT)
        else:
            decisions, detail = decisions.split_vertical(-68)
        return placed | {"decisions": decisions, "detail": detail}

    # -- questions

    @override
    def beat(self, now_s: float) -> None:
        """Ask at once where the mark in the books went to another owner."""
        lookups = self.session.view.lookups
        chosen = self.books.selected
        wanted = None if chosen is None else chosen.name
        if wanted != lookups.decisions_of:
            lookups.decisions_of = wanted
            self.decisions.select(0)
            self.decisions.retitle()
            self.look(now_s)
        super().beat(now_s)

    @override
    async def ask(self) -> None:
        link, lookups = self.session.link, self.session.view.lookups
        lookups.house = await link.house()
        asked = (lookups.decisions_of, lookups.only_changes)
        if asked[0] is None or asked[0] in (HAND, UNCLAIMED):
            lookups.decisions, lookups.decisions_as = [], asked
            return
        answer = await link.decisions(asked[0], DECISIONS_ASKED, only_changes=asked[1])
        lookups.decisions, lookups.decisions_as = answer.decisions, asked

    # -- keys: decisions

    def action_decisions(self) -> None:
        """Go one step deeper: from the books to the decisions, from a decision to all of it."""
        if self.focused is self.moves:
            self.run_worker(self.run_action("app.show('risk')"), group="command")
        elif self.focused is self.decisions:
            self._tell(self.decisions.selected)
        elif self.books.selected is not None:
            self.decisions.focus()

    def action_why(self) -> None:
        """Tell the decision under the mark; from the books the newest one."""
        items = self.decisions.items()
        newest = items[0] if items else None
        self._tell(self.decisions.selected if self.focused is self.decisions else newest)

    def _tell(self, decision: DecisionView | None) -> None:
        if decision is None:
            words = self.decisions.empty_words()
            self.session.report(" ".join(words), "warn")
            return
        view = self.session.view

        def told(width: int) -> list[Row]:
            return detail_rows(decision, width, view)

        self._show(f"Why {plain(decision.sleeve)} decided so", told)

    def action_find(self) -> None:
        """Narrow the decisions to those with words in them."""
        before = self.decisions.words

        def answered(words: str | None) -> None:
            self.decisions.filter_by(before if words is None else words)

        overlay = Find(self.session.view.clock, before, self.decisions.filter_by)
        application_of(self).push_screen(overlay, answered)

    def action_only_changes(self) -> None:
        """Show all decisions, or only those that changed something."""
        lookups = self.session.view.lookups
        lookups.only_changes = not lookups.only_changes
        self.decisions.select(0)
        self.decisions.retitle()
        self.action_look()

    def action_objective(self) -> None:
        """Tell what the account is played for, or how to say it."""
        lookups = self.session.view.lookups
        self._show("Objective", lambda width: objective_rows(lookups.house, width))

    def action_calibration(self) -> None:
        """Tell all that was said of bets, against what came."""
        lookups = self.session.view.lookups
        self._show("Said and come", lambda width: calibration_rows(lookups.house, width))

    # -- keys: sleeves

    def _sleeve(self, verb: str) -> SleeveRow | None:
        """Return the sleeve under the mark; where nothing can be done, say why."""
        if not self.may_send():
            return None
        chosen = self.books.selected
        if chosen is None:
            self.session.report(f"nothing to {verb}: no sleeve selected", "warn")
        elif self.books.slipped:
            self.session.report(
                f"nothing to {verb}: the sleeve that was selected has just gone", "warn"
            )
        elif chosen.name in (HAND, UNCLAIMED):
            self.session.report(f"nothing to {verb}: {chosen.name} is no sleeve", "warn")
        else:
            return chosen
        return None

    def action_pause_sleeve(self) -> None:
        """Ask why, then pause the sleeve under the mark, or let it go on."""
        chosen = self._sleeve("pause")
        frame = self.session.view.newest
        if chosen is None or frame is None:
            return
        facts = next((one for one in frame.sleeves if one.name == chosen.name), None)
        if facts is None or chosen.state == "stopped":
            words = f"{plain(chosen.name)} is stopped: tradebot policy start {plain(chosen.name)}"
            self.session.report(words, "warn")
            return
        pause_or_resume(self, facts)

    def action_reload(self) -> None:
        """Ask the engine what the code on disk would change, show it, and ask."""
        chosen = self._sleeve("reload")
        if chosen is not None:
            self.books.busy = f"loading the code of {plain(chosen.name)} beside it"
            self.books.retitle()
            self.run_worker(self._ask_reload(chosen.name), group="reload", exclusive=True)

    async def _ask_reload(self, name: str) -> None:
        try:
            difference = await self.session.link.reload_difference(name)
        except LinkError as error:
            self.session.report(f"reload {plain(name)}: {error}", "error")
            return
        finally:
            self.books.busy = ""
            self.books.retitle()
        if self.is_current:
            self._offer(difference)
        else:
            self.session.report(f"reload {plain(name)}: r on House shows what changes", "info")

    def _offer(self, difference: VersionDifference) -> None:
        def answered(key: str | None) -> None:
            if key == "y":
                body = ChangeBody(version=difference.new, reason="reloaded in the console")
                asked = self.session.link.reload_sleeve(difference.sleeve, body)
                self.send(f"reload {plain(difference.sleeve)}", asked)

        overlay = ReloadCard(self.session.view.clock, difference)
        application_of(self).push_screen(overlay, answered)

    # -- keys: what nobody owns

    def action_adopt(self) -> None:
        """Ask whose the first of the unclaimed things is."""
        if not self.may_send():
            return
        items = self._unclaimed()
        if not items:
            self.session.report("nothing to adopt: nothing is unclaimed", "warn")
            return
        adopt(self, items[0], "ADOPT" if len(items) == 1 else f"ADOPT, 1 of {len(items)}")

    def _unclaimed(self) -> list[DifferenceFacts]:
        """Return what is held or open that nobody owns, and nobody has answered."""
        frame = self.session.view.newest
        known = () if frame is None else frame.differences
        return [one for one in known if one.answer is None and is_unclaimed(one)]

    def _show(self, title: str, told: Callable[[int], Sequence[Row]]) -> None:
        application_of(self).push_screen(Told(self.session.view.clock, title, told))


def is_unclaimed(item: DifferenceFacts) -> bool:
    """Return whether a difference is about something that nobody owns."""
    return item.about.endswith(f"@{UNCLAIMED}") or item.ours == UNCLAIMED
