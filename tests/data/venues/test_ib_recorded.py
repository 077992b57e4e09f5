"""Ticks, bars and account values recorded from the real IB by others."""

import gzip
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.data.venues.test_ib_market import AAPL, NOW

from tradebot.data.events import Quote
from tradebot.data.venues.ib.market import ContractMarket, bar

MINUTE = 60_000_000_000


@pytest.fixture
def recorded() -> Path:
    """Return the folder, where recordings are at hand."""
    root = os.environ.get("TRADEBOT_RECORDED_DATA")
    folder = Path(root or "/nowhere") / "payloads" / "nautilus_fixtures" / "ib"
    if not folder.is_dir():
        pytest.skip("no recordings: set TRADEBOT_RECORDED_DATA")
    return folder


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        yield from (json.loads(line) for line in file)


def test_each_recorded_change_of_the_touch_is_a_quote(recorded: Path) -> None:
    market = ContractMarket(AAPL)
    quotes: list[Quote] = []
    ticks = json.loads((recorded / "streaming" / "tick_data.json").read_bytes())
    for tick in ticks:
        price, size = Decimal(str(tick["price"])), Decimal(str(tick["size"]))
        kind = tick["tickType"]
        # The recording joins a size with the price it belongs to; the protocol sends it alone.
        told = (
            market.tick(kind, price, size, NOW)
            if kind in {1, 2}
            else market.tick(kind, None, size, NOW)
        )
        quotes += [told] if told is not None else []
    touches = [tick for tick in ticks if tick["tickType"] in {0, 1, 2, 3}]
    assert len(ticks) > 10_000
    assert len(touches) // 2 < len(quotes) <= len(touches)
    assert all(quote.bid_price <= quote.ask_price for quote in quotes)


def test_each_recorded_bar_is_a_bar(recorded: Path) -> None:
    bars = list(lines(recorded / "responses" / "historic" / "bars.json.gz"))
    for start, one in enumerate(bars):
        prices = (one["open"], one["high"], one["low"], one["close"])
        opened, high, low, close = (Decimal(str(price)) for price in prices)
        made = bar(
            AAPL,
            start=start,
            span_ns=MINUTE,
            prices=(opened, high, low, close),
            volume=Decimal(str(one["volume"])),
            trades=one["barCount"],
            now=NOW,
        )
        assert AAPL.price(made.high) == high.quantize(Decimal("0.01"))
        assert made.low <= made.open <= made.high
    assert len(bars) > 100
