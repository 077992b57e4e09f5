"""What an export holds, as rows of text: fills, lots, the ledger, cash."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from tradebot.engine.accounting.books import Books
from tradebot.engine.core.ledger import MONEY, ZERO
from tradebot.engine.core.lots import Picks, derive
from tradebot.engine.core.types import AccountName, Lots
from tradebot.engine.journal.export import iso

type What = Literal["fills", "lots", "ledger", "cash"]
type Row = dict[str, str]
"""Column and text; amounts are exact decimals."""


class Scope:
    """Which part of the books is wanted."""

    def __init__(self, begin: int, end: int, account: AccountName | None = None) -> None:
        self.begin = begin
        """First instant, ns UTC."""
        self.end = end
        """First instant no longer wanted."""
        self.account = account
        """None: all."""

    def holds(self, ts: int, account: AccountName) -> bool:
        """Return whether something belongs to it."""
        return self.begin <= ts < self.end and self.account in {None, account}


def rows(
    what: What, books: Books, scope: Scope, method: Lots, picks: Picks | None = None
) -> Iterator[Row]:
    """Yield the rows of an export, oldest first."""
    if what == "fills":
        return fill_rows(books, scope)
    if what == "lots":
        return lot_rows(books, scope, method, picks)
    return ledger_rows(books, scope) if what == "ledger" else cash_rows(books, scope)


def fill_rows(books: Books, scope: Scope) -> Iterator[Row]:
    """Yield executions, those that were taken back too."""
    for fill in books.fills:
        event = fill.event
        if not scope.holds(fill.ts, event.account):
            continue
        instrument = books.instrument(event.instrument)
        yield {
            "ts": iso(fill.ts),
            "account": event.account,
            "owner": fill.owner,
            "instrument": event.instrument,
            "side": event.side,
            "quantity": str(instrument.quantity(event.quantity)),
            "price": str(instrument.price(event.price)),
            "fee": plain(event.fee),
            "fee_currency": event.fee_currency,
            "liquidity": event.liquidity,
            "execution_id": event.execution_id,
            "client_order_id": event.client_order_id,
            "taken_back": "no" if books.stands(event.account, event.execution_id) else "yes",
        }


def ledger_rows(books: Books, scope: Scope) -> Iterator[Row]:
    """Yield every posting."""
    for entry in books.entries:
        for leg in entry.legs:
            if scope.holds(entry.ts, leg.account):
                yield {
                    "ts": iso(entry.ts),
                    "seq": str(entry.seq),
                    "kind": entry.kind,
                    "id": entry.id,
                    "account": leg.account,
                    "owner": leg.owner,
                    "asset": leg.asset,
                    "amount": plain(leg.amount),
                }


def cash_rows(books: Books, scope: Scope) -> Iterator[Row]:
    """Yield what moved cash, with the account's balance of that asset after it."""
    balances: dict[tuple[AccountName, str], Decimal] = {}
    for entry in books.entries:
        for leg in entry.legs:
            if leg.asset in books.state.instruments:
                continue
            key = (leg.account, leg.asset)
            balances[key] = MONEY.add(balances.get(key, ZERO), leg.amount)
            if scope.holds(entry.ts, leg.account):
                yield {
                    "ts": iso(entry.ts),
                    "kind": entry.kind,
                    "id": entry.id,
                    "account": leg.account,
                    "owner": leg.owner,
                    "asset": leg.asset,
                    "amount": plain(leg.amount),
                    "balance": plain(balances[key]),
                }


def lot_rows(books: Books, scope: Scope, method: Lots, picks: Picks | None) -> Iterator[Row]:
    """Yield lots closed within the scope, then those open at its end."""
    for (account, symbol, owner), trades in sorted(books.trades().items()):
        if scope.account not in {None, account}:
            continue
        instrument = books.instrument(symbol)
        closed, still = derive([one for one in trades if one.ts < scope.end], method, picks)
        head = {"account": account, "owner": owner, "instrument": symbol}
        for one in closed:
            if one.closed >= scope.begin:
                yield head | {
                    "lot": one.lot,
                    "closing": one.closing,
                    "opened": iso(one.opened),
                    "closed": iso(one.closed),
                    "quantity": str(instrument.quantity(one.quantity)),
                    "cost": plain(one.cost),
                    "proceeds": plain(one.proceeds),
                    "gain": plain(one.gain),
                    "currency": instrument.currency,
                    "method": method,
                }
        for lot in still:
            yield head | {
                "lot": lot.id,
                "closing": "",
                "opened": iso(lot.opened),
                "closed": "",
                "quantity": str(instrument.quantity(lot.quantity)),
                "cost": plain(lot.cost),
                "proceeds": "",
                "gain": "",
                "currency": instrument.currency,
                "method": method,
            }


def plain(amount: Decimal) -> str:
    """Return an amount with all its digits and no exponent."""
    return f"{amount:f}"
