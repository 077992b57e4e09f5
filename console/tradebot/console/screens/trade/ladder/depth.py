"""A frame's book in steps of the ladder: what stands at which row, own orders and the average price with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tradebot.console.figures import from_units, units
from tradebot.console.screens.trade.ladder.axis import Touch
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_frame import Frame

type StepOf = Callable[[str], int]
"""From a price to its step."""


@dataclass(frozen=True)
class Depth:
    """One instrument's book, counted in steps."""

    step_units: int
    """Price units in a step, > 0."""
    price_decimals: int
    quantity_decimals: int
    bids: Mapping[int, Decimal]
    """Step to quantity."""
    asks: Mapping[int, Decimal]
    touch: Touch
    own_buys: Mapping[int, Decimal]
    """Step to the quantity still open of own orders, grouped down."""
    own_sells: Mapping[int, Decimal]
    """Grouped up."""
    average: int | None
    """Step nearest to the position's average price."""

    def price_text(self, step: int) -> str:
        """Return a step's price with the instrument's decimals."""
        return from_units(step * self.step_units, self.price_decimals)

    def step_of(self, price_units: int, *, up: bool = False) -> int:
        """Return the step of a price, grouped down or up."""
        return -(-price_units // self.step_units) if up else price_units // self.step_units


def depth_of(frame: Frame) -> Depth:
    """Return the frame's book in steps.

    Raises:
        ValueError: If a price of the frame is not on the instrument's scale.
    """
    decimals, step = frame.instrument.price_decimals, frame.book.step
    step_units = max(1, units(step, decimals))

    def down(price: str) -> int:
        return units(price, decimals) // step_units

    def up(price: str) -> int:
        return -(-units(price, decimals) // step_units)

    book = frame.book
    touch = Touch(
        None if book.best_bid is None else down(book.best_bid),
        None if book.best_ask is None else up(book.best_ask),
    )
    mine = [order for order in frame.working if order.instrument == frame.instrument.id]
    buys = [order for order in mine if order.side == "buy"]
    sells = [order for order in mine if order.side == "sell"]
    return Depth(
        step_units=step_units,
        price_decimals=decimals,
        quantity_decimals=frame.instrument.quantity_decimals,
        bids={down(price): Decimal(quantity) for price, quantity in book.bids},
        asks={up(price): Decimal(quantity) for price, quantity in book.asks},
        touch=touch,
        own_buys=_open_by_step(buys, down),
        own_sells=_open_by_step(sells, up),
        average=_average_step(frame, step_units),
    )


def open_quantity(order: OrderFacts) -> Decimal:
    """Return what is still to be filled of an order, >= 0."""
    return max(Decimal(0), Decimal(order.quantity) - Decimal(order.filled))


def _open_by_step(orders: list[OrderFacts], step_of: StepOf) -> Mapping[int, Decimal]:
    total: dict[int, Decimal] = {}
    for order in orders:
        price = order.limit_price or order.trigger_price
        if price is not None:
            step = step_of(price)
            total[step] = total.get(step, Decimal(0)) + open_quantity(order)
    return total


def _average_step(frame: Frame, step_units: int) -> int | None:
    """Return the step nearest to the average price; averages are finer than the scale, so this rounds."""
    held = [
        position
        for position in frame.positions
        if position.instrument == frame.instrument.id
        and position.average_price is not None
        and Decimal(position.quantity)
    ]
    if not held or held[0].average_price is None:
        return None
    scaled = Decimal(held[0].average_price).scaleb(frame.instrument.price_decimals)
    return round(scaled / step_units)
