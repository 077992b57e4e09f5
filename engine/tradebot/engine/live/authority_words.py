"""Arming and mandates as clients speak of them, and the watch on the terminals they were typed at."""

import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

from tradebot.engine.control.authority import (
    ArmBody,
    AuthorityFacts,
    MandateBody,
    MandateFacts,
    TerminalBody,
)
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.core.events import (
    ArmRequested,
    DisarmRequested,
    MandateGiven,
    MandateRevoked,
    OperatorEvent,
    TerminalGone,
    TerminalSeen,
)
from tradebot.engine.core.outcomes import Alert, AnyOutcome, LimitsChanged
from tradebot.engine.core.sleeve_money import profit
from tradebot.engine.core.state import State
from tradebot.engine.core.types import SECOND, Owner, TerminalId
from tradebot.engine.journal.export import iso
from tradebot.engine.live.facts import exact, optional

DAY_S = 86_400

LOOK_EVERY = SECOND
"""How often terminals are looked at."""


def terminal_alive(terminal: TerminalId) -> bool:
    """Return whether a terminal of this machine is still there; of any other nothing is known, so it counts as there.

    Args:
        terminal: `tty:PATH:SESSION`, the session by the process id of its leader.
    """
    kind, _, rest = terminal.partition(":")
    path, _, session = rest.rpartition(":")
    if kind != "tty" or not session.isdecimal():
        return True
    if not Path(path).exists():
        return False
    try:
        os.kill(int(session), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


class AuthorityWords:
    """What the control server asks and tells about authority; lives on the engine's own loop.

    Args of the constructor:
        state: The kernel's.
        operate: Hands an operator's word to the kernel and returns what it led to.
        durable: Waits until that is committed.
        now: The engine's time, ns UTC.
        alive: Whether a terminal is still there.
    """

    def __init__(
        self,
        state: State,
        operate: Callable[[OperatorEvent], list[AnyOutcome]],
        durable: Callable[[], Awaitable[None]],
        now: Callable[[], int],
        alive: Callable[[TerminalId], bool] = terminal_alive,
    ) -> None:
        self._state = state
        self._operate = operate
        self._durable = durable
        self._now = now
        self._alive = alive
        self._looked = 0

    def facts(self) -> AuthorityFacts:
        """Return who may add risk now."""
        state, now = self._state, self._now()
        authority = state.authority
        arming = authority.arming if authority.armed(now) else None
        wanted = authority.wanted
        in_force = state.limits.as_text()
        waiting = {} if wanted is None else wanted.as_text()
        return AuthorityFacts(
            needed=state.is_live,
            armed=arming is not None,
            terminal=None if arming is None else arming.terminal,
            until=None if arming is None else iso(arming.until),
            ends=None if arming is None else iso(arming.ends()),
            mandates=[self._mandate(name) for name in sorted(authority.mandates)],
            limits=in_force,
            waiting={name: value for name, value in waiting.items() if value != in_force[name]},
        )

    def _mandate(self, name: Owner) -> MandateFacts:
        state = self._state
        mandate = state.authority.mandates[name]
        sleeve = state.sleeves.get(name)
        made = profit(state, name)
        valid = (
            sleeve is not None
            and state.authority.mandate_of(sleeve.started, self._now()) is not None
        )
        return MandateFacts(
            sleeve=name,
            version=mandate.version,
            account=mandate.account,
            capital=exact(mandate.capital),
            loss_budget=exact(mandate.loss_budget),
            lost=optional(exact, None if made is None else mandate.base - made),
            expires=iso(mandate.expires),
            valid=valid,
        )

    async def arm(self, body: ArmBody) -> CommandAnswer:
        """Let hands add risk for a while, and let wider limits hold that waited for it."""
        outcomes = self._operate(
            ArmRequested(
                terminal=TerminalId(body.terminal),
                ttl=body.seconds * SECOND,
                idle=body.idle * SECOND,
            )
        )
        await self._durable()
        lines = [f"armed for {span(body.seconds)}", f"ends after {span(body.idle)} of silence"]
        if not self._state.is_live:
            lines.append("no real money here: not needed")
        if any(isinstance(outcome, LimitsChanged) for outcome in outcomes):
            lines += [one.text for one in outcomes if isinstance(one, Alert)]
        return CommandAnswer(ok=True, lines=[*lines, "end it: tradebot disarm"])

    async def disarm(self) -> CommandAnswer:
        """Let hands add no more risk; orders and positions stay."""
        was = self._state.authority.armed(self._now())
        self._operate(DisarmRequested(reason="operator"))
        await self._durable()
        text = "disarmed: orders and positions stay" if was else "was not armed"
        return CommandAnswer(ok=True, lines=[text])

    async def seen(self, body: TerminalBody) -> CommandAnswer:
        """Count a word of a terminal; only that of the armed one is written down."""
        arming = self._state.authority.arming
        if arming is not None and arming.terminal == body.terminal:
            self._operate(TerminalSeen(terminal=arming.terminal))
            await self._durable()
        return CommandAnswer(ok=True, lines=[])

    async def gone(self, body: TerminalBody) -> CommandAnswer:
        """End what was tied to a terminal: its arming and its attended orders."""
        self._operate(TerminalGone(terminal=TerminalId(body.terminal), reason="terminal closed"))
        await self._durable()
        return CommandAnswer(ok=True, lines=["what was tied to this terminal has ended"])

    def look_at_terminals(self) -> None:
        """End what was tied to terminals that are no more."""
        now = self._now()
        if now < self._looked + LOOK_EVERY:
            return
        self._looked = now
        for terminal in self._tied():
            if not self._alive(terminal):
                self._operate(TerminalGone(terminal=terminal, reason="terminal closed"))

    def _tied(self) -> set[TerminalId]:
        """Return the terminals that something is tied to."""
        arming = self._state.authority.arming
        tied: set[TerminalId] = set() if arming is None else {arming.terminal}
        for order in self._state.blotter.open():
            if order.intent.attended and order.intent.terminal is not None:
                tied.add(order.intent.terminal)
        return tied

    async def give_mandate(self, sleeve: str, body: MandateBody) -> CommandAnswer:
        """Let a sleeve as it runs now add risk within bounds.

        Raises:
            Refused: If no such sleeve runs, or the terms do not fit it.
        """
        name = self._require(sleeve)
        started = self._state.sleeves[name].started
        outcomes = self._operate(
            MandateGiven(
                sleeve=name,
                version=started.version,
                account=started.account,
                capital=Decimal(body.capital),
                loss_budget=Decimal(body.loss_budget),
                limits=body.limits,
                expires=self._now() + body.days * DAY_S * SECOND,
            )
        )
        await self._durable()
        refused = [outcome.text for outcome in outcomes if isinstance(outcome, Alert)]
        if refused:
            raise Refused("refused", refused[0])
        mandate = self._state.authority.mandates[name]
        return CommandAnswer(
            ok=True,
            lines=[
                f"mandate for {name}@{started.version}",
                f"account {started.account}",
                f"capital {body.capital} {self._state.currency}",
                f"loss budget {body.loss_budget}",
                f"until {iso(mandate.expires)[:16]}Z",
            ],
        )

    async def revoke_mandate(self, sleeve: str, reason: str) -> CommandAnswer:
        """Take a mandate back; the sleeve goes on as a shadow.

        Raises:
            Refused: If it has none.
        """
        name = Owner(sleeve)
        if name not in self._state.authority.mandates:
            raise Refused("unknown", f"sleeve {sleeve!r} has no mandate")
        self._operate(MandateRevoked(sleeve=name, reason=reason))
        await self._durable()
        return CommandAnswer(ok=True, lines=[f"mandate of {name} ended", "its exits run"])

    def _require(self, sleeve: str) -> Owner:
        name = Owner(sleeve)
        if name not in self._state.sleeves:
            known = ", ".join(self._state.sleeves) or "none"
            raise Refused("unknown", f"no sleeve {sleeve!r} runs here; there is {known}")
        return name


def span(seconds: int) -> str:
    """Return a span as people say it: `15 min`, `90 s`."""
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
