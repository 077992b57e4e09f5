"""Positions with their profit and loss, realised and unrealised, and the account's sums."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import (
    amount,
    direction,
    grouped,
    money,
    signed,
    signed_money,
    symbol_of,
)
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.engine.control.messages_facts import PositionFacts

FULL_FROM = 54
"""Inner width from which average, mark and realised have their columns."""
FIGURES = ("qty", "avg", "mark", "open")
"""Columns between the name and what is realised."""


class PositionsPanel(ListPanel[PositionFacts]):
    """Every position of the engine, all accounts and owners."""

    NOTHING: ClassVar[Sequence[str]] = ("No positions.", "b or s opens a ticket.")

    @override
    def items(self) -> Sequence[PositionFacts]:
        return () if self.view.frame is None else self.view.frame.positions

    @override
    def key_of(self, item: PositionFacts) -> str:
        return f"{item.account} {item.owner} {item.instrument}"

    @override
    def heading(self) -> str:
        return "Positions"

    @override
    def footing(self) -> str:
        frame = self.view.frame
        if frame is None:
            return ""
        account, full = frame.account, self.size.width >= FULL_FROM
        decimals = 2 if full else 0
        words = [
            f"realised {signed_money(account.realized_pnl, decimals)}",
            f"open {signed_money(account.unrealized_pnl, decimals)}",
            f"fees {money(account.fees)} {account.currency}",
        ]
        return f" {self.view.glyphs.dot} ".join(words if full else words[:2])

    @override
    def header(self, width: int) -> Row | None:
        if width < FULL_FROM:
            return (
                left("symbol", 9, "title"),
                right("qty", 9, "title"),
                right("open P&L", width - 18, "title"),
            )
        return (
            left("symbol", _name(width), "title"),
            *(right(name, _figure(width), "title") for name in FIGURES),
            right("realised", _last(width), "title"),
        )

    @override
    def line(self, item: PositionFacts, width: int) -> Row:
        name = plain(symbol_of(item.instrument))
        quantity = signed(amount(item.quantity))
        glyphs = self.view.glyphs
        if width < FULL_FROM:
            return (
                left(name, 9, "strong"),
                right(quantity, 9),
                _profit(item.unrealized_pnl, width - 18, glyphs),
            )
        owner = "" if item.owner == "hand" else f" {item.owner}"
        shown, figure = _name(width), _figure(width)
        average = (
            "-" if item.average_price is None else grouped(_short(item.average_price, item.mark))
        )
        return (
            left(f"{name}{plain(owner)}", shown, "strong"),
            right(quantity, figure),
            right(average, figure),
            right("unknown" if item.mark is None else grouped(item.mark), figure),
            _profit(item.unrealized_pnl, figure, glyphs),
            _profit(item.realized_pnl, _last(width), glyphs),
        )


def _figure(width: int) -> int:
    """Return the width of a column of figures."""
    return min(13, max(10, (width - 9) // 5))


def _name(width: int) -> int:
    return max(8, min(20, width - 5 * _figure(width)))


def _last(width: int) -> int:
    return max(9, width - _name(width) - 4 * _figure(width))


def _short(average: str, mark: str | None) -> str:
    """Return an average price with one decimal more than the mark has: it is a quotient, not a price."""
    whole, found, fraction = average.partition(".")
    kept = 2 if mark is None else len(mark.partition(".")[2])
    return f"{whole}.{fraction[:kept]}" if found and kept else whole


def _profit(amount: str | None, width: int, glyphs: Glyphs) -> Cell:
    """Return profit or loss: arrow, sign and colour say the same."""
    sign = direction(amount)
    arrow = {1: glyphs.up, -1: glyphs.down, 0: " "}[sign]
    style = {1: "up", -1: "down", 0: "muted"}[sign]
    return right(f"{arrow}{signed_money(amount)}", width, style)
