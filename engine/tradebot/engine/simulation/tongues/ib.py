"""Interactive Brokers: one socket for everything, fees apart from their executions, corrections by counted ids."""

from typing import Final

from tradebot.data.instruments import InstrumentId
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.ib.orders import capabilities_of
from tradebot.engine.brokers.ib.session import IbSession
from tradebot.engine.brokers.ib.setting import AccountSetting, Listed
from tradebot.engine.brokers.outside import HttpReply, HttpRequest, Outside
from tradebot.engine.brokers.session import TellAccount
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.types import AccountName, ExecutionId
from tradebot.engine.exchange.face import Floor, Link, Receiver
from tradebot.engine.exchange.faults import Faults as ArmedFaults
from tradebot.engine.exchange.ib.face import IbFace
from tradebot.engine.exchange.ib.tickets import execution_id
from tradebot.engine.exchange.opening import accounts
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.exchange import Exchange
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.instruments import INSTRUMENTS
from tradebot.engine.simulation.plan import Plan
from tradebot.engine.simulation.tongues.mirror import Mirror, listing_of, settled_terms
from tradebot.engine.simulation.tongues.tongue import AgendaClock

_CONTRACTS: Final = {one.id: 1_001 + place for place, one in enumerate(INSTRUMENTS)}
_STOPS = "LMT,MKT,STP,STPLMT"
_PLAIN = "LMT,MKT"


def capabilities(plan: Plan) -> Capabilities:
    """Return what of a seed's venue IB can be; a trailing stop stays in the engine, as the ledger has none."""
    stops = "stop" in plan.capabilities.order_types
    return capabilities_of([_STOPS if stops else _PLAIN])


class IbTongue:
    """See `tongue.Tongue`."""

    lost_frames = True
    orders_by_line = True

    def __init__(
        self, plan: Plan, faults: Faults, agenda: Agenda, ledger: Exchange, account: AccountName
    ) -> None:
        self._terms = settled_terms(accounts(["ib"], plan.seed)[0])
        listings = tuple(listing_of("ib", one, "equity", _CONTRACTS[one.id]) for one in INSTRUMENTS)
        self.mirror = Mirror(
            ledger,
            faults,
            account,
            clock=AgendaClock(agenda),
            terms=self._terms,
            listings=listings,
            seed=plan.seed,
        )
        self._face = IbFace(Floor(self.mirror, ArmedFaults()))

    def serve(self, request: HttpRequest) -> HttpReply:
        """Answer that there is no such thing: a Gateway takes no requests."""
        _ = request
        return HttpReply(status=404)

    def connect(self, url: str, link: Link) -> Receiver | None:
        """Take a client."""
        _ = url
        return self._face.connect(link)

    def advance(self, now: int) -> None:
        """Tell what has gathered."""
        self._face.advance(now)

    def session(
        self, account: AccountName, doors: Outside, tell: TellAccount, cursor: Cursor
    ) -> IbSession:
        """Return the adapter's session."""
        setting = AccountSetting(
            name=account,
            url="tcp://gateway:4002",
            client_id=7,
            code=self._terms.name,
            listed=tuple(
                Listed(instrument=one, con_id=_CONTRACTS[one.id], exchange="SMART")
                for one in INSTRUMENTS
            ),
        )
        return IbSession(setting, doors, tell, cursor)

    def execution_id(self, instrument: InstrumentId, before: ExecutionId | None) -> ExecutionId:
        """Return the venue's id: a correction repeats it with the last part counted on."""
        _ = instrument
        if before is None:
            return ExecutionId(execution_id(self.mirror.next_execution, 1))
        base, _, revision = before.rpartition(".")
        return ExecutionId(f"{base}.{int(revision) + 1:02d}")
