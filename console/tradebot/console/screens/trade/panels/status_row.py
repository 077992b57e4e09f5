"""Row 0: which mode, how much money, how far from the peak, is the feed alive, what time."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.condition import Condition
from tradebot.console.figures import (
    age_text,
    chance_text,
    clock_text,
    date_text,
    direction,
    money,
    signed_money,
    unsigned_zero,
    zone_text,
)
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, cut, plain, width_of
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_frame import AccountView, Frame, HandView
from tradebot.engine.core.types import SECOND

FULLEST = 3
"""Wordings of the row: 0 the shortest to this, the fullest."""


class StatusRow(LivePanel):
    """Always there, in every size, also below 80x24."""

    PERIOD_S: ClassVar[float] = 0.25

    @override
    def struck(self) -> bool:
        """Return False: this row says in words what is old."""
        return False

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        return [status_row(self.view, width)]


def status_row(view: View, width: int) -> Row:
    """Return row 0: the fullest wording that fits."""
    frame, condition, glyphs = view.frame, view.condition, view.glyphs
    if frame is None:
        words = f" waiting for the engine  {view.silence_s:.0f} s"
        return _filled((Cell(" tradebot ", "badge"), Cell(words, "bar")), (), width)
    for detail in range(FULLEST, -1, -1):
        start = (*_badges(frame, view, detail), *_account(frame, glyphs, detail))
        end = _feed(frame, condition, view, detail)
        if width_of(start) + width_of(end) < width:
            return _filled(start, end, width)
    badges, end = _badges(frame, view, 0), _feed(frame, condition, view, 0)
    parts = (
        _equity(frame.account, glyphs, 0),
        _chance(frame, glyphs, 0),
        _bounds(frame.account, 0),
    )
    start = badges
    for part in parts:
        if width_of(start) + width_of(part) + width_of(end) < width:
            start = (*start, *part)
    return _filled(start, end, width)


def _filled(start: Row, end: Row, width: int) -> Row:
    gap = width - width_of(start) - width_of(end)
    if gap < 0:
        return cut(start, width)
    return (*start, Cell(" " * gap, "bar"), *end)


def _badges(frame: Frame, view: View, detail: int) -> Row:
    """Return the mode, the market, and every state that holds orders back."""
    engine = frame.engine
    mode = engine.mode.upper()
    market = f" {plain(engine.market)}" if detail and engine.market else ""
    badge = "badge-live" if mode.startswith("LIVE") else "badge"
    cells = [Cell(f" {mode}{market} ", badge)]
    if frame.trading_state != "ACTIVE":
        style = "badge-fault" if frame.trading_state == "HALTED" else "badge-warn"
        reason = f" {plain(frame.reason)[:24]}" if detail > 1 and frame.reason else ""
        cells.append(Cell(f" {frame.trading_state}{reason} ", style))
    if frame.hand is not None:
        cells.append(_hand(frame.hand, frame.now))
    if view.frozen:
        cells.append(Cell(" FROZEN ", "badge-warn"))
    if view.read_only:
        cells.append(Cell(" READ ONLY " if detail else " RO ", "badge-warn"))
    return tuple(cells)


def _hand(hand: HandView, now: int) -> Cell:
    """Return whether hands may add risk, and for how long yet if nobody types."""
    if hand.ends is None:
        return Cell(" hand LOCKED ", "bar")
    seconds = max(0, hand.ends - now) // SECOND
    return Cell(f" hand ARMED {seconds // 60}:{seconds % 60:02} ", "badge-warn")


def _account(frame: Frame, glyphs: Glyphs, detail: int) -> Row:
    """Return the account: equity and day, the chance of the game, what bounds it."""
    account = frame.account
    return (
        *_equity(account, glyphs, detail),
        *_chance(frame, glyphs, detail),
        *_bounds(account, detail),
    )


def _equity(account: AccountView, glyphs: Glyphs, detail: int) -> Row:
    """Return equity and the day."""
    sign = direction(account.day_pnl)
    arrow = {1: glyphs.up, -1: glyphs.down, 0: " "}[sign]
    style = f"{ {1: 'up', -1: 'down', 0: 'text'}[sign] } bar"
    equity = money(account.equity, 2 if detail > 1 else 0)
    currency = f" {account.currency}" if detail == FULLEST else ""
    pnl = f" {signed_money(account.day_pnl)}" if detail > 1 else ""
    percent = (
        " unknown"
        if account.day_percent is None
        else f"{arrow}{unsigned_zero(account.day_percent)}%"
    )
    return (
        Cell(f" {'equity' if detail == FULLEST else 'eq'} ", "muted bar"),
        Cell(f"{equity}{currency} ", "strong bar"),
        Cell(" day", "muted bar"),
        Cell(f"{pnl} {percent} ".replace("  ", " "), style),
    )


def _chance(frame: Frame, glyphs: Glyphs, detail: int) -> Row:
    """Return the chance of the target before the floor beside the coin-flip line; nothing without a game."""
    if frame.coin is None:
        return ()
    word = " target first " if detail == FULLEST else " chance "
    coin = "coin flip " if detail == FULLEST else "coin "
    chance = glyphs.dash if frame.chance is None else chance_text(frame.chance)
    return (
        Cell(word, "muted bar"),
        Cell(chance, "strong bar"),
        Cell(f" ({coin}{chance_text(frame.coin)}) ", "muted bar"),
    )


def _bounds(account: AccountView, detail: int) -> Row:
    """Return the distance from the peak, gross exposure, open risk."""
    cells: list[Cell] = []
    for name, value in (("peak", account.peak_percent), ("gross", account.gross_percent)):
        cells += [Cell(f" {name} ", "muted bar"), Cell(f"{_percent(value, detail)} ", "bar")]
    if detail == FULLEST:
        risk = _percent(account.open_risk_percent, detail)
        cells += [Cell(" open risk ", "muted bar"), Cell(f"{risk} ", "bar")]
    return tuple(cells)


def _percent(value: str | None, detail: int) -> str:
    if value is None:
        return "?"
    return f"{unsigned_zero(value)}%" if detail > 1 else f"{unsigned_zero(f'{float(value):.1f}')}%"


def _feed(frame: Frame, condition: Condition, view: View, detail: int) -> Row:
    """Return the feed's health, slow paths, and the engine's own time with its zone."""
    glyphs = view.glyphs
    name = f"{plain(frame.feed.name)} " if detail == FULLEST else ""
    age = "" if condition.feed_age_s is None else f" {age_text(condition.feed_age_s)}"
    words = {
        "live": (f"{name}{glyphs.live}{age}", "bar"),
        "stale": (f"{name}{glyphs.gone} STALE{age}", "warn bar"),
        "down": (f"{name}{glyphs.gone} down{age}", "fault bar"),
        "halted": (f"{name}{glyphs.gone} HALTED", "fault bar"),
        "resync": (f"{name}{glyphs.gone} resync", "warn bar"),
        "ended": (f"{name}{glyphs.gone} ended", "warn bar"),
        "closed": (f"{name}{glyphs.gone} closed", "muted bar"),
        "lost": (f"{glyphs.gone} engine silent{age_text(condition.silence_s):>6}", "fault bar"),
        "loading": (f"{glyphs.gone} loading", "muted bar"),
    }
    text, style = words[condition.kind]
    cells = [Cell(f" {glyphs.split} ", "muted bar"), Cell(text, style)]
    if view.fps < 30:  # noqa: PLR2004  (the full rate)
        cells.append(Cell(f" ui {view.fps}fps slow link", "warn bar"))
    if detail == FULLEST:
        cells.append(Cell(f"  eng {frame.lag_ms:.1f}ms  ui {view.fps}fps", "muted bar"))
    date = f"{date_text(frame.now, view.zone)} " if detail == FULLEST else ""
    time = clock_text(frame.now, view.zone, seconds=detail > 0)
    return (*cells, Cell(f"  {date}{time}{zone_text(frame.now, view.zone)} ", "bar"))
