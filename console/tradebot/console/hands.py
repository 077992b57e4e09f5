"""Arming from the console: the account's name is typed, and what is typed afterwards keeps it alive."""

from tradebot.console.link.protocol import LinkError
from tradebot.console.rows import plain
from tradebot.console.screens.overlays.typed import Typed
from tradebot.console.screens.trade.orders import READ_ONLY
from tradebot.console.session import Session
from tradebot.console.stage import Stage
from tradebot.engine.cli.terminal import this_terminal
from tradebot.engine.control.authority import ArmBody, AuthorityFacts

SAY_EVERY_S = 60.0
"""How often the engine is told that this terminal is still used."""


class Hands:
    """Who may add risk by hand.

    Args:
        stage: The application.
        session: The engine.
    """

    def __init__(self, stage: Stage, session: Session) -> None:
        self._stage = stage
        self._session = session
        self._said_s = float("-inf")

    def ask_to_arm(self) -> None:
        """Ask the engine what arming would let through, then the person for the account's name."""
        if self._may("arm"):
            self._stage.work(self._ask())

    def disarm(self) -> None:
        """Let hands add no more risk; needs no question."""
        if self._may("disarm"):
            self._stage.work(self._session.command("disarm", self._session.link.disarm()))

    def used(self, now_s: float) -> None:
        """Tell the engine that somebody is here, while hands are armed; at most once in SAY_EVERY_S."""
        frame, terminal = self._session.view.newest, this_terminal()
        armed = frame is not None and frame.hand is not None and frame.hand.ends is not None
        if armed and terminal is not None and now_s - self._said_s >= SAY_EVERY_S:
            self._said_s = now_s
            self._stage.work(self._say(terminal))

    async def _say(self, terminal: str) -> None:
        try:
            await self._session.link.seen(terminal)
        except LinkError as error:
            self._session.report(
                f"arming: the engine was not told of this terminal: {error}", "warn"
            )

    def _may(self, verb: str) -> bool:
        frame = self._session.view.newest
        if self._session.view.read_only:
            self._session.report(READ_ONLY, "warn")
        elif frame is None or frame.hand is None:
            self._session.report(f"nothing to {verb}: no real money is traded here", "warn")
        else:
            return True
        return False

    async def _ask(self) -> None:
        link, terminal = self._session.link, this_terminal()
        if terminal is None:
            self._session.report(
                "arm is typed at a terminal and ends with it: there is none", "warn"
            )
            return
        try:
            facts, accounts = await link.authority(), await link.accounts()
        except LinkError as error:
            self._session.report(f"arm: {error}", "error")
            return
        name = ", ".join(plain(account.name) for account in accounts)

        def answered(typed: str | None) -> None:
            if typed is not None:
                asked = link.arm(ArmBody(terminal=terminal))
                self._stage.work(self._session.command("arm", asked))

        overlay = Typed(
            self._session.view.clock,
            "ARM",
            arm_words(facts, name),
            "arm: hands may add risk",
            field="account",
            wanted=name,
        )
        self._stage.lay(overlay, answered)


def arm_words(facts: AuthorityFacts, account: str) -> list[str]:
    """Return what one must know before arming: how long, and which limits become wider by it."""
    body = ArmBody(terminal="-")
    return [
        f"REAL MONEY at {account}. Type that name to arm.",
        f"Hands may add risk for {body.seconds // 60} min; it ends after {body.idle // 60} min without a key,",
        "with this terminal, or by D. Sleeves trade by mandates, not by this.",
        *(
            f"limit {plain(limit)}: {plain(facts.limits[limit])} -> {plain(value)}"
            for limit, value in facts.waiting.items()
        ),
    ]
