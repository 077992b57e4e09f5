"""`exchange`: a local exchange that speaks the brokers' own protocols."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed

if TYPE_CHECKING:
    from tradebot.engine.exchange.faults import Fault
    from tradebot.engine.exchange.program import Plan
    from tradebot.engine.exchange.recorded import Recording
    from tradebot.engine.exchange.state_folder import ExchangeState
    from tradebot.engine.exchange.words import FaceName
    from tradebot.engine.live.clock import SystemClock

_PORT = 65_535


def exchange(  # noqa: PLR0913  (options of a command line)
    *,
    speak: Annotated[
        str, typer.Option("--speak", help="alpaca, binance, ib: which, apart by commas.")
    ] = "alpaca,binance,ib",
    port_alpaca: Annotated[int, typer.Option("--port-alpaca", min=0, max=_PORT)] = 0,
    port_binance: Annotated[int, typer.Option("--port-binance", min=0, max=_PORT)] = 0,
    port_ib: Annotated[int, typer.Option("--port-ib", min=0, max=_PORT)] = 0,
    port_control: Annotated[int, typer.Option("--port-control", min=0, max=_PORT)] = 0,
    market: Annotated[
        str, typer.Option("--market", metavar="synthetic|replay:DATASET", help="What trades.")
    ] = "synthetic",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Of the market.")] = 1,
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="T", help="The venue's time at the start, RFC 3339."),
    ] = None,
    always_open: Annotated[
        bool, typer.Option("--always-open", help="Equities trade around the clock.")
    ] = False,
    faults: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="A JSON list of faults.")
    ] = None,
    fault_seed: Annotated[
        int | None, typer.Option("--fault-seed", min=0, help="Draw eight faults a face.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Keep all of it there; go on from it."),
    ] = None,
) -> None:
    """A local exchange that speaks the brokers' own protocols, on 127.0.0.1, until it is asked to end."""
    from tradebot.engine.exchange.program import FaceMissing, Plan
    from tradebot.engine.live.clock import SystemClock

    ports: dict[FaceName, int] = {"alpaca": port_alpaca, "binance": port_binance, "ib": port_ib}
    machine = SystemClock()
    start = machine.system_ns() if time is None else _instant(time)
    plan = Plan(
        ports={name: ports[name] for name in _spoken(speak)},
        seed=seed,
        always_open=always_open,
        faults=(*_faults(faults), *_drawn(fault_seed, _spoken(speak))),
        port_control=port_control,
    )
    try:
        with ExitStack() as stack:
            folder = None
            if state is not None:
                folder = _state(state, plan, market, start, told=time is not None)
                stack.callback(folder.close)
                start = folder.begun.start
            _run(plan, market, start, folder, machine)
    except FaceMissing as error:
        raise CommandFailed(str(error), USAGE) from error
    except OSError as error:
        raise CommandFailed(f"a port cannot be opened: {error}; choose others, or 0") from error


def _state(path: Path, plan: "Plan", market: str, start: int, *, told: bool) -> "ExchangeState":
    """Open the folder in which an exchange is kept.

    Raises:
        CommandFailed: If it is in use, or another exchange's.
    """
    from tradebot.engine.exchange.inputs import InputsRefused
    from tradebot.engine.exchange.state_folder import Begun, ExchangeState, StateRefused

    wanted = Begun(
        speak=tuple(plan.ports),
        seed=plan.seed,
        always_open=plan.always_open,
        market=market,
        start=start,
        told=told,
    )
    try:
        return ExchangeState(path, wanted)
    except (StateRefused, InputsRefused) as error:
        raise CommandFailed(f"--state: {error}", USAGE) from error


def _run(
    plan: "Plan", market: str, start: int, state: "ExchangeState | None", machine: "SystemClock"
) -> None:
    """Let the exchange run from its first instant, or from where it stood."""
    from tradebot.engine.exchange.clock import VenueClock
    from tradebot.engine.exchange.program import Program, serve

    recording = _recording(market, list(plan.ports), start)
    going_on = start if state is None else state.now(machine.system_ns())
    clock = VenueClock(going_on, machine.monotonic_ns)
    kept = None if state is None else state.kept(clock)
    program = Program(
        plan,
        clock if kept is None else kept.clock,
        None if recording is None else recording.listings,
        None if recording is None else recording.flows,
        kept,
    )
    asyncio.run(serve(program, _say))


def _say(line: str) -> None:
    print(line, flush=True)


def _spoken(text: str) -> "list[FaceName]":
    from tradebot.engine.exchange.words import FACES

    found: list[FaceName] = []
    for word in text.split(","):
        known: FaceName | None = next((face for face in FACES if face == word.strip()), None)
        if known is None:
            raise CommandFailed(
                f"--speak must be some of {', '.join(FACES)}, was {word.strip()!r}", USAGE
            )
        if known not in found:
            found.append(known)
    return found


def _recording(market: str, faces: "list[FaceName]", start: int) -> "Recording | None":
    """Return the recording that a market names; None for the invented one."""
    if market == "synthetic":
        return None
    kind, _, dataset = market.partition(":")
    if kind != "replay" or not dataset:
        raise CommandFailed(f"--market must be synthetic or replay:DATASET, was {market!r}", USAGE)
    from tradebot.data.store import Store
    from tradebot.engine.exchange.recorded import RecordingRefused, open_recording
    from tradebot.engine.home import data_folder

    try:
        return open_recording(Store(data_folder()), dataset, faces, start)
    except RecordingRefused as error:
        raise CommandFailed(str(error), USAGE) from error


def _instant(text: str) -> int:
    """Return the instant of an RFC 3339 text, ns UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(
            f"--time must be like 2024-01-08T15:00:00Z, was {text!r}", USAGE
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000_000


def _drawn(seed: int | None, faces: "list[FaceName]") -> "list[Fault]":
    from tradebot.engine.exchange.faults import drawn

    return [] if seed is None else [fault for face in faces for fault in drawn(seed, face, 8)]


def _faults(path: Path | None) -> "tuple[Fault, ...]":
    from tradebot.engine.exchange.faults import FaultRefused, read_faults

    if path is None:
        return ()
    try:
        return tuple(read_faults(path.read_bytes()))
    except OSError as error:
        raise CommandFailed(f"--faults cannot be read: {error}", USAGE) from error
    except FaultRefused as error:
        raise CommandFailed(f"--faults {path}: {error}", USAGE) from error
