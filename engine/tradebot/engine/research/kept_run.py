"""A finished run as its folder keeps it: what was run, the policy's source, what it came to."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from tradebot.engine.config.errors import ConfigError
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.sleeve_start import plain
from tradebot.engine.policy_source.load import ParameterValue, VersionedPolicy, load_recorded
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
    sources: Mapping[str, str]
    """Of each sleeve's policy and what it imports, as the journal keeps it."""

    @property
    def references(self) -> dict[str, str]:
        """Return what each sleeve's policy is called, by the sleeve's name."""
        sleeves = self.report.sleeves
        if not sleeves:
            return {self.trial.name: self.report.policy}
        return {name: sleeve.policy for name, sleeve in sleeves.items()}

    def policies(self) -> dict[str, VersionedPolicy]:
        """Return the policies as they were, by the name of their sleeve.

        Raises:
            PolicyNotLoaded: If this program cannot load one any more.
        """
        return {
            name: load_recorded(reference, self._params(name), self.sources[name])
            for name, reference in self.references.items()
        }

    def _params(self, sleeve: str) -> Mapping[str, ParameterValue]:
        config = self.trial.config
        return self.trial.params if config is None else plain(config.sleeves[sleeve].params)


def kept_run(folder: Path) -> KeptRun:
    """Read a run's folder.

    Raises:
        NotKept: If something of it is missing or cannot be read: it says what.
    """
    report = read_report(folder)
    if report is None:
        raise NotKept(f"{folder} holds no run that this program can read")
    try:
        trial = read_trial(folder)
    except (OSError, msgspec.DecodeError, ConfigError) as error:
        raise NotKept(
            f"run {report.id} does not say what it was made of ({error}): an earlier program kept less; run it anew"
        ) from error
    if report.sleeves and trial.config is None:
        raise NotKept(
            f"run {report.id} does not say what its sleeves were: an earlier program kept less; run it anew"
        )
    versions = {name: sleeve.version for name, sleeve in report.sleeves.items()}
    sources: dict[str, str] = {}
    with Journal.open(folder / JOURNAL, read_only=True) as journal:
        for name, version in (versions or {trial.name: report.version}).items():
            source = journal.source(version)
            if source is None:
                raise NotKept(f"run {report.id} holds no source of version {version}: run it anew")
            sources[name] = source
    return KeptRun(folder, report, trial, sources)
