"""What is to be run: one policy on recordings, under stated rules."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tradebot.engine.config.load import config_of, load
from tradebot.engine.config.models import Config
from tradebot.engine.policy_source.load import ParameterValue
from tradebot.engine.trial.kept_tables import kept_tables
from tradebot.engine.trial.rules import Rules

TRIAL = "trial.json"
"""Name of what was run, in a run's folder."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run: one policy, or the sleeves of a configuration."""

    name: str = "trial"
    """Of the sleeve."""
    policy: str
    """`file.py:Class`, `package.module:Class`, or an installed name; of a configuration: its file."""
    config: Config | None = None
    """Its sleeves are run on one account instead of a policy, under its limits, rates and objective."""
    tables: Mapping[str, object] = {}
    """What the configuration was read from; what a run rests on of it is kept."""
    folders: tuple[Path, ...]
    """Where files are looked for."""
    params: Mapping[str, ParameterValue] = {}
    symbols: tuple[str, ...] = ()
    """Empty: the recording's first instrument, or what the sleeves of the configuration trade."""
    datasets: tuple[str, ...] = ("sandbox/hour",)
    """Replayed together, by receive time."""
    start: int | None = None
    """The recordings are entered here, ns UTC; None: at their beginning."""
    until: int | None = None
    """The recordings are left here, ns UTC; None: at their end."""
    capital: Decimal = Decimal(10_000)
    """Of the sleeve, and of the account where there are rules or a configuration."""
    besides: Mapping[str, Decimal] = {}
    """What the account begins with in other currencies."""
    currency: str | None = None
    """The account's; None: the first instrument's, or the configuration's."""
    rates: Mapping[str, str] = {}
    """What other currencies are worth in it: a fixed rate, or the instrument whose price it is."""
    seed: int = 1
    rules: Rules | None = None
    """None: the sandbox's native venue as it stands."""

    @property
    def dataset(self) -> str:
        """Return what is run on, in words."""
        return ", ".join(self.datasets)


def write_trial(folder: Path, trial: Trial) -> None:
    """Keep what was run beside its records, but for what only its making needed.

    Where its policies were looked for is left out, since their source is kept.
    """
    tables = kept_tables(trial.tables)
    kept = msgspec.structs.replace(trial, folders=(), config=None, tables=tables)
    (folder / TRIAL).write_bytes(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")


def read_trial(folder: Path) -> Trial:
    """Return what a run was made of; no folder is named where its policy is looked for.

    Raises:
        OSError: If it cannot be read: runs of earlier programs kept none.
        msgspec.DecodeError: If it is none.
        ConfigError: If its configuration is none any more.
    """
    trial = msgspec.json.decode((folder / TRIAL).read_bytes(), type=Trial, dec_hook=_held)
    if not trial.tables:
        return trial
    config = config_of(dict(trial.tables), folder / TRIAL)
    return msgspec.structs.replace(trial, config=config)


def _held(kind: type, value: object) -> object:
    """Let tables be whatever JSON says; refuse what no kept trial holds: its folders, its checked configuration."""
    if kind is object:
        return value
    raise NotImplementedError(f"{kind.__name__} from {value!r}")


def defaults() -> Config:
    """Return the configuration of a sandbox nobody has configured: a run does not depend on the machine."""
    with TemporaryDirectory(prefix="tb") as nowhere:
        return load({}, Path(nowhere)).config
