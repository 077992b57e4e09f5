"""The check of both records: every byte against its checksum, every step in its place, the market against its anchors.

A *problem* is something that was written and is no longer as written. A *note* is a loss that a crash explains and
that reaches no order: market events not yet in a file when the process was killed, a block cut short at the end.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby, takewhile
from pathlib import Path
from typing import cast

import msgspec

from tradebot.engine.core.outcomes import Submit
from tradebot.engine.journal import schema
from tradebot.engine.journal.batch import StepAnchor
from tradebot.engine.journal.codec import Row, RowDecoder, UnknownCounts, hash_bodies
from tradebot.engine.journal.errors import (
    JournalDamaged,
    JournalForeign,
    JournalUnavailable,
    UnknownKind,
)
from tradebot.engine.journal.findings import Finding, FindingCode, Findings
from tradebot.engine.journal.store import Journal
from tradebot.engine.journal.verify_beside import (
    Sent,
    VenueCheck,
    check_checkpoints,
    check_reserve,
)
from tradebot.engine.journal.verify_market import MarketCheck, MarketPlace

DATABASE = "journal.db"


class JournalVerification(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification saw."""

    problems: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    more: int
    """Findings beyond `findings.FINDINGS_MAX`, counted only."""
    rows: int
    steps: int
    """Steps that wrote rows."""
    market_events: int
    last_seq: int
    """Newest step or market event; 0 if there is none."""
    decidable_from: int
    """From this seq on every market event was kept, so that steps can be decided again."""
    unknown: UnknownCounts

    @property
    def ok(self) -> bool:
        """Whether nothing was found but notes, and everything is known to this program."""
        return not self.problems and not self.unknown.kinds


def verify(folder: Path, *, deep: bool = False) -> JournalVerification:
    """Check an engine's records and what stands beside them; may run beside the engine and changes nothing.

    Args:
        folder: The engine's state folder.
        deep: Also hold each checkpoint against the state that all rows lead to.

    Raises:
        JournalForeign: If there is no journal.
        JournalTooNew: If a newer program wrote a file.
        JournalUnavailable: If the files cannot be read now.
    """
    path = folder / DATABASE
    findings = Findings()
    if not schema.refuse_foreign(path):
        raise JournalForeign(f"{path} holds no journal: no engine has written here yet")
    _check_integrity(path, findings)
    venue = VenueCheck(folder, findings)
    reading = check_reserve(folder, findings)
    rows = _RowCheck(findings)
    history = _History(findings)
    market: MarketCheck | None = None
    try:
        with Journal.open(path, read_only=True) as journal:
            market = MarketCheck(folder / "market", journal.segments(), findings)
            rows.sent = Sent(journal.meta.get("engine_id", ""))
            history.check(rows.steps(journal), market)
            check_checkpoints(journal, findings, deep=deep)
            if reading is not None:
                rows.sent.reserve(reading)
            venue.against(rows.sent)
    except JournalDamaged as error:
        findings.problem("database", DATABASE, error.seq, str(error))
    except OSError as error:
        raise JournalUnavailable(f"{folder} cannot be read: {error}", error) from error
    return JournalVerification(
        problems=findings.chosen(grave=True),
        notes=findings.chosen(grave=False),
        more=findings.more,
        rows=rows.rows,
        steps=rows.count,
        market_events=0 if market is None else market.events,
        last_seq=history.last_seq,
        decidable_from=1 if market is None else market.decidable_from,
        unknown=rows.decoder.unknown,
    )


def _check_integrity(path: Path, findings: Findings) -> None:
    """Run SQLite's own check of pages and indexes."""
    try:
        with closing(schema.connect(path, read_only=True)) as connection:
            answers = cast(
                "list[tuple[str]]", connection.execute("PRAGMA integrity_check(20)").fetchall()
            )
    except sqlite3.OperationalError as error:
        raise JournalUnavailable(f"{path} cannot be read now: {error}", error) from error
    except sqlite3.Error as error:
        answers = [(str(error),)]
    for (answer,) in answers:
        if answer != "ok":
            findings.problem("database", DATABASE, None, f"SQLite's own check says: {answer}")


class _Step(msgspec.Struct, frozen=True):
    """What the walk over both records needs to know of one journaled step."""

    seq: int
    has_event: bool
    """Whether an order-lane event caused it; else a market event did."""
    starts: bool
    """Whether it is the start of a process."""
    adds_risk: bool
    """Whether it sends an order that was not marked as reducing."""
    market_chain: int | None
    """What the journal was told of the market so far; None if its anchor is missing."""


class _RowCheck:
    """Checks rows against their checksums and hashes, step by step."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.decoder = RowDecoder()
        self.sent = Sent("")
        self.rows = 0
        self.count = 0

    def steps(self, journal: Journal) -> Iterator[_Step]:
        """Yield the steps committed when the journal was opened: what a running engine adds is left for next time."""
        anchors = takewhile(lambda anchor: anchor.seq <= journal.committed_seq, journal.anchors())
        anchor = next(anchors, None)
        for seq, group in groupby(journal.rows_as_written(), key=lambda pair: pair[0].seq):
            if seq > journal.committed_seq:
                break
            while anchor is not None and anchor.seq < seq:
                self._rows_gone(anchor)
                anchor = next(anchors, None)
            own = anchor if anchor is not None and anchor.seq == seq else None
            self.count += 1
            yield self._step(seq, list(group), own)
            if own is not None:
                anchor = next(anchors, None)
        while anchor is not None:
            self._rows_gone(anchor)
            anchor = next(anchors, None)

    def _rows_gone(self, anchor: StepAnchor) -> None:
        self._problem(
            "hash", anchor.seq, f"step {anchor.seq} has a hash but no rows: they are gone"
        )

    def _step(self, seq: int, pairs: list[tuple[Row, int]], anchor: StepAnchor | None) -> _Step:
        rows = [row for row, _ in pairs]
        self.rows += len(rows)
        unsound = sum(
            not self._is_sound(row, crc) for row, crc in pairs
        )  # sum: every row is to be told of
        first = rows[0].index
        if [row.index for row in rows] != list(range(first, first + len(rows))) or first > 1:
            self._problem(
                "order", seq, f"step {seq} lacks rows: it has {[row.index for row in rows]}"
            )
        elif anchor is None:
            self._problem("hash", seq, f"step {seq} has rows but its hash is gone")
        elif (
            not unsound
            and hash_bodies(row.body for row in rows if row.index) != anchor.effects_hash
        ):
            self._problem(
                "hash", seq, f"the outcomes of step {seq} are not those its hash was made of"
            )
        return _Step(
            seq,
            has_event=first == 0,
            starts=rows[0].kind == "engine-started",
            adds_risk=not unsound and sum(self._adds_risk(row) for row in rows) > 0,
            market_chain=None if anchor is None else anchor.market_chain,
        )

    def _is_sound(self, row: Row, crc: int) -> bool:
        if row.checksum() == crc:
            return True
        self._problem("row", row.seq, f"row {row.seq}.{row.index} ({row.kind}) is not as written")
        return False

    def _adds_risk(self, row: Row) -> bool:
        """Decode a row, counting what is unknown in it, and say whether it sends an order that may add risk."""
        try:
            if row.index == 0:
                self.sent.event(self.decoder.event(row))
                return False
            outcome = self.decoder.outcome(row)
            self.sent.outcome(outcome)
        except UnknownKind:
            return False  # counted; the caller is told by kind
        except JournalDamaged as error:
            self._problem("row", row.seq, str(error))
            return False
        return isinstance(outcome, Submit) and not outcome.order.reduce_only

    def _problem(self, code: FindingCode, seq: int, text: str) -> None:
        self._findings.problem(code, DATABASE, seq, text)


class _History:
    """Walks both records together: every seq once, and the market chain as the journal was told it."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._chain = 0
        self._gap: tuple[int, int] | None = (
            None  # first and last seq missing since the last start of a process
        )
        self._differed = False  # an anchor did: those after it tell nothing new
        self.last_seq = 0

    def check(self, steps: Iterator[_Step], market: MarketCheck) -> None:
        self._chain = market.first_chain
        places = market.places()
        place = next(places, None)
        for step in steps:
            while place is not None and place.seq < step.seq:
                self._market(place, market)
                place = next(places, None)
            hole = market.damaged_end if place is None else place.after_hole
            shared = place is not None and place.seq == step.seq
            if place is not None and shared:
                self._market(place, market)
                place, hole = next(places, None), False
            self._step(step, market, hole=hole, shared=shared)
        while place is not None:
            self._market(place, market)
            place = next(places, None)
        self._end_era()

    def _market(self, place: MarketPlace, market: MarketCheck) -> None:
        self._advance(place.seq, market, hole=place.after_hole)
        self._chain = place.chain

    def _step(self, step: _Step, market: MarketCheck, *, hole: bool, shared: bool) -> None:
        known = step.seq >= market.decidable_from
        self._advance(step.seq, market, hole=hole)
        if shared and step.has_event:
            text = f"seq {step.seq} is both a market event's and an order-lane event's"
            self._findings.problem("order", DATABASE, step.seq, text)
        if known and not hole and not shared and not step.has_event:
            self._miss(step.seq, step.seq)
        if step.starts:
            self._end_era()
        if self._gap is not None and step.adds_risk:
            self._report_gap(step.seq)
        if known and not hole and self._gap is None and not self._differed:
            self._compare(step)

    def _advance(self, seq: int, market: MarketCheck, *, hole: bool) -> None:
        """Go on to a seq, noticing those left out since market events are kept."""
        first = max(self.last_seq + 1, market.decidable_from)
        if first < seq and not hole:
            self._miss(first, seq - 1)
        self.last_seq = max(self.last_seq, seq)

    def _miss(self, first: int, last: int) -> None:
        self._gap = (first if self._gap is None else self._gap[0], last)

    def _report_gap(self, intent_seq: int) -> None:
        """Report missing steps before an order was sent: its intent was to be committed after they were written."""
        if self._gap is not None:
            first, last = self._gap
            text = f"steps among {first} to {last} are gone, though the order of step {intent_seq} rests on them"
            self._findings.problem("missing", DATABASE, first, text)
            self._gap = None
            self._differed = True

    def _end_era(self) -> None:
        """Close the account of one process: what it had not written when it ended reached no order."""
        if self._gap is not None:
            first, last = self._gap
            text = (
                f"steps among {first} to {last} were not written before the process ended or are not written yet:"
                " no order rests on them, they cannot be decided again"
            )
            self._findings.note("missing", DATABASE, first, text)
        self._gap = None
        self._differed = False

    def _compare(self, step: _Step) -> None:
        if step.market_chain is None or step.market_chain == self._chain:
            return
        self._differed = True
        text = f"the market events up to seq {step.seq} are not those the journal was told of when it wrote that step"
        self._findings.problem("anchor", "market", step.seq, text)
