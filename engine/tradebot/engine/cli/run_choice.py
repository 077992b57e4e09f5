"""RUN on the command line: one finished run by how its id begins."""

from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed

if TYPE_CHECKING:
    from tradebot.engine.facade.runs import Run

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Its id, or how it begins.")]


def found_run(text: str) -> "Run":
    """Return the one run whose id begins so.

    Raises:
        CommandFailed: If none does, or several do.
    """
    from tradebot.engine import runs

    found = [one for one in runs() if one.id.startswith(text)]
    if len(found) != 1:
        known = ", ".join(one.id for one in found) or "none; tradebot runs list"
        raise CommandFailed(f"RUN must begin exactly one run's id, {text!r} begins {known}", USAGE)
    return found[0]
