"""`reconcile`: what ledger and venue disagree on, and the three answers."""

from typing import Annotated, Literal

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import print_json, print_narrow
from tradebot.engine.cli.steer import tell
from tradebot.engine.cli.target import connected
from tradebot.engine.control.messages_facts import DifferenceFacts

type Word = Literal["adopt", "ignore", "flatten", "ask"]


def reconcile(  # noqa: PLR0913  (every parameter is an option of the contract)
    word: Annotated[
        Word | None, typer.Argument(metavar="[adopt|ignore|flatten|ask]", help="What to do.")
    ] = None,
    difference: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Which, as the list names it.")
    ] = None,
    *,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Who takes it in; default hand.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; ignore needs one.")] = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """List what ledger and venue disagree on, or answer one of it; ask looks at the accounts now."""
    shape = form(json=json, plain=plain)
    if word is None or word == "ask":
        with connected(name) as client:
            if word == "ask":
                return tell(client.reconcile(), json=json, plain=plain)
            found = client.differences()
        if shape == "json":
            print_json(found)
        else:
            print_narrow(line for each in found for line in difference_lines(each))
            if not found and shape == "text":
                print("ledger and venue agree")
        return 0
    if difference is None:
        raise CommandFailed(f"reconcile {word} needs an ID: see tradebot reconcile", USAGE)
    if word == "ignore" and not (reason or "").strip():
        raise CommandFailed('reconcile ignore needs a reason: --reason "..."', USAGE)
    with connected(name) as client:
        answer = client.answer_difference(difference, word, owner, (reason or word).strip())
    return tell(answer, json=json, plain=plain)


def difference_lines(each: DifferenceFacts) -> list[str]:
    """Return one difference in lines made for 40 columns."""
    state = each.answer or ("certain" if each.confirmed else "being looked at")
    return [
        each.id,
        f"  ledger {each.ours}, venue {each.theirs}",
        f"  for {each.age_s} s: {state}",
        f"  {each.cause}",
    ]
