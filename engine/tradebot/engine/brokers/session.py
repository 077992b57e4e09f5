"""What every broker's adapter is to the engine: sessions for accounts and for markets, without I/O of their own."""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.control.health import SessionFacts
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import ConnectionEvent, VenueEvent
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.hours import Hours
from tradebot.engine.core.types import AccountName
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.standing import Standing
from tradebot.engine.venue.fees import Fees

type AccountWord = VenueEvent | ConnectionEvent
"""What an account's session tells."""

type MarketWord = AnyMarketEvent | ConnectionEvent
"""What a market's session tells: the market, and `FeedChanged`."""

type SessionState = Literal["disconnected", "connecting", "syncing", "live", "degraded"]
"""`syncing`: subscribed, and what was missed is being asked for; `degraded`: connected and stale."""


class SessionHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a session is, for a person."""

    state: SessionState
    reason: str = ""
    connects: int = 0
    """Times a stream has come up."""
    malformed: int = 0
    """Frames and replies that could not be read: counted, logged, passed over."""
    fills: int = 0
    """Executions told, each counted once."""
    doubled: int = 0
    """Executions heard again and not told again."""
    gap_filled: int = 0
    """Of the fills, those that no stream had told."""
    note: str = ""
    """What a person should know besides."""

    def told(self, name: str) -> SessionFacts:
        """Return it as clients are told of it."""
        return SessionFacts(
            name=name,
            state=self.state,
            reason=self.reason,
            note=self.note,
            connects=self.connects,
            malformed=self.malformed,
            fills=self.fills,
            doubled=self.doubled,
            gap_filled=self.gap_filled,
        )


class BrokerSession(Protocol):
    """One account at a broker: takes effects, answers by events.

    What it must keep to:

    - `perform` returns at once. A submit has one of three outcomes, told as an event: accepted, rejected or unknown
      (`SubmitUnknown`); what certainly never left is rejected. An unknown order is resolved by asking (`QueryOrder`
      comes from the kernel); nothing is ever sent again by itself.
    - After every (re)subscribe it asks for the fills it may have missed, and only then tells `StreamChanged` "up".
    - `QueryAccount` is answered by every fill since then, and `AccountReported` after them; where that cannot be had
      there is no answer, and the kernel asks again.
    - Frames that cannot be read are counted and never end a stream.
    """

    @property
    def account(self) -> AccountName:
        """Return whose session it is."""
        ...

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        ...

    def start(self) -> None:
        """Connect, and stay connected until `stop`; also after a `stop`."""
        ...

    def stop(self) -> None:
        """Disconnect; nothing is told any more. Orders stay where they are."""
        ...

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect and return at once."""
        ...


class MarketSession(Protocol):
    """The public market of one venue: tells books, quotes, trades, and whether they can be believed."""

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        ...

    def standing(self, instrument: InstrumentId) -> Standing | None:
        """Return what the venue tells of one of its instruments besides prices; None where it is not its own."""
        ...

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        ...

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        ...


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known of a venue before an engine is put before it."""

    instruments: tuple[Instrument, ...]
    fees: Fees
    history: dict[InstrumentId, list[Candle]] = {}
    """Minutes before now, oldest first."""
    hours: tuple[Hours, ...] = ()
    """Sessions of what does not trade around the clock."""


type TellAccount = Callable[[AccountWord], None]
type TellMarket = Callable[[MarketWord], None]


class AccountTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel must know of an account at a broker."""

    name: AccountName
    venue: str
    capabilities: Capabilities
    report_every: int
    """Nanoseconds between two looks at the account by the kernel."""


class MarketPlan(Protocol):
    """A real market that our own venue is put before; each broker with public data makes one."""

    @property
    def description(self) -> str:
        """Return which market it is, in words."""
        ...

    @property
    def terms(self) -> Terms:
        """Return what is traded there, and what it would cost."""
        ...

    @property
    def latency(self) -> int:
        """Return how long an order would take to the venue, one way, ns."""
        ...

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the market, not started."""
        ...
