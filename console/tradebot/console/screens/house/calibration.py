"""One row: what was said of the bets before, against what came."""

import re
from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.rows import Cell, Row, fit, left, plain, wrapped
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_house import HouseView

NOTHING_SAID = "No edge has been stated with a bet yet: nothing to hold against what came."


class CalibrationRow(LivePanel):
    """The worst of the calibration; with more than one line, how many more."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        house = self.view.lookups.house
        if house is None:
            return [()]
        for worst in house.calibration[:1]:
            others = len(house.calibration) - 1
            more = f"  c {others} more " if others else ""
            room = width - len(more)
            words = plain(worst)
            said = words if len(words) < room else shortened(words)
            return [(left(f" {said}", room), Cell(more, "muted"))]
        return [(Cell(fit(f" {NOTHING_SAID}", width), "muted"),)]


def shortened(line: str) -> str:
    """Return a line of the calibration without what can be left out: its interval, and what sizes no longer use.

    What they use stands at its end, and must not be cut off.
    """
    for long, short in (
        (r" \[[^\]]*\]", ""),
        (r"\. Sizes now use ([0-9.]+), not [0-9.]+\.$", r"; sizes use \1"),
        (r' on the ("[^"]*") bets', r" on \1"),
    ):
        line = re.sub(long, short, line)
    return line


def calibration_rows(house: HouseView | None, width: int) -> list[Row]:
    """Return every line of the calibration, and how sizes use it."""
    lines = () if house is None else house.calibration
    words = (
        "A stated chance counts as five bets; what came counts in full. Sizes use both together."
    )
    said = [row for line in lines or (NOTHING_SAID,) for row in wrapped(plain(line), width)]
    return [*said, (), *wrapped(words, width, "muted")]
