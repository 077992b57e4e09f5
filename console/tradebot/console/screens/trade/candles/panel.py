"""The chart's widget: zoom in columns per candle, own fills drawn in."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import iso_ns, symbol_of
from tradebot.console.rows import Row
from tradebot.console.screens.trade.candles.drawing import SHORT_SPANS, ChartStyle, FillMark, draw
from tradebot.console.screens.trade.ladder.drawing import blank
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_facts import FillFacts
from tradebot.engine.control.messages_frame import Frame

COLUMNS_MAX = 6
"""Widest zoom, columns per candle."""


class CandlePanel(LivePanel, can_focus=True):
    """Candles of the instrument on show."""

    PERIOD_S: ClassVar[float] = 0.5
    OF_MARKET: ClassVar[bool] = True
    STRUCK_STYLE: ClassVar[str] = "muted"  # a line through a chart would be one more line of it

    def __init__(self, view: View, *, id: str = "candles") -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self._per_candle = 1

    def zoom(self, by: int) -> None:
        """Make candles wider (by > 0) or narrower."""
        self._per_candle = min(COLUMNS_MAX, max(1, self._per_candle + by))
        self.rebuild()

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame = self.view.frame
        if frame is None:
            return blank(["waiting for the engine"], height, width)
        if not frame.candles:
            return blank(
                [f"no {frame.candle_span} candle yet: nothing has traded", "t other spans"],
                height,
                width,
            )
        style = ChartStyle(
            self._per_candle,
            frame.instrument.price_decimals,
            frame.candle_span in SHORT_SPANS,
            self.view.glyphs,
            self.view.zone,
        )
        return draw(frame.candles, _fill_marks(frame), width, height, style)

    @override
    def heading(self) -> str:
        frame = self.view.frame
        return (
            "Candles" if frame is None else f"{symbol_of(frame.instrument.id)} {frame.candle_span}"
        )

    @override
    def footing(self) -> str:
        return f"[ ] zoom {self.view.glyphs.dot} t timeframe"


def _fill_marks(frame: Frame) -> list[FillMark]:
    return [_mark(fill) for fill in frame.fills if fill.instrument == frame.instrument.id]


def _mark(fill: FillFacts) -> FillMark:
    return FillMark(iso_ns(fill.ts_event), float(fill.price), fill.side == "buy")
