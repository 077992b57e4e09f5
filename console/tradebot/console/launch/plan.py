"""What `tradebot tui` was asked to do: attach, open a sandbox, or say why it cannot."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from tradebot.console.link.address import EngineAddress, parse_address, socket_address
from tradebot.engine.config.name import engine_name
from tradebot.engine.home import engine_folder, home

SANDBOX = "sandbox"
"""Name of the engine that `tui` starts by itself on an invented or recorded market."""

PAPER = "paper"
"""Name of the one it starts on a real market: real prices, our own fills."""

PROBE_S = 1.0


@dataclass(frozen=True)
class Options:
    """The words of the command line."""

    name: str | None = None
    attach: str | None = None
    market: str | None = None
    speed: str | None = None
    seed: int | None = None
    read_only: bool = False


@dataclass(frozen=True)
class Attach:
    """An engine is there."""

    address: EngineAddress


@dataclass(frozen=True)
class OpenSandbox:
    """No engine is there, and none is configured: one is started for this console."""

    folder: Path
    market: str
    speed: str | None
    seed: int | None


@dataclass(frozen=True)
class Down:
    """A configured engine does not answer; a sandbox is never slipped in its place."""

    name: str
    folder: Path


type Plan = Attach | OpenSandbox | Down


def plan(options: Options) -> Plan:
    """Return what to do.

    Raises:
        ValueError: If an address or a name is none, or a market is chosen for an engine that has its own.
    """
    chosen = _plan(options)
    if _of_sandbox(options) and not isinstance(chosen, OpenSandbox):
        name = options.attach or options.name or _configured_name(options)
        state = "runs already" if isinstance(chosen, Attach) else "is not a new sandbox"
        raise ValueError(
            f"--market, --speed and --seed are those of a sandbox that starts now, and engine {name!r} {state}:"
            " leave them out, or end that engine with tradebot stop"
        )
    return chosen


def _plan(options: Options) -> Plan:
    if options.attach is not None:
        return Attach(parse_address(options.attach))
    name = options.name or _configured_name(options)
    folder = engine_folder(name)
    address = socket_address(folder / "control.sock")
    if answers(address):
        return Attach(address)
    if name != SANDBOX and not (name == PAPER and _is_real(options.market)):
        return Down(name, folder)
    return OpenSandbox(folder, options.market or "synthetic", options.speed, options.seed)


def sandbox_plan(options: Options) -> Plan:
    """Return the plan of opening the sandbox whatever is configured."""
    return plan(
        Options(
            name=PAPER if _is_real(options.market) else SANDBOX,
            market=options.market,
            speed=options.speed,
            seed=options.seed,
        )
    )


def answers(address: EngineAddress) -> bool:
    """Return whether somebody listens at a unix socket."""
    if address.socket is None or not address.socket.exists():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(address.socket))
        except OSError:
            return False
    return True


def _configured_name(options: Options) -> str:
    """Return the engine to attach to: the configured one where there is one, else the sandbox.

    A market asked for is a sandbox's market: a configured engine has its own.
    """
    if _of_sandbox(options):
        return PAPER if _is_real(options.market) else SANDBOX
    name = engine_name(os.environ)
    configured = (home() / "tradebot.toml").exists() or (
        engine_folder(name) / "engine.json"
    ).exists()
    return name if configured else SANDBOX


def _is_real(market: str | None) -> bool:
    """Return whether a market is a real one: then what is started is PAPER, in a folder of its own."""
    return market is not None and market.partition(":")[0] in {"binance", "alpaca", "ib"}


def _of_sandbox(options: Options) -> bool:
    """Return whether an option is given that only a new sandbox can follow."""
    return options.market is not None or options.speed is not None or options.seed is not None
