"""A Kraken book: levels kept to the subscribed depth, numbers kept as they were spelled, and the checksum over both.

Source: Kraken API documentation, "Book checksum (v1)": CRC32 over the best ten asks, then the best ten bids, each
price and quantity without its point and leading zeros.
"""

import zlib
from collections.abc import Sequence

from tradebot.data.events import Level
from tradebot.data.numbers import units_from_text
from tradebot.data.venues.kraken.messages import KrakenSnapshot, KrakenUpdate, TextLevel
from tradebot.native import L2Book

CHECKSUM_LEVELS = 10
"""Levels a side under the checksum."""

DEPTH_DEFAULT = 10
"""Levels a side when the subscription does not say."""


class _Spelled:
    """One side's levels in units, and the digits each was spelled with."""

    def __init__(self, levels: list[TextLevel], price_scale: int, quantity_scale: int) -> None:
        self.levels: list[Level] = []
        self.digits: dict[int, str] = {}
        for price_text, quantity_text, *_ in levels:
            price = units_from_text(price_text, price_scale)
            quantity = units_from_text(quantity_text, quantity_scale)
            self.levels.append((price, quantity))
            self.digits[price] = _digits(price_text) + _digits(quantity_text)


class KrakenBook:
    """The book of one pair.

    Args:
        price_scale: Decimals of a price unit, in [0, SCALE_MAX].
        quantity_scale: Decimals of a quantity unit, in [0, SCALE_MAX].
        depth: Levels a side to keep until a snapshot says another number, >= 1.
    """

    def __init__(self, *, price_scale: int, quantity_scale: int, depth: int) -> None:
        self._scales = (price_scale, quantity_scale)
        self.depth = depth
        self.book = L2Book()
        self._digits: dict[int, dict[int, str]] = {1: {}, -1: {}}

    def replace(self, snapshot: KrakenSnapshot) -> None:
        """Make the book a snapshot.

        Raises:
            ScaleError: If a number does not fit; the book is then unchanged.
        """
        bids = _Spelled(snapshot.bids, *self._scales)
        asks = _Spelled(snapshot.asks, *self._scales)
        self.depth = snapshot.depth or self.depth
        self.book.replace(bids.levels, asks.levels)
        self._digits = {1: bids.digits, -1: asks.digits}
        self._forget_beyond_depth()

    def apply(self, update: KrakenUpdate) -> tuple[Sequence[Level], Sequence[Level]]:
        """Take an update; return its changed (bids, asks) in units, levels fallen out of the depth as removed.

        Raises:
            ScaleError: If a number does not fit; the book is then unchanged.
        """
        bids = _Spelled(update.bids, *self._scales)
        asks = _Spelled(update.asks, *self._scales)
        self.book.apply_levels(bids.levels, asks.levels)
        self._digits[1].update(bids.digits)
        self._digits[-1].update(asks.digits)
        for side, spelled in ((1, bids), (-1, asks)):
            for price, quantity in spelled.levels:
                if quantity == 0:
                    self._digits[side].pop(price, None)
        fallen_bids, fallen_asks = self._forget_beyond_depth()
        return bids.levels + fallen_bids, asks.levels + fallen_asks

    def checksum(self) -> int:
        """Return the CRC32 of the best ten levels of both sides, in [0, 2**32)."""
        asks, bids = self._digits[-1], self._digits[1]
        text = "".join(asks[price] for price, _ in self.book.asks(CHECKSUM_LEVELS))
        text += "".join(bids[price] for price, _ in self.book.bids(CHECKSUM_LEVELS))
        return zlib.crc32(text.encode("ascii"))

    def _forget_beyond_depth(self) -> tuple[list[Level], list[Level]]:
        """Drop what the venue no longer tells about; return it as removed levels."""
        fallen: dict[int, list[Level]] = {1: [], -1: []}
        for side, levels in ((1, self.book.bids), (-1, self.book.asks)):
            count = self.book.level_count(side)
            if count <= self.depth:
                continue
            for price, _ in levels(count)[self.depth :]:
                self.book.set_level(side, price, 0)
                self._digits[side].pop(price, None)
                fallen[side].append((price, 0))
        return fallen[1], fallen[-1]


def _digits(text: str) -> str:
    return text.replace(".", "", 1).lstrip("0")
