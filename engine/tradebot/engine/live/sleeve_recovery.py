"""Which code a start takes up: sleeves that a word started though the file has them off, and what was gone back to."""

import msgspec
import structlog

from tradebot.data.instruments import Instrument
from tradebot.engine.config.models import Config
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.state import State
from tradebot.engine.core.types import Owner
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.loaded_sleeves import LoadedSleeves
from tradebot.engine.live.sleeve_start import load_sleeve, sleeve_started
from tradebot.engine.live.sleeve_versions import rolled_back
from tradebot.engine.policy_source.load import load_recorded

log = structlog.get_logger()


def sleeves_of_start(
    config: Config,
    state: State,
    journal: Journal,
    loaded: LoadedSleeves,
    instruments: tuple[Instrument, ...],
) -> tuple[SleeveStarted, ...]:
    """Return the sleeves as the kernel is told of them at a start, their code in place.

    Args:
        config: The configuration.
        state: The kernel's, recovered.
        journal: Holds the source of earlier versions.
        loaded: The code of the sleeves that the configuration lets run; what is missing is put into it.
        instruments: What the engine trades.

    Raises:
        CannotRun: If a sleeve that is to run cannot.
        PolicyNotLoaded: If its code cannot be loaded.
    """
    found: list[SleeveStarted] = []
    for text, stanza in config.sleeves.items():
        name = Owner(text)
        known = state.sleeves.get(name)
        if loaded.get(name) is None and known is not None:
            # The file has it off; a word has started it since, or closes what it holds.
            if known.asked:
                loaded.swap(name, load_sleeve(text, stanza, instruments))
            elif known.exiting is not None:
                found.append(known.started)
        policy = loaded.get(name)
        if policy is None:
            continue
        started = sleeve_started(text, config, policy, instruments)
        if known is not None and journal.meta.get(rolled_back(name)) == policy.version:
            started = _gone_back_to(started, known.started, journal, loaded)
        running = loaded.get(name) or policy
        journal.add_source(running.version, running.source)
        found.append(started)
    return tuple(found)


def _gone_back_to(
    disk: SleeveStarted, held: SleeveStarted, journal: Journal, loaded: LoadedSleeves
) -> SleeveStarted:
    """Return the terms with the version that a rollback went back to, its code in place."""
    source = journal.source(held.version)
    if source is None or held.version == disk.version:
        return disk
    policy = load_recorded(held.policy, held.params, source)
    if policy.version != held.version:
        log.warning("rollback not kept", sleeve=held.name, version=held.version, now=policy.version)
        return disk
    loaded.swap(held.name, policy)
    return msgspec.structs.replace(
        disk, policy=held.policy, version=held.version, params=held.params
    )
