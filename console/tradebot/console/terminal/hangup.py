"""The terminal goes away: end within two seconds, whatever the toolkit is doing.

Measured with Textual 8.2.8: a hangup ends the process with no clean-up, and where SIGHUP is ignored (nohup, some
service managers) the input thread reads end-of-file for ever at 100 % of a core. So the console handles SIGHUP
itself, polls its terminal, and has a last resort that does not need the event loop.
"""

import os
import select
import signal
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable

POLL_S = 0.25
GRACE_S = 1.0
"""For a clean end after the terminal has gone, before the process is ended hard."""
EXIT_CODE_HANGUP = 128 + signal.SIGHUP


def terminal_gone(fd: int) -> bool:
    """Return whether the terminal behind a descriptor has hung up; does not wait."""
    poll = select.poll()
    try:
        poll.register(fd, select.POLLIN)
        ready = poll.poll(0)
    except (OSError, ValueError):
        return True
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in ready)


class HangupWatch:
    """Call `leave` on the loop when a signal or the terminal says so; end the process if that does not work.

    Args:
        leave: Ends the console cleanly; called on the event loop with the reason, at most once.
        fd: The terminal's descriptor.
    """

    def __init__(self, leave: Callable[[str], None], fd: int) -> None:
        self._leave = leave
        self._fd = fd
        self._left = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="hangup-watch", daemon=True)
        self._loop: AbstractEventLoop | None = None

    def start(self, loop: AbstractEventLoop) -> None:
        """Begin to watch; to be called on the main thread, from the running loop."""
        self._loop = loop
        # Whoever started us with SIGHUP ignored (nohup) meant it; the terminal itself is still watched.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        loop.add_signal_handler(signal.SIGTERM, self._once, "terminated")
        loop.add_signal_handler(signal.SIGINT, self._once, "interrupted")
        self._thread.start()

    def stop(self) -> None:
        """Stop watching: the console has ended by itself."""
        self._stopped.set()

    def _once(self, reason: str) -> None:
        if not self._left.is_set():
            self._left.set()
            self._leave(reason)

    def _hang_up(self) -> None:
        self._once("hangup")
        threading.Thread(target=_last_resort, name="last-resort", daemon=True).start()

    def _watch(self) -> None:
        loop = self._loop
        while loop is not None and not self._stopped.wait(POLL_S):
            if terminal_gone(self._fd):
                loop.call_soon_threadsafe(self._once, "hangup")
                _last_resort()
                return


def _last_resort() -> None:
    """End the process without the loop, unless it ends by itself within the grace.

    The toolkit's own clean-up may never return: its writer thread dies on a terminal that is gone, and whoever
    then puts into its full queue waits for ever (seen).
    """
    threading.Event().wait(GRACE_S)
    os._exit(EXIT_CODE_HANGUP)
