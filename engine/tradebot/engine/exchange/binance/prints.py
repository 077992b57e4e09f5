"""Prints as Binance tells them, one by one and joined: an aggregate is what one order took at one price."""

from collections import deque

import msgspec

from tradebot.engine.exchange.words import Trade

_KEPT = 5_000


class AggregateTrade(msgspec.Struct, frozen=True):
    """Prints of one taker at one price."""

    number: int
    price: int
    quantity: int
    first: int
    last: int
    buyer_is_maker: bool
    ts: int


class Prints:
    """A listing's prints, joined."""

    def __init__(self) -> None:
        self.done: deque[AggregateTrade] = deque(maxlen=_KEPT)
        self._open: AggregateTrade | None = None
        self._number = 0

    def take(self, trade: Trade) -> AggregateTrade | None:
        """Take a print in; return the aggregate that it ends."""
        before = self._open
        if before is not None and (before.price, before.ts, before.buyer_is_maker) == (
            trade.price,
            trade.ts,
            trade.buyer_is_maker,
        ):
            self._open = msgspec.structs.replace(
                before, quantity=before.quantity + trade.quantity, last=trade.number
            )
            return None
        ended = self.end()
        self._number += 1
        self._open = AggregateTrade(
            self._number,
            trade.price,
            trade.quantity,
            trade.number,
            trade.number,
            trade.buyer_is_maker,
            trade.ts,
        )
        return ended

    def end(self) -> AggregateTrade | None:
        """End and return the aggregate that is open."""
        ended, self._open = self._open, None
        if ended is not None:
            self.done.append(ended)
        return ended
