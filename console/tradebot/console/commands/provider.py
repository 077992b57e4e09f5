"""The palette: commands that are typed out, and those that are chosen from the list."""

from collections.abc import Callable
from typing import Protocol, override, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tradebot.console.commands.words import (
    Command,
    DrillWords,
    NotUnderstood,
    OrderWords,
    ReasonWords,
)
from tradebot.console.figures import symbol_of
from tradebot.console.keys import KEYS
from tradebot.console.themes import THEMES
from tradebot.engine.drills.result import DRILLS

LISTED_FIRST = (
    "buy QTY SYMBOL @ PRICE stop PRICE",
    "sell QTY SYMBOL @ PRICE",
    "halt REASON",
    "resume REASON",
)
"""Shapes shown before anything is typed; choosing one says how it goes on."""


@runtime_checkable
class PaletteHost(Protocol):
    """What the palette needs of the application."""

    def read_command(self, text: str) -> Command | None:
        """Return what words mean; raises NotUnderstood."""
        ...

    def do_command(self, command: Command) -> None:
        """Do what was meant, or open the question that comes before it."""
        ...

    def do_action(self, action: str) -> None:
        """Do what a key does."""
        ...

    def choose_theme(self, name: str) -> None:
        """Change the colours."""
        ...

    def explain(self, text: str) -> None:
        """Say how a command is written."""
        ...

    def watched(self) -> list[str]:
        """Return the instruments of the watch list."""
        ...


class CommandProvider(Provider):
    """Typed commands first, then every key's action, symbols and themes by fuzzy match."""

    @override
    async def search(self, query: str) -> Hits:
        host = self._host()
        try:
            command = host.read_command(query)
        except NotUnderstood as error:
            yield Hit(
                1.0, str(error), _explainer(host, str(error)), text=query, help="not understood"
            )
            return
        if command is not None:
            yield Hit(
                1.0,
                command_words(command),
                lambda: host.do_command(command),
                text=query,
                help="opens the review, sends nothing" if isinstance(command, OrderWords) else None,
            )
            return
        matcher = self.matcher(query)
        for text, callback, words in self._listed(host):
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), callback, text=text, help=words)

    @override
    async def discover(self) -> Hits:
        for text, callback, words in self._listed(self._host()):
            yield DiscoveryHit(text, callback, text=text, help=words)

    def _host(self) -> PaletteHost:
        app = self.app
        if not isinstance(app, PaletteHost):
            raise TypeError(f"the palette needs the console's application, was {app!r}")
        return app

    def _listed(self, host: PaletteHost) -> list[tuple[str, Callable[[], None], str]]:
        """Return what the list offers: text, what it does, help."""
        listed = [(shape, _explainer(host, shape), "type it") for shape in LISTED_FIRST]
        seen: set[str] = set()
        for key in KEYS:
            if (key.help not in seen and key.group != "always") or key.id in (
                "help",
                "history",
                "quit",
                "freeze",
            ):
                seen.add(key.help)
                listed.append((f"{key.label} ({key.shown})", _doer(host, key.action), key.help))
        listed += [
            (f"trade {symbol_of(name)}", _reader(host, f"trade {name}"), "show this symbol")
            for name in host.watched()
        ]
        listed += [
            (f"drill {name}", _reader(host, f"drill {name}"), words)
            for name, words in DRILLS.items()
        ]
        listed += [(f"theme {t.name}", _themer(host, t.name), "colours") for t in THEMES]
        return listed


def command_words(command: Command) -> str:
    """Return a command as it was understood."""
    if isinstance(command, OrderWords):
        at = "at the touch" if command.price is None else f"@ {command.price}"
        at += "" if command.stop is None else f" stop {command.stop}"
        return f"{command.side.upper()} {command.quantity} {symbol_of(command.instrument)} {at}: review"
    if isinstance(command, DrillWords):
        return f"drill {command.name}: {DRILLS[command.name]}"
    if isinstance(command, ReasonWords):
        return f"{command.verb}: {command.reason}"
    return (
        f"{command.verb} {'all' if command.instrument is None else symbol_of(command.instrument)}"
    )


def _doer(host: PaletteHost, action: str) -> Callable[[], None]:
    return lambda: host.do_action(action)


def _explainer(host: PaletteHost, text: str) -> Callable[[], None]:
    return lambda: host.explain(text)


def _themer(host: PaletteHost, name: str) -> Callable[[], None]:
    return lambda: host.choose_theme(name)


def _reader(host: PaletteHost, text: str) -> Callable[[], None]:
    def do() -> None:
        command = host.read_command(text)
        if command is not None:
            host.do_command(command)

    return do
