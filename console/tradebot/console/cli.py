"""The command `tradebot tui`; nothing of the screen is imported before it runs."""

from typing import Annotated

import typer


def tui(
    *,
    name: Annotated[
        str | None, typer.Option(help="engine to attach to; default: the configured one")
    ] = None,
    attach: Annotated[
        str | None,
        typer.Option(metavar="URL", help="unix:///PATH or http://HOST:PORT of an engine"),
    ] = None,
    market: Annotated[
        str | None,
        typer.Option(
            help="synthetic, replay:DATASET; venue:symbol is PAPER: real market, our fills"
        ),
    ] = None,
    speed: Annotated[
        str | None, typer.Option(help="speed of the sandbox's market: a factor, or max")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="seed of the synthetic market")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="look, send nothing")] = False,
) -> None:
    """Open the console; without any configuration on a sandbox market, no account and no key."""
    from tradebot.console.launch.plan import Options
    from tradebot.console.launch.run import run_console

    code = run_console(Options(name, attach, market, speed, seed, read_only))
    if code:
        raise typer.Exit(code)
