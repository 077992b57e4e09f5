"""What each venue charges for an execution, and in which asset."""

from datetime import date
from typing import Literal

import msgspec

from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.words import AMOUNT_SCALE

_ONE = 10**AMOUNT_SCALE
_CENT = _ONE // 100
_EIGHTH = 10 ** (AMOUNT_SCALE - 8)
"""Venues charge in steps of 1e-8."""


class FeeRule(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is charged. Amounts and rates are integers.

    `received`: a share of what the execution brings in, in that asset (Binance; Alpaca's crypto).
    `per_share`: per share, with a least and a most per order, reported apart (Interactive Brokers).
    `none`: nothing per execution; on sales the trading activity fee of `taf` (Alpaca's equities).
    """

    equity: Literal["received", "per_share", "none"]
    crypto: Literal["received", "per_share", "none"]
    maker_bps: int = 0
    """Basis points, for `received`."""
    taker_bps: int = 0
    per_share: int = 0
    """Amount of the quote asset."""
    least: int = 0
    """Amount per order."""
    most_bps: int = 100
    """Of the order's notional."""
    taf: int = 0
    """Amount per share sold; a day's sum is rounded up to the cent."""
    taf_most: int = 0
    """Amount per trade."""


ALPACA = FeeRule(
    equity="none",
    crypto="received",
    maker_bps=15,
    taker_bps=25,
    taf=166 * 10 ** (AMOUNT_SCALE - 6),
    taf_most=830 * _CENT,
)
BINANCE = FeeRule(equity="none", crypto="received", maker_bps=10, taker_bps=10)
IB = FeeRule(
    equity="per_share",
    crypto="received",
    maker_bps=18,
    taker_bps=18,
    per_share=5 * 10 ** (AMOUNT_SCALE - 3),
    least=_ONE,
    most_bps=100,
)
"""The fixed plan; crypto as a share of notional."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a fee depends on."""

    side: int
    price: int
    quantity: int
    maker: bool
    order_filled: int
    """Of the order, this execution counted in."""
    order_notional: int
    order_fees: int
    """Charged for the order before."""


def fee_of(rule: FeeRule, listing: Listing, match: Match) -> tuple[int, str]:
    """Return what an execution costs, an amount, and its asset."""
    kind = rule.equity if listing.kind == "equity" else rule.crypto
    if kind == "received":
        bps = rule.maker_bps if match.maker else rule.taker_bps
        bought = match.side > 0
        received = (
            listing.base_amount(match.quantity)
            if bought
            else listing.amount(match.price, match.quantity)
        )
        fee = received * bps // 10_000 // _EIGHTH * _EIGHTH
        return fee, listing.base if bought else listing.quote
    if kind == "per_share":
        shares = listing.base_amount(match.order_filled)
        wanted = max(rule.per_share * shares // _ONE, rule.least)
        most = match.order_notional * rule.most_bps // 10_000
        total = min(wanted, most) // _EIGHTH * _EIGHTH
        return max(total - match.order_fees, 0), listing.quote
    return 0, listing.quote


class ActivityFee:
    """The fee on a day's sales of equities: the sum of a day is rounded up to the cent."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._exact = 0
        self._charged = 0

    def sold(self, rule: FeeRule, listing: Listing, quantity: int, day: date) -> int:
        """Return what a sale adds to what was charged that day, an amount."""
        if day != self._day:
            self._day, self._exact, self._charged = day, 0, 0
        shares = listing.base_amount(quantity)
        self._exact += min(rule.taf * shares // _ONE, rule.taf_most)
        owed = -(-self._exact // _CENT) * _CENT
        added, self._charged = owed - self._charged, owed
        return added
