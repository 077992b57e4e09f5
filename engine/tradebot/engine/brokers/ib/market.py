"""A Gateway's market data on a client id of its own, so that no order waits behind it; no I/O of its own."""

from collections.abc import Sequence

import structlog

from tradebot.data.instruments import InstrumentId
from tradebot.data.venues.ib.market import ContractMarket
from tradebot.engine.brokers.ib.connection import Connection
from tradebot.engine.brokers.ib.orders import contract_of
from tradebot.engine.brokers.ib.setting import Listed
from tradebot.engine.brokers.ib.words import (
    ErrorSaid,
    PrintSaid,
    Ready,
    RowSaid,
    Said,
    TickSaid,
)
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import SessionHealth, SessionState, TellMarket
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import MS
from tradebot.engine.live.standing import Standing

log = structlog.get_logger()

DEPTH_LINES = 3
"""Books a login may subscribe to at once; the contracts after them have their touch alone."""

ROWS = 20
BOOK_EVERY = 50 * MS
"""Rows change one by one: a book is told when they have had time to."""

_LOST, _RESTORED_LOST, _RESTORED_KEPT = 1100, 1101, 1102
_DEPTH_RESET = (300, 317)
_NO_DATA = (200, 309, 310, 354, 10089, 10090, 10092, 10186, 10190, 10197)
"""What was asked for does not come: not subscribed, too many, another session has it."""


class _Feed:
    """One contract's requests and what they brought."""

    def __init__(self, listed: Listed, *, has_depth: bool) -> None:
        self.listed = listed
        self.market = ContractMarket(listed.instrument)
        self.has_depth = has_depth
        self.up = False
        self.depth_request = 0


class IbMarket:
    """The market's session; see `brokers.session.MarketSession`.

    Args of the constructor:
        url: `tcp://host:port`.
        client_id: Its own.
        listed: Contracts.
        outside: The doors.
        tell: Takes its words.
    """

    def __init__(
        self,
        url: str,
        client_id: int,
        listed: Sequence[Listed],
        outside: Outside,
        tell: TellMarket,
    ) -> None:
        self._feeds = [
            _Feed(one, has_depth=place < DEPTH_LINES) for place, one in enumerate(listed)
        ]
        self._outside = outside
        self._tell = tell
        self._connection = Connection(url, client_id, outside, self, seed=2)
        self._of: dict[int, _Feed] = {}
        self._flushing = False
        self._malformed = 0
        self._state: SessionState = "disconnected"
        self._reason = ""

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        return SessionHealth(
            state=self._state,
            reason=self._reason,
            connects=self._connection.connects,
            malformed=self._malformed,
        )

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what the venue tells of an instrument besides prices: whether its book is subscribed to."""
        depths = (one.has_depth for one in self._feeds if one.listed.instrument.id == instrument)
        depth = next(depths, None)
        return None if depth is None else Standing(depth=depth)

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        self._state = "connecting"
        self._connection.start()

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._state = "disconnected"
        self._connection.stop()

    # ---------------------------------------------------------------------------- subscriptions

    def ready(self, word: Ready) -> None:
        """Subscribe to everything."""
        _ = word
        self._state, self._reason = "syncing", ""
        self._subscribe_all()

    def _subscribe_all(self) -> None:
        self._of.clear()
        for place, feed in enumerate(self._feeds):
            feed.market = ContractMarket(feed.listed.instrument)
            feed.has_depth = place < DEPTH_LINES
            contract = contract_of(feed.listed.con_id, feed.listed.exchange)
            ask = self._connection.ask
            ask.reqMktData(self._number(feed), contract, "", False, False, [])  # noqa: FBT003
            ask.reqTickByTickData(self._number(feed), contract, "AllLast", 0, False)  # noqa: FBT003
            if feed.has_depth:
                self._ask_depth(feed)

    def _ask_depth(self, feed: _Feed) -> None:
        feed.depth_request = self._number(feed)
        feed.market.reset()
        contract = contract_of(feed.listed.con_id, feed.listed.exchange)
        self._connection.ask.reqMktDepth(
            feed.depth_request,
            contract,
            ROWS,
            True,  # noqa: FBT003  (ib_async's argument)
            [],
        )

    def _number(self, feed: _Feed) -> int:
        number = self._connection.number()
        self._of[number] = feed
        return number

    def lost(self, reason: str) -> None:
        """What is known is old."""
        self._state, self._reason = "connecting", reason
        self._of.clear()
        self._all_down(reason)

    def _all_down(self, reason: str) -> None:
        for feed in self._feeds:
            self._down(feed, reason)

    def _down(self, feed: _Feed, reason: str) -> None:
        if feed.up:
            feed.up = False
            instrument = feed.listed.instrument.id
            self._tell(FeedChanged(instrument=instrument, state="down", reason=reason))

    def _is_up(self, feed: _Feed) -> None:
        if not feed.up:
            feed.up = True
            self._tell(FeedChanged(instrument=feed.listed.instrument.id, state="up"))
            if all(one.up for one in self._feeds):
                self._state = "live"

    def malformed(self, reason: str) -> None:
        """Count what cannot be read; the stream goes on."""
        self._malformed += 1
        log.warning("unreadable", market="ib", reason=reason[:200])

    # ---------------------------------------------------------------------------- words

    def said(self, word: Said) -> None:
        """Take a word of the Gateway."""
        try:
            match word:
                case TickSaid() if word.request in self._of:
                    self._on_tick(self._of[word.request], word)
                case PrintSaid() if word.request in self._of:
                    self._on_print(self._of[word.request], word)
                case RowSaid() if word.request in self._of:
                    feed = self._of[word.request]
                    feed.market.row(word.position, word.deed, word.side, word.price, word.size)
                    self._flush_soon()
                case ErrorSaid():
                    self._on_error(word)
                case _:
                    pass
        except ValueError as error:
            self.malformed(str(error))

    def _on_tick(self, feed: _Feed, word: TickSaid) -> None:
        quote = feed.market.tick(word.kind, word.price, word.size, self._outside.now)
        if quote is None:
            return
        if not feed.has_depth:
            self._tell(quote)  # where there is a book, the book says it
            self._is_up(feed)

    def _on_print(self, feed: _Feed, word: PrintSaid) -> None:
        trade = feed.market.printed(word.ts, word.price, word.size, self._outside.now)
        if trade is not None:
            self._tell(trade)

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._outside.after(BOOK_EVERY, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        for feed in self._feeds:
            if not feed.market.waits or not self._connection.is_ready:
                continue
            event = feed.market.book(self._outside.now)
            if event is None:
                self._flush_soon()
                continue
            self._tell(event)
            if feed.market.broken:
                self._connection.ask.cancelMktDepth(feed.depth_request, True)  # noqa: FBT003
                self._of.pop(feed.depth_request, None)
                self._ask_depth(feed)
            else:
                self._is_up(feed)

    def _on_error(self, word: ErrorSaid) -> None:
        reason = f"IB {word.code}: {word.text}"
        feed = self._of.get(word.request)
        if word.code == _LOST:
            self._state, self._reason = "degraded", reason
            self._all_down(reason)
        elif word.code == _RESTORED_LOST:
            self._state, self._reason = "syncing", ""
            self._subscribe_all()
        elif word.code == _RESTORED_KEPT:
            self._state, self._reason = "syncing", ""
            for one in self._feeds:
                self._is_up(one)
        elif feed is None:
            log.info("ib says", code=word.code, text=word.text[:200])
        elif word.code in _DEPTH_RESET:
            feed.market.reset()
        elif word.code in _NO_DATA and word.request == feed.depth_request:
            feed.has_depth = False  # the touch has to do
        elif word.code in _NO_DATA:
            self._reason = reason
            self._down(feed, reason)
