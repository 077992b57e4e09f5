"""Alpaca's refusals: status, code and words. Source: API reference "Errors" and answers seen by users of the SDK."""

from tradebot.engine.exchange.alpaca.words import json_of
from tradebot.engine.exchange.face import HttpReply
from tradebot.engine.exchange.orders import Reason


class Refusal(Exception):  # noqa: N818  (an answer, not a fault)
    """A request that is answered by a refusal."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    @property
    def reply(self) -> HttpReply:
        """Return it as an answer."""
        body = json_of({"code": self.code, "message": str(self)})
        return HttpReply(status=self.status, body=body)


def unprocessable(message: str) -> Refusal:
    """Return the refusal of an order that is wrong in itself."""
    return Refusal(422, 42210000, message)


def malformed(message: str) -> Refusal:
    """Return the refusal of a request that lacks something or cannot be read."""
    return Refusal(422, 40010001, message)


def forbidden(message: str) -> Refusal:
    """Return the refusal of an order that the account may not place."""
    return Refusal(403, 40310000, message)


def not_found(message: str) -> Refusal:
    """Return the refusal of a question about what is not there."""
    return Refusal(404, 40410000, message)


UNAUTHORIZED = Refusal(401, 40110000, "request is not authorized")
TOO_MANY = Refusal(429, 42910000, "rate limit exceeded")


def of_status(status: int) -> HttpReply:
    """Return the venue's own answer of a status that has nothing to do with what was asked."""
    if status == TOO_MANY.status:
        return TOO_MANY.reply
    if status >= 500:  # noqa: PLR2004  (what HTTP calls a server's failure)
        # A gateway's page, not the API's JSON: that is how a 504 comes.
        return HttpReply(
            status=status, body=b"<html>gateway</html>", headers=(("Content-Type", "text/html"),)
        )
    return Refusal(status, status * 100_000, "refused").reply


_ORDERS: dict[Reason, Refusal] = {
    "unknown_symbol": unprocessable("asset not found"),
    "duplicate_client_id": malformed("client_order_id must be unique"),
    "price_off_tick": unprocessable(
        "sub-penny increment does not fulfill minimum pricing criteria"
    ),
    "price_out_of_range": unprocessable("price is too far from the market"),
    "price_missing": malformed("limit_price or stop_price is required"),
    "quantity_off_lot": unprocessable("qty increment is not valid for this asset"),
    "quantity_too_small": unprocessable("qty must be > 0"),
    "quantity_too_large": unprocessable("qty is too large"),
    "notional_too_small": forbidden("cost basis must be >= minimal amount of order 1"),
    "notional_too_large": forbidden("max notional value per crypto order is 200000"),
    "insufficient_funds": forbidden("insufficient buying power"),
    "insufficient_position": forbidden("insufficient qty available for order"),
    "not_shortable": forbidden("asset cannot be sold short"),
    "self_cross": forbidden("potential wash trade detected. use complex orders"),
    "unsupported": unprocessable("invalid order type for this asset"),
}


def of_order(reason: Reason) -> Refusal:
    """Return why an order was refused, in the venue's words."""
    return _ORDERS.get(reason, unprocessable(f"order refused: {reason}"))
