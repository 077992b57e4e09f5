"""What pictures of the console share: sizes, what the engine shows, how a picture is taken."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from console_driver import Console, Scene
from console_fakes import SLEEVES, FakeMarket
from textual.app import App
from textual.pilot import Pilot

from tradebot.console.link.protocol import StateQuery
from tradebot.engine.control.messages import FeedState
from tradebot.engine.control.messages_facts import FeedFacts
from tradebot.engine.control.messages_frame import Frame, HandView

NARROW, MID, WIDE = (80, 24), (120, 40), (200, 60)
SIZES = {"narrow": NARROW, "mid": MID, "wide": WIDE}

type Steps = Callable[[Console], Awaitable[None]]


class Compare(Protocol):
    """The fixture `snap_compare`."""

    def __call__(
        self,
        app: App[str],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[str]], Awaitable[None]],
    ) -> bool: ...


def with_feed(state: FeedState, age_ms: int | None) -> Scene:
    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        return market.frame(
            query, feed=FeedFacts(name="binance", state=state, age_ms=age_ms, gaps=1)
        )

    return scene


def with_state(state: str, reason: str) -> Scene:
    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        return msgspec.structs.replace(market.frame(query), trading_state=state, reason=reason)

    return scene


def live(ends_s: int | None) -> Scene:
    """Return a scene of real money: hands locked, or armed for so many seconds yet."""

    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        base = market.frame(query)
        engine = msgspec.structs.replace(base.engine, mode="live", market="")
        ends = None if ends_s is None else base.now + ends_s * 1_000_000_000
        return msgspec.structs.replace(base, engine=engine, hand=HandView(ends=ends))

    return scene


def empty(market: FakeMarket, _query: StateQuery) -> Frame:
    return market.empty()


def nothing(_market: FakeMarket, _query: StateQuery) -> None:
    return None


def with_sleeves(market: FakeMarket, query: StateQuery) -> Frame:
    return market.frame(query, sleeves=SLEEVES)


async def look(_console: Console) -> None:
    return None


async def lose_engine(console: Console) -> None:
    console.scene = nothing
    await console.silence(4.0)


def shot(compare: Compare, console: Console, size: tuple[int, int], steps: Steps) -> bool:
    async def before(pilot: Pilot[str]) -> None:
        console.attach(pilot)
        await console.beat(times=3)
        await steps(console)

    return compare(console.app, terminal_size=size, run_before=before)
