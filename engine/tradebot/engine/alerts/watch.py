"""What only the passing of time shows: a silent market, a position that stays without a stop."""

from tradebot.engine.alerts.notices import Notice, engine_stops, quantity
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.live.protection import protections

UNPROTECTED_AFTER = 10 * SECOND
"""A position may be without its stop this long: the order that protects it is on its way."""

type Holding = tuple[str, str, str]
"""Account, instrument, owner."""


class Watch:
    """Looks at the engine now and then; `now` is the machine's monotonic clock in ns."""

    def __init__(self, quiet_minutes: int) -> None:
        """Begin to watch.

        Args:
            quiet_minutes: Minutes without a word from any market before it is told, > 0.
        """
        self._quiet_ns = quiet_minutes * MINUTE
        self._quiet_minutes = quiet_minutes
        self._heard: int | None = None
        self._newest: int | None = None
        self._silent = False
        self._bare_since: dict[Holding, int] = {}
        self._told: set[Holding] = set()
        self._consoles = 0

    def look(self, state: State, now: int, consoles: int) -> list[Notice]:
        """Return what has become worth telling since the last look.

        Args:
            state: The kernel's memory.
            now: The machine's monotonic clock, ns.
            consoles: How many are attached.
        """
        found = self._silence(state, now) + self._unprotected(state, now)
        if self._consoles and not consoles:
            found += engine_stops(state, "the last console has left")
        self._consoles = consoles
        return found

    def _silence(self, state: State, now: int) -> list[Notice]:
        markets = state.market.all()
        newest = max((one.updated for one in markets if one.updated is not None), default=None)
        if self._heard is None or newest != self._newest:
            self._heard, self._newest = now, newest
            spoke_again = self._silent
            self._silent = False
            if spoke_again:
                return [Notice(kind="silence", level="info", text="the market speaks again")]
            return []
        ended = all(one.connection == "ended" for one in markets)
        if self._silent or ended or now - self._heard < self._quiet_ns:
            return []
        self._silent = True
        text = f"nothing heard from any market for {self._quiet_minutes} minutes"
        return [Notice(kind="silence", level="error", text=text)]

    def _unprotected(self, state: State, now: int) -> list[Notice]:
        bare = dict(_unprotected(state))
        self._bare_since = {holding: self._bare_since.get(holding, now) for holding in bare}
        self._told &= set(bare)
        found: list[Notice] = []
        for holding, units in bare.items():
            if holding in self._told or now - self._bare_since[holding] < UNPROTECTED_AFTER:
                continue
            self._told.add(holding)
            _, symbol, owner = holding
            text = f"{owner} holds {quantity(state, symbol, units)} {symbol} without a stop"
            found.append(Notice(kind="unprotected", level="warn", text=text))
        return found


def unprotected_text(state: State) -> str:
    """Return what has no stop at a broker when the engine ends, as the tail of a sentence; may be empty."""
    bare = [
        f"{quantity(state, symbol, units)} {symbol} ({owner})"
        for (_, symbol, owner), units, place in protections(state)
        if place != "broker"
    ]
    return f"; without a stop at a broker: {', '.join(bare)}" if bare else ""


def _unprotected(state: State) -> list[tuple[Holding, int]]:
    """Return positions that no stop covers in full, wherever it lives, with their signed units."""
    return [(holding, units) for holding, units, place in protections(state) if place is None]
