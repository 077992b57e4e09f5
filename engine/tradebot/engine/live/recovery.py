"""Taking up where the last process stopped: the newest checkpoint, then the order lane after it through `apply`.

Market state is subscribed anew. A checkpoint is only a short cut: one that is damaged, of another layout or ahead of
the rows is passed over to the one before, and without any the whole journal is read.
"""

from collections.abc import Sequence
from itertools import chain

import msgspec
import structlog

from tradebot.engine.core.checkpoint import CheckpointUnreadable
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.outcomes import FillBooked
from tradebot.engine.core.state import State
from tradebot.engine.journal.checkpoints import read_checkpoint
from tradebot.engine.journal.codec import Row
from tradebot.engine.journal.reserve import Reserve
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.tape import FILLS_KEPT, Tape

_AFTER_ALL = 2**31
"""An index behind every row of a step."""

log = structlog.get_logger()


class Recovered(msgspec.Struct, frozen=True):
    """How far the history had come."""

    rows: int
    """Rows read, behind the checkpoint where there was one."""
    last_seq: int
    last_now: int
    checkpoint: int = 0
    """Step of the checkpoint begun with; 0 where every row was read."""


def recover(
    kernel: Kernel, journal: Journal, tape: Tape, reserve: Reserve | None = None
) -> Recovered:
    """Bring a fresh kernel to where the history ends, without deciding anything.

    What left while the journal could not be written stands in the reserve: it is taken into the journal, to be durable
    with its next commit, and then the reserve is emptied.

    Raises:
        JournalError: If a row cannot be read; nothing was changed.
    """
    if reserve is not None:
        journal.take_in([step for step in reserve.read() if step.seq > journal.last_seq])
    begun = from_checkpoint(journal)
    seq = 0
    if begun is not None:
        seq, kernel.state = begun
    checkpoint, now, count = seq, kernel.state.now, 0
    taken_in = journal.unwritten(0)
    rows = journal.rows(after=(seq, _AFTER_ALL if seq else -1))
    for row in chain(rows, *(step.rows for step in taken_in)):
        count, seq, now = count + 1, row.seq, max(now, row.now)
        if row.index == 0:
            kernel.recover_event(row.now, journal.decode_event(row))
        else:
            kernel.recover_outcome(row.now, journal.decode_outcome(row))
    _show_fills(journal, [*journal.fills(FILLS_KEPT), *(step.rows for step in taken_in)], tape)
    return Recovered(count, seq, now, checkpoint)


def _show_fills(journal: Journal, steps: Sequence[Sequence[Row]], tape: Tape) -> None:
    """Give the tape the fills of some steps, each with its booking."""
    for first, *rest in steps:
        if first.kind != "order-filled":
            continue
        event = journal.decode_event(first)
        for outcome in map(journal.decode_outcome, rest):
            if isinstance(event, OrderFilled) and isinstance(outcome, FillBooked):
                tape.fill(first.seq, event, outcome)


def from_checkpoint(journal: Journal) -> tuple[int, State] | None:
    """Return seq and state of the newest checkpoint that can be used; None where there is none."""
    for checkpoint in journal.checkpoints():
        try:
            return checkpoint.seq, read_checkpoint(checkpoint, journal.committed_seq)
        except CheckpointUnreadable as error:
            log.warning("checkpoint passed over", seq=checkpoint.seq, reason=str(error))
    return None
