"""Own fills, newest first."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import amount, clock_text, grouped, iso_ns, money, symbol_of
from tradebot.console.rows import Cell, Row, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.engine.control.messages_facts import FillFacts

FULL_FROM = 54


class FillsPanel(ListPanel[FillFacts]):
    """What has traded."""

    NOTHING: ClassVar[Sequence[str]] = ("No fills yet.", "b or s opens a ticket.")
    NEWEST_FIRST: ClassVar[bool] = True

    @override
    def items(self) -> Sequence[FillFacts]:
        return () if self.view.frame is None else self.view.frame.fills

    @override
    def key_of(self, item: FillFacts) -> str:
        return item.execution_id

    @override
    def heading(self) -> str:
        return "Fills"

    @override
    def header(self, width: int) -> Row | None:
        if width < FULL_FROM:
            return None
        return (
            left("time", 9, "title"),
            left("symbol", 10, "title"),
            left("side", 5, "title"),
            right("qty", 9, "title"),
            right("price", 11, "title"),
            right("fee", max(6, width - 44), "title"),
        )

    @override
    def line(self, item: FillFacts, width: int) -> Row:
        side = Cell(f"{item.side.upper():<5}", "bid" if item.side == "buy" else "ask")
        quantity, price = amount(item.quantity), grouped(item.price)
        clock = Cell(f"{clock_text(iso_ns(item.ts_event), self.view.zone)} ", "muted")
        if width < FULL_FROM:
            return (clock, side, right(quantity, 7), right(price, max(0, width - 21)))
        fee = f"{money(item.fee, 3)} {plain(item.fee_currency)}"
        return (
            clock,
            left(plain(symbol_of(item.instrument)), 10),
            side,
            right(quantity, 9),
            right(price, 11),
            right(fee, max(6, width - 44), "muted"),
        )
