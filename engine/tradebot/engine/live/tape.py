"""What screens show of the past: prints and candles, kept beside the kernel and bounded."""

from collections import deque

from tradebot.data.events import Trade
from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.messages_frame import CandleView
from tradebot.engine.core.events import Event, OrderFilled
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.markets import Candle

TRADES_KEPT = 200
"""Prints kept per instrument."""

FILLS_KEPT = 10_000
"""Own fills kept; older ones are in the journal."""

CANDLES_KEPT = 3_600
"""Base candles kept per instrument and base span."""

BASES = (SECOND, 60 * SECOND)
"""Spans that are kept; longer ones are summed from them."""

SPANS = {
    "1s": SECOND,
    "5s": 5 * SECOND,
    "15s": 15 * SECOND,
    "1m": 60 * SECOND,
    "5m": 300 * SECOND,
    "15m": 900 * SECOND,
    "1h": 3600 * SECOND,
}
"""Spans a screen may ask for, ns."""


class Tape:
    """Prints, candles and own fills, fed by every step of the engine."""

    def __init__(self, history: dict[InstrumentId, list[Candle]]) -> None:
        self._trades: dict[InstrumentId, deque[Trade]] = {}
        self._candles: dict[tuple[InstrumentId, int], deque[Candle]] = {}
        self.fills: deque[tuple[int, OrderFilled, FillBooked]] = deque(maxlen=FILLS_KEPT)
        for instrument, candles in history.items():
            self._candles[instrument, BASES[-1]] = deque(candles, maxlen=CANDLES_KEPT)

    def __call__(self, seq: int, _: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        """Take a step in; a fill told again is not booked again, and not shown again."""
        if isinstance(event, Trade):
            self._trade(event)
        elif isinstance(event, OrderFilled):
            for outcome in outcomes:
                if isinstance(outcome, FillBooked):
                    self.fill(seq, event, outcome)

    def fill(self, seq: int, event: OrderFilled, booked: FillBooked) -> None:
        """Keep an own fill, and whose it was: its order may be long out of memory."""
        self.fills.append((seq, event, booked))

    def trades(self, instrument: InstrumentId, limit: int) -> list[Trade]:
        """Return the newest prints, newest first."""
        kept = self._trades.get(instrument, deque())
        return [kept[-1 - back] for back in range(min(limit, len(kept)))]

    def candles(self, instrument: InstrumentId, span: int, limit: int) -> list[Candle]:
        """Return the newest candles of a span in ns, oldest first."""
        base = max(kept for kept in BASES if span % kept == 0)
        kept = self._candles.get((instrument, base), deque())
        if span == base:
            return list(kept)[-limit:]
        return summed(list(kept)[-limit * (span // base) :], span)[-limit:]

    def _trade(self, event: Trade) -> None:
        trades = self._trades.setdefault(event.instrument, deque(maxlen=TRADES_KEPT))
        trades.append(event)
        for span in BASES:
            key = (event.instrument, span)
            candles = self._candles.setdefault(key, deque(maxlen=CANDLES_KEPT))
            add_trade(candles, event, span)


def add_trade(candles: deque[Candle], event: Trade, span: int) -> None:
    """Let a print grow the newest candle, or open the next."""
    ts_open = event.ts_recv - event.ts_recv % span
    price, quantity = event.price, event.quantity
    if candles and candles[-1].ts_open >= ts_open:
        newest = candles[-1]
        candles[-1] = Candle(
            newest.ts_open,
            newest.open,
            max(newest.high, price),
            min(newest.low, price),
            price,
            newest.volume + quantity,
        )
    else:
        candles.append(Candle(ts_open, price, price, price, price, quantity))


def summed(candles: list[Candle], span: int) -> list[Candle]:
    """Return candles of a longer span."""
    longer: list[Candle] = []
    for candle in candles:
        ts_open = candle.ts_open - candle.ts_open % span
        if longer and longer[-1].ts_open == ts_open:
            last = longer[-1]
            longer[-1] = Candle(
                ts_open,
                last.open,
                max(last.high, candle.high),
                min(last.low, candle.low),
                candle.close,
                last.volume + candle.volume,
            )
        else:
            longer.append(
                Candle(ts_open, candle.open, candle.high, candle.low, candle.close, candle.volume)
            )
    return longer


def drawn(candle: Candle, price_scale: int, quantity_scale: int) -> CandleView:
    """Return a candle as floats, which is all a drawing needs."""
    unit, size = 10**price_scale, 10**quantity_scale
    return CandleView(
        ts_open=candle.ts_open,
        open=candle.open / unit,
        high=candle.high / unit,
        low=candle.low / unit,
        close=candle.close / unit,
        volume=candle.volume / size,
    )
