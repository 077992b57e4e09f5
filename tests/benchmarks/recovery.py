"""How long the longest fill of a day waits to be told, by adapter and fault: seconds of virtual time at the venue.

Run from the project's folder; the number is how many seeds of each fault (default 3):

    python -m tests.benchmarks.recovery 20

The days are those of the fault matrices; every fill is told in the end, or the program stops with what is missing.
IB tells its executions' time in whole seconds.
"""

import logging
import random
import sys
from collections.abc import Callable, Iterable
from statistics import median

import structlog
from tests.engine.brokers.alpaca.test_filling_faults import AT, SOURCES, day_with, recover
from tests.engine.brokers.binance.binance_in_memory import Faults
from tests.engine.brokers.binance.desk import Desk, trade_through
from tests.engine.brokers.binance.test_binance_session import FAULTS as BINANCE_FAULTS
from tests.engine.brokers.ib.ib_desk import trade_through as trade_at_ib
from tests.engine.brokers.ib.test_ib_session import FAULTS as IB_FAULTS

from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.types import SECOND

PATIENCE = 240
"""Seconds after which something is lost."""


def until(told: Callable[[], bool], wait: Callable[[float], None]) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: If it is not within `PATIENCE`.
    """
    for _ in range(PATIENCE):
        if told():
            return
        wait(1)
    raise TimeoutError(f"not told within {PATIENCE} s")


def longest(fills: Iterable[OrderFilled]) -> float:
    """Return how long the longest of some fills waited for its first telling, in seconds."""
    first: dict[str, int] = {}
    for fill in fills:
        first.setdefault(fill.execution_id, fill.ts_recv - fill.ts_event)
    return max(first.values(), default=0) / SECOND


def at_alpaca(source: str, at: int, seed: int) -> float:
    """Return the longest wait of one day at Alpaca, told by one of its sources."""
    venue, _, told = day_with(source, at, seed)
    recover(venue, told)
    return told.longest / SECOND


def at_binance(fault: str, seed: int) -> float:
    """Return the longest wait of one day at Binance."""
    desk = Desk(Faults(seed, (fault,), 0.3))
    trade_through(desk, random.Random(seed))  # noqa: S311  (seeded)

    def told() -> bool:
        trades = {f"BTCUSDT:{trade['id']}" for trade in desk.venue.trades}
        return {fill.execution_id for fill in desk.fills} == trades

    until(told, desk.run)
    return longest(desk.fills)


def at_ib(fault: str, seed: int) -> float:
    """Return the longest wait of one day at Interactive Brokers."""
    desk = trade_at_ib(seed, (fault,))

    def told() -> bool:
        return len(desk.booked()) == len(desk.exchange.books.standing_executions())

    until(told, desk.run)
    return longest(word for word in desk.words if isinstance(word, OrderFilled))


def row(name: str, seconds: list[float]) -> str:
    """Return one line of the table."""
    return f"| {name} | {median(seconds):.1f} | {max(seconds):.1f} |\n"


def main() -> None:
    """Write the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seeds = range(1, 1 + (int(sys.argv[1]) if len(sys.argv) > 1 else 3))
    write = sys.stdout.write
    write("| adapter: fault | median, s | most, s |\n| --- | ---: | ---: |\n")
    for fault in BINANCE_FAULTS:
        write(row(f"Binance: {fault}", [at_binance(fault, seed) for seed in seeds]))
    for source in SOURCES:
        for at, (fault, event, _) in enumerate(AT):
            name = f"Alpaca, {source}: {fault}{f' on {event}' if event else ''}"
            write(row(name, [at_alpaca(source, at, seed) for seed in seeds]))
    for fault in IB_FAULTS:
        write(row(f"IB: {fault}", [at_ib(fault, seed) for seed in seeds]))


if __name__ == "__main__":
    main()
