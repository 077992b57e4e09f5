"""One connection to a Gateway without I/O: greeting, frames, ib_async's encoder and decoder, pacing, liveness."""

from collections import deque
from collections.abc import Callable
from typing import Protocol, cast, override

from ib_async.client import Client
from ib_async.contract import Contract
from ib_async.objects import ExecutionFilter
from ib_async.order import Order

from tradebot.engine.brokers.ib.ears import CountingDecoder, Ears, Listener
from tradebot.engine.core.types import SECOND

VERSION = 178
"""The last server version without protobuf framing: what ib_async speaks and a newer Gateway negotiates down to."""

FRAME_MAX = 8 * 2**20
"""Bytes of a frame; a longer one is no frame of this protocol."""

PER_SECOND = 45
"""Messages in a second: a Gateway takes 50, and drops who sends more."""

_LENGTH = 4


class NotTws(ValueError):  # noqa: N818  (what is the matter)
    """What answers does not speak the TWS protocol, or a version that is not spoken here."""


class Requests(Protocol):
    """ib_async's encoders that are used; each sends one message."""

    def placeOrder(self, orderId: int, contract: Contract, order: Order) -> None: ...  # noqa: N802, N803, D102
    def cancelOrder(self, orderId: int, manualCancelOrderTime: str = "") -> None: ...  # noqa: N802, N803, D102
    def reqGlobalCancel(self) -> None: ...  # noqa: N802, D102
    def reqAllOpenOrders(self) -> None: ...  # noqa: N802, D102
    def reqCompletedOrders(self, apiOnly: bool) -> None: ...  # noqa: N802, N803, D102, FBT001
    def reqExecutions(self, reqId: int, execFilter: ExecutionFilter) -> None: ...  # noqa: N802, N803, D102
    def reqPositions(self) -> None: ...  # noqa: N802, D102
    def cancelPositions(self) -> None: ...  # noqa: N802, D102
    def reqAccountUpdatesMulti(  # noqa: N802, D102
        self,
        reqId: int,  # noqa: N803
        account: str,
        modelCode: str,  # noqa: N803
        ledgerAndNLV: bool,  # noqa: N803, FBT001
    ) -> None: ...
    def cancelAccountUpdatesMulti(self, reqId: int) -> None: ...  # noqa: N802, N803, D102
    def reqCurrentTime(self) -> None: ...  # noqa: N802, D102
    def reqContractDetails(self, reqId: int, contract: Contract) -> None: ...  # noqa: N802, N803, D102
    def reqMktData(  # noqa: N802, D102
        self,
        reqId: int,  # noqa: N803
        contract: Contract,
        genericTickList: str,  # noqa: N803
        snapshot: bool,  # noqa: FBT001
        regulatorySnapshot: bool,  # noqa: N803, FBT001
        mktDataOptions: list[object],  # noqa: N803
    ) -> None: ...
    def reqMktDepth(  # noqa: N802, D102
        self,
        reqId: int,  # noqa: N803
        contract: Contract,
        numRows: int,  # noqa: N803
        isSmartDepth: bool,  # noqa: N803, FBT001
        mktDepthOptions: list[object],  # noqa: N803
    ) -> None: ...
    def cancelMktDepth(self, reqId: int, isSmartDepth: bool) -> None: ...  # noqa: N802, N803, D102, FBT001
    def reqTickByTickData(  # noqa: N802, D102
        self,
        reqId: int,  # noqa: N803
        contract: Contract,
        tickType: str,  # noqa: N803
        numberOfTicks: int,  # noqa: N803
        ignoreSize: bool,  # noqa: N803, FBT001
    ) -> None: ...
    def reqHistoricalData(  # noqa: N802, D102, PLR0913, PLR0917
        self,
        reqId: int,  # noqa: N803
        contract: Contract,
        endDateTime: str,  # noqa: N803
        durationStr: str,  # noqa: N803
        barSizeSetting: str,  # noqa: N803
        whatToShow: str,  # noqa: N803
        useRTH: int,  # noqa: N803
        formatDate: int,  # noqa: N803
        keepUpToDate: bool,  # noqa: N803, FBT001
        chartOptions: list[object],  # noqa: N803
    ) -> None: ...
    def startApi(self) -> None: ...  # noqa: N802, D102


class _Encoder(Client):
    """ib_async's client with nothing of it but what makes messages: no socket, no loop, no timer."""

    def __init__(self, ears: Ears, client_id: int, send: Callable[[bytes], None]) -> None:
        super().__init__(ears)
        self.clientId = client_id
        self._out = send

    @override
    def isConnected(self) -> bool:
        return True

    @override
    def serverVersion(self) -> int:
        return VERSION

    @override
    def sendMsg(self, msg: str) -> None:
        body = msg.encode()
        self._out(len(body).to_bytes(_LENGTH, "big") + body)


class Wire:
    """The protocol over a line of bytes.

    Args of the constructor:
        client_id: Ours at the Gateway; unique there.
        listener: Told what is heard.
        malformed: Told of each message that could not be read.
        send: Writes bytes to the line.
        now: The time, ns.
        after: Calls back after a delay in ns.
    """

    def __init__(
        self,
        client_id: int,
        listener: Listener,
        *,
        malformed: Callable[[str], None],
        send: Callable[[bytes], None],
        now: Callable[[], int],
        after: Callable[[int, Callable[[], None]], object],
    ) -> None:
        self._ears = Ears(listener)
        self._decoder = CountingDecoder(self._ears, VERSION, malformed)
        self._malformed = malformed
        self._line = send
        self._now = now
        self._after = after
        self._bytes = bytearray()
        self._greeted = False
        self._sent: deque[int] = deque()
        self._waiting: deque[bytes] = deque()
        self.ask = cast(Requests, _Encoder(self._ears, client_id, self._send))
        """ib_async's encoders."""
        self.is_open = True

    @property
    def is_ready(self) -> bool:
        """Return whether the greeting is over."""
        return self._ears.is_ready

    def greet(self) -> None:
        """Say what we speak."""
        versions = f"v157..{VERSION}".encode()
        self._line(b"API\0" + len(versions).to_bytes(_LENGTH, "big") + versions)

    def close(self) -> None:
        """Say and hear nothing more."""
        self.is_open = False
        self._waiting.clear()

    def heard(self, data: bytes) -> None:
        """Take bytes, cut anywhere.

        Raises:
            NotTws: If they are no frames, or the version is not spoken here.
        """
        self._bytes += data
        while self.is_open and len(self._bytes) >= _LENGTH:
            length = int.from_bytes(self._bytes[:_LENGTH], "big")
            if length > FRAME_MAX:
                raise NotTws(f"a frame must be at most {FRAME_MAX} bytes, was {length}")
            if len(self._bytes) < _LENGTH + length:
                return
            body = bytes(self._bytes[_LENGTH : _LENGTH + length])
            del self._bytes[: _LENGTH + length]
            self._take(body.decode(errors="backslashreplace").split("\0")[:-1])

    def _take(self, fields: list[str]) -> None:
        if self._greeted:
            if fields:
                self._decoder.take(fields)
            else:
                self._malformed("an empty message")
            return
        if len(fields) != 2 or not fields[0].isdecimal():  # noqa: PLR2004  (version and time)
            raise NotTws(f"the greeting must be version and time, was {fields[:3]}")
        if int(fields[0]) != VERSION:
            raise NotTws(f"server version must be {VERSION}, was {fields[0]}")
        self._greeted = True
        self.ask.startApi()

    def _send(self, frame: bytes) -> None:
        """Send a frame, or keep it until the pace allows."""
        if not self.is_open:
            return
        self._waiting.append(frame)
        if len(self._waiting) == 1:
            self._flush()

    def _flush(self) -> None:
        now = self._now()
        while self._sent and now - self._sent[0] >= SECOND:
            self._sent.popleft()
        while self._waiting and len(self._sent) < PER_SECOND and self.is_open:
            self._sent.append(now)
            self._line(self._waiting.popleft())
        if self._waiting and self.is_open:
            self._after(self._sent[0] + SECOND - now, self._flush)
