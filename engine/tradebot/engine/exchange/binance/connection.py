"""What all web sockets of the face have in common: they are pinged, they end after a day, faults strike them."""

import itertools

from tradebot.engine.exchange.face import Floor, Line, Link

_S = 1_000_000_000
_PING = 20 * _S
_DAY = 86_400 * _S


class Connection:
    """A web socket from the venue's side."""

    kind = "market"
    """`user` for the web-socket API."""

    def __init__(self, floor: Floor, link: Link, unit: int) -> None:
        self.line = Line(link, floor, "binance")
        self.unit = unit
        now = floor.exchange.clock.now()
        self._ends = now + _DAY
        self._pings = itertools.count(now + _PING, _PING)
        self._ping_at = next(self._pings)
        self._close_at: int | None = None

    def advance(self, now: int) -> None:
        """Ping, or close, when it is time."""
        if now >= self._ends or (self._close_at is not None and now >= self._close_at):
            self.line.close(1001, "")
            return
        while self._ping_at <= now:
            self.line.ping()
            self._ping_at = next(self._pings)

    def shut_down(self, now: int, seconds: int) -> None:
        """Tell that the server goes, and go after so many ns."""
        self.line.send(self.shutdown_frame(now))
        self._close_at = now + seconds

    def shutdown_frame(self, now: int) -> str:
        """Return how the server says that it goes."""
        return f'{{"e":"serverShutdown","E":{now // self.unit}}}'
