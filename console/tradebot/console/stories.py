"""What an event of the journal means for the trader, in one line; and many fills in one sentence."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from tradebot.console.figures import amount, grouped, iso_ns, short_id, symbol_of
from tradebot.console.rows import plain
from tradebot.console.view import HistoryLine, Level
from tradebot.engine.control.messages_facts import FillFacts
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_orders import EventLine
from tradebot.engine.core.events import (
    CancelRejected,
    FeedChanged,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    SleeveFailed,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import (
    Alert,
    FlattenEnded,
    OrderDenied,
    OrderIntent,
    SleevePaused,
    Submit,
    TradingStateChanged,
)

BURST_S = 1.0
"""Fills within this time are told in one toast per instrument and side."""
LOOK_UP_S = 2.0
"""How long a fill waits for the frame that brings it in figures."""
ORDERS_MAX = 4096
"""Orders remembered by name; older ones are told by their id alone."""
HAND = "hand"

type Told = (
    Submit
    | OrderDenied
    | OrderRejected
    | SubmitUnknown
    | OrderFilled
    | OrderCancelled
    | OrderExpired
    | CancelRejected
    | FeedChanged
    | TradingStateChanged
    | FlattenEnded
    | SleevePaused
    | SleeveFailed
    | Alert
)
"""What of the journal the trader hears of; the rest is the engine's own book-keeping."""

STATE_LEVELS: dict[str, Level] = {"ACTIVE": "info", "REDUCING": "warn", "HALTED": "error"}
_KINDS = frozenset(
    {
        "submit",
        "order-denied",
        "order-rejected",
        "submit-unknown",
        "order-filled",
        "order-cancelled",
        "order-expired",
        "cancel-rejected",
        "feed-changed",
        "trading-state-changed",
        "flatten-ended",
        "sleeve-paused",
        "sleeve-failed",
        "alert",
    }
)
_decode = msgspec.json.Decoder(Told).decode


@dataclass(frozen=True)
class Story:
    """An event told: a line for the history, and whether it is worth a toast."""

    line: HistoryLine
    toast: bool


class Teller:
    """Turns events into stories; remembers what orders were called and which fills still lack their figures."""

    def __init__(self) -> None:
        self._orders: OrderedDict[str, OrderIntent] = OrderedDict()
        self._fills: dict[str, tuple[OrderFilled, int, float]] = {}

    def hear(self, event: EventLine, now_s: float) -> Story | None:
        """Return the story of an event, None for what needs none (or, a fill, comes later).

        Raises:
            msgspec.DecodeError: If a body is not what its kind promises.
        """
        if event.kind not in _KINDS:
            return None
        told: Told = _decode(event.body)
        if isinstance(told, Submit):
            self._remember(told.order)
            return None
        if isinstance(told, OrderFilled):
            self._fills[told.execution_id] = (told, event.ts, now_s)
            return None
        return self._story(told, event.ts)

    def fills(
        self, frame: Frame | None, now_s: float
    ) -> list[tuple[HistoryLine, FillFacts | None]]:
        """Return the fills that can be told now: those the frame shows, and those that waited long enough."""
        shown = {} if frame is None else {fill.execution_id: fill for fill in frame.fills}
        ready: list[tuple[HistoryLine, FillFacts | None]] = []
        for execution_id, (told, ts, since_s) in list(self._fills.items()):
            facts = shown.get(execution_id)
            if facts is None and now_s - since_s < LOOK_UP_S:
                continue
            del self._fills[execution_id]
            bare = f"fill {told.side.upper()} {plain(symbol_of(told.instrument))}"
            text = (
                f"{bare}  ({short_id(told.client_order_id)})"
                if facts is None
                else fill_words(facts)
            )
            ready.append((HistoryLine(ts, "info", text), facts))
        return ready

    def _remember(self, order: OrderIntent) -> None:
        self._orders[order.client_order_id] = order
        if len(self._orders) > ORDERS_MAX:
            self._orders.popitem(last=False)

    def _name(self, client_order_id: str) -> str:
        order = self._orders.get(client_order_id)
        return short_id(client_order_id) if order is None else intent_words(order)

    def _story(self, told: Told, ts: int) -> Story | None:
        """Return the story of what is neither a submit nor a fill."""
        match told:
            case OrderDenied(order=order, text=text):
                words = f"{intent_words(order)} DENIED by the risk gate: {plain(text)}"
                return Story(HistoryLine(ts, "warn", words), toast=order.owner == HAND)
            case (
                OrderRejected()
                | SubmitUnknown()
                | CancelRejected()
                | OrderCancelled()
                | OrderExpired()
            ):
                return self._order_story(told, ts)
            case FeedChanged(instrument=instrument, state=state, reason=reason):
                words = f"feed of {plain(instrument)} {state}{_because(reason)}"
                return Story(
                    HistoryLine(ts, "info" if state == "up" else "warn", words), toast=state != "up"
                )
            case TradingStateChanged(state=state, reason=reason):
                return Story(
                    HistoryLine(ts, STATE_LEVELS[state], f"{state}{_because(reason)}"), toast=True
                )
            case FlattenEnded(instrument=instrument, reason=reason):
                words = f"flatten of {plain(instrument)} has ended{_because(reason)}"
                return Story(HistoryLine(ts, "info", words), toast=True)
            case (
                SleevePaused(sleeve=sleeve, reason=reason)
                | SleeveFailed(sleeve=sleeve, reason=reason)
            ):
                words = f"sleeve {plain(sleeve)} paused{_because(reason)}"
                return Story(HistoryLine(ts, "warn", words), toast=True)
            case Alert(level=level, text=text):
                return Story(HistoryLine(ts, level, plain(text)), toast=level != "info")
            case _:
                return None

    def _order_story(
        self,
        told: OrderRejected | SubmitUnknown | CancelRejected | OrderCancelled | OrderExpired,
        ts: int,
    ) -> Story:
        """Return the story of what became of an order."""
        words: dict[type, tuple[str, Level]] = {
            OrderRejected: ("REJECTED by the venue", "error"),
            SubmitUnknown: ("UNKNOWN, reconciling", "error"),
            # Nearly always a fill that was faster: told, but nothing to act on.
            CancelRejected: ("cancel came too late", "info"),
            OrderCancelled: ("cancelled", "info"),
            OrderExpired: ("expired", "info"),
        }
        word, level = words[type(told)]
        text = f"{self._name(told.client_order_id)} {word}{_because(told.reason)}"
        order = self._orders.get(told.client_order_id)
        of_hand = order is None or order.owner == HAND
        late_for_hand = isinstance(told, CancelRejected) and of_hand
        return Story(HistoryLine(ts, level, text), toast=level != "info" or late_for_hand)


def _because(reason: str) -> str:
    return f": {plain(reason)}" if reason else ""


def intent_words(order: OrderIntent) -> str:
    """Return an order by name: `#0a41 BUY BTCUSDT limit`."""
    return f"{short_id(order.client_order_id)} {order.side.upper()} {plain(symbol_of(order.instrument))} {order.type}"


def fill_words(fill: FillFacts) -> str:
    """Return a fill in one line: `fill SELL 0.110 BTCUSDT @ 60,003.00  (#0a38)`."""
    quantity = amount(fill.quantity)
    return (
        f"fill {fill.side.upper()} {quantity} {plain(symbol_of(fill.instrument))}"
        f" @ {grouped(fill.price)}  ({short_id(fill.client_order_id)})"
    )


def past(frame: Frame) -> list[HistoryLine]:
    """Return what happened before the console came, as far as the first frame tells, oldest first."""
    lines = [HistoryLine(alert.ts, alert.level, plain(alert.text)) for alert in frame.alerts]
    # A frame has the newest fill first; several of one instant stay in the order in which they came.
    fills = reversed(frame.fills)
    lines += [HistoryLine(iso_ns(fill.ts_event), "info", fill_words(fill)) for fill in fills]
    return sorted(lines, key=lambda line: line.ts)


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
        """Return what there is to tell now, a sentence per instrument and side; empty while collecting."""
        if not self._fills or now_s - self._since_s < BURST_S:
            return []
        fills, self._fills = self._fills, []
        groups: dict[tuple[str, str], list[FillFacts]] = {}
        for fill in fills:
            groups.setdefault((fill.instrument, fill.side), []).append(fill)
        return [burst_words(group) for group in groups.values()]


def burst_words(fills: Sequence[FillFacts]) -> str:
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
