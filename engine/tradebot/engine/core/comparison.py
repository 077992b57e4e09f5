"""What an account report says against the ledger and the blotter: findings first, then how long they have stood.

Pure bookkeeping for `State`: nothing here asks, alerts or stops. A fill on its way is no difference: a finding counts
only when a second report, asked for after the first, tells the same at least `CONFIRM_AFTER` later and the venue moved
nothing in its subject meanwhile, or when the same gap has been told through `STANDS_FOR` whatever else moved.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.accounts import AccountState, Standing
from tradebot.engine.core.blotter import Blotter
from tradebot.engine.core.differences import Difference, Finding, difference_id
from tradebot.engine.core.events import AccountReported, ReportedOrder
from tradebot.engine.core.ledger import ZERO, Ledger
from tradebot.engine.core.types import (
    SECOND,
    AccountName,
    ClientOrderId,
    DifferenceId,
    DifferenceKind,
    EngineId,
)

CONFIRM_AFTER = 2 * SECOND
"""Between two reports that confirm a difference: far above any venue's time between a fill and its word of it."""

STANDS_FOR = 30 * SECOND
"""After this long the same gap in at least three reports counts, though its subject never came to rest."""

_REPORTS_MIN = 3

_ENGINES_ID = re.compile(r"tb([0-9a-v]{5})[0-9a-v]{1,13}")


class Books(msgspec.Struct, frozen=True):
    """What a report is compared with."""

    ledger: Ledger
    blotter: Blotter
    instruments: Mapping[InstrumentId, Instrument]


def findings(books: Books, report: AccountReported, *, lost_before: int = 0) -> list[Finding]:
    """Return everything in which a report and the books differ.

    Args:
        books: Ledger, blotter and known instruments.
        report: What the venue says.
        lost_before: Fills older than this venue time (ns) the venue tells no more and the ledger may lack; 0: none.
    """
    return [
        *_orders(books, report),
        *_positions(books, report, lost_before),
        *_cash(books, report, lost_before),
    ]


def reported_orders(report: AccountReported) -> dict[ClientOrderId, ReportedOrder | None]:
    """Return the open orders of a report by id, in full where it tells them."""
    listed: dict[ClientOrderId, ReportedOrder | None] = dict.fromkeys(report.open_orders)
    listed.update({order.client_order_id: order for order in report.orders})
    return listed


def engine_of(client_order_id: ClientOrderId) -> EngineId | None:
    """Return which engine made an order id; None where none did."""
    made = _ENGINES_ID.fullmatch(client_order_id)
    return None if made is None else EngineId(made.group(1))


def foreign_engines(
    report: AccountReported, blotter: Blotter, ours: frozenset[EngineId]
) -> tuple[EngineId, ...]:
    """Return the engines, other than `ours`, that have orders open which the blotter does not hold, sorted."""
    strangers = {
        engine_of(client_order_id)
        for client_order_id in reported_orders(report)
        if blotter.get(client_order_id) is None
    }
    return tuple(
        sorted(engine for engine in strangers if engine is not None and engine not in ours)
    )


def can_hold(order: ReportedOrder, instruments: Mapping[InstrumentId, Instrument]) -> bool:
    """Return whether an order is told fully and sanely enough to be held in the blotter."""
    sane = order.quantity > 0 and 0 <= order.filled < order.quantity
    return sane and order.instrument in instruments


def _finding(
    account: AccountName, kind: DifferenceKind, about: str, *, ours: str, theirs: str, cause: str
) -> Finding:
    key = difference_id(account, kind, about)
    return Finding(id=key, kind=kind, about=about, ours=ours, theirs=theirs, cause=cause)


def _orders(books: Books, report: AccountReported) -> list[Finding]:
    found: list[Finding] = []
    for client_order_id, told in reported_orders(report).items():
        order = books.blotter.get(client_order_id)
        if order is not None and order.is_open:
            continue
        if order is None and told is not None and can_hold(told, books.instruments):
            continue  # it will be held as unclaimed
        ours = "unknown" if order is None else order.state
        ended = f"ended here: {None if order is None else order.reason or order.state}"
        cause = "placed elsewhere, and not told in full" if order is None else ended
        found.append(
            _finding(
                report.account, "order", client_order_id, ours=ours, theirs="open", cause=cause
            )
        )
    return found


def _positions(books: Books, report: AccountReported, lost_before: int) -> list[Finding]:
    found: list[Finding] = []
    cause = _moved_elsewhere(lost_before, "a trade or transfer outside this engine")
    for symbol, instrument in books.instruments.items():
        ours, theirs = books.ledger.net(report.account, symbol), report.positions.get(symbol, 0)
        if ours != theirs:
            found.append(
                _finding(
                    report.account,
                    "position",
                    symbol,
                    ours=str(instrument.quantity(ours)),
                    theirs=str(instrument.quantity(theirs)),
                    cause=cause,
                )
            )
    for symbol, units in sorted(report.positions.items()):
        if units and symbol not in books.instruments:
            found.append(
                _finding(
                    report.account,
                    "position",
                    symbol,
                    ours="unknown here",
                    theirs=f"{units} units",
                    cause="held in an instrument this engine does not trade",
                )
            )
    return found


def _cash(books: Books, report: AccountReported, lost_before: int) -> list[Finding]:
    found: list[Finding] = []
    held = [
        asset for asset in books.ledger.assets(report.account) if asset not in books.instruments
    ]
    cause = _moved_elsewhere(lost_before, "a fee, payment or transfer the venue has not told")
    for asset in sorted({*held, *report.cash}):
        ours, theirs = books.ledger.balance(report.account, asset), report.cash.get(asset, ZERO)
        if not theirs.is_finite() or ours != theirs:
            found.append(
                _finding(
                    report.account,
                    "cash",
                    asset,
                    ours=_plain(ours),
                    theirs=_plain(theirs),
                    cause=cause,
                )
            )
    return found


def _plain(amount: Decimal) -> str:
    """Return an amount as text; with its exponent where written out it would fill the memory."""
    exponent = amount.as_tuple().exponent
    ordinary = isinstance(exponent, int) and abs(exponent) <= 100  # noqa: PLR2004  (digits of any money)
    return f"{amount:f}" if ordinary else str(amount)


def _moved_elsewhere(lost_before: int, else_cause: str) -> str:
    return "older than the fills the venue still tells of" if lost_before else else_cause


def lost_before(account: AccountState, report: AccountReported) -> int:
    """Return the venue time before which fills may be lost to us, ns; 0 where there is no such hole."""
    known_until = max(account.newest_fill, account.covered)
    return report.fills_since if report.fills_since > known_until else 0


def merge(account: AccountState, found: list[Finding], now: int) -> None:
    """Take a report's findings into an account: ages go on, what is gone is dropped, what has stood is confirmed."""
    told = {finding.id: finding for finding in found}
    kept = {key: known for key, known in account.differences.items() if key in account.unbooked}
    standing: dict[DifferenceId, Standing] = {}
    for key, finding in told.items():
        if key in kept:
            continue
        before = account.differences.get(key)
        stands = _stands(account, finding, before, now)
        same = before is not None and (before.ours, before.theirs) == (finding.ours, finding.theirs)
        kept[key] = Difference(
            id=key,
            account=account.started.name,
            kind=finding.kind,
            about=finding.about,
            ours=finding.ours,
            theirs=finding.theirs,
            since=before.since if same and before is not None else now,
            cause=finding.cause,
            confirmed=_confirmed(account, before, stands, now),
        )
        standing[key] = stands
    account.gone = [known for key, known in account.differences.items() if key not in kept]
    account.alarms = [
        known
        for key, known in kept.items()
        if known.confirmed
        and not account.ignored(known)
        and not (key in account.differences and account.differences[key].confirmed)
    ]
    account.differences = kept
    account.standing = standing
    account.answers = {key: said for key, said in account.answers.items() if key in kept}


def _stands(
    account: AccountState, finding: Finding, before: Difference | None, now: int
) -> Standing:
    known = account.standing.get(finding.id)
    gap = finding.gap()
    fresh = Standing(quiet_from=now, gap=gap, gap_from=now, reports=1)
    if before is None or known is None:
        return fresh
    heard = account.heard.get(finding.about, 0)
    same = (before.ours, before.theirs) == (finding.ours, finding.theirs)
    same_gap = same or (bool(gap) and gap == known.gap)
    return Standing(
        quiet_from=known.quiet_from if same and heard <= known.quiet_from else now,
        gap=gap,
        gap_from=known.gap_from if same_gap else now,
        reports=known.reports + 1 if same_gap else 1,
    )


def _confirmed(
    account: AccountState, before: Difference | None, stands: Standing, now: int
) -> bool:
    asked_since = account.asked_last > stands.quiet_from
    if asked_since and now - stands.quiet_from >= CONFIRM_AFTER:
        return True
    long = now - stands.gap_from >= STANDS_FOR and stands.reports >= _REPORTS_MIN
    # Confirmed once, it stays so while the gap stays: a later fill does not explain it.
    return long or (before is not None and before.confirmed and stands.reports > 1)
