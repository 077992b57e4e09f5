"""Limits as used of cap: figure, bar, word."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, override

from tradebot.console.figures import trimmed
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, left, plain, right
from tradebot.console.screens.trade.panels.risk import NEAR, used_share
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_facts import LimitFacts

NAME_WIDTH = 14
FIGURES_WIDTH = NAME_WIDTH + 10 + 9 + 8
"""Name, used, cap, and the word at the end."""


class LimitsPanel(LivePanel, can_focus=True):
    """Every limit that a screen can show against what is used of it."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def heading(self) -> str:
        return "Limits  used / cap"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame = self.view.frame
        if frame is None:
            return [(Cell(" waiting for the engine", "muted"),)]
        if not frame.limits:
            return [(Cell(" No limits told. tradebot config show says which hold.", "muted"),)]
        return [bar_row(limit, width, self.view.glyphs) for limit in frame.limits][:height]


def bar_row(limit: LimitFacts, width: int, glyphs: Glyphs) -> Row:
    """Return one limit; amber and NEAR from 80 % of its cap, red and FULL from all of it."""
    share = used_share(limit)
    unit = "%" if limit.unit == "%" else ""
    word, style, ink = "", "text", "bid"
    if share is not None and share >= 1:
        word, style, ink = "FULL", "fault", "fault"
    elif share is not None and share >= NEAR:
        word, style, ink = "NEAR", "warn", "warn"
    elif limit.cap is None:
        word, style = "off", "muted"
    elif limit.used is None:
        word, style = "unknown", "warn"
    room = max(3, min(40, width - FIGURES_WIDTH))
    filled = 0 if share is None else int(min(Decimal(room), share * room))
    filled = max(filled, 1) if share else filled
    used = "?" if limit.used is None else f"{trimmed(limit.used)}{unit}"
    cap = "-" if limit.cap is None else f"{trimmed(limit.cap)}{unit}"
    return (
        left(f" {plain(limit.name.replace('_', ' '))}", NAME_WIDTH),
        right(used, 9, style),
        Cell(" "),
        Cell(glyphs.bar_full * filled, ink),
        Cell(glyphs.bar_empty * (room - filled), "muted"),
        right(cap, 9, "muted"),
        left(f" {word}", 8, style),
    )
