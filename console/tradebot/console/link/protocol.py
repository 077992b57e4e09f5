"""What the console needs of an engine, whatever carries it; and how that can fail.

LinkError
├── LinkDown     nobody answers, or the answer broke off
├── LinkRefused  the engine answered with a Problem
└── WrongApi     the engine speaks another API number
"""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

import msgspec

from tradebot.engine.control.authority import ArmBody, AuthorityFacts
from tradebot.engine.control.clients import ClientFacts
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import Hello
from tradebot.engine.control.messages_facts import AccountFacts, OrderFacts
from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    EventLine,
    OrderAnswer,
    OrderRequest,
    Preview,
    Problem,
)
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.control.setup import AccountCheck, SetupFacts
from tradebot.engine.control.sleeves import ChangeBody, VersionDifference

type Answer = Literal["adopt", "ignore", "flatten"]
"""What is said of a difference."""

SPANS = ("1s", "5s", "15s", "1m", "5m", "15m", "1h")
"""Candle spans an engine serves, shortest first."""


class LinkError(Exception):
    """Root of everything that can go wrong between console and engine."""


class LinkDown(LinkError):  # noqa: N818  (what happened to the link)
    """Nobody answers at the address, or the connection broke off."""


class LinkRefused(LinkError):  # noqa: N818  (an answer, not a fault)
    """The engine answered, and the answer is no."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class WrongApi(LinkError):  # noqa: N818  (what is the matter with the engine)
    """The engine speaks another API number than this console."""


class StateQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which window of the market the frames show; None leaves the choice to the engine."""

    instrument: str | None = None
    step: str | None = None
    """Price step of the ladder, a decimal string."""
    rows: int = 60
    """Price levels per side, in [1, 200]."""
    span: str = "1m"
    """One of SPANS."""


class EngineLink(Protocol):
    """One engine as the console sees it. Every method raises LinkError and nothing else of its own."""

    @property
    def address(self) -> str:
        """Where the engine is, in words."""
        ...

    async def hello(self) -> Hello:
        """Ask who answers; raises WrongApi when its API number is another."""
        ...

    def frames(self, query: StateQuery) -> AsyncGenerator[str]:
        """Yield frames as JSON text, undecoded: whoever is late decodes only the newest."""
        ...

    def events(self, after: str | None) -> AsyncGenerator[EventLine]:
        """Yield every event after an id (None: from now on), none left out."""
        ...

    async def preview(self, request: OrderRequest) -> Preview:
        """Ask what an order would cost and whether the gate lets it pass; nothing is sent."""
        ...

    async def place(self, request: OrderRequest) -> OrderAnswer:
        """Hand an order to the gate; the same request id twice is one order."""
        ...

    async def cancel(self, client_order_id: str) -> CommandAnswer:
        """Cancel one order."""
        ...

    async def cancel_all(
        self, instrument: str | None, side: Literal["buy", "sell"] | None
    ) -> CommandAnswer:
        """Cancel all orders of an instrument and side; None means every."""
        ...

    async def flatten(self, instrument: str | None) -> CommandAnswer:
        """Close the position of an instrument; None closes everything."""
        ...

    async def kill(self) -> CommandAnswer:
        """Halt: cancel what adds risk, keep what protects."""
        ...

    async def halt(self, reason: str) -> CommandAnswer:
        """Let through only what reduces."""
        ...

    async def resume(self, reason: str) -> CommandAnswer:
        """Lift REDUCING or HALTED."""
        ...

    async def arm(self, body: ArmBody) -> CommandAnswer:
        """Let hands add risk for a while."""
        ...

    async def disarm(self) -> CommandAnswer:
        """End that at once."""
        ...

    async def seen(self, terminal: str) -> CommandAnswer:
        """Say that a terminal is still used."""
        ...

    async def stop(self) -> CommandAnswer:
        """End the engine's process; its state stays."""
        ...

    async def orders(self, limit: int) -> list[OrderFacts]:
        """Ask for the newest orders, ended ones too, oldest first."""
        ...

    async def life(self, client_order_id: str) -> OrderLife:
        """Ask what happened to one order."""
        ...

    async def amend(self, client_order_id: str, request: AmendRequest) -> OrderAnswer:
        """Change an open order."""
        ...

    async def accounts(self) -> list[AccountFacts]:
        """Ask for the accounts."""
        ...

    async def authority(self) -> AuthorityFacts:
        """Ask who may add risk now."""
        ...

    async def health(self) -> HealthFacts:
        """Ask for the health lights."""
        ...

    async def setup(self) -> SetupFacts:
        """Ask for the accounts as configured."""
        ...

    async def check_account(self, account: str) -> AccountCheck:
        """Let the engine ask an account's venue whether it can be traded."""
        ...

    async def clients(self) -> ClientFacts:
        """Ask who follows, and who was dropped."""
        ...

    async def house(self) -> HouseView:
        """Ask for the game, the moves and the house's books."""
        ...

    async def decisions(self, sleeve: str, limit: int, *, only_changes: bool) -> Decisions:
        """Ask what a sleeve decided, the newest first."""
        ...

    async def reconcile(self, account: str | None) -> CommandAnswer:
        """Let the engine ask the venues now."""
        ...

    async def answer_difference(
        self, difference: str, answer: Answer, owner: str | None, reason: str
    ) -> CommandAnswer:
        """Adopt, ignore or flatten one difference."""
        ...

    async def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Stop a sleeve from adding risk."""
        ...

    async def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Let a sleeve add risk again."""
        ...

    async def reload_difference(self, sleeve: str) -> VersionDifference:
        """Ask what the code on disk would change of a sleeve; nothing is taken."""
        ...

    async def reload_sleeve(self, sleeve: str, body: ChangeBody) -> CommandAnswer:
        """Swap a sleeve to the code on disk, at the version that was shown."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...
