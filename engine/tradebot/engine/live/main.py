"""`tradebot run`: put a sandbox engine together, run it, and leave a note of how it ended."""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.config.models import Config, SleeveConfig
from tradebot.engine.config.values import Money
from tradebot.engine.control.listeners import bind, parse_listen
from tradebot.engine.control.messages import API_NUMBER
from tradebot.engine.control.server import serving
from tradebot.engine.control.tokens import TokenError, TokenStore
from tradebot.engine.core.events import EngineStarted, FeedChanged, SleeveFailed, SleeveStarted
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.sleeves import LoadedPolicy, Sleeves
from tradebot.engine.core.types import AccountName, Owner
from tradebot.engine.home import data_folder, engine_folder, home
from tradebot.engine.journal.errors import StateFolderError
from tradebot.engine.journal.migrate import migrate
from tradebot.engine.journal.schema import SCHEMA as JOURNAL_SCHEMA
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.budget import BudgetedCaller
from tradebot.engine.live.clock import Clock, SystemClock
from tradebot.engine.live.loop import Loop
from tradebot.engine.live.markets import (
    INVENTED,
    SYNTHETIC_EPOCH,
    Market,
    NativeFeed,
    ReplayMarket,
    SyntheticMarket,
)
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.pace import Pace
from tradebot.engine.live.recovery import recover
from tradebot.engine.live.runtime import AlertHistory, Records, Runtime
from tradebot.engine.live.service import EngineService, Identity
from tradebot.engine.live.tape import Tape
from tradebot.engine.policy_loading import PolicyNotLoaded, VersionedPolicy, load_policy
from tradebot.engine.state_folder import ExitNote, StateFolder
from tradebot.engine.venue.log import Accepted, AnyRecord, Filled, MarketAt, VenueLog
from tradebot.engine.venue.native import Fees, NativeVenue
from tradebot.native import Venue

SCHEMA = 1
"""Of the order lane's events and outcomes."""

ACCOUNT = AccountName("sandbox")
OPENING_CASH = Decimal(100_000)
"""Invented money an account of the native venue opens with, in the engine's currency."""

log = structlog.get_logger()


class CannotRun(Exception):  # noqa: N818  (one line for a person)
    """The engine cannot start; the text names what is wrong and the remedy."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Setting(msgspec.Struct, frozen=True):
    """What a market gives the engine before it exists."""

    instruments: tuple[Instrument, ...]
    native: Venue
    open_market: Callable[[int, dict[InstrumentId, int]], Market]
    """Called with where the market stood (ns UTC, 0 = never) and the last prices."""


def run_engine(options: RunOptions) -> int:
    """Run an engine until it is stopped.

    Returns:
        Exit code: 0 when it ended as asked.

    Raises:
        CannotRun: If it cannot start.
    """
    clock = SystemClock()
    path = engine_folder(options.name)
    try:
        prepared = _prepare(options)
    except (CannotRun, PolicyNotLoaded) as error:
        # A first start that cannot be leaves no folder behind; a known engine keeps why it did not start.
        if (path / "engine.json").exists():
            _note_refusal(options, path, clock, error)
        raise
    folder = StateFolder.open(
        path,
        mode=options.config.engine.mode,
        create=True,
        entropy=secrets.token_bytes,
        now=clock.system_ns,
    )
    with folder:
        reason, code = "failed", 1
        try:
            reason = _run(options, prepared, folder, clock)
            code = 0
        except CannotRun as error:
            reason, code = str(error), error.exit_code
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise
        finally:
            folder.note_exit(ExitNote(when=clock.system_ns(), code=code, reason=reason))
    return code


class Prepared(msgspec.Struct, frozen=True):
    """What a start needs beside its folder."""

    setting: Setting
    policies: dict[Owner, VersionedPolicy]


def _prepare(options: RunOptions) -> Prepared:
    refuse_what_is_not_yet(options.config)
    setting = _setting(options)
    return Prepared(setting, _policies(options.config, setting))


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


def _run(options: RunOptions, prepared: Prepared, folder: StateFolder, clock: Clock) -> str:
    setting, policies = prepared.setting, prepared.policies
    with ExitStack() as stack:
        _migrate(folder, clock)
        journal = stack.enter_context(Journal.open(folder.journal))
        journal.bind(folder.id, folder.mode, "virtual")
        segments = SegmentWriter(folder.market)
        stack.callback(segments.close)
        log_file = VenueLog(folder.venue_log)
        stack.callback(log_file.close)
        refuse_another_market(options, setting.instruments, log_file.read())
        engine = _assemble(
            options, folder, clock, setting, policies, Records(journal, segments), log_file
        )
        runner = asyncio.Runner(loop_factory=_loop_factory())
        with runner:
            return runner.run(_serve(options, folder, clock, engine))


def _migrate(folder: StateFolder, clock: Clock) -> None:
    """Bring an older folder to today's schema; its journal is copied first."""
    migrated = migrate(folder.path, clock.system_ns())
    if migrated is not None:
        log.info("migrated", found=migrated.found, now=JOURNAL_SCHEMA, backup=str(migrated.backup))
    folder.raise_schema()


class Assembled(msgspec.Struct, frozen=True):
    """A recovered engine, its first event handed over."""

    runtime: Runtime
    tape: Tape
    alerts: AlertHistory
    market: Market
    fees: Fees


def _assemble(  # noqa: PLR0913, PLR0917  (the one place where the parts meet)
    options: RunOptions,
    folder: StateFolder,
    clock: Clock,
    setting: Setting,
    policies: dict[Owner, VersionedPolicy],
    records: Records,
    log_file: VenueLog,
) -> Assembled:
    fees = Fees()
    failed: list[SleeveFailed] = []
    loaded: dict[Owner, LoadedPolicy] = {name: found.loaded for name, found in policies.items()}
    kernel = Kernel(folder.id, Sleeves(loaded, BudgetedCaller(clock, failed)))
    runtime = Runtime(kernel, records, failed)
    venue = NativeVenue(
        setting.native,
        setting.instruments,
        log_file,
        fees=fees,
        engine=runtime,
    )
    market = setting.open_market(venue.books.ts, venue.books.last)
    tape = Tape(market.history())
    recovered = recover(kernel, records.journal, tape)
    alerts = AlertHistory()
    runtime.connect(
        venue,
        NativeFeed(market, venue),
        seq=max(recovered.last_seq, records.segments.last_seq),
        now=max(recovered.last_now, market.next_time() or 0),
    )
    runtime.observers += [tape, alerts]
    _start(options, runtime, venue, setting, policies, clock)
    if recovered.last_seq:
        log.info(
            "recovered",
            rows=recovered.rows,
            seq=recovered.last_seq,
            checkpoint=recovered.checkpoint,
        )
    return Assembled(runtime, tape, alerts, market, fees)


def _start(
    options: RunOptions,
    runtime: Runtime,
    venue: NativeVenue,
    setting: Setting,
    policies: dict[Owner, VersionedPolicy],
    clock: Clock,
) -> None:
    """Open the account, put resting orders back, and hand over the first event."""
    currency = options.config.engine.currency or setting.instruments[0].currency
    venue.open(ACCOUNT, currency, OPENING_CASH, runtime.now)
    for found in policies.values():
        runtime.records.journal.add_source(found.version, found.source)
    runtime.hand_over(
        EngineStarted(
            schema=SCHEMA,
            version=version("tradebot-engine"),
            mode=options.config.engine.mode,
            market=runtime.feed.description,
            currency=currency,
            account=ACCOUNT,
            instruments=setting.instruments,
            sleeves=tuple(
                _sleeve_started(name, config, policies[Owner(name)], setting)
                for name, config in options.config.sleeves.items()
                if Owner(name) in policies
            ),
            limits=options.config.risk.limits().as_text(),
            seed=options.seed,
            day_starts_minute=options.config.engine.day_starts.utc_minute(runtime.now),
            wall=clock.system_ns(),
        )
    )
    for instrument in setting.instruments:
        runtime.hand_over(FeedChanged(instrument=instrument.id, state="up"))
    venue.restore(runtime.now)


# ------------------------------------------------------------------------------------ serving


async def _serve(options: RunOptions, folder: StateFolder, clock: Clock, engine: Assembled) -> str:
    runtime = engine.runtime
    pace = Pace(clock, options.speed, runtime.now)
    identity = Identity(
        name=options.name,
        id=folder.id,
        version=version("tradebot-engine"),
        api=API_NUMBER,
        pid=os.getpid(),
        market=_described(options, engine.market),
        started=clock.system_ns(),
    )
    service = EngineService(
        runtime,
        identity,
        clock=clock,
        fees=engine.fees,
        tape=engine.tape,
        alerts=engine.alerts,
        virtual_now=lambda: pace.now(runtime.now),
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
    log.info(
        "engine up",
        name=options.name,
        id=folder.id,
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
            reason = await loop.run()
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

    def stop() -> None:
        service.stopping.set()
        service.wake.set()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    # The terminal going away changes nothing: an engine is not its screen.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _described(options: RunOptions, market: Market) -> str:
    speed = "" if options.speed == 1 else f" {options.speed}x"
    return market.description + (" max" if options.speed == "max" else speed)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop


# ------------------------------------------------------------------------------------ market


def _setting(options: RunOptions) -> Setting:
    kind, _, rest = options.market.partition(":")
    native = Venue()
    if kind == "synthetic" and not rest:
        return Setting(
            tuple(invention.instrument for invention in INVENTED),
            native,
            lambda stood, last: SyntheticMarket(
                native, options.seed, stood or SYNTHETIC_EPOCH, last
            ),
        )
    if kind == "replay" and rest:
        return _replay_setting(native, rest)
    raise CannotRun(
        f"market must be `synthetic` or `replay:DATASET`, was {options.market!r}; "
        "real markets come with the next releases",
        2,
    )


def refuse_another_market(
    options: RunOptions, instruments: Sequence[Instrument], ledger: Iterable[AnyRecord]
) -> None:
    """Refuse a market that lacks what this engine's venue already knows: its ledger could not be kept on.

    Args:
        options: Name and market of the engine.
        instruments: Of the market.
        ledger: What the venue has written down so far.

    Raises:
        CannotRun: Naming what is missing, and how to get an engine for this market.
    """
    known: set[InstrumentId] = set()
    for record in ledger:
        match record:
            case Accepted() | Filled():
                known.add(record.instrument)
            case MarketAt():
                known.update(record.last)
            case _:
                pass
    missing = sorted(known - {instrument.id for instrument in instruments})
    if missing:
        raise CannotRun(
            f"engine {options.name!r} began on a market with {', '.join(missing)}, which {options.market} has not: "
            f"another engine for it is tradebot run --name NAME --market {options.market}",
            3,
        )


def _replay_setting(native: Venue, dataset: str) -> Setting:
    from tradebot.data.errors import DataError
    from tradebot.data.replay import replay
    from tradebot.data.store import Store

    store = Store(data_folder())
    try:
        found = store.instruments(dataset)
    except DataError as error:
        raise CannotRun(str(error), 3) from error
    for index in range(len(found)):
        native.add_recorded(index)

    def open_market(stood: int, _: dict[InstrumentId, int]) -> Market:
        """Open the recording where the market stood; its book then begins with a snapshot."""
        return ReplayMarket(replay(store, dataset, start=stood + 1 if stood else None), dataset)

    return Setting(found, native, open_market)


# ------------------------------------------------------------------------------------ sleeves


NOT_YET: tuple[tuple[str, Callable[[Config], bool]], ...] = (
    ("engine.heartbeat_url", lambda config: config.engine.heartbeat_url is not None),
    ("risk.resume = next-day", lambda config: config.risk.resume == "next-day"),
    ("objective", lambda config: config.objective != type(config.objective)()),
    ("accounts", lambda config: bool(config.accounts)),
)
"""Settings that are checked but nothing acts on in this version: set, they would be promises."""

SLEEVE_NOT_YET: tuple[tuple[str, Callable[[SleeveConfig], bool]], ...] = (
    ("run = shadow", lambda sleeve: sleeve.run == "shadow"),
    ("account", lambda sleeve: sleeve.account != ACCOUNT),
    ("limits", lambda sleeve: sleeve.limits != type(sleeve.limits)()),
    ("on_error = exit", lambda sleeve: sleeve.on_error == "exit"),
    ("on_stop = exit", lambda sleeve: sleeve.on_stop == "exit"),
    ("compound = false", lambda sleeve: not sleeve.compound),
)
"""The same for sleeves."""


def refuse_what_is_not_yet(config: Config) -> None:
    """Refuse to start on a setting that nothing would act on.

    Raises:
        CannotRun: If one is set; the text names it.
    """
    found = [name for name, is_set in NOT_YET if is_set(config)]
    for name, sleeve in config.sleeves.items():
        if sleeve.run != "off":
            found += [f"sleeves.{name}.{what}" for what, is_set in SLEEVE_NOT_YET if is_set(sleeve)]
    if found:
        raise CannotRun(
            f"not yet: {found[0]} comes with a later version; remove it from tradebot.toml"
            ' (a sleeve: run = "live", which in a sandbox is its own venue, or "off")',
            3,
        )


def _policies(config: Config, setting: Setting) -> dict[Owner, VersionedPolicy]:
    """Load the policy of every sleeve that runs here."""
    known = {instrument.id for instrument in setting.instruments}
    found: dict[Owner, VersionedPolicy] = {}
    for name, sleeve in config.sleeves.items():
        if sleeve.run == "off":
            continue
        strange = [symbol for symbol in sleeve.symbols if symbol not in known]
        if strange:
            raise CannotRun(
                f"sleeve {name} trades {strange[0]}, this engine has {', '.join(sorted(known))}", 3
            )
        params = {
            key: str(value) if isinstance(value, Decimal) else value
            for key, value in sleeve.params.items()
        }
        found[Owner(name)] = load_policy(sleeve.policy, params, [home() / "policies", home()])
    return found


def _sleeve_started(
    name: str, config: SleeveConfig, found: VersionedPolicy, setting: Setting
) -> SleeveStarted:
    capital = config.capital
    amount = capital.amount if isinstance(capital, Money) else OPENING_CASH * capital.fraction
    symbols = [instrument.id for instrument in setting.instruments]
    return SleeveStarted(
        name=Owner(name),
        policy=config.policy,
        version=found.version,
        account=ACCOUNT,
        symbols=tuple(symbol for symbol in symbols if symbol in config.symbols),
        capital=amount,
        params={
            key: str(value) if isinstance(value, Decimal) else value
            for key, value in config.params.items()
        },
    )
