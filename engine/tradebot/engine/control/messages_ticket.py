"""What a ticket tells of a bet before it is sent, all of it measured on the position that the order leads to.

Money is decimal text in the engine's currency, quantities are decimal text; chances and odds are floats: they are
estimates. None means unknown or not stated, never zero.
"""

from typing import Literal

import msgspec

type Binds = Literal["half Kelly", "limit"]
"""Which bound on the position is the tightest; careful never binds, it is advice."""

type Place = Literal["broker", "engine"]
"""Where an order lives."""


class TicketEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A belief with its source, and what it supports."""

    source: Literal["stated", "record"]
    said: float | None
    """The chance as stated; None: the record is the edge."""
    won: int
    settled: int
    """Bets of the same kind that it was held against."""
    tag: str
    """Which kind of bet; empty: bets without a note."""
    used: float
    """Chance that sizes use: the mean of the Beta distribution."""
    sure: float | None
    """Chance that the true one is above break-even; None without one."""
    careful: str | None
    """Position at the 20 % quantile of the belief, not below 0; None where nothing is paid."""
    half_kelly: str | None
    """Position at half of Kelly's stake."""


class TicketFirst(msgspec.Struct, frozen=True, kw_only=True):
    """Chance of the target before the floor: now, and once this bet has come to its stop or its target."""

    now: float
    """With the edge that bets have shown; without any while they are too few."""
    few: bool
    """Whether too few bets have settled for their edge to count."""
    after: float | None
    """With this bet's own chance besides; None where it has no edge that is known."""
    coin_now: float
    """Without any edge."""
    coin_after: float
    """The same after a bet at fair odds that pays its fees: the price is taken to wander without drift."""


class TicketFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A bet as the house sees it."""

    held: str
    """What the order's owner holds now, signed."""
    resulting: str
    """What is held once the order has filled, signed: all figures below are of that position."""
    why_not: str
    """Why there are no odds; empty where there are."""
    risk: str | None
    """Lost if its stops fill at their price, fees in; without a stop all of its notional."""
    risk_percent: str | None
    """Of equity."""
    bare: str | None
    """How much of it no stop covers; None: all is covered."""
    pays: float | None
    """What the targets bring after fees for each unit of risk."""
    break_even: float | None
    """How often such a bet must win to cost nothing, in [0, 1]."""
    edge: TicketEdge | None
    """None: not stated, and the record is too short to be one."""
    record: str
    """What the record says where it is no edge yet, like `3 of 7 won: 30 bets make an edge`."""
    limit: str | None
    """Largest position that the limits leave; None: none binds."""
    limit_name: str | None
    binds: Binds | None
    """The tighter of half Kelly and the limits; None: neither binds."""
    all_stops: str | None
    """Lost in the whole account if every stop is hit and slips 1 %, the order filled; bare parts as limits count."""
    all_stops_percent: str | None
    first: TicketFirst | None
    """None without an objective, a stop and a target."""
    stop_at: Place | None
    """Where the stop will live; None: none comes with the order."""
    target_at: Place | None
