"""Screen 6, Size: starts from the trade; every key typed recomputes. Nothing here is sent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, override

import msgspec
from textual import events
from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.keys import bindings
from tradebot.console.rows import Cell, Row, cut, left, plain, wrapped
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.size import form as forms
from tradebot.console.screens.size.drawing import curve_rows, fan_rows, stake_rows
from tradebot.console.screens.size.form import NAMES, Form, page_of
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.screens.trade.ticket.panel import TicketPanel
from tradebot.console.session import Session
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel

if TYPE_CHECKING:
    from tradebot.engine.research.desk.page import Page

LABEL_WIDTH = 18


class Sheet:
    """The form and the page it makes, shared by the panels."""

    def __init__(self) -> None:
        self.form = Form()
        self.page: Page | None = None
        self.problem = ""
        """What is missing; empty where there is a page."""

    def take(self, form: Form) -> None:
        """Take a changed form, and compute anew where its figures changed."""
        same = (form.start, form.texts) == (self.form.start, self.form.texts)
        self.form = form
        if not same or (self.page is None and not self.problem):
            found = page_of(form)
            self.page = None if isinstance(found, str) else found
            self.problem = found if isinstance(found, str) else ""


class FormPanel(LivePanel, can_focus=True):
    """The fields of a start; enter edits the one under the mark."""

    def __init__(self, view: View, sheet: Sheet, redraw: "SizeScreen") -> None:
        super().__init__(view, id="size-form")
        self._sheet, self._screen_of = sheet, redraw

    @override
    def heading(self) -> str:
        return f"Size from {NAMES[self._sheet.form.start]}"

    @override
    def footing(self) -> str:
        dot = self.view.glyphs.dot
        return f"< > start {dot} enter edit {dot} t ticket"

    @override
    def struck(self) -> bool:
        return False

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        form = self._sheet.form
        rows: list[Row] = []
        for field in form.fields:
            here = field == form.field
            mark = self.view.glyphs.pointer if here else " "
            text = form.text(field.key)
            shown = f"{text}_" if here and form.editing else text or "-"
            style = "field" if here and form.editing else "strong" if text else "muted"
            rows.append(
                cut(
                    (
                        Cell(mark),
                        left(field.label, LABEL_WIDTH, "muted"),
                        Cell(plain(shown), style),
                    ),
                    width,
                )
            )
        page = self._sheet.page
        if page is None:
            return [*rows, *wrapped(plain(self._sheet.problem), width, "warn")][:height]
        figures = [
            cut((Cell(" "), left(name, LABEL_WIDTH, "muted"), Cell(text)), width)
            for name, text in page.figures
        ]
        return [*rows, (), *figures][:height]

    def on_key(self, event: events.Key) -> None:
        """Type into the field that is edited; all other keys go on to the screen."""
        form = self._sheet.form
        if not form.editing:
            return
        if event.key in ("enter", "escape", "tab"):
            self._screen_of.put(msgspec.structs.replace(form, editing=False))
        elif event.key == "backspace":
            self._screen_of.put(forms.put(form, form.field.key, form.text(form.field.key)[:-1]))
        elif event.is_printable and event.character is not None:
            text = form.text(form.field.key) + event.character
            self._screen_of.put(forms.put(form, form.field.key, text))
        else:
            return
        event.stop()
        event.prevent_default()


class PagePanel(LivePanel, can_focus=True):
    """One part of the page."""

    def __init__(self, view: View, sheet: Sheet, *, id: str) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self._sheet = sheet

    @override
    def heading(self) -> str:
        page = self._sheet.page
        names = {"size-curve": "Growth by stake", "size-stakes": "How much"}
        fan = "Fan" if page is None or not page.fan_of else f"Fan: {page.fan_of}"
        return names.get(self.id or "", fan)

    @override
    def footing(self) -> str:
        page = self._sheet.page
        # Where there is no room for the warnings below the stakes, the first stands in the border.
        return page.warnings[0] if page is not None and self.id == "size-stakes" else ""

    @override
    def struck(self) -> bool:
        return False

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        page = self._sheet.page
        if page is None:
            return [(Cell(" waiting for the fields", "muted"),)]
        match self.id:
            case "size-curve":
                return curve_rows(page, width, height, self.view.glyphs)
            case "size-stakes":
                return stake_rows(page, self._sheet.form.text("stop"), width, height)
            case _:
                return fan_rows(page, width, height)


class SizeScreen(PanelScreen):
    """How much to bet.

    Args:
        session: The engine on show.
        ticket: The order being written: the form starts from it, and gives its quantity back.
    """

    NAME = "size"
    BINDINGS: ClassVar[list[Binding]] = bindings("size")
    AUTO_FOCUS = "#size-form"

    def __init__(self, session: Session, ticket: TicketPanel) -> None:
        view = session.view
        self.sheet = Sheet()
        self._ticket = ticket
        self.form = FormPanel(view, self.sheet, self)
        self.parts = tuple(
            PagePanel(view, self.sheet, id=name)
            for name in ("size-stakes", "size-curve", "size-fan")
        )
        super().__init__(session, (self.form, *self.parts))

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """Narrow: form and stakes above the curve. Else form and curve above, stakes and fan below."""
        if shape == "narrow":
            top, bottom = area.split_horizontal(-min(9, area.height // 2))
            form, curve = top.split_vertical(38)
            return {"size-form": form, "size-curve": curve, "size-stakes": bottom}
        top, bottom = area.split_horizontal(-max(13, area.height * 2 // 5))
        form, curve = top.split_vertical(44)
        stakes, fan = bottom.split_vertical(bottom.width // 2)
        return {"size-form": form, "size-curve": curve, "size-stakes": stakes, "size-fan": fan}

    def on_screen_resume(self) -> None:
        """Take over what stands in the ticket, where nothing was typed here."""
        self.put(forms.prefilled(self.sheet.form, self._known()))

    def put(self, form: Form) -> None:
        """Take a changed form and show what follows from it, at once."""
        self.sheet.take(form)
        for panel in (self.form, *self.parts):
            panel.rebuild()
            panel.retitle()

    def _known(self) -> dict[str, str]:
        frame, draft = self.session.view.newest, self._ticket.draft
        known: dict[str, str] = {}
        if frame is not None:
            known = {"equity": frame.account.equity or "", "entry": frame.book.mid or ""}
        if draft is not None:
            order = {"entry": draft.price, "stop": draft.stop, "target": draft.target}
            known |= {key: text for key, text in order.items() if text}
            known |= {"you": draft.quantity, "stated": draft.edge}
        told = None if self._ticket.preview is None else self._ticket.preview.ticket
        if told is not None and told.edge is not None and told.edge.settled:
            edge = told.edge
            known |= {"won": str(edge.won), "lost": str(edge.settled - edge.won)}
        return known

    # -- keys

    @override
    def action_move(self, rows: int) -> None:
        self.put(forms.moved(self.sheet.form, rows))

    def action_start(self, by: int) -> None:
        """Start from something else."""
        self.put(forms.prefilled(forms.started(self.sheet.form, by), self._known()))

    def action_edit(self) -> None:
        """Edit the field under the mark."""
        self.form.focus()
        self.put(msgspec.structs.replace(self.sheet.form, editing=True))

    async def action_take(self) -> None:
        """Put entry, stop, target and quantity into the ticket; nothing is sent."""
        form = self.sheet.form
        if self._ticket.draft is None:
            self.session.report("no ticket is open: 1, then b or s; nothing was sent", "warn")
            return
        self._ticket.sized(form.text("you"), form.text("stop"), form.text("target"))
        await self.run_action("app.show('trade')")
