"""Reading the configuration: default < file < environment, each value with its origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from tradebot.engine.config import environment, locate
from tradebot.engine.config.defaults import engine_defaults, risk_defaults
from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.explain import first_problem
from tradebot.engine.config.models import MODES, Config
from tradebot.engine.config.name import FILE_NAME, parse_toml
from tradebot.engine.config.origins import Origins
from tradebot.engine.config.owned import read_owned
from tradebot.engine.config.settings import Setting, settings_of
from tradebot.engine.config.tree import Tree, is_tree
from tradebot.engine.core.types import Mode
from tradebot.engine.home import home


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checked configuration and where it came from."""

    config: Config
    file: Path | None
    """None: there is no file, all is default or environment."""
    tables: Tree = field(repr=False)
    """What the file and the environment say, before the check and without defaults."""
    settings: tuple[Setting, ...]


def load(environ: Mapping[str, str], folder: Path | None = None) -> Loaded:
    """Return the configuration of a home folder.

    Args:
        environ: The process's environment.
        folder: Where `tradebot.toml` is; None: TRADEBOT_HOME.

    Raises:
        ConfigError: If the file is open to others, not TOML, or a key or value is not known.
    """
    return load_file((folder or home()) / FILE_NAME, environ)


def load_file(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Return the configuration of a file, whatever it is called.

    Raises:
        ConfigError: As `load`.
    """
    text = read_owned(path)
    file = {} if text is None else parse_toml(path, text)
    found = environment.overrides(environ, file)
    merged = environment.merge(file, found)
    origins = Origins(path, locate.locate_keys(text or ""), file, found, _mode(merged))
    config = _checked(merged, origins)
    return Loaded(
        config=config,
        file=None if text is None else path,
        tables=merged,
        settings=settings_of(config, origins),
    )


def config_of(tables: Tree, path: Path) -> Config:
    """Return the configuration that tables say; `path` is where they are from, for what is said of a wrong one.

    Raises:
        ConfigError: If a key or value is not known.
    """
    return _checked(tables, Origins(path, {}, tables, {}, _mode(tables)))


def _checked(merged: Tree, origins: Origins) -> Config:
    try:
        return Config.model_validate(_complete(merged, _mode(merged)))
    except ValidationError as error:
        raise ConfigError(first_problem(error, origins)) from error


def _mode(merged: Tree) -> Mode:
    """Return the mode as far as it can be told before the check: it chooses the defaults."""
    engine = merged.get("engine")
    mode = engine.get("mode") if is_tree(engine) else None
    for known in MODES:
        if known == mode:
            return known
    return "sandbox"


def _complete(merged: Tree, mode: Mode) -> Tree:
    """Return the tree with every section there and the mode's own defaults below what is given."""
    sections: Tree = {name: {} for name in Config.model_fields}
    complete = sections | merged
    for name, defaults in (("engine", engine_defaults(mode)), ("risk", risk_defaults(mode))):
        given = complete[name]
        if is_tree(given):
            complete[name] = defaults | given
    return complete
