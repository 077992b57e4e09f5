"""What a policy sees of its own money: its sleeve's cash, positions and open orders."""

from collections.abc import Sequence
from decimal import Decimal

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.ledger import MONEY, Position
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import Order
from tradebot.engine.core.types import ClientOrderId, Side


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
