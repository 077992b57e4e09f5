"""What Alpaca tells an account by itself: the `trade_updates` socket and the two event streams."""

import hmac
from typing import Literal

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.alpaca.queries import Query
from tradebot.engine.exchange.alpaca.record import Activity, Record, Told
from tradebot.engine.exchange.alpaca.refusals import Refusal, malformed
from tradebot.engine.exchange.alpaca.words import Json, json_of, msgpack_of, time_text, ulid
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import Floor, HttpRequest, Line, Link

HEARTBEAT = 10_000_000_000
"""Between two heartbeats of an event stream, ns."""

_ULID_LENGTH = 26

type EventKind = Literal["trades", "activities"]


def account_of(exchange: Exchange, key: str, secret: str) -> Account | None:
    """Return the account that key and secret open."""
    account = exchange.account_of_key("alpaca", key)
    if account is None or not hmac.compare_digest(account.terms.secret, secret):
        return None
    return account


class TradeStream:
    """One `trade_updates` connection; see `face.Receiver`.

    Args of the constructor:
        floor: Exchange and faults.
        link: The way out.
        packed: MessagePack in place of JSON.
    """

    def __init__(self, floor: Floor, link: Link, *, packed: bool) -> None:
        self._floor = floor
        self._line = Line(link, floor, "alpaca")
        self._packed = packed
        self._account: Account | None = None
        self._listening = False

    @property
    def is_open(self) -> bool:
        """Return whether it takes frames."""
        return self._line.is_open

    def receive(self, frame: str | bytes) -> None:
        """Take what the client says."""
        raw = frame.encode() if isinstance(frame, str) else frame
        decode = msgspec.json.decode if raw[:1] == b"{" else msgspec.msgpack.decode
        try:
            body = decode(raw, type=dict[str, msgspec.Raw])
            action = decode(body.get("action", msgspec.Raw(b'""')), type=str)
            data = decode(body.get("data", msgspec.Raw(b"{}")), type=dict[str, object])
        except ValueError:
            self._say("authorization", {"status": "unauthorized", "action": "", "message": "bad"})
            return
        if action in ("authenticate", "auth"):
            self._authenticate(data)
        elif action == "listen":
            self._listen(data)

    def _authenticate(self, data: dict[str, object]) -> None:
        for fault in self._floor.faults.at("alpaca", "connect"):
            if fault.fault == "drop_socket":
                self._line.close(abrupt=True)
                return
        key, secret = str(data.get("key_id", "")), str(data.get("secret_key", ""))
        self._account = account_of(self._floor.exchange, key, secret)
        status = "authorized" if self._account is not None else "unauthorized"
        self._say("authorization", {"status": status, "action": "authenticate"})

    def _listen(self, data: dict[str, object]) -> None:
        if self._account is None:
            self._say("authorization", {"status": "unauthorized", "action": "listen"})
            return
        streams = data.get("streams")
        wanted: list[Json] = (
            ["trade_updates"] if isinstance(streams, list) and "trade_updates" in streams else []
        )
        self._listening = bool(wanted)
        self._line.send(self._frame("listening", {"streams": wanted}), "subscribe")

    def tell(self, told: Told) -> None:
        """Send an event, where it is this account's and listened to."""
        if not self._listening or self._account is None:
            return
        if told.account == self._account.terms.name:
            names = ("report", "execution") if told.execution else ("report",)
            self._line.send(self._frame("trade_updates", told.update), *names)

    def closed(self) -> None:
        """The client is gone."""
        self._line.is_open = False

    def end(self, *, abrupt: bool, code: int = 1000, reason: str = "") -> None:
        """End the connection."""
        self._line.close(code, reason, abrupt=abrupt)

    def mute(self) -> None:
        """Stay open and say nothing more."""
        self._line.muted = True

    def _say(self, stream: str, data: Json) -> None:
        self._line.send(self._frame(stream, data))

    def _frame(self, stream: str, data: Json) -> bytes:
        # Binary also for JSON, as the paper host sends it.
        return (msgpack_of if self._packed else json_of)({"stream": stream, "data": data})


class Range:
    """What of the past and future an event stream shall carry, by time or by ULID.

    Args of the constructor:
        request: What was asked.
        kind: Activities by time need an end.

    Raises:
        Refusal: If the two ways are mixed, an end has no beginning, or a value cannot be read.
    """

    def __init__(self, request: HttpRequest, kind: EventKind) -> None:
        query = Query(request)
        self.since, self.until = query.instant("since"), query.instant("until")
        self.since_id, self.until_id = query.text("since_id"), query.text("until_id")
        by_time = self.since is not None or self.until is not None
        by_id = self.since_id is not None or self.until_id is not None
        if by_time and by_id:
            raise malformed("since/until and since_id/until_id cannot be used together")
        if (self.until is not None and self.since is None) or (
            self.until_id is not None and self.since_id is None
        ):
            raise malformed("until requires since, and until_id since_id")
        if kind == "activities" and self.since is not None and self.until is None:
            raise malformed("since requires until")
        for text in (self.since_id, self.until_id):
            if text is not None and len(text) != _ULID_LENGTH:
                raise malformed(f"{text} is not a valid ULID")
        self.replays = by_time or by_id

    def holds(self, ts: int, event_id: str) -> bool:
        """Return whether an event lies in it."""
        if self.since is not None:
            return ts >= self.since and (self.until is None or ts <= self.until)
        if self.since_id is not None:
            return event_id >= self.since_id and (
                self.until_id is None or event_id <= self.until_id
            )
        return True

    def is_over(self, now: int) -> bool:
        """Return whether nothing more can come."""
        if self.until is not None:
            return now > self.until
        return self.until_id is not None and ulid(now, 0)[:10] > self.until_id[:10]


class EventStream:
    """One event stream: server-sent events with comments; see `face.Receiver`.

    Args of the constructor:
        floor: Exchange and faults.
        record: The past.
        kind: What it carries.
        account: Whose.
        span: From when to when.
    """

    def __init__(
        self, floor: Floor, record: Record, kind: EventKind, account: Account, span: Range
    ) -> None:
        self._floor = floor
        self._record = record
        self._kind: EventKind = kind
        self._account = account.terms.name
        self._span = span
        self._line: Line | None = None
        self._beat = 0

    @property
    def is_open(self) -> bool:
        """Return whether it takes frames."""
        return self._line is not None and self._line.is_open

    def open(self, link: Link) -> "EventStream":
        """Begin: first the past that was asked for."""
        self._line = Line(link, self._floor, "alpaca")
        self._beat = self._floor.exchange.clock.now()
        self._comment("heartbeat")
        if self._span.replays:
            past = self._record.told if self._kind == "trades" else self._record.activities
            for one in tuple(past):
                self.tell(one)
        self._end_if_over()
        return self

    def receive(self, frame: str | bytes) -> None:
        """Nothing comes from a client."""

    def closed(self) -> None:
        """The client is gone."""
        if self._line is not None:
            self._line.is_open = False

    def end(self, *, abrupt: bool, code: int = 1000, reason: str = "") -> None:
        """End the stream; not abrupt with the comment that the venue gives."""
        if self._line is not None:
            if not abrupt and code != 1000:  # noqa: PLR2004  (a normal close)
                self._comment("internal server error")
            self._line.close(code, reason, abrupt=abrupt)

    def mute(self) -> None:
        """Stay open and say nothing more."""
        if self._line is not None:
            self._line.muted = True

    def tell(self, one: Told | Activity) -> None:
        """Send an event, where it is this account's, of this kind, and in the span."""
        trades = isinstance(one, Told)
        if self._line is None or trades != (self._kind == "trades"):
            return
        if one.account != self._account or not self._span.holds(one.ts, one.event_id):
            return
        body = one.update if isinstance(one, Told) else one.event
        execution = one.execution if isinstance(one, Told) else one.kind == "FILL"
        event: dict[str, Json] = {
            **body,
            "event_id": one.event_id,
            "account_id": one.account,
            "at": time_text(one.ts),
        }
        struck = len(self._floor.faults.struck)
        names = ("report", "execution") if execution else ("report",)
        self._line.send(b"data: " + json_of(event) + b"\n\n", *names)
        dropped = [
            fault for fault in self._floor.faults.struck[struck:] if fault.fault in ("drop", "gap")
        ]
        if dropped:
            # A stream over TCP loses nothing in silence: the venue says so.
            self._comment(f"you are reading too slowly, dropped {len(dropped)} messages")

    def advance(self, now: int) -> None:
        """Send what is due."""
        if now - self._beat >= HEARTBEAT:
            self._beat = now
            self._comment("heartbeat")
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self.is_open and self._span.is_over(self._floor.exchange.clock.now()):
            self.end(abrupt=False)

    def _comment(self, text: str) -> None:
        if self._line is not None:
            self._line.send(f": {text}\n\n".encode())


def range_or_refusal(request: HttpRequest, kind: EventKind) -> Range | Refusal:
    """Return what of an event stream is asked for, or why that cannot be."""
    try:
        return Range(request, kind)
    except Refusal as refusal:
        return refusal
