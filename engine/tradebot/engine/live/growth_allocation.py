"""Capital by growth: the split of the pool that would have grown fastest, with each edge shrunk by what proves it.

A day is a scenario: what each sleeve's bets that settled on it brought, as a share of the sleeve's capital; days
without a bet brought nothing. Days keep how often a sleeve bets and how sleeves move together. Of each sleeve's mean m
only k m is believed, k = m^2 / (m^2 + se^2), se its standard error. Then log growth is maximised so that wealth falls
below 80 % of its start with at most 10 % chance (Busseti, Ryu, Boyd 2016). What no sleeve earns stays in the pool.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from tradebot.engine.core.types import Owner
from tradebot.engine.live.daily_results import DAYS_MIN, Daily, Growth
from tradebot.engine.sizing.drawdown import risk_power
from tradebot.engine.sizing.kelly import drift_shrink
from tradebot.engine.sizing.log_optimal import best_weights

ALPHA, BETA = 0.8, 0.1
"""Wealth may fall below this share of its start, with at most this chance."""


def growth_weights(
    results: Daily, capital: Mapping[Owner, Decimal], budget: float
) -> dict[Owner, Growth] | None:
    """Return each sleeve's share; None where the record is too short, or covers too few days, to say anything.

    Args:
        results: Of the sleeves at least, by day.
        capital: Of the sleeves that take part, each > 0.
        budget: Most of the money that may be split, in (0, 1].
    """
    names = sorted(capital)
    days = sorted({day for name in names for day in results.get(name, {})})
    if not names or not days or days[-1] - days[0] < DAYS_MIN:
        return None
    span = range(days[0], days[-1] + 1)
    table = np.array(
        [[float(results.get(n, {}).get(day, 0) / capital[n]) for n in names] for day in span]
    )
    means = table.mean(axis=0)
    errors = table.std(axis=0, ddof=1) / np.sqrt(len(span))
    kept = [drift_shrink(float(m), float(e)) for m, e in zip(means, errors, strict=True)]
    believed = table - means + means * np.array(kept)
    found = best_weights(believed, budget=budget, power=risk_power(ALPHA, BETA))
    rows: Sequence[tuple[Owner, float, float, float]] = list(
        zip(names, found.weights, means.tolist(), kept, strict=True)
    )
    return {name: Growth(weight, mean, k) for name, weight, mean, k in rows}
