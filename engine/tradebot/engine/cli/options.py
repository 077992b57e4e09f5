"""Options that many commands share, and how their texts become values."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed

NameOption = Annotated[
    str | None, typer.Option("--name", help="The engine's name.", show_default="main")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
PlainOption = Annotated[
    bool, typer.Option("--plain", help="Bare text: no header, fields apart by tabs.")
]

type Form = Literal["text", "plain", "json"]
"""How facts are printed."""


def form(*, json: bool, plain: bool) -> Form:
    """Return how to print.

    Raises:
        CommandFailed: If both are asked for.
    """
    if json and plain:
        raise CommandFailed("choose one of --json and --plain", USAGE)
    return "json" if json else "plain" if plain else "text"


def parse_decimal(text: str, what: str) -> Decimal:
    """Return a number > 0 from a command line's text.

    Raises:
        CommandFailed: If it is no finite decimal number > 0.
    """
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise CommandFailed(f"{what} must be a decimal number, was {text!r}", USAGE) from error
    if not value.is_finite() or value <= 0:
        raise CommandFailed(f"{what} must be a number > 0, was {text!r}", USAGE)
    return value


def new_app(summary: str) -> typer.Typer:
    """Return an app for a command that has commands of its own."""
    return typer.Typer(
        help=summary,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
    )
