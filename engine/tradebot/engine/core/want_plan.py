"""What is to be done for one want: what it is about, what it comes to, and the order it makes."""

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.price_collar import collar_price
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.shadow import held_by
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import Side


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done for one want, in this order, and what it rests on."""

    held: int
    """Signed, in units."""
    wanted: int
    """Signed, in units."""
    bound_by: str = ""
    edge: str = ""
    """The chance to win that the size was measured by, in words; empty: none was."""
    cancels: tuple[Order, ...] = ()
    closes: tuple[Order, ...] = ()
    """Protective stops that are set off now."""
    pieces: tuple[OrderIntent, ...] = ()
    """Exits of what legs at the venue cover; each goes out when they have made room for it."""
    moves: tuple[tuple[Order, int], ...] = ()
    """Protective stops and the trigger they are moved to, in price units."""
    order: OrderIntent | None = None
    """Made with the id that the next order has: to be sent before any other is made."""
    waits: bool = False
    """Whether something must end before the rest of the want can be done."""


class About(msgspec.Struct, frozen=True):
    """What a want is about."""

    state: State
    sleeve: SleeveState
    symbol: InstrumentId
    because: Because
    edge: Edge | None

    @property
    def market(self) -> InstrumentMarket:
        """Return the instrument's market."""
        return self.state.market[self.symbol]

    @property
    def held(self) -> int:
        """Return what the sleeve holds, signed, in units."""
        return held_by(self.state, self.sleeve, self.symbol).quantity

    @property
    def lot(self) -> int:
        """Return the quantity step, in units."""
        return self.market.instrument.rules_at(self.state.now).lot

    def mine(self) -> list[Order]:
        """Return the sleeve's open orders here that no other is about to take the place of, oldest first."""
        blotter, started = self.state.blotter, self.sleeve.started
        if self.sleeve.shadow is not None:
            return []
        found: list[Order] = []
        for order in blotter.open_in(started.account, self.symbol):
            after = blotter.successor(order.intent.client_order_id)
            if order.intent.owner == started.name and (after is None or not after.is_open):
                found.append(order)
        return found


def protects(order: Order) -> bool:
    """Return whether an order waits for its price to protect a position: a leg that nobody has set off."""
    intent = order.intent
    return bool(intent.role) and (intent.type in STOPS or intent.role == "take_profit")


def at_once_order(about: About, side: Side, quantity: int) -> OrderIntent | None:
    """Return a limit at the collar, or an order at the market; None without a two-sided market."""
    state, started, market = about.state, about.sleeve.started, about.market
    bid, ask = market.best_bid(), market.best_ask()
    if bid is None or ask is None:
        return None
    tick = market.instrument.rules_at(state.now).tick
    at_market = state.started is not None and state.started.wants == "market"
    return OrderIntent(
        client_order_id=state.next_order_id(),
        request_id=None,
        bet_id=state.bet_for(started.account, about.symbol, started.name),
        account=started.account,
        instrument=about.symbol,
        owner=started.name,
        policy_version=started.version,
        side=side,
        type="market" if at_market else "limit",
        tif="ioc",
        quantity=quantity,
        limit_price=None if at_market else collar_price(state.limits, side, bid, ask, tick),
        post_only=False,
        reduce_only=False,
        because=about.because,
        edge=about.edge,
        lives_at="broker",
        created=state.now,
        engine_id=state.engine_id,
    )
