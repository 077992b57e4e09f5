"""`drill`: a fault in the sandbox, told stage by stage, with a verdict."""

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.failures import DONE, FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form
from tradebot.engine.cli.output import print_json

if TYPE_CHECKING:
    from tradebot.engine.drills.result import DrillName, DrillResult, Stage


def drill(
    name: Annotated[
        str,
        typer.Argument(metavar="crash|mute|lost-ack|gap-open|halt", help="Which fault."),
    ],
    *,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Of the market.")] = 1,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """A fault, felt: a real engine and a venue of their own, one mishap, and a judge who reads both books."""
    from tradebot.engine.drills.play import play
    from tradebot.engine.live.clock import SystemClock

    shape = form(json=json, plain=plain)
    # Asked to end, it clears up: its processes end and its folder goes, as after ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = _checked(name)
    if shape == "text":
        from tradebot.engine.drills.result import DRILLS

        print(f"drill {chosen}: {DRILLS[chosen]}. Nothing of yours is touched.", flush=True)
    tell = _silent if shape == "json" else _tell_plain if shape == "plain" else _tell
    result = play(chosen, seed, SystemClock(), tell)
    if shape == "json":
        print_json(result)
    else:
        _print_verdict(result, plain=shape == "plain")
    return DONE if result.ok else FAILED


def _checked(name: str) -> "DrillName":
    from tradebot.engine.drills.result import DRILLS

    for known in DRILLS:
        if known == name:
            return known
    raise CommandFailed(f"drill must be one of {', '.join(DRILLS)}, was {name!r}", USAGE)


def _silent(stage: "Stage") -> None:
    """JSON is one document, printed at the end."""


def _tell(stage: "Stage") -> None:
    print(f"{stage.at_s:5.1f} s  {stage.text}", flush=True)


def _tell_plain(stage: "Stage") -> None:
    print(f"{stage.at_s:.1f}\t{stage.text}", flush=True)


def _print_verdict(result: "DrillResult", *, plain: bool) -> None:
    word = "PASSED" if result.ok else "FAILED"
    head = f"{result.seconds:.1f}\t{word}\t" if plain else f"{word} in {result.seconds:.1f} s: "
    print(head + result.verdict, flush=True)
    if result.kept is not None:
        print(f"both sides' books are kept in {result.kept}; --seed {result.seed} plays it again")
