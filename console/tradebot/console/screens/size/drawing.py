"""A page of the screen Size in rows: stakes, the growth curve with "you" and f*, the fan."""

from typing import TYPE_CHECKING

from tradebot.console.figures import grouped
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, cut, left, right, wrapped

if TYPE_CHECKING:
    from tradebot.engine.research.desk.page import Fan, Page, Stake

NAME_WIDTH = 14
AXIS_WIDTH = 9
FAN_WIDTH = 22
FAN_WIDTH_SHORT = 17


def stake_rows(page: "Page", stop: str, width: int, height: int) -> list[Row]:
    """Return the ways to size side by side: share, what is lost at the stop, quantity; then warnings."""
    with_chance = any(each.chance is not None for each in page.stakes)
    head = [
        left(" utility", NAME_WIDTH, "title"),
        right("share", 8, "title"),
        right("lost at stop", 13, "title"),
        right("quantity", 10, "title"),
        right("growth", 9, "title"),
    ]
    head += [right("target", 7, "title")] if with_chance else []
    rows: list[Row] = [cut(head, width)]
    rows += [cut(_stake(each, with_chance=with_chance), width) for each in page.stakes]
    if stop and page.stakes:
        rows.append(cut((Cell(f" all with the stop at {grouped(stop)}", "muted"),), width))
    for warning in page.warnings:
        rows += wrapped(warning, width, "warn")
    return rows[:height]


def _stake(stake: "Stake", *, with_chance: bool) -> Row:
    style = "strong" if stake.name == "you" else "text"
    growth = f"{stake.growth:+.4f}" if stake.growth > float("-inf") else "ruin"
    cells = [
        left(f" {stake.name}", NAME_WIDTH, style),
        right(f"{stake.share * 100:.2f}%", 8, style),
        right(grouped(f"{stake.lost:.2f}"), 13, style),
        right(f"{stake.quantity:.4f}", 10, style),
        right(growth, 9, "up" if stake.growth > 0.0 else "down" if stake.growth else "muted"),
    ]
    if with_chance:
        cells.append(right("" if stake.chance is None else f"{stake.chance:.2f}", 7, style))
    return tuple(cells)


def curve_rows(page: "Page", width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Return growth by share; a bar of `*` is f*, one of `y` is yours; below 0 money is lost on average."""
    columns, lines = width - AXIS_WIDTH - 2, height - 2
    if not page.curve or columns < 20 or lines < 4:  # noqa: PLR2004  (room for a curve)
        return [(Cell(" no curve without a belief", "muted"),)]
    top = page.curve[-1][0]
    bottom = min(*(y for _, y in page.curve), 0.0)
    peak = max(*(y for _, y in page.curve), 1e-12)
    bottom = max(
        bottom, -2.0 * peak
    )  # what is lost beyond twice the best growth is off the picture
    marks = {round(page.best / top * (columns - 1)): "f*"}
    if page.you is not None:
        marks[min(round(page.you / top * (columns - 1)), columns - 1)] = "you"
    cells: list[list[Cell]] = [[Cell(" ")] * columns for _ in range(lines)]

    def line(y: float) -> int:
        return min(max(round((peak - y) / (peak - bottom) * (lines - 1)), 0), lines - 1)

    cells[line(0.0)] = [Cell(glyphs.line, "muted")] * columns
    for column, name in marks.items():
        for each in cells:
            each[column] = Cell(glyphs.split, "muted" if name == "f*" else "strong")
    for x, y in page.curve:
        if y >= bottom:
            column = round(x / top * (columns - 1))
            cells[line(y)][column] = Cell(glyphs.bar_full, "up" if y > 0.0 else "down")
    labels = {0: f"{peak:.4f}", line(0.0): "0", lines - 1: f"{bottom:.4f}"}
    rows: list[Row] = [
        (right(labels.get(index, ""), AXIS_WIDTH, "muted"), Cell(" "), *each)
        for index, each in enumerate(cells)
    ]
    rows.append(
        (Cell(" " * (AXIS_WIDTH + 1)), Cell(_feet(marks, columns, f"{top * 100:.1f}%"), "muted"))
    )
    you = "" if page.you is None else f"   you {page.you * 100:.2f}%"
    rows.append(cut((Cell(f" f* {page.best * 100:.2f}%{you}   {page.across}", "strong"),), width))
    return rows


def _feet(marks: dict[int, str], columns: int, end: str) -> str:
    """Return the line below the curve: what its marks are, and how far it goes."""
    feet = [" "] * columns
    feet[columns - len(end) :] = end
    for column, name in sorted(marks.items(), reverse=True):
        at = min(column, columns - len(name))
        feet[at : at + len(name)] = name
    return "".join(feet)


def fan_rows(page: "Page", width: int, height: int) -> list[Row]:
    """Return the fan: wealth after so many steps, each quantile with its 95 % interval."""
    if not page.fan:
        return [(Cell(" no fan without a belief", "muted"),)]
    short = width < 8 + 3 * FAN_WIDTH
    head = [right("after", 6, "title")]
    head += [
        right(name, FAN_WIDTH if not short else 9, "title") for name in ("5 %", "median", "95 %")
    ]
    rows: list[Row] = [cut(head, width)]
    rows += [cut(_fan(fan, short=short), width) for fan in page.fan]
    rows += wrapped(
        "multiples of wealth now; in brackets what 1,000 paths leave open", width, "muted"
    )
    return rows[:height]


def _fan(fan: "Fan", *, short: bool) -> Row:
    cells = [right(str(fan.steps), 6, "muted")]
    for (value, low, high), style in zip(
        (fan.low, fan.middle, fan.high), ("down", "strong", "up"), strict=True
    ):
        digits = 2 if short else 3
        bounds = " ".join("-" if each is None else f"{each:.{digits}f}" for each in (low, high))
        room = FAN_WIDTH_SHORT if short else FAN_WIDTH
        cells.append(right(f"{value:.{digits}f} [{bounds}]", room, style))
    return tuple(cells)
