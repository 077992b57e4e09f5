"""Binance's public market: diffs and trades by socket, snapshots by REST, again after each gap; no I/O of its own."""

import random
from collections.abc import Sequence

import structlog

from tradebot.data.events import AnyMarketEvent, BookSnapshot
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.venues.binance.listing import RateLimit
from tradebot.data.venues.binance.live import LiveMarket
from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.binance.calls import Call, Calls, Done, Outcome
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import Line, Outside
from tradebot.engine.brokers.session import SessionHealth, SessionState, TellMarket
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.standing import Standing

log = structlog.get_logger()

LEVELS = "1000"
"""Levels of a snapshot: what is further away comes with its diffs. Weight 50."""

SILENT_AFTER = 30 * SECOND
"""A market's socket that says nothing for this long is dead though it is open: books change every 100 ms."""


class BinanceMarket:
    """The market's session; see `brokers.session.MarketSession`.

    Args of the constructor:
        addresses: Where from.
        instruments: What.
        limits: The venue's own, as listed.
        outside: The doors.
        tell: Takes its words.
        seed: Of the spread of pauses.
    """

    def __init__(
        self,
        addresses: Addresses,
        instruments: Sequence[Instrument],
        limits: tuple[RateLimit, ...],
        outside: Outside,
        tell: TellMarket,
        *,
        seed: int = 1,
    ) -> None:
        self._instruments = {one.symbol: one for one in instruments}
        self._market = LiveMarket(instruments)
        self._url = f"{addresses.stream_url}/stream?streams={'/'.join(self._market.streams)}"
        self._calls = Calls(outside, addresses.data_url, None, limits)
        self._outside = outside
        self._tell = tell
        chance = random.Random(seed)  # noqa: S311  (spreads pauses)
        self._backoff = Backoff(chance)
        self._snapshots = {symbol: Backoff(chance) for symbol in self._instruments}
        self._asking: set[str] = set()
        self._up: set[str] = set()
        self._line: Line | None = None
        self._running = False
        self._heard_at = 0
        self._connects = 0
        self._state: SessionState = "disconnected"
        self._reason = ""

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        return SessionHealth(
            state=self._state,
            reason=self._reason,
            connects=self._connects,
            malformed=self._market.malformed,
        )

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what the venue tells of an instrument besides prices: it shows its book."""
        known = any(one.id == instrument for one in self._instruments.values())
        return Standing(depth=True) if known else None

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        if not self._running:
            self._running = True
            self._dial()

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._running = False
        self._state = "disconnected"
        if self._line is not None:
            self._line.close()
            self._line = None

    def _dial(self) -> None:
        if self._running and self._line is None:
            self._state = "connecting"
            self._line = self._outside.dial(self._url, self)

    # ---------------------------------------------------------------------------- listener

    def opened(self, line: Line) -> None:
        """The streams of the address flow."""
        if line is self._line:
            self._connects += 1
            self._state, self._reason = "syncing", ""
            self._heard_at = self._outside.now
            self._outside.after(SILENT_AFTER, lambda: self._watch(line))

    def heard(self, line: Line, frame: bytes) -> None:
        """Take a frame; one that cannot be read is counted."""
        if line is self._line and self._running:
            self._heard_at = self._outside.now
            self._say(self._market.hear(frame, self._heard_at))

    def closed(self, line: Line, reason: str) -> None:
        """The line has dropped: what is known is old."""
        if line is not self._line:
            return
        self._line = None
        self._lost(reason)
        if self._running:
            self._outside.after(self._backoff.next(), self._dial)

    def _watch(self, line: Line) -> None:
        if line is not self._line or not self._running:
            return
        silent = self._outside.now - self._heard_at
        if silent >= SILENT_AFTER:
            line.close()
            self.closed(line, f"silent for {silent // SECOND} s")
        else:
            self._outside.after(SILENT_AFTER - silent, lambda: self._watch(line))

    def _lost(self, reason: str) -> None:
        self._market.lost()
        self._state, self._reason = "connecting", reason
        for symbol in sorted(self._up):
            self._up.discard(symbol)
            instrument = self._instruments[symbol].id
            self._tell(FeedChanged(instrument=instrument, state="down", reason=reason))

    # ---------------------------------------------------------------------------- books

    def _say(self, events: Sequence[AnyMarketEvent]) -> None:
        for event in events:
            self._tell(event)
            if isinstance(event, BookSnapshot):
                self._synced(event)
        for symbol in self._market.wanted:
            self._want(symbol)

    def _synced(self, event: BookSnapshot) -> None:
        symbol = event.instrument.partition(":")[2]
        self._snapshots[symbol].reset()
        self._backoff.reset()
        if symbol not in self._up:
            self._up.add(symbol)
            self._tell(FeedChanged(instrument=event.instrument, state="up"))
        if len(self._up) == len(self._instruments):
            self._state = "live"

    def _want(self, symbol: str) -> None:
        if symbol in self._asking:
            return
        self._asking.add(symbol)
        params = {"symbol": symbol, "limit": LEVELS}
        call = Call(method="GET", path="/api/v3/depth", params=params, weight=50, signed=False)
        self._calls.call(call, lambda outcome: self._snapshot(symbol, outcome))

    def _snapshot(self, symbol: str, outcome: Outcome) -> None:
        if not self._running:
            return
        if isinstance(outcome, Done):
            self._say(self._market.snapshot(symbol, outcome.body, self._outside.now))
        else:
            self._reason = getattr(outcome, "text", None) or getattr(outcome, "reason", "")
            log.warning("no snapshot", symbol=symbol, reason=self._reason)
        # Not at once again: a snapshot too old, or a venue in trouble, must not become a storm.
        self._outside.after(self._snapshots[symbol].next(), lambda: self._may_ask(symbol))

    def _may_ask(self, symbol: str) -> None:
        self._asking.discard(symbol)
        if self._running and symbol in self._market.wanted:
            self._want(symbol)
