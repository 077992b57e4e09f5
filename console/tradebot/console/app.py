"""The console's application: one engine, one clock, one screen; everything else is in its parts."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from typing import ClassVar, cast, override

import msgspec
from textual import events
from textual.app import App
from textual.binding import Binding
from textual.command import Provider
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from tradebot.console.commands.provider import CommandProvider
from tradebot.console.commands.words import Command, parse
from tradebot.console.desk import Desk
from tradebot.console.frame_clock import LADDER_OF_FPS, FrameClock
from tradebot.console.keys import bindings
from tradebot.console.link.protocol import EngineLink
from tradebot.console.sandbox.school import NOT_OURS, School, Schooling
from tradebot.console.screens.data.screen import DataScreen
from tradebot.console.screens.health.screen import HealthScreen
from tradebot.console.screens.house.screen import HouseScreen
from tradebot.console.screens.lab.screen import LabScreen
from tradebot.console.screens.orders.screen import OrdersScreen
from tradebot.console.screens.overlays.help import Help
from tradebot.console.screens.overlays.history import History
from tradebot.console.screens.overlays.kill import KillOverlay
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.risk.screen import RiskScreen
from tradebot.console.screens.setup.screen import SetupScreen
from tradebot.console.screens.size.screen import SizeScreen
from tradebot.console.screens.trade.screen import TradeScreen
from tradebot.console.session import Session
from tradebot.console.terminal.backlog import output_backlog
from tradebot.console.terminal.extent import terminal_size
from tradebot.console.terminal.hangup import HangupWatch
from tradebot.console.themes import DEFAULT_THEME, MARKET_VARIABLES, THEMES
from tradebot.console.view import Level, View

TOAST_S = 4.0
ERROR_TOAST_S = 86_400.0
"""Errors stay until escape dismisses them."""
SEVERITIES: dict[Level, SeverityLevel] = {
    "info": "information",
    "warn": "warning",
    "error": "error",
}


class ConsoleApp(App[str]):
    """The console. Its result is why it ended: `quit`, `hangup`, `terminated`, or what went wrong at the start.

    Args:
        open_link: Makes the link to the engine at its first use.
        view: What the console knows.
        theme: Name of a theme.
        trouble: Asked until the first frame comes: why none will ever come, or None.
        ticking: Whether the frame clock runs; tests tick it by hand.
        schooling: The engine's process and the coach, where this console started a sandbox.
    """

    CSS_PATH = "theme.tcss"
    BINDINGS: ClassVar[list[Binding]] = bindings("app")  # pyright: ignore[reportIncompatibleVariableOverride]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {CommandProvider}
    TITLE = "tradebot"

    def __init__(
        self,
        open_link: Callable[[], EngineLink],
        view: View,
        *,
        theme: str = DEFAULT_THEME,
        trouble: Callable[[], str | None] = lambda: None,
        ticking: bool = True,
        schooling: Schooling | None = None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.view = view
        self.session = Session(open_link, view, self.say)
        self.trade = TradeScreen(self.session)
        self.house = HouseScreen(self.session)
        self.risk = RiskScreen(self.session)
        self.orders = OrdersScreen(self.session)
        self.lab = LabScreen(self.session)
        self.size_screen = SizeScreen(self.session, self.trade.ticket)
        self.data_screen = DataScreen(self.session)
        self.health = HealthScreen(self.session)
        self.setup = SetupScreen(self.session)
        self.shown: TradeScreen | PanelScreen = self.trade
        """The screen under whatever lies over it."""
        self.desk = Desk(self, self.session, self.trade)
        self.school = None if schooling is None else School(self, self.session, schooling)
        self._theme_wanted = theme
        self._trouble = trouble
        self._ticking = ticking
        self._titled: str | None = None
        self._unreadable = False
        self.frame_clock = FrameClock(self._backlog, view.clock.monotonic_s)
        self._hangup = HangupWatch(self.leave, sys.stdin.fileno() if ticking else -1)

    @override
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return MARKET_VARIABLES

    def on_mount(self) -> None:
        """Open the screen, the streams and the clock."""
        for theme in THEMES:
            self.register_theme(theme)
        self.choose_theme(self._theme_wanted)
        self.set_class(self.view.glyphs.name == "ascii", "-ascii")
        for name, screen in self._screens().items():
            self.install_screen(screen, name)  # pyright: ignore[reportUnknownMemberType]
        self.push_screen("trade")
        self.trade.call_after_refresh(self._open_streams)
        if self._ticking:
            self._hangup.start(asyncio.get_running_loop())
            self.set_interval(1 / LADDER_OF_FPS[0], self.tick)

    def _open_streams(self) -> None:
        """Follow the engine, once the first picture has been painted."""
        if self._ticking:
            gc.freeze()  # what is loaded now stays: the collector need not look at it thirty times a second
        self.run_worker(self.session.follow_frames(), group="frames", exit_on_error=False)
        self.run_worker(self.session.follow_events(), group="events", exit_on_error=False)

    async def on_unmount(self) -> None:
        """Let go of the engine and of the signals."""
        self._hangup.stop()
        await self.session.close()

    # -- the clock

    def tick(self) -> None:
        """One beat: decode the newest frame, bring the panels up to date."""
        if self.frame_clock.beat():
            self.beat()

    def beat(self) -> None:
        """Bring everything on the screen up to date."""
        now_s = self.view.clock.monotonic_s()
        self.view.fps = self.frame_clock.fps
        self._fit()
        self._open_mail()
        self.session.beat(now_s)
        if self.school is not None:
            self.school.beat(now_s)
        if self.shown.is_mounted:
            self.shown.beat(now_s)
        self._name_terminal()
        if self.view.newest is None:
            trouble = self._trouble()
            if trouble is not None:
                self.exit(trouble, return_code=4)

    def _fit(self) -> None:
        """Take the terminal's size where it was missed: at a slow start its word and the first screen may cross."""
        size = terminal_size(self._driver) or self.size
        if size != self.size:
            self.post_message(events.Resize(size, size))
        elif self.screen.outer_size != size:
            self.screen.post_message(events.Resize(size, size))

    def _open_mail(self) -> None:
        try:
            self.view.open_mail()
        except msgspec.DecodeError as error:
            if not self._unreadable:
                self.session.report(f"a frame could not be read: {error}", "error")
            self._unreadable = True

    def _backlog(self) -> int:
        return output_backlog(self._driver)

    def _name_terminal(self) -> None:
        """Put the mode into the terminal's title, where tabs and multiplexers show it."""
        frame = self.view.newest
        if frame is None or self._driver is None or self._driver.is_headless:
            return
        title = f"[{frame.engine.mode.upper()}] tradebot"
        if title != self._titled:
            self._titled = title
            self._driver.write(f"\x1b]0;{title}\x07")

    # -- what keys and palette do

    def _screens(self) -> dict[str, TradeScreen | PanelScreen]:
        """Return every screen by its name."""
        return {
            "trade": self.trade,
            "house": self.house,
            "risk": self.risk,
            "orders": self.orders,
            "lab": self.lab,
            "size": self.size_screen,
            "data": self.data_screen,
            "health": self.health,
            "setup": self.setup,
        }

    def show(self, name: str) -> None:
        """Put another screen under whatever lies over it; nothing where a question is open."""
        wanted = self._screens()[name]
        if self.screen is self.shown and wanted is not self.shown:
            self.shown = wanted
            self.switch_screen(name)  # pyright: ignore[reportUnknownMemberType]

    def action_show(self, name: str) -> None:
        """Show another screen."""
        self.show(name)

    def action_kill_overlay(self) -> None:
        """Open the kill overlay, or kill if it is open already."""
        top = self.screen
        if isinstance(top, KillOverlay):
            top.again()
        else:
            self.push_screen(self.desk.kill_overlay(), self.desk.killed)

    def action_arm(self) -> None:
        """Ask for the account's name, then let hands add risk for a while."""
        self.desk.hands.ask_to_arm()

    def action_disarm(self) -> None:
        """Let hands add no more risk."""
        self.desk.hands.disarm()

    @override
    async def on_event(self, event: events.Event) -> None:
        # What a person does here keeps arming alive, whatever the key means and wherever it goes.
        if isinstance(event, events.Key):
            self.desk.hands.used(self.view.clock.monotonic_s())
        await super().on_event(event)

    def action_help_keys(self) -> None:
        """Show all keys."""
        if not isinstance(self.screen, Help):
            self.push_screen(Help())

    def action_history(self) -> None:
        """Show all events."""
        self.push_screen(History(self.view))

    def action_leave(self) -> None:
        """Leave, asking where orders are working."""
        self.desk.ask_to_leave()

    def action_coach_next(self) -> None:
        """Take the coach's step as done."""
        if self.school is not None:
            self.school.go_on()

    def action_coach_away(self) -> None:
        """Put the coach away."""
        if self.school is not None:
            self.school.dismiss()

    def action_plug(self) -> None:
        """Kill the sandbox's engine, or start it again."""
        if self.school is None:
            self.session.report(NOT_OURS, "warn")
        else:
            self.school.pull_plug()

    def lay(self, overlay: Screen[str], then: Callable[[str | None], None]) -> None:
        """Lay an overlay over the screen."""
        self.push_screen(overlay, then)

    def work(self, work: Awaitable[object]) -> None:
        """Do something beside the keys."""
        self.run_worker(work, group="command", exit_on_error=False)

    def leave(self, reason: str) -> None:
        """End the console."""
        self.exit(reason)

    def read_command(self, text: str) -> Command | None:
        """Return what words mean; raises NotUnderstood."""
        return parse(text, self.watched())

    def do_command(self, command: Command) -> None:
        """Do a command of the palette."""
        self.desk.do(command)

    def do_action(self, action: str) -> None:
        """Do what a key does; one that the screen on show does not know is the Trade screen's."""
        name = action.partition("(")[0]
        known = action.startswith("app.") or hasattr(self.shown, f"action_{name}")
        if not known:
            self.show("trade")
        self.work(self.shown.run_action(action))

    def choose_theme(self, name: str) -> None:
        """Change the colours; an unknown name says so and leaves the default."""
        if name in self.available_themes:
            self.theme = name
        else:
            self.theme = DEFAULT_THEME
            known = ", ".join(theme.name for theme in THEMES)
            self.session.report(f"console.theme must be one of {known}, was {name!r}", "warn")

    def explain(self, text: str) -> None:
        """Say how a command is written."""
        self.say(text, "info")

    def watched(self) -> list[str]:
        """Return the instruments of the watch list."""
        frame = self.view.newest
        return [] if frame is None else [item.instrument for item in frame.watch]

    def say(self, text: str, level: Level) -> None:
        """Show a toast."""
        severity = SEVERITIES[level]
        timeout = ERROR_TOAST_S if level == "error" else TOAST_S
        self.notify(text, severity=severity, timeout=timeout, markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say it when something beside the keys went wrong: a worker never dies silently."""
        worker = cast("Worker[object]", event.worker)  # pyright: ignore[reportUnknownMemberType]
        if event.state is WorkerState.ERROR:
            error = worker.error
            self.session.report(f"{worker.group}: {type(error).__name__}: {error}", "error")
