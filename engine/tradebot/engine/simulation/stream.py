"""An account's private stream: numbered words that may be lost, doubled, late, out of order, or not come at all."""

from collections.abc import Callable

from tradebot.engine.core.events import ConnectionEvent, StreamChanged, VenueEvent
from tradebot.engine.core.types import MS, SECOND, AccountName
from tradebot.engine.simulation.faults import Faults

LATENCY = 4 * MS
"""From the venue to the engine, at least."""

NOTICED_AFTER = 2 * SECOND
"""How long an adapter takes to notice a stream that is connected and dead, or a number that is missing."""


class Stream:
    """What one account's adapter hears, and what it tells the engine of the connection.

    Args of the constructor:
        account: Whose words they are.
        faults: What of them strikes.
        deliver: Called with an event for the engine and its delay in ns.
        later: Called with a delay in ns and what shall happen then.
    """

    def __init__(
        self,
        account: AccountName,
        faults: Faults,
        *,
        deliver: Callable[[VenueEvent | ConnectionEvent, int], None],
        later: Callable[[int, Callable[[], None]], None],
    ) -> None:
        self._account = account
        self._faults = faults
        self._deliver = deliver
        self._later = later
        self._up = True
        self._muted = False
        self._noticing = False
        self.said = 0
        """Words told, heard or not."""

    @property
    def sick(self) -> bool:
        """Return whether words are being lost, or were and nobody has noticed."""
        return not self._up or self._muted or self._noticing

    def say(self, event: VenueEvent) -> None:
        """Tell the engine, if the stream lets it through."""
        self.said += 1
        faults = self._faults
        if not self._up or self._muted:
            return
        if faults.strike("disconnect"):
            self.break_off("connection reset")
            return
        if faults.strike("mute"):
            self._muted = True
            self._notice("nothing heard")
            return
        if faults.strike("drop"):
            self._notice(f"number {self.said} is missing")
            return
        delay = LATENCY
        if faults.strike("delay"):
            delay += faults.between(200, 3_000) * MS
        elif faults.strike("reorder"):
            delay += faults.between(5, 60) * MS
        self._deliver(event, delay)
        if faults.strike("duplicate"):
            self._deliver(event, delay + faults.between(1, 1_500) * MS)

    def _notice(self, reason: str) -> None:
        """Let the adapter see, a little later, that it must connect anew."""
        if self._noticing:
            return
        self._noticing = True
        self._later(NOTICED_AFTER, lambda: self.break_off(reason))

    def break_off(self, reason: str) -> None:
        """Go down, tell so, and connect anew after a while."""
        self._noticing = False
        if not self._up:
            return
        self._up = False
        self._deliver(StreamChanged(account=self._account, state="down", reason=reason), LATENCY)
        self._later(self._faults.between(100, 2_500) * MS, self.connect)

    def connect(self) -> None:
        """Come up, and tell so: what was missed is for the engine to ask for."""
        self._up, self._muted, self._noticing = True, False, False
        self._deliver(StreamChanged(account=self._account, state="up"), LATENCY)

    def mend(self) -> None:
        """Go down and come up at once: what was lost is known to be lost from now on."""
        if self._up:
            self._noticing = False
            self._up = False
            down = StreamChanged(account=self._account, state="down", reason="mended")
            self._deliver(down, LATENCY)
        self.connect()
