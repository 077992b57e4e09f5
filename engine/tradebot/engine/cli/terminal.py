"""The terminal a person types at, by a name that the engine can watch."""

import os
import sys


def this_terminal() -> str | None:
    """Return the terminal this program is typed at, so that the engine can see it go; None without one."""
    try:
        path = os.ttyname(sys.stdin.fileno())
    except (OSError, ValueError):
        return None
    return f"tty:{path}:{os.getsid(0)}"
