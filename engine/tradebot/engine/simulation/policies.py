"""The sleeves of a simulation: seeded, restless, and within the bounds of what a policy may do."""

from decimal import Decimal

import msgspec

from tradebot.engine.core.actions import Action, OrderSeq, buy, cancel, sell
from tradebot.engine.core.needs import Book, Every
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import SECOND, Side


class Mind(msgspec.Struct, frozen=True):
    """What a restless policy remembers."""

    asked: int
    side: Side


class Restless:
    """Trades around what it holds: takes, rests, takes profit, changes its mind."""

    needs = (Book(), Every(7 * SECOND))
    state = Mind

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return one order, one cancel, or nothing."""
        if context is None:
            return OrderSeq.none(because=why("no-context"))
        mind = context.state if isinstance(context.state, Mind) else Mind(0, "buy")
        chance = context.rng
        market = snapshot.only
        mark = market.mark
        actions: list[Action] = []
        if mark is not None and chance.random() < 0.12:
            held = portfolio.quantity(market.instrument.id)
            reduce = held != 0 and chance.random() < 0.4
            side: Side = "sell" if (held > 0 if reduce else chance.random() < 0.5) else "buy"
            notional = portfolio.capital * chance.randint(1, 20) / 100
            size = market.round_quantity(notional / (mark * market.instrument.multiplier))
            if reduce:
                size = min(size, abs(held))
            away = Decimal(chance.choice([-6, -2, 0, 1, 3])) / 1000
            limit = market.round_price(mark * (1 - away if side == "buy" else 1 + away), side)
            place = buy if side == "buy" else sell
            if size:
                actions.append(
                    place(
                        size,
                        limit=limit,
                        tif=chance.choice(["gtc", "gtc", "ioc"]),
                        reduce_only=reduce,
                        because=why("restless", asked=mind.asked),
                    )
                )
        elif portfolio.orders and chance.random() < 0.15:
            actions.append(cancel(chance.choice(portfolio.orders).id))
        return OrderSeq(
            actions=tuple(actions),
            because=why(f"mood-{mind.asked % 3}" if actions else "wait"),
            state=Mind(mind.asked + 1, "buy") if actions else mind,
        )
