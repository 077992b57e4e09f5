"""What an engine is put into: instruments, accounts, a venue that takes orders and a feed that tells of the market."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import AccountStarted
from tradebot.engine.journal.store import ClockKind
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.runtime import ConnectedVenue, Feed, Runtime
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.venue.fees import FeeSchedule


class Place(Protocol):
    """Where an engine can be put, chosen before any file of it is opened."""

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return what can be traded there."""
        ...

    def open(self, folder: StateFolder) -> AbstractContextManager["World"]:
        """Open what the world keeps in the engine's folder, for as long as the context is open.

        Raises:
            CannotRun: If the folder belongs to an engine of another market.
        """
        ...


class World(Protocol):
    """The outside of an engine; made before the engine, joined to its runtime once that has recovered."""

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        ...

    @property
    def clock(self) -> ClockKind:
        """Return whether time is the market's own or the machine's."""
        ...

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return what can be traded."""
        ...

    @property
    def accounts(self) -> tuple[AccountStarted, ...]:
        """Return what orders may be placed at, the default account first."""
        ...

    @property
    def fees(self) -> FeeSchedule:
        """Return what a fill is expected to cost."""
        ...

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return minutes before the start, oldest first."""
        ...

    def now(self) -> int:
        """Return where the world stands, ns UTC; 0 where it follows the engine."""
        ...

    def join(self, runtime: Runtime, currency: str) -> tuple[ConnectedVenue, Feed]:
        """Connect to an engine that has recovered and not begun yet."""
        ...

    def begin(self) -> None:
        """The engine has begun: feeds come up, what rested at the venue rests again."""
        ...

    def connected(self) -> AbstractAsyncContextManager[None]:
        """Stay connected to what is outside the process while the context is open, on the engine's loop."""
        ...
