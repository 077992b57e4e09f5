"""The review: the exact order, what it costs, what the gate says; only `y` sends, once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol, override

from tradebot.console.clock import Clock
from tradebot.console.figures import money, short_id
from tradebot.console.glyphs import Glyphs
from tradebot.console.link.protocol import LinkDown, LinkRefused
from tradebot.console.rows import Cell, Row, fit, named, plain
from tradebot.console.screens.overlays.base import Overlay
from tradebot.console.screens.trade.ticket.bet import (
    after_words,
    edge_words,
    odds_words,
    risk_words,
)
from tradebot.console.screens.trade.ticket.wording import (
    binding_words,
    order_words,
    where_words,
)
from tradebot.engine.control.messages_orders import OrderAnswer, OrderRequest, Preview, Verdict

type Stage = Literal["asking", "ready", "refused", "sending", "done", "failed"]
"""From the question to the gate to the answer of the venue."""

NAME_WIDTH = 12


class OrderDesk(Protocol):
    """What the review needs of the engine."""

    async def preview(self, request: OrderRequest) -> Preview:
        """Ask what an order would cost."""
        ...

    async def place(self, request: OrderRequest) -> OrderAnswer:
        """Send the order."""
        ...


class Review(Overlay[OrderAnswer]):
    """One order on its way. Dismissed with the engine's answer once it was sent, else None.

    Args:
        clock: For the dead time and how long the answer took.
        desk: Where the question and the order go.
        request: The order; its request id was made for this review, so that two sends are one order.
        where: Mode and account in words.
        glyphs: The alphabet.
        refusal: Asked right before sending: why it may not be sent now, or None.
    """

    KIND = "-danger"

    def __init__(
        self,
        clock: Clock,
        desk: OrderDesk,
        request: OrderRequest,
        where: str,
        glyphs: Glyphs,
        refusal: Callable[[], str | None],
    ) -> None:
        super().__init__(clock)
        self._desk = desk
        self._request = request
        self._where = where
        self._glyphs = glyphs
        self._refusal = refusal
        self._preview: Preview | None = None
        self._answer: OrderAnswer | None = None
        self._problem: str | None = None
        self.stage: Stage = "asking"
        self._took_ms = 0.0

    @override
    def heading(self) -> str:
        return f"REVIEW  {self._request.side.upper()}  {plain(self._request.instrument)}  {self._where}"

    @override
    def on_mount(self) -> None:
        """Show the order at once and ask the gate about exactly this one."""
        super().on_mount()
        self._start(self._ask())

    @override
    def rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = [(Cell(fit(f" {order_words(self._request)}", width), "strong"),), ()]
        if self._preview is not None:
            rows += _cost_rows(self._preview, width)
            rows += verdict_rows(self._preview.verdicts, self._glyphs, width)
            rows.append(())
        return [*rows, *self._ending(width)]

    @override
    async def press(self, key: str) -> None:
        if key == "y" and self.stage == "ready":
            reason = self._refusal()
            if reason is None:
                self._start(self._send())
            else:
                self._problem, self.stage = reason, "refused"
                self.redraw()
        elif key == "enter" and self.stage in ("done", "failed", "refused"):
            self.dismiss(self._answer)

    def _start(self, work: Awaitable[None]) -> None:
        self.run_worker(work, exclusive=True, group="review")

    async def _ask(self) -> None:
        """Ask the gate; without its yes there is no `y`."""
        try:
            self._preview = await self._desk.preview(self._request)
            self.stage = "ready" if self._preview.ok else "refused"
        except (LinkDown, LinkRefused) as error:
            self._problem, self.stage = str(error), "refused"
        self.redraw()

    async def _send(self) -> None:
        """Send; silence afterwards means unknown, never a silent second try."""
        self.stage = "sending"
        self.redraw()
        since_s = self._clock.monotonic_s()
        try:
            self._answer = await self._desk.place(self._request)
        except LinkRefused as error:
            self._answer = OrderAnswer(outcome="denied", order=None, reason=str(error))
        except LinkDown as error:
            self._answer = OrderAnswer(outcome="unknown", order=None, reason=str(error))
        self._took_ms = (self._clock.monotonic_s() - since_s) * 1000
        if self._answer.outcome == "accepted":
            self.stage = "done"
            self.dismiss(self._answer)
        else:
            self.stage = "failed"
            self.redraw()

    def _ending(self, width: int) -> Sequence[Row]:
        """Return the last lines: what can be pressed, or what came of it."""
        back = (Cell("  esc ", "warn"), Cell("go back, send nothing"))
        match self.stage:
            case "asking":
                return [(Cell(" asking the risk gate", "muted"),), back]
            case "ready":
                style = "warn" if self.awake else "muted"
                return [(Cell("    y ", style), Cell("send this order", "strong")), back]
            case "sending":
                return [(Cell(" sending", "strong"),)]
            case "refused":
                reason = self._problem or "the risk gate refuses this order"
                text = fit(f" {self._glyphs.refused} not sent: {plain(reason)}", width)
                return [
                    (Cell(text, "fault"),),
                    (Cell("  esc ", "warn"), Cell("back to the ticket")),
                ]
            case "done" | "failed":
                return [
                    *answer_rows(self._answer, self._glyphs, width),
                    (Cell("  esc ", "warn"), Cell("close")),
                ]


def answer_rows(answer: OrderAnswer | None, glyphs: Glyphs, width: int) -> list[Row]:
    """Return what became of an order."""
    if answer is None:
        return []
    reason = plain(answer.reason or "no reason given")
    name = "" if answer.order is None else f" {short_id(answer.order.client_order_id)}"
    words = {
        "accepted": (f" {glyphs.ok} accepted{name}", "ok"),
        "rejected": (f" {glyphs.refused} REJECTED by the venue: {reason}", "fault"),
        "denied": (f" {glyphs.refused} DENIED by the risk gate: {reason}", "fault"),
        "unknown": (f" {glyphs.gone} UNKNOWN, reconciling{name}: {reason}", "fault"),
    }
    text, style = words[answer.outcome]
    rows: list[Row] = [(Cell(fit(text, width), style),)]
    if answer.outcome == "unknown":
        rows.append(
            (Cell(fit(" It may be at the venue. The engine asks; do not send it again.", width)),)
        )
    return rows


def verdict_rows(verdicts: Sequence[Verdict], glyphs: Glyphs, width: int) -> list[Row]:
    """Return the gate's answer: every objection in full, what passed in short, so that `y` stays in sight."""
    rows = [verdict_row(plain(v.text), glyphs, width, ok=False) for v in verdicts if not v.ok]
    passed = [
        # A size that passes says its figures, which stand above already.
        plain(verdict.code.replace("_", " ") if "%" in verdict.text else verdict.text)
        for verdict in verdicts
        if verdict.ok
    ]
    lines: list[str] = []
    for name in passed:
        if lines and len(lines[-1]) + len(name) + 3 <= width - 4:
            lines[-1] += f" · {name}"
        else:
            lines.append(name)
    return rows + [verdict_row(text, glyphs, width, ok=True) for text in lines]


def verdict_row(text: str, glyphs: Glyphs, width: int, *, ok: bool) -> Row:
    """Return one line of the gate's answer."""
    mark = Cell(f" {glyphs.ok if ok else glyphs.refused} ", "ok" if ok else "fault")
    return (mark, Cell(fit(text, width - 3), "text" if ok else "fault"))


def _cost_rows(preview: Preview, width: int) -> list[Row]:
    percent = (
        "" if preview.notional_percent is None else f"   {preview.notional_percent}% of equity"
    )
    currency = plain(preview.currency)
    lines = [
        ("notional", f"{money(preview.notional)} {currency}{percent}"),
        ("price", where_words(preview) or "no market to compare with"),
        ("fee", f"about {money(preview.fee)} {currency}"),
        (
            "risk",
            "unknown" if preview.risk is None else f"{money(preview.risk)} {currency} at worst",
        ),
        ("largest now", binding_words(preview)),
    ]
    if preview.ticket is not None:
        bet = preview.ticket
        held = "" if bet.held == "0" else " with what is held"
        lines[3:4] = [("at its stop", risk_words(bet) + held), ("the bet", odds_words(bet))]
        lines += [("your edge", edge_words(bet)), ("after it", after_words(bet))]
    rows: list[Row] = []
    for name, text in lines:
        rows += named(name, text, width, NAME_WIDTH + 2)
    return rows
