"""Signed requests to Binance's REST: within its weights, on its clock, and each with one of four ends.

An order is never sent a second time after it may have arrived. One the venue refused for its timestamp alone (-1021)
certainly did not: it is sent once more after the clock was measured again.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from tradebot.data.venues.binance.listing import RateLimit
from tradebot.engine.brokers.binance.messages import ErrorReply, error_reply, read
from tradebot.engine.brokers.binance.signing import Signer, query_of
from tradebot.engine.brokers.binance.venue_clock import VenueClock
from tradebot.engine.brokers.budget import Allowance, RateBudget, Urgency
from tradebot.engine.brokers.outside import (
    Answer,
    HttpReply,
    HttpRequest,
    Method,
    Outside,
    Unanswered,
)
from tradebot.engine.core.types import SECOND

RECV_WINDOW_MS = "5000"
"""An order that is on its way for longer is refused by the venue, so that it cannot be executed late."""

TIMEOUT = 10 * SECOND
"""For an answer: longer than the venue's own bound for an order (its -1007 after 10 s at most)."""

BAD_TIME = -1021
UNSURE = frozenset({-1006, -1007})
"""Codes that say: nobody knows whether it was executed."""

TOO_MANY = -1003

_WAITS_MAX = 8
"""Times a request waits for weight before it is given up."""


class Done(msgspec.Struct, frozen=True):
    """The venue did it."""

    body: bytes


class Refused(msgspec.Struct, frozen=True):
    """The venue did not do it, and says why; `code` is its own, or minus the HTTP status where it gave none."""

    code: int
    text: str
    data: bytes = b""


class Unsure(msgspec.Struct, frozen=True):
    """Nobody knows whether the venue did it."""

    reason: str


class NotSent(msgspec.Struct, frozen=True):
    """It never left."""

    reason: str


type Outcome = Done | Refused | Unsure | NotSent


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it is meant."""

    method: Method
    path: str
    params: Mapping[str, str] = {}
    weight: int
    kind: Literal["question", "order", "cancel"] = "question"
    """Questions wait for weight, orders do not wait, cancels may use the reserve."""
    signed: bool = True


class Calls:
    """All requests of one account.

    Args of the constructor:
        outside: The doors.
        base_url: Scheme and host.
        signer: Of the account; None: only requests that need none.
        limits: The venue's own, as listed.
    """

    def __init__(
        self, outside: Outside, base_url: str, signer: Signer | None, limits: tuple[RateLimit, ...]
    ) -> None:
        self._outside = outside
        self._base_url = base_url
        self._signer = signer
        self.clock = VenueClock(outside, base_url)
        self.weight = RateBudget(_allowance(limits, "REQUEST_WEIGHT", "MINUTE", 6000))
        self.orders = RateBudget(_allowance(limits, "ORDERS", "SECOND", 50))

    def call(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Send a request, now or when there is weight for it; `done` is called once with its end."""
        self._try(call, done, waits=0, again=True)

    def _try(self, call: Call, done: Callable[[Outcome], None], *, waits: int, again: bool) -> None:
        wait = self._take(call)
        if not wait:
            self._send(call, done, again=again)
        elif call.kind == "order" or waits >= _WAITS_MAX:
            text = f"the venue's request limit is used up for {wait / SECOND:.1f} s"
            self._outside.after(0, lambda: done(NotSent(text)))
        else:
            self._outside.after(wait, lambda: self._try(call, done, waits=waits + 1, again=again))

    def _take(self, call: Call) -> int:
        urgency: Urgency = "cancel" if call.kind == "cancel" else "ordinary"
        now = self._outside.now
        if call.kind == "order" and not self.orders.room(now):
            return max(self.orders.take(1, now), 1)
        wait = self.weight.take(call.weight, now, urgency)
        if not wait and call.kind == "order":
            self.orders.take(1, now)
        return wait

    def _send(self, call: Call, done: Callable[[Outcome], None], *, again: bool) -> None:
        params = dict(call.params)
        headers: Mapping[str, str] = {}
        if call.signed and self._signer is not None:
            params |= {"recvWindow": RECV_WINDOW_MS, "timestamp": str(self.clock.stamp_ms())}
            query, headers = self._signer.query(params), self._signer.headers()
        else:
            query = query_of(params)
        request = HttpRequest(
            method=call.method,
            url=f"{self._base_url}{call.path}{'?' if query else ''}{query}",
            headers=headers,
            timeout=TIMEOUT,
        )
        self._outside.ask(request, lambda answer: self._answered(call, done, answer, again=again))

    def _answered(
        self, call: Call, done: Callable[[Outcome], None], answer: Answer, *, again: bool
    ) -> None:
        outcome = outcome_of(answer)
        if isinstance(answer, HttpReply):
            self._count(answer)
        if isinstance(outcome, Refused) and outcome.code == BAD_TIME and again:
            # Refused for its time alone: it did not arrive as an order.
            self.clock.measure(lambda: self._try(call, done, waits=0, again=False))
            return
        done(outcome)

    def _count(self, reply: HttpReply) -> None:
        now = self._outside.now
        self.weight.told(_whole(reply.headers.get("x-mbx-used-weight-1m")), now)
        self.orders.told(_whole(reply.headers.get("x-mbx-order-count-10s")), now)
        if reply.status in {418, 429}:
            # Whoever goes on asking is banned for longer, up to three days.
            pause = _whole(reply.headers.get("retry-after")) or 1
            self.weight.shut(now + pause * SECOND)


def outcome_of(answer: Answer) -> Outcome:
    """Return what the answer to a request means for whoever asked."""
    match answer:
        case Unanswered(reason=reason, left=left):
            return Unsure(reason) if left else NotSent(reason)
        case HttpReply(status=status, body=body) if 200 <= status < 300:  # noqa: PLR2004
            return Done(body)
        case HttpReply(status=status, body=body):
            error = _error(body)
            code = -status if error is None else error.code
            text = f"HTTP {status}" if error is None else f"{error.code} {error.msg}"
            if status >= 500 or status == 408 or code in UNSURE:  # noqa: PLR2004
                return Unsure(text)
            if status == 451:  # noqa: PLR2004
                text = "451: Binance does not serve this region"
            return Refused(code, text, b"" if error is None else bytes(error.data))


def _error(body: bytes) -> ErrorReply | None:
    try:
        return read(error_reply, body)
    except ValueError:
        return None


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


def _allowance(limits: tuple[RateLimit, ...], kind: str, interval: str, usual: int) -> Allowance:
    spans = {"SECOND": SECOND, "MINUTE": 60 * SECOND, "DAY": 86_400 * SECOND}
    number, most = (10 if interval == "SECOND" else 1), usual
    for limit in limits:
        if (limit.rate_limit_type, limit.interval) == (kind, interval) and limit.limit > 1:
            number, most = limit.interval_num, limit.limit
    # A tenth for cancels, and a little room for requests of other programs at this address.
    window = number * spans[interval]
    return Allowance(name=kind.lower(), most=most, window=window, reserve=most // 10)
