"""What stops and what lets go on: flatten, kill, halt, resume, pause, stop; differences and their answers."""

from collections.abc import Sequence
from typing import Literal

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_facts import DifferenceFacts
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.core.answers import find_matter, refusal
from tradebot.engine.core.events import (
    DifferenceAnswerRequested,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    ReconcileRequested,
    ResumeRequested,
    SleevePauseRequested,
    SleeveResumeRequested,
)
from tradebot.engine.core.types import (
    AccountName,
    DifferenceId,
    Owner,
)
from tradebot.engine.live.difference_facts import difference_facts, open_count
from tradebot.engine.live.protection import left_bare
from tradebot.engine.live.service_core import ServiceCore, cancels_in, orders_text


class StopWords(ServiceCore):
    """What stops what, by hand."""

    async def flatten(self, instrument: str | None) -> CommandAnswer:
        """Close the position in one instrument, or all."""
        symbol = None if instrument is None else self._market(instrument).instrument.id
        outcomes = self._operate(FlattenRequested(instrument=symbol))
        await self._durable()
        closing = len(self._state.flattening)
        count = cancels_in(outcomes)
        closed = sorted({symbol for _, symbol in self._state.flattening})
        names = ", ".join(closed) or "nothing held"
        return CommandAnswer(
            ok=True,
            lines=[
                "HALTED: flatten",
                f"closing {names}",
                f"cancelled {orders_text(count)}",
                "lift: tradebot resume --reason R",
            ],
            cancelled=count,
            closing=closing,
        )

    async def kill(self) -> CommandAnswer:
        """HALTED: cancel what adds risk, keep what protects."""
        return await self._stop_word(KillRequested())

    async def halt(self, reason: str) -> CommandAnswer:
        """REDUCING."""
        return await self._stop_word(HaltRequested(reason=_reason(reason)))

    async def _stop_word(self, event: KillRequested | HaltRequested) -> CommandAnswer:
        outcomes = self._operate(event)
        await self._durable()
        count = cancels_in(outcomes)
        kept = [order for order in self._state.blotter.open() if order.state != "pending_cancel"]
        held = sum(1 for _, position in self._state.ledger.positions() if position.quantity)
        return CommandAnswer(
            ok=True,
            lines=[
                f"{self._state.trading_state}: {self._state.reason}",
                f"cancelled {orders_text(count)} adding risk",
                f"kept {orders_text(len(kept))} that protect",
                f"positions stay: {held}",
                "the engine goes on; end: stop",
                "lift: tradebot resume --reason R",
            ],
            cancelled=count,
            kept=len(kept),
        )

    async def resume(self, reason: str) -> CommandAnswer:
        """Lift REDUCING or HALTED."""
        before = self._state.trading_state
        self._operate(ResumeRequested(reason=_reason(reason)))
        await self._durable()
        if self._state.trading_state != "ACTIVE":
            newest = self._alerts.lines[-1][2].text if self._alerts.lines else "still halted"
            raise Refused("refused", newest)
        text = "was ACTIVE already" if before == "ACTIVE" else f"ACTIVE again, was {before}"
        return CommandAnswer(ok=True, lines=[text])

    def differences(self) -> Sequence[DifferenceFacts]:
        """Return what ledger and venue disagree on, and what nobody owns."""
        return difference_facts(self._state, self._virtual_now())

    async def reconcile(self, account: str | None) -> CommandAnswer:
        """Ask the venue of an account, or of all, what it holds."""
        known = self._state.accounts
        if account is not None and AccountName(account) not in known:
            raise Refused("unknown", f"no account {account!r} here; there is {', '.join(known)}")
        chosen = None if account is None else AccountName(account)
        self._operate(ReconcileRequested(account=chosen))
        await self._durable()
        return CommandAnswer(ok=True, lines=[f"asking {account or ', '.join(known)}"])

    async def answer_difference(
        self,
        difference: str,
        answer: Literal["adopt", "ignore", "flatten"],
        owner: str | None,
        reason: str,
    ) -> CommandAnswer:
        """Adopt, ignore or flatten one difference."""
        event = DifferenceAnswerRequested(
            difference_id=DifferenceId(difference),
            answer=answer,
            owner=None if owner is None else Owner(owner),
            reason=_reason(reason),
        )
        matter = find_matter(self._state, event.difference_id)
        trouble = refusal(self._state, event)
        if matter is None or trouble is not None:
            raise Refused("unknown" if matter is None else "conflict", trouble or "no difference")
        outcomes = self._operate(event)
        await self._durable()
        left = open_count(self._state)
        lines = [f"{answer}: {matter.text()}", f"{left} left"]
        return CommandAnswer(ok=True, lines=lines, cancelled=cancels_in(outcomes))

    async def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Stop a sleeve from adding risk."""
        self._require_sleeve(sleeve)
        event = SleevePauseRequested(sleeve=Owner(sleeve), reason=_reason(reason))
        outcomes = self._operate(event)
        await self._durable()
        count = cancels_in(outcomes)
        lines = [f"{sleeve} paused: exits and stops stay", f"cancelled {orders_text(count)}"]
        return CommandAnswer(ok=True, lines=lines, cancelled=count)

    async def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Let a paused sleeve add risk again."""
        self._require_sleeve(sleeve)
        self._operate(SleeveResumeRequested(sleeve=Owner(sleeve), reason=_reason(reason)))
        await self._durable()
        return CommandAnswer(ok=True, lines=[f"{sleeve} runs again"])

    def _require_sleeve(self, sleeve: str) -> None:
        if Owner(sleeve) not in self._state.sleeves:
            known = ", ".join(self._state.sleeves) or "none"
            raise Refused("unknown", f"no sleeve {sleeve!r} runs here; there is {known}")

    async def stop(self, *, leave_unprotected: bool) -> CommandAnswer:
        """End the engine's process; orders and positions stay, engine-held stops move to the broker.

        Raises:
            Refused: Where a stop would be left without effect and nobody said that it may.
        """
        left = await self._ending.asked(leave_unprotected=leave_unprotected)
        await self._durable()
        # What the engine holds itself is at no venue: it does nothing until the engine is back.
        held = [order.held for order in self._state.blotter.open()]
        asleep, there = sum(held), len(held) - sum(held)
        self.stopping.set()
        self.wake.set()
        lines = [
            "stopping",
            f"{orders_text(there)} {'stays' if there == 1 else 'stay'} at the venue",
        ]
        if asleep:
            verb = "waits" if asleep == 1 else "wait"
            lines.append(
                f"{orders_text(asleep)} of the engine {verb} without effect until it is back"
            )
        lines += [f"without protection: {left}"] if left else []
        bare = left_bare(self._state)
        lines += [f"without any stop: {one}" for one in bare]
        return CommandAnswer(ok=True, lines=lines, kept=there, unprotected=bare)

    async def stop_insisted(self) -> None:
        """End the engine's process in any case, as by SIGTERM; what stays unprotected is told."""
        try:
            await self._ending.insisted()
        finally:
            self.stopping.set()
            self.wake.set()


def _reason(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise Refused("usage", "a reason is needed: it is kept with the change")
    return stripped
