"""A dead-man's switch outside: an address that is asked once a minute while the engine's loop turns."""

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
import structlog

from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.secret import Secret

EVERY_S = 60.0
TIMEOUT_S = 10.0

STUCK_AFTER = MINUTE
"""A loop that has not turned for longer gets no heartbeat: that is what the switch is for, ns."""

TELL_EVERY = 10 * MINUTE
"""A failure that lasts is logged this often, ns."""

log = structlog.get_logger()


class Pulse(msgspec.Struct, frozen=True):
    """What the engine's loop says of itself at each turn."""

    turned: int
    """Monotonic clock, ns."""
    state: str
    """Trading state."""
    seq: int


class Heartbeat:
    """Asks the address from a thread of its own."""

    def __init__(
        self,
        url: Secret,
        pulse: Callable[[], Pulse],
        monotonic: Callable[[], int],
        every_s: float = EVERY_S,
    ) -> None:
        """Prepare.

        Args:
            url: Asked by GET with `state`, `seq` appended; https, or http on this machine.
            pulse: Returns the newest word of the loop.
            monotonic: Monotonic clock, ns.
            every_s: Seconds between two.
        """
        self._url = url
        self._pulse = pulse
        self._monotonic = monotonic
        self._every_s = every_s
        self._ending = threading.Event()
        self._told: int | None = None
        self._thread = threading.Thread(target=self._run, name="tradebot-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; a request on its way is not waited for."""
        self._ending.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            problem = self._beat()
            self._tell(problem)
            self._ending.wait(self._every_s)

    def _beat(self) -> str | None:
        """Ask once; return what went wrong."""
        import httpx

        pulse = self._pulse()
        still = self._monotonic() - pulse.turned
        if still > STUCK_AFTER:
            return f"the loop has not turned for {still / SECOND:.0f} s, so none was sent"
        try:
            answer = httpx.get(
                self._url.reveal(),
                params=_params(self._url.reveal(), pulse),
                timeout=TIMEOUT_S,
            )
        except httpx.HTTPError as error:
            return type(error).__name__  # its text may hold the address
        return None if answer.is_success else f"HTTP {answer.status_code}"

    def _tell(self, problem: str | None) -> None:
        now = self._monotonic()
        if problem is None:
            if self._told is not None:
                log.info("heartbeat sent again")
            self._told = None
        elif self._told is None or now - self._told >= TELL_EVERY:
            self._told = now
            log.warning("heartbeat not sent", why=problem)


def _params(url: str, pulse: Pulse) -> tuple[tuple[str, str], ...]:
    """Return the address's own query with the engine's state: httpx would drop the former."""
    from urllib.parse import parse_qsl

    own = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return (*own, ("state", pulse.state), ("seq", str(pulse.seq)))
