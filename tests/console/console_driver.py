"""A console on a fake engine, its clocks moved by hand: what tests press and look at."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from console_fakes import FakeLink, FakeMarket, HandClock
from textual.pilot import Pilot

from tradebot.console.app import ConsoleApp
from tradebot.console.glyphs import ALPHABETS, GlyphName
from tradebot.console.link.protocol import StateQuery
from tradebot.console.view import View
from tradebot.engine.control.messages_frame import Frame

type Scene = Callable[[FakeMarket, StateQuery], Frame | None]
"""What the engine shows of a window; None: nothing comes."""


def normal(market: FakeMarket, query: StateQuery) -> Frame:
    """Return the market as it is."""
    return market.frame(query)


class Console:
    """A running console and everything around it."""

    def __init__(
        self,
        scene: Scene = normal,
        *,
        theme: str = "tb-dark",
        glyphs: GlyphName = "block",
        read_only: bool = False,
    ) -> None:
        self.scene = scene
        self.market = FakeMarket()
        self.clock = HandClock()
        self.link = FakeLink()
        self.view = View(self.clock, ALPHABETS[glyphs], read_only=read_only)
        self.app = ConsoleApp(lambda: self.link, self.view, theme=theme, ticking=False)
        self._pilot: Pilot[str] | None = None

    @property
    def pilot(self) -> Pilot[str]:
        """The hand on the keys."""
        if self._pilot is None:
            raise RuntimeError("the console must run before it is driven")
        return self._pilot

    def attach(self, pilot: Pilot[str]) -> None:
        """Take the hand."""
        self._pilot = pilot

    async def beat(self, seconds: float = 0.6, times: int = 1) -> None:
        """Let time pass, a frame come if the scene has one, the screen be painted."""
        for _ in range(times):
            self.clock.pass_s(seconds)
            frame = self.scene(self.market, self.view.query)
            if frame is not None:
                self.link.push(frame)
            await self.pilot.pause()
            self.app.beat()
            await self.pilot.pause()

    async def silence(self, seconds: float) -> None:
        """Let time pass without a frame, and paint."""
        self.clock.pass_s(seconds)
        self.app.beat()
        await self.pilot.pause()
        self.clock.pass_s(0.01)
        self.app.beat()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys, each followed by a beat."""
        for key in keys:
            await self.pilot.press(key)
            await self.beat()

    def session_report(self, text: str) -> None:
        """Say something to the trader."""
        self.app.session.report(text, "info")

    async def open_review(self) -> None:
        """Open the ticket at the touch and its review, which is then awake."""
        await self.press("b", "enter")
        await self.beat(times=2)


@asynccontextmanager
async def running(console: Console, size: tuple[int, int] = (120, 40)) -> AsyncGenerator[Console]:
    """Run a console without a terminal."""
    async with console.app.run_test(size=size, notifications=True) as pilot:
        console.attach(pilot)
        await console.beat(times=3)
        yield console
