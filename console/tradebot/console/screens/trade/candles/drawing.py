"""Candles in box-drawing characters: thin wicks, heavy bodies, half a cell of resolution, a volume row, two axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from math import ceil, floor, log10

from tradebot.console.figures import clock_text
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import EMPTY, Cell, Row
from tradebot.engine.control.messages_frame import CandleView

ROWS_FOR_VOLUME = 9
"""Inner height from which volume gets its rows."""
VOLUME_ROWS = 2
LABEL_EVERY_ROWS = 4
TIME_LABEL_WIDTH = 5
TIME_LABEL_GAP = 14
WICK, BODY = 1, 2
SECOND_NS = 1_000_000_000
SHORT_SPANS = ("1s", "5s", "15s")
"""Spans whose times need seconds to differ."""


@dataclass(frozen=True)
class FillMark:
    """An own fill to be drawn into the chart."""

    ts: int
    price: float
    buy: bool


@dataclass(frozen=True)
class ChartStyle:
    """How to draw."""

    per_candle: int
    """Columns per candle, >= 1."""
    decimals: int
    """Of the price labels."""
    seconds: bool
    """Whether times carry seconds."""
    glyphs: Glyphs
    zone: tzinfo = UTC


@dataclass(frozen=True)
class Scale:
    """From a price to half cells counted from the top."""

    low: float
    high: float
    rows: int

    def half(self, price: float) -> int:
        """Return the half cell of a price, in [0, 2 * rows - 1]."""
        span = self.high - self.low
        share = 0.5 if span <= 0 else (self.high - price) / span
        return min(2 * self.rows - 1, max(0, round(share * (2 * self.rows - 1))))


def draw(
    candles: Sequence[CandleView],
    fills: Sequence[FillMark],
    width: int,
    height: int,
    style: ChartStyle,
) -> Sequence[Row]:
    """Return the chart's rows: candles with price labels at the right, volume, times.

    Args:
        candles: Oldest first.
        fills: Own fills in any order.
        width: Inner width, cells.
        height: Inner height, cells.
        style: How to draw.
    """
    labels = _label_width(candles, style)
    shown = list(candles[-max(1, (width - labels) // style.per_candle) :])
    volume_rows = VOLUME_ROWS if height >= ROWS_FOR_VOLUME else 0
    chart_rows = height - volume_rows - 1
    if not shown or chart_rows < 1 or width < labels + style.per_candle:
        return [EMPTY] * height
    scale = Scale(min(c.low for c in shown), max(c.high for c in shown), chart_rows)
    grid = _grid(shown, scale, style)
    _mark_fills(grid, shown, fills, scale, style)
    plot_width = len(shown) * style.per_candle
    pad = " " * (width - labels - plot_width)
    tags = _price_tags(shown[-1], scale, labels, style)
    rows = [(Cell(pad), *_merged(line), tags[y]) for y, line in enumerate(grid)]
    rows += [
        (Cell(pad), *_merged(line), Cell(" " * labels))
        for line in _volume(shown, volume_rows, style)
    ]
    return [*rows, _times(shown, pad, width, style)]


def nice_step(span: float, count: int) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that divides `span` into at most `count` parts."""
    rough = span / max(1, count)
    if rough <= 0:
        return 1.0
    power = 10.0 ** floor(log10(rough))
    return next((m * power for m in (1, 2, 5) if m * power >= rough), 10 * power)


def _label_width(candles: Sequence[CandleView], style: ChartStyle) -> int:
    top = max((c.high for c in candles), default=0.0)
    return len(f"{top:,.{style.decimals}f}") + 1


def _style_of(candle: CandleView) -> str:
    return "up" if candle.close >= candle.open else "down"


def _grid(shown: Sequence[CandleView], scale: Scale, style: ChartStyle) -> list[list[Cell]]:
    """Return one cell per column and row."""
    lead = style.per_candle // 2
    blank = Cell(" ")
    grid: list[list[Cell]] = [[] for _ in range(scale.rows)]
    for candle in shown:
        halves = _halves(candle, scale)
        for y, line in enumerate(grid):
            glyph = style.glyphs.candle[3 * halves[2 * y] + halves[2 * y + 1]]
            cells = [blank] * style.per_candle
            cells[lead] = Cell(glyph, _style_of(candle))
            line.extend(cells)
    return grid


def _halves(candle: CandleView, scale: Scale) -> list[int]:
    """Return what stands in each half cell of a column: nothing, wick or body."""
    halves = [0] * (2 * scale.rows)
    for index in range(scale.half(candle.high), scale.half(candle.low) + 1):
        halves[index] = WICK
    top, bottom = max(candle.open, candle.close), min(candle.open, candle.close)
    for index in range(scale.half(top), scale.half(bottom) + 1):
        halves[index] = BODY
    return halves


def _mark_fills(
    grid: list[list[Cell]],
    shown: Sequence[CandleView],
    fills: Sequence[FillMark],
    scale: Scale,
    style: ChartStyle,
) -> None:
    """Put the own fills into the columns of their candles."""
    for fill in fills:
        column = _column_at(shown, fill.ts)
        if column is not None and scale.low <= fill.price <= scale.high:
            glyph = style.glyphs.buy_mark if fill.buy else style.glyphs.sell_mark
            x = column * style.per_candle + style.per_candle // 2
            grid[scale.half(fill.price) // 2][x] = Cell(glyph, "strong")


def _column_at(shown: Sequence[CandleView], ts: int) -> int | None:
    """Return the index of the candle an instant falls into, None before the first."""
    found = None
    for index, candle in enumerate(shown):
        if candle.ts_open > ts:
            break
        found = index
    return found


def _price_tags(last: CandleView, scale: Scale, width: int, style: ChartStyle) -> list[Cell]:
    """Return the price labels, one cell per row; the last price is always there and bold."""
    tags = [Cell(" " * width)] * scale.rows
    step = nice_step(scale.high - scale.low, scale.rows // LABEL_EVERY_ROWS)
    number = ceil(scale.low / step)
    while scale.high > scale.low and number * step <= scale.high:
        text = f"{number * step:,.{style.decimals}f}"
        tags[scale.half(number * step) // 2] = Cell(text.rjust(width), "muted")
        number += 1
    text = f"{last.close:,.{style.decimals}f}"
    tags[scale.half(last.close) // 2] = Cell(text.rjust(width), f"strong {_style_of(last)}")
    return tags


def _volume(shown: Sequence[CandleView], rows: int, style: ChartStyle) -> list[list[Cell]]:
    """Return the volume bars, tallest at full height."""
    levels = len(style.glyphs.volume)
    largest = max((c.volume for c in shown), default=0.0)
    lines: list[list[Cell]] = [[] for _ in range(rows)]
    for candle in shown:
        share = 0.0 if largest <= 0 else candle.volume / largest
        eighths = round(share * levels * rows)
        for y, line in enumerate(lines):
            level = min(levels, max(0, eighths - (rows - 1 - y) * levels))
            cells = [Cell(" ")] * style.per_candle
            if level:
                cells[style.per_candle // 2] = Cell(style.glyphs.volume[level - 1], "muted")
            line.extend(cells)
    return lines


def _times(shown: Sequence[CandleView], pad: str, width: int, style: ChartStyle) -> Row:
    """Return the time axis: a label under the candle it belongs to, never closer than a gap."""
    line = list(style.glyphs.line * width)
    free = 0
    for index, candle in enumerate(shown):
        x = len(pad) + index * style.per_candle
        label = f" {clock_text(candle.ts_open, style.zone, seconds=style.seconds)} "
        if x >= free and x + len(label) <= width:
            line[x : x + len(label)] = label
            free = x + TIME_LABEL_GAP + len(label)
    return (Cell("".join(line), "muted"),)


def _merged(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells with neighbours of one style joined: fewer segments to write."""
    merged: list[Cell] = []
    for cell in cells:
        if merged and merged[-1].style == cell.style:
            merged[-1] = Cell(merged[-1].text + cell.text, cell.style)
        else:
            merged.append(cell)
    return merged
