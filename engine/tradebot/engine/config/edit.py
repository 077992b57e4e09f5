"""Small changes to tradebot.toml as text, so that its comments stay."""

import re
import tomllib
from collections.abc import Mapping

from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.tree import Tree, is_tree

type Value = str | int | tuple[str, ...]
"""What a key of a new table may be."""

_HEADER = re.compile(r"\s*\[")


def with_account(text: str, name: str, values: Mapping[str, Value]) -> str:
    """Return a configuration's text with one more table `[accounts.NAME]`, at its end.

    Args:
        text: TOML.
        name: Of the account; TOML needs no quotes around it unless it holds a dot.
        values: Of the table, in the order they are to stand.

    Raises:
        ConfigError: If there is such an account already, or the text cannot be changed safely.
    """
    return _with_table(text, "accounts", name, values)


def with_sleeve(text: str, name: str, values: Mapping[str, Value]) -> str:
    """Return a configuration's text with one more table `[sleeves.NAME]`; as `with_account`.

    Raises:
        ConfigError: If there is such a sleeve already, or the text cannot be changed safely.
    """
    return _with_table(text, "sleeves", name, values)


def _with_table(text: str, group: str, name: str, values: Mapping[str, Value]) -> str:
    before: Tree = tomllib.loads(text)
    if name in _named(before, group):
        raise ConfigError(
            f"{group.removesuffix('s')} {name!r} is there already: remove it first, or edit tradebot.toml"
        )
    header = _header(group, name)
    lines = [header, *(f"{key} = {_literal(value)}" for key, value in values.items())]
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    changed = text + gap + "\n".join(lines) + "\n"
    tables = _named(tomllib.loads(text), group)
    tables[name] = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
    wanted: Tree = {**before, group: tables}
    return _checked(changed, wanted, f"add {header}")


def without_account(text: str, name: str) -> str:
    """Return a configuration's text without the table `[accounts.NAME]`; comments above other tables stay.

    Raises:
        ConfigError: If there is no such account, or the text cannot be changed safely.
    """
    before: Tree = tomllib.loads(text)
    accounts = _named(before, "accounts")
    if name not in accounts:
        known = ", ".join(sorted(accounts)) or "none"
        raise ConfigError(f"there is no account {name!r} in tradebot.toml; known: {known}")
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if _is_header_of(line, name)]
    if len(starts) != 1:
        raise _by_hand(f"remove account {name!r}")
    start = starts[0]
    following = (n for n in range(start + 1, len(lines)) if _HEADER.match(lines[n]))
    end = next(following, len(lines))
    # Comments and blank lines directly above the next table are that table's.
    while end < len(lines) and end > start + 1 and _is_comment_or_blank(lines[end - 1]):
        end -= 1
    remaining = {key: value for key, value in accounts.items() if key != name}
    wanted: Tree = {**before, "accounts": remaining}
    changed = "".join(lines[:start] + lines[end:])
    return _checked(changed, wanted, f"remove {name!r}")


def _named(tree: Tree, group: str) -> Tree:
    found = tree.get(group, {})
    return found if is_tree(found) else {}


def _header(group: str, name: str) -> str:
    return f'[{group}."{name}"]' if "." in name else f"[{group}.{name}]"


def _is_header_of(line: str, name: str) -> bool:
    quoted = re.escape(name)
    return re.match(rf"""\s*\[\s*accounts\s*\.\s*["']?{quoted}["']?\s*\]""", line) is not None


def _is_comment_or_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _literal(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _checked(changed: str, wanted: Tree, what: str) -> str:
    """Return the changed text if it says exactly what was wanted: text alone cannot be trusted to."""
    try:
        found = tomllib.loads(changed)
    except tomllib.TOMLDecodeError as error:
        raise _by_hand(what) from error
    if {key: value for key, value in found.items() if value != {}} != {
        key: value for key, value in wanted.items() if value != {}
    }:
        raise _by_hand(what)
    return changed


def _by_hand(what: str) -> ConfigError:
    return ConfigError(f"tradebot.toml is written in a way this cannot change: {what} by hand")
