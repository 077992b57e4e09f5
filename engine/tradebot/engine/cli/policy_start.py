"""`policy start` and `policy stop`."""

import re
import sys
from datetime import date
from typing import Annotated

import msgspec
import typer

from tradebot.engine.cli.authority import typed_account
from tradebot.engine.cli.failures import REFUSED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form, parse_decimal
from tradebot.engine.cli.output import print_json
from tradebot.engine.cli.policy_facts import SleeveArgument
from tradebot.engine.cli.policy_text import card_lines
from tradebot.engine.cli.steer import tell
from tradebot.engine.cli.target import connected
from tradebot.engine.cli.terminal import this_terminal
from tradebot.engine.control.authority import MANDATE_DAYS_MAX
from tradebot.engine.control.client import ControlClient
from tradebot.engine.control.sleeves import CardBody, GateCard, StartBody, StopSleeveBody

_DAYS = re.compile(r"([0-9]{1,4})d?")


def start(  # noqa: PLR0913  (every parameter is an option)
    sleeve: SleeveArgument,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Orders are sent; without it a shadow.")
    ] = False,
    capital: Annotated[
        str | None, typer.Option("--capital", help="Mandate: largest gross exposure.")
    ] = None,
    loss_budget: Annotated[
        str | None, typer.Option("--loss-budget", help="Mandate: loss at which it ends.")
    ] = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="30d|DATE", help="Mandate: how long.")
    ] = "30d",
    reason: Annotated[str, typer.Option("--reason", help="Goes into the journal.")] = "operator",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Let SLEEVE of tradebot.toml run: as a shadow, or with --live for real; shows the gate card first."""
    shape = form(json=json, plain=plain)
    if not live and (capital is not None or loss_budget is not None):
        raise CommandFailed(
            "--capital and --loss-budget are a mandate's: they go with --live", USAGE
        )
    with connected(name) as client:
        card = client.sleeves.card(sleeve, CardBody(run="live" if live else "shadow"))
        for line in card_lines(card):
            print(line, file=sys.stderr if shape == "json" else sys.stdout)
        days = _days(client, expires)
        if live and card.real_money:
            _agree(card, capital, loss_budget, expires)
        body = StartBody(
            version=card.version,
            run=card.run,
            capital=None if capital is None else f"{parse_decimal(capital, '--capital'):f}",
            loss_budget=None
            if loss_budget is None
            else f"{parse_decimal(loss_budget, '--loss-budget'):f}",
            days=days,
            reason=reason,
        )
        answer = client.sleeves.start(sleeve, body)
    if shape == "json":
        print_json({**_fields(answer), "card": card})
        return 0
    return tell(answer, json=json, plain=plain)


def _fields(answer: msgspec.Struct) -> dict[str, object]:
    return msgspec.structs.asdict(answer)


def _agree(card: GateCard, capital: str | None, loss_budget: str | None, expires: str) -> None:
    """Let a person type the account's name: a mandate for real money is given with open eyes."""
    if loss_budget is None:
        raise CommandFailed("a mandate needs --loss-budget L; nothing was started", USAGE)
    if this_terminal() is None:
        raise CommandFailed(
            "a mandate for real money is typed at a terminal: stdin is none; nothing was started",
            REFUSED,
        )
    print(
        f"mandate: exposure at most {capital or card.capital} {card.currency}, ends at a loss of "
        f"{loss_budget} or after {expires}",
        file=sys.stderr,
    )
    typed_account(card.account, "to give this mandate")


def _days(client: ControlClient, text: str) -> int:
    """Return whole days from `30d` or a date, counted from the engine's day."""
    found = _DAYS.fullmatch(text)
    try:
        days = (
            int(found[1])
            if found is not None
            else (
                date.fromisoformat(text) - date.fromisoformat(client.status().engine.now[:10])
            ).days
        )
    except ValueError as error:
        raise CommandFailed(f"--expires must be days or a date, was {text!r}", USAGE) from error
    if not 1 <= days <= MANDATE_DAYS_MAX:
        raise CommandFailed(
            f"--expires must be 1 to {MANDATE_DAYS_MAX} days from now, was {text!r}", USAGE
        )
    return days


def stop(
    sleeve: SleeveArgument,
    *,
    leave: Annotated[
        bool | None,
        typer.Option("--exit/--keep", help="Close its positions, or leave them; else its on_stop."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Goes into the journal.")] = "operator",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Ask SLEEVE no more; its orders that add risk go, its stops stay with its positions."""
    with connected(name) as client:
        answer = client.sleeves.stop(sleeve, StopSleeveBody(reason=reason, exit=leave))
    return tell(answer, json=json, plain=plain)
