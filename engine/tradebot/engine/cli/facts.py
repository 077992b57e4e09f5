"""What a running engine holds: status, orders, positions, fills."""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import or_dash, print_json, print_narrow, print_table
from tradebot.engine.cli.target import connected
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    FillFacts,
    OrderFacts,
    PositionFacts,
    Status,
)

WorkingOption = Annotated[bool, typer.Option("--working", help="Only those that may still fill.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="At most so many.")]


def status(
    *, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Show what an engine holds and whether it is well."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        facts = client.status()
    if shape == "json":
        print_json(facts)
    else:
        print_narrow(status_lines(facts))


def status_lines(facts: Status) -> Iterator[str]:
    """Yield a status line by line, made for 40 columns."""
    engine = facts.engine
    yield f"{engine.name} {engine.mode.upper()} {facts.trading_state}"
    if facts.reason is not None:
        yield f"because {facts.reason}"
    yield f"market {engine.market}"
    yield f"time {engine.now[:19]}Z seq {engine.seq}"
    yield f"equity {or_dash(facts.equity)} {facts.currency}"
    for holding in facts.not_valued:
        yield f"+ {holding.amount} {holding.asset} not valued"
    yield f"day {or_dash(facts.day_pnl)}"
    for asset, amount in facts.cash.items():
        yield f"cash {amount} {asset}"
    for feed in facts.feeds:
        age = "-" if feed.age_ms is None else f"{feed.age_ms} ms"
        gaps = f" gaps {feed.gaps}" if feed.gaps else ""
        yield f"feed {feed.name} {feed.state} {age}{gaps}"
    for sleeve in facts.sleeves:
        reason = "" if sleeve.reason is None else f": {sleeve.reason}"
        counts = f"{sleeve.orders} orders {sleeve.fills} fills"
        yield f"sleeve {sleeve.name} {sleeve.state} {counts}{reason}"
    for limit in facts.limits:
        if limit.cap is not None:
            unit = " %" if limit.unit == "%" else ""
            yield f"limit {limit.name} {or_dash(limit.used)} of {limit.cap}{unit}"
    yield f"working {facts.working} unresolved {facts.unresolved}"
    if facts.differences:
        yield f"differences {facts.differences}: see tradebot reconcile"


def orders(
    *,
    working: WorkingOption = False,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Show orders and their states."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        found = client.orders(working_only=working)
    if shape == "json":
        print_json(found)
    else:
        print_table(ORDER_HEADER, [order_cells(order) for order in found], shape)


ORDER_HEADER = (
    "id",
    "account",
    "state",
    "side",
    "filled",
    "of",
    "instrument",
    "type",
    "price",
    "trigger",
    "lives",
    "owner",
    "why",
)


def order_cells(order: OrderFacts) -> tuple[str, ...]:
    """Return one order as cells under `ORDER_HEADER`."""
    return (
        order.client_order_id,
        order.account,
        order.state,
        order.side,
        order.filled,
        order.quantity,
        order.instrument,
        f"{order.type} {order.tif}",
        or_dash(order.limit_price),
        _trigger(order),
        order.lives_at,
        order.owner,
        order.reason or order.because or "",
    )


def _trigger(order: OrderFacts) -> str:
    """Return where a stop is set off, and how far behind the best price a trailing one follows."""
    trail = "" if order.trail is None else f"trail {order.trail}"
    return f"{order.trigger_price or ''} {trail}".strip() or "-"


def positions(
    *, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Show positions by account and owner."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        found = client.positions()
    if shape == "json":
        print_json(found)
        return
    print_narrow(line for position in found for line in position_lines(position))
    if not found and shape == "text":
        print("no positions")


def position_lines(position: PositionFacts) -> Iterator[str]:
    """Yield one position in lines made for 40 columns."""
    yield f"{position.instrument} {position.account} {position.owner}"
    yield f"  {position.quantity} @ {or_dash(position.average_price)} mark {or_dash(position.mark)}"
    open_pnl = or_dash(position.unrealized_pnl)
    yield f"  open {open_pnl} real {position.realized_pnl} {position.currency}"
    yield f"  {_protection(position)}"


def _protection(position: PositionFacts) -> str:
    """Say whether a stop protects a position, and what it needs to work."""
    if position.protected_at == "engine":
        return "protected, only by this engine"
    return "protected at the broker" if position.protected else "not protected"


def accounts(
    *, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Show accounts: cash, equity, and whether they are well."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        found = client.accounts()
    if shape == "json":
        print_json(found)
    else:
        print_narrow(line for account in found for line in account_lines(account))


def account_lines(account: AccountFacts) -> Iterator[str]:
    """Yield one account in lines made for 40 columns."""
    yield f"{account.name} {account.venue} {account.kind.upper()}"
    yield f"  equity {or_dash(account.equity)} {account.currency}"
    for holding in account.not_valued:
        yield f"  + {holding.amount} {holding.asset} not valued"
    for asset, amount in account.cash.items():
        yield f"  cash {amount} {asset}"
    yield f"  positions {account.positions} working {account.working}"
    confirmed = "confirmed" if account.reconciled else "not confirmed"
    differences = f", {account.differences} differences" if account.differences else ""
    yield f"  {confirmed}{differences}, stream {or_dash(account.stream)}"


def fills(
    *,
    limit: LimitOption = 1000,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Show the newest fills."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        found = client.fills(limit)
    if shape == "json":
        print_json(found)
    else:
        print_table(FILL_HEADER, [fill_cells(fill) for fill in found], shape)
    if len(found) == limit:
        print(f"the newest {limit} fills; --limit shows more", file=sys.stderr)


FILL_HEADER = (
    "time",
    "side",
    "quantity",
    "instrument",
    "price",
    "fee",
    "liquidity",
    "account",
    "owner",
    "order",
)


def fill_cells(fill: FillFacts) -> tuple[str, ...]:
    """Return one fill as cells under `FILL_HEADER`."""
    return (
        fill.ts_event,
        fill.side,
        fill.quantity,
        fill.instrument,
        fill.price,
        f"{fill.fee} {fill.fee_currency}",
        fill.liquidity or "-",
        fill.account,
        fill.owner,
        fill.client_order_id,
    )
