"""New orders as Binance takes them: parameters in, an order of the exchange out, or its refusal."""

from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.params import Params, choice, client_id, units, whole
from tradebot.engine.exchange.binance.refusals import Refused, missing, refusal
from tradebot.engine.exchange.binance.rules import MOST_ORDERS, MOST_STOPS, ORDER_TYPES
from tradebot.engine.exchange.binance.texts import is_working
from tradebot.engine.exchange.checks import TRAILING, TRIGGERED
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.orders import OrderRequest, OrderType, Tif
from tradebot.engine.exchange.words import AMOUNT_SCALE

_INVALID_TYPE = (-1116, "Invalid orderType.")
_INVALID_SIDE = (-1117, "Invalid side.")
_INVALID_TIF = (-1115, "Invalid timeInForce.")

_TYPES: dict[str, OrderType] = {
    "LIMIT": "limit",
    "LIMIT_MAKER": "limit",
    "MARKET": "market",
    "STOP_LOSS": "stop",
    "STOP_LOSS_LIMIT": "stop_limit",
    "TAKE_PROFIT": "take_profit",
    "TAKE_PROFIT_LIMIT": "take_profit_limit",
}
_TIFS: dict[str, Tif] = {"GTC": "gtc", "IOC": "ioc", "FOK": "fok"}
_TIMED = ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_PRICED = (*_TIMED, "LIMIT_MAKER")
_STOPPED = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """How the parameters of one order are called; legs of a list have prefixes."""

    side: str = "side"
    type: str = "type"
    tif: str = "timeInForce"
    quantity: str = "quantity"
    price: str = "price"
    stop_price: str = "stopPrice"
    trailing: str = "trailingDelta"
    client_id: str = "newClientOrderId"


def names_of_leg(prefix: str, *, own_side: bool, own_quantity: bool) -> Names:
    """Return the names of a list's leg: `above`, `below`, `working`, `pending`, `pendingAbove`, ..."""
    quantity = "pendingQuantity" if prefix.startswith("pending") else f"{prefix}Quantity"
    side = "pendingSide" if prefix.startswith("pending") else f"{prefix}Side"
    return Names(
        side=side if own_side else "side",
        type=f"{prefix}Type",
        tif=f"{prefix}TimeInForce",
        quantity=quantity if own_quantity else "quantity",
        price=f"{prefix}Price",
        stop_price=f"{prefix}StopPrice",
        trailing=f"{prefix}TrailingDelta",
        client_id=f"{prefix}ClientOrderId",
    )


SINGLE = Names()


class Intake:
    """Reads and places orders.

    Args of the constructor:
        exchange: Where they go.
        new_id: Makes a client order id for who gives none.
    """

    def __init__(self, exchange: Exchange, new_id: Callable[[], str]) -> None:
        self._exchange = exchange
        self._new_id = new_id

    def request(
        self, account: Account, listing: Listing, params: Params, names: Names = SINGLE
    ) -> OrderRequest:
        """Return the order that parameters ask for.

        Raises:
            Refused: If they are no order.
        """
        word = choice(params, names.type, ORDER_TYPES, _INVALID_TYPE)
        side = choice(params, names.side, ("BUY", "SELL"), _INVALID_SIDE)
        quantity = units(params, names.quantity, listing.quantity_scale, "LOT_SIZE")
        notional = units(params, "quoteOrderQty", AMOUNT_SCALE, "NOTIONAL")
        if word == "MARKET" and names is SINGLE:
            if bool(quantity) == bool(notional):
                raise missing("quantity")
        elif not quantity:
            raise missing("quantity")
        delta = whole(params, names.trailing) or 0
        self._check_shape(params, names, word, delta)
        kind = _TYPES[word]
        if delta and kind in ("stop", "take_profit"):
            kind = "trailing_stop"
        elif delta:
            kind = "trailing_stop_limit"
        return OrderRequest(
            account=account.terms.name,
            symbol=listing.symbol,
            side=1 if side == "BUY" else -1,
            type=kind,
            tif=_TIFS[choice(params, names.tif, tuple(_TIFS), _INVALID_TIF)]
            if word in _TIMED
            else "gtc",
            quantity=quantity,
            notional=notional,
            limit=units(params, names.price, listing.price_scale, "PRICE_FILTER"),
            trigger=units(params, names.stop_price, listing.price_scale, "PRICE_FILTER"),
            trail_bps=delta,
            client_id=client_id(params, names.client_id) or self._new_id(),
            post_only=word == "LIMIT_MAKER",
        )

    def _check_shape(self, params: Params, names: Names, word: str, delta: int) -> None:
        """Refuse what is missing or not wanted for a type."""
        if word in _PRICED and not params.get(names.price):
            raise missing(names.price)
        if word in _TIMED and not params.get(names.tif):
            raise missing(names.tif)
        if word in _STOPPED and not params.get(names.stop_price) and not delta:
            raise missing(names.stop_price)
        unwanted = [] if word in _PRICED else [names.price, names.tif]
        unwanted += [] if word in _STOPPED else [names.stop_price, names.trailing]
        for name in unwanted:
            if params.get(name):
                raise Refused(-1106, f"Parameter '{name}' sent when not required.")
        if params.get("icebergQty"):
            raise Refused(-1013, "This action is disabled: iceberg orders.")

    def check_filters(self, request: OrderRequest) -> None:
        """Refuse what the symbol's filters refuse.

        Raises:
            Refused: With the venue's code.
        """
        reason = self._exchange.rule_refusal(self._exchange.sized(request))
        if reason:
            raise refusal(reason)

    def check(self, request: OrderRequest) -> None:
        """Refuse what the venue would refuse before its book sees it.

        Raises:
            Refused: With the venue's code.
        """
        reason = self._exchange.refusal(self._exchange.sized(request))
        if reason:
            raise refusal(reason)
        if not request.parent and self._exchange.would_trigger(request):
            raise refusal("trigger_would_fire")
        mine = [
            order
            for order in self._exchange.store.open(request.account)
            if order.request.symbol == request.symbol and order.number != request.replaces
        ]
        if len(mine) >= MOST_ORDERS:
            raise Refused(-1013, "Filter failure: MAX_NUM_ORDERS")
        stops = sum(not is_working(order) for order in mine)
        if request.type in (*TRIGGERED, *TRAILING) and stops >= MOST_STOPS:
            raise Refused(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
