"""A finished run as its folder keeps it: what was run, the policy's source, what it came to."""

from pathlib import Path

import msgspec

from tradebot.engine.journal.store import Journal
from tradebot.engine.policy_source.load import VersionedPolicy, load_recorded
from tradebot.engine.trial.report import RunReport, read_report
from tradebot.engine.trial.trial import Trial, read_trial

JOURNAL = "journal.db"
"""Name of a run's records in its folder."""


class NotKept(Exception):  # noqa: N818  (says what is the matter)
    """A run's folder lacks what is asked of it."""

    exit_code = 1


class KeptRun(msgspec.Struct, frozen=True):
    """What a run's folder holds."""

    folder: Path
    report: RunReport
    trial: Trial
    source: str
    """Of the policy and what it imports, as the journal keeps it."""

    def policy(self) -> VersionedPolicy:
        """Return the policy as it was.

        Raises:
            PolicyNotLoaded: If this program cannot load it any more.
        """
        return load_recorded(self.report.policy, self.trial.params, self.source)


def kept_run(folder: Path) -> KeptRun:
    """Read a run's folder.

    Raises:
        NotKept: If something of it is missing or cannot be read: it says what.
    """
    report = read_report(folder)
    if report is None:
        raise NotKept(f"{folder} holds no run that this program can read")
    if report.sleeves:
        raise NotKept(
            f"run {report.id} is of a configuration of sleeves: runs of one policy keep all they are made of"
        )
    try:
        trial = read_trial(folder)
    except (OSError, msgspec.DecodeError) as error:
        raise NotKept(
            f"run {report.id} does not say what it was made of ({error}): an earlier program kept less; run it anew"
        ) from error
    with Journal.open(folder / JOURNAL, read_only=True) as journal:
        source = journal.source(report.version)
    if source is None:
        raise NotKept(f"run {report.id} holds no source of version {report.version}: run it anew")
    return KeptRun(folder, report, trial, source)
