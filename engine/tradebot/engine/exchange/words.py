"""The exchange's smallest words."""

from typing import Literal

import msgspec

type FaceName = Literal["alpaca", "binance", "ib"]
FACES: tuple[FaceName, ...] = ("alpaca", "binance", "ib")

AMOUNT_SCALE = 12
"""Decimals of every amount of money or asset in the exchange's books: no product of price and quantity is rounded."""


class Trade(msgspec.Struct, frozen=True):
    """A print. `number` counts from 1 without holes at each listing."""

    number: int
    price: int
    quantity: int
    buyer_is_maker: bool
    ts: int
