"""The past of the bars that sleeves need, handed to the kernel so that they are warm before the first decision."""

from collections.abc import Mapping, Sequence

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import HistoryGiven
from tradebot.engine.core.market import BarRow
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MINUTE
from tradebot.engine.live.markets import Candle


def needed(state: State) -> dict[tuple[InstrumentId, int], int]:
    """Return how many closed bars sleeves want, by instrument and span in ns; those asked for none are left out."""
    found: dict[tuple[InstrumentId, int], int] = {}
    for sleeve in state.sleeves.values():
        for need in sleeve.bars:
            for symbol in sleeve.started.symbols:
                key = (symbol, need.span_ns)
                found[key] = max(found.get(key, 0), need.history)
    return {key: bars for key, bars in found.items() if bars}


def past(
    state: State, history: Mapping[InstrumentId, Sequence[Candle]], source: str
) -> list[HistoryGiven]:
    """Return what is known of the past of the bars that are not warm yet.

    Minutes make bars of whole minutes only: shorter ones warm up by themselves. What has not ended by now is left out.

    Args:
        state: The kernel's, started.
        history: Minutes by instrument, oldest first.
        source: Where they come from, in words.
    """
    found: list[HistoryGiven] = []
    for (symbol, span), bars in needed(state).items():
        market = state.market.get(symbol)
        series = None if market is None else market.bars.get(span)
        if series is None or len(series) >= bars or span % MINUTE:
            continue
        # One bar more than wanted: the newest of them may still be forming.
        minutes = (bars + 1) * (span // MINUTE)
        rows = _rows(history.get(symbol, ())[-minutes:], state.now)
        if rows:
            found.append(
                HistoryGiven(
                    instrument=symbol, span_ns=span, bars_span_ns=MINUTE, bars=rows, source=source
                )
            )
    return found


def _rows(candles: Sequence[Candle], now: int) -> tuple[BarRow, ...]:
    return tuple(
        (one.ts_open + MINUTE, one.open, one.high, one.low, one.close, one.volume)
        for one in candles
        if one.ts_open % MINUTE == 0 and one.ts_open + MINUTE <= now
    )
