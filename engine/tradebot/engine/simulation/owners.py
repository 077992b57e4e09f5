"""Several owners on one account, judged from outside: whose an order is, what each holds, and closes in a flatten."""

from decimal import Decimal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import Event
from tradebot.engine.core.outcomes import AnyOutcome, OrderDenied, OrderIntent, Submit
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.state import FLATTEN, State
from tradebot.engine.core.types import (
    HAND,
    UNCLAIMED,
    AccountName,
    ClientOrderId,
    Owner,
    sign,
)
from tradebot.engine.simulation.exchange import Exchange
from tradebot.engine.simulation.facts import Facts
from tradebot.engine.simulation.instruments import BY_ID, INSTRUMENTS
from tradebot.engine.simulation.violation import Violation

ZERO = Decimal(0)


class Owners:
    """Follows who owns what."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._sent_by: dict[ClientOrderId, Owner] = {}
        """Whose each order was when it left the engine, over all its lives."""
        self._flattened: list[OrderIntent] = []
        """The closing orders of the flatten of this step."""
        self._free: dict[tuple[AccountName, InstrumentId], dict[Owner, int]] = {}
        """What each owner could close before the first of them, in units."""
        self._short = False
        """Whether an order of this step was refused."""

    def departs(self, intent: OrderIntent) -> None:
        """Remember whose order leaves for the venue."""
        self._sent_by[intent.client_order_id] = intent.owner

    # ---------------------------------------------------------------------------- each step

    def begin_step(self) -> None:
        """Forget the closing orders of the step before."""
        self._flattened, self._free, self._short = [], {}, False

    def decides(self, outcome: AnyOutcome) -> None:
        """Judge an order by whose it is; to be called before the facts take it in.

        Raises:
            Violation: If a sleeve's order is not of its version, at its account, in one of its instruments.
        """
        if isinstance(outcome, OrderDenied):
            self._short = True
        if not isinstance(outcome, Submit):
            return
        intent = outcome.order
        terms = self._terms(intent.owner)
        if terms is None and intent.owner not in {HAND, UNCLAIMED}:
            raise Violation(
                "owner", f"{intent.client_order_id} is of {intent.owner}, which is no sleeve"
            )
        if terms is not None and (
            intent.account != terms.account
            or intent.instrument not in terms.symbols
            or intent.policy_version not in {None, terms.version}
        ):
            text = f"{intent.instrument} at {intent.account}, version {intent.policy_version}"
            raise Violation("owner", f"{intent.client_order_id} is of {intent.owner}: {text}")
        because = intent.because
        if intent.reduce_only and because is not None and because.code == FLATTEN:
            where = (intent.account, intent.instrument)
            if where not in self._free:
                self._free[where] = self._closable(where)
            self._flattened.append(intent)

    def _terms(self, owner: Owner) -> SleeveStarted | None:
        started = self._facts.started
        sleeves = () if started is None else started.sleeves
        return next((sleeve for sleeve in sleeves if sleeve.name == owner), None)

    def _closable(self, where: tuple[AccountName, InstrumentId]) -> dict[Owner, int]:
        """Return what each owner on the net's side holds less what its own orders will close, in units."""
        facts = self._facts
        net = facts.holdings.net.get(where, 0)
        found: dict[Owner, int] = {}
        for (account, symbol, owner), units in facts.holdings.owned.items():
            if (account, symbol) != where or units * net <= 0:
                continue
            working = sum(
                seen.leaves
                for seen in facts.orders.values()
                if seen.ended is None
                and not seen.held
                and (seen.intent.account, seen.intent.instrument, seen.intent.owner)
                == (account, symbol, owner)
                and sign(seen.intent.side) * net < 0
            )
            found[owner] = max(abs(units) - working, 0)
        return found

    def end_step(self, event: Event) -> None:
        """Judge the closing orders of a flatten: each owner's part of them is its part of what can be closed.

        What an order covered that has ended is its owner's before the rest is shared. Nothing is said where one of them
        was refused, or where it is in doubt what other orders will close.

        Raises:
            Violation: If an owner closes a unit more or less than its share.
        """
        if not self._flattened or self._short or not self._facts.certain():
            return
        for where, could in self._free.items():
            free = dict(could)
            sent: dict[Owner, int] = {}
            for intent in self._flattened:
                if (intent.account, intent.instrument) == where:
                    sent[intent.owner] = sent.get(intent.owner, 0) + intent.quantity
            most = BY_ID[where[1]].rules_at(0).quantity_max
            if max(sent.values()) >= most:
                continue
            owner, freed = self._ended(event)
            closed = sum(sent.values())
            first = min(free.get(owner, 0), closed, freed)
            if first:
                free[owner] -= first
                sent[owner] = sent.get(owner, 0) - first
                closed -= first
            total = max(sum(free.values()), 1)
            for owner in sorted({*free, *sent}):
                part = sent.get(owner, 0)
                if part > free.get(owner, 0) or abs(part * total - closed * free[owner]) >= total:
                    text = f"{owner} closes {part} of {closed}, could close {free.get(owner, 0)} of {total}"
                    raise Violation("share", f"flatten {where[1]} at {where[0]}: {text}")

    def _ended(self, event: Event) -> tuple[Owner, int]:
        """Return whose order an event spoke of that has ended, and what it leaves unfilled, in units."""
        key: ClientOrderId | None = getattr(event, "client_order_id", None)
        seen = None if key is None else self._facts.orders.get(key)
        if seen is None or seen.ended is None:
            return HAND, 0
        return seen.intent.owner, max(seen.quantity - seen.filled, 0)

    # ---------------------------------------------------------------------------- money

    def compare(self, state: State, account: AccountName) -> None:
        """Compare what each owner has in an account's books with the sum of its own executions.

        Raises:
            Violation: If an owner's quantity or cash differs in the last unit.
        """
        holdings, ledger = self._facts.holdings, state.ledger
        for (held_at, symbol, owner), units in holdings.owned.items():
            if held_at != account:
                continue
            ours = ledger.position(account, symbol, owner).quantity
            if ours != units:
                raise Violation(
                    "owner", f"{owner} {account} {symbol}: ledger {ours}, own fills {units}"
                )
        for (held_at, asset, owner), amount in holdings.purses.items():
            if held_at == account and ledger.owned(account, asset, owner) != amount:
                text = f"ledger {ledger.owned(account, asset, owner)}, own fills {amount}"
                raise Violation("owner", f"{owner} {account} {asset}: {text}")

    def check_quiet(self, state: State, exchange: Exchange) -> None:
        """Compare owners with the venue: their sum is the account, and each execution is whose the order was.

        Raises:
            Violation: If something differs.
        """
        books = exchange.books
        for account in state.accounts:
            self.compare(state, account)
            owners = state.ledger.owners(account)
            for instrument in INSTRUMENTS:
                held = [state.ledger.position(account, instrument.id, o).quantity for o in owners]
                if sum(held) != books.position(account, instrument.id):
                    text = f"{dict(zip(owners, held, strict=True))}, venue {books.position(account, instrument.id)}"
                    raise Violation("owner", f"{account} {instrument.id}: {text}")
            for asset, amount in books.cash(account).items():
                total = sum((state.ledger.owned(account, asset, o) for o in owners), ZERO)
                if total != amount:
                    text = f"owners have {total}, venue {amount}"
                    raise Violation("owner", f"{account} {asset}: {text}")
        for execution_id, (event, owner) in self._facts.holdings.told.items():
            sent_by = self._sent_by.get(event.client_order_id, UNCLAIMED)
            if owner not in {sent_by, UNCLAIMED}:
                raise Violation("owner", f"{execution_id} is {owner}'s, its order was {sent_by}'s")
        for order in state.blotter:
            intent = order.intent
            sent_by = self._sent_by.get(intent.client_order_id, intent.owner)
            if intent.owner not in {sent_by, UNCLAIMED}:
                text = f"{intent.owner}'s here, left as {sent_by}'s"
                raise Violation("owner", f"{intent.client_order_id} is {text}")
