"""Authority: arm, disarm, mandate; who may add risk where real money is traded."""

import re
import sys
from typing import Annotated

import typer

from tradebot.engine.cli.failures import REFUSED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, parse_decimal
from tradebot.engine.cli.steer import tell
from tradebot.engine.cli.target import connected
from tradebot.engine.cli.terminal import this_terminal
from tradebot.engine.control.authority import ARM_S_MAX, ArmBody, MandateBody

_SPAN = re.compile(r"([0-9]{1,5})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def arm(
    *,
    ttl: Annotated[str, typer.Option("--for", metavar="15m", help="How long.")] = "15m",
    idle: Annotated[
        str, typer.Option("--idle", metavar="5m", help="Ends after that much silence.")
    ] = "5m",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Let hands add risk in LIVE for a while; ends with this terminal, its silence, or `disarm`."""
    seconds, silence = parse_span(ttl, "--for"), parse_span(idle, "--idle")
    terminal = this_terminal()
    if terminal is None:
        raise CommandFailed(
            "arm is typed at a terminal and ends with it: stdin is none; sleeves trade by a mandate",
            REFUSED,
        )
    with connected(name) as client:
        facts = client.authority()
        if facts.needed:
            accounts = client.status().accounts
            for waiting, value in facts.waiting.items():
                print(f"{waiting} {facts.limits[waiting]} -> {value}", file=sys.stderr)
            typed_account(", ".join(accounts), "to arm")
        answer = client.arm(ArmBody(terminal=terminal, seconds=seconds, idle=silence))
    return tell(answer, json=json, plain=plain)


def typed_account(account: str, what: str) -> None:
    """Let a person type the account's name: real money is not given away by a reflex.

    Args:
        account: What must be typed.
        what: What it is typed for, `to arm`.

    Raises:
        CommandFailed: If something else was typed.
    """
    prompt = f"REAL MONEY at {account}. Type the account's name {what}: "
    print(prompt, end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != account:
        raise CommandFailed("that is not the account's name; nothing was done", REFUSED)


def disarm(*, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False) -> int:
    """Let hands add no more risk; orders, stops and positions stay."""
    with connected(name) as client:
        answer = client.disarm()
    return tell(answer, json=json, plain=plain)


def mandate(  # noqa: PLR0913  (every parameter is an option)
    sleeve: Annotated[str, typer.Argument(metavar="SLEEVE", help="Its name.")],
    *,
    capital: Annotated[
        str | None, typer.Option("--capital", help="Largest gross exposure, engine's currency.")
    ] = None,
    loss_budget: Annotated[
        str | None, typer.Option("--loss-budget", help="Loss at which it ends.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long.")] = 30,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take it back.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why it is taken back.")] = "operator",
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Let SLEEVE, as it runs now, add risk in LIVE; void when its code, parameters or wider limits change."""
    if revoke:
        with connected(name) as client:
            answer = client.revoke_mandate(sleeve, reason)
        return tell(answer, json=json, plain=plain)
    if capital is None or loss_budget is None:
        raise CommandFailed("a mandate needs --capital C and --loss-budget L", USAGE)
    body = MandateBody(
        capital=f"{parse_decimal(capital, '--capital'):f}",
        loss_budget=f"{parse_decimal(loss_budget, '--loss-budget'):f}",
        days=days,
    )
    with connected(name) as client:
        answer = client.give_mandate(sleeve, body)
    return tell(answer, json=json, plain=plain)


def parse_span(text: str, option: str) -> int:
    """Return seconds from `90s`, `15m` or `1h`.

    Raises:
        CommandFailed: If it is none, or not between a second and a day.
    """
    found = _SPAN.fullmatch(text)
    seconds = 0 if found is None else int(found[1]) * _SECONDS[found[2]]
    if not 1 <= seconds <= ARM_S_MAX:
        raise CommandFailed(
            f"{option} must be a time from 1s to 24h, as 90s, 15m or 1h, was {text!r}", USAGE
        )
    return seconds
