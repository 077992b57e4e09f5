"""The sleeves of a trial: one policy's, or all of a configuration, on one account."""

from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.config.models import Config
from tradebot.engine.config.values import Money, Share
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import Owner
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.native_accounts import ACCOUNT
from tradebot.engine.live.sleeve_start import load_sleeve, sleeve_started
from tradebot.engine.policy_source.load import VersionedPolicy, load_policy
from tradebot.engine.trial.trial import Trial


class TrialSleeve(msgspec.Struct, frozen=True):
    """A sleeve as it is run, and its policy."""

    started: SleeveStarted
    found: VersionedPolicy


def sleeves_of(
    trial: Trial,
    instruments: tuple[Instrument, ...],
    currency: str,
    found: Mapping[str, VersionedPolicy] | None = None,
) -> tuple[TrialSleeve, ...]:
    """Return the sleeves of a trial in the configuration's order; all on one account, in its currency.

    Args:
        trial: What is run.
        instruments: What the run trades.
        currency: The account's.
        found: Policies that are loaded already, by the name of their sleeve.

    Raises:
        PolicyNotLoaded: If a policy cannot be loaded.
        CannotRun: If a sleeve trades what is not in the data, is given another currency, or there is none.
    """
    if trial.config is not None:
        return _configured(trial, trial.config, instruments, currency, found or {})
    policy = (found or {}).get(trial.name)
    policy = policy or load_policy(trial.policy, trial.params, trial.folders)
    started = SleeveStarted(
        name=Owner(trial.name),
        policy=policy.reference,
        version=policy.version,
        account=ACCOUNT,
        symbols=tuple(instrument.id for instrument in instruments),
        capital=trial.capital,
        params=dict(trial.params),
    )
    return (TrialSleeve(started, policy),)


def version_of(sleeves: tuple[TrialSleeve, ...]) -> str:
    """Return the version of one sleeve's policy, or one hash over those of several."""
    versions = [sleeve.found.version for sleeve in sleeves]
    return versions[0] if len(versions) == 1 else sha256("".join(versions).encode()).hexdigest()


def symbols_of(config: Config) -> tuple[str, ...]:
    """Return what the sleeves of a configuration that are not off trade, each once."""
    running = (sleeve for sleeve in config.sleeves.values() if sleeve.run != "off")
    return tuple(dict.fromkeys(symbol for sleeve in running for symbol in sleeve.symbols))


def _configured(
    trial: Trial,
    config: Config,
    instruments: tuple[Instrument, ...],
    currency: str,
    loaded: Mapping[str, VersionedPolicy],
) -> tuple[TrialSleeve, ...]:
    made: list[TrialSleeve] = []
    for name, stanza in config.sleeves.items():
        if stanza.run == "off":
            continue
        found = loaded.get(name) or load_sleeve(name, stanza, instruments)
        started = sleeve_started(name, config, found, instruments)
        capital = _capital(name, stanza.capital, trial.capital, currency)
        made.append(
            TrialSleeve(msgspec.structs.replace(started, account=ACCOUNT, capital=capital), found)
        )
    if not made:
        raise CannotRun(f'{trial.policy} has no sleeve that is not off: run = "live"', 3)
    return tuple(made)


def _capital(name: str, capital: Money | Share, cash: Decimal, currency: str) -> Decimal:
    """Return a sleeve's capital: an amount as it is, a share of the account's cash."""
    if isinstance(capital, Share):
        return cash * capital.fraction
    if capital.currency != currency:
        raise CannotRun(
            f"sleeves.{name}.capital must be in {currency} as the account, was {capital.currency}",
            3,
        )
    return capital.amount
