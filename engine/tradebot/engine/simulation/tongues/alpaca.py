"""Alpaca: orders by REST, `trade_updates` on a web socket, fees told later as activities."""

from decimal import Decimal
from typing import Final

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.venues.alpaca.assets import Asset
from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.rules import capabilities_of
from tradebot.engine.brokers.alpaca.session import AlpacaSession
from tradebot.engine.brokers.alpaca.setting import AccountSetting, Traded
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import HttpReply, HttpRequest, Outside
from tradebot.engine.brokers.session import TellAccount
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.types import AccountName, ExecutionId
from tradebot.engine.exchange import face
from tradebot.engine.exchange.alpaca.face import AlpacaFace
from tradebot.engine.exchange.alpaca.words import Ids
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

_BASE: Final = "http://alpaca"
_ADDRESSES: Final = Addresses(
    base_url=_BASE, stream_url="ws://alpaca", private_url="ws://alpaca/stream", data_url=_BASE
)


def _asset(instrument: Instrument) -> Asset:
    """Return a simulated instrument as a pair: the one class whose quantities may have any scale."""
    return Asset(
        id=instrument.symbol,
        asset_class="crypto",
        symbol=instrument.symbol,
        status="active",
        tradable=True,
        fractionable=True,
        min_order_size=Decimal(1).scaleb(-instrument.quantity_scale),
        min_trade_increment=Decimal(1).scaleb(-instrument.quantity_scale),
        price_increment=instrument.price(instrument.rules_at(0).tick),
    )


def capabilities(plan: Plan) -> Capabilities:
    """Return what of a seed's venue Alpaca can be."""
    _ = plan
    return capabilities_of(Traded(_asset(one), one) for one in INSTRUMENTS)


class AlpacaTongue:
    """See `tongue.Tongue`."""

    lost_frames = True
    orders_by_line = False

    def __init__(
        self, plan: Plan, faults: Faults, agenda: Agenda, ledger: Exchange, account: AccountName
    ) -> None:
        seed = plan.seed * 2 + plan.accounts.index(account)
        self._terms = settled_terms(accounts(["alpaca"], seed)[0])
        self._ids = Ids(seed)
        listings = tuple(listing_of("alpaca", one, "crypto", 0) for one in INSTRUMENTS)
        self.mirror = Mirror(
            ledger,
            faults,
            account,
            clock=AgendaClock(agenda),
            terms=self._terms,
            listings=listings,
            seed=seed,
        )
        self._face = AlpacaFace(Floor(self.mirror, ArmedFaults()))

    def serve(self, request: HttpRequest) -> HttpReply:
        """Answer a request."""
        self.mirror.look()
        reply = self._face.answer(came(request, _BASE))
        if isinstance(reply, HttpStream):
            raise TypeError(f"{request} must be answered at once")
        return went(reply)

    def connect(self, url: str, link: Link) -> Receiver | None:
        """Take a connection of the trading stream."""
        path = "/" + url.partition("://")[2].partition("/")[2]
        taken = self._face.connect(face.HttpRequest(method="GET", path=path), link)
        return None if isinstance(taken, face.HttpReply) else taken

    def advance(self, now: int) -> None:
        """Do what is due."""
        self._face.advance(now)

    def session(
        self, account: AccountName, doors: Outside, tell: TellAccount, cursor: Cursor
    ) -> AlpacaSession:
        """Return the adapter's session."""
        setting = AccountSetting(
            name=account,
            addresses=_ADDRESSES,
            keys=Keys(Secret(self._terms.key), Secret(self._terms.secret)),
            traded=tuple(Traded(_asset(one), one) for one in INSTRUMENTS),
        )
        return AlpacaSession(setting, doors, tell, cursor)

    def execution_id(self, instrument: InstrumentId, before: ExecutionId | None) -> ExecutionId:
        """Return the venue's id; a correction has one of its own."""
        _ = instrument, before
        return ExecutionId(self._ids.execution(self.mirror.next_execution))
