"""The `want` namespace: what a policy wants to hold, as an answer of its own."""

from decimal import Decimal
from typing import TypedDict, Unpack

import msgspec

from tradebot.engine.core.actions import (
    NO_REASON,
    OrderSeq,
    Pyramid,
    Want,
    WantFlat,
    WantQuantity,
    WantRisk,
    WantWeight,
)
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.types import Side


class About(TypedDict, total=False):
    """What may be said of every want."""

    symbol: str | None
    """None: the sleeve's only instrument."""
    because: Because | None
    edge: Edge | None
    state: msgspec.Struct | None
    """The memory wanted back with the next call."""


class AboutRisk(About, total=False):
    """What may be said of a want with a stop."""

    pyramid: Pyramid | None
    """`house-money`: add a unit of the same risk once the open profit pays for it; None: never add."""
    take_profit: Decimal | None
    """Distance of a target from the entry, in price, > 0."""


class Wants:
    """Ways to say what to hold; each returns a whole answer, and `OrderSeq.of` joins several."""

    def quantity(self, quantity: Decimal | int, **about: Unpack[About]) -> OrderSeq:
        """Want a signed quantity, in units of the base; it is rounded towards zero onto the lot."""
        symbol, because, edge = about.get("symbol"), about.get("because"), about.get("edge")
        item = WantQuantity(quantity=_exact(quantity), symbol=symbol, because=because, edge=edge)
        return _answer(item, about)

    def weight(self, weight: Decimal | int, **about: Unpack[About]) -> OrderSeq:
        """Want a signed share of the sleeve's equity, at the mark; 0.5 is half."""
        symbol, because, edge = about.get("symbol"), about.get("because"), about.get("edge")
        item = WantWeight(weight=_exact(weight), symbol=symbol, because=because, edge=edge)
        return _answer(item, about)

    def long(self, *, risk: Decimal, stop: Decimal | int, **about: Unpack[AboutRisk]) -> OrderSeq:
        """Want to be long with a stop.

        Args:
            risk: Share of the sleeve's capital lost at the stop, fees in, in (0, 1].
            stop: Distance of the stop from the entry, in price, > 0.
            **about: As in `AboutRisk`.
        """
        return _answer(_risk("buy", risk, stop, about), about)

    def short(self, *, risk: Decimal, stop: Decimal | int, **about: Unpack[AboutRisk]) -> OrderSeq:
        """Want to be short with a stop; as `long`."""
        return _answer(_risk("sell", risk, stop, about), about)

    def flat(
        self,
        *,
        symbol: str | None = None,
        because: Because | None = None,
        state: msgspec.Struct | None = None,
    ) -> OrderSeq:
        """Want to hold nothing."""
        return _answer(WantFlat(symbol=symbol, because=because), {"state": state})


want = Wants()
"""What a policy calls: `want.long(risk=..., stop=..., because=...)`."""


def _exact(number: Decimal | int) -> Decimal:
    """Return a whole number as the decimal it is; what is neither is refused where the want is read."""
    return Decimal(number) if type(number) is int else number  # pyright: ignore[reportReturnType]


def _risk(side: Side, risk: Decimal, stop: Decimal | int, about: AboutRisk) -> WantRisk:
    return WantRisk(
        side=side,
        risk=risk,
        stop=_exact(stop),
        symbol=about.get("symbol"),
        because=about.get("because"),
        edge=about.get("edge"),
        pyramid=about.get("pyramid"),
        take_profit=about.get("take_profit"),
    )


def _answer(item: Want, about: About) -> OrderSeq:
    because = item.because or NO_REASON
    return OrderSeq(actions=(item,), because=because, state=about.get("state"))
