"""A bordered panel that rebuilds its rows from the view at its own pace."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, override

from textual.geometry import Size

from tradebot.console.condition import Condition
from tradebot.console.figures import age_text
from tradebot.console.rows import Row, restyled
from tradebot.console.view import View
from tradebot.console.widgets.line import LineWidget

TITLE_PERIOD_S = 0.5
"""Titles repaint the whole panel, so they change at most twice a second."""
KEPT_WHEN_STRUCK = frozenset({"title", "muted", "own-buy", "own-sell", "warn", "fault", "cursor"})
"""Styles that stay when a panel is struck through: words, not market figures."""


class LivePanel(LineWidget):
    """Rows made from the view, at most once per PERIOD_S and only when something changed.

    Args:
        view: What the console knows.
        id: The panel's name in the layout.
    """

    PERIOD_S: ClassVar[float] = 0.2
    STRUCK_STYLE: ClassVar[str] = "stale"
    """What printed figures turn into when they cannot be trusted."""
    KEPT: ClassVar[frozenset[str]] = KEPT_WHEN_STRUCK
    """Styles that stay meanwhile."""
    OF_MARKET: ClassVar[bool] = False
    """Whether its figures are the market's, so that a stale feed strikes them through."""

    def __init__(self, view: View, *, id: str) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(id=id)
        self.view = view
        self._built_s = float("-inf")
        self._titled_s = float("-inf")
        self._seen: tuple[int, Size, bool] | None = None

    @abstractmethod
    def build(self, width: int, height: int) -> Sequence[Row]:
        """Return the rows for a content area of this size."""

    def heading(self) -> str:
        """Return the title in the border, empty for none."""
        return ""

    def footing(self) -> str:
        """Return the subtitle in the border, empty for none."""
        return ""

    def beat(self, now_s: float) -> None:
        """Rebuild if due; called by the frame clock."""
        size = self.content_size
        if not size or now_s - self._built_s < self.PERIOD_S - 0.01:
            return
        condition = self.view.condition
        seen = (self.view.stamp, size, condition.struck)
        if seen != self._seen or not condition.trusted:
            self._seen, self._built_s = seen, now_s
            self.rebuild()
        if now_s - self._titled_s >= TITLE_PERIOD_S:
            self._titled_s = now_s
            self.retitle()

    def rebuild(self) -> None:
        """Rebuild now: a key moved something here."""
        width, height = self.content_size
        if not width or not height:
            return
        rows = self.build(width, height)
        if self.struck():
            rows = [restyled(row, self.STRUCK_STYLE, self.KEPT) for row in rows]
        self.show_rows(rows)

    def retitle(self) -> None:
        """Bring the border's words up to date."""
        condition = self.view.condition
        self.set_class(self.struck(), "-struck")
        title = self.heading()
        if title and self.has_focus:
            title = f"{self.view.glyphs.pointer} {title}"
        mark = self._mark(condition)
        self.border_title = (f"{title} {self.view.glyphs.dot} {mark}" if mark else title) or None
        self.border_subtitle = self.footing() or None

    def struck(self) -> bool:
        """Return whether the figures here are shown struck through."""
        kind = self.view.condition.kind
        return kind == "lost" or (self.OF_MARKET and self.view.condition.struck)

    def _mark(self, condition: Condition) -> str:
        """Return the word in the title that says these figures are not current."""
        if not self.OF_MARKET:
            return ""
        age = "" if condition.feed_age_s is None else f" {age_text(condition.feed_age_s)}"
        marks = {"stale": f"STALE{age}", "down": f"DOWN{age}", "lost": f"STALE{age}"}
        marks |= {"halted": "HALTED"}
        marks |= {"resync": "RESYNC", "ended": "ENDED", "closed": "CLOSED"}
        word = marks.get(condition.kind, "")
        return " ".join(filter(None, (word, "FROZEN" if self.view.frozen else "")))

    def on_resize(self) -> None:
        """Lay the rows out anew."""
        self.rebuild()

    def on_focus(self) -> None:
        """Show the mark of focus at once."""
        self.retitle()
        self.rebuild()

    def on_blur(self) -> None:
        """Take the mark of focus away at once."""
        self.retitle()
        self.rebuild()

    @override
    def notify_style_update(self) -> None:
        """Repaint under the new theme."""
        super().notify_style_update()
        self.refresh()
