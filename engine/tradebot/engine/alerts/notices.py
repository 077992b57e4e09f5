"""Which steps of an engine are worth a message, and its words. Pure: told of steps, it answers with notices."""

from typing import Literal

import msgspec

from tradebot.data.events import MarketEvent
from tradebot.engine.core.connections import engine_held_stops, stop_text
from tradebot.engine.core.events import (
    AccountReported,
    Event,
    FeedChanged,
    OrderFilled,
    OrderRejected,
    OrderReported,
    SleeveFailed,
    StreamChanged,
    TerminalGone,
)
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    FillBooked,
    TradingStateChanged,
)
from tradebot.engine.core.state import State
from tradebot.engine.core.types import HAND, UNCLAIMED

type Level = Literal["info", "warn", "error"]
LEVELS: tuple[Level, ...] = ("info", "warn", "error")

type Kind = Literal[
    "fill",
    "reject",
    "halt",
    "resume",
    "start",
    "stop",
    "difference",
    "unprotected",
    "silence",
    "engine-stops",
    "sleeve",
    "engine",
    "test",
    "digest",
]
"""What a notice is about; each kind has a rate limit of its own."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to a person."""

    kind: Kind
    level: Level
    text: str
    """One or a few sentences, without secrets."""


def notices_of(state: State, event: Event, outcomes: list[AnyOutcome]) -> list[Notice]:
    """Return what a step is worth telling.

    Args:
        state: The kernel's memory after the step.
        event: What came in.
        outcomes: What it led to.
    """
    if isinstance(event, MarketEvent) and not outcomes:
        return []
    found: list[Notice] = []
    match event:
        case OrderFilled() if any(isinstance(one, FillBooked) for one in outcomes):
            found += _fill(state, event)
        case OrderRejected():
            found.append(_reject(state, event))
        case TerminalGone():
            found += engine_stops(state, "the terminal is gone")
        case _:
            pass
    kind = _kind_of_alerts(event)
    for outcome in outcomes:
        found += _outcome(outcome, kind)
    return found


def engine_stops(state: State, why: str) -> list[Notice]:
    """Return a notice that lists the stops which live in this engine alone; none where there is none."""
    held = [stop_text(state, order) for order in engine_held_stops(state)]
    if not held:
        return []
    text = f"{why}; stops that live only in this engine: {'; '.join(held)}"
    return [Notice(kind="engine-stops", level="warn", text=text)]


def quantity(state: State, symbol: str, units: int) -> str:
    """Return units of an instrument as a decimal text."""
    for known, instrument in state.instruments.items():
        if known == symbol:
            return f"{instrument.quantity(units):f}"
    return f"{units} units"


def _fill(state: State, event: OrderFilled) -> list[Notice]:
    owner = state.owner_of(event)
    if owner in {HAND, UNCLAIMED}:
        return []  # a hand sees its own fills; an unclaimed one is a difference
    instrument = state.instruments.get(event.instrument)
    price = f"{event.price} units" if instrument is None else f"{instrument.price(event.price):f}"
    did = "bought" if event.side == "buy" else "sold"
    text = f"{owner} {did} {quantity(state, event.instrument, event.quantity)} {event.instrument} at {price}"
    return [Notice(kind="fill", level="info", text=text)]


def _reject(state: State, event: OrderRejected) -> Notice:
    order = state.blotter.get(event.client_order_id)
    what = event.client_order_id
    if order is not None:
        intent = order.intent
        size = quantity(state, intent.instrument, intent.quantity)
        what = f"{intent.owner}: {intent.side} {size} {intent.instrument}"
    return Notice(kind="reject", level="warn", text=f"{what} was rejected: {event.reason}")


def _kind_of_alerts(event: Event) -> Kind:
    """Return what the kernel's own alerts in a step are about: each kind has its own rate limit."""
    match event:
        case FeedChanged() | StreamChanged():
            return "engine-stops"
        case AccountReported() | OrderReported():
            return "difference"
        case SleeveFailed():
            return "sleeve"
        case _:
            return "engine"


def _outcome(outcome: AnyOutcome, kind: Kind) -> list[Notice]:
    match outcome:
        case TradingStateChanged(state="ACTIVE"):
            return [Notice(kind="resume", level="info", text=f"ACTIVE again: {outcome.reason}")]
        case TradingStateChanged():
            return [Notice(kind="halt", level="error", text=f"{outcome.state}: {outcome.reason}")]
        case Alert(level="warn" | "error"):
            return [Notice(kind=kind, level=outcome.level, text=outcome.text)]
        case _:
            return []
