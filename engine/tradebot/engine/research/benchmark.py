"""What simply holding would have made: the line a backtest is measured against."""

from collections.abc import Sequence
from decimal import Decimal

from tradebot.engine.trial.moments import Moment


def held(capital: Decimal, moments: Sequence[Moment]) -> tuple[tuple[int, Decimal], ...] | None:
    """Return the worth of the capital had it been put into the run's instruments at the first moment and left there.

    In equal parts, at their marks, without costs; an instrument without a price then is left out, one that loses its
    price keeps the last.

    Args:
        capital: What it began with, > 0.
        moments: Of the run, oldest first.

    Returns:
        (ns UTC, worth) at each moment; None where no instrument has a price at the first.
    """
    if not moments:
        return None
    first = moments[0].prices
    bought = [index for index, price in enumerate(first) if price]
    if not bought:
        return None
    newest = list(first)
    line: list[tuple[int, Decimal]] = []
    for each in moments:
        newest = [
            new if new is not None else old for new, old in zip(each.prices, newest, strict=True)
        ]
        grown = sum((newest[at] or Decimal(0)) / (first[at] or Decimal(1)) for at in bought)
        line.append((each.ts, capital * grown / len(bought)))
    return tuple(line)
