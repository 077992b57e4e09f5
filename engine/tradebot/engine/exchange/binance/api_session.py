"""A client's web socket of the API: requests with an id, and the user stream they subscribe to."""

from collections.abc import Callable
from typing import override

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.connection import Connection
from tradebot.engine.exchange.binance.gate import Gate, Outcome, fault_outcome, refused_outcome
from tradebot.engine.exchange.binance.operations import BY_METHOD
from tradebot.engine.exchange.binance.params import Params
from tradebot.engine.exchange.binance.refusals import Code, Refused
from tradebot.engine.exchange.binance.signing import account_of, check, sorted_text
from tradebot.engine.exchange.binance.texts import Json
from tradebot.engine.exchange.binance.weights import Weights
from tradebot.engine.exchange.face import Floor, Link, Struck, struck
from tradebot.engine.exchange.faults import EventName

type Id = str | int | None

_MOST_SUBSCRIPTIONS = 65_535


class _Request(msgspec.Struct, frozen=True):
    id: Id
    method: str
    params: dict[str, object] = msgspec.field(default_factory=dict[str, object])


class _Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    id: Id
    status: int
    result: object = msgspec.UNSET
    error: Code | msgspec.UnsetType = msgspec.UNSET
    rateLimits: object = msgspec.UNSET  # noqa: N815  (the venue's word)


class ApiSession(Connection):
    """Answers requests and tells an account's events.

    Args of the constructor:
        floor: The exchange and the face's time.
        link: The way out.
        unit: ns of the unit that times are told in.
        gate: Answers requests.
        weights: What is counted.
    """

    kind = "user"

    def __init__(self, floor: Floor, link: Link, unit: int, gate: Gate, weights: Weights) -> None:
        super().__init__(floor, link, unit)
        self._floor = floor
        self._gate = gate
        self._weights = weights
        self._accounts: dict[int, str] = {}
        self._subscribed = 0
        self._own: dict[str, tuple[int, Callable[[Params], Json]]] = {
            "userDataStream.subscribe.signature": (2, self._subscribe),
            "userDataStream.unsubscribe": (2, self._unsubscribe),
            "session.subscriptions": (2, self._subscriptions),
            "session.status": (2, self._status),
            "session.logon": (2, _no_logon),
        }

    def receive(self, frame: str | bytes) -> None:
        """Answer a request."""
        if self.line.muted:
            return
        try:
            request = msgspec.json.decode(frame, type=_Request)
        except (msgspec.DecodeError, RecursionError):
            self._reply(None, Outcome(status=400, error=Code(-1135, "Invalid JSON Request")), 0)
            return
        params = {name: _text(value) for name, value in request.params.items()}
        operation = BY_METHOD.get(request.method)
        if operation is None and request.method not in self._own:
            error = Code(-1000, f"Unknown method '{_text(request.method)}'.")
            self._reply(request.id, Outcome(status=400, error=error), 0)
            return
        events: tuple[EventName, ...] = (
            ("request", "subscribe") if operation is None else operation.events
        )
        hit = struck(self._floor, "binance", events)
        outcome = (
            fault_outcome(hit.status) if not hit.done else self._perform(request.method, params)
        )
        self._answer_through(request.id, hit, outcome)

    def _perform(self, method: str, params: Params) -> Outcome:
        operation = BY_METHOD.get(method)
        if operation is not None:
            return self._gate.perform(
                operation,
                params,
                key=params.get("apiKey", ""),
                payload=sorted_text(params),
                unit=self.unit,
            )
        weight, answer = self._own[method]
        try:
            self._weights.ask(weight)
            return Outcome(result=answer(params))
        except Refused as refused:
            return refused_outcome(refused)

    def _answer_through(self, request: Id, hit: Struck, outcome: Outcome) -> None:
        if hit.cut:
            self.line.close(abrupt=True)
            return
        if hit.done and hit.status:
            outcome = fault_outcome(hit.status)
        self._reply(request, outcome, hit.delay)

    def _reply(self, request: Id, outcome: Outcome, delay: int) -> None:
        reply = _Reply(
            id=request,
            status=outcome.status,
            result=msgspec.UNSET if outcome.error is not None else outcome.result,
            error=outcome.error if outcome.error is not None else msgspec.UNSET,
            rateLimits=self._weights.rows(outcome.account),
        )
        self.line.send_late(msgspec.json.encode(reply).decode(), delay)

    # The user stream.

    def _subscribe(self, params: Params) -> Json:
        account = account_of(self._floor.exchange, params.get("apiKey", ""))
        check(account, params, sorted_text(params), self._floor.now("binance"))
        if account.terms.name in self._accounts.values():
            raise Refused(-2035, "User Data Stream subscription already active.")
        if self._subscribed >= _MOST_SUBSCRIPTIONS:
            raise Refused(-1034, "Too many subscriptions.")
        number = self._subscribed
        self._subscribed += 1
        self._accounts[number] = account.terms.name
        return {"subscriptionId": number}

    def _unsubscribe(self, params: Params) -> Json:
        number = params.get("subscriptionId")
        if number is None:
            self._accounts.clear()
        elif self._accounts.pop(int(number) if number.isdigit() else -1, None) is None:
            raise Refused(-2036, "User Data Stream subscription not active.")
        return {}

    def _subscriptions(self, params: Params) -> Json:
        del params
        return [{"subscriptionId": number} for number in self._accounts]

    def _status(self, params: Params) -> Json:
        del params
        return {
            "apiKey": None,
            "authorizedSince": None,
            "connectedSince": self._floor.exchange.clock.now() // self.unit,
            "returnRateLimits": True,
            "serverTime": self._floor.now("binance") // self.unit,
            "userDataStream": bool(self._accounts),
        }

    def tell(self, account: Account, event: dict[str, Json], *names: EventName) -> None:
        """Tell an account's event, if it is subscribed to."""
        for number, name in tuple(self._accounts.items()):
            if name == account.terms.name:
                told = {"subscriptionId": number, "event": event}
                self.line.send(msgspec.json.encode(told).decode(), *names)

    @override
    def shutdown_frame(self, now: int) -> str:
        """Return how the server says that it goes."""
        return f'{{"event":{{"e":"serverShutdown","E":{now // self.unit}}}}}'

    def closed(self) -> None:
        """Learn that the connection is gone."""
        self.line.is_open = False
        self._accounts.clear()


def _no_logon(params: Params) -> Json:
    del params
    raise Refused(-4056, "HMAC_SHA256 API key is not supported.")


def _text(value: object) -> str:
    """Return a JSON value as a parameter's text, as it is signed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
