"""Limits: what is used of each, as words, a bar and the bound."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, override

from tradebot.console.figures import trimmed
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, left, plain, right
from tradebot.console.screens.trade.panels.sleeves import sleeve_rows
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_facts import LimitFacts

NEAR = Decimal("0.8")
"""Share of a bound from which it is written in the warning style."""


class RiskPanel(LivePanel, can_focus=True):
    """Limits of the engine, used against bound; sleeves below where they have no panel of their own."""

    PERIOD_S: ClassVar[float] = 0.5

    def __init__(self, view: View, *, id: str = "risk") -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self.with_sleeves = True

    @override
    def heading(self) -> str:
        return "Risk"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame = self.view.frame
        if frame is None:
            return [(Cell(" waiting for the engine", "muted"),)]
        rows = [limit_row(limit, width, self.view.glyphs) for limit in frame.limits]
        if not rows:
            rows = [
                (Cell(" No limits are set.", "muted"),),
                (Cell(" tradebot config show", "muted"),),
            ]
        if self.with_sleeves and frame.sleeves:
            rows += sleeve_rows(frame.sleeves, width, self.view.glyphs)
        return rows[:height]


def used_share(limit: LimitFacts) -> Decimal | None:
    """Return how much of a bound is used, >= 0; None where it is off or unknown."""
    if limit.used is None or limit.cap is None or not Decimal(limit.cap):
        return None
    return max(Decimal(0), abs(Decimal(limit.used)) / abs(Decimal(limit.cap)))


def limit_row(limit: LimitFacts, width: int, glyphs: Glyphs) -> Row:
    """Return one limit: name, used, bar, bound."""
    share = used_share(limit)
    near = share is not None and share >= NEAR
    unit = "%" if limit.unit == "%" else ""
    used = "unknown" if limit.used is None else f"{trimmed(limit.used)}{unit}"
    cap = "off" if limit.cap is None else f"{trimmed(limit.cap)}{unit}"
    bar_width = 12 if width >= 46 else 6  # noqa: PLR2004  (room for a longer bar)
    name_width = max(9, min(20, width - bar_width - 16))
    filled = 0 if share is None else min(bar_width, round(share * bar_width))
    style = "warn" if near else "text"
    return (
        left(plain(limit.name.replace("_", " ")), name_width),
        right(used, 8, style),
        Cell(" "),
        Cell(glyphs.bar_full * filled, "warn" if near else "bid"),
        Cell(glyphs.bar_empty * (bar_width - filled), "muted"),
        right(cap, 7, "muted"),
    )
