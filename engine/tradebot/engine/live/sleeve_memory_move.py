"""What a sleeve remembers, taken over by another version of its policy, or refused."""

from collections.abc import Callable
from typing import Literal, cast

import msgspec

from tradebot.engine.core.sleeves import LoadedPolicy

type Moved = Literal["none", "kept", "migrated", "dropped"]
"""What became of a memory."""

_BROKEN = (Exception, SystemExit)
"""What may come out of a policy's `migrate`."""


class NotMoved(Exception):  # noqa: N818  (says what is so)
    """Another version cannot take the memory over; the text says why, and the remedy."""


def move_memory(
    memory: bytes | None, new: LoadedPolicy, old_version: str, *, fresh: bool
) -> tuple[bytes | None, Moved]:
    """Return a memory as a new version takes it, and what became of it.

    `migrate(old_state, old_version)` of the new policy is asked where it has one, with the old state as plain values;
    without it the old state must fit the new one's struct as it is.

    Args:
        memory: MessagePack of the old version's struct; None: it remembers nothing.
        new: The version that takes over.
        old_version: Which version wrote it.
        fresh: Whether the new version is to begin without it.

    Raises:
        NotMoved: If the new version cannot read it.
    """
    if memory is None:
        return None, "none"
    if fresh or new.memory is None:
        return None, "dropped"
    migrate = cast("object", getattr(new.policy, "migrate", None))
    if callable(migrate):
        ask = cast("Callable[[object, str], object]", migrate)
        return _migrated(memory, new.memory, ask, old_version), "migrated"
    try:
        msgspec.msgpack.decode(memory, type=new.memory)
    except msgspec.DecodeError as error:
        raise NotMoved(
            f"the new version cannot read what version {old_version} remembers ({error}): give it "
            "migrate(old_state, old_version), or let it begin without by --fresh"
        ) from error
    return memory, "kept"


def _migrated(
    memory: bytes,
    kind: type[msgspec.Struct],
    migrate: Callable[[object, str], object],
    old_version: str,
) -> bytes:
    try:
        state = migrate(msgspec.msgpack.decode(memory), old_version)
        encoded = msgspec.msgpack.encode(state)
        msgspec.msgpack.decode(encoded, type=kind)
    except _BROKEN as error:
        raise NotMoved(
            f"migrate() of the new version failed, {type(error).__name__}: {error}: "
            "correct it, or let it begin without by --fresh"
        ) from error
    return encoded
