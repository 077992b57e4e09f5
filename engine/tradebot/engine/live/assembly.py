"""Put an engine together: recover the kernel, join it to its world, and hand over the first event."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib.metadata import version
from typing import Literal

import msgspec
import structlog

from tradebot.engine.core.events import EngineStarted, PanicNoted, SleeveFailed
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.outcomes import Alert
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import Sleeves
from tradebot.engine.core.types import MINUTE, MS, EngineId, Lots, Marks, Mode, Owner, WantOrders
from tradebot.engine.journal.errors import JournalError
from tradebot.engine.journal.schema import SCHEMA
from tradebot.engine.live.bar_history import past, reach
from tradebot.engine.live.budget import BUDGET, BudgetedCaller
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.loaded_sleeves import LoadedSleeves
from tradebot.engine.live.recorded_bars import recorded_seconds
from tradebot.engine.live.recovery import recover
from tradebot.engine.live.runtime import AlertHistory, Records, Runtime
from tradebot.engine.live.tape import Tape
from tradebot.engine.live.world import World
from tradebot.engine.policy_source.load import VersionedPolicy

log = structlog.get_logger()


class Assembled(msgspec.Struct, frozen=True):
    """A recovered engine, joined to its world."""

    runtime: Runtime
    tape: Tape
    alerts: AlertHistory
    world: World
    sleeves: LoadedSleeves
    measured: BudgetedCaller
    """Calls the sleeves' policies and knows how long they take."""


def assemble(
    engine_id: EngineId,
    world: World,
    records: Records,
    policies: Mapping[Owner, VersionedPolicy],
    *,
    currency: str,
    clock: Clock,
) -> Assembled:
    """Recover the kernel from its records and join it to its world; nothing is decided yet."""
    failed: list[SleeveFailed] = []
    loaded, caller = LoadedSleeves(policies), BudgetedCaller(clock, failed)
    kernel = Kernel(engine_id, Sleeves(loaded.policies, caller))
    runtime = Runtime(kernel, records, failed)
    tape = Tape(world.history())
    recovered = recover(kernel, records.journal, tape, records.reserve)
    runtime.advance_to(recovered.last_now)
    venue, feed = world.join(runtime, currency)
    alerts = AlertHistory()
    runtime.connect(
        venue,
        feed,
        seq=max(recovered.last_seq, records.segments.last_seq),
        now=max(recovered.last_now, world.now()),
    )
    runtime.observers += [tape, alerts]
    caller.slow = _tell_slow(runtime, alerts)
    for found in policies.values():
        records.journal.add_source(found.version, found.source)
    if recovered.last_seq:
        log.info(
            "recovered",
            rows=recovered.rows,
            seq=recovered.last_seq,
            checkpoint=recovered.checkpoint,
        )
    return Assembled(runtime, tape, alerts, world, loaded, caller)


def _tell_slow(runtime: Runtime, alerts: AlertHistory) -> Callable[[Owner, int], None]:
    """Return what tells a person of a decision over its time; it is measured, so nothing of it is recorded."""

    def tell(sleeve: Owner, took: int) -> None:
        text = f"{sleeve} took {took / MS:.1f} ms to decide, at most {BUDGET // MS}"
        log.warning("slow decision", sleeve=sleeve, ms=round(took / MS, 1))
        alerts.lines.append((runtime.seq, runtime.now, Alert(level="warn", text=text)))

    return tell


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of a start; see `EngineStarted`."""

    mode: Mode
    currency: str
    sleeves: tuple[SleeveStarted, ...]
    limits: dict[str, str]
    seed: int
    day_starts_minute: int
    zone_offsets: tuple[tuple[int, int], ...] = ()
    pegs: dict[str, str] = {}
    rates: dict[str, str] = {}
    lots: Lots = "fifo"
    wall: int
    protect_at: Literal["broker", "any"] = "any"
    resume: Literal["operator", "next-day"] = "operator"
    objective: dict[str, str] = {}
    take_over: tuple[EngineId, ...] = ()
    wants: WantOrders = "collar"
    marks: Marks = "mid"
    cash_buffer: Decimal = Decimal(0)
    rate_stale_after: int = MINUTE
    panics: tuple[PanicNoted, ...] = ()
    """What `tradebot panic` did since the last start."""


def begin(engine: Assembled, terms: Terms) -> None:
    """Hand over the first event, and let the world begin."""
    world = engine.world
    engine.runtime.hand_over(
        EngineStarted(
            schema=SCHEMA,
            version=version("tradebot-engine"),
            mode=terms.mode,
            market=world.description,
            currency=terms.currency,
            account=world.accounts[0].name,
            accounts=world.accounts,
            instruments=world.instruments,
            sleeves=terms.sleeves,
            limits=terms.limits,
            seed=terms.seed,
            day_starts_minute=terms.day_starts_minute,
            zone_offsets=terms.zone_offsets,
            pegs=terms.pegs,
            rates=terms.rates,
            lots=terms.lots,
            protect_at=terms.protect_at,
            resume=terms.resume,
            objective=terms.objective,
            take_over=terms.take_over,
            wants=terms.wants,
            marks=terms.marks,
            cash_buffer=terms.cash_buffer,
            rate_stale_after=terms.rate_stale_after,
            wall=terms.wall,
        )
    )
    give_history(engine)
    for panic in terms.panics:
        engine.runtime.hand_over(panic)
    world.begin()


def give_history(engine: Assembled) -> None:
    """Hand over what is known of the past of the bars that sleeves need and that are not warm yet."""
    world, runtime = engine.world, engine.runtime
    since = reach(runtime.kernel.state)
    if since is None:
        return
    try:
        seconds = recorded_seconds(runtime.records.segments.folder, since)
    except (OSError, JournalError) as error:
        # The sleeve warms up by itself then; whatever is wrong with the record, `journal verify` names.
        log.warning("bars not warmed from the record", reason=str(error))
        seconds = {}
    for given in past(runtime.kernel.state, world.history(), world.description, seconds):
        runtime.hand_over(given)
