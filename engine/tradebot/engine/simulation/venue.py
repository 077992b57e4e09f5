"""The venue as the engine reaches it: requests that may be lost, refused or unanswered, and the private streams."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    CashMoved,
    ConnectionEvent,
    ExecutionBusted,
    ExecutionCorrected,
    OrderReported,
    ReplaceRejected,
    ReportedOrder,
    SubmitUnknown,
    VenueEvent,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import (
    Cancel,
    OrderIntent,
    QueryAccount,
    QueryOrder,
    Replace,
    Submit,
)
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import (
    MS,
    SECOND,
    UNCLAIMED,
    AccountName,
    BetId,
    ClientOrderId,
    EngineId,
    Side,
)
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.books import Execution
from tradebot.engine.simulation.exchange import Exchange, VenueOrder, told
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.instruments import BY_ID, CURRENCY, INSTRUMENTS
from tradebot.engine.simulation.plan import Plan
from tradebot.engine.simulation.stream import LATENCY, Stream

TIMEOUT = 2 * SECOND
"""After which an adapter gives an answer up."""

type Flow = Literal["deposit", "withdrawal", "funding"]
"""Movements of cash that this venue makes."""

type Deliver = Callable[[VenueEvent | ConnectionEvent, int], None]
"""Takes an event for the engine and its delay in ns; lost where no engine runs."""

FAR_AWAY = 200
"""Ticks from the touch at which another engine's order rests."""


class PrivateStream(Protocol):
    """What an account's adapter hears by."""

    @property
    def sick(self) -> bool:
        """Return whether words are being lost, or were and nobody has noticed."""
        ...

    @property
    def said(self) -> int:
        """Return how many words were told, heard or not."""
        ...

    def connect(self) -> None:
        """Come up."""
        ...

    def mend(self) -> None:
        """Let what is broken be noticed."""
        ...


class FaultyVenue:
    """A venue with several accounts, and the adapter in front of it.

    Args of the constructor:
        plan: Accounts, capabilities, fees.
        faults: What of them strikes.
        agenda: The world's time.
        deliver: The way to the engine.
    """

    def __init__(self, plan: Plan, faults: Faults, agenda: Agenda, deliver: Deliver) -> None:
        self._plan = plan
        self._faults = faults
        self._agenda = agenda
        self._deliver = deliver
        self.exchange = Exchange(plan, faults, say=self._say, later=self.later)
        self._plain_streams = {
            account: Stream(account, faults, deliver=deliver, later=self.later)
            for account in plan.accounts
        }
        self.streams: Mapping[AccountName, PrivateStream] = self._plain_streams
        self._elsewhere = 0
        self._halves: dict[ClientOrderId, OrderIntent] = {}
        """Orders of pairs whose other has not come yet."""
        self.words = 0
        """Private events and answers told."""
        self.told_corrections: list[ExecutionBusted | ExecutionCorrected] = []
        self.movements: list[CashMoved] = []
        self.on_departure: Callable[[VenueEffect], None] | None = None
        """Told of all that leaves the engine, before it is on its way."""

    def later(self, delay: int, act: Callable[[], None]) -> None:
        """Let something happen at the venue after a delay in ns."""

        def acted() -> None:
            self.exchange.now = self._agenda.now
            act()

        self._agenda.after(delay, acted)

    # ---------------------------------------------------------------------------- as the runtime sees it

    @property
    def capabilities(self) -> Capabilities:
        """Return what the venue does itself."""
        return self._plan.capabilities

    @property
    def trouble(self) -> str | None:
        """Return None: this venue keeps its books in memory."""
        return None

    def queue_ahead(self, client_order_id: ClientOrderId) -> int | None:  # noqa: ARG002
        """Return None: this venue does not say."""
        return None

    def perform(self, effect: VenueEffect) -> None:
        """Send an effect on its way."""
        delay = LATENCY
        if self._faults.strike("slow"):
            delay += self._faults.between(100, 1_500) * MS
        if self.on_departure is not None:
            self.on_departure(effect)
        if isinstance(effect, RiskApproved):
            self._send(delay, effect.item)
        elif isinstance(effect, Cancel):
            self._ask(delay, effect)
        elif isinstance(effect, QueryOrder):
            self.later(delay, lambda: self._report_order(effect))
        else:
            self.later(delay, lambda: self._report_account(effect))

    # ---------------------------------------------------------------------------- requests

    def _send(self, delay: int, item: Submit | Replace) -> None:
        """Send an order; the two of a pair go as one request, when both are here."""
        group = item.order.group
        if group is None:
            self._ask(delay, item)
            return
        first = self._halves.pop(group, None)
        if first is None:
            self._halves[group] = item.order
        else:
            self._ask_pair(delay, (first, item.order))

    def _ask_pair(self, delay: int, pair: tuple[OrderIntent, OrderIntent]) -> None:
        if self._faults.strike("unknown"):
            if self._faults.between(0, 1):
                self.later(delay, lambda: self.exchange.submit_pair(pair))
            wait = TIMEOUT + self._faults.between(0, 900) * MS
            for order in pair:
                silent = SubmitUnknown(client_order_id=order.client_order_id, reason="no answer")
                self._deliver(silent, wait)
                self.words += 1
            return
        refuse = "not now" if self._faults.strike("reject") else None
        self.later(delay, lambda: self.exchange.submit_pair(pair, refuse=refuse))

    def _ask(self, delay: int, item: Submit | Replace | Cancel) -> None:
        """Let a request arrive, or not; where its answer is lost the adapter says so after a while."""
        if self._faults.strike("unknown"):
            if self._faults.between(0, 1):
                self.later(delay, lambda: self._arrive(item))
            self._deliver(self._unknown(item), TIMEOUT + self._faults.between(0, 900) * MS)
            self.words += 1
            return
        if not isinstance(item, Cancel) and self._faults.strike("reject"):
            self.later(delay, lambda: self._arrive(item, refuse="not now"))
            return
        self.later(delay, lambda: self._arrive(item))

    def _unknown(self, item: Submit | Replace | Cancel) -> VenueEvent:
        if isinstance(item, Cancel):
            return CancelRejected(
                client_order_id=item.client_order_id,
                reason="no answer to the cancel",
                ts_event=self._agenda.now,
            )
        return SubmitUnknown(client_order_id=item.order.client_order_id, reason="no answer")

    def _arrive(self, item: Submit | Replace | Cancel, refuse: str | None = None) -> None:
        if isinstance(item, Cancel):
            self.exchange.cancel(item.account, item.client_order_id)
        elif isinstance(item, Submit):
            self.exchange.submit(item.order, refuse=refuse)
        elif refuse is None:
            self.exchange.replace(item.order, item.known_filled)
        else:
            self._say(
                item.order.account,
                ReplaceRejected(
                    client_order_id=item.order.client_order_id,
                    replaced=item.order.replaces or ClientOrderId(""),
                    reason=refuse,
                    ts_event=self._agenda.now,
                ),
            )

    def _say(self, account: AccountName, event: VenueEvent) -> None:
        self.words += 1
        self._plain_streams[account].say(event)

    # ---------------------------------------------------------------------------- questions

    def _report_order(self, query: QueryOrder) -> None:
        order = self.exchange.find(query.account, query.client_order_id)
        self.words += 1
        absent = OrderReported(client_order_id=query.client_order_id, found=False)
        report = absent if order is None else reported(order)
        self._deliver(report, self._answer_delay())

    def _answer_delay(self) -> int:
        slow = self._faults.strike("slow")
        return LATENCY + (self._faults.between(100, 1_500) * MS if slow else 0)

    def _report_account(self, query: QueryAccount) -> None:
        """Answer with movements and fills since an instant, then with what the account holds."""
        delay = self._answer_delay()
        self.fetch_missed(query.account, query.since, delay)
        report = self.snapshot(query.account)
        self.words += 1
        if self._faults.strike("snapshot_race"):
            delay += self._faults.between(50, 2_000) * MS
        self._deliver(report, delay)

    def fetch_missed(self, account: AccountName, since: int, delay: int) -> None:
        """Tell once more what moved an account from an instant on: cash, fills, what was taken back, fees."""
        books = self.exchange.books
        for movement in self.movements:
            if movement.account == account and movement.ts_event >= since:
                self._deliver(movement, delay)
        for execution in books.executions.values():
            if execution.account == account and execution.ts >= since:
                self._deliver(told(execution, "gap_fill", self._agenda.now), delay)
                self.words += 1
        for change in self.told_corrections:
            if self._account_of(change) == account and _when(change) >= since:
                self._deliver(change, delay)
                self.words += 1
        for charge in list(self.exchange.fees.values()):
            if charge.account == account and charge.ts_event >= since:
                self._deliver(charge, delay)
                self.words += 1

    def snapshot(self, account: AccountName) -> AccountReported:
        """Return what an account holds now."""
        books, working = self.exchange.books, self.exchange.working(account)
        held = {i.id: books.position(account, i.id) for i in INSTRUMENTS}
        averages = {symbol: books.average_price(account, symbol) for symbol in held}
        return AccountReported(
            account=account,
            cash=dict(books.cash(account)),
            positions={symbol: units for symbol, units in held.items() if units},
            open_orders=tuple(order.client_order_id for order in working),
            orders=tuple(as_reported(order) for order in working),
            average_prices={
                symbol: price for symbol, price in averages.items() if price is not None
            },
        )

    def look_again(self, account: AccountName) -> None:
        """Tell unasked what an account holds."""
        self._deliver(self.snapshot(account), MS)

    def engine_died(self) -> None:
        """Nobody listens any more; the venue goes on."""
        self._halves.clear()

    @property
    def settled(self) -> bool:
        """Return whether the way between engine and venue is whole."""
        return True

    @staticmethod
    def _account_of(change: ExecutionBusted | ExecutionCorrected) -> AccountName:
        if isinstance(change, ExecutionBusted):
            return change.account
        return change.corrected.account

    # ---------------------------------------------------------------------------- money and mistakes

    def move_cash(self, account: AccountName, amount: Decimal, why: Flow) -> CashMoved:
        """Book a movement that is not a trade and return what the engine is told of it."""
        number = f"m{len(self.movements) + 1}"
        movement = CashMoved(
            movement_id=number,
            account=account,
            asset=CURRENCY,
            amount=amount,
            why=why,
            ts_event=self._agenda.now,
        )
        self.movements.append(movement)
        self.exchange.books.write(self._agenda.now, account, CURRENCY, amount, number)
        self.words += 1
        return movement

    def place_elsewhere(
        self, account: AccountName, instrument: Instrument, engine: EngineId | None = None
    ) -> bool:
        """Take a small order from somebody else; return whether there is a market to place it in.

        Args:
            account: Where.
            instrument: In what.
            engine: Another engine, whose order rests far from the market; None: by phone.
        """
        depth, between = self.exchange.depths[instrument.id], self._faults.between
        if not depth.bids or not depth.asks:
            return False
        side: Side = "buy" if between(0, 1) or self._plan.capabilities.locks_balance else "sell"
        tick, way = instrument.rules_at(0).tick, 1 if side == "buy" else -1
        touch = depth.asks[0][0] if side == "buy" else depth.bids[0][0]
        self._elsewhere += 1
        named = "web" if engine is None else f"tb{engine}"
        key = ClientOrderId(f"{named}{self._elsewhere}")
        away = between(-1, 12) if engine is None else FAR_AWAY
        self.exchange.now = self._agenda.now
        self.exchange.foreign(
            OrderIntent(
                client_order_id=key,
                request_id=None,
                bet_id=BetId(f"b-{key}"),
                account=account,
                instrument=instrument.id,
                owner=UNCLAIMED,
                policy_version=None,
                side=side,
                type="limit",
                tif="gtc",
                quantity=between(1, 40),
                limit_price=touch - way * tick * away,
                post_only=False,
                reduce_only=False,
                because=None,
                edge=None,
                lives_at="broker",
                created=self._agenda.now,
                engine_id=engine or EngineId(""),
            )
        )
        return True

    def bust(self) -> bool:
        """Take an execution back, as venues do after an error; return whether there was one to take."""
        found = self._recent()
        if found is None:
            return False
        self.exchange.books.undo(found.id, self._agenda.now, "bust")
        order = self.exchange.find(found.account, found.client_order_id)
        if order is not None:
            order.undone += found.quantity
        self._correct(
            ExecutionBusted(
                execution_id=found.id,
                account=found.account,
                reason="erroneous trade",
                ts_event=self._agenda.now,
            )
        )
        return True

    def correct(self) -> bool:
        """Change an execution's price; return whether there was one to change."""
        found = self._recent()
        if found is None:
            return False
        books = self.exchange.books
        books.undo(found.id, self._agenda.now, "correction")
        tick = BY_ID[found.instrument].rules_at(0).tick
        instead = msgspec.structs.replace(
            found,
            id=self.exchange.name_execution(found.account, found.instrument, found.id),
            price=found.price + tick * self._faults.between(1, 5),
            ts=self._agenda.now,
        )
        books.execute(instead)
        self._correct(
            ExecutionCorrected(
                execution_id=found.id,
                corrected=told(instead, "stream", self._agenda.now),
                reason="price corrected",
            )
        )
        return True

    def _recent(self) -> Execution | None:
        books = self.exchange.books
        standing = [e for e in list(books.executions.values())[-6:] if e.id not in books.undone]
        return standing[self._faults.between(0, len(standing) - 1)] if standing else None

    def _correct(self, change: ExecutionBusted | ExecutionCorrected) -> None:
        self.told_corrections.append(change)
        self._say(self._account_of(change), change)


def _when(change: ExecutionBusted | ExecutionCorrected) -> int:
    return change.ts_event if isinstance(change, ExecutionBusted) else change.corrected.ts_event


def reported(order: VenueOrder) -> OrderReported:
    """Return an order as the venue answers when asked for it."""
    gone = order.state == "replaced" or (order.state == "filled" and not order.standing)
    return OrderReported(
        client_order_id=order.client_order_id,
        found=True,
        venue_order_id=order.venue_order_id,
        state="cancelled" if gone or order.state == "replaced" else order.state,
        filled=order.standing,
        reason=order.reason,
    )


def as_reported(order: VenueOrder) -> ReportedOrder:
    """Return an open order as an account report lists it."""
    return ReportedOrder(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        instrument=order.instrument,
        side="buy" if order.side > 0 else "sell",
        type=order.type,
        tif=order.tif,
        quantity=order.quantity,
        filled=order.standing,
        limit_price=order.limit,
        trigger_price=order.trigger,
        reduce_only=order.reduce_only,
    )
