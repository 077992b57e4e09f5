"""The judge: looks at every step of the engine, and knows the venue's books."""

from collections.abc import Callable

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import (
    CashMoved,
    Event,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderFilled,
    OrderRejected,
    ResumeRequested,
)
from tradebot.engine.core.orders import TERMINAL
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    Cancel,
    EquityMarked,
    FillBooked,
    OrderDenied,
    Replace,
    Submit,
    TradingStateChanged,
)
from tradebot.engine.core.state import State
from tradebot.engine.core.types import AccountName, ClientOrderId
from tradebot.engine.simulation.crossing import judge_crossing
from tradebot.engine.simulation.facts import Facts, Seen, Step
from tradebot.engine.simulation.gate import Gate
from tradebot.engine.simulation.instruments import INSTRUMENTS
from tradebot.engine.simulation.owners import Owners
from tradebot.engine.simulation.permits import Permits
from tradebot.engine.simulation.sleeve_bounds import judge_sleeve
from tradebot.engine.simulation.thresholds import Thresholds
from tradebot.engine.simulation.violation import Violation

SEVERITY = {"ACTIVE": 0, "REDUCING": 1, "HALTED": 2}

type Written = Callable[[int, int], bytes | None]
"""Returns a journal row's body as another reader of the file sees it."""


class Judge:
    """Folds each step, compares it with the engine's own memory, and with what the rules allow."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.gate = Gate(self.facts)
        self.thresholds = Thresholds(self.facts)
        self.permits = Permits(self.facts)
        self.owners = Owners(self.facts)
        self.state: State | None = None
        self.written: Written | None = None
        self.arrived: dict[ClientOrderId, int] = {}
        """How often each order reached the venue, over all lives of the engine."""
        self.requests: dict[str, ClientOrderId] = {}
        """The order each request led to at the venue."""
        self.booked: set[str] = set()
        self.unknown_resolved = 0

    # ---------------------------------------------------------------------------- each step

    def __call__(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        """Judge one step.

        Raises:
            Violation: If it broke a rule.
        """
        facts = self.facts
        step = Step(seq, now, event, outcomes)
        silent_before = self._silent(event)
        facts.take_event(step)
        self.permits.heard(event)
        if silent_before is not None and not silent_before.silent:
            self.unknown_resolved += 1
        self._fills(event, outcomes)
        if not outcomes and not facts.moved and isinstance(event, OrderFilled | CashMoved):
            self._told_again(event)
            return
        touched: list[ClientOrderId] = []
        self.owners.begin_step()
        for index, outcome in enumerate(outcomes, 1):
            self._decided(step, index, outcome)
            if isinstance(outcome, Submit | Replace):
                touched.append(outcome.order.client_order_id)
            elif isinstance(outcome, Cancel):
                touched.append(outcome.client_order_id)
        key: ClientOrderId | None = getattr(event, "client_order_id", None)
        if key is not None:
            touched.append(key)
        self.owners.end_step(event)
        self._compare(event, touched)
        self.thresholds.look(now)

    def _decided(self, step: Step, index: int, outcome: AnyOutcome) -> None:
        """Judge an outcome by what was so before it, and take it in."""
        facts = self.facts
        self.owners.decides(outcome)
        if isinstance(outcome, Submit | Replace):
            adds = self.gate.passed(outcome.order)
            if adds:
                self.permits.added(outcome.order)
            judge_crossing(facts, self.gate, outcome.order)
            judge_sleeve(facts, self.gate, outcome.order)
            facts.take_outcome(step, index, outcome)
            facts.orders[outcome.order.client_order_id].added_risk = adds
            return
        self.permits.decided(outcome)
        if isinstance(outcome, OrderDenied):
            self.gate.refused(outcome)
        elif isinstance(outcome, EquityMarked):
            self.thresholds.marks(step.now, outcome)
        elif isinstance(outcome, TradingStateChanged):
            self._state_changed(step.event, outcome)
            self.thresholds.pulled(outcome)
        facts.take_outcome(step, index, outcome)

    def _told_again(self, event: OrderFilled | CashMoved) -> None:
        """Judge that what was told before has changed nothing."""
        if self.state is not None and isinstance(event, OrderFilled):
            self._compare_net(self.state, event.account, event.instrument)
            self.compare_order(event.client_order_id)

    def _silent(self, event: Event) -> Seen | None:
        key: ClientOrderId | None = getattr(event, "client_order_id", None)
        seen = None if key is None else self.facts.orders.get(key)
        return seen if seen is not None and seen.silent and seen.ended is None else None

    def _fills(self, event: Event, outcomes: list[AnyOutcome]) -> None:
        booked = [o.execution_id for o in outcomes if isinstance(o, FillBooked)]
        for execution_id in booked:
            if execution_id in self.booked:
                raise Violation("fill-once", f"{execution_id} was booked twice")
            self.booked.add(execution_id)
        if isinstance(event, OrderFilled | ExecutionCorrected):
            told = event if isinstance(event, OrderFilled) else event.corrected
            fresh = sorted(self.facts.fresh)
            if fresh != booked and told.execution_id not in self.facts.holdings.undone:
                raise Violation("fill-once", f"told {fresh} for the first time, booked {booked}")

    def _state_changed(self, event: Event, outcome: TradingStateChanged) -> None:
        before = self.facts.state
        if SEVERITY[outcome.state] < SEVERITY[before] and not isinstance(event, ResumeRequested):
            raise Violation(
                "halt-lifted", f"{before} became {outcome.state} without a word: {outcome.reason}"
            )
        if outcome.state == "ACTIVE" and not outcome.reason:
            raise Violation("halt-lifted", f"{before} was lifted without a reason")

    def _compare(self, event: Event, touched: list[ClientOrderId]) -> None:
        state, facts = self.state, self.facts
        if state is None:
            return
        if state.trading_state != facts.state:
            raise Violation("halted", f"engine is {state.trading_state}, told was {facts.state}")
        for key in touched:
            self.compare_order(key)
        if isinstance(
            event, OrderFilled | CashMoved | FeeCharged | ExecutionBusted | ExecutionCorrected
        ):
            account = (
                event.corrected.account if isinstance(event, ExecutionCorrected) else event.account
            )
            if facts.moved:
                self.compare_money(account)
            elif isinstance(event, OrderFilled):
                self._compare_net(state, account, event.instrument)
        if isinstance(event, OrderRejected):
            self._rejects(state)

    def _rejects(self, state: State) -> None:
        most = state.limits.rejects_in_row
        if self.facts.rejects >= most and self.facts.state == "ACTIVE":
            raise Violation("threshold", f"{self.facts.rejects} rejections in a row, still ACTIVE")

    def compare_order(self, key: ClientOrderId) -> None:
        """Compare one order with what was told of it.

        Raises:
            Violation: If the engine believes what nobody told, or does not believe what was told.
        """
        seen = self.facts.orders.get(key)
        order = None if self.state is None else self.state.blotter.get(key)
        if seen is None or order is None or seen.held:
            return
        ended = order.state in TERMINAL
        if order.filled != seen.filled:
            raise Violation("order-state", f"{key} filled {order.filled}, told {seen.filled}")
        if ended and seen.ended is None and not seen.doubtful:
            raise Violation("order-state", f"{key} is {order.state}, and nobody said so")
        if not ended and seen.ended is not None and seen.ended != "absent twice":
            raise Violation("order-state", f"{key} is {order.state}, told was {seen.ended}")

    def compare_money(self, account: AccountName) -> None:
        """Compare an account's balances, positions and costs with the judge's own sums.

        Raises:
            Violation: If one differs in the last unit, or the ledger does not balance.
        """
        state, holdings = self.state, self.facts.holdings
        if state is None:
            return
        for asset, total in state.ledger.trial_balance().items():
            if total:
                raise Violation("ledger", f"postings of {asset} sum to {total}")
        for (held_by, asset), amount in holdings.cash.items():
            ours = state.ledger.balance(held_by, asset)
            if held_by == account and ours != amount:
                raise Violation("cash", f"{account} {asset}: ledger {ours}, told {amount}")
        for instrument in INSTRUMENTS:
            self._compare_net(state, account, instrument.id)
        self.owners.compare(state, account)
        self._compare_lots(state, account)

    def _compare_net(self, state: State, account: AccountName, symbol: InstrumentId) -> None:
        ours, told = (
            state.ledger.net(account, symbol),
            self.facts.holdings.net.get((account, symbol), 0),
        )
        if ours != told:
            raise Violation("position", f"{account} {symbol}: ledger {ours}, told {told}")

    def _compare_lots(self, state: State, account: AccountName) -> None:
        for (held_by, symbol, owner), lot in self.facts.holdings.lots.items():
            if held_by != account or not lot.clean:
                continue
            position = state.ledger.position(account, symbol, owner)
            ours = (position.quantity, position.cost, position.realized)
            theirs = (lot.units, lot.cost, lot.realized)
            if ours != theirs:
                raise Violation("position", f"{owner} {symbol}: ledger {ours}, told {theirs}")

    # ---------------------------------------------------------------------------- at the venue's door

    def leaves(self, item: Submit | Replace) -> None:
        """Judge an order at the moment it leaves the engine.

        Raises:
            Violation: If it left before, is not durable, or must not leave in this state.
        """
        intent = item.order
        key = intent.client_order_id
        self.owners.departs(intent)
        self.arrived[key] = self.arrived.get(key, 0) + 1
        if self.arrived[key] > 1:
            raise Violation("order-once", f"{key} was sent {self.arrived[key]} times")
        if intent.request_id is not None:
            first = self.requests.setdefault(intent.request_id, key)
            if first != key:
                raise Violation(
                    "order-once", f"request {intent.request_id} led to {first} and {key}"
                )
        seen = self.facts.orders.get(key)
        if seen is None:
            raise Violation("order-once", f"{key} was sent and never decided")
        if not seen.added_risk:
            return
        body = None if self.written is None else self.written(seen.seq, seen.index)
        if body is None or f'"{key}"'.encode() not in body:
            raise Violation(
                "intent-durable", f"{key} was sent before its intent was in the journal"
            )
        if self.facts.state != "ACTIVE" and self._still_adds(seen):
            raise Violation("halted", f"{key} was sent while {self.facts.state}")

    def _still_adds(self, seen: Seen) -> bool:
        """Return whether an order shrinks neither the account's position nor, with the net no larger, its owner's."""
        intent, holdings = seen.intent, self.facts.holdings
        way = 1 if intent.side == "buy" else -1
        where = (intent.account, intent.instrument)
        net = -holdings.net.get(where, 0) * way
        own = -holdings.owned.get((*where, intent.owner), 0) * way
        leaves_owner = intent.quantity <= own and intent.quantity <= net + abs(net)
        return intent.quantity > net and not leaves_owner

    def after_recovery(self) -> None:
        """Compare what a new engine recovered with what was durable.

        Raises:
            Violation: If it remembers something else.
        """
        state, facts = self.state, self.facts
        if state is None:
            return
        self.booked = set(facts.holdings.ever)
        self.thresholds.forget()
        self.permits.forget()
        if state.trading_state != facts.state:
            raise Violation(
                "recovery", f"recovered {state.trading_state}, written was {facts.state}"
            )
        for account in state.accounts:
            self.compare_money(account)
        for key in facts.orders:
            self.compare_order(key)
