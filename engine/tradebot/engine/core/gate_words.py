"""The gate's answer, line by line: a stable code, whether it passes, and the sentence."""

from decimal import ROUND_CEILING, Decimal
from typing import Literal

import msgspec

type DenialCode = Literal[
    "lot_size",
    "min_quantity",
    "max_quantity",
    "tick_size",
    "limit_price_missing",
    "min_notional",
    "reduce_only_would_add",
    "halted",
    "reducing",
    "sleeve_paused",
    "not_armed",
    "no_mandate",
    "mandate_capital",
    "flattening",
    "feed_not_up",
    "cannot_short",
    "unresolved_order",
    "not_reconciled",
    "protect_at",
    "query_unanswered",
    "stream_not_up",
    "clock_offset",
    "equity_unknown",
    "no_mark",
    "price_collar",
    "max_order",
    "max_position",
    "max_gross",
    "max_open_risk",
    "orders_per_minute",
    "sleeve_capital",
    "sleeve_max_order",
    "sleeve_max_position",
    "sleeve_max_gross",
    "sleeve_max_open_risk",
    "sleeve_orders_per_minute",
    "would_cross",
    "unknown_instrument",
    "unknown_account",
    "order_type_unsupported",
    "tif_unsupported",
    "trigger_price_missing",
    "trigger_not_wanted",
    "trail_missing",
    "post_only_stop",
    "expires_missing",
    "expires_past",
    "legs_wrong_side",
    "legs_of_an_exit",
    "parent_not_open",
    "oco_not_open",
    "order_not_open",
    "order_busy",
    "nothing_to_amend",
]
"""Stable reason code of a denial."""


class Check(msgspec.Struct, frozen=True):
    """One line of the gate's answer."""

    code: DenialCode
    ok: bool
    text: str


def percent(fraction: Decimal) -> str:
    """Return a fraction as percent text with two decimals."""
    return f"{fraction * 100:.2f} %"


def percent_up(fraction: Decimal) -> str:
    """Return a fraction as percent text rounded up, so that what is over a cap also reads so."""
    return f"{(fraction * 100).quantize(_HUNDREDTH, rounding=ROUND_CEILING)} %"


_HUNDREDTH = Decimal("0.01")


PASSED: dict[DenialCode, str] = {
    "lot_size": "lot",
    "min_quantity": "minimum quantity",
    "max_quantity": "maximum quantity",
    "tick_size": "tick",
    "min_notional": "minimum notional",
    "reduce_only_would_add": "only reduces",
    "halted": "not halted",
    "reducing": "not reducing",
    "flattening": "not flattening",
    "sleeve_paused": "not paused",
    "not_armed": "armed, or no need to",
    "no_mandate": "mandate, or no need of one",
    "mandate_capital": "within the mandate's capital",
    "stream_not_up": "private stream up",
    "query_unanswered": "account answers",
    "clock_offset": "clock right",
    "feed_not_up": "market data up",
    "cannot_short": "within what is held, or shorts allowed",
    "unresolved_order": "no unknown order",
    "not_reconciled": "account confirmed",
    "equity_unknown": "equity known",
    "price_collar": "inside the collar",
    "orders_per_minute": "order rate",
    "sleeve_orders_per_minute": "the sleeve's order rate",
}
"""What a line says of an order that passes it; sizes say their figures."""


def line_of(code: DenialCode, ok: bool, text: str) -> Check:  # noqa: FBT001
    """Return one line; `text` says what is wrong, and is said of what passes only where nothing shorter is known."""
    return Check(code, ok, PASSED.get(code, text) if ok else text)
