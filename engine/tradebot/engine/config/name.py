"""Which engine a command means when nobody says; kept apart, since it must not wait for pydantic."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.owned import read_owned
from tradebot.engine.config.tree import Tree, is_tree
from tradebot.engine.home import home

FILE_NAME = "tradebot.toml"


def engine_name(environ: Mapping[str, str], folder: Path | None = None) -> str:
    """Return the name of the engine that a command addresses without `--name`.

    Reads one key and leaves the rest of the file unchecked: `kill` must work with a broken limit in it.

    Raises:
        ConfigError: If the file is open to others or not TOML.
    """
    given = environ.get("TRADEBOT_ENGINE__NAME")
    if given:
        return given
    path = (folder or home()) / FILE_NAME
    text = read_owned(path)
    section = None if text is None else parse_toml(path, text).get("engine")
    name = section.get("name", "main") if is_tree(section) else "main"
    return str(name)


def parse_toml(path: Path, text: str) -> Tree:
    """Return a TOML text as a tree, its fractions as decimals.

    Raises:
        ConfigError: If it is not TOML.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
