"""From a plan to a console on the screen, and to a terminal with nothing of ours left behind."""

import os
import sys
from typing import TYPE_CHECKING

import msgspec
import typer

from tradebot.console.clock import Clock, SystemClock
from tradebot.console.launch.own import OwnEngine
from tradebot.console.launch.plan import (
    Attach,
    Down,
    OpenSandbox,
    Options,
    Plan,
    plan,
    sandbox_plan,
)
from tradebot.console.launch.sandbox import ChildEngine, start_engine
from tradebot.console.link.address import EngineAddress, socket_address
from tradebot.console.link.protocol import EngineLink
from tradebot.console.terminal.fitness import unfit_terminal
from tradebot.console.terminal.hangup import EXIT_CODE_HANGUP
from tradebot.console.view import View
from tradebot.engine.cli.failures import CONFIGURATION, FAILED, UNREACHABLE, USAGE, CommandFailed

if TYPE_CHECKING:
    from tradebot.console.sandbox.school import Schooling

FAREWELL = "./tradebot tui opens it again; ./tradebot --help for the rest"
EXIT_TERMINATED = 128 + 15


def run_console(options: Options) -> int:
    """Run the console; return the exit code.

    Raises:
        CommandFailed: With one line, if there is no terminal, no engine, or an option makes no sense.
    """
    unfit = unfit_terminal()
    if unfit is not None:
        raise CommandFailed(unfit, USAGE)
    check_options(options)
    clock = SystemClock()
    try:
        chosen = plan(options)
        if isinstance(chosen, Down):
            return _down(chosen, options, clock)
        return _open(chosen, options, clock)
    except ValueError as error:
        raise CommandFailed(str(error), USAGE) from error
    except OSError as error:
        raise CommandFailed(f"the sandbox cannot be started: {error}", CONFIGURATION) from error


def check_options(options: Options) -> None:
    """Refuse what no sandbox could be started with, before anything is on the screen.

    Raises:
        CommandFailed: If an option makes no sense.
    """
    if options.market is None and options.speed is None:
        return
    from tradebot.engine.cli.run import parse_market, parse_speed

    if options.market is not None:
        parse_market(options.market)
    if options.speed is not None:
        parse_speed(options.speed)


def _down(down: Down, options: Options, clock: Clock) -> int:
    from tradebot.console.launch.down import ask_what_to_do

    match ask_what_to_do(down):
        case "start":
            child = start_engine(down.folder, ["--name", down.name], clock)
            return _show(
                socket_address(down.folder / "control.sock"), options, clock, child, stays=True
            )
        case "sandbox":
            chosen = sandbox_plan(options)
            return 0 if isinstance(chosen, Down) else _open(chosen, options, clock)
        case _:
            return UNREACHABLE


def _open(chosen: Plan, options: Options, clock: Clock) -> int:
    if isinstance(chosen, Attach):
        return _show(chosen.address, options, clock, None)
    if isinstance(chosen, OpenSandbox):
        # The child starts while the toolkit is imported and painted: neither waits for the other.
        own = OwnEngine(chosen, clock)
        return _show(
            socket_address(chosen.folder / "control.sock"), options, clock, own.child, own=own
        )
    raise TypeError(f"no console to open for {chosen!r}")


def _show(
    address: EngineAddress,
    options: Options,
    clock: Clock,
    child: ChildEngine | None,
    *,
    stays: bool = False,
    own: OwnEngine | None = None,
) -> int:
    """Show the console until it is left, then clear up.

    Args:
        address: Of the engine.
        options: Of the command line.
        clock: The console's clock.
        child: An engine started for this console.
        stays: Whether that engine goes on without the console.
        own: The sandbox it is, where it is one.
    """
    from tradebot.console.app import ConsoleApp
    from tradebot.console.settings import glyphs_for, settings_of_process, zone_for

    def open_link() -> EngineLink:
        from tradebot.console.link.http import HttpLink

        return HttpLink(address, clock)

    settings = settings_of_process()
    glyphs = glyphs_for(settings, os.environ)
    view = View(clock, glyphs, zone=zone_for(settings), read_only=options.read_only)
    view.address = str(address) if options.attach is not None else ""
    trouble = (lambda: None) if child is None else (own or child).trouble
    app = ConsoleApp(
        open_link,
        view,
        theme=settings.theme,
        trouble=trouble,
        schooling=None if own is None else _schooling(own, options),
    )
    ended = app.run(mouse=True)
    child = child if own is None else own.child
    if ended in ("quit", "interrupted") and child is None:
        check_reached(view, address)
    return _leave(ended, None if stays else child, answered=view.newest is not None)


def _schooling(own: OwnEngine, options: Options) -> "Schooling":
    from tradebot.console.sandbox.coach import Coach
    from tradebot.console.sandbox.progress import file_of_process, keep, read
    from tradebot.console.sandbox.school import Schooling

    path = file_of_process()
    progress = read(path)
    if options.read_only:
        progress = msgspec.structs.replace(progress, dismissed=True)
    return Schooling(own, Coach(progress, lambda changed: keep(path, changed)))


def check_reached(view: View, address: EngineAddress) -> None:
    """Say so where a console that was attached to an engine is left without ever having heard of it.

    Raises:
        CommandFailed: With the exit code of what kept it away.
    """
    if view.newest is None:
        why = view.link_problem or "nothing came from it yet"
        raise CommandFailed(f"never reached the engine at {address}: {why}", view.link_exit_code)


def _leave(ended: str | None, child: ChildEngine | None, *, answered: bool) -> int:
    """Say goodbye, wait for what was started, return the exit code."""
    if ended == "hangup":
        return EXIT_CODE_HANGUP  # the terminal is gone, and the sandbox ends by itself
    if ended == "terminated":
        return EXIT_TERMINATED
    if ended not in ("quit", "interrupted"):
        if child is not None:
            child.end()
        # What the engine said against an option or the configuration keeps its exit code.
        code = None if child is None else child.exit_code
        spoken = UNREACHABLE if code not in {FAILED, USAGE, CONFIGURATION} else code
        raise CommandFailed(ended or "the console ended unexpectedly", spoken)
    if child is not None and not answered:
        child.end()  # it never answered, so nobody uses it, and it would wait for its first console for ever
    elif child is not None:
        typer.echo("closing the sandbox ...", err=True)
        problem = child.wait_until_gone()
        if problem is not None:
            typer.echo(f"tradebot: {problem}", err=True)
    typer.echo(FAREWELL)
    sys.stdout.flush()
    return 0
