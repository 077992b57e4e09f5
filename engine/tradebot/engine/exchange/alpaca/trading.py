"""Alpaca's Trading REST `/v2`: one function a route, from a request to an answer."""

from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.alpaca.account import (
    account_json,
    configurations,
    position_json,
    positions_json,
)
from tradebot.engine.exchange.alpaca.orders import (
    TIFS,
    Body,
    legs_of,
    oco_limit,
    order_json,
    request_of,
)
from tradebot.engine.exchange.alpaca.queries import Query, body_of, day_text, parts_of
from tradebot.engine.exchange.alpaca.record import Record, amount_number
from tradebot.engine.exchange.alpaca.reference import Call, Reference, Route, answered
from tradebot.engine.exchange.alpaca.refusals import (
    Refusal,
    malformed,
    not_found,
    of_order,
    unprocessable,
)
from tradebot.engine.exchange.alpaca.words import Ids, Json, number_of
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import HttpReply, HttpRequest
from tradebot.engine.exchange.market import Listing, units_of
from tradebot.engine.exchange.orders import Order, OrderRequest

_DAY_S = 86_400


class Trading:
    """The Trading API.

    Args of the constructor:
        exchange: What it stands on.
        ids: Of the venue.
        record: What was told.
        now: The time as the face shows it, ns UTC.
    """

    def __init__(
        self, exchange: Exchange, ids: Ids, record: Record, now: Callable[[], int]
    ) -> None:
        self._exchange = exchange
        self._ids = ids
        self._record = record
        self._now = now
        self._started = exchange.now
        self._reference = Reference(exchange, ids, now)
        self._routes: dict[tuple[str, str, int], Route] = {
            ("GET", "account", 1): self._account,
            ("GET", "account", 2): self._account_part,
            ("GET", "account", 3): self._account_part,
            ("PATCH", "account", 2): self._account_part,
            ("GET", "positions", 1): self._positions,
            ("GET", "positions", 2): self._position,
            ("DELETE", "positions", 1): self._close_all,
            ("DELETE", "positions", 2): self._close,
            ("POST", "orders", 1): self._place,
            ("GET", "orders", 1): self._orders,
            ("GET", "orders", 2): self._order,
            ("PATCH", "orders", 2): self._replace,
            ("DELETE", "orders", 1): self._cancel_all,
            ("DELETE", "orders", 2): self._cancel,
            ("GET", "orders:by_client_order_id", 1): self._by_client,
            ("GET", "assets", 1): self._reference.assets,
            ("GET", "assets", 2): self._reference.asset,
            ("GET", "assets", 3): self._reference.asset,
            ("GET", "clock", 1): self._reference.clock,
            ("GET", "calendar", 1): self._reference.calendar,
        }

    def answer(self, request: HttpRequest, account: Account) -> HttpReply:
        """Answer a request below `/v2`."""
        parts = parts_of(request)[1:]
        route = self._routes.get((request.method, parts[0] if parts else "", len(parts)))
        try:
            if route is None:
                raise not_found("endpoint not found")
            return route(Call(request, account, parts, Query(request)))
        except Refusal as refusal:
            return refusal.reply

    # ---------------------------------------------------------------------------- account

    def _account(self, call: Call) -> HttpReply:
        return answered(account_json(self._exchange, call.account, self._started))

    def _account_part(self, call: Call) -> HttpReply:
        match call.parts[1:]:
            case ["configurations"]:
                return answered(configurations())
            case ["portfolio", "history"]:
                return self._portfolio(call.account)
            case ["activities"]:
                return self._activities(
                    call.query, call.account, call.query.words("activity_types")
                )
            case ["activities", kind]:
                return self._activities(call.query, call.account, [kind])
            case _:
                raise not_found("endpoint not found")

    def _portfolio(self, account: Account) -> HttpReply:
        start = amount_number(account.terms.cash[account.terms.currency])
        now = amount_number(self._exchange.equity(account.terms.name))
        second = self._now() // 1_000_000_000
        gained = now - start
        share = gained / start if start else start
        return answered(
            {
                "timestamp": [self._started // 1_000_000_000, second],
                "equity": [start, now],
                "profit_loss": [0, gained],
                "profit_loss_pct": [0, round(share, 9)],
                "base_value": start,
                "timeframe": "1D",
            }
        )

    def _activities(self, query: Query, account: Account, kinds: list[str]) -> HttpReply:
        after, until, day = query.instant("after"), query.instant("until"), query.day("date")
        standing = self._record.fills_standing()
        rows = [
            one
            for one in self._record.activities
            if one.account == account.terms.name
            and (not kinds or one.kind in kinds)
            and (after is None or one.ts > after)
            and (until is None or one.ts < until)
            and (day is None or day_text(one.ts) == day)
            # What was taken back is not listed any more; a correction stands in place of what it corrects.
            and (one.kind != "FILL" or one.execution in standing)
        ]
        if query.text("direction") != "asc":
            rows.reverse()
        token = query.text("page_token")
        if token is not None:
            places = [place for place, one in enumerate(rows) if one.id == token]
            rows = rows[places[0] + 1 :] if places else []
        return answered([one.row for one in rows[: query.count("page_size", 100, 100)]])

    # ---------------------------------------------------------------------------- positions

    def _positions(self, call: Call) -> HttpReply:
        return answered(positions_json(self._exchange, call.account, self._ids))

    def _position(self, call: Call) -> HttpReply:
        listing = self._reference.listing(call.parts[1])
        return answered(position_json(self._exchange, call.account, listing, self._ids))

    def _close(self, call: Call) -> HttpReply:
        listing = self._reference.listing(call.parts[1])
        return answered(self._closing(call.account, listing, call.query))

    def _close_all(self, call: Call) -> HttpReply:
        if call.query.flag("cancel_orders"):
            self._exchange.cancel_all(call.account.terms.name)
        held = [one for one in self._exchange.listed("alpaca") if call.account.position(one)]
        answers: list[Json] = []
        for listing in held:
            answer: dict[str, Json] = {"symbol": listing.symbol, "status": 200}
            try:
                answer["body"] = self._closing(call.account, listing, call.query)
            except Refusal as refusal:
                answer["status"] = refusal.status
                answer["body"] = {"code": refusal.code, "message": str(refusal)}
            answers.append(answer)
        return answered(answers, 207)

    def _closing(self, account: Account, listing: Listing, query: Query) -> Json:
        held = account.position(listing)
        if not held:
            raise not_found("position does not exist")
        quantity = abs(held)
        wanted, percent = number_of(query.text("qty")), number_of(query.text("percentage"))
        if wanted is not None:
            quantity = units_of(wanted, listing.quantity_scale) or 0
        elif percent is not None:
            quantity = int(quantity * percent / 100) // listing.lot * listing.lot
        order = self._exchange.place(
            OrderRequest(
                account=account.terms.name,
                symbol=listing.symbol,
                side=-1 if held > 0 else 1,
                type="market",
                tif="gtc" if listing.kind == "crypto" else "day",
                quantity=quantity,
            )
        )
        if order.state == "rejected":
            raise of_order(order.reason)
        return self._json_of(order)

    # ---------------------------------------------------------------------------- orders

    def _place(self, call: Call) -> HttpReply:
        body = body_of(call.request)
        listing = self._reference.listing(str(body.get("symbol") or ""))
        if body.get("order_class") == "oco":
            return self._place_oco(body, call.account, listing)
        wanted = request_of(body, listing, call.account.terms.name)
        exits = legs_of(body, wanted, listing)
        self._refuse_crossing(wanted)
        for leg in exits:
            # Any parent: it has one, so it needs no means of its own yet.
            reason = self._exchange.refusal(msgspec.structs.replace(leg, parent=1))
            if reason:
                raise of_order(reason)
        order = self._exchange.place(wanted)
        if order.state == "rejected":
            raise of_order(order.reason)
        group = f"legs-{order.number}" if len(exits) > 1 else ""
        legs = [
            self._exchange.place(msgspec.structs.replace(leg, parent=order.number, group=group))
            for leg in exits
        ]
        return answered(self._json_of(order, legs))

    def _place_oco(self, body: Body, account: Account, listing: Listing) -> HttpReply:
        limit = oco_limit(body, listing)
        top = request_of({**body, "take_profit": None}, listing, account.terms.name)
        top = msgspec.structs.replace(top, type="limit", limit=limit or top.limit)
        (stop,) = legs_of(body, top, listing)
        group = f"oco-{self._exchange.now}-{top.client_id}"
        order = self._exchange.place(msgspec.structs.replace(top, group=group))
        if order.state == "rejected":
            raise of_order(order.reason)
        leg = self._exchange.place(msgspec.structs.replace(stop, group=group))
        if leg.state == "rejected":
            self._exchange.cancel(order.number)
            raise of_order(leg.reason)
        return answered(self._json_of(order, [leg]))

    def _refuse_crossing(self, wanted: OrderRequest) -> None:
        """Refuse an order that would trade against one of the account's own.

        Raises:
            Refusal: As the venue's wash trade protection has it.
        """
        for order in self._exchange.store.open(wanted.account):
            other = order.request
            if other.symbol != wanted.symbol or other.side == wanted.side or order.state == "held":
                continue
            buy, sell = (wanted, other) if wanted.side > 0 else (other, wanted)
            if not buy.limit or not sell.limit or buy.limit >= sell.limit:
                raise of_order("self_cross")

    def _orders(self, call: Call) -> HttpReply:
        query = call.query
        status = query.text("status") or "open"
        symbols, side = query.words("symbols"), query.text("side")
        after, until = query.instant("after"), query.instant("until")
        nested = query.flag("nested")
        found = [
            order
            for order in self._exchange.store.all(call.account.terms.name)
            if order.listing
            and (status == "all" or order.is_open == (status == "open"))
            and (not symbols or order.request.symbol in symbols)
            and (side is None or order.request.side == (1 if side == "buy" else -1))
            and (after is None or order.created > after)
            and (until is None or order.created < until)
            and not (nested and order.request.parent)
        ]
        if query.text("direction") != "asc":
            found.reverse()
        found = found[: query.count("limit", 50, 500)]
        return answered([self._told(order, nested=nested) for order in found])

    def _order(self, call: Call) -> HttpReply:
        nested = call.query.flag("nested")
        return answered(self._told(self._mine(call.account, call.parts[1]), nested=nested))

    def _by_client(self, call: Call) -> HttpReply:
        client_id = call.query.text("client_order_id") or ""
        found = self._exchange.store.by_client(call.account.terms.name, client_id)
        taken = [order for order in found if order.state != "rejected"]
        if not taken:
            raise not_found(f"order not found for {client_id}")
        return answered(self._told(taken[-1], nested=False))

    def _replace(self, call: Call) -> HttpReply:
        old = self._mine(call.account, call.parts[1])
        if old.state in ("held", "queued") or not old.is_open:
            raise unprocessable(f'order is not open for replacement, it is "{old.state}"')
        listing = self._exchange.listings[old.listing]
        if old.request.notional:
            raise unprocessable("notional orders cannot be replaced")
        wanted = self._changed(old, body_of(call.request), listing)
        order = self._exchange.replace(old.number, wanted)
        if order.state == "rejected":
            raise of_order(order.reason)
        return answered(self._json_of(order))

    def _changed(self, old: Order, body: Body, listing: Listing) -> OrderRequest:
        before = order_json(old, listing, self._ids)
        if not isinstance(before, dict):
            raise TypeError("an order is written as an object")
        kept = ("symbol", "side", "type", "qty", "time_in_force", "limit_price", "stop_price")
        merged: Body = {name: before[name] for name in (*kept, "trail_price", "trail_percent")}
        merged["extended_hours"] = old.request.extended_hours
        if old.request.type == "trailing_stop":
            merged["stop_price"] = None
        if body.get("trail") is not None:
            trailing = "trail_percent" if old.request.trail_bps else "trail_price"
            merged[trailing] = body["trail"]
        fields = ("qty", "time_in_force", "limit_price", "stop_price", "client_order_id")
        merged |= {name: body[name] for name in fields if body.get(name) is not None}
        if str(merged["time_in_force"]) not in TIFS:
            raise malformed("invalid time_in_force")
        return request_of(merged, listing, old.request.account)

    def _cancel(self, call: Call) -> HttpReply:
        order = self._mine(call.account, call.parts[1])
        if self._exchange.cancel(order.number):
            told = order_json(order, self._exchange.listings[order.listing], self._ids)
            status = told["status"] if isinstance(told, dict) else ""
            raise unprocessable(f'order is already in "{status}" state')
        if order.request.group:
            # Of a pair that cancels each other, cancelling one cancels both.
            for sibling in self._exchange.store.siblings(order):
                self._exchange.cancel(sibling.number)
        return HttpReply(status=204)

    def _cancel_all(self, call: Call) -> HttpReply:
        numbers = [order.number for order in self._exchange.store.open(call.account.terms.name)]
        answers: list[Json] = []
        for number in numbers:
            refused = self._exchange.cancel(number)
            order = self._exchange.store.now(number)
            status = 422 if refused and order.state != "cancelled" else 200
            body = self._told(order, nested=False)
            answers.append({"id": self._ids.order(number), "status": status, "body": body})
        return answered(answers, 207)

    # ---------------------------------------------------------------------------- inside

    def _mine(self, account: Account, order_id: str) -> Order:
        number = self._ids.number_of_order(order_id)
        order = None if number is None else self._exchange.order(number)
        if order is None or order.request.account != account.terms.name or not order.listing:
            raise not_found(f"order not found for {order_id}")
        return order

    def _told(self, order: Order, *, nested: bool) -> Json:
        legs = self._exchange.store.children(order.number) if nested else []
        return self._json_of(order, legs)

    def _json_of(self, order: Order, legs: list[Order] | None = None) -> Json:
        now = self._exchange.store.now(order.number)
        listing = self._exchange.listings[now.listing]
        written = [self._json_of(leg) for leg in legs] if legs else None
        return order_json(now, listing, self._ids, written)
