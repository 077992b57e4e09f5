"""Who may add risk at all: pauses, streams and reports judged from outside; and trailing stops, which never go back."""

from decimal import Decimal

import msgspec

from tradebot.engine.core.events import AccountReported, EngineStarted, Event, StreamChanged
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    OrderHeld,
    OrderIntent,
    SleevePaused,
    SleeveResumed,
    SleeveStopped,
    SleeveTaken,
    StopMoved,
    TradingStateChanged,
)
from tradebot.engine.core.types import AccountName, ClientOrderId, Owner, StreamState
from tradebot.engine.simulation.facts import Facts
from tradebot.engine.simulation.instruments import INSTRUMENTS
from tradebot.engine.simulation.violation import Violation

ZERO = Decimal(0)

SYMBOLS: frozenset[str] = frozenset(instrument.id for instrument in INSTRUMENTS)


class Permits:
    """Follows what must be so before an order may add risk."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._begin()

    def _begin(self) -> None:
        self._paused: set[Owner] = set()
        self._mute: dict[Owner, bool] = {}
        """Sleeves that a word stopped or started: whether they send nothing."""
        self._streams: dict[AccountName, StreamState] = {}
        self._agreed: set[AccountName] = set()
        """Accounts whose venue has told, since the start, just what was told before."""
        self._differing: dict[AccountName, str] = {}
        """What the newest report of an account differs in."""
        self._stops: dict[ClientOrderId, OrderIntent] = {}

    def forget(self) -> None:
        """Begin anew after a death with what is durable: pauses, and stops as they stood."""
        self._begin()
        for step in self._facts.steps:
            for outcome in step.outcomes:
                self._remember(outcome)

    def heard(self, event: Event) -> None:
        """Take in what came; to be called once the facts have."""
        match event:
            case EngineStarted():
                self._streams, self._agreed, self._differing = {}, set(), {}
            case StreamChanged():
                self._streams[event.account] = event.state
            case AccountReported():
                found = self._differs(event)
                if found is None:
                    self._agreed.add(event.account)
                    self._differing.pop(event.account, None)
                else:
                    self._differing[event.account] = found
            case _:
                return

    def _differs(self, report: AccountReported) -> str | None:
        holdings, account = self._facts.holdings, report.account
        for instrument in INSTRUMENTS:
            ours = holdings.net.get((account, instrument.id), 0)
            theirs = report.positions.get(instrument.id, 0)
            if ours != theirs:
                return f"{account} {instrument.id}: told {ours}, reported {theirs}"
        held = {asset for held_by, asset in holdings.cash if held_by == account}
        for asset in sorted({*held, *report.cash} - SYMBOLS):
            ours_cash, theirs_cash = holdings.balance(account, asset), report.cash.get(asset, ZERO)
            if ours_cash != theirs_cash:
                return f"{account} {asset}: told {ours_cash}, reported {theirs_cash}"
        return None

    def decided(self, outcome: AnyOutcome) -> None:
        """Judge an outcome by what was so before it, and take it in.

        Raises:
            Violation: If a halt is lifted over a difference, or a trailing stop goes back.
        """
        if isinstance(outcome, TradingStateChanged):
            lifted = self._facts.state == "HALTED" and outcome.state != "HALTED"
            if lifted and self._differing:
                text = "; ".join(self._differing.values())
                raise Violation("halt-lifted", f"lifted though {text}")
        elif isinstance(outcome, StopMoved):
            self._moved(outcome)
        self._remember(outcome)

    def _moved(self, outcome: StopMoved) -> None:
        stop = self._stops.get(outcome.client_order_id)
        if stop is None or stop.trigger_price is None:
            return
        back = outcome.trigger_price - stop.trigger_price
        if (back if stop.side == "buy" else -back) > 0:
            text = f"{outcome.client_order_id} stood at {stop.trigger_price}, is moved to {outcome.trigger_price}"
            raise Violation("stop-back", text)

    def _remember(self, outcome: AnyOutcome) -> None:
        match outcome:
            case SleevePaused():
                self._paused.add(outcome.sleeve)
            case SleeveResumed():
                self._paused.discard(outcome.sleeve)
            case SleeveStopped():
                self._mute[outcome.sleeve] = True
            case SleeveTaken():
                name = outcome.started.name
                self._mute[name] = outcome.started.run != "live"
                if outcome.what == "start":
                    self._paused.discard(name)
            case OrderHeld():
                self._stops[outcome.order.client_order_id] = outcome.order
            case StopMoved():
                stop = self._stops.get(outcome.client_order_id)
                if stop is not None:
                    moved = msgspec.structs.replace(stop, trigger_price=outcome.trigger_price)
                    self._stops[outcome.client_order_id] = moved
            case _:
                return

    def added(self, intent: OrderIntent) -> None:
        """Judge an order that surely adds risk.

        Raises:
            Violation: If its owner, its account or the way there does not permit it.
        """
        key, account = intent.client_order_id, intent.account
        if self._facts.refused is not None:
            raise Violation("rival", f"{key} adds risk after a refused start")
        if intent.owner in self._paused:
            raise Violation("halted", f"{key} adds risk while {intent.owner} is paused")
        if self._sends_nothing(intent.owner):
            raise Violation("halted", f"{key} adds risk for {intent.owner}, which sends nothing")
        if self._streams.get(account, "up") != "up":
            told = self._streams[account]
            raise Violation("halted", f"{key} adds risk while {account}'s stream is {told}")
        if account not in self._agreed:
            raise Violation("halted", f"{key} adds risk before {account} was reconciled")

    def _sends_nothing(self, owner: Owner) -> bool:
        """Return whether an owner is a sleeve that is stopped, or a shadow."""
        started = self._facts.started
        sleeves = () if started is None else started.sleeves
        begun = any(sleeve.name == owner and sleeve.run != "live" for sleeve in sleeves)
        return self._mute.get(owner, begun)
