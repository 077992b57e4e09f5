"""Alpaca's face of the local exchange behind the doors of a session: no sockets, virtual time, the broker's bytes."""

from collections.abc import Callable

from tests.engine.brokers.outside_in_memory import MemoryLine, MemoryOutside
from tests.engine.exchange.exchange_made import MONDAY_NOON, NoCrowd

from tradebot.engine.brokers import outside
from tradebot.engine.core.types import MS
from tradebot.engine.exchange.alpaca.face import AlpacaFace
from tradebot.engine.exchange.alpaca.words import Ids
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import Floor, HttpReply, HttpRequest, HttpStream, Receiver
from tradebot.engine.exchange.faults import Fault, Faults
from tradebot.engine.exchange.opening import accounts, listings
from tradebot.engine.exchange.orders import Order, OrderRequest
from tradebot.engine.exchange.striking import Striker
from tradebot.engine.exchange.words import FaceName

URL = "http://127.0.0.1:1"
STREAM = "ws://127.0.0.1:1/stream"
NEVER = 1 << 62
STEP = 50 * MS
"""How often the crowd has its turn; what travels between session and venue does so to the nanosecond."""


class Passing:
    """The venue's clock: the outside's time."""

    def __init__(self, doors: MemoryOutside) -> None:
        self._doors = doors

    def now(self) -> int:
        return self._doors.now


class MemoryLink:
    """The venue's end of a connection."""

    def __init__(self, doors: MemoryOutside, line: MemoryLine) -> None:
        self._doors = doors
        self._line = line

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        raw = frame.encode() if isinstance(frame, str) else frame
        self._line.say(raw, self._doors.latency + delay)

    def ping(self) -> None:
        """Nobody hears it."""

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        # After what is on its way, or at once.
        wait = 0 if abrupt else self._doors.latency
        self._doors.after(wait, lambda: self._line.drop(reason or str(code)))


class AlpacaInMemory:
    """The venue and the doors to it."""

    name: FaceName = "alpaca"

    def __init__(self, seed: int = 1, *, crowd: bool = True, always_open: bool = True) -> None:
        self.doors = MemoryOutside(MONDAY_NOON)
        listed = [
            one
            for one in listings(("alpaca",), always_open=always_open)
            if one.symbol in ("BTC/USD", "AAPL")
        ]
        # One crowd is enough to trade with; each more costs the tests their time.
        flows = {one.key: NoCrowd() for one in listed if not crowd or one.kind == "equity"}
        terms = accounts(("alpaca",), seed)
        self.terms = terms[0]
        self.exchange = Exchange(Passing(self.doors), seed, listed, terms, flows)
        self.floor = Floor(self.exchange, Faults())
        self.face = AlpacaFace(self.floor)
        self.ids = Ids(seed)
        self.down_until = 0
        self._step = STEP
        self.striker = Striker(self.floor, [self])
        self.doors.serve = self._serve
        self.doors.connect = self._connect
        self.doors.stream = self._stream

    # What `exchange.face.Face` asks for.

    def advance(self, now: int) -> None:
        self.face.advance(now)

    def strike(self, fault: Fault) -> None:
        self.face.strike(fault, self._pause)

    async def start(self) -> None:
        """It is there."""

    async def close(self) -> None:
        """It stays."""

    def facts(self) -> dict[str, str | int]:
        return {}

    def _pause(self, seconds: float) -> None:
        self.down_until = self.doors.now + round(seconds * 1e9)

    # The doors.

    def _came(self, request: outside.HttpRequest) -> HttpRequest:
        rest = request.url.removeprefix(URL)
        path, _, query = rest.partition("?")
        return HttpRequest(
            method=request.method,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.body,
        )

    def _serve(
        self, request: outside.HttpRequest, answered: Callable[[outside.Answer], None]
    ) -> None:
        if self.doors.now < self.down_until:
            answered(outside.Unanswered(reason="no connection", left=False))
            return
        reply = self.face.answer(self._came(request))
        assert isinstance(reply, HttpReply)
        if reply.cut:
            answered(outside.Unanswered(reason="cut", left=True))
            return
        headers = {name.lower(): value for name, value in reply.headers}
        told = outside.HttpReply(status=reply.status, headers=headers, body=reply.body)
        self.doors.after(reply.delay, lambda: answered(told))

    def _connect(self, line: MemoryLine) -> None:
        if self.doors.now < self.down_until:
            line.drop("no connection")
            return
        path = "/" + line.url.partition("://")[2].partition("/")[2]
        link = MemoryLink(self.doors, line)
        receiver = self.face.connect(HttpRequest(method="GET", path=path), link)
        if isinstance(receiver, HttpReply):
            line.drop(f"HTTP {receiver.status}")
            return
        line.on_send = receiver.receive
        line.on_close = receiver.closed
        line.accept()

    def _stream(self, request: outside.HttpRequest, line: MemoryLine) -> None:
        if self.doors.now < self.down_until:
            line.drop("no connection")
            return
        answer = self.face.answer(self._came(request))
        if not isinstance(answer, HttpStream):
            line.drop(f"HTTP {answer.status}")
            return
        line.accept()
        receiver: Receiver = answer.open(MemoryLink(self.doors, line))
        line.on_close = receiver.closed

    # Time and orders.

    def run(self, ns: int) -> None:
        """Let time pass at the venue and before its doors."""
        end = self.doors.now + ns
        while self.doors.now < end:
            self.doors.run(min(self._step, end - self.doors.now))
            self.exchange.advance(self.doors.now)
            self.face.advance(self.doors.now)
            self.striker.strike_due()

    def hush(self) -> None:
        """Let the crowd sleep from here on: whoever only waits needs no market."""
        self._step = 4 * STEP
        for market in self.exchange.markets.values():
            market.flow.sleep_until(NEVER)

    def place(self, symbol: str, side: int, quantity: int, limit: int = 0) -> Order:
        """Place an order as another program of the same account does."""
        return self.exchange.place(
            OrderRequest(
                account=self.terms.name,
                symbol=symbol,
                side=side,
                type="limit" if limit else "market",
                tif="gtc",
                quantity=quantity,
                limit=limit,
            )
        )

    def standing(self) -> dict[str, tuple[str, int]]:
        """Return the venue's truth: price and quantity in units of each execution that counts, by id."""
        return {
            self.ids.execution(one.number): (one.listing, one.price * one.quantity)
            for one in self.exchange.books.standing_executions()
        }
