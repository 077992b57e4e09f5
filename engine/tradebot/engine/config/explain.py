"""What pydantic found wrong, as one line: where, which key, what, and the nearest known name."""

from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

from tradebot.engine.config.models import (
    SECTIONS,
    AccountConfig,
    Config,
    OrderRate,
    SleeveConfig,
    SleeveLimits,
)
from tradebot.engine.config.origins import Origins
from tradebot.engine.config.tree import KeyPath
from tradebot.engine.config.values import shown


def first_problem(error: ValidationError, origins: Origins) -> str:
    """Return the first thing wrong in one line."""
    found = error.errors(include_url=False)
    # A misspelt key first: it explains the one that is missing.
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    path = tuple(str(part) for part in first["loc"] if not _is_noise(str(part)))
    key = ".".join(path) or "configuration"
    spoken = path[:-1] if first["type"] == "missing" else path
    where = origins.of(spoken) if spoken else str(origins.path)
    more = len(found) - 1
    tail = f" (and {more} more)" if more else ""
    if first["type"] == "extra_forbidden":
        return f"{where}: unknown key {key}; {_nearest(path)}{tail}"
    if first["type"] == "missing":
        return f"{where}: {key} is missing; it has no default{tail}"
    message = " ".join(first["msg"].removeprefix("Value error, ").split())
    if first["type"] == "value_error":
        return f"{where}: {key}: {message}{tail}"
    return f"{where}: {key}: {message}, was {shown(first['input'])}{tail}"


def _is_noise(part: str) -> bool:
    """Return whether a part of pydantic's location is the name of a validator, not of a key."""
    return "[" in part or part in {"bool", "int", "str", "decimal", "tuple"}


def _nearest(path: KeyPath) -> str:
    known = known_keys(path[:-1])
    near = get_close_matches(path[-1], known, n=1, cutoff=0.5)
    listed = ", ".join(sorted(known))
    return f"did you mean {near[0]}?" if near else f"known: {listed}"


def known_keys(path: KeyPath) -> list[str]:
    """Return the keys a table may hold; empty where names are free."""
    model: type[BaseModel] | None = None
    match path:
        case ():
            model = Config
        case ("accounts", _):
            model = AccountConfig
        case ("sleeves", _):
            model = SleeveConfig
        case ("sleeves", _, "limits"):
            model = SleeveLimits
        case ("risk", "orders_per_minute"):
            model = OrderRate
        case (section,):
            model = SECTIONS.get(section)
        case _:
            model = None
    return [] if model is None else list(model.model_fields)
