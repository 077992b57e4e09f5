"""How the console looks: from `[console]` of tradebot.toml and the environment."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Literal

import msgspec

from tradebot.console.glyphs import ALPHABETS, Glyphs
from tradebot.console.themes import DEFAULT_THEME
from tradebot.engine.home import home

PREFIX = "TRADEBOT_CONSOLE__"


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the trader may choose of the looks."""

    theme: str = DEFAULT_THEME
    glyphs: Literal["auto", "block", "ascii"] = "auto"
    show_times: Literal["local", "utc", "exchange"] = "local"
    """`exchange` is shown as UTC until instruments say their zone."""


def load_settings(environ: Mapping[str, str]) -> ConsoleSettings:
    """Return the settings; the checked configuration is only read where there is something in it.

    Reading it costs 100 ms of imports, a quarter of the budget of the first paint.
    """
    chosen = any(name.startswith(PREFIX) for name in environ)
    if not chosen and not (home() / "tradebot.toml").exists():
        return ConsoleSettings()
    from tradebot.engine.config.load import load

    console = load(environ).config.console
    return ConsoleSettings(
        theme=console.theme, glyphs=console.glyphs, show_times=console.show_times
    )


def glyphs_for(settings: ConsoleSettings, environ: Mapping[str, str]) -> Glyphs:
    """Return the alphabet: chosen, or the one the terminal and the locale can draw."""
    if settings.glyphs != "auto":
        return ALPHABETS[settings.glyphs]
    encoding = next((environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(n)), "")
    bare = environ.get("TERM") == "linux" or encoding in ("C", "POSIX")
    return ALPHABETS["ascii" if bare else "block"]


def zone_for(settings: ConsoleSettings) -> tzinfo:
    """Return the zone times are shown in."""
    if settings.show_times != "local":
        return UTC
    return datetime.fromtimestamp(0, UTC).astimezone().tzinfo or UTC


def settings_of_process() -> ConsoleSettings:
    """Return the settings of this process."""
    return load_settings(os.environ)
