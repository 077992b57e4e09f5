"""When a market that does not trade around the clock is open: sessions as instants, told with each start."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from tradebot.data.instruments import InstrumentId

type Sessions = Sequence[tuple[int, int]]
"""(open, close), ns UTC, oldest first, none overlapping another."""


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions of some instruments."""

    calendar: str
    """Whose sessions they are: `XNYS`."""
    instruments: tuple[InstrumentId, ...]
    sessions: tuple[tuple[int, int], ...]


def is_open(sessions: Sessions, now: int) -> bool:
    """Return whether an instant lies in a session; before the first and after the last nothing is known: open."""
    if not sessions or now < sessions[0][0] or now >= sessions[-1][1]:
        return True
    return now < sessions[_before(sessions, now)][1]


def opens_after(sessions: Sessions, now: int) -> int | None:
    """Return when the next session begins, ns UTC; None where none is known."""
    following = _before(sessions, now) + 1
    return sessions[following][0] if following < len(sessions) else None


def closes_after(sessions: Sessions, now: int) -> int | None:
    """Return when the session that is on ends, ns UTC; None where none is on or none is known."""
    at = _before(sessions, now)
    return sessions[at][1] if at >= 0 and now < sessions[at][1] else None


def _before(sessions: Sessions, now: int) -> int:
    return bisect_right(sessions, now, key=lambda session: session[0]) - 1
