"""What sleeves decided and why, and what the gate said to it: the newest from memory, older ones from the journal."""

import asyncio
from collections import deque
from collections.abc import Iterable

import msgspec

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_house import Decisions, DecisionView
from tradebot.engine.core.events import Event
from tradebot.engine.core.outcomes import AnyOutcome, Decided, OrderDenied
from tradebot.engine.core.types import Owner
from tradebot.engine.journal.errors import JournalDamaged, JournalUnavailable
from tradebot.engine.live.runtime import Runtime

KEPT = 500
"""Newest decisions kept in memory, of each sleeve."""

OF_DECISIONS = ("decided", "order-denied")
"""Kinds of journal rows that decisions are told from."""

type Told = tuple[int, int, Decided | OrderDenied]
"""Seq and time of the step, and what it led to."""


class DecisionBook:
    """Remembers what sleeves decided since the start and reads what was before.

    Args of the constructor:
        runtime: Observed from now on; its journal has what was before.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._begun = runtime.seq
        self._newest: dict[Owner, deque[DecisionView]] = {}
        self._older: dict[Owner, list[DecisionView]] = {}
        runtime.observers.append(self._stepped)

    async def decisions(self, name: str, limit: int, *, only_changes: bool) -> Decisions:
        """Return a sleeve's decisions, newest first; the journal is read in another thread, once.

        Args:
            name: The sleeve's.
            limit: At most so many.
            only_changes: Leave out those that did nothing.

        Raises:
            Refused: `unknown` where no such sleeve ran here, `refused` where the journal cannot be read.
        """
        owner = Owner(name)
        older = await self._before(owner)
        newest = self._newest.get(owner, ())
        state = self._runtime.kernel.state
        if owner not in state.sleeves and not older and not newest:
            known = ", ".join(state.sleeves) or "none"
            raise Refused("unknown", f"no sleeve {name!r} decided here; there is {known}")
        told = counted([*older, *newest])
        sleeve = state.sleeves.get(owner)
        if told and sleeve is not None and sleeve.repeated:
            told[-1] = msgspec.structs.replace(told[-1], repeated=sleeve.repeated)
        kept = [one for one in told if not only_changes or changes(one)]
        return Decisions(decisions=kept[: -limit - 1 : -1])

    def _stepped(self, seq: int, now: int, _event: Event, outcomes: list[AnyOutcome]) -> None:
        told: list[Told] = [
            (seq, now, one) for one in outcomes if isinstance(one, Decided | OrderDenied)
        ]
        for owner in dict.fromkeys(owner_of(one) for _, _, one in told):
            if owner not in self._runtime.kernel.state.sleeves:
                continue
            mine = [one for one in told if owner_of(one[2]) == owner]
            self._newest.setdefault(owner, deque(maxlen=KEPT)).extend(joined(mine))

    async def _before(self, owner: Owner) -> list[DecisionView]:
        known = self._older.get(owner)
        if known is not None:
            return known
        journal = self._runtime.records.journal
        try:
            rows = await asyncio.to_thread(
                journal.newest_naming, OF_DECISIONS, f'"{owner}"', self._begun, KEPT
            )
            told: list[Told] = []
            for row in rows:
                outcome = journal.decode_outcome(row)
                if isinstance(outcome, Decided | OrderDenied) and owner_of(outcome) == owner:
                    told.append((row.seq, row.now, outcome))
        except (JournalUnavailable, JournalDamaged) as error:
            raise Refused("refused", f"older decisions cannot be read: {error}") from error
        self._older[owner] = joined(told)
        return self._older[owner]


def owner_of(outcome: Decided | OrderDenied) -> Owner:
    """Return whose decision or refused order it is."""
    return outcome.sleeve if isinstance(outcome, Decided) else outcome.order.owner


def joined(told: Iterable[Told]) -> list[DecisionView]:
    """Return one sleeve's decisions, each with what the gate refused in the same step; in order."""
    steps: dict[int, list[Told]] = {}
    for one in told:
        steps.setdefault(one[0], []).append(one)
    found: list[DecisionView] = []
    for step in steps.values():
        denied = [one for _, _, one in step if isinstance(one, OrderDenied)]
        refused = "; ".join(dict.fromkeys(f"{one.code}: {one.text}" for one in denied)) or None
        decided = [(seq, ts, one) for seq, ts, one in step if isinstance(one, Decided)]
        found += [_view(seq, ts, one, refused) for seq, ts, one in decided]
        if not decided and denied:
            found.append(_refusal(step[0][0], step[0][1], denied[0], refused))
    return found


def counted(decisions: list[DecisionView]) -> list[DecisionView]:
    """Return decisions with how often each came again: the next one tells that of the one before it."""
    after = [*(one.repeated for one in decisions[1:]), 0][: len(decisions)]
    pairs = zip(decisions, after, strict=True)
    return [msgspec.structs.replace(one, repeated=again) for one, again in pairs]


def changes(decision: DecisionView) -> bool:
    """Return whether a decision did something, or wanted to and was refused."""
    return decision.refused is not None or any(did != "hold" for did in decision.did)


def _view(seq: int, ts: int, decided: Decided, refused: str | None) -> DecisionView:
    return DecisionView(
        ts=ts,
        seq=seq,
        sleeve=decided.sleeve,
        did=decided.did or (("hold",) if not decided.actions else ()),
        symbol=decided.symbol or None,
        text=decided.because.text(),
        repeated=decided.repeated,
        bound_by=decided.bound_by or None,
        edge=decided.edge or None,
        refused=refused,
    )


def _refusal(seq: int, ts: int, denied: OrderDenied, refused: str | None) -> DecisionView:
    """Return an order that was refused without a decision of the same step, as a stop set off by the price."""
    because = denied.order.because
    return DecisionView(
        ts=ts,
        seq=seq,
        sleeve=denied.order.owner,
        did=(f"{denied.order.side.upper()} refused",),
        symbol=denied.order.instrument,
        text="" if because is None else because.text(),
        repeated=0,
        bound_by=None,
        refused=refused,
    )
