"""`account`: the tables `[accounts.NAME]` of tradebot.toml, added, shown, checked, removed; comments stay."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from tradebot.engine.brokers.account_keys import needs_keys, where_kept
from tradebot.engine.brokers.standing import AccountLine, standing
from tradebot.engine.cli.failures import CONFIGURATION, DONE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form, new_app
from tradebot.engine.cli.output import or_dash, print_json, print_table
from tradebot.engine.config.edit import with_account, without_account
from tradebot.engine.config.load import load
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.config.name import FILE_NAME
from tradebot.engine.config.owned import read_owned
from tradebot.engine.credentials.places import Places
from tradebot.engine.home import home
from tradebot.engine.journal.files import write_atomically
from tradebot.engine.live.clock import SystemClock

account_app = new_app("Accounts: add, list, check, remove.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
UrlOption = Annotated[str | None, typer.Option(help="Points it at another server.")]


@account_app.callback()
def account() -> None:
    """Name accounts; their keys are kept elsewhere (tradebot keys set NAME)."""


@account_app.command("add")
def add_command(  # noqa: PLR0913  (every parameter is an option)
    name: NameArgument,
    venue: Annotated[
        Literal["native", "sandbox", "binance", "alpaca", "ib"],
        typer.Option("--venue", help="Where; native: our own, also called sandbox."),
    ],
    kind: Annotated[
        Literal["sandbox", "paper", "broker-paper", "live"] | None,
        typer.Option("--kind", help="The mode; else broker-paper, or sandbox at our own venue."),
    ] = None,
    *,
    base_url: UrlOption = None,
    data_url: UrlOption = None,
    stream_url: UrlOption = None,
    private_url: UrlOption = None,
    symbols: Annotated[
        list[str] | None, typer.Option("--symbol", help="What is traded there; may be repeated.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="ib: of the gateway.")] = None,
    port: Annotated[int | None, typer.Option(help="ib: of the gateway.")] = None,
    client_id: Annotated[int | None, typer.Option(help="ib: of this program.")] = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Write a table for an account into tradebot.toml."""
    shape = form(json=json, plain=plain)
    given: dict[str, str | int | tuple[str, ...] | None] = {
        "venue": venue,
        "kind": kind or ("sandbox" if venue in {"native", "sandbox"} else "broker-paper"),
        "base_url": base_url,
        "data_url": data_url,
        "stream_url": stream_url,
        "private_url": private_url,
        "symbols": tuple(symbols) if symbols else None,
        "host": host,
        "port": port,
        "client_id": client_id,
    }
    values = {key: value for key, value in given.items() if value is not None}
    config = _valid(name, values)
    path, text = _file()
    _write(path, with_account(text, name, values))
    if shape == "json":
        print_json({"account": name, "file": str(path), **values})
        return
    print(f"account {name} ({config.venue}, {config.kind}) written to {path}")
    if needs_keys(config):
        print(f"next: tradebot keys set {name}")


@account_app.command("list")
def list_command(*, json: JsonOption = False, plain: PlainOption = False) -> None:
    """Show the configured accounts and where their keys are; nothing is asked of a venue."""
    shape = form(json=json, plain=plain)
    accounts = load(os.environ).config.accounts
    lines = [_looked_at(name, config, asks=False) for name, config in accounts.items()]
    if shape == "json":
        print_json(lines)
        return
    rows = [(one.account, one.venue, one.kind, or_dash(one.keys)) for one in lines]
    print_table(("account", "venue", "kind", "keys"), rows, shape)


@account_app.command("check")
def check_command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One; else all.")] = None,
    *,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Check accounts: keys are there, for the right host, and the venue takes them; shows what they may do."""
    shape = form(json=json, plain=plain)
    accounts = load(os.environ).config.accounts
    if name is not None and name not in accounts:
        raise CommandFailed(
            f"there is no account {name!r}; known: {', '.join(sorted(accounts)) or 'none'}",
            CONFIGURATION,
        )
    lines = [_looked_at(one, c, asks=True) for one, c in accounts.items() if name in {None, one}]
    if shape == "json":
        print_json(lines)
    else:
        rows = [
            ("ok" if one.ok else "bad", one.account, one.problem or "can be traded")
            for one in lines
        ]
        rows += [
            ("", f"{one.account} {what}", text) for one in lines for what, text in one.facts.items()
        ]
        print_table(("", "account", "is"), rows, shape)
    return max((one.exit_code for one in lines), default=DONE)


@account_app.command("remove")
def remove_command(
    name: NameArgument, *, json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Take an account's table out of tradebot.toml; its keys and its records stay."""
    shape = form(json=json, plain=plain)
    users = [s for s, sleeve in load(os.environ).config.sleeves.items() if sleeve.account == name]
    if users:
        raise CommandFailed(
            f"account {name} is used by sleeve {users[0]}: give it another account first",
            CONFIGURATION,
        )
    path, text = _file()
    _write(path, without_account(text, name))
    where, _, _ = where_kept(Places(os.environ, home()), name)
    if shape == "json":
        print_json({"account": name, "file": str(path), "keys": where})
        return
    print(f"account {name} removed from {path}")
    if where is not None:
        print(f"its keys are still in {where}: tradebot keys remove {name}")


def _looked_at(name: str, config: AccountConfig, *, asks: bool) -> AccountLine:
    return standing(name, config, Places(os.environ, home()), SystemClock(), asks=asks)


def _valid(name: str, values: Mapping[str, str | int | tuple[str, ...]]) -> AccountConfig:
    """Return the account as the configuration would read it.

    Raises:
        CommandFailed: If it could not.
    """
    from tradebot.engine.home import NAME

    if not NAME.fullmatch(name):
        raise CommandFailed(
            f"an account's name must be 1 to 32 of a-z 0-9 . _ - and begin with a-z or 0-9, was {name!r}",
            CONFIGURATION,
        )
    try:
        return AccountConfig.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        raise CommandFailed(f"{where or 'account'}: {text}", CONFIGURATION) from error


def _file() -> tuple[Path, str]:
    path = home() / FILE_NAME
    return path, read_owned(path) or ""


def _write(path: Path, text: str) -> None:
    target = path.resolve()  # where it is a link into a folder of dotfiles, the link stays
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(target, text.encode())
