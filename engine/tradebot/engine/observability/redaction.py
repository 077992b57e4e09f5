"""What must not stand in a log, found by type and, in texts, by its looks."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeGuard

import msgspec

from tradebot.engine.secret import HIDDEN, Secret

type Plain = str | int | float | bool | list["Plain"] | dict[str, "Plain"] | None
"""What a log line is made of once it is clean."""

DEPTH_MAX: Final = 8
"""Nesting that is written out; below it stands `...`."""

TEXT_MAX: Final = 20_000
"""Longest text of one value, in characters; a traceback keeps its end."""

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_SCHEME = re.compile(r"\b(bearer|basic|token)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_NAMED = re.compile(
    r"""\b([\w-]*(?:api[_-]?key(?:[_-]?id)?|secret(?:[_-]?key)?|token|passw(?:or)?d|signature|authorization|private[_-]?key))
        (["']?\s*[:=]\s*["']?)(?!bearer|basic|token)[^\s"',;&)}\]]{4,}""",
    re.IGNORECASE | re.VERBOSE,
)
_USER = re.compile(r"(://)[^/\s@:]*:[^/\s@]+@")
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
# Brokers' keys are long runs of letters of both cases and digits; hashes are hexadecimal and ids are shorter.
_LONG = re.compile(r"\b(?=\w*[G-Zg-z])(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{36,}\b")


def redact_text(text: str) -> str:
    """Return a text without what looks like a bearer token, a PEM block, a key, a password or a signature.

    By looks alone some secrets cannot be told from words: hold them as `Secret`, which needs no guess.
    """
    if len(text) < 8:  # noqa: PLR2004  (shorter than any of them)
        return text
    if "-----BEGIN" in text:
        text = _PEM.sub(HIDDEN, text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _NAMED.sub(rf"\1\2{HIDDEN}", text)
    if "://" in text:
        text = _USER.sub(rf"\1{HIDDEN}@", text)
    text = _JWT.sub(HIDDEN, text)
    return _LONG.sub(HIDDEN, text)


def clean(value: object, depth: int = 0) -> Plain:
    """Return a value as JSON may hold it, every secret in it hidden at any depth.

    Args:
        value: Anything; structs, maps, lists and sets are walked, what is not known becomes its text.
        depth: How deep it stands; deeper than `DEPTH_MAX` it is `...`.
    """
    if isinstance(value, Secret):
        return str.__str__(value)
    if isinstance(value, str):
        return redact_text(value if len(value) <= TEXT_MAX else "..." + value[-TEXT_MAX:])
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= DEPTH_MAX:
        return "..."
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if _is_map(value):
        return {redact_text(str(key)): clean(inner, depth + 1) for key, inner in value.items()}
    if _is_row(value):
        return [clean(inner, depth + 1) for inner in value]
    return redact_text(str(value))


def _is_map(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_row(value: object) -> TypeGuard[Iterable[object]]:
    return isinstance(value, list | tuple | set | frozenset)
