"""The check of what stands beside the two records: checkpoints, the reserve, the sandbox venue's own ledger."""

from collections.abc import Collection
from pathlib import Path

from tradebot.engine.core.checkpoint import CheckpointUnreadable, differing
from tradebot.engine.core.events import OrderAccepted, OrderFilled, OrderLane
from tradebot.engine.core.outcomes import AnyOutcome, Replace, Submit
from tradebot.engine.core.state import State
from tradebot.engine.core.types import ClientOrderId, EngineId, ExecutionId
from tradebot.engine.journal.checkpoints import CheckpointOutdated, read_checkpoint
from tradebot.engine.journal.codec import RowDecoder
from tradebot.engine.journal.errors import JournalDamaged, UnknownKind
from tradebot.engine.journal.findings import Findings
from tradebot.engine.journal.reserve import Reading, read_reserve
from tradebot.engine.journal.store import Journal
from tradebot.engine.venue.log import Accepted, Filled, LogReading, VenueLogDamaged, read_log

DATABASE = "journal.db"
RESERVE = "reserve.log"
VENUE_LOG = "venue.log"


def check_checkpoints(journal: Journal, findings: Findings, *, deep: bool) -> None:
    """Check that each checkpoint can be used; `deep`: that it holds what all rows up to it lead to."""
    sound: dict[int, State] = {}
    found = journal.checkpoints()
    committed = journal.refresh()  # a running engine may have written one since the rows were read
    for checkpoint in found:
        try:
            sound[checkpoint.seq] = read_checkpoint(checkpoint, committed)
        except CheckpointOutdated as error:
            text = f"the checkpoint of seq {checkpoint.seq} is not used: {error}"
            findings.note("checkpoint", DATABASE, checkpoint.seq, text)
        except CheckpointUnreadable as error:
            text = f"the checkpoint of seq {checkpoint.seq} cannot be used: {error}"
            findings.problem("checkpoint", DATABASE, checkpoint.seq, text)
    if deep and sound:
        _check_against_rows(journal, sound, findings)


def _check_against_rows(journal: Journal, sound: dict[int, State], findings: Findings) -> None:
    state = State(EngineId(journal.meta.get("engine_id", "")))
    waiting = sorted(sound)
    for row in journal.rows():
        while waiting and row.seq > waiting[0]:
            _compare(waiting[0], sound[waiting[0]], state, findings)
            waiting.pop(0)
        if not waiting:
            return
        if row.index == 0:
            state.apply_event(journal.decode_event(row), row.now)
        else:
            state.now = max(state.now, row.now)
            state.apply_outcome(journal.decode_outcome(row))
    for seq in waiting:
        _compare(seq, sound[seq], state, findings)


def _compare(seq: int, kept: State, state: State, findings: Findings) -> None:
    names = differing(kept, state)
    if names:
        text = (
            f"the checkpoint of seq {seq} does not hold what the rows lead to: {', '.join(names)}"
        )
        findings.problem("checkpoint", DATABASE, seq, text)


def check_reserve(folder: Path, findings: Findings) -> Reading | None:
    """Check the reserve file, and return what it holds; None where there is none or it cannot be read."""
    try:
        reading = read_reserve(folder / RESERVE)
    except JournalDamaged as error:
        findings.problem("reserve", RESERVE, None, str(error))
        return None
    if reading is not None and reading.torn:
        text = f"a frame at byte {reading.end} was cut short: nothing is read from it"
        findings.note("reserve", RESERVE, None, text)
    return reading


class Sent:
    """The newest of what the records say was sent and heard, to hold against the venue's ledger."""

    def __init__(self, engine_id: str) -> None:
        self._prefix = f"tb{engine_id}"
        self.newest_order = 0
        """Number of the newest order that was sent."""
        self.accepted: ClientOrderId | None = None
        self.filled: ExecutionId | None = None

    def event(self, event: OrderLane) -> None:
        """Note what the venue said."""
        if isinstance(event, OrderAccepted):
            self.accepted = event.client_order_id
        elif isinstance(event, OrderFilled):
            self.filled = event.execution_id

    def outcome(self, outcome: AnyOutcome) -> None:
        """Note what was sent."""
        if isinstance(outcome, Submit | Replace):
            number = self.number_of(outcome.order.client_order_id)
            self.newest_order = max(self.newest_order, number)

    def reserve(self, reading: Reading) -> None:
        """Note what was sent while the journal could not be written."""
        decoder = RowDecoder()
        for row in (row for step in reading.steps for row in step.rows):
            try:
                if row.index:
                    self.outcome(decoder.outcome(row))
            except UnknownKind:
                continue  # a newer program's: the journal's own check counts those

    def number_of(self, client_order_id: str) -> int:
        """Return the number of an order of this engine; 0 of anybody else's."""
        number = client_order_id.removeprefix(self._prefix)
        ours = number != client_order_id and number.isalnum() and number.isascii()
        try:
            return int(number, 32) if ours else 0
        except ValueError:
            return 0


class VenueCheck:
    """Holds the venue's ledger against the records: each knows of orders the other must know too.

    Of a running engine both go on meanwhile: what the ledger holds before the records are read must be in them, and
    what they hold must be in the ledger afterwards.
    """

    def __init__(self, folder: Path, findings: Findings) -> None:
        """Read the ledger, if there is one, before the records are."""
        self._path = folder / VENUE_LOG
        self._findings = findings
        self._before = self._read()

    def _read(self) -> LogReading | None:
        if not self._path.exists():
            return None
        try:
            return read_log(self._path)
        except VenueLogDamaged as error:
            self._findings.problem("venue", VENUE_LOG, None, str(error))
            return None

    def against(self, sent: Sent) -> None:
        """Compare with what the records say was sent and heard."""
        if self._before is None:
            return
        if self._before.torn:
            text = "its last line was cut short: the venue had not answered yet"
            self._findings.note("venue", VENUE_LOG, None, text)
        unknown = max(_orders(self._before), key=sent.number_of, default="")
        if sent.number_of(unknown) > sent.newest_order:
            text = f"the venue holds order {unknown}, which is in no record: rows that sent it are gone"
            self._findings.problem("missing", DATABASE, None, text)
        after = self._read()
        if after is not None:
            fills = {one.execution_id for one in after.records if isinstance(one, Filled)}
            self._require(sent.accepted, _orders(after), "order")
            self._require(sent.filled, fills, "fill")

    def _require(self, known: str | None, told: Collection[str], what: str) -> None:
        if known is not None and known not in told:
            text = f"the venue told us of {what} {known}, which its ledger lacks: lines at its end are gone"
            self._findings.problem("venue", VENUE_LOG, None, text)


def _orders(reading: LogReading) -> set[ClientOrderId]:
    return {one.client_order_id for one in reading.records if isinstance(one, Accepted)}
