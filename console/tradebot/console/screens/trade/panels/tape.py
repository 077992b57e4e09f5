"""The tape: every print, newest first, with the side that took."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import brief_amount, clock_text, grouped
from tradebot.console.rows import Cell, Row, right
from tradebot.console.screens.trade.ladder.drawing import blank
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_frame import TradeView

PRICE_WIDTH = 12
QUANTITY_WIDTH = 12
BEFORE_QUANTITY = 11 + PRICE_WIDTH
"""Columns of time, arrow and price: what is left is the quantity's, so that it is never cut."""


class TapePanel(LivePanel, can_focus=True):
    """Prints of the instrument on show."""

    PERIOD_S: ClassVar[float] = 0.1
    OF_MARKET: ClassVar[bool] = True

    @override
    def heading(self) -> str:
        return "Tape"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame = self.view.frame
        if frame is None or not frame.trades:
            return blank(
                ["no trade of the market yet", "8 shows whether its feed is up"],
                height,
                width,
            )
        rows: list[Row] = []
        for trade in frame.trades[:height]:
            rows.append(self._row(trade, width))
            if trade.gap_before:
                rows.append((Cell("  prints were dropped here", "warn"),))
        return rows[:height]

    def _row(self, trade: TradeView, width: int) -> Row:
        glyphs = self.view.glyphs
        arrow, style = {
            1: (glyphs.up, "up"),
            -1: (glyphs.down, "down"),
            0: (glyphs.flat, "text"),
        }[trade.aggressor]
        quantity = brief_amount(trade.quantity)
        return (
            Cell(f"{clock_text(trade.ts, self.view.zone)} ", "muted"),
            Cell(f"{arrow} ", style),
            right(grouped(trade.price), PRICE_WIDTH, style),
            right(quantity, max(1, min(QUANTITY_WIDTH, width - BEFORE_QUANTITY))),
        )
