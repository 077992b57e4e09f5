"""Late fees are in the cost of lots; what is adopted is a flow and no profit."""

from decimal import Decimal

from tests.engine.core.builders import ACCOUNT, BTC, BTC_ID, ENGINE_ID, World, fill_of, intent

from tradebot.engine.accounting.books import Books
from tradebot.engine.core.events import FeeCharged
from tradebot.engine.core.ledger import Ledger
from tradebot.engine.core.lots import derive, total
from tradebot.engine.core.marks import figures_of
from tradebot.engine.core.outcomes import CashAdopted, PositionAdopted
from tradebot.engine.core.returns import profit
from tradebot.engine.core.types import HAND


def test_a_late_fee_is_in_the_cost_of_a_lot() -> None:
    books = Books(ENGINE_ID)
    ledger: Ledger = books.ledger
    ledger.fill(fill_of(intent(), 10, 100, "x"), BTC, HAND)
    fee = FeeCharged(fee_id="f", account=ACCOUNT, asset="USDT", amount=Decimal(3), ts_event=0)
    ledger.charge(fee, HAND, BTC)
    closed, still = derive(books.trades()[ACCOUNT, BTC_ID, HAND], "fifo")
    held = ledger.position(ACCOUNT, BTC_ID, HAND)
    assert total(closed, still) == held.realized - held.cost - held.fees == -still[0].cost


def test_what_is_adopted_is_a_flow_and_no_profit() -> None:
    world = World()
    world.market()
    before = figures_of(world.state)
    assert before is not None
    world.state.apply_outcome(
        PositionAdopted(
            account=ACCOUNT,
            instrument=BTC_ID,
            owner=HAND,
            origin=None,
            quantity=10_000,
            cost="900",
        )
    )
    world.state.apply_outcome(
        CashAdopted(account=ACCOUNT, asset="USDT", amount="-250", reason="unknown")
    )
    world.market()
    world.now += 10**9
    world.market()
    equity, after = world.state.equity(), figures_of(world.state)
    assert equity is not None
    assert equity == 100_000 + 1_000 - 250
    assert after is not None
    assert after.flows == before.flows + 750
    assert profit(equity, after) == profit(Decimal(100_000), before)
