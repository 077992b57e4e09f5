"""Alpaca's market: trades and books of pairs, trades, quotes and halts of stocks; a socket each, no I/O of its own."""

import random
from collections.abc import Callable, Sequence

import msgspec
import structlog

from tradebot.data.events import BookSnapshot, Trade
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.venues.alpaca.market import BandChanged, HaltChanged, Market
from tradebot.data.venues.alpaca.messages import Failed, Frames, Message, Subscribed, Success
from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import Line, Outside
from tradebot.engine.brokers.session import SessionHealth, SessionState, TellMarket
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.standing import Band, Halt, Standing

log = structlog.get_logger()

CRYPTO_PATH, STOCK_PATH = "/v1beta3/crypto/us", "/v2/iex"

CRYPTO_CHANNELS = ("trades", "orderbooks")
"""The book tells the touch as well."""
STOCK_CHANNELS = ("trades", "quotes", "statuses", "lulds")
"""Alpaca has no books of stocks."""

SILENT_AFTER = 60 * SECOND
"""A socket of pairs that says nothing for so long is dead though it is open; stocks may be quiet for hours."""

OPEN_WITHIN = 20 * SECOND
"""From dialling to the acknowledgement of the subscription."""


class Feed:
    """One socket and the instruments of its class.

    Args of the constructor:
        url: Of the endpoint.
        keys: Of any account; one connection per account and endpoint is allowed.
        instruments: All of one class.
        outside: The doors.
        tell: Takes its words.
        chance: Of the pauses between attempts.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        instruments: Sequence[Instrument],
        outside: Outside,
        tell: TellMarket,
        chance: random.Random,
    ) -> None:
        self._url = url
        self._keys = keys
        self._by_symbol = {one.symbol: one for one in instruments}
        self._crypto = instruments[0].kind == "spot"
        self._outside = outside
        self._tell = tell
        self._backoff = Backoff(chance)
        self.frames = Frames()
        self._market = Market(tuple(instruments), self.frames)
        self._line: Line | None = None
        self._running = False
        self._up: set[str] = set()
        self._halts: dict[InstrumentId, Halt] = {}
        """Kept through a reconnect, as only changes are told: a halt lasts until it is told or seen to be over."""
        self._bands: dict[InstrumentId, Band] = {}
        self._heard_at = 0
        self._subscribed = False
        self.connects = 0
        self.state: SessionState = "disconnected"
        self.reason = ""

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        if not self._running:
            self._running = True
            self._dial()

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._running = False
        self.state = "disconnected"
        if self._line is not None:
            self._line.close()
            self._line = None

    def _dial(self) -> None:
        if self._running and self._line is None:
            self.state, self._subscribed = "connecting", False
            # Made anew with each connection: no book outlives its stream.
            self._market = Market(tuple(self._by_symbol.values()), self.frames)
            line = self._line = self._outside.dial(self._url, self)
            self._heard_at = self._outside.now
            self._outside.after(OPEN_WITHIN, lambda: self._watch(line))

    # ---------------------------------------------------------------------------- listener

    def opened(self, line: Line) -> None:
        """The venue speaks first."""

    def heard(self, line: Line, frame: bytes) -> None:
        """Take a frame; what cannot be read is counted."""
        if line is not self._line or not self._running:
            return
        self._heard_at = self._outside.now
        for message in self.frames.decode(frame):
            if self._line is line:
                self._take(line, message)
        for symbol in self._market.wants_book_again():
            self._send(line, {"action": "unsubscribe", "orderbooks": [symbol]})
            self._send(line, {"action": "subscribe", "orderbooks": [symbol]})

    def closed(self, line: Line, reason: str) -> None:
        """The line has dropped: what is known is old."""
        if line is not self._line:
            return
        self._line = None
        self.state, self.reason = "connecting", reason
        for symbol in sorted(self._up):
            self._change(symbol, "down", reason)
        if self._running:
            self._outside.after(self._backoff.next(), self._dial)

    def _take(self, line: Line, message: Message) -> None:
        if isinstance(message, Success):
            if message.msg == "connected":
                keys = {"key": self._keys.key.reveal(), "secret": self._keys.secret.reveal()}
                self._send(line, {"action": "auth", **keys})
            elif message.msg == "authenticated":
                channels = CRYPTO_CHANNELS if self._crypto else STOCK_CHANNELS
                wanted = {channel: list(self._by_symbol) for channel in channels}
                self._send(line, {"action": "subscribe", **wanted})
        elif isinstance(message, Subscribed):
            self._acknowledged()
        elif isinstance(message, Failed):
            self._hang_up(line, f"{message.code} {message.msg}")
        else:
            self._event(message)

    def _event(self, message: Message) -> None:
        state = self._market.state(message)
        if isinstance(state, HaltChanged):
            self._halt_changed(state)
        elif isinstance(state, BandChanged):
            self._bands[state.instrument] = Band(
                low=state.down, high=state.up, since=state.ts_event
            )
        for event in self._market.events(message, self._outside.now):
            self._tell(event)
            if isinstance(event, Trade):
                self._traded(event)
            if isinstance(event, BookSnapshot):
                self._change(event.instrument.partition(":")[2], "up", "")

    def _halt_changed(self, changed: HaltChanged) -> None:
        symbol = changed.instrument.partition(":")[2]
        if changed.halted:
            self._halts[changed.instrument] = Halt(since=changed.ts_event, reason=changed.reason)
            why = f"halted: {changed.reason}" if changed.reason else "halted"
            self._change(symbol, "down", why)
        else:
            self._halts.pop(changed.instrument, None)
            self._change(symbol, "up", "")

    def _traded(self, trade: Trade) -> None:
        """What trades is not halted: the word that it was resumed came while nobody listened."""
        halt = self._halts.get(trade.instrument)
        if halt is not None and trade.ts_event > halt.since:
            del self._halts[trade.instrument]
            self._change(trade.instrument.partition(":")[2], "up", "")

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what is told of an instrument besides prices; None where it is none of these."""
        if all(one.id != instrument for one in self._by_symbol.values()):
            return None
        return Standing(
            depth=self._crypto,
            tells_halts=not self._crypto,
            halt=self._halts.get(instrument),
            band=self._bands.get(instrument),
        )

    def _acknowledged(self) -> None:
        if self._subscribed:
            return
        self._subscribed = True
        self.connects += 1
        self.state, self.reason = "live", ""
        self._backoff.reset()
        if not self._crypto:
            for symbol, instrument in self._by_symbol.items():
                if instrument.id not in self._halts:
                    self._change(symbol, "up", "")

    def _change(self, symbol: str, state: str, reason: str) -> None:
        instrument = self._by_symbol[symbol].id
        if state == "up" and symbol not in self._up:
            self._up.add(symbol)
            self._tell(FeedChanged(instrument=instrument, state="up"))
        elif state == "down" and symbol in self._up:
            self._up.discard(symbol)
            self._tell(FeedChanged(instrument=instrument, state="down", reason=reason))

    def _watch(self, line: Line) -> None:
        if line is not self._line or not self._running:
            return
        silent = self._outside.now - self._heard_at
        if not self._subscribed:
            self._hang_up(line, "not subscribed in time")
        elif self._crypto and silent >= SILENT_AFTER:
            self._hang_up(line, f"silent for {silent // SECOND} s")
        else:
            self._outside.after(
                SILENT_AFTER - min(silent, SILENT_AFTER // 2), lambda: self._watch(line)
            )

    def _hang_up(self, line: Line, reason: str) -> None:
        log.warning("market stream closed", url=self._url, reason=reason)
        line.close()
        self.closed(line, reason)

    @staticmethod
    def _send(line: Line, message: dict[str, str | list[str]]) -> None:
        line.send(msgspec.json.encode(message).decode())


class AlpacaMarket:
    """The market's session; see `brokers.session.MarketSession`.

    Args of the constructor:
        addresses: Where from.
        keys: Of an account.
        instruments: What.
        outside: The doors.
        tell: Takes its words.
        seed: Of the spread of pauses.
    """

    def __init__(
        self,
        addresses: Addresses,
        keys: Keys,
        instruments: Sequence[Instrument],
        outside: Outside,
        tell: TellMarket,
        seed: int = 1,
    ) -> None:
        chance = random.Random(seed)  # noqa: S311  (spreads pauses)
        pairs = [one for one in instruments if one.kind == "spot"]
        stocks = [one for one in instruments if one.kind != "spot"]
        make: Callable[[str, list[Instrument]], Feed] = lambda path, these: Feed(  # noqa: E731
            addresses.stream_url + path, keys, these, outside, tell, chance
        )
        self._feeds = [
            make(path, these)
            for path, these in ((CRYPTO_PATH, pairs), (STOCK_PATH, stocks))
            if these
        ]

    @property
    def health(self) -> SessionHealth:
        """Return how it is: as its worst socket."""
        order: list[SessionState] = ["disconnected", "connecting", "syncing", "degraded", "live"]
        worst = min(self._feeds, key=lambda feed: order.index(feed.state))
        return SessionHealth(
            state=worst.state,
            reason=worst.reason,
            connects=sum(feed.connects for feed in self._feeds),
            malformed=sum(feed.frames.malformed for feed in self._feeds),
        )

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what the venue tells of an instrument besides prices: pairs have books, stocks have none."""
        told = (feed.standing(instrument) for feed in self._feeds)
        return next((one for one in told if one is not None), None)

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        for feed in self._feeds:
            feed.start()

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        for feed in self._feeds:
            feed.stop()
