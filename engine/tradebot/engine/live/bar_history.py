"""The past of the bars that sleeves need, handed to the kernel so that they are warm before the first decision."""

from collections.abc import Mapping, Sequence

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import HistoryGiven
from tradebot.engine.core.market import BarRow
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.live.markets import Candle

type Seconds = Mapping[InstrumentId, Sequence[BarRow]]
"""Bars of a second by instrument, oldest first."""


def needed(state: State) -> dict[tuple[InstrumentId, int], int]:
    """Return how many closed bars are wanted that are not there, by instrument and span in ns."""
    wanted: dict[tuple[InstrumentId, int], int] = {}
    for sleeve in state.sleeves.values():
        for need in sleeve.bars:
            for symbol in sleeve.started.symbols:
                key = (symbol, need.span_ns)
                wanted[key] = max(wanted.get(key, 0), need.history)
    found: dict[tuple[InstrumentId, int], int] = {}
    for (symbol, span), bars in wanted.items():
        market = state.market.get(symbol)
        series = None if market is None else market.bars.get(span)
        if series is not None and len(series) < bars:
            found[symbol, span] = bars
    return found


def reach(state: State) -> int | None:
    """Return from when on trades would help the bars that are not warm, ns UTC; None where all are."""
    lacking = needed(state)
    if not lacking:
        return None
    return min(state.now - (bars + 1) * span for (_, span), bars in lacking.items())


def past(
    state: State,
    minutes: Mapping[InstrumentId, Sequence[Candle]],
    source: str,
    seconds: Seconds | None = None,
) -> list[HistoryGiven]:
    """Return what is known of the past of the bars that are not warm yet.

    From the first trade the engine saw itself, what it saw holds; before, the minutes the world tells of. Whole minutes
    are given as one bar that ends where they end, so that a year of them stays small; bars shorter than a minute are
    made of what the engine saw alone. What has not ended by now is left out.

    Args:
        state: The kernel's, started.
        minutes: Told by the world, oldest first.
        source: Where the world's minutes come from, in words.
        seconds: Of the engine's own record; None: not read.
    """
    found: list[HistoryGiven] = []
    for (symbol, span), bars in needed(state).items():
        own = [row for row in (seconds or {}).get(symbol, ()) if row[0] <= state.now]
        # One bar more than wanted: the newest of them may still be forming.
        since = (state.now // span - bars - 1) * span
        if span % MINUTE:
            rows = own
        else:
            told = _told(minutes.get(symbol, ()), own[0][0] - SECOND if own else state.now)
            rows = [*told, *_joined(own, state.now)]
        rows = [row for row in rows if row[0] > since]
        if rows:
            found.append(
                HistoryGiven(
                    instrument=symbol,
                    span_ns=span,
                    bars_span_ns=SECOND,
                    bars=tuple(rows),
                    source=f"{source}, own record" if own else source,
                )
            )
    return found


def _told(candles: Sequence[Candle], until: int) -> list[BarRow]:
    return [
        (one.ts_open + MINUTE, one.open, one.high, one.low, one.close, one.volume)
        for one in candles
        if one.ts_open % MINUTE == 0 and one.ts_open + MINUTE <= until
    ]


def _joined(seconds: Sequence[BarRow], now: int) -> list[BarRow]:
    """Return seconds as whole minutes, those of the minute of now left as they are."""
    rows: list[BarRow] = []
    over = now // MINUTE * MINUTE
    for row in seconds:
        end, opened, high, low, close, volume = row
        minute = -(-end // MINUTE) * MINUTE
        if minute > over or not rows or rows[-1][0] != minute:
            rows.append(row if minute > over else (minute, opened, high, low, close, volume))
            continue
        _, first, top, bottom, _, before = rows[-1]
        rows[-1] = (minute, first, max(top, high), min(bottom, low), close, before + volume)
    return rows
