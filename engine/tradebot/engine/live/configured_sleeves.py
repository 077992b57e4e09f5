"""Sleeves as tradebot.toml has them now: read anew each time, for what is started or reloaded while the engine runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.load import load
from tradebot.engine.control.engine import Refused
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import Owner
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.sleeve_start import load_sleeve, sleeve_started
from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.load import VersionedPolicy


class ConfiguredSleeve(msgspec.Struct, frozen=True):
    """One stanza, its code loaded beside whatever runs."""

    started: SleeveStarted
    policy: VersionedPolicy
    given: frozenset[str]
    """Parameters that the file sets."""


class ConfiguredSleeves(Protocol):
    """Reads sleeves; touches disk and runs policies' code, so it is called beside the loop."""

    def names(self) -> Sequence[Owner]:
        """Return the sleeves of the configuration, also those that are off."""
        ...

    def load(self, name: Owner) -> ConfiguredSleeve:
        """Return one, its code freshly loaded; raise `Refused` where it cannot be."""
        ...


class FileSleeves:
    """Sleeves of a tradebot.toml.

    Args of the constructor:
        instruments: What this engine trades.
        environ: The process's environment: it overrides the file.
        folder: Where the file is; None: TRADEBOT_HOME.
    """

    def __init__(
        self,
        instruments: tuple[Instrument, ...],
        environ: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self._instruments = instruments
        self._environ = environ
        self._folder = folder

    def names(self) -> Sequence[Owner]:
        """Return the sleeves of the configuration, also those that are off.

        Raises:
            Refused: If the file cannot be read.
        """
        try:
            return [Owner(name) for name in load(self._environ, self._folder).config.sleeves]
        except ConfigError as error:
            raise Refused("configuration", str(error)) from error

    def load(self, name: Owner) -> ConfiguredSleeve:
        """Return one, its code freshly loaded.

        Raises:
            Refused: `unknown` where the file has no such sleeve; `configuration` where it cannot be used.
        """
        try:
            config = load(self._environ, self._folder).config
            stanza = config.sleeves.get(name)
            if stanza is None:
                known = ", ".join(config.sleeves) or "none"
                raise Refused(
                    "unknown",
                    f"no sleeve {name!r} in tradebot.toml; there is {known}: "
                    "tradebot policy new NAME writes one",
                )
            policy = load_sleeve(name, stanza, self._instruments)
            started = sleeve_started(name, config, policy, self._instruments)
        except (ConfigError, CannotRun, PolicyNotLoaded) as error:
            raise Refused("configuration", str(error)) from error
        return ConfiguredSleeve(started, policy, frozenset(stanza.params))
