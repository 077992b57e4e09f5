"""One seed by its number, in a folder of its own: what it came to, or what it found."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from tradebot.engine.simulation.overdue import SeedOverdue, bounded
from tradebot.engine.simulation.plan import TongueName, plan_of
from tradebot.engine.simulation.result import Failure, SeedResult
from tradebot.engine.simulation.run import Simulation
from tradebot.engine.simulation.violation import Violation

CPU_MAX = 60.0
"""Seconds of processor time after which a seed is given up: hundreds of times what one needs."""


def run_seed(
    seed: int,
    explain: Callable[[str], None] | None = None,
    without: frozenset[str] = frozenset(),
    *,
    trace: bool = False,
    speaks: TongueName | None = None,
) -> SeedResult:
    """Run one seed in a folder of its own, in memory where the machine has such a place.

    Args:
        seed: Any number; the same one runs the same way.
        explain: Called with a line for each thing that happens; None: silent.
        without: Kinds of faults that shall not strike.
        trace: Whether to hash all that happens, to compare runs.
        speaks: The broker whose bytes the venue speaks; None: it hands events over.
    """
    plan = plan_of(seed)
    if speaks is not None:
        # The brokers' adapters are loaded by those who want them.
        from tradebot.engine.simulation.tongues.choice import spoken

        plan = spoken(plan, speaks)
    chances = {kind: chance for kind, chance in plan.chances.items() if kind not in without}
    plan = msgspec.structs.replace(plan, chances=chances)
    with tempfile.TemporaryDirectory(prefix="tradebot-sim-", dir=_in_memory()) as name:
        try:
            simulation = Simulation(plan, Path(name), explain)
        except Exception as error:  # noqa: BLE001  (an engine that cannot even start is a finding)
            return _never_began(seed, _failure(error, 0))
        failure: Failure | None = None
        try:
            with bounded(CPU_MAX):
                simulation.run()
        except (Exception, SeedOverdue) as error:  # noqa: BLE001  (whatever the engine raises is a finding)
            failure = _failure(error, simulation.steps)
        finally:
            simulation.process.close()
        return simulation.result(failure, trace=trace)


def _failure(error: Exception | SeedOverdue, steps: int) -> Failure:
    if isinstance(error, SeedOverdue):
        return Failure("overdue", steps, str(error))
    if isinstance(error, Violation):
        return Failure(error.invariant, steps, error.reason)
    return Failure("apply-total", steps, f"{type(error).__name__}: {error}")


def _never_began(seed: int, failure: Failure) -> SeedResult:
    return SeedResult(
        seed=seed,
        steps=0,
        events=0,
        orders=0,
        fills=0,
        crashes=0,
        unknown_resolved=0,
        faults={},
        trace="",
        failure=failure,
    )


def _in_memory() -> str | None:
    # A place that is there, not a name we invent.
    shared = Path("/dev/shm")  # noqa: S108  # nosec B108
    return str(shared) if shared.is_dir() else None
