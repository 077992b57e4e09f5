"""Reading a checkpoint: its bytes checked, unpacked, and made into the kernel's state again."""

import zstandard

from tradebot.engine.core.checkpoint import CheckpointUnreadable, layout_number, thaw
from tradebot.engine.core.state import State
from tradebot.engine.journal.batch import Checkpoint

CHECKPOINT_BYTES_MAX = 256 * 1024 * 1024
"""Largest checkpoint that is believed, unpacked."""


class CheckpointOutdated(CheckpointUnreadable):
    """A program with another layout wrote it: no damage, and of no use."""


def read_checkpoint(checkpoint: Checkpoint, committed_seq: int) -> State:
    """Return the state a checkpoint holds.

    Raises:
        CheckpointOutdated: If it is of another layout.
        CheckpointUnreadable: If it is damaged, or of a step the journal does not have.
    """
    if not checkpoint.sound:
        raise CheckpointUnreadable("it is not as written: its checksum differs")
    if checkpoint.schema != layout_number():
        raise CheckpointOutdated(f"another program wrote it, in layout {checkpoint.schema}")
    if checkpoint.seq > committed_seq:
        raise CheckpointUnreadable(f"the journal ends at seq {committed_seq}, before it")
    try:
        body = zstandard.ZstdDecompressor().decompress(
            checkpoint.body, max_output_size=CHECKPOINT_BYTES_MAX
        )
    except zstandard.ZstdError as error:
        raise CheckpointUnreadable(f"it cannot be unpacked: {error}") from error
    return thaw(body)
