"""`token`: who may speak to an engine over HTTP, and how much."""

import re
import secrets
import sys
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from tradebot.engine.cli.failures import DONE, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form, new_app
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.cli.target import folder_of
from tradebot.engine.control.rights import TokenKind
from tradebot.engine.control.tokens import add_token, read_tokens, remove_token

token_app = new_app("Tokens of an engine's http address: add, list, remove.")

_NS = 1_000_000_000


@token_app.command("add")
def add_command(
    token: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    *,
    kind: Annotated[
        TokenKind, typer.Option("--kind", help="What it may do; more only where it is needed.")
    ] = "read-only",
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires", metavar="T", help="ISO 8601 with zone, a date (UTC) or ns; default: never."
        ),
    ] = None,
    name: NameOption = None,
    json: JsonOption = False,
) -> int:
    """Make a token and print it, this once; a running engine knows it at once."""
    from tradebot.engine.live.clock import SystemClock

    _, folder = folder_of(name)
    ends = None if expires is None else parse_instant(expires, "--expires")
    now = SystemClock().system_ns()
    text = add_token(folder, token, kind, expires=ends, now=now, entropy=secrets.token_bytes)
    if json:
        print_json({"name": token, "kind": kind, "expires": _shown(ends), "token": text})
        return DONE
    print(text)
    until = "until it is removed" if ends is None else f"until {_shown(ends)}"
    print(
        f"{token}: {kind}, {until}. It is not shown again; clients read it from TRADEBOT_TOKEN.",
        file=sys.stderr,
    )
    return DONE


@token_app.command("list")
def list_command(
    *, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False
) -> int:
    """List an engine's tokens; what they are is kept nowhere."""
    from tradebot.engine.live.clock import SystemClock

    shape = form(json=json, plain=plain)
    _, folder = folder_of(name)
    file = read_tokens(folder)
    tokens = () if file is None else file.tokens
    now = SystemClock().system_ns()
    if shape == "json":
        print_json(
            [
                {
                    "name": token.name,
                    "kind": token.kind,
                    "created": _shown(token.created),
                    "expires": _shown(token.expires),
                    "expired": token.expires is not None and token.expires <= now,
                }
                for token in tokens
            ]
        )
        return DONE
    rows = [
        (
            token.name,
            token.kind,
            _shown(token.created) or "-",
            "never" if token.expires is None else str(_shown(token.expires)),
            "expired" if token.expires is not None and token.expires <= now else "good",
        )
        for token in tokens
    ]
    print_table(("name", "kind", "created", "expires", "state"), rows, shape)
    return DONE


@token_app.command("remove")
def remove_command(
    token: Annotated[str, typer.Argument(metavar="NAME", help="Which one.")],
    *,
    name: NameOption = None,
) -> int:
    """Forget a token; its open streams end within a second."""
    _, folder = folder_of(name)
    remove_token(folder, token)
    print(f"{token} opens nothing any more")
    return DONE


def parse_instant(text: str, what: str) -> int:
    """Return a time as ns UTC: ISO 8601 with zone, a date (its first instant in UTC), or ns.

    Raises:
        CommandFailed: If it is none of these.
    """
    if re.fullmatch(r"[0-9]{1,19}", text):
        return int(text)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(
            f"{what} must be ISO 8601 with a zone, a date or ns, was {text!r}", USAGE
        ) from error
    if moment.tzinfo is None:
        raise CommandFailed(
            f"{what} needs a zone, e.g. {text}Z or {text}+01:00; was {text!r}", USAGE
        )
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _NS + since.microseconds * 1_000


def _shown(instant: int | None) -> str | None:
    """Return an instant as ISO 8601 UTC to the second."""
    if instant is None:
        return None
    return f"{datetime.fromtimestamp(instant // _NS, UTC):%Y-%m-%dT%H:%M:%SZ}"
