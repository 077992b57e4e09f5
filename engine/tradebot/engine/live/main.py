"""`tradebot run`: put an engine together, run it, and leave a note of how it ended."""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog

from tradebot.engine.config.values import DayStart
from tradebot.engine.config.zones import YEARS_AHEAD, zone_offsets
from tradebot.engine.control.listeners import bind, parse_listen
from tradebot.engine.control.messages import API_NUMBER
from tradebot.engine.control.server import serving
from tradebot.engine.control.tokens import TokenError, TokenStore
from tradebot.engine.core.types import Owner
from tradebot.engine.home import engine_folder
from tradebot.engine.journal.errors import StateFolderError
from tradebot.engine.live.assembly import Assembled, Terms, assemble, begin
from tradebot.engine.live.clock import Clock, SystemClock
from tradebot.engine.live.configured_sleeves import FileSleeves
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.folder_records import open_records
from tradebot.engine.live.loop import Loop
from tradebot.engine.live.objective_start import objective_terms
from tradebot.engine.live.operations import Operations
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.pace import Pace
from tradebot.engine.live.sandbox import choose_market
from tradebot.engine.live.service import EngineService
from tradebot.engine.live.service_core import Identity
from tradebot.engine.live.sleeve_place import SleeveParts
from tradebot.engine.live.sleeve_recovery import sleeves_of_start
from tradebot.engine.live.sleeve_start import (
    load_policies,
)
from tradebot.engine.live.world import Place
from tradebot.engine.observability.logs import LogSink
from tradebot.engine.panic.note import forget_notes, read_notes, told
from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.load import VersionedPolicy
from tradebot.engine.state_folder import ExitNote, FolderFacts, StateFolder, look
from tradebot.engine.systemd.notify import of_this_process

log = structlog.get_logger()


def run_engine(
    options: RunOptions,
    logs: LogSink,
    choose: Callable[[RunOptions], Place] = choose_market,
) -> int:
    """Run an engine until it is stopped.

    Args:
        options: What was asked for.
        logs: Where log lines go; told of the engine's folder once it is taken.
        choose: What the engine is put into.

    Returns:
        Exit code: 0 when it ended as asked.

    Raises:
        CannotRun: If it cannot start.
    """
    clock = SystemClock()
    path = engine_folder(options.name)
    try:
        prepared = _prepare(options, choose)
    except (CannotRun, PolicyNotLoaded) as error:
        # A first start that cannot be leaves no folder behind; a known engine keeps why it did not start.
        if (path / "engine.json").exists():
            _note_refusal(options, path, clock, error)
        raise
    before = look(path)
    folder = StateFolder.open(
        path,
        mode=options.config.engine.mode,
        create=True,
        entropy=secrets.token_bytes,
        now=clock.system_ns,
    )
    with folder:
        logs.keep_in(folder.path)
        structlog.contextvars.bind_contextvars(engine=options.name, engine_id=folder.id)
        reason, code = "failed", 1
        try:
            reason = _run(Start(options, prepared, folder, before, clock, logs))
            code = 0
        except CannotRun as error:
            reason, code = str(error), error.exit_code
            log.error("engine cannot run", why=reason)  # noqa: TRY400  (its text says all)
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            log.exception("engine failed")
            raise
        finally:
            folder.note_exit(ExitNote(when=clock.system_ns(), code=code, reason=reason))
    return code


class Start(msgspec.Struct, frozen=True):
    """All that one start is made of."""

    options: RunOptions
    prepared: "Prepared"
    folder: StateFolder
    before: FolderFacts | None
    """The folder as it was found; None where there was none."""
    clock: Clock
    logs: LogSink


class Prepared(msgspec.Struct, frozen=True):
    """What a start needs beside its folder."""

    place: Place
    policies: dict[Owner, VersionedPolicy]


def _prepare(options: RunOptions, choose: Callable[[RunOptions], Place]) -> Prepared:
    place = choose(options)
    return Prepared(place, load_policies(options.config, place.instruments))


def _note_refusal(options: RunOptions, path: Path, clock: Clock, error: Exception) -> None:
    mode = options.config.engine.mode
    # Another process may hold the folder: then it is not down, and nothing is to be noted.
    with (
        suppress(StateFolderError),
        StateFolder.open(
            path, mode=mode, create=False, entropy=secrets.token_bytes, now=clock.system_ns
        ) as folder,
    ):
        folder.note_exit(ExitNote(when=clock.system_ns(), code=3, reason=str(error)))


def _run(start: Start) -> str:
    options, prepared, folder = start.options, start.prepared, start.folder
    clock = start.clock
    with ExitStack() as stack:
        records = open_records(folder, clock, stack)
        world = stack.enter_context(prepared.place.open(folder))
        records.journal.bind(folder.id, folder.mode, world.clock)
        currency = options.config.engine.currency or world.instruments[0].currency
        engine = assemble(
            folder.id,
            world,
            records,
            prepared.policies,
            currency=currency,
            clock=clock,
        )
        operations = stack.enter_context(
            Operations(
                engine.runtime,
                options.config,
                start.logs,
                name=options.name,
                clock=clock,
                notifier=of_this_process(),
            )
        )
        terms = _terms(options, engine, currency, clock)
        begin(
            engine, msgspec.structs.replace(terms, panics=tuple(map(told, read_notes(folder.path))))
        )
        if engine.runtime.commit():
            forget_notes(folder.path)  # the journal holds what they said
        operations.started(start.before)
        runner = asyncio.Runner(loop_factory=_loop_factory())
        with runner:
            return runner.run(_serve(start, engine, operations))


def _terms(options: RunOptions, engine: Assembled, currency: str, clock: Clock) -> Terms:
    config = options.config
    return Terms(
        mode=config.engine.mode,
        currency=currency,
        sleeves=sleeves_of_start(
            config,
            engine.runtime.kernel.state,
            engine.runtime.records.journal,
            engine.sleeves,
            engine.world.instruments,
        ),
        limits=config.risk.limits().as_text(),
        seed=options.seed,
        day_starts_minute=config.engine.day_starts.minute_of_day,
        zone_offsets=_zone(config.engine.day_starts, engine.runtime.now, clock.system_ns()),
        pegs=config.engine.stablecoins,
        rates=config.rates,
        lots=config.engine.lots,
        wall=clock.system_ns(),
        protect_at=config.engine.protect_at,
        resume=config.risk.resume,
        objective=objective_terms(config.objective, currency),
        take_over=options.take_over,
    )


def _zone(day: DayStart, now: int, wall: int) -> tuple[tuple[int, int], ...]:
    """Return the clock changes of the day's zone from the year before the engine's time on."""
    year, today = (datetime.fromtimestamp(ns // 10**9, UTC).year for ns in (now, wall))
    return zone_offsets(day.zone, year - 1, max(year, today) + YEARS_AHEAD)


# ------------------------------------------------------------------------------------ serving


async def _serve(start: Start, engine: Assembled, operations: Operations) -> str:
    options, folder, clock = start.options, start.folder, start.clock
    runtime = engine.runtime
    pace = Pace(clock, options.speed, runtime.now)
    identity = Identity(
        name=options.name,
        id=folder.id,
        mode=folder.mode,
        version=version("tradebot-engine"),
        api=API_NUMBER,
        pid=os.getpid(),
        market=_described(options, engine.world.description),
        started=clock.system_ns(),
    )
    service = EngineService(
        runtime,
        identity,
        clock=clock,
        fees=engine.world.fees,
        tape=engine.tape,
        alerts=engine.alerts,
        virtual_now=lambda: pace.now(runtime.now),
        sleeves=SleeveParts(
            engine.sleeves,
            engine.measured,
            FileSleeves(engine.world.instruments, os.environ),
            engine.tape,
        ),
        environ=os.environ,
    )
    _listen_to_signals(service)
    addresses = [f"unix://{folder.socket}"]
    if options.listen is not None:
        addresses.append(options.listen)
    listeners = [bind(parse_listen(address)) for address in addresses]
    tokens = TokenStore(folder.path)
    loop = Loop(
        runtime,
        service,
        clock=clock,
        pace=pace,
        stop_at_end=options.end_action == "stop",
        until_consoles_leave=options.until_consoles_leave,
    )
    loop.turned = operations.turned
    log.info(
        "engine up",
        mode=folder.mode,
        market=identity.market,
        listening=[listener.url for listener in listeners],
        seq=runtime.seq,
    )
    try:
        async with serving(
            service, listeners, clock=clock, tokens=tokens, hosts=options.config.engine.hosts
        ):
            if any(listener.port is not None for listener in listeners):
                _say_where_tokens_are(options.name, tokens)
            async with engine.world.connected():
                operations.ready(service, f"{folder.mode}, {identity.market}")
                reason = await loop.run()
                operations.stopping(reason)
            await loop.say_goodbye()
    finally:
        runtime.checkpoints.take(runtime.kernel.state, runtime.now)
        runtime.records.commit()
    log.info("engine down", reason=reason, seq=runtime.seq)
    return reason


def _say_where_tokens_are(name: str, tokens: TokenStore) -> None:
    """Say which tokens open the TCP address, or how to make the first one."""
    make = "tradebot token add NAME --kind read-only|reduce-only|full"
    make += "" if name == "main" else f" --name {name}"
    try:
        known = tokens.names()
    except TokenError as error:
        log.warning("no token is accepted", why=str(error))
        return
    if known:
        log.info("tokens of the http address", known=known, another=make)
    else:
        log.warning("the http address has no token yet: nobody can come in there", make_one=make)


def _listen_to_signals(service: EngineService) -> None:
    loop = asyncio.get_running_loop()
    ending: set[asyncio.Task[None]] = set()

    def stop() -> None:
        """Begin the end; told twice, it ends at once."""
        if ending:
            service.stopping.set()
            service.wake.set()
            return
        ending.add(loop.create_task(service.stop_insisted()))

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    # The terminal going away changes nothing: an engine is not its screen.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _described(options: RunOptions, market: str) -> str:
    speed = "" if options.speed == 1 else f" {options.speed}x"
    return market + (" max" if options.speed == "max" else speed)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop
