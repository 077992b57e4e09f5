"""Binance: signed requests, the user stream on the web-socket API."""

from typing import Final

from tradebot.data.instruments import InstrumentId
from tradebot.engine.brokers.binance.session import BinanceSession
from tradebot.engine.brokers.binance.setting import AccountSetting
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import HttpReply, HttpRequest, Outside
from tradebot.engine.brokers.session import TellAccount
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.types import AccountName, ExecutionId
from tradebot.engine.exchange import face
from tradebot.engine.exchange.binance.face import BinanceFace
from tradebot.engine.exchange.face import Floor, HttpStream, Link, Receiver
from tradebot.engine.exchange.faults import Faults as ArmedFaults
from tradebot.engine.exchange.opening import accounts
from tradebot.engine.secret import Secret
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.exchange import Exchange
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.instruments import INSTRUMENTS
from tradebot.engine.simulation.plan import Plan
from tradebot.engine.simulation.tongues.mirror import Mirror, listing_of, settled_terms
from tradebot.engine.simulation.tongues.tongue import AgendaClock, came, went

_BASE: Final = "http://binance"
_ADDRESSES: Final = Addresses(
    base_url=_BASE, stream_url="ws://binance", private_url="ws://binance/ws-api/v3", data_url=_BASE
)


def capabilities(plan: Plan) -> Capabilities:
    """Return what of a seed's venue Binance can be: spot, which locks what a resting sell would sell."""
    return Capabilities(
        order_types=plan.capabilities.order_types,
        times_in_force=("gtc", "ioc", "fok"),
        post_only=True,
        reduce_only=False,
        replace=plan.capabilities.replace,
        locks_balance=True,
    )


class BinanceTongue:
    """See `tongue.Tongue`."""

    lost_frames = True
    orders_by_line = False

    def __init__(
        self, plan: Plan, faults: Faults, agenda: Agenda, ledger: Exchange, account: AccountName
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._terms = settled_terms(accounts(["binance"], plan.seed)[0])
        listings = tuple(listing_of("binance", one, "crypto", 0) for one in INSTRUMENTS)
        self.mirror = Mirror(
            ledger,
            faults,
            account,
            clock=AgendaClock(agenda),
            terms=self._terms,
            listings=listings,
            seed=plan.seed,
        )
        self._face = BinanceFace(Floor(self.mirror, ArmedFaults()))

    def serve(self, request: HttpRequest) -> HttpReply:
        """Answer a request."""
        self.mirror.look()
        reply = self._face.answer(came(request, _BASE))
        if isinstance(reply, HttpStream):
            raise TypeError(f"{request} must be answered at once")
        return went(reply)

    def connect(self, url: str, link: Link) -> Receiver | None:
        """Take a connection of the web-socket API."""
        path = "/" + url.partition("://")[2].partition("/")[2]
        taken = self._face.connect(face.HttpRequest(method="GET", path=path), link)
        return None if isinstance(taken, face.HttpReply) else taken

    def advance(self, now: int) -> None:
        """Ping and close what is due."""
        self._face.advance(now)

    def session(
        self, account: AccountName, doors: Outside, tell: TellAccount, cursor: Cursor
    ) -> BinanceSession:
        """Return the adapter's session."""
        setting = AccountSetting(
            name=account,
            addresses=_ADDRESSES,
            instruments=INSTRUMENTS,
            capabilities=self._plan.capabilities,
        )
        signer = Signer(Secret(self._terms.key), Secret(self._terms.secret))
        return BinanceSession(setting, signer, doors, tell, cursor)

    def execution_id(self, instrument: InstrumentId, before: ExecutionId | None) -> ExecutionId:
        """Return `SYMBOL:TRADE`; nothing is ever corrected here."""
        _ = before
        return ExecutionId(f"{self.mirror.symbol(instrument)}:{self._ledger.books.count + 1}")
