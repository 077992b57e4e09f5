"""The venue on a real day: our orders at the touch of recorded spot BTCUSDT, each fill held against its print."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from tradebot.native import Venue

MARKET = 1
SCALE = Decimal(10**8)
OURS = 2_000_000
"""0.02 BTC."""

type Levels = list[tuple[int, int]]

pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(
        "TRADEBOT_RECORDED_DATA" not in os.environ,
        reason="TRADEBOT_RECORDED_DATA names no folder of recordings",
    ),
]


def units(text: str) -> int:
    return int(Decimal(text) * SCALE)


def levels(rows: list[list[str]]) -> Levels:
    return [(units(price), units(quantity)) for price, quantity in rows]


def messages() -> Iterator[dict[str, Any]]:
    """Yield snapshots, diffs and trades of the recording in order of receipt."""
    folder = Path(os.environ["TRADEBOT_RECORDED_DATA"]) / "binance_raw"
    with gzip.open(folder / "spot_btcusdt_20240808.gz", "rt") as lines:
        for line in lines:
            message = cast("dict[str, Any]", json.loads(line.split(" ", 1)[1]))
            yield message.get("data", message)


def market() -> Iterator[tuple[str, Levels, Levels] | tuple[int, int, int]]:
    """Yield ("snapshot" or "diff", bids, asks) once the chain is whole, and (price, quantity, aggressor)."""
    waiting: list[dict[str, Any]] = []
    last_id: int | None = None
    for message in messages():
        if "lastUpdateId" in message:
            last_id = cast("int", message["lastUpdateId"])
            yield ("snapshot", levels(message["bids"]), levels(message["asks"]))
            diffs, waiting = waiting, []
        elif message.get("e") == "depthUpdate":
            diffs = [message]
        elif message.get("e") == "trade" and last_id is not None:
            aggressor = -1 if message["m"] else 1
            yield (units(message["p"]), units(message["q"]), aggressor)
            continue
        else:
            continue
        if last_id is None:
            waiting += diffs
            continue
        for diff in diffs:
            if diff["u"] > last_id:
                yield ("diff", levels(diff["b"]), levels(diff["a"]))


def quote(venue: Venue, order_id: int) -> int:
    """Take back what rests and join both touches; returns the next free id."""
    for known, *_ in venue.open_orders():
        (event,) = venue.cancel(known)
        assert event.kind == "cancelled"
    book = venue.book(MARKET)
    for side, touch in ((1, book.best_bid()), (-1, book.best_ask())):
        assert touch is not None
        venue.submit(order_id, MARKET, side, "limit", "gtc", True, touch[0], OURS)  # noqa: FBT003
        assert venue.queue_ahead(order_id) in {touch[1], None}
        order_id += 1
    return order_id


def test_no_fill_comes_before_the_queue_or_beyond_the_print() -> None:
    venue = Venue()
    venue.add_recorded(MARKET)
    order_id, feeds = 1, 0
    told: Counter[str] = Counter()
    for step in market():
        if isinstance(step[0], str):
            _, bids, asks = cast("tuple[str, Levels, Levels]", step)
            events = venue.on_book(MARKET, bids, asks, snapshot=step[0] == "snapshot")
            assert not venue.book(MARKET).is_crossed()
            told["filled by the book"] += len(events)
            feeds += 1
            if feeds % 25 == 0:
                order_id = quote(venue, order_id)
            continue
        price, quantity, aggressor = cast("tuple[int, int, int]", step)
        resting = {
            known: (own, venue.queue_ahead(known)) for known, _, _, own, _ in venue.open_orders()
        }
        events = venue.on_trade(MARKET, price, quantity, aggressor)
        assert sum(event.quantity for event in events) <= quantity
        for event in events:
            own, ahead = resting[event.order_id]
            assert event.price == own
            assert event.liquidity == "maker"
            if own == price:
                assert ahead is not None
                assert event.quantity <= quantity - ahead
            told["filled by a print"] += 1
            told["partly"] += event.leaves > 0
    assert feeds > 2_000
    assert told["filled by a print"] >= 20
    assert told["partly"] >= 1
