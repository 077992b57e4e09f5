"""Which versions a sleeve has run, from the journal: what a rollback goes back to."""

from collections.abc import Iterable

import msgspec

from tradebot.engine.core.events import EngineStarted, SleeveChanged
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import Owner
from tradebot.engine.journal.store import Journal

KINDS = ("engine-started", "sleeve-changed")
"""Kinds of rows that tell of versions."""


def rolled_back(sleeve: Owner) -> str:
    """Return where a journal notes which version a sleeve was taken back from; empty there: from none."""
    return f"rolled-back:{sleeve}"


class RanVersion(msgspec.Struct, frozen=True):
    """A version that a sleeve has run."""

    started: SleeveStarted
    since: int
    """The engine's time, ns UTC."""
    what: str
    """`engine start`, `start`, `reload` or `rollback`."""


def versions_of(journal: Journal, sleeve: Owner) -> list[RanVersion]:
    """Return the versions of a sleeve, oldest first; what a rollback went back from is not among them.

    Raises:
        JournalError: If the journal cannot be read.
    """
    events = ((row.now, journal.decode_event(row)) for row in journal.rows_of(KINDS))
    told = ((now, one) for now, one in events if isinstance(one, EngineStarted | SleeveChanged))
    return stack(told, sleeve)


def stack(
    events: Iterable[tuple[int, EngineStarted | SleeveChanged]], sleeve: Owner
) -> list[RanVersion]:
    """Return the versions that follow from the events of a history, oldest first.

    Args:
        events: Time and event, in order.
        sleeve: Whose.
    """
    ran: list[RanVersion] = []
    for now, event in events:
        if isinstance(event, EngineStarted):
            terms, what = {one.name: one for one in event.sleeves}.get(sleeve), "engine start"
        else:
            terms, what = event.started, event.what
        if terms is None or terms.name != sleeve:
            continue
        if what == "rollback" and len(ran) > 1 and ran[-2].started.version == terms.version:
            ran.pop()
        elif not ran or ran[-1].started.version != terms.version:
            ran.append(RanVersion(terms, now, what))
    return ran
