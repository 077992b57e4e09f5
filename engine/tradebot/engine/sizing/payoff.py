"""Payoff design: a structure of legs, what it pays under a model, and what it is worth staking.

Positions are looked at once a step: a stop that a step jumps over is filled where the step ends, so that gaps cost what
they cost. Costs are a share of what is traded, each way; premiums are paid at the start.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec
import numpy as np

from tradebot.engine.sizing.drawdown import drawdown_bound
from tradebot.engine.sizing.interior import Matrix, Vector
from tradebot.engine.sizing.models import Model
from tradebot.engine.sizing.sample import equal_weights
from tradebot.engine.sizing.utility import Best, Utility, best_stake

_STEPS = 60
_PARTS = 400
"""Utilities other than Kelly's look at the means of so many equal parts of the sorted results."""


class Leg(Protocol):
    """One part of a structure, per unit of the structure."""

    def result(self, prices: Matrix, fee: float) -> Vector:
        """Return the profit of each path, costs in; prices are path by step, the first the present one."""
        ...

    def planned_risk(self, price: float, fee: float) -> float:
        """Return what is lost if all goes wrong and stops fill at their price; > 0."""
        ...

    def untradable(self) -> str | None:
        """Return why no venue of the house can trade it; None if it can."""
        ...


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A position with what protects it: bought now, or at a limit below (a rung of a ladder)."""

    quantity: float
    """Negative is short."""
    stop: float | None = None
    target: float | None = None
    trail: float | None = None
    """Distance by which the stop follows the best price."""
    at: float | None = None
    """Limit price of the entry; None: now. A rung that is not reached costs nothing."""

    def result(self, prices: Matrix, fee: float) -> Vector:
        """Return the profit of each path."""
        side = 1.0 if self.quantity > 0.0 else -1.0
        size = abs(self.quantity)
        count = len(prices)
        entered = np.full(count, self.at is None)
        entry = prices[:, 0].copy()
        done, gain, best = np.zeros(count, bool), np.zeros(count), prices[:, 0].copy()
        for now in prices.T[1:]:
            out = self._exits(now, best, side) & entered & ~done
            price = self._exit_price(now, side)
            gain[out] = (side * (price - entry) - fee * (price + entry))[out]
            done |= out
            if self.at is not None:
                enters = ~entered & (side * (self.at - now) >= 0.0)
                entry[enters], best[enters] = self.at, now[enters]
                entered |= enters
            best = np.where(side * (now - best) > 0.0, now, best)
        held, last = entered & ~done, prices[:, -1]
        gain[held] = (side * (last - entry) - fee * (last + entry))[held]
        return size * gain

    def _exits(
        self, now: Vector, best: Vector, side: float
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        out = np.zeros(len(now), bool)
        if self.stop is not None:
            out |= side * (now - self.stop) <= 0.0
        if self.target is not None:
            out |= side * (now - self.target) >= 0.0
        if self.trail is not None:
            out |= side * (best - now) >= self.trail
        return out

    def _exit_price(self, now: Vector, side: float) -> Vector:
        """Return where it is filled: a target at its limit, a stop where the step ended."""
        if self.target is None:
            return now
        return np.where(side * (now - self.target) >= 0.0, self.target, now)

    def planned_risk(self, price: float, fee: float) -> float:
        """Return the loss at the stop with fees; without a stop a long loses all, a short its notional again."""
        entry, side = (price if self.at is None else self.at), (1.0 if self.quantity > 0 else -1.0)
        stops = [
            s
            for s in (self.stop, None if self.trail is None else entry - side * self.trail)
            if s is not None
        ]
        if not stops:
            return abs(self.quantity) * entry * (1.0 + fee)
        nearest = max(stops) if side > 0 else min(stops)
        loss = side * (entry - nearest) + fee * (entry + nearest)
        if loss <= 0.0:
            raise ValueError(
                f"a stop must be on the losing side of the entry {entry}, was {nearest}"
            )
        return abs(self.quantity) * loss

    def untradable(self) -> str | None:
        """Return None: all of it are orders of this house."""
        return None


class Bought(msgspec.Struct, frozen=True):
    """A bought option held to its end, which is the end of the structure."""

    quantity: float
    """> 0: writing options is not offered, its loss has no bound."""
    right: Literal["call", "put"]
    strike: float
    premium: float
    """Per unit, > 0."""

    def result(self, prices: Matrix, fee: float) -> Vector:
        """Return the profit of each path."""
        sign = 1.0 if self.right == "call" else -1.0
        worth = np.maximum(sign * (prices[:, -1] - self.strike), 0.0)
        return self.quantity * (worth - self.premium * (1.0 + fee))

    def planned_risk(self, price: float, fee: float) -> float:
        """Return the premium: paid up front, and all there is to lose."""
        del price
        if not (self.quantity > 0.0 and self.premium > 0.0):
            raise ValueError(
                f"an option's quantity and premium must be > 0, were {self.quantity}, {self.premium}"
            )
        return self.quantity * self.premium * (1.0 + fee)

    def untradable(self) -> str | None:
        """Return why: no venue of this version trades options."""
        return "options cannot be traded in this version"


class Pyramid(msgspec.Struct, frozen=True, kw_only=True):
    """House money: one unit now, another for each `step` gained, all under one stop that trails by `step`.

    Later units are bought from open profit only: the stop stands a step below the newest unit, where the profit of
    those before pays its loss.
    """

    quantity: float
    """Of each unit, > 0."""
    step: float
    """Price distance, > 0."""
    units: int
    """At most, >= 1."""

    def result(self, prices: Matrix, fee: float) -> Vector:
        """Return the profit of each path."""
        count = len(prices)
        first = prices[:, 0]
        held, cost = np.ones(count), first * (1.0 + fee)
        best, done, gain = first.copy(), np.zeros(count, bool), np.zeros(count)
        for now in prices.T[1:]:
            out = ~done & (best - now >= self.step)
            gain[out] = (held * now * (1.0 - fee) - cost)[out]
            done |= out
            best = np.maximum(best, now)
            adds = ~done & (held < self.units) & (now >= first + held * self.step)
            cost = np.where(adds, cost + now * (1.0 + fee), cost)
            held = np.where(adds, held + 1.0, held)
        gain[~done] = (held * prices[:, -1] * (1.0 - fee) - cost)[~done]
        return self.quantity * gain

    def planned_risk(self, price: float, fee: float) -> float:
        """Return what the first unit loses at its stop."""
        if not (self.quantity > 0.0 and self.step > 0.0 and self.units >= 1):
            raise ValueError(
                f"quantity, step and units must be > 0, were {self.quantity}, {self.step}, {self.units}"
            )
        return self.quantity * (self.step + fee * (2.0 * price - self.step))

    def untradable(self) -> str | None:
        """Return None."""
        return None


class Structure(msgspec.Struct, frozen=True):
    """Legs that are one bet. With safe money beside a convex leg it is a barbell: what is not staked lies in cash."""

    price: float
    """Of the underlying now, > 0."""
    legs: tuple[Leg, ...]
    fee: float = 0.0
    """Share of what is traded, each way."""

    def planned_risk(self) -> float:
        """Return what is at risk: the sum over the legs, as if all lost together.

        Raises:
            ValueError: If there is no leg, or a figure is outside its bound.
        """
        if not self.legs or not self.price > 0.0 or not self.fee >= 0.0:
            raise ValueError("at least one leg, a price > 0 and a fee >= 0 are needed")
        return sum(leg.planned_risk(self.price, self.fee) for leg in self.legs)

    def at_end(self, price: float) -> float:
        """Return the profit if the price goes to `price` at once and straight, stops and targets looked at there."""
        path = np.array([[self.price, price]])
        return float(sum(leg.result(path, self.fee)[0] for leg in self.legs))

    def results(self, model: Model, years: float, *, paths: int, seed: int) -> Vector:
        """Return the profit of each path.

        Raises:
            ValueError: If years or paths are not > 0.
        """
        if not years > 0.0 or paths < 1:
            raise ValueError(f"years and paths must be > 0, were {years} and {paths}")
        dice = np.random.default_rng(seed)
        logs = model.steps(dice, paths, _STEPS, years)
        zero = np.zeros((paths, 1))
        prices = self.price * np.exp(np.concatenate((zero, np.cumsum(logs, axis=1)), axis=1))
        return np.sum([leg.result(prices, self.fee) for leg in self.legs], axis=0)


class PayoffReport(msgspec.Struct, frozen=True):
    """What a structure does, per unit of capital at risk (1 = all that is planned to be lost)."""

    at_risk: float
    """Capital at risk of one unit, in money."""
    mean: float
    """Drift after costs: expected result per unit at risk."""
    mean_error: float
    """Standard error of the mean, from the number of paths."""
    mean_half_edge: float
    """The same with half the model's drift."""
    quantiles: tuple[float, float, float, float, float]
    """5, 25, 50, 75, 95 %."""
    worst: float
    """Lowest of the paths: below -1 a gap went through a stop."""
    convexity: float | None
    """Mean of the best tenth over the mean loss of the worst tenth: above 1 the tails are on our side.

    None where the worst tenth loses nothing.
    """
    losing: float
    """Share of the paths that lose."""
    stakes: dict[str, Best]
    """Best stake under each utility: share of wealth at risk, and its value."""
    half_edge_stake: float
    """Kelly's stake if the edge is half."""
    growth: dict[str, float]
    """Growth per bet at 0.5, 1, 1.5 and 2 times Kelly's stake: what under- and over-staking cost."""
    halved: dict[str, float]
    """Bound on the chance that wealth is ever halved, betting so again and again, at 0.5 and 1 times Kelly's stake."""
    untradable: tuple[str, ...]
    """Legs that no connected venue can trade, with the reason."""


def design(
    structure: Structure,
    model: Model,
    years: float,
    utilities: Mapping[str, Utility],
    *,
    paths: int = 4000,
    seed: int = 1,
) -> PayoffReport:
    """Return what a structure does under a model, and the stake that each utility likes best.

    Args:
        structure: The legs.
        model: Of the price.
        years: Until the structure is closed.
        utilities: By name; wealth now is 1.
        paths: Simulated; figures' errors fall as one over their root.
        seed: Of the generator.

    Raises:
        ValueError: If a figure is outside its bound.
    """
    risk = structure.planned_risk()
    results = structure.results(model, years, paths=paths, seed=seed) / risk
    half = structure.results(model.halved(), years, paths=paths, seed=seed) / risk
    ordered = np.sort(results)
    tenth = max(paths // 10, 1)
    down = -float(ordered[:tenth].mean())
    sample, bad = equal_weights(results.tolist()), equal_weights(half.tolist())
    coarse = equal_weights(
        [float(part.mean()) for part in np.array_split(ordered, min(_PARTS, paths))]
    )
    cap = 1.0
    kelly, nearly = sample.stake(cap), min(0.999 * (sample.upper or cap), cap)
    return PayoffReport(
        at_risk=risk,
        mean=float(results.mean()),
        mean_error=float(results.std(ddof=1) / np.sqrt(paths)) if paths > 1 else 0.0,
        mean_half_edge=float(half.mean()),
        quantiles=_five(results),
        worst=float(ordered[0]),
        convexity=float(ordered[-tenth:].mean()) / down if down > 0.0 else None,
        losing=float((results < 0.0).mean()),
        stakes={name: best_stake(each, coarse, cap=nearly) for name, each in utilities.items()},
        half_edge_stake=bad.stake(cap),
        growth={f"{c:g}": sample.growth(c * kelly) for c in (0.5, 1.0, 1.5, 2.0)},
        halved={f"{c:g}": drawdown_bound(sample, c * kelly, 0.5) for c in (0.5, 1.0)},
        untradable=tuple(
            f"{type(leg).__name__.lower()}: {why}"
            for leg in structure.legs
            if (why := leg.untradable())
        ),
    )


def _five(results: Vector) -> tuple[float, float, float, float, float]:
    found = np.quantile(results, (0.05, 0.25, 0.5, 0.75, 0.95))
    one, two, three, four, five = (float(each) for each in found)
    return one, two, three, four, five
