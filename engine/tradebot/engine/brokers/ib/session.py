"""One account at a Gateway: orders out, words in, nothing missed.

The state machine without I/O: see `brokers.session.BrokerSession` for what it keeps to. Orders change by the venue's
statuses alone; an error about an order that was accepted makes it suspect, and a look tells how it stands.
"""

from collections.abc import Sequence

import structlog

from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.ib.calendar import login_note
from tradebot.engine.brokers.ib.connection import Connection
from tradebot.engine.brokers.ib.executions import Executions, Unreadable
from tradebot.engine.brokers.ib.look import Found, Looks
from tradebot.engine.brokers.ib.orders import (
    CANCEL_REFUSALS,
    ENDED,
    NOTICES,
    REFUSALS,
    WORKING,
    venue_id,
)
from tradebot.engine.brokers.ib.report import account_report, order_report
from tradebot.engine.brokers.ib.sending import Sending
from tradebot.engine.brokers.ib.setting import AccountSetting, Listed
from tradebot.engine.brokers.ib.standing import Orders, Standing
from tradebot.engine.brokers.ib.words import (
    ErrorSaid,
    ExecutionSaid,
    FeeSaid,
    OrderSaid,
    Ready,
    Said,
    StatusSaid,
)
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import AccountWord, SessionHealth, SessionState, TellAccount
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderTriggered,
    StreamChanged,
    SubmitUnknown,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import Cancel, QueryAccount, QueryOrder, Replace
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import SECOND, ClientOrderId, StreamState

log = structlog.get_logger()

SWEEP_EVERY = 60 * SECOND
CUMULATIVE_WAIT = SECOND // 2
"""How long an execution that a status speaks of may be on its way before it is asked for."""
ABSENT_AFTER = 5 * SECOND
"""An order must be this old to be believed absent."""
LOST, RESTORED_LOST, RESTORED_KEPT, PORT_RESET = 1100, 1101, 1102, 1300
_STOPS = frozenset({"STP", "STP LMT", "TRAIL"})


class IbSession:
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
        self._setting = setting
        self._listed = {one.con_id: one for one in setting.listed}
        self._outside = outside
        self._tell_outside = tell
        self._cursor = cursor
        self._connection = Connection(
            setting.url, setting.client_id, outside, self, seed=setting.seed
        )
        self._orders = Orders(cursor, setting.client_id)
        self._sending = Sending(
            setting,
            self._connection,
            self._orders,
            outside=outside,
            tell=self._tell,
            blocked=self._blocked,
        )
        self._executions = Executions(setting.name)
        self._looks = Looks(self._connection, setting.code, outside)
        self._link_lost = False
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
            connects=self._connection.connects,
            malformed=self._malformed,
            fills=self._fills,
            doubled=self._executions.told.doubled,
            gap_filled=self._gap_filled,
            note=login_note(self._outside.now),
        )

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        if self._running:
            return
        self._running = True
        self._state = "connecting"
        self._connection.start()
        self._outside.after(SWEEP_EVERY, self._sweep)

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._running = False
        self._state = "disconnected"
        self._looks.forget()
        self._connection.stop()

    def _tell(self, word: AccountWord) -> None:
        if self._running:
            self._tell_outside(word)

    def _stream_is(self, state: StreamState, reason: str = "") -> None:
        self._tell(StreamChanged(account=self.account, state=state, reason=reason))

    # ---------------------------------------------------------------------------- the connection

    def ready(self, word: Ready) -> None:
        """Ask for what happened while nobody listened; only then the stream counts as up."""
        if self._setting.code not in word.accounts:
            have = ", ".join(word.accounts)
            self._connection.drop(f"the login has no account {self._setting.code}, it has {have}")
            return
        self._sending.next_id = max(self._sending.next_id, word.next_id)
        self._link_lost = False
        self._synchronise()

    def _synchronise(self) -> None:
        self._state = "syncing"
        self._looks.ask("gap_fill", self._synchronised)

    def _synchronised(self, found: Found | str) -> None:
        if isinstance(found, Found) and self._state == "syncing" and not self._link_lost:
            self._state, self._reason = "live", ""
            self._stream_is("up")

    def lost(self, reason: str) -> None:
        """What was sent and not answered is unknown; what was asked is not answered any more."""
        self._state, self._reason = "connecting", reason
        self._stream_is("down", reason)
        for standing in self._orders.unanswered():
            standing.unsure = True
            self._tell(SubmitUnknown(client_order_id=standing.name, reason=reason))
        self._looks.fail(reason)

    def malformed(self, reason: str) -> None:
        """Count what cannot be read; it may have been a fill: a look tells."""
        self._malformed += 1
        log.warning("unreadable", account=self.account, reason=reason[:200])
        if not self._looks.under_way:
            self._looks.ask("gap_fill", _nothing)

    def _link(self, error: ErrorSaid) -> None:
        """Take in that the Gateway lost or found its own venue: new orders wait, executions never do."""
        if error.code == LOST:
            self._link_lost = True
            self._state, self._reason = "degraded", "IB has lost its own connection (1100)"
            self._stream_is("stale", self._reason)
        elif error.code in {RESTORED_LOST, RESTORED_KEPT}:
            self._link_lost = False
            self._synchronise()
        else:
            self._connection.drop(f"IB {error.code}: {error.text}")

    def _blocked(self) -> str:
        """Return why no order can be sent now; empty: it can."""
        if not self._connection.is_ready:
            return f"not connected: {self._reason}"
        return self._reason if self._link_lost else ""

    # ---------------------------------------------------------------------------- effects

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect and return at once."""
        match effect:
            case RiskApproved():
                self._sending.submit(effect.item.order, replace=isinstance(effect.item, Replace))
            case Cancel():
                self._cancel(effect.client_order_id)
            case QueryOrder():
                self._query(effect.client_order_id)
            case QueryAccount():
                self._looks.ask("gap_fill", self._answer_account)

    def _cancel(self, name: ClientOrderId) -> None:
        """Cancel an order; one that this connection has not heard of is looked for first.

        An answer at once would be asked again at once by a kernel that knows the order works.
        """
        standing = self._orders.get(name)
        if standing is not None and standing.order_id:
            self._sending.cancel(name)
            return

        def looked(found: Found | str) -> None:
            if isinstance(found, Found):  # no answer is the answer: the kernel asks again
                self._sending.cancel(name)

        self._looks.ask("gap_fill", looked)

    def _query(self, name: ClientOrderId) -> None:
        def answer(found: Found | str) -> None:
            if isinstance(found, str):
                return  # no answer is the answer: the kernel asks again
            standing = self._orders.get(name)
            traded = self._executions.of(name)
            told = order_report(name, standing, traded, found, self._orders, self._listed)
            sent = standing.sent_at if standing is not None else 0
            if told.found or found.began >= sent + ABSENT_AFTER:
                self._tell(told)
            else:
                self._outside.after(sent + ABSENT_AFTER - found.began, lambda: self._query(name))

        self._looks.ask("gap_fill", answer)

    # ---------------------------------------------------------------------------- looks

    def _sweep(self) -> None:
        if not self._running:
            return
        self._outside.after(SWEEP_EVERY, self._sweep)
        if self._state == "live" and self._orders.open():
            self._looks.ask("sweep", _nothing)

    def _answer_account(self, found: Found | str) -> None:
        if isinstance(found, str):
            log.warning("account not told", account=self.account, reason=found)
            return
        if not found.cash:
            # Every account has a balance: its words were lost, and without them it is none that can be believed.
            log.warning("account not told", account=self.account, reason="no balance was told")
            return
        self._tell(
            account_report(self.account, found, self._orders, self._executions, self._listed)
        )

    # ---------------------------------------------------------------------------- words

    def said(self, word: Said) -> None:
        """Take a word of the Gateway."""
        match word:
            case OrderSaid():
                self._on_order(word)
            case StatusSaid():
                self._on_status(word)
            case ExecutionSaid():
                self._on_execution(word)
            case FeeSaid():
                self._tell_all(self._executions.fee(word))
            case ErrorSaid():
                self._on_error(word)
            case _:
                pass
        self._looks.hear(word)

    def _on_order(self, word: OrderSaid) -> None:
        listed = self._listed.get(word.contract.con_id)
        if listed is None:
            return
        name = self._orders.name(word.perm_id, word.ref)
        if word.completed and self._orders.get(name) is None:
            return
        standing = self._orders.heard(
            name, listed, order_id=word.order_id, client_id=word.client_id
        )
        standing.kind, standing.tif = word.kind, word.tif
        self._stands(standing, word.status, word.perm_id)

    def _on_status(self, word: StatusSaid) -> None:
        standing = self._orders.by_id(word.order_id, word.client_id)
        if standing is None:
            return
        try:
            filled = standing.listed.instrument.quantity_units(word.filled)
        except ValueError as error:
            self.malformed(f"status of {standing.name}: {error}")
            return
        standing.filled = max(standing.filled, filled)
        self._stands(standing, word.status, word.perm_id)
        self._check_cumulative(standing)

    def _check_cumulative(self, standing: Standing) -> None:
        def misses() -> bool:
            traded = self._executions.of(standing.name)
            return traded.told < traded.counted(standing.filled)

        def look_again() -> None:
            if self._running and misses():
                self._looks.ask("gap_fill", _nothing)

        if misses():
            self._outside.after(CUMULATIVE_WAIT, look_again)

    def _stands(self, standing: Standing, status: str, perm_id: int) -> None:
        """Take in a status; what it does not say of an order stays as it was, what is over stays over."""
        if perm_id and not standing.perm_id:
            standing.perm_id = perm_id
            self._orders.remember(perm_id, standing.name)
        if standing.ended:
            return
        now = self._outside.now
        if status in WORKING or status == "Filled":
            if not standing.accepted:
                standing.accepted = True
                self._tell(
                    OrderAccepted(
                        client_order_id=standing.name,
                        venue_order_id=venue_id(standing.perm_id),
                        ts_event=now,
                    )
                )
            if standing.waits and status != "PreSubmitted" and standing.kind in _STOPS:
                standing.waits = False
                self._tell(OrderTriggered(client_order_id=standing.name, ts_event=now))
            standing.waits = standing.waits or status == "PreSubmitted"
        if status == "Filled":
            standing.ended = "filled"
        elif status in ENDED:
            expired = not standing.cancel_asked and standing.tif != "GTC"
            standing.ended = "expired" if expired else "cancelled"
            kind = OrderExpired if expired else OrderCancelled
            self._tell(kind(client_order_id=standing.name, reason="", ts_event=now))
        elif status == "Inactive":
            self._outside.after(CUMULATIVE_WAIT, self._look_at_suspects)

    def _look_at_suspects(self) -> None:
        if self._running:
            self._looks.ask("gap_fill", _nothing)

    def _on_error(self, word: ErrorSaid) -> None:
        if word.code in {LOST, RESTORED_LOST, RESTORED_KEPT, PORT_RESET}:
            self._link(word)
            return
        standing = self._orders.by_id(word.request)
        if standing is None or standing.ended or word.code in NOTICES:
            log.info("ib says", account=self.account, code=word.code, text=word.text[:200])
            return
        why = f"IB {word.code}: {word.text}"
        now = self._outside.now
        if word.code in CANCEL_REFUSALS:
            self._tell(CancelRejected(client_order_id=standing.name, reason=why, ts_event=now))
            self._look_at_suspects()
        elif not standing.accepted and word.code in REFUSALS:
            standing.ended = "rejected"
            self._tell(OrderRejected(client_order_id=standing.name, reason=why, ts_event=now))
        else:
            # Whatever it says, the order may stand as it was: only its status ends it.
            self._look_at_suspects()

    def _on_execution(self, word: ExecutionSaid) -> None:
        listed = self._listed.get(word.contract.con_id)
        if word.account != self._setting.code or listed is None:
            return
        source = self._looks.source_of(word.request)
        name = self._name_of(word, listed)
        try:
            events, added = self._executions.take(
                word, name, listed, source=source, now=self._outside.now
            )
        except Unreadable as error:
            self._malformed += 1
            log.warning("an execution cannot be booked", account=self.account, reason=str(error))
            return
        if added > 0:
            self._fills += 1
            self._gap_filled += source != "stream"
        self._tell_all(events)
        # After it was handed over: the cursor may lag, never run ahead.
        self._cursor.put("newest", word.ts)

    def _name_of(self, word: ExecutionSaid, listed: Listed) -> ClientOrderId:
        standing = self._orders.by_id(word.order_id, word.client_id)
        if standing is not None and standing.listed is listed and not word.ref:
            return standing.name
        return self._orders.name(word.perm_id, word.ref)

    def _tell_all(self, events: Sequence[AccountWord]) -> None:
        for event in events:
            self._tell(event)


def _nothing(found: Found | str) -> None:
    """A look whose executions are all that was wanted."""
    _ = found
