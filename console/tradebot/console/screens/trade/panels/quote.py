"""The quote of an instrument without depth: best prices with sizes and age, last trade, halt, band, hours."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, override

from tradebot.console.condition import Condition
from tradebot.console.figures import (
    age_text,
    brief_amount,
    clock_text,
    date_text,
    grouped,
    span_text,
    symbol_of,
    trimmed,
    zone_text,
)
from tradebot.console.rows import Cell, Row, cut, fit, plain, spread, wrapped
from tradebot.console.screens.trade.ladder.drawing import blank
from tradebot.console.view import View
from tradebot.console.widgets.panel import KEPT_WHEN_STRUCK, LivePanel
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_quote import QuoteView
from tradebot.engine.core.types import SECOND


class QuotePanel(LivePanel, can_focus=True):
    """What stands for a ladder where the venue shows the best prices alone."""

    PERIOD_S: ClassVar[float] = 0.1
    OF_MARKET: ClassVar[bool] = True
    KEPT: ClassVar[frozenset[str]] = KEPT_WHEN_STRUCK | {"ok", "strong"}

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame = self.view.frame
        if frame is None or frame.quote is None:
            return blank(["waiting for the engine"], height, width)
        return quote_rows(frame, frame.quote, self.view, width)[:height]

    @override
    def heading(self) -> str:
        frame, view = self.view.frame, self.view
        if frame is None:
            return "Quote"
        words = [symbol_of(frame.instrument.id), "quote"]
        if view.condition.trusted and frame.quote is not None:
            age = quote_age_s(frame, frame.quote, view.condition)
            words += [] if age is None else [f"{view.glyphs.live} {age_text(age)}"]
        return f" {view.glyphs.dot} ".join(words)

    @override
    def footing(self) -> str:
        return "no depth told"


def quote_age_s(frame: Frame, quote: QuoteView, condition: Condition) -> float | None:
    """Return how old the best prices are, s; counts up in silence too. None: none came yet."""
    if quote.told is None:
        return None
    return max(0, frame.now - quote.told) / SECOND + condition.silence_s


def quote_rows(frame: Frame, quote: QuoteView, view: View, width: int) -> list[Row]:
    """Return the rows, most wanted first: touch, age, last trade, halt, band, hours."""
    rows = [
        _touch(frame, quote, view, width),
        _summary(frame, quote, view, width),
        _last(frame, view, width),
        _hours(frame, quote, view, width),
        *_trading(frame, quote, view, width),
    ]
    return [cut(row, width) for row in rows]


def _touch(frame: Frame, quote: QuoteView, view: View, width: int) -> Row:
    decimals = frame.instrument.price_decimals
    dash = view.glyphs.dash

    def price(text: str | None) -> str:
        return dash if text is None else grouped(trimmed(text, min(2, decimals)))

    bid, ask = Cell(price(quote.bid), "strong bid"), Cell(price(quote.ask), "strong ask")
    # A half of the row less the word, the blanks and the sign.
    rooms = [width // 2 - 10 - len(cell.text) for cell in (bid, ask)]
    sizes = [
        brief_amount(text, room) if text is not None else ""
        for text, room in zip((quote.bid_size, quote.ask_size), rooms, strict=True)
    ]
    if any(len(size) > room + 1 for size, room in zip(sizes, rooms, strict=True)):
        sizes = ["", ""]
    start = (Cell(" BID  ", "title"), bid, Cell(f" x {sizes[0]}" if sizes[0] else ""))
    end = (Cell(f"{sizes[1]} x " if sizes[1] else ""), ask, Cell("  ASK ", "title"))
    return spread(start, end, width)


def _summary(frame: Frame, quote: QuoteView, view: View, width: int) -> Row:
    """Return spread, middle and age of the touch."""
    age_s = quote_age_s(frame, quote, view.condition)
    if age_s is None:
        return (Cell("no quote has come yet: 8 shows the feed".center(width), "muted"),)
    words: list[str] = []
    if quote.bid is not None and quote.ask is not None:
        bid, ask = Decimal(quote.bid), Decimal(quote.ask)
        words += [
            f"spread {trimmed(f'{ask - bid:f}', 2)}",
            f"mid {trimmed(f'{(bid + ask) / 2:f}', 2)}",
        ]
    else:
        words.append("one side is empty" if quote.bid or quote.ask else "no bid and no ask")
    old = age_s * SECOND > quote.stale_after
    told = f"{age_text(age_s)} old"
    line = view.glyphs.line
    text = f" {line * 2} ".join([*words, told])
    if old and quote.session != "closed":
        head = f" {line * 2} ".join(words)
        return (Cell(f" {head} {line * 2} ", "muted"), Cell(told, "warn"))
    return (Cell(fit(f" {text} ".center(width, line), width), "muted"),)


def _last(frame: Frame, view: View, width: int) -> Row:
    if not frame.trades:
        return (Cell(" last  nothing has traded yet", "muted"),)
    trade, glyphs = frame.trades[0], view.glyphs
    mark, style = {1: (glyphs.up, "up"), -1: (glyphs.down, "down"), 0: (glyphs.flat, "text")}[
        trade.aggressor
    ]
    age_s = max(0, frame.now - trade.ts) / SECOND + view.condition.silence_s
    start = (
        Cell(" last ", "muted"),
        Cell(f"{grouped(trade.price)} {mark}", style),
        Cell(f" x {brief_amount(trade.quantity)}"),
    )
    return spread(start, (Cell(f"{age_text(age_s)} ago ", "muted"),), width)


def _hours(frame: Frame, quote: QuoteView, view: View, width: int) -> Row:
    """Return the session: how long it is on yet, or when the next one begins."""
    now = frame.now + int(view.condition.silence_s * SECOND)

    def at(instant: int) -> str:
        time = clock_text(instant, view.zone, seconds=False)
        if date_text(instant, view.zone) != date_text(now, view.zone):
            day = datetime.fromtimestamp(instant // SECOND, view.zone).strftime("%a")
            time = f"{day} {time}"
        return f"{time}{zone_text(instant, view.zone)}"

    if quote.session is None:
        return (Cell(" hours not known, or around the clock", "muted"),)
    if quote.session == "open":
        cells = [Cell(" open", "ok")]
        if quote.session_ends is not None:
            ends = quote.session_ends
            cells.append(Cell(f"  closes in {span_text((ends - now) / SECOND)}", "strong"))
            cells.append(Cell(f"  at {at(ends)}", "muted"))
        return cut(cells, width)
    cells = [Cell(" CLOSED", "warn")]
    if quote.session_begins is not None:
        begins = quote.session_begins
        cells.append(Cell(f"  opens in {span_text((begins - now) / SECOND)}", "strong"))
        cells.append(Cell(f"  {at(begins)}", "muted"))
    return cut(cells, width)


def _trading(frame: Frame, quote: QuoteView, view: View, width: int) -> list[Row]:
    """Return whether it is halted, then the band in which it may trade."""
    rows: list[Row] = []
    if quote.halted:
        since = quote.halted_since
        when = ""
        if since is not None:
            age_s = max(0, frame.now - since) / SECOND + view.condition.silence_s
            when = f" since {clock_text(since, view.zone)} ({age_text(age_s)})"
        reason = f": {plain(quote.halt_reason)}" if quote.halt_reason else ", no reason told"
        rows += wrapped(f"HALTED{when}{reason}", width, "fault")
    elif quote.halted is None:
        rows.append((Cell(" halts are not told here", "muted"),))
    else:
        rows.append((Cell(" not halted", "muted"),))
    return [*rows, _band(quote, width)]


def _band(quote: QuoteView, width: int) -> Row:
    if quote.band_low is None or quote.band_high is None:
        return (Cell(" no price band told", "muted"),)
    low, high = (grouped(trimmed(price, 2)) for price in (quote.band_low, quote.band_high))
    band = f" band {low} to {high}"
    if quote.limit is None:
        return (Cell(band, "muted"),)
    word = "LIMIT UP" if quote.limit == "up" else "LIMIT DOWN"
    return cut((Cell(band, "muted"), Cell(f"  {word}", "warn")), width)
