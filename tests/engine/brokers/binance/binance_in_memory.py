"""A naive Binance in memory and virtual time: its own orders, trades and balances are the truth; faults on demand.

It speaks the venue's bytes and knows nothing of the adapter's types.
"""

import json
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.engine.brokers.outside_in_memory import MemoryLine, MemoryOutside

from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest
from tradebot.engine.core.types import MS, SECOND

type Json = dict[str, Any]


class Faults:
    """Which faults strike, each with a chance for every occasion."""

    def __init__(self, seed: int, names: tuple[str, ...] = (), chance: float = 0.2) -> None:
        self._chance = random.Random(seed)  # noqa: S311  (seeded faults)
        self._names = names
        self._rate = chance
        self.on = True

    def strikes(self, name: str) -> bool:
        """Return whether a fault strikes now."""
        return self.on and name in self._names and self._chance.random() < self._rate


class MemoryBinance:
    """See the module."""

    def __init__(self, outside: MemoryOutside, faults: Faults, clock_ahead: int = 0) -> None:
        self._outside = outside
        self.faults = faults
        self.clock_ahead = clock_ahead
        self.orders: dict[int, Json] = {}
        self.trades: list[Json] = []
        self.balances = {"BTC": Decimal(10), "USDT": Decimal(1_000_000)}
        self.subscribed: list[MemoryLine] = []
        self.mute: set[int] = set()
        self.posts = 0
        self.pairs: dict[int, int] = {}
        """Of an order in a pair: the other's number."""
        self.no_pairs = False
        self.fee_coin = ""
        """What fees are paid in; empty: in what is received."""
        outside.serve = self.serve
        outside.connect = self.connect

    @property
    def ms(self) -> int:
        """Return the venue's time."""
        return (self._outside.now + self.clock_ahead) // MS

    # ---------------------------------------------------------------------------- sockets

    def connect(self, line: MemoryLine) -> None:
        """Take a connection of the web-socket API."""
        if self.faults.strikes("refuse"):
            line.drop("refused")
            return
        line.on_send = lambda frame: self._on_frame(line, frame)
        line.on_close = lambda: self._gone(line)
        line.accept()

    def _gone(self, line: MemoryLine) -> None:
        self.subscribed = [one for one in self.subscribed if one is not line]

    def drop(self) -> None:
        """Drop every connection: what is on its way is lost."""
        for line in list(self.subscribed):
            self._gone(line)
            line.drop()

    def _on_frame(self, line: MemoryLine, frame: bytes) -> None:
        if id(line) in self.mute:
            return
        asked = json.loads(frame)
        answer: Json = {"id": asked["id"], "status": 200, "result": {}}
        if asked["method"] == "userDataStream.subscribe.signature":
            params = asked["params"]
            if abs(params["timestamp"] - self.ms) > 1000:
                fault = {"code": -1021, "msg": "Timestamp outside of the recvWindow."}
                answer = {"id": asked["id"], "status": 400, "error": fault}
            else:
                self.subscribed.append(line)
                answer["result"] = {"subscriptionId": 0}
        elif asked["method"] == "session.subscriptions":
            answer["result"] = [{"subscriptionId": 0}] if line in self.subscribed else []
        line.say(json.dumps(answer).encode())

    def tell(self, event: Json) -> None:
        """Tell every subscriber an event, as far as no fault strikes."""
        frame = json.dumps({"subscriptionId": 0, "event": event}).encode()
        if self.faults.strikes("junk"):
            for line in self.subscribed:
                line.say(frame[: len(frame) // 2])
        if self.faults.strikes("drop"):
            return
        times = 2 if self.faults.strikes("duplicate") else 1
        delay = 2 * SECOND if self.faults.strikes("delay") else None
        for line in self.subscribed:
            for _ in range(times if id(line) not in self.mute else 0):
                line.say(frame, delay)
        if self.faults.strikes("drop_socket"):
            self.drop()
        elif self.faults.strikes("mute"):
            self.mute |= {id(line) for line in self.subscribed}
        elif self.faults.strikes("shutdown"):
            self.shut_down()

    def shut_down(self) -> None:
        """Say that the server is about to go, and drop the lines of now soon after."""
        old = list(self.subscribed)
        for line in old:
            line.say(json.dumps({"event": {"e": "serverShutdown", "E": self.ms}}).encode())

        def gone() -> None:
            for line in old:
                self._gone(line)
                line.drop("shut down")

        self._outside.after(3 * SECOND, gone)

    # ---------------------------------------------------------------------------- REST

    def serve(self, request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        """Answer a request, as far as no fault strikes."""
        parts = urlsplit(request.url)
        params = dict(parse_qsl(parts.query))
        if parts.path == "/api/v3/time":
            answered(_reply({"serverTime": self.ms}))
            return
        if self.faults.strikes("http_429"):
            answered(_reply({"code": -1003, "msg": "Too many."}, 429, {"retry-after": "2"}))
            return
        if self.faults.strikes("http_418"):
            answered(_reply({"code": -1003, "msg": "IP banned."}, 418, {"retry-after": "120"}))
            return
        if self.faults.strikes("http_5xx"):
            answered(HttpReply(status=502, body=b"<html>"))
            return
        if "timestamp" in params and abs(int(params["timestamp"]) - self.ms) > 1000:
            answered(_reply({"code": -1021, "msg": "Timestamp."}, 400))
            return
        status, body = self._routed(request.method, parts.path, params)
        if request.method == "POST" and self.faults.strikes("accepted_504"):
            answered(_reply({"code": -1007, "msg": "Timeout."}, 504))
        elif request.method == "POST" and self.faults.strikes("late"):
            self._outside.after(30 * SECOND, lambda: answered(_reply(body, status)))
        else:
            answered(_reply(body, status))

    def _routed(self, method: str, path: str, params: dict[str, str]) -> tuple[int, Any]:
        match method, path:
            case "POST", "/api/v3/order":
                return self._place(params)
            case "POST", "/api/v3/order/cancelReplace":
                return self._cancel_replace(params)
            case "POST", "/api/v3/orderList/oco":
                return self._place_pair(params)
            case "DELETE", "/api/v3/order":
                return self._cancel(params)
            case "GET", "/api/v3/order":
                found = self._find(params)
                return (400, _fault(-2013)) if found is None else (200, found)
            case "GET", "/api/v3/openOrders":
                return 200, [one for one in self.orders.values() if _open(one)]
            case "GET", "/api/v3/myTrades":
                return 200, self._my_trades(params)
            case "GET", "/api/v3/account":
                held = self.balances.items()
                rows = [{"asset": a, "free": f"{v:.8f}", "locked": "0.00"} for a, v in held]
                return 200, {"balances": rows}
            case _:
                raise AssertionError(f"unknown request {method} {path}")

    def _find(self, params: dict[str, str]) -> Json | None:
        for order in reversed(self.orders.values()):
            named = order["clientOrderId"] == params.get("origClientOrderId")
            if named or str(order["orderId"]) == params.get("orderId"):
                return order
        return None

    def _place(self, params: dict[str, str]) -> tuple[int, Any]:
        self.posts += 1
        if self.faults.strikes("filter"):
            return 400, _fault(-1013, "Filter failure: PRICE_FILTER")
        named = params["newClientOrderId"]
        if any(one["clientOrderId"] == named and _open(one) for one in self.orders.values()):
            return 400, _fault(-2010, "Duplicate order sent.")
        number = len(self.orders) + 1
        order = {
            "symbol": params["symbol"],
            "orderId": number,
            "clientOrderId": named,
            "price": params.get("price", "0"),
            "origQty": params["quantity"],
            "executedQty": "0",
            "status": "NEW",
            "timeInForce": params.get("timeInForce", "GTC"),
            "type": params["type"],
            "side": params["side"],
            "stopPrice": params.get("stopPrice", "0"),
            "time": self.ms,
            "transactTime": self.ms,
        }
        self.orders[number] = order
        self._report(order, "NEW")
        if params["type"] == "MARKET":
            self.fill(number, Decimal(params["quantity"]), Decimal(100))
        mine = [one for one in self.trades if one["orderId"] == number]
        fills = [
            {
                "price": one["price"],
                "qty": one["qty"],
                "commission": one["commission"],
                "commissionAsset": one["commissionAsset"],
                "tradeId": one["id"],
            }
            for one in mine
        ]
        return 200, order | {"fills": fills}

    def _place_pair(self, params: dict[str, str]) -> tuple[int, Any]:
        legs: list[dict[str, str]] = []
        for place in ("above", "below"):
            own = {name.removeprefix(place): it for name, it in params.items() if place in name}
            leg = {name: params[name] for name in ("symbol", "side", "quantity")}
            leg |= {"type": own["Type"], "newClientOrderId": own["ClientOrderId"]}
            leg["price"], leg["stopPrice"] = own.get("Price", "0"), own.get("StopPrice", "0")
            legs.append(leg)
        taken = {one["clientOrderId"] for one in self.orders.values() if _open(one)}
        if taken & {leg["newClientOrderId"] for leg in legs}:
            return 400, _fault(-2010, "Duplicate order sent.")
        if self.no_pairs:
            return 400, _fault(-2010, "Order would immediately match and take.")
        self.posts -= 1  # two orders by one request
        reports = [self._place(leg)[1] for leg in legs]
        first, second = (report["orderId"] for report in reports)
        self.pairs |= {first: second, second: first}
        return 200, {"orderListId": first, "orderReports": reports}

    def _end_pair_of(self, number: int) -> Json | None:
        """End the other order of a pair."""
        other = self.orders.get(self.pairs.get(number, 0))
        if other is None or not _open(other):
            return None
        other["status"] = "CANCELED"
        self._report(other, "CANCELED")
        return other

    def _cancel(self, params: dict[str, str]) -> tuple[int, Any]:
        order = self._find(params)
        if order is None or not _open(order):
            return 400, _fault(-2011, "Unknown order sent.")
        other = self._end_pair_of(order["orderId"])
        if other is not None:
            order["status"] = "CANCELED"
            self._report(order, "CANCELED")
            named = [
                one | {"origClientOrderId": one["clientOrderId"], "clientOrderId": "web_1"}
                for one in (order, other)
            ]
            return 200, {"orderListId": 1, "orderReports": named}
        order["status"] = "CANCELED"
        self._report(order, "CANCELED")
        return 200, order | {"origClientOrderId": order["clientOrderId"], "clientOrderId": "web_1"}

    def _cancel_replace(self, params: dict[str, str]) -> tuple[int, Any]:
        old = self._find({"origClientOrderId": params["cancelOrigClientOrderId"]})
        if old is None or old["status"] != "NEW":
            data = {
                "cancelResult": "FAILURE",
                "newOrderResult": "NOT_ATTEMPTED",
                "cancelResponse": _fault(-2011, "Order was not canceled."),
                "newOrderResponse": None,
            }
            return 400, _fault(-2022, "Order cancel-replace failed.") | {"data": data}
        _, cancelled = self._cancel({"origClientOrderId": old["clientOrderId"]})
        _, placed = self._place(params)
        return 200, {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": cancelled,
            "newOrderResponse": placed,
        }

    def _my_trades(self, params: dict[str, str]) -> list[Json]:
        found = [one for one in self.trades if one["symbol"] == params["symbol"]]
        if "orderId" in params:
            found = [one for one in found if one["orderId"] == int(params["orderId"])]
        if "fromId" in params:
            found = [one for one in found if one["id"] >= int(params["fromId"])]
        start, end = int(params.get("startTime", 0)), int(params.get("endTime", 2**62))
        assert end - start <= 86_400_000 or end == 2**62
        return [one for one in found if start <= one["time"] <= end][
            : int(params.get("limit", 500))
        ]

    # ---------------------------------------------------------------------------- what happens there

    def fill(self, number: int, quantity: Decimal, price: Decimal) -> None:
        """Execute a part of an order; a buy pays its fee in what it bought."""
        order = self.orders[number]
        done = Decimal(order["executedQty"]) + quantity
        order["executedQty"] = f"{done:f}"
        order["status"] = "FILLED" if done == Decimal(order["origQty"]) else "PARTIALLY_FILLED"
        buys = order["side"] == "BUY"
        fee = quantity / 1000 if buys else quantity * price / 1000
        trade = {
            "symbol": order["symbol"],
            "id": 1000 + len(self.trades),
            "orderId": number,
            "price": f"{price:.2f}",
            "qty": f"{quantity:.5f}",
            "commission": f"{fee:.8f}",
            "commissionAsset": self.fee_coin or ("BTC" if buys else "USDT"),
            "time": self.ms,
            "isBuyer": buys,
            "isMaker": order["type"] != "MARKET",
        }
        self.trades.append(trade)
        self.balances["BTC"] += quantity - fee if buys else -quantity
        self.balances["USDT"] -= quantity * price if buys else fee - quantity * price
        last = {"l": trade["qty"], "L": trade["price"], "t": trade["id"]}
        last |= {"n": trade["commission"], "N": trade["commissionAsset"], "m": trade["isMaker"]}
        self._report(order, "TRADE", **last)
        self._end_pair_of(number)

    def _report(self, order: Json, what: str, **more: Any) -> None:
        cancel = what == "CANCELED"
        event = {
            "e": "executionReport",
            "E": self.ms,
            "s": order["symbol"],
            "c": "web_1" if cancel else order["clientOrderId"],
            "C": order["clientOrderId"] if cancel else "",
            "S": order["side"],
            "o": order["type"],
            "f": order["timeInForce"],
            "q": order["origQty"],
            "p": order["price"],
            "P": order["stopPrice"],
            "x": what,
            "X": order["status"],
            "r": "NONE",
            "i": order["orderId"],
            "z": order["executedQty"],
            "T": self.ms,
            "t": -1,
            "w": order["type"] != "STOP_LOSS",
            "n": "0",
            "N": None,
        }
        self.tell(event | more)


def _open(order: Json) -> bool:
    return order["status"] in {"NEW", "PARTIALLY_FILLED"}


def _fault(code: int, text: str = "Order does not exist.") -> Json:
    return {"code": code, "msg": text}


def _reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpReply:
    return HttpReply(status=status, headers=headers or {}, body=json.dumps(body).encode())
