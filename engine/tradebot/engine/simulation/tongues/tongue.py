"""What a broker's tongue is to the simulator: its face over the ledger, its adapter's session, its names."""

from typing import Protocol

from tradebot.data.instruments import InstrumentId
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.outside import HttpReply, HttpRequest, Outside
from tradebot.engine.brokers.session import BrokerSession, TellAccount
from tradebot.engine.core.types import AccountName, ExecutionId
from tradebot.engine.exchange.face import HttpReply as FaceReply
from tradebot.engine.exchange.face import HttpRequest as FaceRequest
from tradebot.engine.exchange.face import Link, Receiver
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.tongues.mirror import Mirror


class AgendaClock:
    """The world's time as the venue's."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def now(self) -> int:
        """Return the world's time, ns UTC."""
        return self._agenda.now


class Tongue(Protocol):
    """One account at a broker; see the module."""

    @property
    def mirror(self) -> Mirror:
        """Return the ledger as the face sees it."""
        ...

    @property
    def lost_frames(self) -> bool:
        """Return whether the stream may lose, double and swap single messages."""
        ...

    @property
    def orders_by_line(self) -> bool:
        """Return whether orders travel on the line, so that one without an answer is one whose line broke."""
        ...

    def serve(self, request: HttpRequest) -> HttpReply:
        """Answer a request as the broker does."""
        ...

    def connect(self, url: str, link: Link) -> Receiver | None:
        """Take a connection; None: it is refused."""
        ...

    def advance(self, now: int) -> None:
        """Do what is due by the venue's time, ns UTC."""
        ...

    def session(
        self, account: AccountName, doors: Outside, tell: TellAccount, cursor: Cursor
    ) -> BrokerSession:
        """Return the adapter's session of the account, not started."""
        ...

    def execution_id(self, instrument: InstrumentId, before: ExecutionId | None) -> ExecutionId:
        """Return how the adapter will name the next execution; `before` is the one it corrects."""
        ...


def came(request: HttpRequest, base: str) -> FaceRequest:
    """Return a request of the adapter as a face takes it; `base` is scheme and host."""
    path, _, query = request.url.removeprefix(base).partition("?")
    return FaceRequest(
        method=request.method,
        path=path,
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
    )


def went(reply: FaceReply) -> HttpReply:
    """Return a face's answer as the adapter hears it."""
    headers = {name.lower(): value for name, value in reply.headers}
    return HttpReply(status=reply.status, headers=headers, body=reply.body)
