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
from tradebot.engine.core.wants import want


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


class Wish(msgspec.Struct, frozen=True):
    """What a wanting policy wants until it wants something else."""

    kind: str
    symbol: str
    size: Decimal
    """Of capital, signed: what is wanted, or at most lost at the stop."""


class Wanting:
    """Says what it wants to hold and leaves the orders to the engine; wants something else now and then.

    It trades what other sleeves trade too and takes both sides, so that owners stand against each other.
    """

    needs = (Every(3 * SECOND),)
    state = Wish

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return one want, or nothing where there is no market."""
        if context is None:
            return OrderSeq.none(because=why("no-context"))
        chance, wish = context.rng, context.state
        if not isinstance(wish, Wish) or chance.random() < 0.35:
            market = chance.choice(list(snapshot))
            kind = chance.choice(["quantity", "quantity", "weight", "long", "short", "flat"])
            wish = Wish(kind, market.instrument.id, Decimal(chance.randint(-20, 20)) / 100)
        market = snapshot[wish.symbol]
        mark = market.mark
        if mark is None or market.health != "up":
            return OrderSeq.none(because=why("no-market"))
        because, symbol = why(f"wants-{wish.kind}", size=wish.size), wish.symbol
        match wish.kind:
            case "quantity":
                units = portfolio.capital * wish.size / (mark * market.instrument.multiplier)
                return want.quantity(units, symbol=symbol, because=because, state=wish)
            case "weight":
                return want.weight(wish.size, symbol=symbol, because=because, state=wish)
            case "long" | "short":
                risk, stop = max(abs(wish.size) / 20, Decimal("0.001")), mark / 50
                to = want.long if wish.kind == "long" else want.short
                return to(risk=risk, stop=stop, symbol=symbol, because=because, state=wish)
            case _:
                return want.flat(symbol=symbol, because=because, state=wish)
