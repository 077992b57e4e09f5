"""What a policy is, sees and answers.

A policy is any class with `decide(portfolio, snapshot, context) -> OrderSeq`. It has no clock, no I/O and no memory but
the state it hands back; asked twice with the same arguments it answers the same.
"""

import random
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Protocol, TypedDict, Unpack, runtime_checkable

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.ledger import MONEY, Position
from tradebot.engine.core.market import FeedHealth, InstrumentMarket
from tradebot.engine.core.orders import Order
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.types import ClientOrderId, OrderType, Side, TimeInForce

# ------------------------------------------------------------------------------------ needs


class Book(msgspec.Struct, frozen=True, tag=True):
    """Wake when the best bid or ask of one of the sleeve's instruments changes."""


class Trades(msgspec.Struct, frozen=True, tag=True):
    """Wake at each public trade."""


class Every(msgspec.Struct, frozen=True, tag=True):
    """Wake by a timer."""

    span_ns: int
    """Nanoseconds between two decisions, >= 1 ms."""


type Need = Book | Trades | Every
"""What wakes a policy, and what it must be able to see."""


# ------------------------------------------------------------------------------------ answers


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order a policy wants placed; decimals, rounded by the policy, checked by the gate."""

    side: Side
    quantity: Decimal
    symbol: str | None = None
    """None: the sleeve's only instrument."""
    limit: Decimal | None = None
    """None: a market order."""
    tif: TimeInForce = "gtc"
    post_only: bool = False
    reduce_only: bool = False
    because: Because | None = None
    """None: the decision's."""
    edge: Edge | None = None
    stop_loss: Decimal | None = None
    """Trigger of a stop that protects what fills, as it fills."""
    take_profit: Decimal | None = None
    """Limit of a target for what fills, as it fills."""
    trail: Decimal | None = None
    """Distance at which the protective stop follows the best price."""

    @property
    def type(self) -> OrderType:
        """Return `limit` where a limit is given, else `market`."""
        return "market" if self.limit is None else "limit"


class Terms(TypedDict, total=False):
    """What may be said of an order beside side and quantity; as in `NewOrder`."""

    symbol: str
    limit: Decimal
    tif: TimeInForce
    post_only: bool
    reduce_only: bool
    because: Because
    edge: Edge
    stop_loss: Decimal
    take_profit: Decimal
    trail: Decimal


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order of this sleeve that a policy wants out."""

    client_order_id: ClientOrderId
    because: Because | None = None


type Action = NewOrder | CancelOrder
"""One thing a policy wants done."""


class OrderSeq(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's answer: actions in order, the reason, and the memory it wants back next time."""

    actions: tuple[Action, ...]
    because: Because
    state: msgspec.Struct | None = None

    @classmethod
    def of(
        cls, *actions: Action, because: Because, state: msgspec.Struct | None = None
    ) -> "OrderSeq":
        """Return an answer with actions."""
        return cls(actions=actions, because=because, state=state)

    @classmethod
    def none(cls, *, because: Because, state: msgspec.Struct | None = None) -> "OrderSeq":
        """Return the answer that changes nothing, with the reason why."""
        return cls(actions=(), because=because, state=state)


def buy(quantity: Decimal, **terms: Unpack[Terms]) -> NewOrder:
    """Return a buy of a quantity in units of the base; without `limit` a market order."""
    return NewOrder(side="buy", quantity=quantity, **terms)


def sell(quantity: Decimal, **terms: Unpack[Terms]) -> NewOrder:
    """Return a sell of a quantity in units of the base; without `limit` a market order."""
    return NewOrder(side="sell", quantity=quantity, **terms)


def cancel(client_order_id: ClientOrderId) -> CancelOrder:
    """Return the wish to take an open order out."""
    return CancelOrder(client_order_id=client_order_id)


# ------------------------------------------------------------------------------------ what it sees


class InstrumentSnapshot:
    """One instrument's market at the moment of a decision: integers inside, decimals on access."""

    def __init__(self, market: InstrumentMarket, now: int) -> None:
        self._market = market
        self._now = now

    @property
    def instrument(self) -> Instrument:
        """Return the instrument."""
        return self._market.instrument

    @property
    def bid(self) -> Decimal | None:
        """Return the best bid price, None where there is none."""
        return self._price(self._market.best_bid())

    @property
    def ask(self) -> Decimal | None:
        """Return the best ask price, None where there is none."""
        return self._price(self._market.best_ask())

    @property
    def mid(self) -> float | None:
        """Return the middle of bid and ask as a float for research; it sizes only through rounding."""
        bid, ask = self._market.best_bid(), self._market.best_ask()
        if bid is None or ask is None:
            return None
        return (bid + ask) / 2 / 10**self.instrument.price_scale

    @property
    def mark(self) -> Decimal | None:
        """Return the exact price positions are valued at: mid, else last trade."""
        return self._market.mark()

    @property
    def last(self) -> Decimal | None:
        """Return the last trade's price."""
        return None if self._market.last is None else self._price(self._market.last.price)

    @property
    def health(self) -> FeedHealth:
        """Return the health of the market data."""
        return self._market.health(self._now)

    def bids(self, levels: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best bids as (price, quantity), best first."""
        return self._levels(self._market.book.bids(levels))

    def asks(self, levels: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best asks as (price, quantity), best first."""
        return self._levels(self._market.book.asks(levels))

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Return a quantity rounded towards zero onto the lot; 0 where it is below one lot."""
        instrument = self.instrument
        scaled = int(quantity.scaleb(instrument.quantity_scale))
        lot = instrument.rules_at(self._now).lot
        return instrument.quantity(
            scaled - scaled % lot if scaled >= 0 else -(-scaled - -scaled % lot)
        )

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """Return a price rounded onto the tick, away from the market: buys down, sells up."""
        instrument = self.instrument
        tick = instrument.rules_at(self._now).tick
        steps = price.scaleb(instrument.price_scale) / tick
        rounding = ROUND_FLOOR if side == "buy" else ROUND_CEILING
        return instrument.price(int(steps.to_integral_value(rounding)) * tick)

    def _price(self, units: int | None) -> Decimal | None:
        return None if units is None else self.instrument.price(units)

    def _levels(self, levels: Sequence[tuple[int, int]]) -> list[tuple[Decimal, Decimal]]:
        instrument = self.instrument
        return [(instrument.price(price), instrument.quantity(size)) for price, size in levels]


class MarketSnapshot:
    """The sleeve's instruments at the moment of a decision; the future is not in it."""

    def __init__(self, markets: Sequence[InstrumentMarket], now: int) -> None:
        self._snapshots = {
            market.instrument.id: InstrumentSnapshot(market, now) for market in markets
        }
        self.now = now
        """The engine's time, ns UTC."""

    def __getitem__(self, symbol: str) -> InstrumentSnapshot:
        return self._snapshots[InstrumentId(symbol)]

    def __iter__(self) -> Iterator[InstrumentSnapshot]:
        return iter(self._snapshots.values())

    @property
    def only(self) -> InstrumentSnapshot:
        """Return the sleeve's only instrument.

        Raises:
            ValueError: If the sleeve has several.
        """
        if len(self._snapshots) != 1:
            names = ", ".join(self._snapshots)
            raise ValueError(
                f"the sleeve has {len(self._snapshots)} instruments ({names}): name one"
            )
        return next(iter(self._snapshots.values()))


class OpenOrder:
    """One of the sleeve's open orders, as its policy sees it."""

    def __init__(self, order: Order, instrument: Instrument) -> None:
        self._order = order
        self._instrument = instrument

    @property
    def id(self) -> ClientOrderId:
        """Return the id to cancel it by."""
        return self._order.intent.client_order_id

    @property
    def symbol(self) -> str:
        """Return the instrument's id."""
        return self._instrument.id

    @property
    def side(self) -> Side:
        """Return buy or sell."""
        return self._order.intent.side

    @property
    def limit(self) -> Decimal | None:
        """Return the limit price."""
        units = self._order.intent.limit_price
        return None if units is None else self._instrument.price(units)

    @property
    def leaves(self) -> Decimal:
        """Return the quantity still open."""
        return self._instrument.quantity(self._order.leaves)

    @property
    def created(self) -> int:
        """Return when it was decided, ns UTC."""
        return self._order.intent.created

    @property
    def cancelling(self) -> bool:
        """Return whether a cancel is already on its way."""
        return self._order.state == "pending_cancel"


class PortfolioState:
    """The sleeve's own cash, positions and open orders: integers inside, decimals on access."""

    def __init__(
        self,
        *,
        positions: dict[InstrumentId, Position],
        orders: Sequence[Order],
        markets: dict[InstrumentId, InstrumentMarket],
        cash: Decimal,
        capital: Decimal,
    ) -> None:
        self._positions = positions
        self._orders = orders
        self._markets = markets
        self.capital = capital
        """What the sleeve was given, in the engine's currency."""
        self.cash = cash
        """Capital minus what was paid, plus what was received, fees in."""

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed quantity held of an instrument."""
        instrument = self._markets[InstrumentId(symbol)].instrument
        return instrument.quantity(self._position(instrument.id).quantity)

    def realized(self, symbol: str) -> Decimal:
        """Return realized profit of an instrument, before fees."""
        return self._position(InstrumentId(symbol)).realized

    @property
    def equity(self) -> Decimal | None:
        """Return cash plus positions at their marks; None while a mark is missing."""
        total = self.cash
        for symbol, position in self._positions.items():
            if position.quantity == 0:
                continue
            market = self._markets[symbol]
            mark = market.mark()
            if mark is None:
                return None
            instrument = market.instrument
            value = MONEY.multiply(instrument.quantity(position.quantity), mark)
            total = MONEY.add(total, MONEY.multiply(value, instrument.multiplier))
        return total

    @property
    def orders(self) -> list[OpenOrder]:
        """Return the sleeve's open orders, oldest first."""
        return [
            OpenOrder(order, self._markets[order.intent.instrument].instrument)
            for order in self._orders
        ]

    def _position(self, symbol: InstrumentId) -> Position:
        return self._positions.get(symbol, Position())


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a policy's parameters: a checked struct."""


class ContextMap:
    """Parameters, memory and randomness of one decision; never I/O."""

    def __init__(
        self, *, params: Params | None, state: msgspec.Struct | None, now: int, seed: str
    ) -> None:
        self.params = params
        """The sleeve's parameters, of the policy's own `params` type."""
        self.state = state
        """What the policy handed back with its last effective decision; None at first."""
        self.now = now
        """The engine's time, ns UTC."""
        self._seed = seed

    @cached_property
    def rng(self) -> random.Random:
        """Return the decision's generator, seeded by engine seed, sleeve and event: the same when decided again."""
        return random.Random(self._seed)  # noqa: S311  (reproducible on purpose, not for secrets)


@runtime_checkable
class Policy(Protocol):
    """The owner's signature, kept exactly; any class with these is a policy."""

    @property
    def needs(self) -> Sequence[Need]:
        """Return what wakes it; a plain class attribute does."""
        ...

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return what should be done now, and why."""
        ...
