"""The ticket's widget: a draft edited in place; enter asks for the review, nothing here sends."""

from collections.abc import Callable, Sequence
from typing import ClassVar, override

import msgspec
from textual import events
from textual.message import Message

from tradebot.console.condition import entry_refusal
from tradebot.console.figures import symbol_of
from tradebot.console.rows import Row, plain, wrapped
from tradebot.console.screens.trade.ticket import draft as drafts
from tradebot.console.screens.trade.ticket.bet import Shown, bet_rows
from tradebot.console.screens.trade.ticket.draft import Draft, Side
from tradebot.console.screens.trade.ticket.wording import draft_row
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_frame import Frame, InstrumentView
from tradebot.engine.control.messages_orders import Preview

PREVIEW_AFTER_S = 0.15
"""Rest after the last change before the engine is asked what the order would cost."""


class TicketPanel(LivePanel, can_focus=True):
    """One order being written. Posts what it wants done; the screen does it."""

    PERIOD_S: ClassVar[float] = 0.1

    class PreviewWanted(Message):
        """The draft has rested: ask the engine about it."""

        def __init__(self, draft: Draft) -> None:
            super().__init__()
            self.draft = draft

    class ReviewWanted(Message):
        """Enter was pressed."""

        def __init__(self, draft: Draft) -> None:
            super().__init__()
            self.draft = draft

    class SizeUnknown(Message):
        """Enter was pressed before the engine has said what quantity the risk comes to."""

    class Closed(Message):
        """The ticket was cleared."""

    def __init__(self, view: View, *, id: str = "ticket") -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self.draft: Draft | None = None
        self.preview: Preview | None = None
        self._asked: Draft | None = None
        self._answered = False
        """Whether `preview` is the answer about the draft as it stands."""
        self._changed_s = float("-inf")
        self._last_quantity: dict[str, str] = {}

    # -- opening and closing

    def open(self, side: Side, price: str | None) -> None:
        """Open at a price (None: the touch), with the quantity last used for this instrument."""
        frame = self.view.newest
        if frame is None:
            return
        name = frame.instrument.id
        if self.draft is not None and self.draft.instrument == name:
            self._set(drafts.with_side(self.draft, side))
        else:
            quantity = self._last_quantity.get(name) or self._one_step(frame)
            self._set(Draft(instrument=name, side=side, quantity=quantity))
        if price is not None or not (self.draft and self.draft.price):
            self.put(price=price or touch_price(frame, side))
        self.focus()

    def put(self, *, quantity: str | None = None, price: str | None = None) -> None:
        """Put figures into the open ticket."""
        if self.draft is not None:
            kept = self.draft
            self._set(
                msgspec.structs.replace(
                    kept, quantity=quantity or kept.quantity, price=price or kept.price, fresh=True
                )
            )

    def sized(self, quantity: str, stop: str, target: str) -> None:
        """Put what was sized into the open ticket; what is empty stays."""
        if self.draft is not None:
            kept = self.draft
            changed = msgspec.structs.replace(
                kept,
                quantity=quantity or kept.quantity,
                risk="" if quantity else kept.risk,
                stop=stop or kept.stop,
                target=target or kept.target,
                fresh=True,
            )
            self._set(changed)

    def clear(self) -> None:
        """Throw the draft away."""
        self.draft = self.preview = self._asked = None
        self._answered = False
        self.rebuild()
        self.retitle()
        self.post_message(self.Closed())

    def sent(self) -> None:
        """Remember the quantity for the next ticket and close this one."""
        if self.draft is not None:
            self._last_quantity[self.draft.instrument] = self.draft.quantity
        self.clear()

    def answered(self, asked: Draft, preview: Preview) -> None:
        """Take the engine's answer, unless the draft has changed since it was asked."""
        if asked is self._asked:
            self.preview, self._answered = preview, True
            self.rebuild()

    @property
    def refusal(self) -> str | None:
        """Why the draft cannot be reviewed now, or None."""
        return None if self.draft is None else refusal_of(self.view, self.draft)

    # -- keys

    def on_key(self, event: events.Key) -> None:
        """Edit the draft; keys the ticket does not know go on to the screen."""
        if self.draft is None:
            return
        if self._edit(self.draft, event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Take the digits of pasted text into the figure; a pasted line end is no enter."""
        event.stop()
        if self.draft is not None:
            self._set(drafts.typed(self.draft, event.text))

    def _edit(self, draft: Draft, event: events.Key) -> bool:
        """Return whether the key was taken."""
        if event.key == "enter":
            self._ask_review(draft)
            return True
        if event.key == "escape":
            self.clear()
            return True
        if event.character is not None and (event.character.isdigit() or event.character == "."):
            self._set(drafts.typed(draft, event.character))
            return True
        change = self._changes().get(event.key)
        if change is None:
            return False
        self._set(change(draft))
        return True

    def _ask_review(self, draft: Draft) -> None:
        """Ask for the review; an order sized by risk becomes the exact quantity that the gate was asked about."""
        if draft.risk and self.preview is not None and self._answered:
            self.post_message(self.ReviewWanted(drafts.sized(draft, self.preview.quantity)))
        elif draft.risk and self.refusal is None:
            self.post_message(self.SizeUnknown())
        else:
            self.post_message(self.ReviewWanted(draft))

    def _changes(self) -> dict[str, Callable[[Draft], Draft]]:
        """Return what each key does to the draft."""
        frame = self.view.newest
        instrument = None if frame is None else frame.instrument
        reference = None if frame is None else frame.book.mid
        changes: dict[str, Callable[[Draft], Draft]] = {
            "tab": lambda d: drafts.moved(d, 1),
            "shift+tab": lambda d: drafts.moved(d, -1),
            "right": lambda d: drafts.moved(d, 1),
            "left": lambda d: drafts.moved(d, -1),
            "backspace": drafts.erased,
            "space": drafts.toggled,
            "up": lambda d: self._up_down(d, 1),
            "down": lambda d: self._up_down(d, -1),
            "b": lambda d: drafts.with_side(d, "buy"),
            "s": lambda d: drafts.with_side(d, "sell"),
            "left_curly_bracket": lambda d: drafts.cycled(d, -1),
            "right_curly_bracket": lambda d: drafts.cycled(d, 1),
            "l": lambda d: drafts.at_field(d, "stop"),
            "t": lambda d: drafts.at_field(d, "target"),
            "e": lambda d: drafts.at_field(d, "edge"),
            "r": lambda d: drafts.at_field(d, "risk"),
        }
        if instrument is not None:
            changes |= _figure_keys(instrument, reference)
        return changes

    def _up_down(self, draft: Draft, by: int) -> Draft:
        frame = self.view.newest
        if frame is None:
            return draft
        if draft.field == "quantity":
            return drafts.stepped(draft, frame.instrument, frame.book.mid, by)
        return (
            drafts.ticked(draft, frame.instrument, by)
            if draft.field in ("price", "stop", "target")
            else drafts.toggled(draft, by)
        )

    def _set(self, draft: Draft) -> None:
        same_order = self.draft is not None and _order(self.draft) == _order(draft)
        self.draft = draft
        if not same_order:
            self._changed_s = self.view.clock.monotonic_s()
            self._asked, self._answered = None, False
        self.rebuild()
        self.retitle()

    def _one_step(self, frame: Frame) -> str:
        step = drafts.quantity_step(frame.instrument, frame.book.mid)
        return f"{step.normalize():f}"

    # -- what it shows

    @override
    def beat(self, now_s: float) -> None:
        """Ask for a preview once the draft has rested."""
        draft = self.draft
        rested = now_s - self._changed_s >= PREVIEW_AFTER_S
        if draft is not None and self._asked is None and rested and self.refusal is None:
            self._asked = draft
            self.post_message(self.PreviewWanted(draft))
        super().beat(now_s)

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        if self.draft is None:
            return wrapped(self._closed_words(), width, "muted")[:height]
        glyphs = self.view.glyphs
        answer = self.preview if self._answered else None
        rows = [draft_row(self.draft, glyphs, open_=self.has_focus, width=width, answer=answer)]
        return [
            *rows,
            *bet_rows(Shown(self.draft, self.preview, self.refusal, self.has_focus), glyphs, width),
        ][:height]

    @override
    def struck(self) -> bool:
        """Return False: what the trader typed is current."""
        return False

    @override
    def heading(self) -> str:
        if self.draft is None:
            return "Ticket"
        words = f"Ticket  {self.draft.side.upper()} {plain(symbol_of(self.draft.instrument))}"
        frame = self.view.newest
        live = frame is not None and frame.engine.mode.upper().startswith("LIVE")
        return f"{words}  REAL MONEY" if live else words

    @override
    def footing(self) -> str:
        if self.draft is None:
            return ""
        dot = self.view.glyphs.dot
        if self.size.width < 100:  # noqa: PLR2004  (the narrow ticket)
            return f"l stop {dot} t target {dot} r risk {dot} e edge {dot} enter review"
        words = "b/s side", "tab field", "l stop", "t target", "r risk", "e edge", "enter review"
        return f" {dot} ".join((*words, "esc clear"))

    def _closed_words(self) -> str:
        if self.view.read_only:
            return "read-only: this console sends nothing"
        refusal = entry_refusal(self.view.condition, self.view.newest, reduce_only=False)
        if refusal:
            return refusal
        frame = self.view.frame
        where = "the ladder's cursor" if frame is None or frame.quote is None else "the touch"
        return f"b buys, s sells at {where}; nothing is sent before the review"


def _order(draft: Draft) -> tuple[object, ...]:
    """Return what of a draft reaches the engine."""
    return (
        draft.instrument,
        draft.side,
        draft.quantity,
        draft.type,
        draft.price,
        draft.tif,
        draft.post_only,
        draft.reduce_only,
        draft.stop,
        draft.target,
        draft.edge,
        draft.risk,
    )


def _figure_keys(
    instrument: InstrumentView, reference: str | None
) -> dict[str, Callable[[Draft], Draft]]:
    return {
        "plus": lambda d: drafts.stepped(d, instrument, reference, 1),
        "minus": lambda d: drafts.stepped(d, instrument, reference, -1),
        "left_square_bracket": lambda d: drafts.ticked(d, instrument, -1),
        "right_square_bracket": lambda d: drafts.ticked(d, instrument, 1),
    }


def refusal_of(view: View, draft: Draft) -> str | None:
    """Return why the gate cannot be asked about a draft now: read-only, no answer, HALTED, or something is missing.

    What else forbids new risk (REDUCING, feed, private stream, clock, reconciliation) the gate says in its own words.
    """
    if view.read_only:
        return "no order: this console is read-only"
    reason = entry_refusal(view.condition, view.newest, reduce_only=True)
    if reason is not None:
        return reason
    request = drafts.request_of(draft, "preview")
    return request if isinstance(request, str) else None


def touch_price(frame: Frame, side: Side) -> str | None:
    """Return the price of the own side's touch: an order there rests."""
    return frame.book.best_bid if side == "buy" else frame.book.best_ask
