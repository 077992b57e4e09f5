"""sd_notify(3): one datagram a word to `$NOTIFY_SOCKET`."""

import os
import socket
from collections.abc import Mapping

WATCHDOG_SHARE = 2
"""Pings come this often within the watchdog's time, as sd_watchdog_enabled(3) advises."""


class Notifier:
    """Says how the service is; without a socket it says nothing."""

    def __init__(self, environ: Mapping[str, str], pid: int) -> None:
        """Open the way to systemd if it started this process with one.

        Args:
            environ: NOTIFY_SOCKET (a path, or `@name` in Linux's abstract space), WATCHDOG_USEC, WATCHDOG_PID.
            pid: Of this process.
        """
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address.startswith(("/", "@")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)  # noqa: FBT003  (the socket's own API)
        ours = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_ns: int | None = None
        """Longest silence before systemd ends this process; None: it does not watch."""
        if self._socket is not None and ours and usec.isdigit() and int(usec) > 0:
            self.watchdog_ns = int(usec) * 1000

    def say(self, *words: str) -> bool:
        """Send words such as `READY=1`; return whether they were taken. Never waits, never fails."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto("\n".join(words).encode(), self._address)
        except OSError:
            return (
                False  # systemd is being restarted, or its queue is full: the next word comes soon
            )
        return True

    def close(self) -> None:
        """Let the socket go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def of_this_process() -> Notifier:
    """Return the notifier of this process, its variables taken out of the environment."""
    made = Notifier(os.environ, os.getpid())
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        os.environ.pop(name, None)
    return made
