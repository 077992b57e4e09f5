"""Taking up where the last process stopped: the order lane through `apply`, market state subscribed anew."""

import msgspec

from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.outcomes import FillBooked
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.tape import Tape


class Recovered(msgspec.Struct, frozen=True):
    """How far the history had come."""

    rows: int
    last_seq: int
    last_now: int


def recover(kernel: Kernel, journal: Journal, tape: Tape) -> Recovered:
    """Feed the journal's rows through the kernel without deciding anything.

    Raises:
        JournalError: If a row cannot be read; nothing was changed.
    """
    count, seq, now = 0, 0, 0
    fill: OrderFilled | None = None
    for row in journal.rows():
        count, seq, now = count + 1, row.seq, max(now, row.now)
        if row.index == 0:
            event = journal.decode_event(row)
            kernel.recover_event(row.now, event)
            fill = event if isinstance(event, OrderFilled) else None
        else:
            outcome = journal.decode_outcome(row)
            kernel.recover_outcome(row.now, outcome)
            if isinstance(outcome, FillBooked) and fill is not None:
                tape.fill(row.seq, fill)
    return Recovered(count, seq, now)
