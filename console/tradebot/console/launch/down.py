"""A configured engine does not answer: say since when and why, offer the three ways on. Plain text, one key."""

import typer

from tradebot.console.launch.plan import Down
from tradebot.console.launch.sandbox import log_tail
from tradebot.engine.cli.target import why_silent

LOG_LINES = 20
KEYS = "s start it · l its last log lines · o open the sandbox instead · q quit"


def ask_what_to_do(down: Down) -> str:
    """Return `start`, `sandbox` or `quit`, by one key without enter; ctrl-C interrupts."""
    typer.echo(f"tradebot: {why_silent(down.name, down.folder)}", err=True)
    while True:
        typer.echo(KEYS)
        match typer.getchar().lower():
            case "s":
                return "start"
            case "o":
                return "sandbox"
            case "l":
                for line in log_tail(down.folder / "engine.log", LOG_LINES):
                    typer.echo(line)
            case "q" | "\x1b":
                return "quit"
            case _:  # a slip of the hand is neither an order to start nor one to leave
                pass
