"""Alpaca's crypto market without keys: trades, then books, once a second by REST; no I/O of its own."""

import random
from collections.abc import Callable, Mapping, Sequence

import structlog

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.venues.alpaca.public import BOOKS_PATH, TRADES_PATH, PublicMarket
from tradebot.engine.brokers.alpaca.api import Api, until_reset
from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import Answer, HttpReply, Outside
from tradebot.engine.brokers.session import SessionHealth, SessionState, TellMarket
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.standing import Standing

log = structlog.get_logger()

EVERY = 3 * SECOND // 4
"""From a look's end to the next: two requests each, of 200 a minute that Alpaca allows."""

OLD_AFTER = 10 * SECOND
"""Without a book for so long the market counts as down."""

PATIENCE = 5 * SECOND
"""Longest wait for an answer."""

PAUSE_MOST = 8 * SECOND
"""Longest pause between two looks that fail."""

_OK, _TOO_MANY = 200, 429


class AlpacaPublicMarket:
    """The market's session; see `brokers.session.MarketSession`.

    Args of the constructor:
        addresses: Where from.
        instruments: Which pairs.
        outside: The doors.
        tell: Takes its words.
        seed: Of the spread of pauses.
    """

    def __init__(
        self,
        addresses: Addresses,
        instruments: Sequence[Instrument],
        outside: Outside,
        tell: TellMarket,
        seed: int = 1,
    ) -> None:
        self._api = Api(addresses.data_url, None)
        self._instruments = {one.id: one for one in instruments}
        self._market = PublicMarket(instruments)
        self._outside = outside
        self._tell = tell
        chance = random.Random(seed)  # noqa: S311  (spreads pauses)
        self._backoff = Backoff(chance, first=SECOND, most=PAUSE_MOST)
        self._up: set[InstrumentId] = set()
        self._round = 0
        """Counts starts: an answer to a question of an earlier one is of no use."""
        self._running = False
        self._had_at = 0
        self._connects = 0
        self._malformed = 0
        self._state: SessionState = "disconnected"
        self._reason = ""

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        return SessionHealth(
            state=self._state,
            reason=self._reason,
            connects=self._connects,
            malformed=self._malformed + self._market.malformed,
        )

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what the venue tells of an instrument besides prices: it shows its book."""
        return Standing(depth=True) if instrument in self._instruments else None

    def start(self) -> None:
        """Ask, and go on asking until `stop`."""
        if not self._running:
            self._running = True
            self._round += 1
            self._state = "connecting"
            self._look()

    def stop(self) -> None:
        """Ask no more; nothing is told any more."""
        self._running = False
        self._state = "disconnected"
        self._market.forget()
        self._up.clear()

    def _look(self) -> None:
        """Ask for trades, then for books: what traded had left the book before it was looked at."""
        query = self._market.trades_query()
        if query is None:
            self._ask(BOOKS_PATH, {"symbols": self._market.symbols}, self._books)
        else:
            self._ask(TRADES_PATH, query, self._trades)

    def _ask(self, path: str, query: Mapping[str, str], take: Callable[[bytes], None]) -> None:
        this = self._round

        def answered(answer: Answer) -> None:
            if self._running and this == self._round:
                self._answered(answer, take)

        self._outside.ask(self._api.get(path, query, timeout=PATIENCE), answered)

    def _answered(self, answer: Answer, take: Callable[[bytes], None]) -> None:
        pause = 0
        if not isinstance(answer, HttpReply):
            why = answer.reason
        elif answer.status != _OK:
            why = f"HTTP {answer.status}"
            if answer.status == _TOO_MANY:
                pause = until_reset(answer, self._outside.now)
        else:
            try:
                take(answer.body)
            except (ValueError, RecursionError) as error:
                self._malformed += 1
                why = f"cannot be read: {error}"
            else:
                return
        self._missed(why, pause)

    def _missed(self, why: str, pause: int) -> None:
        """A look has failed: nothing is known to be wrong with the newest book until it is old."""
        self._reason = why
        log.warning("no look at the market", reason=why)
        if self._outside.now - self._had_at >= OLD_AFTER and self._up:
            for name in sorted(self._up):
                self._tell(
                    FeedChanged(instrument=self._instruments[name].id, state="down", reason=why)
                )
            self._up.clear()
            self._market.forget()
        self._state = "degraded" if self._up else "connecting"
        self._outside.after(max(pause, self._backoff.next()), self._again(self._round))

    def _again(self, this: int) -> Callable[[], None]:
        def look() -> None:
            if self._running and this == self._round:
                self._look()

        return look

    def _trades(self, body: bytes) -> None:
        for trade in self._market.trades(body, self._outside.now):
            self._tell(trade)
        if self._market.more:
            self._look()
        else:
            self._ask(BOOKS_PATH, {"symbols": self._market.symbols}, self._books)

    def _books(self, body: bytes) -> None:
        now = self._outside.now
        for event in self._market.books(body, now):
            self._tell(event)
            if event.instrument not in self._up:
                self._up.add(event.instrument)
                self._tell(FeedChanged(instrument=event.instrument, state="up"))
        self._had_at = now
        self._backoff.reset()
        missing = self._market.missing
        if self._state != "live" and not missing:
            self._connects += 1
        self._state = "syncing" if missing else "live"
        self._reason = f"no book of {', '.join(missing)}" if missing else ""
        self._outside.after(EVERY, self._again(self._round))
