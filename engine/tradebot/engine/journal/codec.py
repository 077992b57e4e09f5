"""Rows and their bytes: JSON of the tagged structs, and what of it this program does not know.

Bodies keep the insertion order of mappings, so that a recovered kernel holds them in the order the running one did.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import cast, get_args
from zlib import crc32

import msgspec

from tradebot.engine.core.events import OrderLane, OrderLaneEvent
from tradebot.engine.core.outcomes import AnyOutcome, Outcome
from tradebot.engine.journal.errors import JournalDamaged, UnknownKind

HASH_BYTES = 16
"""Length of an effects hash."""

UNKNOWN_NAMES_MAX = 1000
"""How many different unknown names are told apart; more are counted together under `...`."""

type JsonValue = bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None
"""What JSON text decodes to."""


class Row(msgspec.Struct, frozen=True):
    """One line of the journal."""

    seq: int
    """The step, from 1."""
    index: int
    """0: the order-lane event itself; from 1: the step's outcomes in order."""
    now: int
    """The engine's time at the step, ns UTC."""
    kind: str
    """Tag of the struct."""
    body: bytes
    """JSON of the struct, `kind` included."""

    def checksum(self) -> int:
        """Return the CRC-32 over every field, as the database keeps it beside the row."""
        head = b"%d %d %d %s " % (self.seq, self.index, self.now, self.kind.encode())
        return crc32(self.body, crc32(head))


def member_tags(union: object) -> dict[str, type[msgspec.Struct]]:
    """Return the struct of every tag in a (possibly nested) union of tagged structs."""
    return dict(_members(union))


def _members(union: object) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    value: object = getattr(union, "__value__", union)
    if isinstance(value, type) and issubclass(value, msgspec.Struct):
        yield str(value.__struct_config__.tag), value
        return
    for member in cast("tuple[object, ...]", get_args(value)):
        yield from _members(member)


_ENCODER = msgspec.json.Encoder()
_EVENTS: msgspec.json.Decoder[OrderLane] = msgspec.json.Decoder(OrderLane)
_OUTCOMES: msgspec.json.Decoder[AnyOutcome] = msgspec.json.Decoder(AnyOutcome)
EVENT_KINDS: Mapping[str, type[msgspec.Struct]] = member_tags(OrderLane)
"""Every order-lane tag this program knows."""
OUTCOME_KINDS: Mapping[str, type[msgspec.Struct]] = member_tags(AnyOutcome)
"""Every outcome tag this program knows."""


def row_of(seq: int, index: int, now: int, message: OrderLaneEvent | Outcome) -> Row:
    """Return the row of one event or outcome."""
    return Row(seq, index, now, str(message.__struct_config__.tag), _ENCODER.encode(message))


def hash_bodies(bodies: Iterable[bytes]) -> bytes:
    """Return the effects hash of a step from its outcomes' encoded bytes, in order.

    BLAKE2b over each body with its length before it, so that no two different sequences run together.
    """
    sequence = b"".join([len(body).to_bytes(4, "little") + body for body in bodies])
    return blake2b(sequence, digest_size=HASH_BYTES).digest()


def hash_outcomes(outcomes: Sequence[AnyOutcome]) -> bytes:
    """Return the effects hash of a step from its outcomes: what re-deciding compares."""
    return hash_bodies(_ENCODER.encode(outcome) for outcome in outcomes)


class UnknownCounts(msgspec.Struct, frozen=True):
    """What was read and is not known to this program."""

    kinds: Mapping[str, int]
    """Rows by unknown tag."""
    fields: Mapping[str, int]
    """Rows by unknown field, as `kind.path`."""


class RowDecoder:
    """Decodes rows and counts what it does not know: kinds are refused, fields passed over."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._fields: Counter[str] = Counter()

    @property
    def unknown(self) -> UnknownCounts:
        """Return what was met so far and is not known."""
        return UnknownCounts(dict(self._kinds), dict(self._fields))

    def event(self, row: Row) -> OrderLane:
        """Return the order-lane event of a row of index 0.

        Raises:
            UnknownKind: If the tag is not known; it has been counted.
            JournalDamaged: If the body is not what its tag says.
        """
        self._require_known(row, EVENT_KINDS)
        try:
            event = _EVENTS.decode(row.body)
        except msgspec.DecodeError as error:  # ValidationError is one
            raise _damaged(row, error) from error
        self._count_fields(row, event)
        return event

    def outcome(self, row: Row) -> AnyOutcome:
        """Return the outcome of a row of index 1 or higher.

        Raises:
            UnknownKind: If the tag is not known; it has been counted.
            JournalDamaged: If the body is not what its tag says.
        """
        self._require_known(row, OUTCOME_KINDS)
        try:
            outcome = _OUTCOMES.decode(row.body)
        except msgspec.DecodeError as error:
            raise _damaged(row, error) from error
        self._count_fields(row, outcome)
        return outcome

    def _require_known(self, row: Row, kinds: Mapping[str, type[msgspec.Struct]]) -> None:
        if row.kind not in kinds:
            _count(self._kinds, row.kind)
            raise UnknownKind(row.kind, seq=row.seq, index=row.index)

    def _count_fields(self, row: Row, message: OrderLane | AnyOutcome) -> None:
        again = _ENCODER.encode(message)
        if again == row.body:  # the common case: nothing in it that we do not write ourselves
            return
        written = cast("JsonValue", msgspec.json.decode(row.body))
        known = cast("JsonValue", msgspec.json.decode(again))
        for path in sorted(set(_lost_paths(written, known, row.kind))):
            _count(self._fields, path)


def _lost_paths(written: JsonValue, known: JsonValue, path: str) -> Iterator[str]:
    """Yield the paths of all keys that were written and did not come through the structs."""
    if isinstance(written, dict) and isinstance(known, dict):
        for key, value in written.items():
            if key in known:
                yield from _lost_paths(value, known[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(written, list) and isinstance(known, list):
        for ours, theirs in zip(known, written, strict=False):
            yield from _lost_paths(theirs, ours, f"{path}[]")


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < UNKNOWN_NAMES_MAX else "..."] += 1


def _damaged(row: Row, error: Exception) -> JournalDamaged:
    return JournalDamaged(
        f"row {row.seq}.{row.index} ({row.kind}) cannot be read: {error}", file=None, seq=row.seq
    )
