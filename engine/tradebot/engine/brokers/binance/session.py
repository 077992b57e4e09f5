"""One account at Binance: effects out by REST, answers in by replies and the user stream, nothing missed.

The state machine without I/O: see `brokers.session.BrokerSession` for what it keeps to.
"""

import random
from collections import OrderedDict
from collections.abc import Callable

import structlog

from tradebot.engine.brokers.binance.calls import Calls
from tradebot.engine.brokers.binance.look import Found, Look, Subject, Wanted
from tradebot.engine.brokers.binance.messages import (
    BalanceUpdate,
    ExecutionReport,
    balance_update,
    execution_report,
    read,
)
from tradebot.engine.brokers.binance.reports import (
    amount,
    fill_of_report,
    is_stop,
    news_of_report,
    order_of,
    triggered,
    units,
)
from tradebot.engine.brokers.binance.requests import Requests
from tradebot.engine.brokers.binance.setting import AccountSetting
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.binance.stream import UserStream
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.ids import ToldExecutions
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import AccountWord, SessionHealth, SessionState, TellAccount
from tradebot.engine.core.events import (
    CashMoved,
    ClockMeasured,
    OrderFilled,
    StreamChanged,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import QueryAccount
from tradebot.engine.core.types import (
    MINUTE,
    MS,
    SECOND,
    ClientOrderId,
    StreamState,
    VenueOrderId,
)

log = structlog.get_logger()

OVERLAP = 5 * MINUTE
"""How far before the newest fill that was told a gap-fill begins: fills are stamped by several clocks."""

SWEEP_EVERY = 30 * SECOND
"""Between two looks at the trades that trust no stream."""

CLOCK_EVERY = 10 * MINUTE
"""Between two looks at the venue's clock."""

AGAIN_AFTER = 2 * SECOND
"""Before a gap-fill that could not be had is tried again."""

CUMULATIVE_WAIT = SECOND // 2
"""How long a fill that a cumulative quantity speaks of may be on its way before it is asked for."""

FEE_COIN = "BNB"
"""The one asset that fees may be paid in though it is not traded; from the first such fee on it counts as cash."""

ORDERS_KEPT = 10_000


class BinanceSession:
    """See the module.

    Args of the constructor:
        setting: The account.
        signer: Its keys.
        outside: The doors.
        tell: Takes its words.
        cursor: Its durable memory.
    """

    def __init__(
        self,
        setting: AccountSetting,
        signer: Signer,
        outside: Outside,
        tell: TellAccount,
        cursor: Cursor,
    ) -> None:
        self.account = setting.name
        self._instruments = {one.symbol: one for one in setting.instruments}
        self._outside = outside
        self._tell_outside = tell
        self._cursor = cursor
        self._calls = Calls(outside, setting.addresses.base_url, signer, setting.limits)
        self._stream = UserStream(
            outside,
            setting.addresses.private_url,
            signer,
            self._calls.clock,
            self,
            random.Random(setting.seed),  # noqa: S311  (spreads pauses)
        )
        self._requests = Requests(setting, self._calls, cursor, self, outside)
        self._told = ToldExecutions()
        self._cumulative: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._stops: set[tuple[str, int]] = set()
        paid = {FEE_COIN} if cursor.get(f"fee:{FEE_COIN}") else set[str]()
        self._fee_assets = {*setting.fee_assets, *paid}
        self._running = False
        self._state: SessionState = "disconnected"
        self._reason = ""
        self._malformed = self._fills = self._gap_filled = 0

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        return SessionHealth(
            state=self._state,
            reason=self._reason,
            connects=self._stream.connects,
            malformed=self._malformed,
            fills=self._fills,
            doubled=self._told.doubled,
            gap_filled=self._gap_filled,
        )

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        if self._running:
            return
        self._running = True
        self._state = "connecting"
        if not self._cursor.get("began"):
            self._cursor.put("began", self._outside.now)
        self._stream.start()
        self._outside.after(SWEEP_EVERY, self._sweep)
        self._outside.after(CLOCK_EVERY, self._measure)

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._running = False
        self._state = "disconnected"
        self._stream.stop()

    def tell(self, word: AccountWord) -> None:
        """Tell the engine, while running."""
        if self._running:
            self._tell_outside(word)

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect and return at once."""
        if isinstance(effect, QueryAccount):
            began = self._cursor.get("began")
            wanted = Wanted(since=effect.since or began, source="gap_fill", account=True)
            self._look(wanted, self._answer_account)
        else:
            self._requests.perform(effect)

    # ---------------------------------------------------------------------------- the stream

    def subscribed(self) -> None:
        """Ask for what happened while nobody listened; only then the stream counts as up."""
        if self._state != "live":
            self._state = "syncing"
        self._tell_clock()
        self._gap_fill()

    def _gap_fill(self) -> None:
        since = max(self._cursor.get("newest") - OVERLAP, self._cursor.get("began"))
        self._look(Wanted(since=since, source="gap_fill", account=False), self._gap_filled_by)

    def _gap_filled_by(self, found: Found | str) -> None:
        if self._state not in {"syncing", "live"}:
            return
        if isinstance(found, str):
            log.warning("gap-fill failed", account=self.account, reason=found)
            self._reason = found
            self._outside.after(AGAIN_AFTER, self._again)
            return
        self._tell_new(found)
        self._state, self._reason = "live", ""
        self._stream_is("up")

    def _again(self) -> None:
        if self._running and self._state in {"syncing", "live"}:
            self._gap_fill()

    def quiet(self, reason: str) -> None:
        """The stream is connected and dead."""
        self._state, self._reason = "degraded", reason
        self._stream_is("stale", reason)

    def down(self, reason: str) -> None:
        """The stream is down."""
        self._state, self._reason = "connecting", reason
        self._stream_is("down", reason)

    def malformed(self, reason: str) -> None:
        """Count what cannot be read; the stream goes on."""
        self._malformed += 1
        log.warning("unreadable", account=self.account, reason=reason[:200])

    def _stream_is(self, state: StreamState, reason: str = "") -> None:
        self.tell(StreamChanged(account=self.account, state=state, reason=reason))

    def event(self, kind: str, payload: bytes) -> None:
        """Take an event of the stream."""
        try:
            if kind == "executionReport":
                self._on_report(read(execution_report, payload))
            elif kind == "balanceUpdate":
                self._on_balance(read(balance_update, payload))
        except ValueError as error:
            self.malformed(f"{kind}: {error}")
            if kind == "executionReport":
                # It may have been a fill: whatever it was, the trades themselves tell.
                self._gap_fill()

    def _on_balance(self, update: BalanceUpdate) -> None:
        """Book a deposit or withdrawal of what counts as cash; of a base asset it shows as a difference."""
        if update.asset not in {one.currency for one in self._instruments.values()}:
            return
        moved = amount(update.delta)
        self.tell(
            CashMoved(
                movement_id=f"{update.asset}:{update.cleared_ms}:{update.delta}",
                account=self.account,
                asset=update.asset,
                amount=moved,
                why="deposit" if moved > 0 else "withdrawal",
                ts_event=update.cleared_ms * MS,
            )
        )

    # ---------------------------------------------------------------------------- orders

    def _on_report(self, report: ExecutionReport) -> None:
        instrument = self._instruments.get(report.symbol)
        if instrument is None:
            return  # another program's trade in what this engine does not know
        number = VenueOrderId(str(report.order_id))
        order = self._cursor.order(report.symbol, number) or order_of(report)
        key = (report.symbol, report.order_id)
        if report.what in {"NEW", "TRADE"}:
            self._cursor.keep_order(report.symbol, number, order)
        self._set_off(report, order, key)
        fill = fill_of_report(report, order, instrument, self.account, self._outside.now)
        if fill is not None:
            self.fill(fill, key)
        news = news_of_report(report, order)
        self._check_cumulative(key, units(report.cumulative, instrument.quantity_scale))
        if news is not None and not self._requests.replaces(order, news):
            self.tell(news)

    def _set_off(self, report: ExecutionReport, order: ClientOrderId, key: tuple[str, int]) -> None:
        """Tell that a stop was set off: its first word says it waits, a later one that it works or trades."""
        if not is_stop(report):
            return
        first = key not in self._stops and report.what == "NEW"
        if first:
            self._stops.add(key)
        elif key in self._stops and (report.what == "TRADE" or report.is_working):
            self._stops.discard(key)
            self.tell(triggered(report, order))

    def fill(self, fill: OrderFilled, key: tuple[str, int]) -> None:
        """Tell an execution, once; key is symbol and number of its order."""
        if not self._told.first(fill.execution_id):
            return
        self._fills += 1
        self._gap_filled += fill.source != "stream"
        self._cumulative[key] = self._cumulative.get(key, 0) + fill.quantity
        self._cumulative.move_to_end(key)
        if len(self._cumulative) > ORDERS_KEPT:
            self._cumulative.popitem(last=False)
        if fill.fee_currency == FEE_COIN:
            self._fee_assets.add(FEE_COIN)
            self._cursor.put(f"fee:{FEE_COIN}", 1)
        self.tell(fill)
        # After it was handed over: the cursor may lag, never run ahead.
        self._cursor.put("newest", fill.ts_event)

    def _check_cumulative(self, key: tuple[str, int], cumulative: int) -> None:
        """Ask for an order's trades where the venue has executed more of it than was told."""
        if cumulative <= self._cumulative.get(key, 0):
            return

        def look_again() -> None:
            if self._running and cumulative > self._cumulative.get(key, 0):
                self._requests.ask_trades(*key)

        self._outside.after(CUMULATIVE_WAIT, look_again)

    def executed(self, key: tuple[str, int], cumulative: int) -> None:
        """Take in how much of an order a reply says is executed, in units."""
        self._check_cumulative(key, cumulative)

    # ---------------------------------------------------------------------------- looks

    def _look(self, wanted: Wanted, done: Callable[[Found | str], None]) -> None:
        subject = Subject(
            account=self.account,
            instruments=self._instruments,
            calls=self._calls,
            cursor=self._cursor,
            now=lambda: self._outside.now,
        )

        def ended(found: Found | str) -> None:
            if self._running:
                done(found)

        Look(
            subject,
            wanted,
            fee_assets=self._fee_assets,
            began=self._cursor.get("began"),
            done=ended,
        ).start()

    def _answer_account(self, found: Found | str) -> None:
        """Answer the kernel: all fills it asked for, then what the account holds."""
        if isinstance(found, str):
            # No answer is the answer: the kernel asks again, and lets no new risk through meanwhile.
            log.warning("account not told", account=self.account, reason=found)
            return
        for fill in found.fills:
            if fill.execution_id in self._told:
                self.tell(fill)
            else:
                self.fill(fill, _key_of(fill))
        if found.report is not None:
            self.tell(found.report)

    def _sweep(self) -> None:
        """Look at the newest trades whatever the stream says: it may be alive and lose words."""
        if not self._running:
            return
        self._outside.after(SWEEP_EVERY, self._sweep)
        if self._state == "live":
            since = max(self._outside.now - 2 * SWEEP_EVERY, self._cursor.get("began"))
            self._look(Wanted(since=since, source="sweep", account=False), self._tell_swept)

    def _tell_swept(self, found: Found | str) -> None:
        if isinstance(found, Found):
            self._tell_new(found)

    def _tell_new(self, found: Found) -> None:
        for fill in found.fills:
            if fill.execution_id not in self._told:
                self.fill(fill, _key_of(fill))

    # ---------------------------------------------------------------------------- the clock

    def _measure(self) -> None:
        if self._running:
            self._outside.after(CLOCK_EVERY, self._measure)
            self._calls.clock.measure(self._tell_clock)

    def _tell_clock(self) -> None:
        measured = self._calls.clock.measured
        if measured is not None:
            self.tell(
                ClockMeasured(account=self.account, offset=measured.offset, error=measured.error)
            )


def _key_of(fill: OrderFilled) -> tuple[str, int]:
    symbol, _, _ = fill.execution_id.rpartition(":")
    return symbol, int(fill.venue_order_id)
