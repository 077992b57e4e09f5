"""The card across the screen: the engine is silent, or the terminal too small."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.application import application_of
from tradebot.console.figures import age_text
from tradebot.console.rows import Cell, Row, fit, plain
from tradebot.console.screens.trade.board import HEIGHT_MIN, WIDTH_MIN, shape_of
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_frame import Frame

AGAIN = " Connecting again. If its process is gone: "


class Card(LivePanel):
    """Words that must not be overlooked; F9 goes on working beside it."""

    PERIOD_S: ClassVar[float] = 0.25

    @override
    def struck(self) -> bool:
        """Return False: these words are current."""
        return False

    @override
    def heading(self) -> str:
        width, height = application_of(self).size
        return (
            "TERMINAL TOO SMALL" if shape_of(width, height) == "small" else "ENGINE NOT RESPONDING"
        )

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        columns, lines = application_of(self).size
        if shape_of(columns, lines) == "small":
            return [
                (
                    Cell(
                        fit(
                            f" it is {columns}x{lines}, the screen needs {WIDTH_MIN}x{HEIGHT_MIN}",
                            width,
                        ),
                        "warn",
                    ),
                ),
                (Cell(fit(" F9 and ! still stop trading", width), "text"),),
            ]
        return self._silent(width)

    def _silent(self, width: int) -> Sequence[Row]:
        frame = self.view.newest
        name = "" if frame is None else f" {plain(frame.engine.name)}"
        live = frame is not None and frame.engine.mode.upper().startswith(("LIVE", "BROKER"))
        silence = age_text(self.view.silence_s)
        words = [
            f" ENGINE{name} NOT RESPONDING {silence}. Orders may still work at the venue.",
            " tradebot panic ACCOUNT acts without it." if live else AGAIN + _start(frame),
            f" {plain(self.view.link_problem)}" if self.view.link_problem else "",
        ]
        styles = ("fault", "text", "muted")
        return [(Cell(fit(text, width), style),) for text, style in zip(words, styles, strict=True)]


def _start(frame: Frame | None) -> str:
    """Return the command that starts this engine again."""
    name = "main" if frame is None else plain(frame.engine.name)
    return "tradebot run" if name == "main" else f"tradebot run --name {name}"
