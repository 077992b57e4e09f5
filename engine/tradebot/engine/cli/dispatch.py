"""From the words of a command line to a function, and from what it raises to an exit code."""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradebot.engine.cli.failures import (
    FAILED,
    INTERRUPTED,
    USAGE,
    CommandFailed,
    explain,
    not_yet,
)
from tradebot.engine.cli.verbs import NOT_YET, VERBS, find_verb, help_text

if TYPE_CHECKING:  # typer loads only when a command runs: help stays quick
    from typer import TyperException


def run_command(words: Sequence[str]) -> int:
    """Run one command and return its exit code; what goes wrong is one line on stderr.

    Args:
        words: The command line after the program's name. `--debug` anywhere before `--` shows tracebacks.
    """
    arguments, debug = _take_debug(words)
    try:
        code = _run(arguments)
        sys.stdout.flush()  # a reader that left is noticed here, not at interpreter exit
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `tradebot watch | head`: nobody reads any more. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001  (the one place where every failure becomes a line)
        text, code = explain(error)
        if debug:
            import traceback

            traceback.print_exception(error)
        print(f"tradebot: {text}", file=sys.stderr)
    return code


def _take_debug(words: Sequence[str]) -> tuple[list[str], bool]:
    """Return the words without `--debug`, and whether it stood before a `--`."""
    end = words.index("--") if "--" in words else len(words)
    head = [word for word in words[:end] if word != "--debug"]
    return [*head, *words[end:]], len(head) < end


def _run(words: list[str]) -> int:
    if not words or words[0] in {"--help", "-h", "help"}:
        print(help_text(shutil.get_terminal_size().columns))
        return 0
    name, *arguments = words
    if name == "--version":
        from importlib.metadata import version

        print(f"tradebot {version('tradebot-engine')}")
        return 0
    if name.startswith("-"):
        raise CommandFailed(f"no such option: {name}; see tradebot --help", USAGE)
    return _call(name, _load(name), arguments)


def _load(name: str) -> object:
    """Return the function or typer app of a command.

    Raises:
        CommandFailed: If there is none, or it comes later.
    """
    verb = find_verb(name)
    if verb is not None and verb.target is not None:
        return _import(name, verb.target)
    if name in NOT_YET:
        raise not_yet(f"{name!r} comes with a later version; see tradebot --help for what is here")
    return _entry_point(name)


def _import(name: str, target: str) -> object:
    from importlib import import_module

    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name == module:
            raise not_yet(f"{name!r} comes with a later version") from error
        raise


def _entry_point(name: str) -> object:
    """Return a command that another installed package brings, as the console does with `tui`."""
    from importlib.metadata import entry_points

    found = entry_points(group="tradebot.commands", name=name)
    for entry in found:
        return entry.load()
    if name == "tui":
        raise CommandFailed(
            "no command 'tui' is installed; the console is the package tradebot-console: "
            "run make tui, or uv sync --package tradebot-console",
            USAGE,
        )
    from difflib import get_close_matches

    near = get_close_matches(name, [*(verb.name for verb in VERBS), *NOT_YET], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see tradebot --help"
    raise CommandFailed(f"no such command: {name!r}; {hint}", USAGE)


def _call(name: str, loaded: object, arguments: list[str]) -> int:
    import typer

    if isinstance(loaded, typer.Typer):
        app = loaded
    elif callable(loaded):
        app = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        app.command(name)(loaded)
    else:
        raise TypeError(f"command {name!r} must be a function or a typer app, was {loaded!r}")
    command = typer.main.get_command(app)
    try:
        result: object = command.main(
            args=arguments, prog_name=f"tradebot {name}", standalone_mode=False
        )
    except typer.TyperException as error:
        raise CommandFailed(
            f"{name}: {_usage_text(error)}; see tradebot {name} --help", error.exit_code
        ) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return result if isinstance(result, int) else 0


def _usage_text(error: "TyperException") -> str:
    """Return what is wrong with a command line, with the value where the message leaves it out."""
    from pydantic import ValidationError

    text = error.format_message().rstrip(".").replace("Value error, ", "")
    if text.startswith("No such option: -") and text[17:18].isdigit():
        return f"a number must be > 0, was {text.split()[3]!r}"
    if isinstance(error.__cause__, ValidationError):
        given = repr(error.__cause__.errors()[0]["input"])
        return text if given in text else f"{text}, was {given}"
    return text
