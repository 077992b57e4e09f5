"""Commission models by their text: a share of notional, or so much per share with a minimum and a cap."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.types import Liquidity
from tradebot.engine.venue.native import Fees, FeeSchedule

_QUANTUM = Decimal("1e-8")
_RATE_MAX = Decimal("0.1")
_PER_SHARE_MAX = Decimal(1000)


class UnknownCommission(ValueError):  # noqa: N818  (says what is the matter)
    """A commission that cannot be read."""

    exit_code = 2


class PerShare(msgspec.Struct, frozen=True, kw_only=True):
    """So much per share, at least `least` an order, at most a share of the notional; the cap wins.

    Each fill is charged as an order of its own: an order filled in pieces pays the minimum for each.
    """

    rate: Decimal
    least: Decimal = Decimal(0)
    most: Decimal | None = None
    """Of the notional; None: no cap."""
    maker: Decimal = Decimal(0)
    """Of the notional, expected: nothing is known before the price is."""
    taker: Decimal = Decimal(0)

    def charge(
        self, instrument: Instrument, price: int, quantity: int, liquidity: Liquidity
    ) -> Decimal:
        """Return what a fill costs, to 8 decimals half-even."""
        del liquidity
        cost = max(self.rate * instrument.quantity(abs(quantity)), self.least)
        if self.most is not None:
            cost = min(cost, abs(instrument.notional(price, quantity)) * self.most)
        return cost.quantize(_QUANTUM, rounding=ROUND_HALF_EVEN)


def commission(text: str) -> FeeSchedule:
    """Return the model a text names.

    `0.001` a share of notional; `maker:0.0002,taker:0.0005` by liquidity (negative: a rebate);
    `per-share:0.005,min=1,max=0.01` per share, at least 1 an order, at most 1 % of notional.

    Raises:
        UnknownCommission: If it names none, or a number is out of its bounds.
    """
    kind, colon, rest = text.partition(":")
    if not colon:
        rate = _rate(text, text)
        return Fees(maker=rate, taker=rate)
    if kind == "per-share":
        first, *others = rest.split(",")
        named = _named(text, others, "=", {"min", "max"})
        return PerShare(
            rate=_number(text, first, Decimal(0), _PER_SHARE_MAX),
            least=_number(text, named.get("min", "0"), Decimal(0), _PER_SHARE_MAX),
            most=_number(text, named["max"], Decimal(0), Decimal(1)) if "max" in named else None,
        )
    named = _named(text, text.split(","), ":", {"maker", "taker"})
    if set(named) != {"maker", "taker"}:
        raise _wrong(text)
    return Fees(maker=_rate(text, named["maker"]), taker=_rate(text, named["taker"]))


def _named(text: str, parts: list[str], between: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        name, sign, value = part.partition(between)
        if not sign or name not in known:
            raise _wrong(text)
        found[name] = value
    return found


def _rate(text: str, number: str) -> Decimal:
    return _number(text, number, -_RATE_MAX, _RATE_MAX)


def _number(text: str, number: str, least: Decimal, most: Decimal) -> Decimal:
    try:
        value = Decimal(number)
    except InvalidOperation as error:
        raise _wrong(text) from error
    if not least <= value <= most:
        raise UnknownCommission(f"commission {text!r}: {number} must be in [{least}, {most}]")
    return value


def _wrong(text: str) -> UnknownCommission:
    return UnknownCommission(
        "commission must be RATE, maker:RATE,taker:RATE or per-share:AMOUNT[,min=M][,max=SHARE], "
        f"was {text!r}"
    )
