"""The risk gate: what may go out, why not, and which bound decides the size.

Pure: it is handed a picture of the account and answers. Reducing risk is never held up by a limit meant for adding it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from tradebot.engine.core.gate_words import Check, line_of
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.outcomes import OrderIntent, Replace, Submit
from tradebot.engine.core.own_limits import own_lines
from tradebot.engine.core.picture import (
    Exposure,
    Picture,
    enlarges_net,
    exposure_of,
    quantity_text,
    reduces_only,
    working_beside,
)
from tradebot.engine.core.price_collar import collar_line
from tradebot.engine.core.size_limits import OF_THE_ACCOUNT, size_limits
from tradebot.engine.core.types import HAND, SECOND, sign
from tradebot.engine.core.venue_rules import rules_of_the_venue

QUERY_PATIENCE = 30 * SECOND
"""A venue that owes an answer about the account for longer holds new risk up."""


@dataclass(frozen=True, slots=True)
class RiskApproved[T]:
    """An order that has passed the gate: a different type from one that has not.

    Only `approve` makes one; an execution engine takes nothing else.
    """

    item: T
    reduces: bool = False
    """Whether it can only shrink a position: such an order does not wait for the disk."""


def check(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return every line of the gate's answer; the order passes when all are ok.

    Args:
        order: The order as decided; quantity and price in units.
        picture: The account now, without this order.
    """
    exposure = exposure_of(order, picture)
    lines = rules_of_the_venue(order, exposure.instrument.rules_at(picture.now), exposure)
    reduces = reduces_only(exposure, order.side, order.quantity)
    if order.reduce_only:
        beside = working_beside(exposure, order.side)
        lines.append(
            line_of(
                "reduce_only_would_add",
                reduces,
                f"reduce-only {order.side} of {quantity_text(exposure, order.quantity)} against a position of "
                f"{quantity_text(exposure, exposure.quantity)} with {quantity_text(exposure, beside)} "
                "already working: lower the quantity",
            )
        )
    if not picture.short_allowed:
        lines.append(_short(order, exposure))
    lines.append(collar_line(order, picture, exposure))
    if picture.protected_here:
        text = "its stop lives in this engine only: it protects nothing while the engine is down"
        lines.append(line_of("protect_at", ok=True, text=text))
    if reduces:
        lines += _state_for_exits(order, picture)
    elif own_exit(order, picture):
        lines += _state_for_exits(order, picture)
        lines.append(_reducing(order, picture, exposure))
        lines += size_limits(order, picture, OF_THE_ACCOUNT)
    else:
        lines += _state_for_new_risk(order, picture)
        lines += size_limits(order, picture)
    return lines + own_lines(order, picture)


def approve(order: OrderIntent, picture: Picture) -> RiskApproved[Submit] | Check:
    """Return the order as approved, or the first line that refuses it."""
    for line in check(order, picture):
        if not line.ok:
            return line
    exposure = exposure_of(order, picture)
    return RiskApproved(
        Submit(order=order), reduces=reduces_only(exposure, order.side, order.quantity)
    )


def approve_replace(
    order: OrderIntent, picture: Picture, known_filled: int
) -> RiskApproved[Replace] | Check:
    """Return an order that takes the place of another as approved, or the first line that refuses it.

    Args:
        order: The new order; its `replaces` names the old one.
        picture: The account now, without the old order.
        known_filled: What is known to be filled of the old order, in units.
    """
    verdict = approve(order, picture)
    if isinstance(verdict, Check):
        return verdict
    return RiskApproved(Replace(order=order, known_filled=known_filled), verdict.reduces)


def own_exit(order: OrderIntent, picture: Picture) -> bool:
    """Return whether an order can only shrink what its own owner holds.

    Where owners stand against each other the account's net is smaller than what each holds: a long sleeve must get out
    though a hand is short. Such an order passes as an exit while the account's position and gross stay within limits;
    while REDUCING also only as far as it leaves the account's net no larger than it is.
    """
    own = -picture.own_quantity * sign(order.side) - picture.own_leaves
    return not order.reduce_only and order.quantity <= own


# ------------------------------------------------------------------------------------ single lines


def _state_for_exits(order: OrderIntent, picture: Picture) -> list[Check]:
    return [
        line_of(
            "halted",
            picture.state != "HALTED" or order.reduce_only,
            "the engine is HALTED: only reduce-only orders pass; `tradebot resume --reason ...` lifts it",
        )
    ]


def _reducing(order: OrderIntent, picture: Picture, exposure: Exposure) -> Check:
    """Return whether the state lets an exit turn the account's net; a stop that stands already may."""
    larger = enlarges_net(exposure, order.side, order.quantity)
    return line_of(
        "reducing",
        picture.state != "REDUCING" or picture.standing_stop or not larger,
        f"the engine is REDUCING: this exit of {order.owner} would make the account's position of "
        f"{quantity_text(exposure, exposure.quantity)} larger; `tradebot resume --reason ...` lifts it",
    )


def _state_for_new_risk(order: OrderIntent, picture: Picture) -> list[Check]:
    return [
        line_of(
            "halted",
            picture.state != "HALTED",
            "the engine is HALTED: no new risk; `tradebot resume --reason ...` lifts it",
        ),
        line_of(
            "reducing",
            picture.state != "REDUCING",
            "the engine is REDUCING: only what shrinks a position; `tradebot resume --reason ...` lifts it",
        ),
        line_of(
            "flattening",
            not picture.flattening,
            "the position is being flattened: no new risk until that has ended",
        ),
        line_of(
            "sleeve_paused",
            not picture.sleeve_paused,
            f"sleeve {order.owner} is paused; `tradebot resume {order.owner}` lifts it",
        ),
        *_authority(order, picture),
        line_of(
            "feed_not_up",
            picture.feed == "up",
            _feed_text(order, picture),
        ),
        line_of(
            "unresolved_order",
            not picture.unresolved,
            f"an order in {order.instrument} is unknown at the venue: no new risk until it is resolved",
        ),
        line_of(
            "not_reconciled",
            picture.reconciled,
            "the venue has not yet told what the account holds: no new risk before that",
        ),
        *_connection(order, picture),
        line_of(
            "equity_unknown",
            picture.equity is not None and picture.equity > 0,
            f"equity is {'unknown' if picture.equity is None else picture.equity}: "
            "it must be > 0, limits in percent of it cannot be kept; without a price or a rate wait for it",
        ),
        line_of(
            "orders_per_minute",
            picture.orders_last_minute < _rate(order, picture.limits),
            f"{picture.orders_last_minute} orders in the last minute, "
            f"at most {_rate(order, picture.limits)}: wait, or raise the limit",
        ),
    ]


def _feed_text(order: OrderIntent, picture: Picture) -> str:
    """Return why the market's state forbids new risk."""
    if picture.feed != "closed":
        return f"market data of {order.instrument} is {picture.feed}: no new risk until it is up"
    when = "its session"
    if picture.opens is not None:
        when = f"{datetime.fromtimestamp(picture.opens // SECOND, UTC):%Y-%m-%d %H:%MZ}"
    return (
        f"the market of {order.instrument} is closed until {when}: no new risk before, exits pass"
    )


def _short(order: OrderIntent, exposure: Exposure) -> Check:
    """Return whether an order sells no more than is held where that is not allowed; stops and legs follow a holding."""
    free = max(exposure.quantity, 0) - exposure.sell_leaves
    follows = order.reduce_only or order.type in STOPS or order.parent is not None
    return line_of(
        "cannot_short",
        order.side == "buy" or follows or order.quantity <= free,
        f"{order.instrument} cannot be sold short at {order.account}: at most "
        f"{quantity_text(exposure, max(free, 0))} can be sold, was {quantity_text(exposure, order.quantity)}",
    )


def _authority(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return who may add risk in LIVE."""
    if order.owner == HAND:
        text = "hands are not armed: `tradebot arm` lets them add risk for a while"
        return [line_of("not_armed", picture.armed, text)]
    text = (
        f"sleeve {order.owner} has no mandate: it runs as a shadow, only its exits are sent; "
        f"`tradebot mandate {order.owner}` gives one"
    )
    return [line_of("no_mandate", picture.mandated, text)]


def _connection(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return whether the ways to the account are well."""
    return [
        line_of(
            "stream_not_up",
            picture.stream == "up",
            f"private stream of {order.account} is {picture.stream or 'not up yet'}: "
            "no new risk until it is up",
        ),
        line_of(
            "query_unanswered",
            not picture.query_late,
            f"the venue owes an answer about {order.account} for more than "
            f"{QUERY_PATIENCE // SECOND} s: no new risk before it",
        ),
        line_of(
            "clock_offset", not picture.clock, f"{picture.clock}: no new risk until it is right"
        ),
    ]


def _rate(order: OrderIntent, limits: Limits) -> int:
    hand = order.owner == HAND
    return limits.orders_per_minute_hand if hand else limits.orders_per_minute_sleeve


# ------------------------------------------------------------------------------------ sizes
