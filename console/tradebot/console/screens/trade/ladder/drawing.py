"""The ladder's rows: orders, bids, price, asks, orders; a bar behind each size that never shifts a digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tradebot.console.figures import grouped
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import EMPTY, Cell, Row, fit, left, right
from tradebot.console.screens.trade.ladder.axis import Axis
from tradebot.console.screens.trade.ladder.depth import Depth
from tradebot.engine.control.messages_frame import BookView

ORDER_WIDTH = 7
PRICE_WIDTH_MIN = 12
QUANTITY_DECIMALS_MAX = 5
"""Finer digits of a book's size say nothing at a glance."""
HEADER_ROWS = 1
FOOTER_ROWS = 1


@dataclass(frozen=True)
class Columns:
    """Widths of the five columns; together exactly the panel's width."""

    order: int
    size: int
    price: int
    spare: int
    """Cells left over at the right edge."""


@dataclass(frozen=True)
class Marks:
    """What the trader put on the ladder."""

    cursor: int | None
    """Step of the cursor."""
    focused: bool
    changed: frozenset[tuple[str, int]]
    """(`bid` or `ask`, step) whose size changed a moment ago: bold, never a flash of colour."""


def columns(width: int, price_chars: int) -> Columns:
    """Return the columns for a panel width and the longest price."""
    price = max(PRICE_WIDTH_MIN, price_chars + 2)
    size = max(1, (width - 2 * ORDER_WIDTH - price) // 2)
    return Columns(ORDER_WIDTH, size, price, max(0, width - 2 * ORDER_WIDTH - price - 2 * size))


def price_rows(height: int) -> int:
    """Return how many prices fit into a panel of this inner height."""
    return max(1, height - HEADER_ROWS - FOOTER_ROWS)


def draw(
    depth: Depth, book: BookView, axis: Axis, marks: Marks, width: int, glyphs: Glyphs
) -> Sequence[Row]:
    """Return header, one row per price from the top of the axis down, and the row of spread and mid.

    Args:
        depth: The book in steps.
        book: The book as it came, for spread, mid and the bid side's share.
        axis: Which step stands in which row.
        marks: Cursor and changes.
        width: Inner width of the panel, cells.
        glyphs: The alphabet.
    """
    cols = columns(width, len(grouped(depth.price_text(axis.top))))
    largest = _largest(depth, axis)
    rows = [_header(cols)]
    rows += [
        _price_row(depth, axis.step_at(y), marks, largest, cols, glyphs) for y in range(axis.height)
    ]
    rows.append(_summary(depth, book, axis, width, glyphs))
    return rows


def blank(message: Sequence[str], height: int, width: int) -> Sequence[Row]:
    """Return a panel's rows with a short message in its middle instead of a book."""
    first = max(0, (height - len(message)) // 2)
    rows: list[Row] = [EMPTY] * height
    for y, line in enumerate(message):
        if first + y < height:
            rows[first + y] = (Cell(fit(line, width).center(width), "muted"),)
    return rows


def size_text(quantity: Decimal, decimals: int, width: int) -> str:
    """Return a size in at most `width` cells, dropping decimals before digits."""
    for kept in range(min(decimals, QUANTITY_DECIMALS_MAX), -1, -1):
        text = f"{quantity:,.{kept}f}"
        if len(text) <= width:
            return text
    return fit(f"{quantity:.0f}", width)


def _header(cols: Columns) -> Row:
    return (
        right("ORD", cols.order, "title"),
        right("BID", cols.size, "title"),
        Cell("PRICE".center(cols.price), "title"),
        left("ASK", cols.size, "title"),
        right("ORD", cols.order, "title"),
        Cell(" " * cols.spare),
    )


def _largest(depth: Depth, axis: Axis) -> Decimal:
    shown = range(axis.top - axis.height + 1, axis.top + 1)
    sizes = [depth.bids.get(step) or depth.asks.get(step) or Decimal(0) for step in shown]
    return max(sizes, default=Decimal(0))


def _price_row(
    depth: Depth, step: int, marks: Marks, largest: Decimal, cols: Columns, glyphs: Glyphs
) -> Row:
    here = step == marks.cursor
    at_touch = step in (depth.touch.bid, depth.touch.ask)
    mark = (
        glyphs.here if here and marks.focused else glyphs.average if step == depth.average else " "
    )
    price = f"{grouped(depth.price_text(step)).rjust(cols.price - 2)}{mark} "
    cells = [
        _own(depth.own_buys.get(step), "+", "own-buy", cols.order),
        *_bids(depth, step, largest, cols.size, marks),
        Cell(price, "strong" if at_touch else "text"),
        *_asks(depth, step, largest, cols.size, marks),
        _own(depth.own_sells.get(step), "-", "own-sell", cols.order),
        Cell(" " * cols.spare),
    ]
    return tuple(_under_cursor(cell) for cell in cells) if here else tuple(cells)


def _under_cursor(cell: Cell) -> Cell:
    """Return the cell on the cursor's ground; bars and own orders keep theirs."""
    keeps = "-bar" in cell.style or "own" in cell.style
    return cell if keeps else Cell(cell.text, f"{cell.style} cursor")


def _own(quantity: Decimal | None, sign: str, style: str, width: int) -> Cell:
    if quantity is None:
        return Cell(" " * width)
    text = size_text(quantity, QUANTITY_DECIMALS_MAX, width - 1).rstrip("0").rstrip(".") or "0"
    return right(f"{sign}{text}", width, style)


def _bar_cells(quantity: Decimal, largest: Decimal, width: int) -> int:
    return 0 if not largest else min(width, round(quantity / largest * width))


def _bids(depth: Depth, step: int, largest: Decimal, width: int, marks: Marks) -> tuple[Cell, Cell]:
    quantity = depth.bids.get(step)
    if quantity is None:
        return Cell(" " * width), Cell("")
    text = size_text(quantity, depth.quantity_decimals, width - 1).rjust(width)
    bar = _bar_cells(quantity, largest, width)
    bold = " strong bid" if ("bid", step) in marks.changed else ""
    return Cell(text[: width - bar], f"bid{bold}"), Cell(text[width - bar :], f"bid{bold} bid-bar")


def _asks(depth: Depth, step: int, largest: Decimal, width: int, marks: Marks) -> tuple[Cell, Cell]:
    quantity = depth.asks.get(step)
    if quantity is None:
        return Cell(" " * width), Cell("")
    text = size_text(quantity, depth.quantity_decimals, width - 1).ljust(width)
    bar = _bar_cells(quantity, largest, width)
    bold = " strong ask" if ("ask", step) in marks.changed else ""
    return Cell(text[:bar], f"ask{bold} ask-bar"), Cell(text[bar:], f"ask{bold}")


def _summary(depth: Depth, book: BookView, axis: Axis, width: int, glyphs: Glyphs) -> Row:
    """Return the row of spread, mid and share; an arrow leads when the market is off the screen."""
    parts: list[str] = []
    if book.spread is not None:
        parts.append(f"spread {grouped(book.spread)}")
    if book.mid is not None:
        parts.append(f"mid {grouped(book.mid)}")
    if book.bid_share is not None:
        parts.append(f"bid {book.bid_share * 100:.0f}%")
    if not parts:
        return (Cell("no bids and no asks".center(width), "muted"),)
    text = f" {glyphs.line * 2} ".join(parts)
    text = f"{_edge(depth, axis, glyphs)} {text} "
    return (Cell(fit(text.center(width, glyphs.line), width), "muted"),)


def _edge(depth: Depth, axis: Axis, glyphs: Glyphs) -> str:
    middle = depth.touch.middle
    if middle is None or axis.row_of(middle) is not None:
        return ""
    return f" {glyphs.more_above} c" if middle > axis.top else f" {glyphs.more_below} c"
