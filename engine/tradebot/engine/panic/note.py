"""`panic.json`: what panic did to an engine's accounts, for the engine's next start to read once.

Written before anything is done, with what is going to be done, and again with what was: a panic that was killed half
way is explained as well.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import PanicClosing, PanicNoted
from tradebot.engine.core.types import AccountName, ClientOrderId
from tradebot.engine.journal.files import write_atomically
from tradebot.engine.panic.venue import Closed

NOTE = "panic.json"
"""In the state folder, 0600."""


class NoteDamaged(Exception):  # noqa: N818  (says what is the matter)
    """The note cannot be read."""

    exit_code = 3


class PanicNote(msgspec.Struct, frozen=True, kw_only=True):
    """What one panic did."""

    account: AccountName
    at: int
    """The venue's time, ns UTC; orders made before it may have been ended by it."""
    when: str
    """The machine's time, ISO 8601 UTC."""
    flatten: bool
    done: bool
    """Whether panic came to its end; if not, this is what it set out to do."""
    cancelled: tuple[ClientOrderId, ...] = ()
    closed: tuple[Closed, ...] = ()
    kept: tuple[ClientOrderId, ...] = ()
    """Orders left because they protect."""
    open_positions: dict[InstrumentId, int] = {}
    """Signed, in units, as far as they were left."""
    failed: tuple[str, ...] = ()
    """What could not be done, each with its reason."""


def read_notes(folder: Path) -> tuple[PanicNote, ...]:
    """Return what panic did since the engine last started, oldest first; empty where it did not act.

    Raises:
        NoteDamaged: If the note cannot be read.
    """
    file = folder / NOTE
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[PanicNote, ...])
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError as error:
        raise NoteDamaged(
            f"{file} is damaged ({error}): compare the account with the venue yourself, then delete the file"
        ) from error


def write_notes(folder: Path, notes: Sequence[PanicNote]) -> None:
    """Write the notes of a folder, whole and durable, for its owner alone.

    Raises:
        OSError: If they cannot be written; the old ones are as they were.
    """
    data = msgspec.json.format(msgspec.json.encode(notes), indent=1)
    write_atomically(folder / NOTE, data + b"\n")


def forget_notes(folder: Path) -> None:
    """Take the note away: the journal holds it now."""
    (folder / NOTE).unlink(missing_ok=True)


def told(note: PanicNote) -> PanicNoted:
    """Return a note as the kernel is told of it."""
    return PanicNoted(
        account=note.account,
        at=note.at,
        when=note.when,
        done=note.done,
        cancelled=note.cancelled,
        closed=tuple(
            PanicClosing(
                client_order_id=order.client_order_id,
                instrument=order.instrument,
                side=order.side,
                quantity=order.quantity,
            )
            for order in note.closed
        ),
        failed=note.failed,
    )
