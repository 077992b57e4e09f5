"""Bets against the books: what an owner's bets brought, and what its open one has made so far, is what it earned."""

from decimal import Decimal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.state import State
from tradebot.engine.core.types import AccountName, Owner
from tradebot.engine.simulation.facts import Facts
from tradebot.engine.simulation.instruments import BY_ID
from tradebot.engine.simulation.violation import Violation

ZERO = Decimal(0)


def check_bets(facts: Facts, state: State) -> None:
    """Compare the results of all bets, position by position, with what the owner's executions brought.

    The open bet has brought what its position's profit has grown by since it began.

    Raises:
        Violation: If a sum differs in the last digit.
    """
    for key, units in facts.holdings.owned.items():
        if key in facts.holdings.adopted:
            continue
        earned = facts.holdings.earned.get(key, ZERO)
        position = state.ledger.position(*key)
        page = state.bet_book.pages.get(key)
        running = None if page is None else page.running
        told = facts.results.get(key, {})
        settled = sum((told[bet] for bet in told if running is None or bet != running.id), ZERO)
        open_so_far = ZERO if running is None else position.realized - position.fees - running.base
        bets = settled + open_so_far
        # What is held stands in the books at its cost, which the executions have paid out.
        books = earned + position.cost
        if bets != books or (running is None) != (units == 0):
            raise Violation("bets", f"{_named(key)}: bets {bets}, own executions {books}")


def _named(key: tuple[AccountName, InstrumentId, Owner]) -> str:
    account, symbol, owner = key
    return f"{owner} {account} {BY_ID[symbol].id}"
