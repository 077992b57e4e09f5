"""Interactive Brokers on 127.0.0.1: sessions over the exchange, and who hears of what happens."""

from collections import deque

from tradebot.engine.exchange.face import Floor, Line, Link
from tradebot.engine.exchange.faults import EventName, Fault
from tradebot.engine.exchange.happenings import (
    Busted,
    CashMoved,
    Corrected,
    Executed,
    Happening,
    OrderChanged,
)
from tradebot.engine.exchange.ib.desk import Desk
from tradebot.engine.exchange.ib.refusals import (
    LOST,
    RESTORED_KEPT,
    RESTORED_LOST,
    cancelled,
    rejected,
)
from tradebot.engine.exchange.ib.server import Server
from tradebot.engine.exchange.ib.session import Session
from tradebot.engine.exchange.ib.tickets import Ticket, commission, execution
from tradebot.engine.exchange.ib.wire import Value
from tradebot.engine.exchange.orders import Execution
from tradebot.engine.exchange.web import HOST
from tradebot.engine.exchange.words import FaceName

_NEVER = 1 << 62


class IbFace:
    """The TWS protocol without I/O: bytes in, bytes out.

    Args of the constructor:
        floor: The exchange and its faults.
    """

    name: FaceName = "ib"

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.desk = Desk(floor.exchange)
        self._sessions: list[Session] = []
        self._withheld: deque[tuple[int, list[Value], tuple[EventName, ...]]] = deque()
        self._lost = False
        self._back_at = _NEVER
        self._back_loses = False
        self._down_until = 0
        floor.exchange.listen("ib", self._take)

    @property
    def is_down(self) -> bool:
        """Return whether nobody can connect: the program is being restarted."""
        return self._floor.exchange.clock.now() < self._down_until

    def connect(self, link: Link) -> Session:
        """Take a connection; `link` may be used from now on."""
        session = Session(self._floor, self.desk, Line(link, self._floor, "ib"), self._claim)
        session.lost = self._lost
        self._sessions.append(session)
        if self.is_down:
            session.line.close(abrupt=True)
        return session

    def _claim(self, session: Session, client: int) -> bool:
        self._sweep()
        return not any(
            one.client == client
            for one in self._sessions
            if one is not session and one.line.is_open
        )

    def _sweep(self) -> None:
        self._sessions = [one for one in self._sessions if one.line.is_open]

    def _session(self, client: int) -> Session | None:
        for session in self._sessions:
            if session.client == client and session.line.is_open:
                return session
        return None

    # What happens.

    def _take(self, happening: Happening) -> None:
        match happening:
            case OrderChanged():
                self._order_changed(happening)
            case Executed():
                self._executed(happening)
            case Busted() | Corrected():
                self._revised(happening)
            case CashMoved():
                self._touch_accounts()
            case _:
                for session in self._sessions:
                    session.take(happening)

    def _touch_accounts(self) -> None:
        for session in self._sessions:
            session.touch_account()

    def _order_changed(self, happening: OrderChanged) -> None:
        ticket = self.desk.ticket(happening.order.number)
        if ticket is None:
            return
        session = None if self._lost else self._session(ticket.client)
        if session is None:
            return
        order_id = ticket.asked.order_id
        if happening.change == "rejected":
            session.error(order_id, *rejected(happening.order.reason))
        session.tell_order(ticket)
        if happening.change in ("cancelled", "expired"):
            session.error(order_id, *cancelled())

    def _executed(self, happening: Executed) -> None:
        ticket = self.desk.ticket(happening.order.number)
        if ticket is None:
            return
        fee_first = self._floor.faults.strikes("ib", "fee_first", "execution")
        self._tell_execution(ticket, happening.execution, fee_first=fee_first)
        session = None if self._lost else self._session(ticket.client)
        if session is not None:
            session.tell_order(ticket, happening.execution.price)
        self._touch_accounts()

    def _revised(self, happening: Busted | Corrected) -> None:
        ticket = self.desk.ticket(happening.order.number)
        if ticket is not None:
            self._tell_execution(ticket, happening.execution, fee_first=False)
        self._touch_accounts()

    def _tell_execution(self, ticket: Ticket, one: Execution, *, fee_first: bool) -> None:
        order, listing = self.desk.standing(ticket)
        base = self.desk.base(one)
        words: list[tuple[list[Value], tuple[EventName, ...]]] = [
            (
                execution(ticket, order, listing, one, base=base, request=-1),
                ("report", "execution"),
            ),
            (commission(one, base), ("report", "fee")),
        ]
        if fee_first:
            words.reverse()
        for fields, events in words:
            if self._lost:
                self._withheld.append((ticket.client, fields, events))
            else:
                session = self._session(ticket.client)
                if session is not None:
                    session.say(fields, *events)

    # Time and faults.

    def advance(self, now: int) -> None:
        """Tell what has gathered, and come back when it is time."""
        self._sweep()
        if now >= self._back_at:
            self._restore(loses=self._back_loses)
        for session in self._sessions:
            session.advance(now)

    def strike(self, fault: Fault) -> None:
        """Let a fault happen that waits for no event.

        `ib_1100`: the venue loses its own connection, until `args.seconds` have passed (then 1102) or another fault
        ends it. `ib_1101`, `ib_1102`: it is lost, unless it was, and back after `args.seconds`, 1 where there is none.
        With 1101 what was not told meanwhile is never told, and subscriptions to the market are gone.
        """
        now = self._floor.exchange.clock.now()
        match fault.fault:
            case "ib_1100":
                self._lose()
                self._back_at = now + fault.seconds(0.0) if fault.args.get("seconds") else _NEVER
                self._back_loses = False
            case "ib_1101" | "ib_1102":
                self._lose()
                self._back_at = now + fault.seconds(1.0)
                self._back_loses = fault.fault == "ib_1101"
            case "restart" | "shutdown":
                self._down_until = now + fault.seconds(1.0)
                self._close_all()
                self._withheld.clear()
                self._lost, self._back_at = False, _NEVER
            case "drop_socket":
                self._close_all()
            case "mute":
                for session in self._sessions:
                    session.line.muted = True
            case _:
                pass

    def _close_all(self) -> None:
        for session in self._sessions:
            session.line.close(abrupt=True)
        self._sweep()

    def _lose(self) -> None:
        if self._lost:
            return
        self._lost = True
        for session in self._sessions:
            session.error(-1, *LOST)
            session.lost = True

    def _restore(self, *, loses: bool) -> None:
        self._lost, self._back_at = False, _NEVER
        withheld, self._withheld = self._withheld, deque()
        for session in tuple(self._sessions):
            session.error(-1, *(RESTORED_LOST if loses else RESTORED_KEPT))
            if loses:
                session.streams.clear()
        for client, fields, events in () if loses else withheld:
            session = self._session(client)
            if session is not None:
                session.say(fields, *events)
        for session in tuple(self._sessions):
            session.restored()


class ServedIb(IbFace):
    """The face with its port."""

    def __init__(self, floor: Floor, port: int) -> None:
        super().__init__(floor)
        self._server = Server(floor.doors.line(self.name, self.connect), port)

    async def start(self) -> None:
        """Open the port. Raises OSError if it is taken."""
        await self._server.start()

    async def close(self) -> None:
        """Close port and connections."""
        await self._server.close()

    def facts(self) -> dict[str, str | int]:
        """Return the face's part of the ready line."""
        account = next(
            name
            for name, one in self._floor.exchange.accounts.items()
            if one.terms.face == self.name
        )
        return {"host": HOST, "port": self._server.port, "account": account}


def open_face(floor: Floor, port: int) -> ServedIb:
    """Return the face, not started; port 0 lets the system choose."""
    return ServedIb(floor, port)
