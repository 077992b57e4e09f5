"""Many seeds on all cores, and what they came to."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from tradebot.engine.simulation.plan import FAULT_KINDS, FaultKind, TongueName
from tradebot.engine.simulation.result import SeedResult
from tradebot.engine.simulation.seed import run_seed

CHUNK = 8
"""Seeds handed to a worker at a time."""


class Totals(msgspec.Struct):
    """What a campaign came to: the last line of `make simulate`."""

    seeds: int = 0
    first: int = 0
    steps: int = 0
    events: int = 0
    orders: int = 0
    fills: int = 0
    crashes: int = 0
    unknown_resolved: int = 0
    faults: dict[FaultKind, int] = msgspec.field(default_factory=dict[FaultKind, int])
    failed: list[int] = msgspec.field(default_factory=list[int])
    seconds: float = 0


class Campaign:
    """Runs seeds and adds them up.

    Args of the constructor:
        first: First seed.
        seeds: How many.
        workers: Processes to use.
        tell: Called with a line for each seed that failed, as it does.
        until_found: Whether to end with the first seed that fails.
        without: Kinds of faults that shall not strike.
        speaks: The broker whose bytes the venue speaks; None: it hands events over.
    """

    def __init__(  # noqa: PLR0913  (what a campaign is)
        self,
        first: int,
        seeds: int,
        workers: int,
        tell: Callable[[str], None],
        *,
        until_found: bool = False,
        without: frozenset[str] = frozenset(),
        speaks: TongueName | None = None,
    ) -> None:
        self._run = partial(run_seed, without=without, speaks=speaks)
        self._speaks: TongueName | None = speaks
        self._until_found = until_found
        self._range = range(first, first + seeds)
        self._workers = workers
        self._tell = tell
        self.totals = Totals(first=first, faults=dict.fromkeys(FAULT_KINDS, 0))
        self.seeds_with: Counter[FaultKind] = Counter()
        """In how many seeds each kind struck."""

    def run(self) -> Totals:
        """Run all seeds and return the totals; seconds are the caller's to fill in."""
        for result in self._results():
            self._add(result)
            if self._until_found and result.failure is not None:
                break
        self.totals.failed.sort()
        return self.totals

    def _results(self) -> Iterator[SeedResult]:
        if self._workers == 1:
            yield from map(self._run, self._range)
            return
        with multiprocessing.get_context("fork").Pool(self._workers) as pool:
            yield from pool.imap_unordered(self._run, self._range, CHUNK)

    def _add(self, result: SeedResult) -> None:
        totals = self.totals
        totals.seeds += 1
        totals.steps += result.steps
        totals.events += result.events
        totals.orders += result.orders
        totals.fills += result.fills
        totals.crashes += result.crashes
        totals.unknown_resolved += result.unknown_resolved
        for kind, count in result.faults.items():
            totals.faults[kind] += count
            self.seeds_with[kind] += count > 0
        if result.failure is not None:
            totals.failed.append(result.seed)
            self._tell(failure_line(result, self._speaks))


def failure_line(result: SeedResult, speaks: TongueName | None = None) -> str:
    """Return the one line that reproduces what a seed found."""
    failure = result.failure
    if failure is None:
        return f"seed {result.seed}: nothing found"
    reason = " ".join(failure.reason.split())[:300]
    tongue = f" SPEAKS={speaks}" if speaks is not None else ""
    return (
        f"make simulate SEEDS=1 FIRST={result.seed}{tongue}  "
        f"# {failure.invariant} at step {failure.step}: {reason}"
    )
