"""Binance's exchangeInfo: symbols, filters, limits."""

from tradebot.engine.exchange.binance.reports import SELF_TRADE_MODE
from tradebot.engine.exchange.binance.texts import Json, amount, price, quantity
from tradebot.engine.exchange.market import Listing

ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
WEIGHT_A_MINUTE = 6_000
ORDERS_TEN_SECONDS = 50
ORDERS_A_DAY = 160_000
MOST_ORDERS = 200
"""Open orders a symbol."""
MOST_STOPS = 5
"""Open orders with a trigger a symbol."""
MOST_AMENDMENTS = 10


def rate_limits() -> list[Json]:
    """Return the limits that exchangeInfo tells."""
    return [
        _limit("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_A_MINUTE),
        _limit("ORDERS", "SECOND", 10, ORDERS_TEN_SECONDS),
        _limit("ORDERS", "DAY", 1, ORDERS_A_DAY),
        _limit("RAW_REQUESTS", "MINUTE", 5, 61_000),
    ]


def _limit(kind: str, interval: str, number: int, limit: int) -> Json:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }


def exchange_info(listings: list[Listing], now_ms: int) -> dict[str, Json]:
    """Return exchangeInfo of some listings."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": rate_limits(),
        "exchangeFilters": [],
        "symbols": [symbol_info(listing) for listing in listings],
    }


def symbol_info(listing: Listing) -> Json:
    """Return what exchangeInfo tells of a symbol."""
    return {
        "symbol": listing.symbol,
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": SELF_TRADE_MODE,
        "allowedSelfTradePreventionModes": [SELF_TRADE_MODE],
    }


def _filters(listing: Listing) -> list[Json]:
    none = "0.00000000"
    most = 10 ** (listing.price_scale + 6)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price(listing, listing.tick),
            "maxPrice": price(listing, most),
            "tickSize": price(listing, listing.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": quantity(listing, listing.minimum),
            "maxQty": quantity(listing, listing.maximum),
            "stepSize": quantity(listing, listing.lot),
        },
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": none,
            "maxQty": quantity(listing, listing.maximum),
            "stepSize": none,
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": amount(listing.minimum_notional),
            "applyMinToMarket": True,
            "maxNotional": amount(listing.maximum_notional),
            "applyMaxToMarket": True,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MOST_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": MOST_STOPS},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": MOST_AMENDMENTS},
    ]
