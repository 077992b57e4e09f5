"""`panic`: make an account safe at its venue while no engine runs."""

import os
import secrets
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tradebot.engine.cli.failures import DONE, FAILED, REFUSED, UNREACHABLE, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption
from tradebot.engine.cli.output import print_json, print_narrow
from tradebot.engine.cli.target import folder_of
from tradebot.engine.home import home

if TYPE_CHECKING:
    from tradebot.engine.config.models import AccountConfig
    from tradebot.engine.core.types import AccountName
    from tradebot.engine.live.clock import Clock
    from tradebot.engine.panic.native import NativeLedger
    from tradebot.engine.panic.note import PanicNote
    from tradebot.engine.panic.venue import AccountAtVenue
    from tradebot.engine.state_folder import FolderFacts, StateFolder


def panic(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.")],
    *,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Cancel everything and close its positions too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    name: NameOption = None,
    json: JsonOption = False,
) -> int:
    """Without an engine: cancel at the venue what adds risk; the next start reads what was done, and is HALTED."""
    from tradebot.engine.core.types import AccountName
    from tradebot.engine.journal.export import iso
    from tradebot.engine.live.clock import SystemClock
    from tradebot.engine.panic.act import make_safe
    from tradebot.engine.panic.note import read_notes, write_notes

    chosen, path = folder_of(name)
    clock = SystemClock()
    with (
        _held(chosen, path, clock.system_ns) as folder,
        _account(AccountName(account), folder, clock, flatten=flatten) as venue,
    ):
        _confirm(folder.mode, account, yes=yes)
        before = read_notes(folder.path)
        note = _made_safe(
            lambda: make_safe(
                AccountName(account),
                venue,
                flatten=flatten,
                when=iso(clock.system_ns()),
                keep=lambda note: write_notes(folder.path, (*before, note)),
            )
        )
    if json:
        print_json(msgspec.to_builtins(note) | {"at": iso(note.at)})
    else:
        print_narrow(_lines(note))
    return FAILED if note.failed else DONE


@contextmanager
def _held(name: str, path: Path, now: Callable[[], int]) -> Generator["StateFolder"]:
    """Hold a stopped engine's folder, and leave its note of how it last ended as it was.

    Raises:
        CommandFailed: If an engine runs in it, or there is none.
    """
    from tradebot.engine.journal.errors import EngineAlreadyRunning
    from tradebot.engine.state_folder import StateFolder, look

    facts = look(path)
    if facts is None:
        raise CommandFailed(f"there is no engine {name!r} in {path.parent}", UNREACHABLE)
    try:
        folder = StateFolder.open(
            path, mode=facts.mode, create=False, entropy=secrets.token_bytes, now=now
        )
    except EngineAlreadyRunning as error:
        kill = "tradebot kill" if name == "main" else f"tradebot kill --name {name}"
        who = "another process" if error.pid is None else f"process {error.pid}"
        raise CommandFailed(
            f"engine {name!r} runs as {who}: use {kill}; if it does not answer, end that process first",
            FAILED,
        ) from error
    with folder:
        _keep_exit(folder, facts)
        yield folder


def _keep_exit(folder: "StateFolder", facts: "FolderFacts") -> None:
    if facts.last_exit is not None:
        folder.note_exit(facts.last_exit)


def _made_safe(make: Callable[[], "PanicNote"]) -> "PanicNote":
    """Let the account be made safe.

    Raises:
        CommandFailed: If the venue did not even tell what is open: then nothing, or not all, was done.
    """
    from tradebot.engine.panic.venue import VenueRefused

    try:
        return make()
    except VenueRefused as error:
        raise CommandFailed(
            f"the venue does not tell what the account holds: {error}; use its own app", UNREACHABLE
        ) from error


@contextmanager
def _account(
    name: "AccountName", folder: "StateFolder", clock: "Clock", *, flatten: bool
) -> Generator["AccountAtVenue"]:
    """Reach an account: at its broker where one is configured, else at our own venue.

    Raises:
        CommandFailed: If it cannot be reached, or there is none of that name.
        CannotRun: If its keys are missing or for another host.
    """
    from tradebot.engine.config.load import load
    from tradebot.engine.panic.native import NativeAccount, known_instruments

    config = load(os.environ).config.accounts.get(name)
    if config is not None and config.venue == "binance" and config.kind != "paper":
        from tradebot.engine.brokers.binance.panic import panic_at_binance
        from tradebot.engine.brokers.binance.plan import signer_of
        from tradebot.engine.credentials.places import Places

        addresses, signer = signer_of(name, config, Places(os.environ, home()))
        instruments = known_instruments(folder.journal)
        with panic_at_binance(addresses.base_url, signer, instruments, folder.id, clock) as venue:
            yield venue
        return
    if config is not None and config.venue == "alpaca" and config.kind != "paper":
        from tradebot.engine.brokers.alpaca.panic import panic_at_alpaca
        from tradebot.engine.brokers.alpaca.plan import keys_of
        from tradebot.engine.credentials.places import Places

        addresses, keys = keys_of(name, config, Places(os.environ, home()))
        instruments = known_instruments(folder.journal)
        with panic_at_alpaca(addresses.base_url, keys, instruments, folder.id, clock) as venue:
            yield venue
        return
    if config is not None and config.venue == "ib" and config.kind != "paper":
        with _at_gateway(name, config, folder, clock, flatten=flatten) as venue:
            yield venue
        return
    with _ledger(folder) as ledger:
        if name not in ledger.accounts:
            known = ", ".join(ledger.accounts) or "none"
            raise CommandFailed(
                f"no account {name!r} at this engine's venue; there is {known}", USAGE
            )
        yield NativeAccount(ledger, name)


@contextmanager
def _at_gateway(
    name: "AccountName",
    config: "AccountConfig",
    folder: "StateFolder",
    clock: "Clock",
    *,
    flatten: bool,
) -> Generator["AccountAtVenue"]:
    """Reach an account at its Gateway, by the client id the engine used.

    Raises:
        CommandFailed: If nobody answers there.
        CannotRun: If the login is not of the configured kind.
    """
    from tradebot.engine.brokers.ib.panic import panic_at_ib
    from tradebot.engine.brokers.ib.plan import CLIENT_ID, require_kind, url_of
    from tradebot.engine.panic.native import known_instruments
    from tradebot.engine.panic.venue import VenueRefused

    client_id = CLIENT_ID if config.client_id is None else config.client_id
    instruments, url = known_instruments(folder.journal), url_of(config)
    with ExitStack() as stack:
        try:
            venue = stack.enter_context(
                panic_at_ib(url, client_id, instruments, folder.id, clock, everything=flatten)
            )
        except VenueRefused as error:
            raise CommandFailed(f"nobody answers at {url}: {error}", UNREACHABLE) from error
        require_kind(name, config, venue.code)
        yield venue


@contextmanager
def _ledger(folder: "StateFolder") -> Generator["NativeLedger"]:
    """Open the native venue's ledger.

    Raises:
        CommandFailed: If the engine has none.
        VenueLogDamaged: If it cannot be read.
    """
    from tradebot.engine.panic.native import NativeLedger, known_instruments
    from tradebot.engine.venue.log import VenueLog

    if not folder.venue_log.exists():
        raise CommandFailed(
            f"{folder.path} has no venue.log: this engine never traded at the native venue; "
            "for another venue use the venue's own app",
            FAILED,
        )
    log = VenueLog(folder.venue_log)
    try:
        yield NativeLedger(log, folder.id, known_instruments(folder.journal))
    finally:
        log.close()


def _confirm(mode: str, account: str, *, yes: bool) -> None:
    """Ask before anything reaches a broker; sandbox and paper need no question.

    Raises:
        CommandFailed: If nobody can be asked, or the answer is no (exit code 5).
    """
    if yes or mode in {"sandbox", "paper"}:
        return
    if not sys.stdin.isatty():
        raise CommandFailed(
            f"{mode.upper()} without a terminal needs --yes; nothing was done", REFUSED
        )
    if not typer.confirm(f"{mode.upper()}: panic on account {account}?", err=True):
        raise CommandFailed("nothing was done", REFUSED)


def _lines(note: "PanicNote") -> Generator[str]:
    yield f"panic {note.account}: cancelled {len(note.cancelled)}, closed {len(note.closed)}"
    for client_order_id in note.cancelled:
        yield f"cancelled {client_order_id}"
    for order in note.closed:
        yield f"closed {order.instrument} by {order.client_order_id}"
    for client_order_id in note.kept:
        yield f"stays {client_order_id}"
    for symbol in note.open_positions:
        yield f"still held {symbol}"
    yield from note.failed
    yield "the next start is HALTED until tradebot resume --reason"
