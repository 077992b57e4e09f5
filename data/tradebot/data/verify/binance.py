"""Binance: after each depth event the book's best bid and ask against the last ticker up to the same id.

A depth event counts once both sides of the book are non-empty and a ticker with id <= its `u` exists anywhere in the
recording. The ids are a truth of their own: an event before which updates are missing never counts as equal. Ids say
nothing about two symbols' lines that were exchanged; there an event received before the one above it is not equal.
"""

from array import array
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradebot.data.events import Level
from tradebot.data.numbers import text_from_units
from tradebot.data.recordings.binance import BinanceRecording, Market, MarketScales, Print, Ticker
from tradebot.data.recordings.problems import Problems
from tradebot.data.venues.binance.depth import (
    Apply,
    DepthSync,
    Diff,
    Gap,
    Replace,
    Snapshot,
    Stale,
    Step,
)
from tradebot.data.verify.report import DIFFERENCES_MAX, Comparison, Difference
from tradebot.native import L2Book


class _Row(NamedTuple):
    """The touch after one depth event, with the lines that set it."""

    line: int
    last_id: int
    bid_price: int
    bid_quantity: int
    ask_price: int
    ask_quantity: int
    bid_line: int
    ask_line: int
    expected_id: int
    """Id the event should have followed where updates are missing before it; -1 where none are."""
    got_id: int
    received: int
    """When the event was received, ns UTC, where that is before another symbol's event above it; -1 elsewhere."""
    received_above: int
    file: int


class _Truth(NamedTuple):
    """The ticker a row is compared with, and which comparison it is."""

    comparison: int
    update_id: int
    bid_price: int
    bid_quantity: int
    ask_price: int
    ask_quantity: int
    line: int
    file: int


_TICKER_FIELDS = len(_Truth._fields) - 1

_LATE_ONE_IN = 50
"""More late events than one in so many: lines were not written as received, and their times say nothing of order."""


class _Touch:
    """One market's book, its touch after each depth event, and the tickers to compare with."""

    def __init__(self, market: Market, scales: MarketScales, files: dict[str, int]) -> None:
        self.market = market
        self.scales = scales
        self._files = files
        self._sync = DepthSync(awaits_snapshot=scales.has_snapshot)
        self._book = L2Book()
        self._level_lines: dict[tuple[int, int], int] = {}
        self._gap: Gap | None = None
        self._late: dict[tuple[str, int], tuple[int, int]] = {}
        self.rows = array("q")
        self.tickers = array("q")

    def take(self, message: Diff | Snapshot | Ticker, problems: Problems) -> None:
        """Take one message in its order."""
        match message:
            case Ticker():
                self.tickers.extend((message.update_id, *message.bid, *message.ask, message.line))
                self.tickers.append(self._file(message.file))
            case Diff():
                for step in self._sync.diff(message):
                    self._step(step, problems)
            case Snapshot():
                for step in self._sync.snapshot(message):
                    self._step(step, problems)

    def came_late(self, diff: Diff, received_above: int) -> None:
        """Note that a diff, not yet taken, was received before another symbol's above it."""
        self._late[diff.file, diff.line] = (diff.ts_recv, received_above)

    def _step(self, step: Step, problems: Problems) -> None:
        match step:
            case Replace(snapshot):
                self._level_lines.clear()
                self._book.replace(snapshot.bids, snapshot.asks)
                self._set_by(snapshot)
            case Gap(diff, expected, got):
                self._gap = step
                text = f"{self.market.symbol}: should follow id {expected}, follows {got}"
                problems.gaps.add(diff.file, diff.line, text)
            case Stale(item):
                text = f"{self.market.symbol}: last id {item.last_id} is older than the book"
                problems.stale.add(item.file, item.line, text)
            case Apply(diff, again, after_gap):
                self._book.apply_levels(diff.bids, diff.asks)
                self._set_by(diff)
                if not again:
                    self._record(diff, self._gap if after_gap else None, problems)

    def _record(self, diff: Diff, gap: Gap | None, problems: Problems) -> None:
        bid, ask = self._book.best_bid(), self._book.best_ask()
        if bid is None or ask is None:
            return
        if bid[0] >= ask[0]:
            text = (
                f"{self.market.symbol}: best bid {self._price(bid)} >= best ask {self._price(ask)}"
            )
            problems.crossed.add(diff.file, diff.line, text)
        received, received_above = self._late.get((diff.file, diff.line), (-1, -1))
        row = _Row(
            line=diff.line,
            last_id=diff.last_id,
            bid_price=bid[0],
            bid_quantity=bid[1],
            ask_price=ask[0],
            ask_quantity=ask[1],
            bid_line=self._level_lines.get((1, bid[0]), 0),
            ask_line=self._level_lines.get((-1, ask[0]), 0),
            expected_id=-1 if gap is None else gap.expected,
            got_id=-1 if gap is None else gap.got,
            received=received,
            received_above=received_above,
            file=self._file(diff.file),
        )
        self.rows.extend(row)

    def _set_by(self, item: Diff | Snapshot) -> None:
        lines, line = self._level_lines, item.line
        for price, _ in item.bids:
            lines[1, price] = line
        for price, _ in item.asks:
            lines[-1, price] = line

    def _file(self, name: str) -> int:
        return self._files.setdefault(name, len(self._files))

    def _price(self, level: Level) -> str:
        return text_from_units(level[0], self.scales.price_scale)

    def text(self, price: int, quantity: int) -> str:
        """Return a level as people write it."""
        amount = text_from_units(quantity, self.scales.quantity_scale)
        return f"{text_from_units(price, self.scales.price_scale)} x {amount}"


def compare_binance(recording: BinanceRecording, problems: Problems) -> Comparison:
    """Rebuild every market's book of a recording and compare its touch with the tickers.

    Raises:
        OSError: If a file cannot be read.
    """
    recording.survey()
    files: dict[str, int] = {}
    touches = {
        market: _Touch(market, scales, files) for market, scales in recording.markets.items()
    }
    above: dict[str, tuple[Market, int]] = {}
    diffs, late = 0, 0
    for market, message in recording.read(problems):
        if isinstance(message, Print):
            problems.ignored += 1
            continue
        if isinstance(message, Diff):
            other, received = above.get(message.file, (market, 0))
            diffs += 1
            if other != market and message.ts_recv < received:
                late += 1
                touches[market].came_late(message, received)
            above[message.file] = (market, message.ts_recv)
        touches[market].take(message, problems)
    comparison = Comparison()
    names = list(files)
    found: list[Difference] = []
    for touch in touches.values():
        found.extend(_compare(touch, names, comparison, times_tell=late * _LATE_ONE_IN <= diffs))
    order = {name: index for index, name in enumerate(names)}
    for difference in sorted(found, key=lambda each: (order[each.file], each.line)):
        comparison.differ(difference)
    return comparison


def _compare(
    touch: _Touch, files: list[str], comparison: Comparison, *, times_tell: bool
) -> list[Difference]:
    """Count one market's comparisons; return its first differences."""
    rows = _table(touch.rows, len(_Row._fields))
    if not times_tell:
        rows[:, _Row._fields.index("received")] = -1
    tickers = _table(touch.tickers, _TICKER_FIELDS)
    tickers = tickers[np.argsort(tickers[:, 0], kind="stable")]
    last = np.searchsorted(tickers[:, 0], rows[:, 1], side="right") - 1
    rows, last = rows[last >= 0], last[last >= 0]
    truth = tickers[last]
    chained, in_order = rows[:, 8] < 0, rows[:, 10] < 0
    same = (rows[:, 2:6] == truth[:, 1:5]).all(axis=1) & chained & in_order
    comparison.compared += len(rows)
    comparison.equal += int(same.sum())
    differing = np.flatnonzero(~same)[:DIFFERENCES_MAX]
    return [
        _difference(
            touch,
            _Row(*map(int, rows[index])),
            _Truth(int(index) + 1, *map(int, truth[index])),
            files,
        )
        for index in differing
    ]


def _difference(touch: _Touch, row: _Row, truth: _Truth, files: list[str]) -> Difference:
    what: list[str] = []
    expected: list[str] = []
    got: list[str] = []
    level_lines: list[int] = []
    if row.expected_id >= 0:
        what.append("chain")
        expected.append(f"follows id {row.expected_id}")
        got.append(f"follows id {row.got_id}")
    if row.received >= 0:
        what.append("receive time")
        expected.append(f"at least {row.received_above} ns")
        got.append(f"{row.received} ns")
    sides = (
        (
            "best bid",
            (truth.bid_price, truth.bid_quantity),
            (row.bid_price, row.bid_quantity),
            row.bid_line,
        ),
        (
            "best ask",
            (truth.ask_price, truth.ask_quantity),
            (row.ask_price, row.ask_quantity),
            row.ask_line,
        ),
    )
    for name, true_level, level, line in sides:
        if true_level != level:
            what.append(name)
            expected.append(touch.text(*true_level))
            got.append(touch.text(*level))
            level_lines.append(line)
    return Difference(
        line=row.line,
        file=files[row.file],
        symbol=touch.market.symbol,
        what=", ".join(what),
        expected=", ".join(expected),
        got=", ".join(got),
        comparison=truth.comparison,
        truth_line=truth.line,
        level_line=level_lines[0] if level_lines else None,
    )


def _table(values: array[int], width: int) -> NDArray[np.int64]:
    """Return flat integers as rows: shape (rows, width), int64."""
    return np.array(values, dtype=np.int64).reshape(-1, width)
