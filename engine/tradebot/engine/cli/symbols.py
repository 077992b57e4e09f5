"""From what a person types to an instrument: `BTCUSDT` where only one engine's instrument can be meant."""

from collections.abc import Sequence
from difflib import get_close_matches

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.control.client import ControlClient


def resolve(client: ControlClient, text: str) -> str:
    """Return the instrument of an engine that a text means.

    Raises:
        CommandFailed: If none or several can be meant; names the candidates.
    """
    return match(text, [feed.name for feed in client.status().feeds])


def match(text: str, instruments: Sequence[str]) -> str:
    """Return the one instrument that a text means: the whole id, or the symbol after the colon.

    Raises:
        CommandFailed: If none or several can be meant; names the candidates.
    """
    if text in instruments:
        return text
    wanted = text.casefold()
    found = [name for name in instruments if wanted in {name.casefold(), symbol(name).casefold()}]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandFailed(f"{text!r} may be {' or '.join(found)}; write the whole id", USAGE)
    names = [*instruments, *map(symbol, instruments)]
    near = {
        name
        for word in get_close_matches(text.upper(), names, n=3)
        for name in instruments
        if word in {name, symbol(name)}
    }
    candidates = sorted(near) or list(instruments)
    listed = ", ".join(candidates) or "none"
    raise CommandFailed(f"no instrument {text!r} in this engine; candidates: {listed}", USAGE)


def symbol(instrument: str) -> str:
    """Return the part after the colon."""
    return instrument.partition(":")[2]
