"""The journal as JSON lines, for people, scripts, and comparing two runs byte for byte."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

import msgspec

from tradebot.engine.journal.codec import JsonValue, Row
from tradebot.engine.journal.errors import JournalDamaged
from tradebot.engine.journal.store import Journal

CANONICAL_ID = "00000"
"""What stands for the engine's id in a canonical export."""

WALL_FIELDS = frozenset({"wall"})
"""Fields that hold the system clock and are left out of a canonical export."""

LINE_FIELDS = ("seq", "index", "ts", "kind")
"""What every line begins with; no event or outcome may have a field of the first three names."""

_LINES = msgspec.json.Encoder(order=None)
_SORTED = msgspec.json.Encoder(order="sorted")
_NS = 1_000_000_000


def export_lines(journal: Journal, *, canonical: bool = False) -> Iterator[bytes]:
    r"""Yield one JSON line per committed row: seq, index, ts, kind, then the body's fields in alphabetical order.

    A canonical line can be compared between runs: the engine's id inside ids is written as `00000`, system clock
    fields and folders are left out, `ts` stands only where the engine's time is the market's own, and a policy's
    memory is written as JSON instead of base64 so that ids in it are treated alike.

    Args:
        journal: An open journal.
        canonical: Whether the lines are to be compared with another run's.

    Yields:
        A line of UTF-8 with its `\n`.

    Raises:
        JournalDamaged: At a row whose body is not a JSON object.
        JournalUnavailable: If the journal cannot be read.
    """
    meta = journal.meta
    with_ts = not canonical or meta.get("clock") == "virtual"
    ids = _id_replacements(meta) if canonical else []
    for row in journal.rows():
        body = _body(row)
        line: dict[str, JsonValue] = {"seq": row.seq, "index": row.index}
        if with_ts:
            line["ts"] = iso(row.now)
        line["kind"] = row.kind
        for key in sorted(body.keys() - set(LINE_FIELDS)):
            if not canonical:
                line[key] = body[key]
            elif key not in WALL_FIELDS:
                line[key] = _comparable(key, body[key])
        # Nested mappings are sorted too, by writing them with the sorting encoder; the head keeps its order.
        data = b"{" + b",".join(_pair(key, value) for key, value in line.items()) + b"}\n"
        for ours, neutral in ids:
            data = data.replace(ours, neutral)
        yield data


def iso(ns: int) -> str:
    """Return an instant in ns UTC as ISO 8601 with nine decimals and `Z`."""
    seconds, rest = divmod(ns, _NS)
    whole = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{whole}.{rest:09d}Z"


def _pair(key: str, value: JsonValue) -> bytes:
    return _LINES.encode(key) + b":" + _SORTED.encode(value)


def _body(row: Row) -> dict[str, JsonValue]:
    try:
        body = cast("JsonValue", msgspec.json.decode(row.body))
    except msgspec.DecodeError as error:
        raise _not_an_object(row, str(error)) from error
    if not isinstance(body, dict):
        raise _not_an_object(row, type(body).__name__)
    return body


def _not_an_object(row: Row, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"row {row.seq}.{row.index} ({row.kind}) is not a JSON object: {why}",
        file=None,
        seq=row.seq,
    )


def _id_replacements(meta: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return what to replace by what: the engine's id where it is named, and in every id of ours (`tb` + it)."""
    engine_id = meta.get("engine_id")
    if engine_id is None:
        return []
    return [
        (f"tb{engine_id}".encode(), f"tb{CANONICAL_ID}".encode()),
        (f'"engine_id":"{engine_id}"'.encode(), f'"engine_id":"{CANONICAL_ID}"'.encode()),
    ]


def _comparable(key: str, value: JsonValue) -> JsonValue:
    """Return a field as two runs in two folders write it alike."""
    if key == "sleeves" and isinstance(value, list):
        return [_without_folder(sleeve) for sleeve in value]
    if key == "state" and isinstance(value, str):
        return _memory(value)
    return value


def _without_folder(sleeve: JsonValue) -> JsonValue:
    """Cut the folder off a sleeve's `policy`; `version` says which code it was."""
    if isinstance(sleeve, dict) and isinstance(policy := sleeve.get("policy"), str):
        return sleeve | {"policy": policy.rpartition("/")[2]}
    return sleeve


def _memory(text: str) -> JsonValue:
    """Return a policy's saved memory as JSON; text that is no such memory stays as it is."""
    try:
        packed = msgspec.json.decode(_LINES.encode(text), type=bytes)
        memory = cast(
            "JsonValue", msgspec.to_builtins(msgspec.msgpack.decode(packed), str_keys=True)
        )
    except (msgspec.DecodeError, TypeError):
        return text
    return memory
