"""What a venue's symbol says about base, currency and kind, where nothing better tells."""

from typing import NamedTuple

from tradebot.data.instruments import InstrumentKind

_FIAT = ("USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK", "TRY", "BRL")
_COINS = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "BTC", "XBT", "ETH", "BNB")
_BASES = (*_COINS, "SOL", "XRP", "ADA", "DOGE", "LTC", "DOT", "LINK", "AVAX", "TRX")
_SEPARATORS = "/-_"
_CURRENCY_DEFAULT = "USD"


class Parts(NamedTuple):
    """A symbol taken apart."""

    base: str
    currency: str
    kind: InstrumentKind


def take_apart(symbol: str) -> Parts:
    """Guess base, currency and kind of a symbol: `BTCUSDT`, `WAVES/EUR`, `EURUSD`, `AAPL`.

    A symbol that ends in no known currency is taken for an equity in USD.
    """
    upper = symbol.upper()
    for separator in _SEPARATORS:
        base, found, currency = upper.partition(separator)
        if found and base and currency.isalpha():
            return Parts(base, currency, _kind(base, currency))
    for currency in (*_COINS, *_FIAT):
        base = upper.removesuffix(currency)
        if base and base != upper and (currency in _COINS or base in (*_FIAT, *_BASES)):
            return Parts(base, currency, _kind(base, currency))
    return Parts(upper, _CURRENCY_DEFAULT, "equity")


def _kind(base: str, currency: str) -> InstrumentKind:
    return "fx" if base in _FIAT and currency in _FIAT else "spot"
