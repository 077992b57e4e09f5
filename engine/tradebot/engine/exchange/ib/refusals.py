"""The venue's codes and sentences."""

from tradebot.engine.exchange.orders import Reason

NO_DEFINITION = (200, "No security definition has been found for the request")
REJECTED = 201
CANCELLED = 202
DUPLICATE = (103, "Duplicate order id")
FILLED = (104, "Cannot modify a filled order.")
OFF_TICK = (110, "The price does not conform to the minimum price variation for this contract.")
UNREADABLE = 320
INVALID = 321
TAKEN = (
    326,
    "Unable to connect as the client id is already in use. Retry with a unique client id.",
)
NOT_SUBSCRIBED = (354, "Requested market data is not subscribed.")
WARNING = 399
NO_HISTORY = 162
TOO_FAST = (100, "Max rate of messages per second has been exceeded:max=100")
NOT_FOUND = 10147
NOT_CANCELLABLE = 10148
LOST = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")
RESTORED_LOST = (
    1101,
    "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
)
RESTORED_KEPT = (
    1102,
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
)
FARM_OK = (2104, "Market data farm connection is OK:usfarm")

_WORDS: dict[str, str] = {
    "insufficient_funds": "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN "
    "VALUE MUST EXCEED THE INITIAL MARGIN",
    "insufficient_position": "YOUR ORDER IS NOT ACCEPTED. MINIMUM OF POSITION REQUIRED IN ORDER TO SELL",
    "not_shortable": "The contract is not available for short sale.",
    "price_missing": "Invalid or missing price",
    "price_out_of_range": "Limit price too far outside of NBBO",
    "quantity_off_lot": "Order size does not conform to market rule",
    "quantity_too_small": "Order size is smaller than the minimum required size",
    "quantity_too_large": "Order size exceeds the maximum size allowed",
    "notional_too_small": "Order value is smaller than the minimum required",
    "notional_too_large": "Order value exceeds the maximum allowed",
    "unknown_account": "Invalid account code",
    "unsupported": "Order type or time in force is not supported for this contract",
    "fok_unfillable": "Fill or kill could not be filled",
}


def rejected(reason: Reason) -> tuple[int, str]:
    """Return code and sentence for an order that was refused."""
    if reason == "price_off_tick":
        return OFF_TICK
    return REJECTED, f"Order rejected - reason:{_WORDS.get(reason, reason)}"


def cancelled() -> tuple[int, str]:
    """Return code and sentence for an order that ended without being filled."""
    return CANCELLED, "Order Canceled - reason:"
