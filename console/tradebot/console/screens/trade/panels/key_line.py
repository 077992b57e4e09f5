"""The last row: the screens, at most eight keys of this one, the kill switch; a click does what the key does."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, override

from textual import events

from tradebot.console.condition import entry_refusal
from tradebot.console.key import Key
from tradebot.console.keys import FOOTERS, NAV, key_of
from tradebot.console.rows import Cell, Row, spread
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel


class Target(NamedTuple):
    """What a click up to a column does."""

    until: int
    action: str


class KeyLine(LivePanel):
    """Keys that can be pressed now; those that would be refused are shown quiet.

    Args:
        view: What the console knows.
        id: The panel's name in the layout.
        screen: The screen it stands on.
    """

    PERIOD_S: ClassVar[float] = 0.5

    def __init__(self, view: View, *, id: str, screen: str = "trade") -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self._screen_name = screen
        self._targets: list[Target] = []

    @override
    def struck(self) -> bool:
        """Return False: keys work in every state."""
        return False

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame = self.view.frame
        ladder = frame is None or frame.quote is None
        names = (name for name in FOOTERS[self._screen_name] if ladder or name != "centre")
        keys = [key_of(name) for name in names]
        end = Cell(f" {keys[-1].shown} or ! {keys[-1].label} ", "badge-warn")
        room = width - len(end.text) - 1
        parts = self._nav(room) + [(self._cells(key), key.action) for key in keys[:-1]]
        start: list[Cell] = []
        self._targets = []
        used = 0
        for cells, action in parts:
            used += sum(len(cell.text) for cell in cells)
            if used > room:
                break
            start += cells
            self._targets.append(Target(used, action))
        row = spread(start, (end,), width)
        return [tuple(Cell(c.text, "bar") if c.style == "text" else c for c in row)]

    def _nav(self, room: int) -> list[tuple[tuple[Cell, ...], str]]:
        """Return the screens, the one on show in brackets, what waits behind its name; closer where room is scarce."""
        close = room < sum(len(digit) + len(word) + 2 for digit, word, _ in NAV)
        parts: list[tuple[tuple[Cell, ...], str]] = []
        for digit, word, name in NAV:
            here = name == self._screen_name
            before, after = ("[", "]") if here else (" ", "" if close else " ")
            waits = waiting_differences(self.view) if name == "orders" else 0
            cells = [Cell(before, "bar"), Cell(digit, "key")]
            cells.append(Cell(word, "strong bar" if here else "bar"))
            if waits:
                cells.append(Cell(f"!{waits}", "badge-warn"))
            parts.append(((*cells, Cell(after, "bar")), f"app.show('{name}')"))
        return parts

    def _cells(self, key: Key) -> tuple[Cell, Cell]:
        off = key.sends and self._refused(key)
        shown = key.shown.split(" ", maxsplit=1)[0]
        return (
            Cell(f" {shown}", "muted bar" if off else "key"),
            Cell(f" {key.label}", "muted bar" if off else "bar"),
        )

    def _refused(self, key: Key) -> bool:
        if self.view.read_only:
            return True
        entering = key.id in ("buy", "sell")
        refusal = entry_refusal(self.view.condition, self.view.newest, reduce_only=True)
        return entering and refusal is not None

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        for target in self._targets:
            if event.x < target.until:
                await self._do(target.action)
                return
        width = self.content_size.width
        end = len(self.rows[0][-1].text) if self.rows and self.rows[0] else 0
        if event.x >= width - end:
            await self._do(key_of(FOOTERS[self._screen_name][-1]).action)

    async def _do(self, action: str) -> None:
        await self.run_action(action if action.startswith("app.") else f"screen.{action}")


def waiting_differences(view: View) -> int:
    """Return how many differences nobody has answered; 0 before the first frame."""
    frame = view.newest
    return 0 if frame is None else sum(1 for d in frame.differences if d.answer is None)
