"""What a policy sees of its own money: its sleeve's cash, positions and open orders."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.ledger import MONEY, Position
from tradebot.engine.core.limits import Limits, default_limits
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import Order
from tradebot.engine.core.records import Record
from tradebot.engine.core.sleeve_limits import OwnLimits
from tradebot.engine.core.state import State, cash_assets
from tradebot.engine.core.types import AccountName, ClientOrderId, Side


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


class AccountView:
    """The whole account a sleeve trades on, whoever holds what; to be read within the decision."""

    def __init__(self, state: State, account: AccountName) -> None:
        self._state = state
        self._account = account

    @property
    def equity(self) -> Decimal | None:
        """Return cash plus positions at their marks in the engine's currency; None while one is unknown."""
        return self._state.valuation(self._account).equity

    @property
    def cash(self) -> dict[str, Decimal]:
        """Return the balance of each currency."""
        assets = cash_assets(self._state, self._account)
        return {asset: self._state.ledger.balance(self._account, asset) for asset in assets}

    @property
    def positions(self) -> dict[str, Decimal]:
        """Return the signed net quantity of each instrument held."""
        state = self._state
        held = {symbol for (at, symbol, _), _ in state.ledger.positions() if at == self._account}
        nets = {symbol: state.ledger.net(self._account, symbol) for symbol in sorted(held)}
        return {
            symbol: state.instruments[symbol].quantity(net) for symbol, net in nets.items() if net
        }


class PortfolioState:
    """The sleeve's own cash, positions and open orders: integers inside, decimals on access."""

    def __init__(  # noqa: PLR0913  (a sub-ledger and what bounds it)
        self,
        *,
        positions: dict[InstrumentId, Position],
        orders: Sequence[Order],
        markets: dict[InstrumentId, InstrumentMarket],
        cash: Decimal,
        capital: Decimal,
        limits: Limits | None = None,
        own_limits: OwnLimits | None = None,
        account: AccountView | None = None,
        records: Mapping[str, Record] | None = None,
    ) -> None:
        self._positions = positions
        self._orders = orders
        self._markets = markets
        self.capital = capital
        """What the sleeve was given, in the engine's currency."""
        self.cash = cash
        """Capital minus what was paid, plus what was received, fees in."""

        self.limits = limits or default_limits("live")
        """What the gate lets through, its mandate in; shares of the account's equity."""
        self.own_limits = own_limits or OwnLimits()
        """The sleeve's own limits; shares of its capital."""
        self._account = account
        self._records = records or {}

    def record(self, code: str) -> Record:
        """Return what the sleeve's settled bets of one kind came to; an empty record where none has settled.

        Args:
            code: Of the reason they were entered for: `why("above-mean", ...)` is recorded under `above-mean`.
        """
        return self._records.get(code) or Record()

    @property
    def account(self) -> AccountView:
        """Return the whole account.

        Raises:
            ValueError: If this portfolio was made without one, in a test of a policy.
        """
        if self._account is None:
            raise ValueError("this portfolio has no account: make it with `account=`")
        return self._account

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
