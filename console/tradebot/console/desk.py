"""What reaches beyond one panel: kill, halt, resume, flatten all, commands of the palette, leaving."""

from collections.abc import Awaitable, Callable

from tradebot.console.commands.words import (
    Command,
    DrillWords,
    OrderWords,
    ReasonWords,
    TargetWords,
)
from tradebot.console.hands import Hands
from tradebot.console.launch.drilling import play_drill
from tradebot.console.screens.overlays.choice import Answer, Choice
from tradebot.console.screens.overlays.drill import DrillOverlay, PlayDrill
from tradebot.console.screens.overlays.kill import KillChoice, KillOverlay, bare_positions
from tradebot.console.screens.trade.orders import READ_ONLY
from tradebot.console.screens.trade.screen import TradeScreen
from tradebot.console.session import Session
from tradebot.console.stage import Stage
from tradebot.engine.control.messages_orders import CommandAnswer


class Desk:
    """Actions of the whole console.

    Args:
        stage: The application.
        session: The engine.
        trade: The Trade screen.
    """

    def __init__(self, stage: Stage, session: Session, trade: TradeScreen) -> None:
        self.play_drill: PlayDrill = play_drill
        self._stage = stage
        self._session = session
        self._trade = trade
        self.hands = Hands(stage, session)

    def kill_overlay(self) -> KillOverlay:
        """Return the overlay for F9, with what is open now."""
        view = self._session.view
        frame = view.newest
        if frame is None:
            facts = "nothing received from the engine yet; the keys below are sent all the same"
        else:
            held = sum(1 for p in frame.positions if p.quantity.strip("-0."))
            facts = f"{frame.trading_state}; {held} positions, {len(frame.working)} working orders"
        bare = () if frame is None else bare_positions(frame.positions)
        return KillOverlay(view.clock, facts, bare, READ_ONLY if view.read_only else None)

    def killed(self, choice: KillChoice | None) -> None:
        """Do what the kill overlay was left with."""
        link = self._session.link
        if choice == "kill":
            self._send("kill", link.kill())
        elif choice == "flatten":
            self._send("flatten all", link.flatten(None))

    def do(self, command: Command) -> None:
        """Do a command of the palette; orders open the review, flatten asks."""
        match command:
            case OrderWords():
                self._order(command)
            case DrillWords(name=name):
                overlay = DrillOverlay(self._session.view.clock, name, self.play_drill)
                self._stage.lay(overlay, _nothing)
            case ReasonWords(verb="halt", reason=reason):
                self._guarded("halt", lambda: self._session.link.halt(reason))
            case ReasonWords(reason=reason):
                self._guarded("resume", lambda: self._session.link.resume(reason))
            case TargetWords(verb="trade", instrument=name):
                self._stage.show("trade")
                if name is not None:
                    self._trade.show(name)
            case TargetWords(verb="cancel", instrument=name):
                what = f"cancel {name or 'all'}"
                self._guarded(what, lambda: self._session.link.cancel_all(name, None))
            case TargetWords(instrument=name):
                self._ask_flatten(name)

    def ask_to_leave(self) -> None:
        """Leave; where orders are working, ask first what becomes of them."""
        frame = self._session.view.newest
        working = 0 if frame is None else len(frame.working)
        if not working or self._session.view.read_only:
            self._stage.leave("quit")
            return
        lines = [
            f"{working} orders are working. The engine goes on without this screen;",
            "a sandbox that this console started ends with its last console.",
        ]
        answers = [
            Answer("k", "quit, keep them working"),
            Answer("c", "cancel them all, then quit"),
        ]

        def answered(key: str | None) -> None:
            if key == "k":
                self._stage.leave("quit")
            elif key == "c":
                self._stage.work(self._cancel_and_leave())

        self._stage.lay(Choice(self._session.view.clock, "QUIT", lines, answers), answered)

    async def _cancel_and_leave(self) -> None:
        answer = await self._session.command(
            "cancel all", self._session.link.cancel_all(None, None)
        )
        if answer is not None and answer.ok:
            self._stage.leave("quit")

    def _order(self, words: OrderWords) -> None:
        frame = self._session.view.newest
        shown = frame is not None and frame.instrument.id == words.instrument
        if words.price is None and not shown:
            self._session.report(
                "say @ PRICE: the touch is only known of the symbol on show", "warn"
            )
            return
        self._trade.orders.review_words(words)

    def _ask_flatten(self, instrument: str | None) -> None:
        if instrument is not None:
            self._trade.orders.flatten_instrument(instrument)
            return
        lines = ["Close EVERY position at the market, in every account."]

        def answered(key: str | None) -> None:
            if key == "y":
                self._send("flatten all", self._session.link.flatten(None))

        if self._trade.orders.may_send():
            choice = Choice(
                self._session.view.clock,
                "FLATTEN ALL",
                lines,
                [Answer("y", "close everything now")],
            )
            self._stage.lay(choice, answered)

    def _guarded(self, what: str, ask: Callable[[], Awaitable[CommandAnswer]]) -> None:
        if self._trade.orders.may_send():
            self._send(what, ask())

    def _send(self, what: str, asked: Awaitable[CommandAnswer]) -> None:
        self._stage.work(self._session.command(what, asked))


def _nothing(answer: str | None) -> None:
    """A drill that is closed leads to nothing."""
