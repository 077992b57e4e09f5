"""Whether the console can run here at all."""

import os
import sys


def unfit_terminal() -> str | None:
    """Return why this terminal cannot show the console and what to do instead, or None."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the console needs a terminal, and this is none: try `tradebot status --plain`"
    if os.environ.get("TERM", "") in ("", "dumb"):
        name = os.environ.get("TERM") or "not set"
        return f"the console needs a terminal that can draw, TERM is {name}: try `tradebot status --plain`"
    return None
