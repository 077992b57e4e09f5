"""A state folder's records as a start finds them: migrated where an older program wrote them, opened, reserve too."""

from contextlib import ExitStack

import structlog

from tradebot.engine.journal.errors import JournalDamaged, JournalUnavailable
from tradebot.engine.journal.migrate import migrate
from tradebot.engine.journal.reserve import SIZE as RESERVE_BYTES
from tradebot.engine.journal.reserve import Reserve
from tradebot.engine.journal.schema import SCHEMA
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.runtime import Records
from tradebot.engine.state_folder import StateFolder

log = structlog.get_logger()


def open_records(
    folder: StateFolder, clock: Clock, stack: ExitStack, *, lasting: bool = True
) -> Records:
    """Open a folder's records for writing; `stack` closes them; for `lasting` see `Records`.

    Raises:
        JournalError: If they cannot be migrated or opened.
        OSError: If `engine.json` cannot be written after a migration.
    """
    migrated = migrate(folder.path, clock.system_ns())
    if migrated is not None:
        log.info("migrated", found=migrated.found, now=SCHEMA, backup=str(migrated.backup))
    folder.raise_schema()
    journal = stack.enter_context(Journal.open(folder.journal, lasting=lasting))
    segments = SegmentWriter(folder.market)
    stack.callback(segments.close)
    reserve = _open_reserve(folder)
    stack.callback(reserve.close)
    return Records(journal, segments, reserve, lasting=lasting)


def _open_reserve(folder: StateFolder) -> Reserve:
    """Open the reserve; one that cannot be read is put aside, and what it held is for the reconciliation to find."""
    try:
        return Reserve.open(folder.reserve)
    except JournalDamaged as error:
        aside = folder.reserve.with_suffix(".damaged")
        folder.reserve.replace(aside)
        log.warning("reserve damaged", reason=str(error), kept=str(aside))
        return Reserve.open(folder.reserve)
    except OSError as error:
        raise JournalUnavailable(
            f"{folder.reserve} needs {RESERVE_BYTES} bytes of room ({error.strerror}): free the disk",
            error,
        ) from error
