"""Postings in Beancount's language (https://beancount.github.io/docs/beancount_language_syntax.html).

Each movement is one transaction; each of its legs stands against the venue's side in the same commodity, so that every
transaction balances exactly without prices.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from tradebot.engine.accounting.tables import Row

COMMODITY_MAX = 24
"""Longest name of a commodity."""

COUNTERPARTS = {
    "deposit": "Equity:Deposits",
    "withdrawal": "Equity:Withdrawals",
    "interest": "Income:Interest",
    "dividend": "Income:Dividends",
    "funding": "Income:Funding",
    "tax": "Expenses:Taxes",
    "fee": "Expenses:Fees",
}
"""The other side of a movement by its kind; all others: Equity:Venue."""


def transactions(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the rows of a ledger or cash export as text, accounts opened where they are first used."""
    opened: set[str] = set()
    for group in _movements(rows):
        first = group[0]
        day = first["ts"][:10]
        lines: list[str] = []
        for row in group:
            ours = f"Assets:Tradebot:{_part(row['account'])}:{_part(row['owner'])}"
            other = COUNTERPARTS.get(row["kind"], "Equity:Venue") + f":{_part(row['account'])}"
            amount, asset = Decimal(row["amount"]), commodity(row["asset"])
            lines += [f"  {ours}  {amount:f} {asset}", f"  {other}  {-amount:f} {asset}"]
            for account in (ours, other):
                if account not in opened:
                    opened.add(account)
                    yield f"{day} open {account}\n"
        title = _quoted(f"{first['kind']} {first['id']}".strip())
        yield "\n".join([f"{day} * {title}", *lines]) + "\n"


def lots(rows: Iterable[Row]) -> Iterator[str]:
    """Yield lots as text: each opened at its total cost, closed at it, the gain being income."""
    opened: set[str] = set()
    for row in sorted(rows, key=lambda one: one["opened"]):
        asset, currency = commodity(row["instrument"]), commodity(row["currency"])
        where = f"{_part(row['account'])}:{_part(row['owner'])}"
        accounts = (f"Assets:Lots:{where}", f"Equity:Lots:{where}", f"Income:Gains:{where}")
        day = row["opened"][:10]
        for account in accounts:
            if account not in opened:
                opened.add(account)
                yield f"{day} open {account}\n"
        held, cost = Decimal(row["quantity"]), Decimal(row["cost"])
        label = _quoted(row["lot"])
        # A total cost in braces is that of the quantity without its sign.
        basis = f"{{{{{abs(cost):f} {currency}, {day}, {label}}}}}"
        weight = abs(cost) if held > 0 else -abs(cost)
        yield (
            f"{day} * {_quoted('lot ' + row['lot'])}\n"
            f"  {accounts[0]}  {held:f} {asset} {basis}\n"
            f"  {accounts[1]}  {-weight:f} {currency}\n"
        )
        if row["closed"]:
            gain = Decimal(row["gain"])
            yield (
                f"{row['closed'][:10]} * {_quoted('close ' + row['lot'])}\n"
                f"  {accounts[0]}  {-held:f} {asset} {basis}\n"
                f"  {accounts[1]}  {weight + gain:f} {currency}\n"
                f"  {accounts[2]}  {-gain:f} {currency}\n"
            )


def commodity(asset: str) -> str:
    """Return an asset as a commodity: capitals, digits and `'._-`, at most 24, beginning and ending plainly."""
    name = re.sub(r"[^A-Z0-9'._-]", ".", asset.upper())
    name = name[-COMMODITY_MAX:].strip("'._-")
    name = name if name[:1].isalpha() else f"X{name}"[:COMMODITY_MAX]
    return name if len(name) > 1 else f"{name}X"


def _movements(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        if group and [row[key] for key in ("ts", "kind", "id")] != [
            group[0][key] for key in ("ts", "kind", "id")
        ]:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _part(name: str) -> str:
    """Return a name as a part of an account's: a capital or digit first, then letters, digits, hyphens."""
    part = re.sub(r"[^A-Za-z0-9-]", "-", name)
    first = part[:1].upper()
    return (first if first.isalnum() else "X") + part[1:]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
