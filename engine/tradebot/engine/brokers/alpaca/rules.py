"""What Alpaca takes, per class of asset, checked here before anything is sent; no I/O.

Source: Trading API "Orders at Alpaca", "Fractional Trading", "Crypto Spot Trading", "Short selling". One account trades
all classes, so what the kernel is told an account can do is what every traded asset allows; the rest of each class's
rules are refusals with a plain reason. Protective stops rest at the broker where the class has them (stocks: stop,
stop-limit, trailing; crypto: stop-limit only, so that the engine keeps plain and trailing stops of pairs itself).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.data.venues.alpaca.assets import STOCK_QUANTITY_SCALE, Asset
from tradebot.engine.brokers.alpaca.setting import Traded
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import OrderType, TimeInForce

CRYPTO_NOTIONAL_MAX: Final = Decimal(200_000)
"""Largest crypto order, in the quote currency."""

DOLLAR: Final = Decimal(1)
CENT_UNITS: Final = 100
"""Units of a cent in a stock's price: from $1 on no order's price is finer."""


class ClassRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a class of assets allows."""

    name: str
    order_types: tuple[OrderType, ...]
    times_in_force: tuple[TimeInForce, ...]


STOCKS = ClassRules(
    name="stock",
    order_types=("limit", "market", "stop", "stop_limit", "trailing_stop"),
    times_in_force=("day", "gtc", "ioc", "fok"),
)
FRACTIONS = ClassRules(
    name="fraction of a share",
    order_types=("limit", "market", "stop", "stop_limit"),
    times_in_force=("day",),
)
CRYPTO = ClassRules(
    name="crypto pair", order_types=("limit", "market", "stop_limit"), times_in_force=("gtc", "ioc")
)


def rules_of(order: OrderIntent, asset: Asset) -> ClassRules:
    """Return which rules an order must keep to."""
    if asset.kind == "crypto":
        return CRYPTO
    whole = 10**STOCK_QUANTITY_SCALE
    return FRACTIONS if order.quantity % whole else STOCKS


def capabilities_of(traded: Iterable[Traded]) -> Capabilities:
    """Return what an account can do for every one of some assets.

    An order is replaced (PATCH) while it has not filled: the venue does not say whether a replacement's quantity counts
    what has, nor can it become another type. Pairs are kept by the kernel: the stop of an OCO gets an id of the venue's
    own. What a resting sell would sell is locked.
    """
    known = tuple(traded)
    classes = [CRYPTO if one.asset.kind == "crypto" else STOCKS for one in known] or [STOCKS]
    return Capabilities(
        order_types=tuple(
            one for one in STOCKS.order_types if all(one in rules.order_types for rules in classes)
        ),
        times_in_force=tuple(
            one
            for one in STOCKS.times_in_force
            if all(one in rules.times_in_force for rules in classes)
        ),
        post_only=False,
        reduce_only=False,
        replace=True,
        replace_partly=False,
        replace_kind=False,
        oco=False,
        locks_balance=True,
        # Known as of the start; what the venue takes off its list meanwhile it refuses itself.
        not_short=tuple(
            one.instrument.id
            for one in known
            if not (one.asset.shortable and one.asset.easy_to_borrow)
        ),
    )


def refusal(
    order: OrderIntent, asset: Asset, instrument: Instrument, *, out_of_session: bool = False
) -> str:
    """Return why the venue would not take an order, in plain words; empty where nothing here speaks against it.

    Args:
        order: The order.
        asset: What it is about.
        instrument: The same.
        out_of_session: Whether it is before the open or after the close, at an account that trades then.
    """
    rules = rules_of(order, asset)
    return (
        _not_tradable(asset)
        or _wrong_shape(order, rules, asset)
        or (_not_extended(order, asset) if out_of_session else "")
        or _wrong_price(order, asset, instrument)
        or _too_large(order, asset, instrument)
    )


def _not_tradable(asset: Asset) -> str:
    if not asset.tradable or asset.status != "active":
        return f"{asset.symbol} cannot be traded at Alpaca now: {asset.status}"
    return ""


def _wrong_shape(order: OrderIntent, rules: ClassRules, asset: Asset) -> str:
    if rules is FRACTIONS and not asset.fractionable:
        return f"{asset.symbol} is sold in whole shares only"
    if order.type not in rules.order_types:
        known = ", ".join(rules.order_types)
        return f"Alpaca has no {order.type} order for a {rules.name}, only {known}"
    tif = sent_tif(order, rules)
    if tif not in rules.times_in_force:
        known = ", ".join(rules.times_in_force)
        return f"Alpaca has no {order.tif} order for a {rules.name}, only {known}"
    if order.post_only:
        return "Alpaca has no post-only orders"
    if order.type in {"stop", "stop_limit"} and order.trigger_price is None:
        return "a stop needs a trigger price"
    if order.type in {"limit", "stop_limit"} and order.limit_price is None:
        return f"a {order.type} order needs a limit price"
    if order.type == "trailing_stop" and not order.trail:
        return "a trailing stop needs its distance"
    return ""


def in_extended_hours(order: OrderIntent, asset: Asset) -> bool:
    """Return whether an order is one that Alpaca takes in extended hours: a limit DAY order of a stock."""
    return asset.kind == "equity" and order.type == "limit" and order.tif == "day"


def _not_extended(order: OrderIntent, asset: Asset) -> str:
    if asset.kind != "equity" or in_extended_hours(order, asset):
        return ""
    return (
        "before the open and after the close Alpaca takes only limit orders for the day, "
        f"was {order.type} {order.tif}: give --limit and --tif day, or wait for the open"
    )


def sent_tif(order: OrderIntent, rules: ClassRules) -> TimeInForce:
    """Return the time in force an order is sent with: the engine ends a gtd order, and a day order of a pair."""
    if order.tif == "gtd" or (order.tif == "day" and rules is CRYPTO):
        return "day" if rules is FRACTIONS else "gtc"
    return order.tif


def _wrong_price(order: OrderIntent, asset: Asset, instrument: Instrument) -> str:
    if asset.kind == "crypto":
        return ""  # the instrument's tick was checked by the gate
    for units in (order.limit_price, order.trigger_price):
        if units is not None and instrument.price(units) >= DOLLAR and units % CENT_UNITS:
            return f"a price from $1 on must be in whole cents, was {instrument.price(units)}"
    return ""


def _too_large(order: OrderIntent, asset: Asset, instrument: Instrument) -> str:
    price = order.limit_price or order.trigger_price
    if asset.kind != "crypto" or price is None:
        return ""
    notional = instrument.notional(price, order.quantity)
    if notional > CRYPTO_NOTIONAL_MAX:
        return f"a crypto order must be worth at most ${CRYPTO_NOTIONAL_MAX}, was ${notional:f}"
    return ""
