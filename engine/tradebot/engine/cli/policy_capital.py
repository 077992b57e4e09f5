"""`policy capital` and `policy allocate`."""

import re
from typing import Annotated

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.cli.policy_facts import SleeveArgument
from tradebot.engine.cli.steer import tell
from tradebot.engine.cli.target import connected
from tradebot.engine.control.sleeves import AllocateBy, CapitalBody

_CAPITAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?( [A-Z][A-Z0-9]{1,9}|%)?")


def capital(
    sleeve: SleeveArgument,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="6000, '6000 USD', or 25% of equity.")
    ],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Goes into the journal.")] = "operator",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Give SLEEVE another capital; more than its mandate's ends that."""
    if _CAPITAL.fullmatch(amount) is None:
        raise CommandFailed(
            f"AMOUNT must be a number > 0 as 6000, '6000 USD' or 25%, was {amount!r}", USAGE
        )
    with connected(name) as client:
        answer = client.sleeves.capital(sleeve, CapitalBody(capital=amount, reason=reason))
    return tell(answer, json=json, plain=plain)


def allocate(
    *,
    by: Annotated[AllocateBy, typer.Option("--by", help="How the pool is shared.")] = "equal",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Propose capital for every live sleeve; nothing moves, the commands that would are printed."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        found = client.sleeves.allocation(by)
    if shape == "json":
        print_json(found)
        return
    header = ("sleeve", "capital", "proposed", "share", "why")
    rows = [
        [line.sleeve, line.capital, line.proposed, f"{line.share} %", line.why]
        for line in found.lines
    ]
    print_table(header, rows, shape)
    if shape == "text":
        print(f"pool {found.pool} {found.currency}; nothing was moved")
        for command in found.commands:
            print(f"  {command}")
