"""What the control server needs of an engine: small questions, commands that answer, and two ways to wait."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

import msgspec

from tradebot.engine.control.authority import ControlledAuthority
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import Hello
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    DifferenceFacts,
    FillFacts,
    OrderFacts,
    PositionFacts,
    Status,
)
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    EventLine,
    OrderAnswer,
    OrderRequest,
    Preview,
)
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.control.setup import AccountCheck, SetupFacts
from tradebot.engine.control.sleeves import ControlledSleeves

type RefusedCode = Literal["usage", "unknown", "conflict", "configuration", "refused"]
"""Why an engine says no."""


class FrameQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which window a client wants to see."""

    instrument: str | None = None
    """None: the engine's first."""
    step: str | None = None
    """Price grouping of the ladder; None: chosen from the book."""
    rows: int = 60
    """Grouped levels per side, in [1, 200]."""
    span: Literal["1s", "5s", "15s", "1m", "5m", "15m", "1h"] = "1m"
    """Candle span."""
    candles: int = 180
    """How many candles, in [1, 500]."""


class Refused(Exception):  # noqa: N818  (a refusal is an answer, not an error of the program)
    """A command or question the engine will not answer; becomes a Problem and an exit code.

    Codes: `usage` (HTTP 400, exit 2), `unknown` (404, exit 2), `conflict` (409, exit 1), `configuration` (409, exit 3),
    `refused` (403, exit 5).
    """

    def __init__(self, code: RefusedCode, detail: str) -> None:
        super().__init__(detail)
        self.code: RefusedCode = code
        self.detail = detail


class ControlledEngine(Protocol):
    """The engine's side of the control API; all on the engine's own event loop."""

    def hello(self) -> Hello:
        """Return who answers."""
        ...

    def status(self) -> Status:
        """Return the engine as a whole."""
        ...

    def orders(self, *, working_only: bool) -> Sequence[OrderFacts]:
        """Return orders, oldest first; all that the engine knows, or only the open ones."""
        ...

    async def order_life(self, client_order_id: str) -> OrderLife:
        """Return all that happened to one order; raise Refused where it is unknown."""
        ...

    def health(self) -> HealthFacts:
        """Return what the health lights are made of."""
        ...

    async def setup(self) -> SetupFacts:
        """Return the accounts as configured, and what traded ones' venues can do."""
        ...

    async def check_account(self, account: str) -> AccountCheck:
        """Ask an account's venue whether it can be traded; raise Refused where it is unknown."""
        ...

    def positions(self) -> Sequence[PositionFacts]:
        """Return open positions by account, instrument and owner."""
        ...

    def accounts(self) -> Sequence[AccountFacts]:
        """Return every account, the default one first."""
        ...

    def differences(self) -> Sequence[DifferenceFacts]:
        """Return what ledger and venue disagree on, and what nobody owns."""
        ...

    async def reconcile(self, account: str | None) -> CommandAnswer:
        """Ask the venue of an account, or of all, what it holds."""
        ...

    async def answer_difference(
        self,
        difference: str,
        answer: Literal["adopt", "ignore", "flatten"],
        owner: str | None,
        reason: str,
    ) -> CommandAnswer:
        """Adopt, ignore or flatten one difference; raise Refused where that cannot be."""
        ...

    def fills(self, limit: int) -> Sequence[FillFacts]:
        """Return the newest fills, oldest first."""
        ...

    def house(self) -> HouseView:
        """Return the game, the moves and the house's books."""
        ...

    async def decisions(self, name: str, limit: int, *, only_changes: bool) -> Decisions:
        """Return a sleeve's decisions, newest first; raise Refused where it never ran here."""
        ...

    def frame(self, query: FrameQuery) -> Frame:
        """Return the console's window now; raise Refused where the instrument is unknown."""
        ...

    def preview(self, request: OrderRequest) -> Preview:
        """Return what the gate would say of an order; nothing is sent."""
        ...

    async def place(self, request: OrderRequest, wait_s: float) -> OrderAnswer:
        """Hand an order to the gate; return once accepted, rejected, denied, or unknown after the wait."""
        ...

    async def amend(self, client_order_id: str, request: AmendRequest) -> OrderAnswer:
        """Change an open order; return the one that takes its place once the venue has spoken."""
        ...

    async def cancel(self, client_order_id: str) -> CommandAnswer:
        """Cancel one order."""
        ...

    async def cancel_all(
        self, instrument: str | None, side: Literal["buy", "sell"] | None
    ) -> CommandAnswer:
        """Cancel all open orders, of an instrument, of a side."""
        ...

    async def flatten(self, instrument: str | None) -> CommandAnswer:
        """Close the position in one instrument, or all."""
        ...

    async def kill(self) -> CommandAnswer:
        """HALTED: cancel what adds risk, keep what protects."""
        ...

    async def halt(self, reason: str) -> CommandAnswer:
        """REDUCING: let through only what shrinks a position."""
        ...

    async def resume(self, reason: str) -> CommandAnswer:
        """Lift REDUCING or HALTED."""
        ...

    async def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Stop a sleeve from adding risk."""
        ...

    async def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Let a paused sleeve add risk again."""
        ...

    async def stop(self, *, leave_unprotected: bool) -> CommandAnswer:
        """End the engine's process; refused where a stop would be left without effect, unless told to."""
        ...

    @property
    def authority(self) -> ControlledAuthority:
        """Who may add risk."""
        ...

    @property
    def sleeves(self) -> ControlledSleeves:
        """The life of sleeves."""
        ...

    @property
    def version(self) -> int:
        """Grows whenever a frame would look different."""
        ...

    async def event_lines(self, after: str | None, limit: int) -> Sequence[EventLine]:
        """Return committed journal lines after an id (`seq.index`; None: from now on), waiting for at least one."""
        ...

    def console_attached(self) -> AbstractContextManager[None]:
        """Count a console while the context is open; a sandbox made for consoles ends with its last one."""
        ...

    def client_dropped(self, text: str) -> None:
        """Tell the operator that a client was dropped; the text says which and why."""
        ...
