"""How Binance says no: its codes and its sentences."""

import msgspec

from tradebot.engine.exchange.orders import Reason


class Refused(Exception):  # noqa: N818  (an answer of the venue, not a fault of ours)
    """A request is answered with a code."""

    def __init__(self, code: int, msg: str, status: int = 400, data: object = None) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.status = status
        self.data = data
        """What cancelReplace tells of its two halves."""


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a refusal."""

    code: int
    msg: str
    data: object = None


def code_of(refused: Refused) -> Code:
    """Return a refusal's body."""
    return Code(refused.code, refused.msg, refused.data)


NO_SUCH_ORDER = (-2013, "Order does not exist.")
UNKNOWN_ORDER = (-2011, "Unknown order sent.")
INVALID_SYMBOL = (-1121, "Invalid symbol.")

_BALANCE = (-2010, "Account has insufficient balance for requested action.")
_OF_REASON: dict[Reason, tuple[int, str]] = {
    "unknown_symbol": INVALID_SYMBOL,
    "price_off_tick": (-1013, "Filter failure: PRICE_FILTER"),
    "price_out_of_range": (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    "quantity_off_lot": (-1013, "Filter failure: LOT_SIZE"),
    "quantity_too_small": (-1013, "Filter failure: LOT_SIZE"),
    "quantity_too_large": (-1013, "Filter failure: LOT_SIZE"),
    "notional_too_small": (-1013, "Filter failure: NOTIONAL"),
    "notional_too_large": (-1013, "Filter failure: NOTIONAL"),
    "duplicate_client_id": (-2010, "Duplicate order sent."),
    "insufficient_funds": _BALANCE,
    "insufficient_position": _BALANCE,
    "post_only_would_take": (-2010, "Order would immediately match and take."),
    "trigger_would_fire": (-2010, "Stop price would trigger immediately."),
    "unsupported": (-1106, "Parameter combination is not valid for this order type."),
    "price_missing": (
        -1102,
        "Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
    ),
    "no_liquidity": (-2010, "Market is closed."),
    "self_cross": (-2010, "Order would trigger self trade prevention."),
}


def refusal(reason: Reason) -> Refused:
    """Return how the venue says a reason."""
    code, msg = _OF_REASON.get(reason, (-2010, "New order rejected."))
    return Refused(code, msg)


def missing(name: str) -> Refused:
    """Return how it says that a parameter is not there."""
    return Refused(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def illegal(name: str) -> Refused:
    """Return how it says that a parameter's characters are no value of its kind."""
    return Refused(-1100, f"Illegal characters found in parameter '{name}'.")
