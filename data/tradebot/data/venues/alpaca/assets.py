"""Alpaca's assets as instruments: scales, ticks and lots, and what may be done with each.

Source: Trading API "Get Assets". A stock's price has four decimals (below $1 the tick is $0.0001, from $1 on $0.01),
its quantity nine whether or not it may be traded in fractions: scales never change, permissions do.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.instruments import SCALE_MAX, Instrument, InstrumentId, Rules, to_units

VENUE = "alpaca"
"""Prefix of the venue's instruments."""

STOCK_PRICE_SCALE = 4
STOCK_QUANTITY_SCALE = 9
_STOCK_TICK = 100
"""$0.01 at four decimals, the step of every price from $1 on."""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One asset as the venue tells it; numbers come as text or as JSON numbers."""

    id: str
    asset_class: str = msgspec.field(name="class")
    """`us_equity`, `crypto`, `us_option`."""
    exchange: str = ""
    symbol: str
    name: str | None = None
    status: str
    tradable: bool
    marginable: bool = False
    shortable: bool = False
    easy_to_borrow: bool = False
    fractionable: bool = False
    min_order_size: Decimal | None = None
    min_trade_increment: Decimal | None = None
    price_increment: Decimal | None = None
    attributes: list[str] | None = None

    @property
    def kind(self) -> Literal["equity", "crypto", "option", ""]:
        """Return which of Alpaca's order rules hold; empty for a class unknown here."""
        kinds: dict[str, Literal["equity", "crypto", "option"]] = {
            "us_equity": "equity",
            "crypto": "crypto",
            "us_option": "option",
        }
        return kinds.get(self.asset_class, "")


_assets = msgspec.json.Decoder(list[Asset])
_asset = msgspec.json.Decoder(Asset)


def decode_assets(body: bytes) -> list[Asset]:
    """Decode the answer to `GET /v2/assets`.

    Raises:
        ValueError: If it is not a list of assets.
    """
    return _assets.decode(body)


def decode_asset(body: bytes) -> Asset:
    """Decode the answer to `GET /v2/assets/{symbol}`.

    Raises:
        ValueError: If it is not an asset.
    """
    return _asset.decode(body)


def instrument_of(asset: Asset) -> Instrument:
    """Return the instrument an asset is.

    Raises:
        ValueError: If it is neither a stock nor a crypto pair, or its increments fit no scale.
    """
    if asset.kind == "equity":
        return _stock(asset)
    if asset.kind == "crypto":
        return _crypto(asset)
    raise ValueError(f"asset must be us_equity or crypto, was {asset.asset_class!r}")


def _stock(asset: Asset) -> Instrument:
    whole = 10**STOCK_QUANTITY_SCALE
    lot = 1 if asset.fractionable else whole
    return Instrument(
        id=InstrumentId(f"{VENUE}:{asset.symbol}"),
        kind="equity",
        base=asset.symbol,
        currency="USD",
        price_scale=STOCK_PRICE_SCALE,
        quantity_scale=STOCK_QUANTITY_SCALE,
        rules=(Rules(tick=_STOCK_TICK, lot=lot, quantity_min=lot),),
    )


def _crypto(asset: Asset) -> Instrument:
    base, slash, currency = asset.symbol.partition("/")
    if not slash:
        raise ValueError(f"crypto symbol must be BASE/QUOTE, was {asset.symbol!r}")
    tick = asset.price_increment or Decimal("0.000000001")
    lot = asset.min_trade_increment or Decimal("0.000000001")
    price_scale = max(2, _decimals(tick))
    # Fees are taken in what was received: holdings are finer than the lot of an order.
    quantity_scale = max(9, _decimals(lot), _decimals(asset.min_order_size or lot))
    if max(price_scale, quantity_scale) > SCALE_MAX:
        raise ValueError(f"increments must have at most {SCALE_MAX} decimals, were {tick}, {lot}")
    return Instrument(
        id=InstrumentId(f"{VENUE}:{asset.symbol}"),
        kind="spot",
        base=base,
        currency=currency,
        price_scale=price_scale,
        quantity_scale=quantity_scale,
        rules=(
            Rules(
                tick=to_units(tick, price_scale),
                lot=to_units(lot, quantity_scale),
                quantity_min=to_units(asset.min_order_size or lot, quantity_scale),
            ),
        ),
    )


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"increment must be finite, was {value}")  # noqa: TRY004 (a value, not a type)
    return max(0, -exponent)


def normal_symbol(symbol: str, pairs: dict[str, str]) -> str:
    """Return a crypto symbol with its slash: positions may be told as `BTCUSD`.

    Args:
        symbol: As the venue spelled it.
        pairs: The account's pairs without slash -> with slash.
    """
    return pairs.get(symbol, symbol)
