"""One account at Alpaca as an engine trades it: effects out by REST, answers in by replies and the event stream.

The state machine without I/O: see `brokers.session.BrokerSession` for what it keeps to, and `filling` for how no fill
is missed.
"""

import random
from decimal import Decimal

import structlog

from tradebot.data.instruments import Instrument, to_units
from tradebot.data.venues.alpaca.times import ns_from_text
from tradebot.engine.brokers.alpaca.api import Api
from tradebot.engine.brokers.alpaca.desk import Desk
from tradebot.engine.brokers.alpaca.executions import Execution, OrderNews
from tradebot.engine.brokers.alpaca.fees import PATIENCE, Fees, ToldAs
from tradebot.engine.brokers.alpaca.filling import Filling, health_of
from tradebot.engine.brokers.alpaca.look import AccountLook, Seen, movements_request, report_of
from tradebot.engine.brokers.alpaca.messages import WireMovement, clock_of, movements_of
from tradebot.engine.brokers.alpaca.metered import Metered
from tradebot.engine.brokers.alpaca.naming import Naming
from tradebot.engine.brokers.alpaca.orders import end_of
from tradebot.engine.brokers.alpaca.replaced import Listing
from tradebot.engine.brokers.alpaca.setting import AccountSetting
from tradebot.engine.brokers.alpaca.sources import ActivityEvents, TradeUpdates
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.ids import ToldExecutions
from tradebot.engine.brokers.outside import Answer, HttpReply, Outside
from tradebot.engine.brokers.session import AccountWord, SessionHealth, SessionState, TellAccount
from tradebot.engine.core.events import (
    ClockMeasured,
    ExecutionBusted,
    ExecutionCorrected,
    OrderAccepted,
    OrderFilled,
    StreamChanged,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import QueryAccount
from tradebot.engine.core.types import (
    MINUTE,
    SECOND,
    ClientOrderId,
    ExecutionId,
    StreamState,
    VenueOrderId,
)

log = structlog.get_logger()

CLOCK_EVERY = 10 * MINUTE
"""Between two looks at the venue's clock."""

CLOCK_AGAIN = 2 * SECOND
"""Before the venue's clock is asked for again where it was never told."""

FEES_AFTER = SECOND
"""After a pair traded its fee is asked for; one that is told later comes with the next look at the account."""

LOOKS_MAX = 3
"""Looks at an account while it trades, until one fits together."""

BEGAN, REACHED, MOVED = "began", "reached", "moved"
"""Names in the cursor: the account's first instant, the watermarks of fills and of movements, venue time."""

BY_ITSELF, WITH_ITS_FILL = 1, 2
TOLD_AS: dict[int, ToldAs] = {BY_ITSELF: "by itself", WITH_ITS_FILL: "with its fill"}
"""How an activity was told, as the cursor keeps it."""

_OK = 200
_STREAM: dict[SessionState, StreamState] = {"live": "up", "degraded": "stale"}
_ACCEPTED = frozenset({"new", "accepted", "pending_new", "held", "accepted_for_bidding"})


class AlpacaSession:
    """See the module.

    Args of the constructor:
        setting: The account.
        outside: The doors.
        tell: Takes its words.
        cursor: Its durable memory.
    """

    def __init__(
        self, setting: AccountSetting, outside: Outside, tell: TellAccount, cursor: Cursor
    ) -> None:
        self.account = setting.name
        self._tell_outside = tell
        self._cursor = cursor
        self._doors = Metered(outside)
        self._api = Api(setting.addresses.base_url, setting.keys)
        self._instruments: dict[str, Instrument] = {}
        for one in setting.traded:
            symbol = one.instrument.symbol
            self._instruments[symbol] = self._instruments[symbol.replace("/", "")] = one.instrument
        pairs = [one.instrument for one in setting.traded if one.instrument.kind == "spot"]
        bases = {pair.symbol.replace("/", ""): pair.base for pair in pairs}
        self._fees = Fees(setting.name, bases, "USD")
        self._told = ToldExecutions()
        self._rows_told = ToldExecutions()
        """Activities that this life has told."""
        self._waits_for_fill = False
        self._looking = False
        self._look_next = 0
        """From when on a look is wanted that begins after the one under way; 0: none."""
        self._naming = Naming(self._doors, self._api, cursor, self._named)
        self._desk = Desk(setting, self._api, self._doors, self)
        self._filling = Filling(
            self._doors,
            self._api,
            # An engine needs to hear of orders too, which activity events do not tell.
            [
                TradeUpdates(
                    setting.addresses.private_url,
                    setting.keys,
                    ActivityEvents(setting.addresses.base_url, setting.keys),
                )
            ],
            self,
            self,
            random.Random(setting.seed),  # noqa: S311  (spreads pauses)
        )
        self._running = False
        self._life = 0
        self._malformed = 0
        self._asks_fees = False
        self._stream: StreamState | None = None

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        return health_of(self._filling, more_malformed=self._malformed)

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        if not self._running:
            self._running, self._naming.stopped = True, False
            self._life += 1
            self._looking, self._look_next = False, 0
            self._measure(self._life)

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._running, self._naming.stopped = False, True
        self._filling.stop()

    def tell(self, word: AccountWord) -> None:
        """Tell the engine, while running."""
        if self._running:
            self._tell_outside(word)

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect and return at once."""
        if isinstance(effect, QueryAccount):
            self._want_look(effect.since)
        else:
            self._desk.perform(effect)

    def malformed(self, reason: str) -> None:
        """Count what cannot be read."""
        self._malformed += 1
        log.warning("unreadable", account=self.account, reason=reason[:200])

    # ---------------------------------------------------------------------------- the clock

    def _measure(self, life: int) -> None:
        if self._running and life == self._life:
            asked = self._doors.now
            request = self._api.get("/v2/clock")
            self._doors.ask(request, lambda answer: self._measured(life, asked, answer))

    def _measured(self, life: int, asked: int, answer: Answer) -> None:
        if not self._running or life != self._life:
            return
        now = self._doors.now
        if isinstance(answer, HttpReply) and answer.status == _OK:
            try:
                venue = ns_from_text(clock_of(answer.body).timestamp)
            except (ValueError, RecursionError) as error:
                self.malformed(f"the clock: {error}")
            else:
                self._begin(venue)
                offset, half = (asked + now) // 2 - venue, (now - asked) // 2
                self.tell(ClockMeasured(account=self.account, offset=offset, error=half))
        began = bool(self._cursor.get(BEGAN))
        # Without the venue's time nothing begins: what came before it is not ours to tell.
        pause = CLOCK_EVERY if began else CLOCK_AGAIN
        self._doors.after(pause, lambda: self._measure(life))
        if began:
            self._filling.start()

    def _begin(self, venue: int) -> None:
        if not self._cursor.get(BEGAN):
            for name in (BEGAN, REACHED, MOVED):
                self._cursor.put(name, venue)

    # ---------------------------------------------------------------------------- the stream

    def first(self, execution_id: str) -> bool:
        """Return whether an execution is told for the first time."""
        return self._told.first(execution_id)

    def since(self) -> int:
        """Return the watermark of fills."""
        return self._cursor.get(REACHED)

    def began(self) -> int:
        """Return the account's first instant here: what traded before is in its positions."""
        return self._cursor.get(BEGAN)

    def reached(self, ts: int) -> None:
        """All fills up to an instant were told."""
        self._naming.when_all_named(lambda: self._cursor.put(REACHED, ts))

    def executed(self, execution: Execution) -> None:
        """Tell an execution under the id of its order."""
        self._naming.name(execution)

    def ordered(self, news: OrderNews) -> None:
        """Tell what happened to an order."""
        self._naming.order(news.order)
        key = self._desk.knows(news.order)
        if news.order.symbol not in self._instruments:
            return
        if self._desk.replaces(key, news.event):
            return
        if news.event in _ACCEPTED:
            venue = VenueOrderId(news.order.id)
            self.tell(OrderAccepted(client_order_id=key, venue_order_id=venue, ts_event=news.ts))
        ended = end_of(news)
        if ended is not None:
            # What traded before the end is told before it.
            self._naming.when_all_named(lambda: self.tell(ended))

    def standing(self, news: OrderNews) -> None:
        """Learn from an answer how an order stands."""
        self._naming.order(news.order)
        self._filling.knows(news)

    def stands(self, state: SessionState, reason: str) -> None:
        """Learn how the stream is."""
        stream = _STREAM.get(state, "down")
        if stream == "up":
            self._naming.when_all_named(lambda: self._stream_is("up", ""))
        elif self._stream is not None:
            self._stream_is(stream, reason)

    def _stream_is(self, stream: StreamState, reason: str) -> None:
        if stream == "up" and self._filling.state != "live":
            return  # it went down again while orders were asked for
        if stream != self._stream:
            self._stream = stream
            self.tell(StreamChanged(account=self.account, state=stream, reason=reason))

    def _named(self, execution: Execution, key: ClientOrderId) -> None:
        instrument = self._instruments.get(execution.symbol)
        if instrument is None:
            return  # another program's trade in what this engine does not know
        try:
            fill = self._fill(execution, key, instrument)
        except ValueError as error:
            self.malformed(f"an execution: {error}")
            return
        previous = self._fees.current(execution.previous_id)
        if execution.kind == "bust":
            self.tell(
                ExecutionBusted(
                    execution_id=previous,
                    account=self.account,
                    reason="busted at Alpaca",
                    ts_event=execution.ts,
                )
            )
        elif execution.kind == "correction":
            reason = "corrected at Alpaca"
            self.tell(ExecutionCorrected(execution_id=previous, corrected=fill, reason=reason))
            fee = self._fees.carried(execution.previous_id, fill)
            if fee is not None:
                self.tell(fee)
        else:
            self._fees.filled(fill)
            self.tell(fill)
            if instrument.kind == "spot" and not self._asks_fees:
                self._asks_fees = True
                self._doors.after(FEES_AFTER, self._ask_fees)

    def _fill(self, one: Execution, key: ClientOrderId, instrument: Instrument) -> OrderFilled:
        return OrderFilled(
            execution_id=ExecutionId(one.execution_id),
            client_order_id=key,
            venue_order_id=VenueOrderId(one.order_id),
            account=self.account,
            instrument=instrument.id,
            side=one.side,
            quantity=to_units(one.quantity, instrument.quantity_scale, what="qty"),
            price=to_units(one.price, instrument.price_scale, what="price"),
            fee=Decimal(0),  # told by an activity, later
            fee_currency=instrument.currency,
            liquidity="",
            source=one.source,
            ts_event=one.ts,
            ts_recv=self._doors.now,
        )

    # ---------------------------------------------------------------------------- looks

    def _want_look(self, since: int) -> None:
        """Look at the account from an instant on; what is asked for during a look is answered by one more."""
        if not self._running:
            return
        began = self._cursor.get(BEGAN)
        since = max(since, began)
        if self._looking:
            self._look_next = min(self._look_next or since, since)
        else:
            self._looking = True
            self._look(since, LOOKS_MAX)

    def _looked(self) -> None:
        self._looking, again, self._look_next = False, self._look_next, 0
        if again:
            self._want_look(again)

    def _look(self, since: int, looks: int) -> None:
        """Look, again where it traded meanwhile: the parts of one look must be of one moment."""
        before, life, asked = self._filling.fills, self._life, self._doors.now
        moved = max(min(self._cursor.get(MOVED) - MINUTE, since), self._cursor.get(BEGAN))

        def done(seen: Seen | str) -> None:
            if not self._running or life != self._life:
                return
            if isinstance(seen, str):
                # No answer is the answer: the kernel asks again, and lets no new risk through meanwhile.
                log.warning("account not told", account=self.account, reason=seen)
                self._looked()
                return
            for execution in self._filling.found(Listing(seen.executions, since, asked)):
                self.executed(execution)  # told again: whoever asked may not have it
            if self._filling.fills != before and looks > 1:
                self._look(since, looks - 1)
            else:
                self._naming.when_all_named(lambda: self._report(seen))
                self._looked()

        AccountLook(self._doors, self._api, since, moved, done).start()

    def _report(self, seen: Seen) -> None:
        for row in seen.movements:
            self._moved(row)
        for order in seen.orders:
            self._naming.order(order)
            self._desk.knows(order)
        try:
            began = self._cursor.get(BEGAN)
            self.tell(report_of(seen, self.account, self._instruments, began))
        except ValueError as error:
            self.malformed(f"the account: {error}")

    def _ask_fees(self) -> None:
        self._asks_fees = False
        if self._running:
            since = max(self._cursor.get(MOVED) - MINUTE, self._cursor.get(BEGAN))
            self._doors.ask(movements_request(self._api, since), self._told_fees)

    def _told_fees(self, answer: Answer) -> None:
        if not self._running or not isinstance(answer, HttpReply) or answer.status != _OK:
            return
        try:
            rows = movements_of(answer.body)
        except (ValueError, RecursionError) as error:
            self.malformed(f"activities: {error}")
            return
        for row in rows:
            self._moved(row)

    def _wait_for_fill(self, before: int) -> None:
        """Look again at a fee whose fill is not known, when it has been waited for long enough."""
        if before or self._waits_for_fill:
            return
        self._waits_for_fill = True

        def again() -> None:
            self._waits_for_fill = False
            self._ask_fees()

        self._doors.after(PATIENCE, again)

    def _moved(self, row: WireMovement) -> None:
        if row.id in self._rows_told:
            return
        # What was told in an earlier life may not be in the engine's records: it is told again, in the same way.
        before = self._cursor.get(f"row:{row.id}")
        try:
            word = self._fees.word(row, self._doors.now, told_before=TOLD_AS.get(before))
        except ValueError as error:
            self.malformed(f"an activity: {error}")
            return
        if word is None:
            self._wait_for_fill(before)
            return
        self._rows_told.first(row.id)
        self.tell(word)
        with_fill = isinstance(word, ExecutionCorrected)
        self._cursor.put(f"row:{row.id}", WITH_ITS_FILL if with_fill else BY_ITSELF)
        if row.transaction_time is not None:
            self._cursor.put(MOVED, ns_from_text(row.transaction_time))
