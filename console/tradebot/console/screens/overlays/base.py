"""What every overlay has in common: a sheet of rows, a dead time in which no key counts."""

from collections.abc import Sequence
from typing import ClassVar, override

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tradebot.console.clock import Clock
from tradebot.console.rows import Row
from tradebot.console.widgets.line import LineWidget

DEAD_TIME_S = 0.25
"""Keys that arrive this soon after an overlay appeared were meant for what was there before."""


class Sheet(LineWidget, can_focus=True):
    """The sheet of an overlay: as tall as its rows."""

    DEFAULT_CSS = "Sheet { height: auto; }"

    @override
    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, len(self.rows))

    def put(self, rows: Sequence[Row]) -> None:
        """Show rows and take the height they need."""
        changed = len(rows) != len(self.rows)
        self.show_rows(rows)
        if changed:
            self.refresh(layout=True)


class Overlay[T](ModalScreen[T]):
    """A sheet over the screen. Keys are looked up in one place, after the dead time.

    Args:
        clock: For the dead time.
    """

    TITLE_WORDS: ClassVar[str] = ""
    KIND: ClassVar[str] = ""
    """Class of the sheet: empty, `-danger` or `-fault`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._shown_s: float | None = None

    @override
    def compose(self) -> ComposeResult:
        sheet = Sheet(id="sheet")
        sheet.add_class("sheet")
        if self.KIND:
            sheet.add_class(self.KIND)
        yield sheet

    @property
    def sheet(self) -> Sheet:
        """The sheet."""
        return self.query_one("#sheet", Sheet)

    def on_mount(self) -> None:
        """Draw the sheet, then start the dead time once it has been painted."""
        self.sheet.border_title = self.heading() or None
        self.redraw()
        self.sheet.focus()
        self.call_after_refresh(self._appeared)

    def heading(self) -> str:
        """Return the words in the border."""
        return self.TITLE_WORDS

    def redraw(self) -> None:
        """Lay out the sheet's rows anew; nothing once the overlay is on its way out."""
        # A resize and a key that closes the overlay may come together: the redraw then finds no sheet any more.
        for sheet in self.query(Sheet):
            sheet.put(self.rows(sheet.content_size.width or 72))

    def on_resize(self) -> None:
        """Lay out for another width."""
        self.call_after_refresh(self.redraw)

    def rows(self, width: int) -> Sequence[Row]:
        """Return the sheet's rows."""
        raise NotImplementedError

    async def press(self, key: str) -> None:
        """Do what a key means here; called only after the dead time."""
        raise NotImplementedError

    @property
    def awake(self) -> bool:
        """Whether the dead time is over."""
        shown = self._shown_s
        return shown is not None and self._clock.monotonic_s() - shown >= DEAD_TIME_S

    async def on_key(self, event: events.Key) -> None:
        """Look a key up; escape always works, function keys go on to the application."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key != "f9":
            event.stop()
            if self.awake:
                await self.press(event.key)

    def on_paste(self, event: events.Paste) -> None:
        """Drop pasted text: it never sends anything."""
        event.stop()

    def _appeared(self) -> None:
        self._shown_s = self._clock.monotonic_s()
        self.redraw()
        self.set_timer(DEAD_TIME_S, self.redraw)
