"""Deciding a recorded history again: the two records through a fresh kernel, compared with what was recorded.

Nobody performs the effects. The first step whose outcomes are not those recorded is named, as is a market event that
is not the one that was handed over.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from tradebot.engine.core.events import EngineStarted, OrderLane, SleeveChanged
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy, Sleeves
from tradebot.engine.core.step import plain
from tradebot.engine.core.types import EngineId, Owner
from tradebot.engine.journal.codec import Row, row_of
from tradebot.engine.journal.schema import SCHEMA
from tradebot.engine.journal.segments import MarketRecord, read_market
from tradebot.engine.journal.store import RESERVE_META, Journal
from tradebot.engine.live.budget import call_plainly
from tradebot.engine.policy_source.load import load_policy, load_recorded

TEXT_MAX = 400
"""Longest text of a recorded or decided step shown."""


class Difference(msgspec.Struct, frozen=True):
    """The first step that is not decided as recorded."""

    seq: int
    expected: str
    """What the record says."""
    got: str
    """What is decided now."""


class Redecided(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding again found."""

    agreed: bool
    steps: int
    """Events decided again, of both lanes."""
    market_events: int
    first_difference: Difference | None
    notes: tuple[str, ...]
    """What is worth knowing: policies of another version than recorded."""


class _Recorded(msgspec.Struct, frozen=True):
    """One step of the history."""

    seq: int
    rows: tuple[Row, ...]
    market: MarketRecord | None
    chain: int | None
    """The market chain after every event up to this seq; None before the first."""
    undecided: bool = False
    """Whether what it led to was never committed: then only the event itself is checked."""


def redecide(folder: Path, policy_folders: Sequence[Path]) -> Redecided:
    """Decide an engine's whole record again.

    Args:
        folder: The state folder; the engine may be running.
        policy_folders: Where policy files are looked for that the journal does not hold.

    Raises:
        JournalError: If a record cannot be read.
        PolicyNotLoaded: If a policy that decided then cannot be loaded now.
    """
    with Journal.open(folder / "journal.db", read_only=True) as journal:
        return _Redecision(journal, policy_folders).run(folder / "market")


class _Redecision:
    """One pass over the records."""

    def __init__(self, journal: Journal, policy_folders: Sequence[Path]) -> None:
        self._journal = journal
        self._folders = policy_folders
        self._policies: dict[Owner, LoadedPolicy] = {}
        engine_id = EngineId(journal.meta.get("engine_id", "00000"))
        self._kernel = Kernel(engine_id, Sleeves(self._policies, call_plainly))
        self._notes: list[str] = []
        self._given = _given_ranges(journal)
        self._anchors = {anchor.seq: anchor.market_chain for anchor in journal.anchors()}

    def run(self, market: Path) -> Redecided:
        steps = events = 0
        difference: Difference | None = None
        for recorded in history(self._journal, market):
            difference = self._step(recorded)
            steps += 1
            events += recorded.market is not None
            if difference is not None:
                break
        return Redecided(
            agreed=difference is None,
            steps=steps,
            market_events=events,
            first_difference=difference,
            notes=tuple(self._notes),
        )

    def _step(self, recorded: _Recorded) -> Difference | None:
        market = recorded.market
        if market is not None:
            if not market.chain_ok:
                text = f"not the market event that was handed over: {market.event}"
                return Difference(
                    recorded.seq, "the event the chain was made over", text[:TEXT_MAX]
                )
            if recorded.undecided:
                return None
            outcomes = self._kernel.handle(recorded.seq, market.now, market.event)
            expected = recorded.rows
        else:
            first = recorded.rows[0]
            if any(low <= recorded.seq <= high for low, high in self._given):
                self._take(recorded.rows)
                return None
            if first.index != 0:
                return Difference(
                    recorded.seq, f"a market event that led to {first.kind}", "no market event"
                )
            event = self._journal.decode_event(first)
            self._load(event)
            outcomes = self._kernel.handle(recorded.seq, first.now, event)
            expected = recorded.rows[1:]
        got = [row_of(recorded.seq, i, 0, plain(o)).body for i, o in enumerate(outcomes, 1)]
        if got != [row.body for row in expected] and got != self._as_written_now(expected):
            return Difference(recorded.seq, _text([row.body for row in expected]), _text(got))
        return self._chain_difference(recorded)

    def _take(self, rows: Sequence[Row]) -> None:
        """Take a step in as it was: it came from the reserve, and market events of its time are in no file."""
        for row in rows:
            if row.index == 0:
                event = self._journal.decode_event(row)
                self._load(event)
                self._kernel.recover_event(row.now, event)
            else:
                self._kernel.recover_outcome(row.now, self._journal.decode_outcome(row))

    def _as_written_now(self, rows: Sequence[Row]) -> list[bytes]:
        """Return recorded outcomes as this program writes them: an older one knew fewer fields."""
        return [row_of(0, 0, 0, self._journal.decode_outcome(row)).body for row in rows]

    def _chain_difference(self, recorded: _Recorded) -> Difference | None:
        """Compare the market events so far with what the step was written over: some decide nothing."""
        anchor = self._anchors.get(recorded.seq)
        if recorded.chain is not None and anchor not in {None, recorded.chain}:
            return Difference(
                recorded.seq,
                f"market events up to here with chain {anchor:#010x}",
                f"others, with chain {recorded.chain:#010x}",
            )
        return None

    def _load(self, event: OrderLane) -> None:
        if isinstance(event, SleeveChanged):
            if event.what in {"start", "reload", "rollback"}:
                self._load_sleeve(event.started)
            return
        if not isinstance(event, EngineStarted):
            return
        self._policies.clear()
        if event.schema < SCHEMA:
            self._notes.append(
                f"decided by a program of schema {event.schema}, this one is of schema {SCHEMA}:"
                " its rules may differ"
            )
        for sleeve in event.sleeves:
            self._load_sleeve(sleeve)

    def _load_sleeve(self, sleeve: SleeveStarted) -> None:
        """Load the code that decided then: the journal holds it; only a very old one does not."""
        source = self._journal.source(sleeve.version)
        if source is None:
            found = load_policy(sleeve.policy, sleeve.params, self._folders)
        else:
            found = load_recorded(sleeve.policy, sleeve.params, source)
        self._policies[sleeve.name] = found.loaded
        if found.version != sleeve.version:
            self._notes.append(
                f"sleeve {sleeve.name} ran version {sleeve.version}, now it is {found.version}"
            )


def _given_ranges(journal: Journal) -> list[tuple[int, int]]:
    """Return the ranges of steps that came from the reserve."""
    words = journal.meta.get(RESERVE_META, "").split(",")
    pairs = [word.partition("-") for word in words if word]
    return [(int(low), int(high)) for low, _, high in pairs]


def history(journal: Journal, market: Path) -> Iterator[_Recorded]:
    """Yield the steps of both records in order of seq.

    Market events between the last committed step of a process and the next start, and after the last step of all, are
    undecided: what they led to, if the process was killed, was never committed, never sent, and forgotten.
    """
    gaps = _gaps(journal)
    chain: int | None = None
    records = read_market(market)
    waiting = next(records, None)
    for seq, group in groupby(journal.rows(), key=lambda row: row.seq):
        while waiting is not None and waiting.seq < seq:
            chain = waiting.chain
            yield _alone(waiting, gaps)
            waiting = next(records, None)
        rows = tuple(group)
        if waiting is not None and waiting.seq == seq:
            chain = waiting.chain
            yield _Recorded(seq, rows, waiting, chain)
            waiting = next(records, None)
        else:
            yield _Recorded(seq, rows, None, chain)
    while waiting is not None:
        yield _alone(waiting, gaps)
        waiting = next(records, None)


def _alone(record: MarketRecord, gaps: list[tuple[int, float]]) -> _Recorded:
    undecided = any(low < record.seq < high for low, high in gaps)
    return _Recorded(record.seq, (), record, record.chain, undecided)


def _gaps(journal: Journal) -> list[tuple[int, float]]:
    """Return the open stretches of seq behind the last committed step of each process."""
    last, gaps = 0, list[tuple[int, float]]()
    for row in journal.rows():
        if row.kind == "engine-started" and last:
            gaps.append((last, row.seq))
        last = row.seq
    return [*gaps, (last, float("inf"))]


def _text(bodies: list[bytes]) -> str:
    text = " ".join(body.decode() for body in bodies) or "nothing"
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 3] + "..."
