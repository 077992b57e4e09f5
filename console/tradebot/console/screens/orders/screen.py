"""Screen 4, Orders: what was ordered and what became of it, fills, and what ledger and venue disagree on."""

from collections.abc import Callable
from typing import ClassVar, Literal, override

from textual.binding import Binding
from textual.geometry import Region

from tradebot.console.application import application_of
from tradebot.console.figures import short_id, symbol_of, trimmed
from tradebot.console.keys import bindings
from tradebot.console.link.protocol import LinkError
from tradebot.console.rows import plain
from tradebot.console.screens.adoption import adopt, difference_lines
from tradebot.console.screens.orders.life import LifePanel
from tradebot.console.screens.orders.orders import ENDED, OrdersPanel
from tradebot.console.screens.orders.reconcile import ReconcilePanel
from tradebot.console.screens.overlays.amend import Amend
from tradebot.console.screens.overlays.choice import Answer, Choice
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.sleeve_words import with_reason
from tradebot.console.screens.trade.board import Placement, Shape
from tradebot.console.screens.trade.orders import positions_in
from tradebot.console.screens.trade.panels.fills import FillsPanel
from tradebot.console.session import Session
from tradebot.engine.control.messages_facts import DifferenceFacts, OrderFacts
from tradebot.engine.control.messages_orders import AmendRequest

type Tab = Literal["orders", "fills", "reconcile"]
TABS: tuple[Tab, ...] = ("orders", "fills", "reconcile")
ORDERS_ASKED = 300
"""Ended orders that are asked for, the newest."""
LIFE_HEIGHT = 9


class OrdersScreen(PanelScreen):
    """Orders, their lives, fills, Reconcile.

    Args:
        session: The engine on show.
    """

    NAME = "orders"
    BINDINGS: ClassVar[list[Binding]] = bindings("orders")
    AUTO_FOCUS = "#orders"

    def __init__(self, session: Session) -> None:
        view = session.view
        self.orders = OrdersPanel(view, id="orders")
        self.life = LifePanel(view, id="life")
        self.fills = FillsPanel(view, id="fills")
        self.reconcile = ReconcilePanel(view, id="reconcile")
        self.tab: Tab = "orders"
        super().__init__(session, (self.orders, self.life, self.fills, self.reconcile))

    # -- layout

    @override
    def wish(self) -> object:
        return self.tab

    @override
    def lay_out(self, shape: Shape, area: Region) -> Placement:
        """Narrow: the tab, its order's life below. Mid: orders always, the tab beside the life. Wide: all."""
        if shape == "narrow":
            if self.tab == "reconcile":
                return {"reconcile": area}
            top, bottom = area.split_horizontal(-LIFE_HEIGHT)
            return {self.tab: top, "life": bottom}
        top, bottom = area.split_horizontal(area.height // 2)
        if shape == "mid":
            if self.tab == "reconcile":
                return {"orders": top, "reconcile": bottom}
            fills, life = bottom.split_vertical(50)
            return {"orders": top, "fills": fills, "life": life}
        orders, life = top.split_vertical(-80)
        fills, reconcile = bottom.split_vertical(area.width // 2 - 20)
        return {"orders": orders, "life": life, "fills": fills, "reconcile": reconcile}

    # -- questions

    @override
    async def ask(self) -> None:
        link, lookups = self.session.link, self.session.view.lookups
        lookups.orders = await link.orders(ORDERS_ASKED)
        if lookups.life_of is not None and not self._told():
            lookups.life = await link.life(lookups.life_of)

    def _told(self) -> bool:
        """Return whether the life on show is of the wanted order, and over."""
        life = self.session.view.lookups.life
        wanted = self.session.view.lookups.life_of
        return (
            life is not None and life.order.client_order_id == wanted and life.order.state in ENDED
        )

    # -- keys

    def action_tab(self, by: int) -> None:
        """Show the next of Orders, Fills, Reconcile."""
        self.show_tab(TABS[(TABS.index(self.tab) + by) % len(TABS)])

    def show_tab(self, tab: Tab) -> None:
        """Show one of them, and give it the focus."""
        self.tab = tab
        self.maximised = None
        self.place()
        self.query_one(f"#{tab}").focus()

    def action_filter(self) -> None:
        """Show other orders: all, open, done, refused."""
        self.orders.next_filter()

    def action_life(self) -> None:
        """Tell the life of the order, or of the fill's order, under the mark."""
        chosen: str | None = None
        if self.focused is self.fills and self.fills.selected is not None:
            chosen = self.fills.selected.client_order_id
        elif self.orders.selected is not None:
            chosen = self.orders.selected.client_order_id
        if chosen is not None:
            self.session.view.lookups.life_of = chosen
            self.life.select(0)
            self.life.retitle()
            self.run_worker(self._ask_life(chosen), group="life", exclusive=True)

    async def _ask_life(self, client_order_id: str) -> None:
        lookups = self.session.view.lookups
        try:
            lookups.life = await self.session.link.life(client_order_id)
        except LinkError as error:
            lookups.problem = str(error)
            self.session.report(f"life of {short_id(client_order_id)}: {error}", "warn")
        self.session.view.touch()

    def _order(self, verb: str) -> OrderFacts | None:
        """Return the open order under the mark; where there is none, say why nothing is done."""
        order = self.orders.selected
        if not self.may_send():
            return None
        if self.orders.slipped:
            self.session.report(
                f"nothing to {verb}: the order that was selected has just gone", "warn"
            )
            return None
        if order is None:
            self.session.report(f"nothing to {verb}: no orders", "warn")
            return None
        if order.state in ENDED:
            name = short_id(order.client_order_id)
            self.session.report(f"nothing to {verb}: {name} is {order.state}", "warn")
            return None
        return order

    def action_cancel_selected(self) -> None:
        """Cancel the order under the mark; ask first where that takes protection away."""
        order = self._order("cancel")
        if order is None:
            return
        if not order.reduce_only:
            self._cancel(order)
            return
        held = positions_in(self.session.view.newest, order.instrument)
        name = plain(symbol_of(order.instrument))
        what = (
            " and ".join(f"{trimmed(p.quantity)} {name}" for p in held) or f"no position in {name}"
        )
        kind = "stop" if order.trigger_price or order.role == "stop_loss" else "order"
        lines = [f"this {kind} protects {what} and lives at the {order.lives_at}."]
        answers = [Answer("x", "cancel it, leave the position without it")]
        self._choose("CANCEL PROTECTION", lines, answers, lambda _key: self._cancel(order))

    def _cancel(self, order: OrderFacts) -> None:
        what = f"cancel {short_id(order.client_order_id)}"
        self.send(what, self.session.link.cancel(order.client_order_id))

    def action_amend(self) -> None:
        """Open the figures of the order under the mark."""
        order = self._order("amend")
        if order is None:
            return

        def answered(change: AmendRequest | None) -> None:
            if change is not None:
                self.run_worker(self._amend(order, change), group="command")

        overlay = Amend(self.session.view.clock, order)
        application_of(self).push_screen(overlay, answered)

    async def _amend(self, order: OrderFacts, change: AmendRequest) -> None:
        name = short_id(order.client_order_id)
        try:
            answer = await self.session.link.amend(order.client_order_id, change)
        except LinkError as error:
            self.session.report(f"amend {name}: {error}", "error")
            return
        became = "" if answer.order is None else f" {short_id(answer.order.client_order_id)}"
        reason = f": {plain(answer.reason)}" if answer.reason else ""
        ok = answer.outcome == "accepted"
        word = answer.outcome if ok else answer.outcome.upper()
        self.session.report(f"amend {name}:{became} {word}{reason}", "info" if ok else "error")
        self.action_look()

    # -- keys: Reconcile

    def _difference(self) -> DifferenceFacts | None:
        """Return the difference under the mark, where Reconcile is on the screen and this console may send."""
        if not self.may_send():
            return None
        if not self.reconcile.display:
            self.show_tab("reconcile")
        elif self.reconcile.slipped:
            self.session.report(
                "nothing answered: the difference that was selected has just gone", "warn"
            )
        elif self.reconcile.selected is None:
            self.session.report("nothing to answer: no differences", "warn")
        else:
            return self.reconcile.selected
        return None

    def action_adopt(self) -> None:
        """Take the difference in; ask whose it is."""
        item = self._difference()
        if item is not None:
            adopt(self, item)

    def action_ignore(self) -> None:
        """Leave the difference be, for a typed reason."""
        item = self._difference()
        if item is None:
            return
        told = "Ignored it no longer stops new risk, until it changes."
        self._ask_why(
            item,
            "IGNORE",
            "ignore it",
            lambda reason: self._answer(item, "ignore", None, reason),
            told,
        )

    def _ask_why(
        self,
        item: DifferenceFacts,
        title: str,
        does: str,
        then: Callable[[str], None],
        *told: str,
    ) -> None:
        """Ask for the reason that is kept with an answer."""
        with_reason(self, title, [*difference_lines(item), *told], does, then)

    def action_flatten(self) -> None:
        """Close what differs, after a `y`."""
        item = self._difference()
        if item is not None:
            answers = [Answer("y", "close it at the market, or cancel the order")]
            self._choose(
                "FLATTEN", difference_lines(item), answers, lambda _key: self._flatten(item)
            )

    def _flatten(self, item: DifferenceFacts) -> None:
        self._ask_why(
            item,
            "FLATTEN",
            "close it",
            lambda reason: self._answer(item, "flatten", None, reason),
        )

    def action_ask_now(self) -> None:
        """Let the engine ask the venues."""
        self.send("reconcile", self.session.link.reconcile(None))

    def _answer(
        self,
        item: DifferenceFacts,
        answer: Literal["adopt", "ignore", "flatten"],
        owner: str | None,
        reason: str,
    ) -> None:
        asked = self.session.link.answer_difference(item.id, answer, owner, reason)
        self.send(f"{answer} {plain(item.about)}", asked)

    def _choose(
        self, title: str, lines: list[str], answers: list[Answer], then: Callable[[str], None]
    ) -> None:
        def answered(key: str | None) -> None:
            if key is not None:
                then(key)

        choice = Choice(self.session.view.clock, title, lines, answers)
        application_of(self).push_screen(choice, answered)
