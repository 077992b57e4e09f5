"""The effective configuration, value by value."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel

from tradebot.engine.config.models import Config
from tradebot.engine.config.origins import Origins
from tradebot.engine.config.tree import KeyPath, is_items, is_tree
from tradebot.engine.config.values import percent_text

NOT_SET = "not set"
"""Value of a setting nobody made and that has no default; `--json` says null."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value."""

    key: str
    """Dotted: `risk.max_order`."""
    value: str
    origin: str
    """`default`, `default for live`, `FILE:LINE`, or the variable's name."""


def settings_of(config: Config, origins: Origins) -> tuple[Setting, ...]:
    """Return every effective value in the order of the sections, with its origin."""
    return tuple(
        Setting(".".join(key), value, origins.of(key)) for key, value in _flatten(config, ())
    )


def _flatten(model: BaseModel, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield every effective value with its key, in the order of the sections."""
    for name in type(model).model_fields:
        yield from _leaves(getattr(model, name), (*path, name))


def _leaves(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, BaseModel):
        yield from _flatten(value, path)
    elif is_tree(value):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    else:
        yield path, value_text(value, path)


def value_text(value: object, path: KeyPath) -> str:
    """Return a value as the configuration writes it."""
    if value is None:
        return "off" if path[-1] in {"day_loss", "drawdown"} and path[0] == "risk" else NOT_SET
    if isinstance(value, Decimal) and path[-2] != "params":
        return percent_text(value)
    if is_items(value):
        return ", ".join(str(part) for part in value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
