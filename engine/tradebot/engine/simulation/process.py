"""One life of the engine: opened on a folder, recovered, begun, and at last killed or stopped."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.state import State
from tradebot.engine.core.types import EngineId, Owner
from tradebot.engine.journal.reserve import Reserve
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.assembly import Assembled, Terms, assemble, begin
from tradebot.engine.live.runtime import Records, Runtime
from tradebot.engine.policy_source.load import VersionedPolicy
from tradebot.engine.policy_source.sources import Sources
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.disk import BrittleJournal, BrittleSegments
from tradebot.engine.simulation.instruments import ALPHA, BETA, CURRENCY, THIRD
from tradebot.engine.simulation.plan import Plan
from tradebot.engine.simulation.policies import Mind, Restless, Wanting, Wish
from tradebot.engine.simulation.world import SimulatedWorld

ENGINE_ID = EngineId("sim22")
SLEEVES: dict[Owner, VersionedPolicy] = {
    Owner(name): VersionedPolicy(
        LoadedPolicy(Restless(), None, Mind),
        version=f"simulated{name[:3]}",
        sources=Sources("simulated", {"simulated.py": "see Restless"}),
    )
    for name in ("alpha", "beta")
} | {
    THIRD: VersionedPolicy(
        LoadedPolicy(Wanting(), None, Wish),
        version="simulatedgam",
        sources=Sources("simulated", {"simulated.py": "see Wanting"}),
    )
}
CAPITAL = Decimal(60_000)

RESERVE = "reserve"
RESERVE_BYTES = 128 * 1024
"""Room for what goes out while the disk is full; less than a real engine's, as it is read at each start."""


class SimulatedClock:
    """The world's time as the machine's, and processor time that never runs."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def system_ns(self) -> int:
        """Return the world's time, ns UTC."""
        return self._agenda.now

    def monotonic_ns(self) -> int:
        """Return the world's time, ns."""
        return self._agenda.now

    def cpu_ns(self) -> int:
        """Return 0: nothing takes time that is not simulated."""
        return 0


class Process:
    """A running engine and its open files."""

    def __init__(self, folder: Path, world: SimulatedWorld) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._world = world
        self._closed = False
        self.journal = BrittleJournal.open(folder / "journal.db")
        self.journal.bind(ENGINE_ID, "sandbox", "virtual")
        self._segments = BrittleSegments(folder / "market")
        self._reserve = Reserve.open(folder / RESERVE, RESERVE_BYTES)
        self.journal.faults, self.journal.beside = world.faults, self._segments
        self.records = Records(self.journal, self._segments, self._reserve)
        self.assembled: Assembled = assemble(
            ENGINE_ID,
            world,
            self.records,
            SLEEVES,
            currency=CURRENCY,
            clock=SimulatedClock(world.agenda),
        )
        self._reader = sqlite3.connect(
            f"{(folder / 'journal.db').as_uri()}?mode=ro", uri=True, isolation_level=None
        )

    @property
    def runtime(self) -> Runtime:
        """Return the engine."""
        return self.assembled.runtime

    @property
    def state(self) -> State:
        """Return the kernel's memory."""
        return self.assembled.runtime.kernel.state

    def begin(self, take_over: tuple[EngineId, ...] = ()) -> None:
        """Hand over the first event, with the engines whose orders are taken over."""
        begin(self.assembled, terms(self._world.plan, take_over))

    def written(self, seq: int, index: int) -> bytes | None:
        """Return the body of a journal row as somebody else sees it in the file; None where it is not there."""
        sql = "SELECT body FROM rows WHERE seq = ? AND idx = ?"
        row: tuple[bytes] | None = self._reader.execute(sql, (seq, index)).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Let go of the files without writing anything more; twice does no harm."""
        if self._closed:
            return
        self._closed = True
        self._reader.close()
        self.journal.close()
        self._segments.close()
        self._reserve.close()

    @property
    def durable_seq(self) -> int:
        """Return the newest step that a death would leave."""
        return max(self.journal.committed_seq, self._reserve.last_seq)


def sleeve_terms(plan: Plan) -> tuple[SleeveStarted, ...]:
    """Return the sleeves of a simulated engine: the third trades what each of the others does, on the first account."""
    symbols = {"alpha": (ALPHA.id,), "beta": (BETA.id,), THIRD: (ALPHA.id, BETA.id)}
    return tuple(
        SleeveStarted(
            name=name,
            policy=f"tradebot.engine.simulation.policies:{type(policy.loaded.policy).__name__}",
            version=policy.version,
            account=plan.accounts[-1] if name == "beta" else plan.accounts[0],
            symbols=symbols[name],
            capital=CAPITAL,
            params={},
            run=plan.third if name == THIRD else "live",
            limits=plan.own_limits,
        )
        for name, policy in SLEEVES.items()
    )


def terms(plan: Plan, take_over: tuple[EngineId, ...] = ()) -> Terms:
    """Return what the configuration of a simulated engine says."""
    return Terms(
        mode="sandbox",
        currency=CURRENCY,
        sleeves=sleeve_terms(plan),
        limits=plan.limits.as_text(),
        seed=plan.seed,
        day_starts_minute=plan.day_starts_minute,
        take_over=take_over,
        wall=0,
    )


def read_again(folder: Path) -> State:
    """Return what a fresh kernel recovers from a folder's records, read by somebody else beside the engine."""
    from tradebot.engine.core.kernel import Kernel
    from tradebot.engine.core.sleeves import Sleeves
    from tradebot.engine.live.budget import call_plainly
    from tradebot.engine.live.recovery import recover
    from tradebot.engine.live.tape import Tape

    kernel = Kernel(ENGINE_ID, Sleeves({}, call_plainly))
    with (
        closing(Journal.open(folder / "journal.db", read_only=True)) as journal,
        closing(Reserve.open(folder / RESERVE, RESERVE_BYTES)) as reserve,
    ):
        recover(kernel, journal, Tape({}), reserve)
    return kernel.state
