"""What Binance lists: `exchangeInfo` symbols as instruments with dated rules.

Source: Binance spot API documentation, "Exchange information" and "Filters". A filter value of 0 switches it off.
Quantities are kept in the base asset's own precision, not in the lot's: fees are taken from what was bought, so that a
balance lies off the lot.
"""

from decimal import Decimal, InvalidOperation

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import SCALE_MAX, UNITS_MAX, Instrument, InstrumentId, Rules


class Filter(msgspec.Struct, frozen=True, rename="camel"):
    """One filter of a symbol; which fields it has follows from its type."""

    filter_type: str
    tick_size: Decimal = Decimal(0)
    step_size: Decimal = Decimal(0)
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)


class Symbol(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One symbol of `exchangeInfo`."""

    symbol: str
    status: str = "TRADING"
    base_asset: str
    base_asset_precision: int = 8
    quote_asset: str
    order_types: tuple[str, ...] = ()
    oco_allowed: bool = False
    allow_trailing_stop: bool = False
    cancel_replace_allowed: bool = False
    amend_allowed: bool = False
    is_spot_trading_allowed: bool = True
    filters: tuple[Filter, ...] = ()

    def filter(self, *kinds: str) -> Filter:
        """Return the first filter of one of some kinds; an empty one where there is none."""
        found = (one for kind in kinds for one in self.filters if one.filter_type == kind)
        return next(found, Filter(filter_type=kinds[0]))


class RateLimit(msgspec.Struct, frozen=True, rename="camel"):
    """One limit on requests."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class Listing(msgspec.Struct, frozen=True, rename="camel"):
    """The reply to `exchangeInfo`."""

    symbols: tuple[Symbol, ...]
    rate_limits: tuple[RateLimit, ...] = ()
    server_time: int = 0


_decoder = msgspec.json.Decoder(Listing)


def read_listing(payload: bytes) -> Listing:
    """Decode the reply to `exchangeInfo`.

    Raises:
        ValueError: If it is not one.
    """
    try:
        return _decoder.decode(payload)
    except (RecursionError, InvalidOperation) as error:
        raise ValueError(f"exchangeInfo cannot be read: {type(error).__name__}") from None


def instrument_of(symbol: Symbol, since: int) -> Instrument:
    """Return a symbol as an instrument.

    Args:
        symbol: As listed.
        since: From when on its rules are known to hold, ns UTC.

    Raises:
        ScaleError: If its rules do not fit the scales an instrument may have.
    """
    tick = symbol.filter("PRICE_FILTER").tick_size
    lot_filter = symbol.filter("LOT_SIZE")
    lot = lot_filter.step_size
    if tick <= 0 or lot <= 0:
        raise ScaleError(
            f"binance:{symbol.symbol} must have a tick and a lot above 0, had {tick} and {lot}"
        )
    price_scale = _decimals(tick)
    quantity_scale = max(symbol.base_asset_precision, _decimals(lot))
    if max(price_scale, quantity_scale) > SCALE_MAX:
        raise ScaleError(
            f"binance:{symbol.symbol} needs {max(price_scale, quantity_scale)} decimals, at most {SCALE_MAX}"
        )
    return Instrument(
        id=InstrumentId(f"binance:{symbol.symbol}"),
        kind="spot",
        base=symbol.base_asset,
        currency=symbol.quote_asset,
        price_scale=price_scale,
        quantity_scale=quantity_scale,
        rules=(
            Rules(
                valid_from=since,
                tick=_units(tick, price_scale),
                lot=_units(lot, quantity_scale),
                quantity_min=max(_units(lot_filter.min_qty, quantity_scale), 1),
                quantity_max=_units(lot_filter.max_qty, quantity_scale) or UNITS_MAX,
                notional_min=symbol.filter("NOTIONAL", "MIN_NOTIONAL").min_notional,
            ),
        ),
    )


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise ScaleError(f"a step must be a number, was {step}")
    return max(-exponent, 0)


def _units(value: Decimal, scale: int) -> int:
    """Return a bound in units; one beyond an i64 bounds nothing, one finer than the scale is cut off."""
    return min(int(value.scaleb(scale)), UNITS_MAX)
