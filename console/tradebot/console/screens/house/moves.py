"""If the market moves now: what the account gains and loses, stops included, and where the stops live."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import brief_money, direction, symbol_of, unsigned_zero
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, fit, left, plain, right, wrapped
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_house import MovesView

FULL_FROM = 50
MONEY_WIDTH = 11


class MovesPanel(LivePanel, can_focus=True):
    """The account after -10 % and +10 %; enter goes to what protects each position."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def heading(self) -> str:
        wide = self.content_size.width >= FULL_FROM
        return "If the market moves now (stops included)" if wide else "If the market moves now"

    @override
    def footing(self) -> str:
        return "enter protection"

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        house = self.view.lookups.house
        if house is None:
            return wrapped("waiting for the house's books", width, "muted")
        moves = house.moves
        if not moves.positions and moves.down is not None and not direction(moves.down):
            return wrapped("No positions: a move of the market changes nothing.", width, "muted")
        rows = move_rows if width >= FULL_FROM else narrow_rows
        return rows(moves, width, self.view.glyphs)[:height]


def move_rows(moves: MovesView, width: int, glyphs: Glyphs) -> list[Row]:
    """Return the moves in full."""
    asked = (
        ("-10 %", moves.down, moves.down_percent, "stops fill at their price"),
        ("-10 %", moves.down_slipped, moves.down_slipped_percent, "stops slip 5 %"),
        ("+10 %", moves.up, moves.up_percent, ""),
    )
    rows: list[Row] = [
        (
            Cell(f" {name}  ", "muted"),
            *_profit(profit, glyphs, MONEY_WIDTH),
            right(_percent(percent), 10, _style(profit)),
            left(f"   {words}", max(0, width - 8 - MONEY_WIDTH - 10), "muted"),
        )
        for name, profit, percent, words in asked
    ]
    slipped = moves.asymmetry_slipped
    also = "" if slipped is None else f"   ({ratio_text(slipped)} if the stops slip)"
    rows.append(
        (
            Cell(" asymmetry  ", "muted"),
            Cell(asymmetry_text(moves), "strong"),
            Cell(also, "muted"),
        )
    )
    return [*rows, *protection_rows(moves, width)]


def narrow_rows(moves: MovesView, width: int, glyphs: Glyphs) -> list[Row]:
    """Return the moves in four rows: the most urgent word on protection is the last."""
    slipped = moves.asymmetry_slipped
    also = "" if slipped is None else f" ({slipped:.1f} if stops slip)"
    return [
        (
            Cell(" -10 % ", "muted"),
            *_profit(moves.down, glyphs, 9),
            Cell("  slipped ", "muted"),
            *_profit(moves.down_slipped, glyphs, 9),
        ),
        (
            Cell(" +10 % ", "muted"),
            *_profit(moves.up, glyphs, 9),
            right(_percent(moves.up_percent), 9, _style(moves.up)),
        ),
        (
            Cell(" asymmetry ", "muted"),
            Cell(asymmetry_text(moves), "strong"),
            Cell(also, "muted"),
        ),
        narrow_protection(moves, width),
    ]


def protection_rows(moves: MovesView, width: int) -> list[Row]:
    """Return what protects the positions, the worst news first."""
    rows: list[Row] = []
    if moves.why_not:
        rows.append((Cell(fit(f" unknown: {plain(moves.why_not)}", width), "warn"),))
    if moves.unprotected:
        names = _names(moves.unprotected, width - 10)
        rows.append((Cell(fit(f" {names}: NO STOP", width), "fault"),))
    if moves.engine_only:
        held = "stop lives" if len(moves.engine_only) == 1 else "stops live"
        room = width - len(f" : {held} in this engine only")
        words = f" {_names(moves.engine_only, room)}: {held} in this engine only"
        rows.append((Cell(fit(words, width), "warn"),))
    if not moves.positions:
        rows.append((Cell(" No positions yet: orders that work would fill.", "muted"),))
    elif moves.protected == moves.positions:
        count = (
            "the position is" if moves.positions == 1 else f"all {moves.positions} positions are"
        )
        rows.append((Cell(fit(f" {count} protected AT the broker", width), "text"),))
    else:
        words = f" {moves.protected} of {moves.positions} positions are protected AT the broker"
        rows.append((Cell(fit(words, width), "text"),))
    return rows


def narrow_protection(moves: MovesView, width: int) -> Row:
    """Return the worst news on protection."""
    if moves.engine_only and not moves.unprotected and not moves.why_not:
        words = " : stop in this engine only"
        names = _names(moves.engine_only, width - len(words))
        return (Cell(fit(f" {names}{words[1:]}", width), "warn"),)
    return protection_rows(moves, width)[0]


def asymmetry_text(moves: MovesView) -> str:
    """Return what +10 % gains for each unit that -10 % loses; in words where nothing is lost."""
    if moves.asymmetry is None:
        return "-" if moves.down is None else "none: -10 % loses nothing"
    return ratio_text(moves.asymmetry)


def ratio_text(ratio: float) -> str:
    """Return a ratio as `4.4 : 1`."""
    return f"{ratio:.1f} : 1"


def _names(instruments: Sequence[str], room: int) -> str:
    """Return what they are called; where that does not fit, how many there are."""
    names = ", ".join(plain(symbol_of(name)) for name in instruments)
    return names if len(names) <= room else f"{len(instruments)} held"


def _profit(profit: str | None, glyphs: Glyphs, width: int) -> Row:
    """Return a profit with its arrow, exactly `width` cells."""
    if profit is None:
        return (right("unknown", width, "warn"),)
    arrow = {1: glyphs.up, -1: glyphs.down, 0: " "}[direction(profit)]
    return (right(f"{arrow} {brief_money(profit, sign=True)}", width, _style(profit)),)


def _style(profit: str | None) -> str:
    return {1: "up", -1: "down", 0: "text"}[direction(profit)]


def _percent(percent: str | None) -> str:
    return "" if percent is None else f"{unsigned_zero(percent)} %"
