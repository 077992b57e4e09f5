"""What the screen Size shows, whatever it starts from."""

import math
from collections.abc import Callable

import msgspec

from tradebot.engine.sizing.outcomes import Outcomes
from tradebot.engine.sizing.trade import Trade

CURVE_POINTS = 120
FAN_STEPS = (5, 10, 20, 40, 60, 80, 100)
"""Bets after which the fan is looked at; of a drift, hundredths of the time to the deadline."""


class Stake(msgspec.Struct, frozen=True):
    """One way to size, as what is lost at the stop and as quantity."""

    name: str
    share: float
    """Of wealth: lost at the stop, or where nothing is said of a stop, held."""
    lost: float
    """In money, at the stop, fees in."""
    quantity: float
    growth: float
    """Nats per bet, or a year; -inf where one outcome takes everything."""
    chance: float | None = None
    """Of the target; None where there is none."""


class Fan(msgspec.Struct, frozen=True):
    """Wealth after so many steps, in multiples of the start: value, and the 95 % interval that the paths leave open."""

    steps: int
    low: tuple[float, float | None, float | None]
    """5 % quantile."""
    middle: tuple[float, float | None, float | None]
    high: tuple[float, float | None, float | None]
    """95 % quantile."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the screen shows."""

    figures: tuple[tuple[str, str], ...]
    stakes: tuple[Stake, ...]
    curve: tuple[tuple[float, float], ...]
    """Share and growth."""
    best: float
    """f*: the share that grows fastest."""
    you: float | None
    """The share of the quantity that was typed."""
    across: str
    """What the shares are shares of."""
    fan: tuple[Fan, ...]
    fan_of: str
    """Whose wealth the fan shows, and in what it counts time."""
    warnings: tuple[str, ...]


class Money(msgspec.Struct, frozen=True):
    """What joins a share with a quantity: equity, and a trade with its stop."""

    equity: float
    """> 0."""
    trade: Trade

    def at_risk(self, name: str, share: float, growth: float) -> Stake:
        """Return a stake whose share of equity is lost at the stop."""
        return Stake(
            name, share, share * self.equity, self.trade.quantity(self.equity, share), growth
        )

    def held(self, name: str, share: float, growth: float, chance: float | None = None) -> Stake:
        """Return a stake whose share of equity is held."""
        quantity = share * self.equity / self.trade.entry
        return Stake(name, share, quantity * self.trade.risk, quantity, growth, chance)


def curve(growth: Callable[[float], float], top: float) -> tuple[tuple[float, float], ...]:
    """Return growth at shares from 0 to `top`, without those where it has no bound."""
    points = [(top * index / CURVE_POINTS) for index in range(CURVE_POINTS + 1)]
    return tuple((x, y) for x in points if (y := growth(x)) > -math.inf)


def top_of(outcomes: Outcomes, best: float, you: float | None) -> float:
    """Return how far the curve goes: past twice the best stake and past yours, before one loss takes all."""
    wanted = max(2.4 * best, 1.2 * (you or 0.0), 0.01)
    return wanted if outcomes.upper is None else min(wanted, 0.98 * outcomes.upper)
