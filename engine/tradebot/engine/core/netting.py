"""Owners who stand against each other in an account that is flat: their positions are crossed in the books.

The account's own figures do not move. What one owner held the other was short of: at one price one pays the other, and
nobody's books keep a position that the account no longer has.
"""

from decimal import Decimal

from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.outcomes import Alert, PositionAdopted
from tradebot.engine.core.state import FlattenKey
from tradebot.engine.core.step import Step, owner_holdings


def net_owners(step: Step, where: FlattenKey, price: Decimal | None = None) -> None:
    """Cross what owners of a flat account hold against each other; nothing where the account holds something.

    Args:
        step: The step.
        where: Account and instrument.
        price: At which; None: the mark.
    """
    state, (account, symbol) = step.state, where
    holdings = owner_holdings(state, account, symbol)
    market, instrument = state.market.get(symbol), state.instruments[symbol]
    if not holdings or state.ledger.net(account, symbol):
        return
    mark = market.mark() if price is None and market is not None else price
    if mark is None:
        text = f"{symbol} is flat, and owners in {account} stand against each other: no mark to cross them at"
        step.emit(Alert(level="error", text=text))
        return
    short = {owner: -held for owner, held in holdings if held < 0}
    crossed: list[str] = []
    for giver, held in holdings:
        left = max(held, 0)
        for taker, owed in list(short.items()):
            part = min(left, owed)
            if not part:
                continue
            left -= part
            short[taker] -= part
            value = MONEY.multiply(
                MONEY.multiply(instrument.quantity(part), mark), instrument.multiplier
            )
            step.emit(
                PositionAdopted(
                    account=account,
                    instrument=symbol,
                    owner=taker,
                    origin=giver,
                    quantity=part,
                    cost=str(value),
                )
            )
            crossed.append(f"{instrument.quantity(part)} of {giver} with {taker}")
    text = f"{symbol} is flat; crossed in the books at {mark}: {', '.join(crossed)}"
    step.emit(Alert(level="info", text=text))
