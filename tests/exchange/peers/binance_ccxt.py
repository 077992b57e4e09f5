"""A client the product does not use lives a day at the exchange's Binance; run in an environment of its own.

Args: url, ws_url, ws_api_url, key, secret. Prints one JSON object of what it saw; any error ends it.
"""

import asyncio
import importlib
import json
import sys
from typing import Any

type Loose = Any  # ccxt's own types are not ours to check


def client(url: str, streams: str, api: str, key: str, secret: str) -> Loose:
    """Return ccxt's Binance, pointed at the exchange and told to ask for spot alone."""
    made: Loose = importlib.import_module("ccxt.pro").binance(
        {
            "apiKey": key,
            "secret": secret,
            "enableRateLimit": False,
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "fetchMarkets": {"types": ["spot"]},
                "adjustForTimeDifference": True,
                "defaultType": "spot",
            },
        }
    )
    made.urls["api"].update(
        public=f"{url}/api/v3", private=f"{url}/api/v3", v1=f"{url}/api/v1", sapi=f"{url}/sapi/v1"
    )
    made.urls["api"]["ws"]["spot"] = f"{streams}/ws"
    made.urls["api"]["ws"]["ws-api"]["spot"] = api
    return made


async def live(ccxt: Loose) -> dict[str, object]:
    """Read, listen, trade, look back."""
    symbol = "BTC/USDT"
    markets = await ccxt.load_markets()
    ticker = await ccxt.fetch_ticker(symbol)
    bars = await ccxt.fetch_ohlcv(symbol, "1m", limit=20)
    book = await ccxt.watch_order_book(symbol)
    for _ in range(5):
        book = await ccxt.watch_order_book(symbol)
    prints = await ccxt.watch_trades(symbol)
    orders = asyncio.create_task(ccxt.watch_orders(symbol))
    fills = asyncio.create_task(ccxt.watch_my_trades(symbol))
    await asyncio.sleep(0.5)
    bought = await ccxt.create_order(symbol, "market", "buy", 0.01)
    told_orders = await orders
    told_fills = await fills
    resting = await ccxt.create_order(symbol, "limit", "buy", 0.01, 40_000)
    edited = await ccxt.edit_order(resting["id"], symbol, "limit", "buy", 0.02, 41_000)
    is_open = await ccxt.fetch_open_orders(symbol)
    gone = await ccxt.cancel_order(edited["id"], symbol)
    stop = await ccxt.create_order(symbol, "limit", "sell", 0.01, 49_000, {"stopPrice": 50_000})
    await ccxt.cancel_all_orders(symbol)
    try:
        await ccxt.create_order(symbol, "limit", "buy", 10, 50_000)
        refused = ""
    except Exception as error:  # noqa: BLE001  (its name is what is asked for)
        refused = type(error).__name__
    return {
        "markets": len(markets),
        "last": ticker["last"],
        "bars": len(bars),
        "spread": book["asks"][0][0] - book["bids"][0][0],
        "prints": len(prints),
        "bought": bought["filled"],
        "told_orders": [order["id"] == bought["id"] for order in told_orders],
        "told_fills": [fill["order"] == bought["id"] for fill in told_fills],
        "edited": edited["amount"],
        "open": [order["id"] == edited["id"] for order in is_open],
        "gone": gone["status"],
        "stop": stop["id"] is not None,
        "refused": refused,
        "fills": sum(fill["amount"] for fill in await ccxt.fetch_my_trades(symbol)),
        "free": (await ccxt.fetch_balance())["BTC"]["free"],
        "orders": [order["status"] for order in await ccxt.fetch_orders(symbol)],
    }


async def main() -> None:
    """Live, and tell."""
    ccxt = client(*sys.argv[1:6])
    try:
        async with asyncio.timeout(60):
            sys.stdout.write(json.dumps(await live(ccxt)))
    finally:
        await ccxt.close()


asyncio.run(main())
