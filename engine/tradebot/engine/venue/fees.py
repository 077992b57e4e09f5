"""What fills cost at the native venue: a share of the notional, so much a share, by date; exact decimals."""

from bisect import bisect_right
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.types import Liquidity

_QUANTUM = Decimal("1e-8")


class Charged(msgspec.Struct, frozen=True):
    """What an order has filled and paid so far."""

    shares: Decimal = Decimal(0)
    notional: Decimal = Decimal(0)
    """Positive, in the quote currency."""
    fee: Decimal = Decimal(0)


UNFILLED = Charged()


class FeeSchedule(Protocol):
    """What fills cost at a venue, paid in the quote currency."""

    @property
    def maker(self) -> Decimal:
        """Return the share of notional that a resting order is expected to cost."""
        ...

    @property
    def taker(self) -> Decimal:
        """Return the share of notional that taking is expected to cost: what sizes are made with."""
        ...

    def charge(
        self,
        instrument: Instrument,
        price: int,
        quantity: int,
        liquidity: Liquidity,
        at: int,
        before: Charged = UNFILLED,
    ) -> Decimal:
        """Return what a fill of a quantity at a price costs at an instant, in units; negative: it pays.

        Args:
            instrument: What was traded.
            price: In price units.
            quantity: In quantity units.
            liquidity: Whether it rested or took.
            at: When, ns UTC.
            before: What the same order has filled and paid before this fill.
        """
        ...


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """Share of notional a fill costs, paid in the quote currency."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")

    def charge(
        self,
        instrument: Instrument,
        price: int,
        quantity: int,
        liquidity: Liquidity,
        at: int,
        before: Charged = UNFILLED,
    ) -> Decimal:
        """Return what a fill costs, to 8 decimals half-even."""
        del at, before
        rate = self.maker if liquidity == "maker" else self.taker
        return _rounded(share_of(instrument.notional(price, quantity), rate))


class PerShare(msgspec.Struct, frozen=True, kw_only=True):
    """So much per share, at least `least` an order, at most a share of the notional; the cap wins.

    An order filled in pieces pays together what it would have paid in one: each fill costs what the order so far costs
    beyond what it has paid.
    """

    rate: Decimal
    least: Decimal = Decimal(0)
    most: Decimal | None = None
    """Of the notional; None: no cap."""
    maker: Decimal = Decimal(0)
    """Of the notional, expected: nothing is known before the price is."""
    taker: Decimal = Decimal(0)

    def charge(
        self,
        instrument: Instrument,
        price: int,
        quantity: int,
        liquidity: Liquidity,
        at: int,
        before: Charged = UNFILLED,
    ) -> Decimal:
        """Return what a fill costs, to 8 decimals half-even; never negative."""
        del liquidity, at
        shares = before.shares + instrument.quantity(abs(quantity))
        notional = before.notional + abs(instrument.notional(price, quantity))
        whole = _rounded(per_share(shares, notional, self.rate, self.least, self.most))
        # Another schedule may have held when the order's first part filled: what was paid is not given back.
        return max(whole - before.fee, Decimal(0))


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """Schedules that hold one after the other; before the first date the first holds."""

    since: tuple[int, ...]
    """From when each holds, ns UTC, ascending."""
    schedules: tuple[Fees | PerShare, ...]
    """As many as dates, at least one."""

    def __post_init__(self) -> None:
        """Check the order of the dates.

        Raises:
            ValueError: If there are none, they are not ascending, or not as many as schedules.
        """
        ascending = all(a < b for a, b in zip(self.since, self.since[1:], strict=False))
        if not self.since or not ascending or len(self.since) != len(self.schedules):
            raise ValueError(f"dated fees must have ascending dates, were {self.since}")

    @property
    def maker(self) -> Decimal:
        """Return the most a resting order may be expected to cost under any of them."""
        return max(one.maker for one in self.schedules)

    @property
    def taker(self) -> Decimal:
        """Return the most that taking may be expected to cost under any of them."""
        return max(one.taker for one in self.schedules)

    def charge(
        self,
        instrument: Instrument,
        price: int,
        quantity: int,
        liquidity: Liquidity,
        at: int,
        before: Charged = UNFILLED,
    ) -> Decimal:
        """Return what a fill costs under the schedule of its instant."""
        place = max(bisect_right(self.since, at) - 1, 0)
        return self.schedules[place].charge(instrument, price, quantity, liquidity, at, before)


def share_of(notional: Decimal, rate: Decimal) -> Decimal:
    """Return notional x rate; a negative rate is a rebate."""
    return notional * rate


def per_share(
    shares: Decimal, notional: Decimal, rate: Decimal, least: Decimal, most: Decimal | None
) -> Decimal:
    """Return min(max(rate q, least), most x notional): the cap wins over the minimum."""
    cost = max(rate * shares, least)
    return cost if most is None else min(cost, notional * most)


def _rounded(cost: Decimal) -> Decimal:
    return cost.quantize(_QUANTUM, rounding=ROUND_HALF_EVEN)
