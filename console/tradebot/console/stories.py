"""What an event of the engine means for the trader, in one line; and many fills in one sentence."""

from dataclasses import dataclass
from decimal import Decimal

import msgspec

from tradebot.console.figures import grouped, iso_ns, short_id, symbol_of, trimmed
from tradebot.console.rows import plain
from tradebot.console.view import HistoryLine, Level
from tradebot.engine.control.messages import AlertView, EventLine, FillFacts, OrderFacts

BURST_S = 1.0
"""Fills within this time are told in one toast per instrument and side."""
ORDER_LEVELS: dict[str, Level] = {"rejected": "error", "denied": "error", "unknown": "error"}
QUIET_STATES = frozenset(
    {"created", "sent", "pending_cancel", "pending_replace", "partially_filled", "filled"}
)
"""States that say nothing the fill or the next state does not say better."""


@dataclass(frozen=True)
class Story:
    """An event told: a line for the history, and whether it is worth a toast."""

    line: HistoryLine
    toast: bool
    fill: FillFacts | None = None


def tell(event: EventLine) -> Story | None:
    """Return the story of an event, None for kinds and states the trader need not hear of.

    Raises:
        msgspec.DecodeError: If the body is not what its kind promises.
    """
    match event.kind:
        case "fill":
            return _fill(event, msgspec.json.decode(event.body, type=FillFacts))
        case "order":
            return _order(event, msgspec.json.decode(event.body, type=OrderFacts))
        case "alert":
            alert = msgspec.json.decode(event.body, type=AlertView)
            line = HistoryLine(alert.ts, alert.level, alert.text)
            return Story(line, toast=alert.level != "info")
        case _:
            return None


def fill_words(fill: FillFacts) -> str:
    """Return a fill in one line: `fill SELL 0.110 BTCUSDT @ 60,003.00`."""
    quantity = trimmed(fill.quantity, 3)
    return (
        f"fill {fill.side.upper()} {quantity} {plain(symbol_of(fill.instrument))} @ {grouped(fill.price)}"
        f"  ({short_id(fill.client_order_id)})"
    )


def _fill(event: EventLine, fill: FillFacts) -> Story:
    return Story(
        HistoryLine(iso_ns(fill.ts_event) or event.ts, "info", fill_words(fill)),
        toast=False,
        fill=fill,
    )


def _order(event: EventLine, order: OrderFacts) -> Story | None:
    if order.state in QUIET_STATES:
        return None
    price = order.limit_price or order.trigger_price
    at = "" if price is None else f" @ {grouped(price)}"
    reason = f": {plain(order.reason)}" if order.reason else ""
    state = "UNKNOWN, reconciling" if order.state == "unknown" else order.state.replace("_", " ")
    text = (
        f"{short_id(order.client_order_id)} {order.side.upper()} {trimmed(order.quantity, 3)}"
        f" {plain(symbol_of(order.instrument))}{at} {state}{reason}"
    )
    level = ORDER_LEVELS.get(order.state, "info")
    return Story(HistoryLine(event.ts, level, text), toast=level != "info")


class FillBurst:
    """Collects fills so that a hundred of them make one toast, not a hundred."""

    def __init__(self) -> None:
        self._fills: list[FillFacts] = []
        self._since_s = float("-inf")

    def add(self, fill: FillFacts, now_s: float) -> None:
        """Take a fill."""
        if not self._fills:
            self._since_s = now_s
        self._fills.append(fill)

    def due(self, now_s: float) -> list[str]:
        """Return what there is to tell now, one sentence per instrument and side; empty while collecting."""
        if not self._fills or now_s - self._since_s < BURST_S:
            return []
        fills, self._fills = self._fills, []
        groups: dict[tuple[str, str], list[FillFacts]] = {}
        for fill in fills:
            groups.setdefault((fill.instrument, fill.side), []).append(fill)
        return [burst_words(group) for group in groups.values()]


def burst_words(fills: list[FillFacts]) -> str:
    """Return fills of one instrument and side as a sentence: `7 fills, BUY 0.8 BTCUSDT avg 60,001.2`."""
    first = fills[0]
    if len(fills) == 1:
        return fill_words(first)
    quantity = sum((Decimal(fill.quantity) for fill in fills), Decimal(0))
    paid = sum((Decimal(fill.quantity) * Decimal(fill.price) for fill in fills), Decimal(0))
    decimals = len(first.price.partition(".")[2])
    average = f"{paid / quantity:,.{decimals}f}"
    name = plain(symbol_of(first.instrument))
    return f"{len(fills)} fills, {first.side.upper()} {quantity.normalize():f} {name} avg {average}"
