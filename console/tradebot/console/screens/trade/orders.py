"""What the order keys of the Trade screen do: open, review, cancel, flatten; and every reason not to."""

import uuid
from collections.abc import Coroutine
from typing import NamedTuple

from textual.screen import Screen

from tradebot.console.application import application_of
from tradebot.console.commands.words import OrderWords
from tradebot.console.condition import entry_refusal
from tradebot.console.figures import short_id, symbol_of, trimmed
from tradebot.console.rows import plain
from tradebot.console.screens.overlays.choice import Answer, Choice
from tradebot.console.screens.overlays.review import Review
from tradebot.console.screens.trade.board import HEIGHT_MIN, WIDTH_MIN
from tradebot.console.screens.trade.ladder.panel import LadderPanel
from tradebot.console.screens.trade.panels.working import WorkingPanel
from tradebot.console.screens.trade.ticket.draft import Draft, Side, request_of
from tradebot.console.screens.trade.ticket.panel import TicketPanel, refusal_of, touch_price
from tradebot.console.screens.trade.ticket.wording import order_words
from tradebot.console.session import Session
from tradebot.engine.control.messages_facts import OrderFacts, PositionFacts
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_orders import OrderAnswer

READ_ONLY = "not sent: this console was opened with --read-only"


class OrderParts(NamedTuple):
    """The panels of the screen that order keys work on."""

    ladder: LadderPanel
    working: WorkingPanel
    ticket: TicketPanel


class TradeOrders:
    """The order keys.

    Args:
        screen: The screen they work on, for overlays and workers.
        session: The engine.
        parts: The panels they read and open.
    """

    def __init__(self, screen: Screen[None], session: Session, parts: OrderParts) -> None:
        self._screen = screen
        self._session = session
        self._ladder, self._working, self._ticket = parts

    def may_send(self) -> bool:
        """Return whether this console may send; where not, say why."""
        if self._session.view.read_only:
            self._session.report(READ_ONLY, "warn")
            return False
        return True

    # -- the ticket

    def open_ticket(self, side: Side) -> None:
        """Open the ticket at the ladder's cursor, unless no order may be entered now."""
        view = self._session.view
        refusal = entry_refusal(view.condition, view.newest, reduce_only=True)
        if not self.may_send():
            return
        if not self._ticket.display:
            refusal = f"no ticket in a terminal this small: it needs {WIDTH_MIN}x{HEIGHT_MIN}"
        if refusal is not None:
            self._session.report(refusal, "warn")
            return
        self._ticket.open(side, self._ladder.cursor_price)

    async def preview(self, draft: Draft) -> None:
        """Ask the engine what a draft would cost and hand the answer to the ticket."""
        request = request_of(draft, f"preview-{uuid.uuid4().hex}")
        if not isinstance(request, str):
            self._ticket.answered(draft, await self._session.preview(request))

    def review(self, draft: Draft) -> None:
        """Open the review of a draft; here the order gets its request id."""
        refusal = refusal_of(self._session.view, draft)
        request = request_of(draft, f"c-{uuid.uuid4().hex}")
        if not self.may_send():
            return
        if refusal is not None or isinstance(request, str):
            self._session.report(refusal or str(request), "warn")
            return
        view = self._session.view
        frame = view.newest
        where = "" if frame is None else frame.engine.mode.upper()

        def refused_now() -> str | None:
            return entry_refusal(view.condition, view.newest, reduce_only=draft.reduce_only)

        def finished(answer: OrderAnswer | None) -> None:
            self._reviewed(order_words(request), answer)

        review = Review(view.clock, self._session, request, where, view.glyphs, refused_now)
        application_of(self._screen).push_screen(review, finished)

    def review_words(self, words: OrderWords) -> None:
        """Open the review of an order that was typed out; without a price it rests at the touch."""
        frame = self._session.view.newest
        price = words.price
        if price is None and frame is not None:
            price = touch_price(frame, words.side)
        self.review(
            Draft(
                instrument=words.instrument,
                side=words.side,
                quantity=words.quantity,
                price=price or "",
                stop=words.stop or "",
            )
        )

    def _reviewed(self, words: str, answer: OrderAnswer | None) -> None:
        """Say what became of an order; one that went out closes the ticket."""
        if answer is None:
            return
        name = "" if answer.order is None else f"{short_id(answer.order.client_order_id)} "
        reason = f": {plain(answer.reason)}" if answer.reason else ""
        word = answer.outcome if answer.outcome == "accepted" else answer.outcome.upper()
        level = "info" if answer.outcome == "accepted" else "error"
        self._session.report(f"{name}{words} {word}{reason}", level)
        if answer.outcome in ("accepted", "unknown"):
            self._ticket.sent()

    # -- cancels: they lower risk, so they are asked only where they take protection away

    def cancel_selected(self) -> None:
        """Cancel the order under the ladder's cursor, else the one marked in the list."""
        if not self.may_send():
            return
        at_cursor = self._ladder.order_at_cursor() if self._ladder.has_focus else None
        order = at_cursor or self._working.selected
        if at_cursor is None and self._working.slipped:
            self._session.report(
                "nothing cancelled: the order that was selected has just gone", "warn"
            )
        elif order is None:
            self._session.report("nothing to cancel: no working orders", "warn")
        elif order.reduce_only:
            self._ask_about_protection(order)
        else:
            self._run(self._cancel(order))

    def cancel_all(self) -> None:
        """Cancel all orders of the instrument on show."""
        frame = self._session.view.newest
        if frame is not None and self.may_send():
            name = frame.instrument.id
            what = f"cancel all {symbol_of(name)}"
            self._run(self._session.command(what, self._session.link.cancel_all(name, None)))

    def _ask_about_protection(self, order: OrderFacts) -> None:
        name = plain(symbol_of(order.instrument))
        lines = [
            f"{short_id(order.client_order_id)} {order.side.upper()} {trimmed(order.quantity)} {name} is reduce-only:",
            f"this protects {self._held(order.instrument)} and lives at the {order.lives_at}.",
        ]

        def answered(key: str | None) -> None:
            if key == "x":
                self._run(self._cancel(order))

        answers = [Answer("x", "cancel it, leave the position without it")]
        choice = Choice(self._session.view.clock, "CANCEL PROTECTION", lines, answers)
        application_of(self._screen).push_screen(choice, answered)

    async def _cancel(self, order: OrderFacts) -> None:
        what = f"cancel {short_id(order.client_order_id)}"
        await self._session.command(what, self._session.link.cancel(order.client_order_id))

    def _held(self, instrument: str) -> str:
        held = positions_in(self._session.view.newest, instrument)
        name = plain(symbol_of(instrument))
        return (
            " and ".join(f"{trimmed(p.quantity)} {name}" for p in held) or f"no position in {name}"
        )

    # -- flatten

    def flatten(self) -> None:
        """Close the position of the instrument on show, after a `y`."""
        frame = self._session.view.newest
        if frame is not None:
            self.flatten_instrument(frame.instrument.id)

    def flatten_instrument(self, name: str) -> None:
        """Close the position of an instrument, after a `y`."""
        if not self.may_send():
            return
        held = positions_in(self._session.view.newest, name)
        if not held:
            self._session.report(f"nothing to flatten: no position in {symbol_of(name)}", "warn")
            return
        lines = [flatten_words(position) for position in held]
        lines.append(
            "Working orders that add risk are cancelled; the position is closed at the market."
        )

        def answered(key: str | None) -> None:
            if key == "y":
                what = f"flatten {symbol_of(name)}"
                self._run(self._session.command(what, self._session.link.flatten(name)))

        answers = [Answer("y", f"close {plain(symbol_of(name))} now")]
        choice = Choice(self._session.view.clock, f"FLATTEN {plain(name)}", lines, answers)
        application_of(self._screen).push_screen(choice, answered)

    def _run[T](self, work: Coroutine[None, None, T]) -> None:
        """Do the work beside the keys; two commands may be under way at once."""
        self._screen.run_worker(work, group="command", exit_on_error=True)


def positions_in(frame: Frame | None, instrument: str) -> list[PositionFacts]:
    """Return the positions in an instrument that are not flat, over all accounts and owners."""
    known = [] if frame is None else frame.positions
    return [p for p in known if p.instrument == instrument and p.quantity.strip("-0.")]


def flatten_words(position: PositionFacts) -> str:
    """Return a position about to be closed in one line."""
    name = plain(symbol_of(position.instrument))
    mark = "unknown" if position.mark is None else position.mark
    return f"{trimmed(position.quantity)} {name} of {position.owner} in {position.account}, mark {mark}"
