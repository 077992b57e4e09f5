"""Make an account safe at its venue: cancel what adds risk, close what is held where that was asked for."""

from collections.abc import Callable

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.types import AccountName, ClientOrderId
from tradebot.engine.panic.note import PanicNote
from tradebot.engine.panic.venue import AccountAtVenue, Closed, VenueRefused, adds_risk


def make_safe(
    account: AccountName,
    venue: AccountAtVenue,
    *,
    flatten: bool,
    when: str,
    keep: Callable[[PanicNote], None],
) -> PanicNote:
    """Cancel what adds risk; with `flatten` cancel all and close every position.

    Args:
        account: Which; `venue` is its.
        venue: The account at its venue.
        flatten: Close positions; what protects them goes first, as it could turn them afterwards.
        when: The machine's time, ISO 8601 UTC.
        keep: Writes the note; called before anything is done and again at the end.

    Returns:
        What was done. What the venue refused is in `failed`: the rest is done all the same.
    """
    orders, held = venue.open_orders(), venue.positions()
    wanted = [order.client_order_id for order in orders] if flatten else adds_risk(orders, held)
    failed: list[str] = []
    closings = _closings(venue, failed) if flatten else []
    note = PanicNote(
        account=account,
        at=venue.now,
        when=when,
        flatten=flatten,
        done=False,
        cancelled=tuple(wanted),
        closed=tuple(closings),
    )
    keep(note)
    cancelled = _cancel(venue, wanted, failed)
    closed = _close(venue, closings, failed)
    left: dict[InstrumentId, int] = dict(venue.positions())
    note = msgspec.structs.replace(
        note,
        done=True,
        cancelled=tuple(cancelled),
        closed=tuple(closed),
        kept=tuple(order.client_order_id for order in venue.open_orders()),
        open_positions=left,
        failed=tuple(failed),
    )
    keep(note)
    return note


def _cancel(
    venue: AccountAtVenue, wanted: list[ClientOrderId], failed: list[str]
) -> list[ClientOrderId]:
    done: list[ClientOrderId] = []
    for client_order_id in wanted:
        try:
            venue.cancel(client_order_id)
        except VenueRefused as error:
            failed.append(f"order {client_order_id} stays: {error}")
        else:
            done.append(client_order_id)
    return done


def _closings(venue: AccountAtVenue, failed: list[str]) -> list[Closed]:
    found: list[Closed] = []
    for instrument in venue.positions():
        try:
            found.append(venue.closing_order(instrument))
        except VenueRefused as error:
            failed.append(f"position in {instrument} stays: {error}")
    return found


def _close(venue: AccountAtVenue, closings: list[Closed], failed: list[str]) -> list[Closed]:
    done: list[Closed] = []
    for order in closings:
        try:
            venue.close(order)
        except VenueRefused as error:
            failed.append(f"position in {order.instrument} stays: {error}")
        else:
            done.append(order)
    return done
