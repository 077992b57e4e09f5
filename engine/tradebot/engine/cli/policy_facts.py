"""`policy list` and `policy show`."""

from typing import Annotated

import typer

from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.cli.policy_text import HEADER, detail_lines, row_of
from tradebot.engine.cli.target import connected

SleeveArgument = Annotated[str, typer.Argument(metavar="SLEEVE", help="Its name.")]


def list_sleeves(
    *, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False
) -> None:
    """List sleeves: state, version, capital, open risk, day, last decision and its age, proof."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        lines = client.sleeves.listing()
    if shape == "json":
        print_json(lines)
    elif lines or shape == "plain":
        print_table(HEADER, [row_of(line) for line in lines], shape)
    else:
        print("no sleeve yet: tradebot policy new NAME writes the first")


def show(
    sleeve: SleeveArgument,
    *,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Show SLEEVE: parameters with origin, subscriptions, limits, mandate, state, time per decision, versions."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        detail = client.sleeves.facts(sleeve)
    if shape == "json":
        print_json(detail)
    else:
        for line in detail_lines(detail):
            print(line)
