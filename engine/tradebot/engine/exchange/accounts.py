"""Accounts: what they hold, what they may trade with it, what is kept back for their open orders."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import msgspec

from tradebot.engine.exchange.fees import ActivityFee, FeeRule
from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.orders import Order
from tradebot.engine.exchange.words import FaceName


class AccountTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is opened with."""

    name: str
    """The venue's own name of it: IB's `DU1234567`, Alpaca's account id."""
    face: FaceName
    key: str = ""
    secret: str = ""
    cash: dict[str, int]
    """Amounts by asset at the start."""
    margin: Literal["cash", "margin"]
    """`cash`: nothing is borrowed, each asset covers its own orders. `margin`: equities up to `multiplier` times
    equity, short too where the listing allows it; crypto still against cash.
    """
    multiplier: int = 1
    least_equity_to_short: int = 0
    """Amount."""
    may_flip: bool = True
    """Whether one order may sell what is held and go short."""
    client_ids: Literal["open", "ever", "free"]
    """A client id is unique among open orders, for ever, or not at all."""
    currency: str
    """Asset that equity is counted in."""
    fees: FeeRule


class Position(msgspec.Struct, frozen=True):
    """What an account holds of a listing; amounts."""

    quantity: int = 0
    """Of the base asset, < 0 short; fees in the base asset are taken off."""
    cost: int = 0
    """What the position cost, > 0 for long and short, at average prices."""
    realized: int = 0
    """Earned by closing, fees not counted."""


def traded(position: Position, change: int, amount: int) -> Position:
    """Return a position after a trade, by average cost.

    Args:
        position: Before it.
        change: Of the base asset, > 0 bought.
        amount: What was paid or taken for it, > 0.
    """
    held = position.quantity
    if held == 0 or (held > 0) == (change > 0):
        return Position(held + change, position.cost + amount, position.realized)
    closing = min(abs(change), abs(held))
    cost = position.cost * closing // abs(held)
    proceeds = amount * closing // abs(change)
    earned = proceeds - cost if held > 0 else cost - proceeds
    left = held + change
    if abs(change) <= abs(held):
        return Position(left, position.cost - cost, position.realized + earned)
    return Position(left, amount - proceeds, position.realized + earned)


class Account:
    """One account's books."""

    def __init__(self, terms: AccountTerms, owner: int) -> None:
        self.terms = terms
        self.owner = owner
        """Its number with the matching engines, > 0."""
        self.holdings: defaultdict[str, int] = defaultdict(int, terms.cash)
        """Amount of each asset, cash and positions alike."""
        self.positions: dict[str, Position] = {}
        """By listing key."""
        self.activity_fee = ActivityFee()

    def settle(self, listing: Listing, side: int, quantity: int, amount: int) -> None:
        """Take an execution in: base against quote, fees apart."""
        base = side * listing.base_amount(quantity)
        self.holdings[listing.base] += base
        self.holdings[listing.quote] -= side * amount
        before = self.positions.get(listing.key, Position())
        self.positions[listing.key] = traded(before, base, amount)

    def charge(self, listing: Listing, asset: str, amount: int) -> None:
        """Take a fee off; one in the base asset makes the position smaller."""
        self.holdings[asset] -= amount
        if asset == listing.base:
            held = self.positions.get(listing.key, Position())
            self.positions[listing.key] = Position(held.quantity - amount, held.cost, held.realized)

    def position(self, listing: Listing) -> int:
        """Return what it holds of a listing, a quantity rounded towards zero, < 0 short."""
        held = self.holdings[listing.base]
        whole = listing.quantity_of(abs(held))
        return whole if held > 0 else -whole


def locked(orders: Iterable[tuple[Order, Listing]]) -> dict[str, int]:
    """Return what open orders keep back, amounts by asset.

    Of a group in which one cancels the other, the one that needs most counts. An order that waits for its parent keeps
    nothing back.
    """
    kept: dict[str, int] = defaultdict(int)
    groups: dict[tuple[str, str], int] = {}
    for order, listing in orders:
        if order.state == "held":
            continue
        asset, amount = needs(order, listing)
        if order.request.group:
            name = (order.request.group, asset)
            groups[name] = max(groups.get(name, 0), amount)
        else:
            kept[asset] += amount
    for (_, asset), amount in groups.items():
        kept[asset] += amount
    return dict(kept)


def needs(order: Order, listing: Listing) -> tuple[str, int]:
    """Return the asset and the amount that an open order keeps back."""
    if order.request.side < 0:
        return listing.base, listing.base_amount(order.leaves)
    price = order.request.limit or order.trigger
    return listing.quote, listing.amount(price, order.leaves)
