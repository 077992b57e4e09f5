"""A finished run made again from what it kept, and compared byte by byte."""

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tradebot.engine.journal.export import export_lines
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.clock import Clock
from tradebot.engine.research.backtest import backtest
from tradebot.engine.research.kept_run import JOURNAL, KeptRun
from tradebot.engine.research.results import TABLES
from tradebot.engine.trial.report import EQUITY
from tradebot.engine.trial.run import run_trial

DECISIONS = "decisions"
"""Name of what the journal says, as it can be compared: `journal export --canonical`."""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """How a run compares with itself made anew."""

    run: str
    same: bool
    parts: dict[str, tuple[str, str]]
    """sha256 of each part, then and now: tables, the equity curve, all events and decisions."""
    why: tuple[str, ...]
    """What is not what it was before anything ran: data, or what the id is made of."""


def again(kept: KeptRun, *, store: Path, clock: Clock) -> Again:
    """Run it again in a folder that is then removed, and compare.

    Args:
        kept: The run.
        store: The folder of the datasets.
        clock: The machine's.

    Raises:
        PolicyNotLoaded: If its policy cannot be loaded any more.
        CannotRun: If its data is not there any more.
        NoData: If its data has nothing in its span any more.
        PolicyFailed: If the policy does not last to the end now.
    """
    with TemporaryDirectory(prefix="tb-again-") as scratch:
        runs, trial, found = Path(scratch), kept.trial, kept.policies()
        if trial.rules is None:
            ran = run_trial(trial, runs, store=store, clock=clock, found=found)
        else:
            ran = backtest(trial, runs, store=store, clock=clock, found=found).ran
        made = ran.report
        then, now = _parts(kept.folder), _parts(runs / made.id)
    old = kept.report
    why = [
        f"{what} was {before}, is {after}"
        for what, before, after in (
            ("data", old.sha256, made.sha256),
            ("policy version", old.version, made.version),
            ("assumptions", str(old.assumptions), str(made.assumptions)),
        )
        if before != after
    ]
    parts = {name: (then.get(name, ""), now.get(name, "")) for name in sorted({*then, *now})}
    return Again(
        run=old.id,
        same=not why and all(before == after for before, after in parts.values()),
        parts=parts,
        why=tuple(why),
    )


def _parts(folder: Path) -> dict[str, str]:
    names = [EQUITY, *(f"{name}.parquet" for name in TABLES)]
    found = {
        name: sha256((folder / name).read_bytes()).hexdigest()
        for name in names
        if (folder / name).exists()
    }
    digest = sha256()
    with Journal.open(folder / JOURNAL, read_only=True) as journal:
        for line in export_lines(journal, canonical=True):
            digest.update(line)
    return {**found, DECISIONS: digest.hexdigest()}
