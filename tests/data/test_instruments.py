"""Instruments: exact conversion at their edges, dated rules, notional."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import (
    UNITS_MAX,
    Instrument,
    InstrumentId,
    Rules,
    from_units,
    to_units,
)
from tradebot.data.symbols import take_apart

BITCOIN = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=5,
    rules=(Rules(tick=1, lot=10), Rules(valid_from=1_000, tick=10, lot=10)),
)


@given(units=st.integers(-UNITS_MAX, UNITS_MAX), scale=st.integers(0, 12))
def test_units_survive_the_way_to_decimal_and_back(units: int, scale: int) -> None:
    value = from_units(units, scale)
    assert to_units(value, scale) == units
    assert value * 10**scale == units


@pytest.mark.parametrize("value", ["NaN", "Infinity", "0.001", "1e30", "92233720368547758.08"])
def test_decimals_that_do_not_fit_are_refused(value: str) -> None:
    with pytest.raises(ScaleError, match="price of binance:BTCUSDT must"):
        BITCOIN.price_units(Decimal(value))


def test_instrument_converts_at_its_own_scales() -> None:
    assert BITCOIN.price_units(Decimal("61837.63")) == 6_183_763
    assert BITCOIN.price(6_183_763) == Decimal("61837.63")
    assert BITCOIN.quantity(BITCOIN.quantity_units(Decimal("0.5"))) == Decimal("0.5")
    assert BITCOIN.notional(6_183_763, 50_000) == Decimal("30918.815")
    assert (BITCOIN.venue, BITCOIN.symbol) == ("binance", "BTCUSDT")


def test_rules_are_those_in_force() -> None:
    assert [BITCOIN.rules_at(ts).tick for ts in (-5, 0, 999, 1_000, 10**18)] == [1, 1, 1, 10, 10]


@pytest.mark.parametrize(
    ("symbol", "base", "currency", "kind"),
    [
        ("BTCUSDT", "BTC", "USDT", "spot"),
        ("BTCUSD", "BTC", "USD", "spot"),
        ("WAVES/EUR", "WAVES", "EUR", "spot"),
        ("BLZETH", "BLZ", "ETH", "spot"),
        ("eurusd", "EUR", "USD", "fx"),
        ("EUR/USD", "EUR", "USD", "fx"),
        ("AAPL", "AAPL", "USD", "equity"),
        ("USDT", "USDT", "USD", "equity"),
    ],
)
def test_symbols_are_taken_apart(symbol: str, base: str, currency: str, kind: str) -> None:
    assert take_apart(symbol) == (base, currency, kind)
