"""Sleeves: the policies that run, and how each is."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, left, plain, right
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_facts import SleeveFacts


class SleevesPanel(LivePanel, can_focus=True):
    """The sleeves in a panel of their own."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def heading(self) -> str:
        return "Sleeves"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame = self.view.frame
        if frame is None or not frame.sleeves:
            words = ("No sleeves run.", "A sleeve is a policy with money: docs/policies.md")
            return [(Cell(f" {line}"[:width], "muted"),) for line in words][:height]
        return sleeve_rows(frame.sleeves, width, self.view.glyphs)[:height]


def sleeve_rows(sleeves: Sequence[SleeveFacts], width: int, glyphs: Glyphs) -> list[Row]:
    """Return two cells of a sleeve: its name and state, and why where it does not run."""
    rows: list[Row] = []
    for sleeve in sleeves:
        mark, style = {
            "running": (glyphs.live, "text"),
            "paused": (glyphs.gone, "warn"),
            "failed": (glyphs.refused, "fault"),
        }[sleeve.state]
        figures = f"{sleeve.orders} orders {sleeve.fills} fills"
        figures = figures if width >= len(figures) + 22 else f"{sleeve.fills} fills"
        name = f"{mark} {plain(sleeve.name)}"
        state = "" if sleeve.state == "running" else f" {sleeve.state}"
        rows.append(
            (
                left(f"{name}{state}", max(0, width - len(figures)), style),
                right(figures, len(figures), "muted"),
            )
        )
        if sleeve.reason is not None and sleeve.state != "running":
            rows.append((left(f"  {plain(sleeve.reason)}", width, style),))
    return rows
