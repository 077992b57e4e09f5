"""The Binance face in memory and virtual time: requests, web sockets, armed faults."""

import hashlib
import hmac
from typing import Any, override
from urllib.parse import urlencode

import msgspec
from tests.engine.exchange.exchange_made import MONDAY_NOON, Made

from tradebot.engine.exchange.binance.face import BinanceFace
from tradebot.engine.exchange.face import Floor, HttpReply, HttpRequest, Receiver
from tradebot.engine.exchange.faults import Fault, FaultName, Faults
from tradebot.engine.exchange.striking import Striker
from tradebot.engine.exchange.words import FaceName

MS = 1_000_000
S = 1_000 * MS

type Json = Any  # what a client decodes


class Socket:
    """A client's web socket: what it was sent, and when."""

    def __init__(self, made: "BinanceMade") -> None:
        self._made = made
        self.frames: list[tuple[int, str]] = []
        self.pings = 0
        self.ended = ""
        self.receiver: Receiver | None = None

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        self.frames.append((self._made.clock.now() + delay, str(frame)))

    def ping(self) -> None:
        self.pings += 1

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        self.ended = "abrupt" if abrupt else str(code)

    def say(self, message: object) -> None:
        assert self.receiver is not None
        self.receiver.receive(
            message if isinstance(message, str | bytes) else msgspec.json.encode(message)
        )

    def messages(self, kind: str | None = None) -> list[Json]:
        """Return what was sent, in the order of arrival, of one kind of event or all."""
        found: list[Json] = [
            msgspec.json.decode(frame) for _, frame in sorted(self.frames, key=lambda it: it[0])
        ]
        if kind is None:
            return found
        events = [one.get("event") or one.get("data") or one for one in found]
        return [event for event in events if event.get("e") == kind]


class BinanceMade(Made):
    """An exchange with its Binance face."""

    def __init__(
        self, *, crowd: bool = False, twins: bool = True, start: int = MONDAY_NOON
    ) -> None:
        super().__init__(crowd=crowd, twins=twins, start=start)
        self.floor = Floor(self.exchange, Faults())
        self.face = BinanceFace(self.floor)
        self.striker = Striker(self.floor, [_Served(self.face)])
        self.account = self.exchange.accounts["binance"]
        self._requests = 0

    @override
    def pass_time(self, ns: int, step: int = 50 * MS) -> None:
        for _ in range(max(1, ns // step)):
            super().pass_time(min(ns, step))
            self.face.advance(self.clock.now())
            self.striker.strike_due()

    def arm(self, name: FaultName, on: str | None = None, **args: float | str) -> None:
        entry = {"venue": "binance", "fault": name, "on": on, "args": args}
        self.striker.arm(msgspec.convert(entry, Fault))

    def ask(self, method: str, path: str, **params: object) -> HttpReply:
        """Ask without a signature."""
        reply = self.face.answer(
            HttpRequest(method=method, path=path, query=urlencode(params), headers=self._key())
        )
        assert isinstance(reply, HttpReply)
        return reply

    def _key(self) -> dict[str, str]:
        return {"x-mbx-apikey": self.account.terms.key}

    def sign(self, text: str) -> str:
        secret = self.account.terms.secret.encode()
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()

    def signed(self, method: str, path: str, **params: object) -> tuple[HttpReply, Json]:
        """Ask with a signature; return the answer and its body."""
        text = urlencode({"timestamp": self.clock.now() // MS, **params})
        reply = self.face.answer(
            HttpRequest(
                method=method,
                path=path,
                query=f"{text}&signature={self.sign(text)}",
                headers=self._key(),
            )
        )
        assert isinstance(reply, HttpReply)
        return reply, msgspec.json.decode(reply.body)

    def order(self, **params: object) -> tuple[HttpReply, Json]:
        asked: dict[str, object] = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "59000",
            **params,
        }
        left = {name: value for name, value in asked.items() if value is not None}
        return self.signed("POST", "/api/v3/order", **left)

    def socket(self, path: str, query: str = "") -> Socket:
        socket = Socket(self)
        taken = self.face.connect(HttpRequest(method="GET", path=path, query=query), socket)
        assert not isinstance(taken, HttpReply)
        socket.receiver = taken
        return socket

    def call(self, socket: Socket, method: str, **params: object) -> None:
        """Send a signed request over a web socket."""
        self._requests += 1
        sent: dict[str, object] = {
            "apiKey": self.account.terms.key,
            "timestamp": self.clock.now() // MS,
            **params,
        }
        text = "&".join(f"{name}={sent[name]}" for name in sorted(sent))
        signed = {**sent, "signature": self.sign(text)}
        socket.say({"id": self._requests, "method": method, "params": signed})

    def user_socket(self) -> Socket:
        socket = self.socket("/ws-api/v3")
        self.call(socket, "userDataStream.subscribe.signature")
        return socket

    def fill(self, quantity: int = 1_000, price: int = 5_900_000) -> None:
        """Let the other account sell into the first one's bids."""
        self.limit(-1, quantity, price, account="binance-2", tif="ioc")


class _Served:
    """The face as the striker wants it; nothing is served."""

    name: FaceName = "binance"

    def __init__(self, face: BinanceFace) -> None:
        self.advance = face.advance
        self.strike = face.strike

    async def start(self) -> None:
        """Open nothing."""

    async def close(self) -> None:
        """Close nothing."""

    def facts(self) -> dict[str, str | int]:
        return {}
