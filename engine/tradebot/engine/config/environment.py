"""Overrides from the environment: `TRADEBOT_SECTION__KEY=value`."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal

from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.tree import KeyPath, Tree, is_tree

PREFIX = "TRADEBOT_"


def overrides(environ: Mapping[str, str], file: Tree) -> dict[KeyPath, tuple[str, object]]:
    """Return each overridden key with the variable that says so and its value.

    A name of the file that has hyphens (`[sleeves.trend-btc]`) is met by underscores
    (`TRADEBOT_SLEEVES__TREND_BTC__RUN`). A value in brackets, braces or quotes is TOML; anything else is text, which
    the sections turn into what they want.

    Raises:
        ConfigError: If a value in brackets is not TOML.
    """
    found: dict[KeyPath, tuple[str, object]] = {}
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and "__" in variable[len(PREFIX) :]:
            parts = [part.lower() for part in variable[len(PREFIX) :].split("__")]
            path = _named(tuple(parts), file)
            found[path] = (variable, _value(variable, environ[variable], path))
    return found


def merge(file: Tree, found: dict[KeyPath, tuple[str, object]]) -> Tree:
    """Return the file's tree with the overrides laid over it; the file's own tree stays.

    Raises:
        ConfigError: If an override goes through a value that is no table.
    """
    merged = _copied(file)
    for path, (variable, value) in found.items():
        table = merged
        for part in path[:-1]:
            inner = table.setdefault(part, {})
            if not is_tree(inner):
                raise ConfigError(f"{variable}: {part} is a value, not a table")
            table = inner
        table[path[-1]] = value
    return merged


def _copied(tree: Tree) -> Tree:
    return {key: _copied(value) if is_tree(value) else value for key, value in tree.items()}


def _named(parts: KeyPath, file: Tree) -> KeyPath:
    """Return the path in the spelling of the file where the file has it."""
    path: list[str] = []
    table: object = file
    for part in parts:
        names = list(table) if is_tree(table) else []
        same = [name for name in names if name.lower().replace("-", "_") == part]
        name = same[0] if same else part
        path.append(name)
        table = table.get(name) if is_tree(table) else None
    return tuple(path)


def _value(variable: str, text: str, path: KeyPath) -> object:
    """Return the value; under `params` a bare word is read as TOML too, since its types are a policy's own."""
    bare = not text.startswith(("[", "{", '"'))
    if bare and "params" not in path:
        return text
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError as error:
        if bare:
            return text
        # Where alerts go is secret; there nothing of the value is repeated.
        was = "" if path[0] == "alerts" else f", was {text!r}: {error}"
        raise ConfigError(f"{variable} must be TOML when it begins so{was}") from error
