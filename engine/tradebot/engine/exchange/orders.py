"""Orders and executions as the exchange keeps them; every face translates its own words into these."""

from typing import Literal

import msgspec

type OrderType = Literal[
    "market",
    "limit",
    "stop",
    "stop_limit",
    "take_profit",
    "take_profit_limit",
    "trailing_stop",
    "trailing_stop_limit",
]
type Tif = Literal["gtc", "day", "gtd", "ioc", "fok", "opg", "cls"]
type State = Literal[
    "held",
    "queued",
    "waiting",
    "working",
    "filled",
    "cancelled",
    "expired",
    "rejected",
    "replaced",
]
"""`held`: waits for its parent or to be transmitted. `queued`: waits for the session. `waiting`: for its trigger."""

OPEN: tuple[State, ...] = ("held", "queued", "waiting", "working")
"""States of an order that is not over."""

type Reason = Literal[
    "",
    "unknown_account",
    "unknown_symbol",
    "unsupported",
    "price_missing",
    "price_off_tick",
    "price_out_of_range",
    "quantity_off_lot",
    "quantity_too_small",
    "quantity_too_large",
    "notional_too_small",
    "notional_too_large",
    "duplicate_client_id",
    "insufficient_funds",
    "insufficient_position",
    "not_shortable",
    "reduce_only",
    "post_only_would_take",
    "trigger_would_fire",
    "no_liquidity",
    "ioc_remainder",
    "fok_unfillable",
    "self_cross",
    "unknown_order",
    "not_open",
    "not_smaller",
    "parent",
    "oco",
    "user",
    "tif",
]
"""Why an order was refused or ended. `tif`: its time was over. `oco`: another of its group traded."""


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order as an account gives it. Prices and quantities are integers in the listing's scales."""

    account: str
    symbol: str
    """As the account's face writes it."""
    side: int
    """+1 buy, -1 sell."""
    type: OrderType
    tif: Tif
    quantity: int
    """In total; 0 where `notional` says how much."""
    notional: int = 0
    """Amount of the quote asset to spend or take; market orders only."""
    limit: int = 0
    trigger: int = 0
    trail: int = 0
    """Distance of a trailing stop as a price; 0 where `trail_bps` says it."""
    trail_bps: int = 0
    """Distance of a trailing stop in 1/100 of a percent."""
    limit_offset: int = 0
    """A trailing stop-limit's limit: so far beyond its trigger."""
    client_id: str = ""
    post_only: bool = False
    reduce_only: bool = False
    extended_hours: bool = False
    expires: int = 0
    """GTD: when, ns UTC."""
    group: str = ""
    """One cancels the other: the rest of a group shrinks by what one of it trades."""
    parent: int = 0
    """Number of the order whose complete fill lets this one begin."""
    hold: bool = False
    """Kept back until `Exchange.transmit`."""
    replaces: int = 0
    """Number of the order in whose place this stands."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stands."""

    number: int
    """Unique over the whole exchange, rising."""
    listing: str
    """Key of its listing."""
    request: OrderRequest
    """As given, with what was amended since."""
    state: State
    filled: int = 0
    notional: int = 0
    """Sum of price times quantity of its executions, an amount."""
    fees: int = 0
    """Fees charged per order so far, an amount of the quote asset; only where the fee rule has a least per order."""
    trigger: int = 0
    """Where it triggers now; 0 = it has no trigger."""
    triggered: bool = False
    best: int = 0
    """A trailing stop's high or low water mark."""
    created: int
    updated: int
    ended: int = 0
    reason: Reason = ""
    replaced_by: int = 0
    amendments: int = 0

    @property
    def leaves(self) -> int:
        """Return what is not traded yet."""
        return self.request.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Return whether it is not over."""
        return self.state in OPEN


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """What of an order shall be otherwise; None = as it is."""

    quantity: int | None = None
    """In total, what is filled counted in."""
    limit: int | None = None
    trigger: int | None = None
    trail: int | None = None
    tif: Tif | None = None
    client_id: str | None = None
    extended_hours: bool | None = None
    only_smaller: bool = False
    """Refuse what would lose the place in the queue."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """A match of an order."""

    number: int
    """Unique over the whole exchange, rising."""
    order: int
    listing: str
    account: str
    side: int
    price: int
    quantity: int
    trade: int
    """Number of the print at the listing."""
    fee: int
    """Amount; < 0 is a rebate."""
    fee_asset: str
    maker: bool
    ts: int
    revision: int = 1
    """A correction counts on."""
    busts: int = 0
    """Number of the execution that this takes back."""
    corrects: int = 0
    """Number of the execution in whose place this stands."""
