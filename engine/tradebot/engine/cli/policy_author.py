"""`policy new` and `policy check`: a policy to begin with, and whether one keeps to the rules."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.failures import DONE, FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.trial.report import PROGRESS_FILE

if TYPE_CHECKING:
    from tradebot.engine.trial.check import Checked

ParamOption = Annotated[
    list[str] | None, typer.Option("--param", metavar="K=V", help="A parameter; repeatable.")
]
SymbolOption = Annotated[
    str | None, typer.Option("--symbol", help="Of the recording; without it its first.")
]
DatasetOption = Annotated[str, typer.Option("--data", metavar="DATASET", help="The recording.")]


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, _.")],
    *,
    symbol: Annotated[str, typer.Option("--symbol", help="What it trades.")] = "sandbox:BTCUSDT",
    run: Annotated[
        bool, typer.Option("--run/--no-run", help="Run it on the recorded hour.")
    ] = True,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Write a policy, its test and its sleeve's table in tradebot.toml; then run it on the sandbox's recorded hour."""
    from tradebot.engine.cli.runs import print_report
    from tradebot.engine.home import data_folder, home
    from tradebot.engine.live.clock import SystemClock
    from tradebot.engine.policy_source.files import policy_folders
    from tradebot.engine.recording.hour import ensure_hour
    from tradebot.engine.trial.new import write_policy
    from tradebot.engine.trial.run import run_trial
    from tradebot.engine.trial.trial import Trial

    shape = form(json=json, plain=plain)
    written = write_policy(name, home(), symbol=symbol)
    if shape == "text":
        print(f"wrote {written.policy}\n      {written.test}")
        print(f"      [sleeves.{name}] in {written.configuration}, run = shadow", flush=True)
    if not run:
        if shape == "json":
            print_json({"policy": written.policy, "test": written.test, "run": None})
        return DONE
    with progress("running it on sandbox/hour") as told:
        dataset = ensure_hour(data_folder())
        ran = run_trial(
            Trial(
                name=name,
                policy=written.reference,
                folders=policy_folders(),
                symbols=(symbol,),
                datasets=(dataset,),
            ),
            home() / "runs",
            store=data_folder(),
            clock=SystemClock(),
            progress=told,
        )
    if shape == "json":
        print_json({"policy": str(written.policy), "test": str(written.test), "run": ran.report})
        return DONE
    print_report(ran.report)
    print(f"next: tradebot policy check {written.reference} · tradebot run, then policy list")
    return DONE


def check(
    policy: Annotated[
        str, typer.Argument(metavar="POLICY", help="file.py:Class, package.module:Class, a name.")
    ],
    *,
    param: ParamOption = None,
    symbol: SymbolOption = None,
    data: DatasetOption = "sandbox/hour",
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Check POLICY: signature, parameters, purity, look-ahead, reasons, time per decision; exit 1 on an error."""
    from tradebot.engine.home import data_folder
    from tradebot.engine.live.clock import SystemClock
    from tradebot.engine.policy_source.files import policy_folders
    from tradebot.engine.recording.hour import ensure_hour
    from tradebot.engine.recording.place import DATASET
    from tradebot.engine.trial.check import check_policy
    from tradebot.engine.trial.trial import Trial

    shape = form(json=json, plain=plain)
    trial = Trial(
        name="check",
        policy=policy,
        folders=policy_folders(),
        params=parameters(param or []),
        symbols=() if symbol is None else (symbol,),
        datasets=(data,),
    )
    with progress(f"checking {policy}") as told:
        if data == DATASET:
            ensure_hour(data_folder())
        checked = check_policy(trial, store=data_folder(), clock=SystemClock(), progress=told)
    if shape == "json":
        print_json({**_document(checked), "sound": checked.sound})
    else:
        rows = [[one.level, one.what, one.text] for one in checked.findings]
        print_table(("", "what", f"{checked.reference}@{checked.version[:4]}"), rows, shape)
    return DONE if checked.sound else FAILED


def _document(checked: "Checked") -> dict[str, object]:
    return {
        "policy": checked.reference,
        "version": checked.version,
        "findings": checked.findings,
    }


def parameters(words: list[str]) -> dict[str, str | int | float | bool]:
    """Return parameters from `name=value` words; what they become is the policy's to say.

    Raises:
        CommandFailed: If a word has no `=`, or a name comes twice.
    """
    found: dict[str, str | int | float | bool] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise CommandFailed(f"--param must be name=value, was {word!r}", USAGE)
        if name in found:
            raise CommandFailed(f"--param {name} is given twice", USAGE)
        found[name] = value
    return found


class progress:  # noqa: N801  (used as a word: `with progress(...)`)
    """A line on a terminal's stderr that counts on while something lasts; nothing in a pipe.

    Where TRADEBOT_PROGRESS names a file, the count is written there too: whoever started the job reads it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._shown = sys.stderr.isatty()
        self._file = os.environ.get(PROGRESS_FILE)

    def __enter__(self) -> Callable[[int], None]:
        self._say("")
        return self._count

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _count(self, count: int) -> None:
        self._say(f" {count:,} events")
        if self._file:
            new = Path(f"{self._file}.new")
            new.write_text(str(count))
            new.replace(self._file)

    def _say(self, more: str) -> None:
        if self._shown:
            sys.stderr.write(f"\r\x1b[K{self._text}{more}")
            sys.stderr.flush()
