"""Contracts and instruments: `ib:AAPL`, `ib:AAPL@LSE.GBP`, `ib:BTC.USD`.

A stock's price has four decimals (its tick is a rule, below $1 it is finer), its quantity four, as the venue's size
increments have; scales never change, steps do.
"""

import re
from decimal import Decimal

import msgspec

from tradebot.data.instruments import SCALE_MAX, Instrument, InstrumentId, Rules, to_units

VENUE = "ib"
"""Prefix of the venue's instruments."""

STOCK_PRICE_SCALE = 4
STOCK_QUANTITY_SCALE = 4

_SPELLED = re.compile(
    r"(?P<symbol>[A-Z0-9 /-]{1,12})(?:@(?P<exchange>[A-Z0-9]{1,12}))?(?:\.(?P<currency>[A-Z]{3}))?"
)
COINS = frozenset({"BTC", "ETH", "LTC", "BCH", "SOL", "ADA", "XRP", "DOGE"})
"""What the venue trades as crypto."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A contract to be looked up."""

    spelled: str
    symbol: str
    kind: str
    """`STK` or `CRYPTO`."""
    exchange: str
    primary: str
    currency: str


def wanted(spelled: str) -> Wanted:
    """Return what a symbol asks for: SYMBOL, then perhaps @EXCHANGE it is listed at, then perhaps .CURRENCY.

    Raises:
        ValueError: If it is not spelled so.
    """
    match = _SPELLED.fullmatch(spelled)
    if match is None:
        raise ValueError(f"an IB symbol is SYMBOL[@EXCHANGE][.CURRENCY], was {spelled[:60]!r}")
    symbol, exchange, currency = match["symbol"], match["exchange"] or "", match["currency"]
    if symbol in COINS and currency is not None:
        return Wanted(
            spelled=spelled,
            symbol=symbol,
            kind="CRYPTO",
            exchange=exchange,
            primary="",
            currency=currency,
        )
    return Wanted(
        spelled=spelled,
        symbol=symbol,
        kind="STK",
        exchange="SMART",
        primary=exchange,
        currency=currency or "USD",
    )


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue told of a contract."""

    con_id: int
    kind: str
    symbol: str
    exchange: str
    """Where orders for it go: `SMART`, `PAXOS`."""
    primary: str
    currency: str
    tick: Decimal
    least: Decimal
    step: Decimal


def instrument_of(asked: Wanted, told: Details) -> Instrument:
    """Return the instrument that a contract is.

    Raises:
        ValueError: If its steps fit no scale, or it is of a kind that is not traded here.
    """
    if told.kind not in {"STK", "CRYPTO"}:
        raise ValueError(f"{asked.spelled} must be a stock or a coin, was {told.kind[:10]!r}")
    stock = told.kind == "STK"
    prices = max(STOCK_PRICE_SCALE if stock else 2, _decimals(told.tick))
    quantities = max(STOCK_QUANTITY_SCALE if stock else 8, _decimals(told.step))
    if max(prices, quantities) > SCALE_MAX or told.tick <= 0 or told.step <= 0:
        raise ValueError(
            f"steps of {asked.spelled} must be > 0 with at most {SCALE_MAX} decimals, "
            f"were {told.tick} and {told.step}"
        )
    # A stock's increment may be a fraction of a share, which few contracts and types take; whole ones all do.
    step = max(told.step, Decimal(1)) if stock else told.step
    return Instrument(
        id=InstrumentId(f"{VENUE}:{asked.spelled}"),
        kind="equity" if stock else "spot",
        base=told.symbol,
        currency=told.currency,
        price_scale=prices,
        quantity_scale=quantities,
        rules=(
            Rules(
                tick=to_units(told.tick, prices),
                lot=to_units(step, quantities),
                quantity_min=to_units(max(told.least, step), quantities),
            ),
        ),
    )


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"a step must be finite, was {value}")  # noqa: TRY004  (a value, not a type)
    return max(0, -exponent)
