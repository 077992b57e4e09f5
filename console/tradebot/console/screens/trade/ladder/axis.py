"""The ladder's price axis: locked, so that a row keeps its price until the trader or a quiet moment moves it."""

from dataclasses import dataclass

RECENTRE_AFTER_S = 2.0
"""Without a key or the mouse for this long the ladder may recentre by itself."""
KEEP_SHARE = 0.6
"""While the touch stays in this middle share of the rows nothing moves."""


@dataclass(frozen=True)
class Touch:
    """Best bid and ask in steps of the axis; None where a side is empty."""

    bid: int | None
    ask: int | None

    @property
    def middle(self) -> int | None:
        """The step nearest to the middle of the market, None without a market."""
        known = [side for side in (self.bid, self.ask) if side is not None]
        return None if not known else (min(known) + max(known)) // 2


@dataclass(frozen=True)
class Axis:
    """Which step stands in which row: row y shows step `top - y`."""

    top: int
    height: int
    """Rows, >= 1."""

    def step_at(self, y: int) -> int:
        """Return the step shown in row y."""
        return self.top - y

    def row_of(self, step: int) -> int | None:
        """Return the row that shows a step, None when it is off the screen."""
        y = self.top - step
        return y if 0 <= y < self.height else None

    def scrolled_to(self, step: int) -> "Axis":
        """Return the axis moved just far enough to show a step."""
        if step > self.top:
            return Axis(step, self.height)
        bottom = self.top - self.height + 1
        return self if step >= bottom else Axis(step + self.height - 1, self.height)


def centred(touch: Touch, height: int) -> Axis | None:
    """Return an axis with the middle of the market in its middle row, None without a market."""
    middle = touch.middle
    return None if middle is None else Axis(middle + height // 2, height)


def wants_recentre(axis: Axis, touch: Touch, idle_s: float) -> bool:
    """Return whether the axis should move by itself now.

    Args:
        axis: The axis on the screen.
        touch: The market in steps.
        idle_s: Since the last key or mouse event, s.
    """
    middle = touch.middle
    if middle is None or idle_s < RECENTRE_AFTER_S:
        return False
    margin = axis.height * (1 - KEEP_SHARE) / 2
    y = axis.top - middle
    return not margin <= y < axis.height - margin


def resized(axis: Axis, height: int) -> Axis:
    """Return the axis for another number of rows, its middle step kept."""
    middle = axis.top - axis.height // 2
    return Axis(middle + height // 2, height)
