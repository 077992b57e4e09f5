"""The game: where equity stands between floor and target, and the chance of the target first."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import brief_money, chance_text
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, fit, plain, spread, wrapped
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_house import GameView

FULL_FROM = 50
"""Inner width from which floor, equity and target stand above the bar, and the chances say what they assume."""
NO_GAME = (
    "No objective is set: a target to reach before a floor."
    " Without one there is no chance to show. o says how to set it."
)


class GamePanel(LivePanel, can_focus=True):
    """Target before floor."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def heading(self) -> str:
        house = self.view.lookups.house
        game = None if house is None else house.game
        if game is None:
            return "The game"
        since = f", since {plain(game.since)}" if game.since and self._wide() else ""
        return f"The game: {plain(game.text)}{since}"

    @override
    def footing(self) -> str:
        return "o objective"

    def _wide(self) -> bool:
        return self.content_size.width >= FULL_FROM

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        house = self.view.lookups.house
        if house is None:
            return wrapped("waiting for the house's books", width, "muted")
        if house.game is None:
            return wrapped(NO_GAME, width, "muted")[:height]
        rows = game_rows if width >= FULL_FROM else narrow_rows
        return rows(house.game, width, self.view.glyphs)[:height]


def game_rows(game: GameView, width: int, glyphs: Glyphs) -> list[Row]:
    """Return the game in seven rows: figures, bar, what the chances assume, what they rest on."""
    low, high = ("floor ", "target ")
    start = (Cell(f" {low}", "muted"), Cell(brief_money(game.floor)))
    end = (Cell(high, "muted"), Cell(f"{brief_money(game.target)} "))
    coin = chance_cell(game.coin, glyphs, "text")
    rows = [
        spread(start, end, width),
        (Cell("  "), *bar(game, max(3, width - 4), glyphs)),
        (Cell(" now ", "muted"), Cell(now_text(game), "strong")),
        (Cell(" chance of the target first", "title"),),
        (Cell("   "), coin, Cell("  with no edge at all (the coin-flip line)", "muted")),
    ]
    words, style = (
        (f"  with your edge: {plain(game.why_not) or 'unknown'}", "muted")
        if game.chance is None
        else (f"  {interval_text(game.low, game.high)} with the edge your bets have shown", "text")
    )
    mine = chance_cell(game.chance, glyphs, "strong")
    rows.append((Cell("   "), mine, Cell(fit(words, width - 7), style)))
    until = f"; deadline {plain(game.deadline)} not counted in" if game.deadline else ""
    rows.append((Cell(fit(f" {game.settled} bets settled{until}", width), "muted"),))
    return rows


def narrow_rows(game: GameView, width: int, glyphs: Glyphs) -> list[Row]:
    """Return the game in four rows."""
    floor, target = brief_money(game.floor), brief_money(game.target)
    room = max(3, width - len(floor) - len(target) - 4)
    coin = chance_cell(game.coin, glyphs, "text")
    mine = (
        Cell(fit(plain(game.why_not) or "unknown", width - 12), "muted")
        if game.chance is None
        else Cell(f"{chance_text(game.chance)} {interval_text(game.low, game.high)}", "strong")
    )
    return [
        (
            Cell(f" {floor} ", "muted"),
            *bar(game, room, glyphs),
            Cell(f" {target}", "muted"),
        ),
        (Cell(" now       ", "muted"), Cell(now_text(game), "strong")),
        (
            Cell(" no edge   ", "muted"),
            coin,
            Cell(" the coin-flip line", "muted"),
        ),
        (Cell(" your edge ", "muted"), mine),
    ]


def now_text(game: GameView) -> str:
    """Return equity; in words where the game is over or equity unknown."""
    if game.now is None:
        return "unknown: a part of it has no price"
    if game.place is not None and game.place >= 1:
        return f"{brief_money(game.now)}: the target is reached"
    if game.place is not None and game.place <= 0:
        return f"{brief_money(game.now)}: the floor is reached"
    return brief_money(game.now)


def bar(game: GameView, width: int, glyphs: Glyphs) -> Row:
    """Return the bar from floor to target; the marker's place is the coin-flip chance. No marker: unknown."""
    inner = max(1, width - 2)
    start, end = Cell(glyphs.rail_start, "muted"), Cell(glyphs.rail_end, "muted")
    if game.place is None:
        return (start, Cell(glyphs.line * inner, "muted"), end)
    at = marker_at(game.place, inner)
    return (
        start,
        Cell(glyphs.line * at, "bid"),
        Cell(glyphs.live, "strong"),
        Cell(glyphs.line * (inner - at - 1), "muted"),
        end,
    )


def marker_at(place: float, cells: int) -> int:
    """Return which of the bar's cells the marker stands in; `place` in [0, 1], `cells` >= 1."""
    return min(cells - 1, max(0, round(place * (cells - 1))))


def chance_cell(chance: float | None, glyphs: Glyphs, style: str) -> Cell:
    """Return a chance in four cells."""
    if chance is None:
        return Cell(f"{glyphs.dash:<4}", "warn")
    return Cell(chance_text(chance), style)


def interval_text(low: float | None, high: float | None) -> str:
    """Return an interval, empty where it is unknown."""
    return "" if low is None or high is None else f"[{low:.2f}, {high:.2f}]"
