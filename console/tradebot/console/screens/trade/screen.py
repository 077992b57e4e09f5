"""Screen 1, Trade: which panels there are, where they stand, and what each key does."""

from typing import ClassVar, override

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from tradebot.console.application import application_of
from tradebot.console.keys import bindings
from tradebot.console.link.protocol import SPANS, LinkError, StateQuery
from tradebot.console.screens.overlays.jump import Jump
from tradebot.console.screens.trade.board import RIGHT_COLUMNS, Wish, arrange, shape_of
from tradebot.console.screens.trade.candles.panel import CandlePanel
from tradebot.console.screens.trade.ladder.panel import LadderPanel
from tradebot.console.screens.trade.orders import OrderParts, TradeOrders
from tradebot.console.screens.trade.panels.card import Card
from tradebot.console.screens.trade.panels.event_line import EventLine
from tradebot.console.screens.trade.panels.fills import FillsPanel
from tradebot.console.screens.trade.panels.key_line import KeyLine
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.screens.trade.panels.positions import PositionsPanel
from tradebot.console.screens.trade.panels.quote import QuotePanel
from tradebot.console.screens.trade.panels.risk import RiskPanel
from tradebot.console.screens.trade.panels.sleeves import SleevesPanel
from tradebot.console.screens.trade.panels.status_row import StatusRow
from tradebot.console.screens.trade.panels.tape import TapePanel
from tradebot.console.screens.trade.panels.watch import WatchPanel, WatchStrip
from tradebot.console.screens.trade.panels.working import WorkingPanel
from tradebot.console.screens.trade.steps import coarser_or_finer
from tradebot.console.screens.trade.ticket.panel import TicketPanel
from tradebot.console.session import Session
from tradebot.console.widgets.panel import LivePanel

UNBORDERED = ("status", "watch-strip", "events", "keys")
ROWS_BLOCK = 20
"""The engine is asked for price levels in blocks, so that a resize storm does not reopen the stream each time."""
ROWS_MAX = 200


class TradeScreen(Screen[None]):
    """The market, the orders, the ticket.

    Args:
        session: The engine on show.
    """

    BINDINGS: ClassVar[list[Binding]] = bindings("trade")
    AUTO_FOCUS = "#ladder"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        view = session.view
        self.ladder = LadderPanel(view)
        self.candles = CandlePanel(view)
        self.working = WorkingPanel(view, id="working")
        self.watch_list = WatchPanel(view, id="watch")
        self.risk = RiskPanel(view)
        self.ticket = TicketPanel(view)
        self.panels: tuple[LivePanel, ...] = (
            StatusRow(view, id="status"),
            WatchStrip(view, id="watch-strip"),
            Card(view, id="card"),
            self.watch_list,
            SleevesPanel(view, id="sleeves"),
            self.ladder,
            QuotePanel(view, id="quote"),
            self.candles,
            TapePanel(view, id="tape"),
            self.risk,
            PositionsPanel(view, id="positions"),
            self.working,
            FillsPanel(view, id="fills"),
            self.ticket,
            EventLine(view, id="events"),
            KeyLine(view, id="keys"),
        )
        self.orders = TradeOrders(self, session, OrderParts(self.ladder, self.working, self.ticket))
        self._maximised: str | None = None
        self._column = 0
        self._wish: Wish | None = None

    @override
    def compose(self) -> ComposeResult:
        with Container(id="board"):
            for panel in self.panels:
                if panel.id not in UNBORDERED:
                    panel.add_class("bordered")
                yield panel

    # -- layout

    def on_mount(self) -> None:
        """Lay out for the size there is."""
        self.place()

    def on_resize(self) -> None:
        """Lay out for another size."""
        self.place(force=True)

    def place(self, *, force: bool = False) -> None:
        """Give every panel its region, if the wish has changed or `force` says so."""
        view = self.session.view
        sleeves = view.frame is not None and bool(view.frame.sleeves)
        lost = view.condition.kind == "lost"
        quote = self._quote_form
        wish = Wish(self._maximised, self._column, card=lost, sleeves=sleeves, quote=quote)
        if wish == self._wish and not force:
            return
        turned = self._wish is not None and self._wish.quote != quote
        self._wish = wish
        placed = arrange(self.size.width, self.size.height, wish)
        for panel in self.panels:
            region = placed.get(panel.id or "")
            panel.display = region is not None
            if region is not None:
                panel.styles.offset = (region.x, region.y)
                panel.styles.width = region.width
                panel.styles.height = region.height
        self.risk.with_sleeves = "sleeves" not in placed
        if turned:
            self.ladder.clear_cursor()
            if self.focused in (None, self.ladder, self.candles):
                self._home.focus()
        self._ask_for_rows()

    @property
    def _quote_form(self) -> bool:
        """Whether the engine says that the instrument on show has no depth."""
        frame = self.session.view.frame
        return frame is not None and frame.quote is not None

    @property
    def _home(self) -> LivePanel:
        """Return the panel that keys are for where no other is asked for."""
        return self.candles if self._quote_form else self.ladder

    def _ask_for_rows(self) -> None:
        needed = -(-max(1, self.size.height) // ROWS_BLOCK) * ROWS_BLOCK
        self._ask(rows=min(ROWS_MAX, max(2 * ROWS_BLOCK, needed)))

    def beat(self, now_s: float) -> None:
        """Bring every visible panel up to date; called by the frame clock."""
        self.place()
        self._pin_step()
        for panel in self.panels:
            if panel.display:
                panel.beat(now_s)

    def _pin_step(self) -> None:
        """Keep the step the engine chose: chosen anew for each frame it would move the ladder's rows."""
        frame, query = self.session.view.newest, self.session.view.query
        if (
            frame is not None
            and query.step is None
            and query.instrument in (None, frame.instrument.id)
        ):
            self._ask(step=frame.book.step)

    # -- keys: the market

    def action_move(self, rows: int) -> None:
        """Move in the focused panel; the ladder where none takes it, without one the working orders."""
        focused = self.focused
        if isinstance(focused, ListPanel):
            focused.move(rows)
        elif self._quote_form:
            self.working.move(rows)
        elif isinstance(focused, LadderPanel) or focused is None:
            self.ladder.move(rows)
            order = self.ladder.order_at_cursor()
            if order is not None:
                self.working.select_order(order.client_order_id)

    def action_centre(self) -> None:
        """Centre the ladder."""
        if not self._lacks_ladder():
            self.ladder.centre()

    def _lacks_ladder(self) -> bool:
        """Return whether there is no ladder, and say why."""
        if self._quote_form:
            self.session.report("no ladder here: the venue shows no depth of this symbol", "warn")
        return self._quote_form

    def action_step(self, by: int) -> None:
        """Ask for a coarser or finer price step."""
        frame = self.session.view.newest
        if frame is not None and not self._lacks_ladder():
            self._ask(step=coarser_or_finer(frame.instrument, frame.book.step, by))

    def action_zoom(self, by: int) -> None:
        """Make the candles wider or narrower."""
        self.candles.zoom(by)

    def action_span(self) -> None:
        """Ask for the next candle span."""
        at = SPANS.index(self.session.view.query.span)
        self._ask(span=SPANS[(at + 1) % len(SPANS)])

    def action_symbol(self, by: int) -> None:
        """Show the next or previous symbol of the watch list."""
        frame = self.session.view.newest
        if frame is None or not frame.watch:
            return
        names = [item.instrument for item in frame.watch]
        at = names.index(frame.instrument.id) if frame.instrument.id in names else 0
        self.show(names[(at + by) % len(names)])

    def show(self, instrument: str) -> None:
        """Show an instrument, at the step the engine chooses."""
        self.ladder.clear_cursor()
        self._ask(instrument=instrument, step=None)

    def key_enter(self) -> None:
        """Show the symbol under the mark of the watch list."""
        if self.focused is self.watch_list and self.watch_list.selected is not None:
            self.show(self.watch_list.selected.instrument)

    def _ask(self, **changes: str | int | None) -> None:
        query: StateQuery = msgspec.structs.replace(self.session.view.query, **changes)
        self.session.ask_for(query)

    # -- keys: the screen

    def action_cycle(self, by: int) -> None:
        """Show the next panels beside the ladder, where they do not all fit."""
        if shape_of(*self.size) == "narrow":
            self._column = (self._column + by) % len(RIGHT_COLUMNS)
            self.place()

    def action_maximise(self) -> None:
        """Show the focused panel alone, or all again."""
        focused = self.focused
        if self._maximised is not None:
            self._maximised = None
        elif isinstance(focused, LivePanel) and focused is not self.ticket:
            self._maximised = focused.id
        self.place()

    def action_back(self) -> None:
        """Leave what is open, one thing at a time: maximised panel, freeze, toasts and focus."""
        if self._maximised is not None:
            self.action_maximise()
        elif self.session.view.frozen:
            self.action_freeze()
        else:
            application_of(self).clear_notifications()
            self._home.focus()

    def action_jump(self) -> None:
        """Go to a panel by its letter."""
        shown = frozenset(panel.id or "" for panel in self.panels if panel.display)
        overlay = Jump(self.session.view.clock, shown)
        application_of(self).push_screen(overlay, self._jumped)

    def _jumped(self, panel: str | None) -> None:
        if panel is not None:
            self.query_one(f"#{panel}").focus()

    def action_freeze(self) -> None:
        """Hold or release the picture."""
        view = self.session.view
        view.freeze(on=not view.frozen)

    # -- keys: orders (what they do stands in orders.py)

    def action_ticket(self, side: str) -> None:
        """Open the ticket."""
        self.orders.open_ticket("buy" if side == "buy" else "sell")

    def action_cancel_selected(self) -> None:
        """Cancel the selected order."""
        self.orders.cancel_selected()

    def action_cancel_all(self) -> None:
        """Cancel all orders of this instrument."""
        self.orders.cancel_all()

    def action_flatten(self) -> None:
        """Close this instrument's position."""
        self.orders.flatten()

    def on_ladder_panel_refused(self, event: LadderPanel.Refused) -> None:
        """Say why a click was not taken."""
        self.session.report(event.reason, "warn")

    def on_ticket_panel_closed(self) -> None:
        """Give the focus back to the market."""
        self._home.focus()

    def on_ticket_panel_review_wanted(self, event: TicketPanel.ReviewWanted) -> None:
        """Open the review."""
        self.orders.review(event.draft)

    def on_ticket_panel_size_unknown(self) -> None:
        """Say that the quantity is not known yet."""
        self.session.report(
            "no quantity yet: the engine has not said what the risk comes to", "warn"
        )

    async def on_ticket_panel_preview_wanted(self, event: TicketPanel.PreviewWanted) -> None:
        """Ask the engine what the draft would cost, without holding up the keys."""
        self.run_worker(self._preview(event), exclusive=True, group="preview")

    async def _preview(self, event: TicketPanel.PreviewWanted) -> None:
        try:
            await self.orders.preview(event.draft)
        except LinkError as error:
            self.session.report(f"preview: {error}", "warn")
