"""`keys`: accounts' keys into the keyring or a file, never by the command line's words, never printed."""

import os
import sys
from typing import Annotated, Literal

import typer

from tradebot.engine.brokers.account_keys import hosts_of, needs_keys, where_kept
from tradebot.engine.cli.failures import CONFIGURATION, FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form, new_app
from tradebot.engine.cli.output import or_dash, print_json, print_table
from tradebot.engine.config.load import load
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.credentials.keys import LENGTH_MAX, StoredKeys
from tradebot.engine.credentials.places import Places
from tradebot.engine.home import home
from tradebot.engine.secret import Secret

keys_app = new_app("Accounts' keys: set, list, remove.")

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="As in tradebot.toml.")]


@keys_app.callback()
def keys() -> None:
    """Keep accounts' keys; none is ever printed or taken from the command line's words."""


@keys_app.command("set")
def set_command(
    account: AccountArgument,
    place: Annotated[
        Literal["keyring", "file"] | None,
        typer.Option("--in", help="Where; else the keyring if there is one, else the file."),
    ] = None,
    *,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Ask for an account's key and secret (or read them as two lines from stdin) and keep them."""
    shape = form(json=json, plain=plain)
    config = _configured(account)
    if not needs_keys(config):
        raise CommandFailed(
            f"account {account} ({config.venue}, {config.kind}) needs no keys", USAGE
        )
    hosts = hosts_of(config)
    key, secret = _asked(account) if sys.stdin.isatty() else _piped()
    places = Places(os.environ, home())
    chosen = place or ("keyring" if places.keyring.usable() else "file")
    if chosen == "keyring" and not places.keyring.usable():
        raise CommandFailed("there is no keyring here; use --in file", CONFIGURATION)
    target = places.keyring if chosen == "keyring" else places.file
    target.write(account, StoredKeys(account, hosts, key, secret).written())
    _, found = places.find(account)
    where = target.where(account)
    if shape == "json":
        used = found.where(account)
        print_json(
            {"account": account, "place": chosen, "where": where, "hosts": hosts, "used": used}
        )
        return
    print(f"keys of {account} kept in {where}, for {', '.join(hosts)}")
    if found.name != chosen:
        print(
            f"but {found.where(account)} comes first and is used; remove it there", file=sys.stderr
        )


@keys_app.command("list")
def list_command(*, json: JsonOption = False, plain: PlainOption = False) -> None:
    """Show which account's keys are where, and for which hosts; never the keys."""
    shape = form(json=json, plain=plain)
    places = Places(os.environ, home())
    found = [
        (name, *where_kept(places, name))
        for name, config in load(os.environ).config.accounts.items()
        if needs_keys(config)
    ]
    if shape == "json":
        print_json(
            [
                {"account": name, "where": where, "hosts": hosts, "problem": problem}
                for name, where, hosts, problem in found
            ]
        )
        return
    rows = [(n, or_dash(where), ", ".join(hosts) or or_dash(p)) for n, where, hosts, p in found]
    print_table(("account", "kept in", "for"), rows, shape)


@keys_app.command("remove")
def remove_command(
    account: AccountArgument, *, json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Delete an account's keys from the keyring and the file."""
    shape = form(json=json, plain=plain)
    places = Places(os.environ, home())
    gone = [
        place.where(account) for place in (places.keyring, places.file) if place.remove(account)
    ]
    if not gone:
        raise CommandFailed(f"no keys of {account} in the keyring or {places.file.where(account)}")
    if shape == "json":
        print_json({"account": account, "removed": gone})
    else:
        print(f"keys of {account} removed from {', '.join(gone)}")


def _configured(account: str) -> AccountConfig:
    accounts = load(os.environ).config.accounts
    if account not in accounts:
        raise CommandFailed(
            f"there is no account {account!r}, known: {', '.join(sorted(accounts)) or 'none'}; "
            f"make it with tradebot account add {account} --venue VENUE",
            CONFIGURATION,
        )
    return accounts[account]


def _asked(account: str) -> tuple[Secret, Secret]:
    import getpass

    key = getpass.getpass(f"key of {account} (not shown): ")
    return _checked(key, getpass.getpass(f"secret of {account} (not shown): "))


def _piped() -> tuple[Secret, Secret]:
    """Return the first line and the rest of stdin: a secret may be a PEM block of many lines."""
    key, _, secret = sys.stdin.read(2 * LENGTH_MAX + 2).partition("\n")
    return _checked(key, secret)


def _checked(key: str, secret: str) -> tuple[Secret, Secret]:
    for what, text in (("key", key.strip()), ("secret", secret.strip())):
        if not 1 <= len(text) <= LENGTH_MAX:
            raise CommandFailed(
                f"the {what} must have 1 to {LENGTH_MAX} characters, had {len(text)}; "
                "stdin: the key on the first line, the secret below",
                USAGE if sys.stdin.isatty() else FAILED,
            )
    return Secret(key.strip()), Secret(secret.strip())
