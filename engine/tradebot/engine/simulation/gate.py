"""The gate judged from outside: what passed it must have been within every bound, what was refused beyond it.

Exposure is counted from the judge's own facts. Where it is in doubt what may still fill, the smaller figure is used
against what passed, and nothing is said of what was refused.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from tradebot.data.instruments import Instrument
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.outcomes import OrderDenied, OrderIntent
from tradebot.engine.core.types import HAND, MINUTE, SECOND, AccountName, Owner
from tradebot.engine.simulation.facts import Facts
from tradebot.engine.simulation.instruments import BY_ID, INSTRUMENTS
from tradebot.engine.simulation.violation import Violation

STALE = 2 * SECOND
"""A book older than this says nothing any more."""


OF_THE_ACCOUNT = frozenset({"max_position", "max_gross"})
"""What an exit that shrinks its owner's holding must keep where the account's net is smaller than that holding."""


class Gate:
    """Counts exposure anew for each order that passed or was refused."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @property
    def _limits(self) -> Limits | None:
        return self._facts.limits

    def adds(self, intent: OrderIntent) -> bool:
        """Return whether an order surely adds risk: it is larger than what it could close."""
        held = self._facts.holdings.net.get((intent.account, intent.instrument), 0)
        return self._beyond(intent, held, None)

    def leaves_own(self, intent: OrderIntent) -> bool:
        """Return whether an order is larger than what its own owner could close with it."""
        key = (intent.account, intent.instrument, intent.owner)
        return self._beyond(intent, self._facts.holdings.owned.get(key, 0), intent.owner)

    def _beyond(self, intent: OrderIntent, held: int, owner: Owner | None) -> bool:
        working = self._facts.surely_open(
            intent.account, intent.instrument, intent.side, owner, intent
        )
        return intent.quantity > -held * (1 if intent.side == "buy" else -1) - working

    def passed(self, intent: OrderIntent) -> bool:
        """Judge an order that passed; return whether it surely adds risk.

        Raises:
            Violation: If it should have been refused.
        """
        limits = self._limits
        if limits is None or not self.adds(intent):
            return False
        own_exit = not self.leaves_own(intent)
        for name, used, cap in self._sizes(intent, limits):
            if used > cap and (not own_exit or name in OF_THE_ACCOUNT):
                raise Violation("limit", f"{intent.client_order_id}: {name} {used} over {cap}")
        if own_exit:
            self._exit(intent)
            return False
        self._state(intent)
        self._market(intent)
        rate, allowed = self._rate(intent, limits)
        if rate >= allowed:
            raise Violation(
                "limit",
                f"{intent.client_order_id}: {rate} orders of {intent.owner} in the minute before, at most {allowed}",
            )
        if self._outside(intent, limits):
            raise Violation("limit", f"{intent.client_order_id}: beyond the collar")
        return True

    def refused(self, denial: OrderDenied) -> None:
        """Judge a refusal for want of room.

        Raises:
            Violation: If there was room.
        """
        limits, intent = self._limits, denial.order
        if limits is None or intent.replaces is not None:
            return
        if denial.code == "orders_per_minute":
            rate, allowed = self._rate(intent, limits)
            if rate < allowed:
                raise Violation(
                    "denied-within", f"{rate} orders in the minute before, {allowed} allowed"
                )
        elif denial.code == "price_collar":
            if intent.type == "limit" and self._outside(intent, limits) is False:
                raise Violation("denied-within", f"price {intent.limit_price} is inside the collar")
        elif denial.code == "max_order" or self._facts.certain():
            self._refused_size(denial, limits)

    def _refused_size(self, denial: OrderDenied, limits: Limits) -> None:
        if denial.order.type not in {"limit", "market"}:
            return
        for name, used, cap in self._sizes(denial.order, limits):
            if name == denial.code and used <= cap:
                raise Violation("denied-within", f"{name} {used} is within {cap}")

    # ---------------------------------------------------------------------------- single bounds

    def _state(self, intent: OrderIntent) -> None:
        facts = self._facts
        if facts.state != "ACTIVE":
            raise Violation("halted", f"{intent.client_order_id} adds risk while {facts.state}")
        for key, seen in facts.orders.items():
            same = seen.intent.instrument == intent.instrument
            if (
                seen.silent
                and seen.ended is None
                and same
                and seen.intent.account == intent.account
            ):
                raise Violation(
                    "unknown-blocks", f"{intent.client_order_id} while {key} is unknown"
                )

    def _exit(self, intent: OrderIntent) -> None:
        """Judge an exit of its owner that is more than the account's net: not HALTED, and REDUCING no larger a net."""
        facts, known = (
            self._facts,
            self._facts.orders.get(intent.replaces or intent.client_order_id),
        )
        stands = known is not None and known.intent.type in STOPS
        if intent.reduce_only or stands or facts.state == "ACTIVE":
            return
        where = (intent.account, intent.instrument)
        held, way = facts.holdings.net.get(where, 0), 1 if intent.side == "buy" else -1
        reach = (
            held * way + facts.surely_open(*where, intent.side, without=intent) + intent.quantity
        )
        if facts.state == "HALTED" or reach > abs(held):
            text = f"{intent.client_order_id} takes the net of {held} to {reach * way} while {facts.state}"
            raise Violation("halted", text)

    def _market(self, intent: OrderIntent) -> None:
        heard = self._facts.book_heard.get(intent.instrument)
        if heard is None or self._facts.now - heard > STALE:
            raise Violation("limit", f"{intent.client_order_id} adds risk on a stale book")

    def _sizes(self, intent: OrderIntent, limits: Limits) -> list[tuple[str, Decimal, Decimal]]:
        """Return name, use and cap of each size limit, in the engine's currency."""
        facts = self._facts
        equity, mark = facts.equity(), facts.mark(intent.instrument)
        if equity is None or equity <= 0 or mark is None:
            return [("max_order", Decimal(1), Decimal(0))]
        instrument = BY_ID[intent.instrument]
        price = mark
        if intent.limit_price is not None:
            price = max(mark, instrument.price(intent.limit_price))
        own = self._value(instrument, intent.quantity, price)
        after = self._value(instrument, self._worst(intent), price)
        others = sum(
            (
                self._value(
                    other, self._standing(account, other), facts.mark(other.id) or Decimal(0)
                )
                for account in self._accounts()
                for other in INSTRUMENTS
                if (account, other.id) != (intent.account, intent.instrument)
            ),
            Decimal(0),
        )
        sizes = [
            ("max_order", own, limits.max_order * equity),
            ("max_position", after, limits.max_position * equity),
            ("max_gross", others + after, limits.max_gross * equity),
        ]
        if not any(seen.intent.role or seen.intent.legs for seen in facts.orders.values()) and (
            intent.legs is None
        ):
            risk = (others + after) * limits.unprotected_risk
            sizes.append(("max_open_risk", risk, limits.max_open_risk * equity))
        return sizes

    @staticmethod
    def _value(instrument: Instrument, units: int, price: Decimal) -> Decimal:
        return instrument.quantity(abs(units)) * price * instrument.multiplier

    def _accounts(self) -> list[AccountName]:
        started = self._facts.started
        return [] if started is None else [account.name for account in started.accounts]

    def _worst(self, intent: OrderIntent) -> int:
        facts = self._facts
        key = (intent.account, intent.instrument)
        held = facts.holdings.net.get(key, 0)
        long = held + facts.surely_open(*key, "buy", without=intent)
        short = held - facts.surely_open(*key, "sell", without=intent)
        if intent.side == "buy":
            long += intent.quantity
        else:
            short -= intent.quantity
        return max(abs(long), abs(short))

    def _standing(self, account: AccountName, instrument: Instrument) -> int:
        facts = self._facts
        held = facts.holdings.net.get((account, instrument.id), 0)
        long = held + facts.surely_open(account, instrument.id, "buy")
        short = held - facts.surely_open(account, instrument.id, "sell")
        return max(abs(long), abs(short))

    def _rate(self, intent: OrderIntent, limits: Limits) -> tuple[int, int]:
        times = self._facts.sent.get(intent.owner, [])
        since = self._facts.now - MINUTE
        hand = intent.owner == HAND
        allowed = limits.orders_per_minute_hand if hand else limits.orders_per_minute_sleeve
        return sum(1 for sent in times if sent > since), allowed

    def _outside(self, intent: OrderIntent, limits: Limits) -> bool | None:
        """Return whether a limit order's price is beyond the collar; None where that cannot be said."""
        book = self._facts.books.get(intent.instrument)
        if book is None or intent.limit_price is None or intent.type != "limit":
            return None
        bid, ask = book
        mid = Decimal(bid + ask) / 2
        wide = Decimal(ask - bid) > limits.wide_spread * mid
        fraction = limits.price_collar_wide if wide else limits.price_collar
        if intent.side == "buy":
            return intent.limit_price > mid * (1 + fraction)
        return intent.limit_price < mid * (1 - fraction)


def collar_prices(limits: Limits, bid: int, ask: int, tick: int) -> tuple[int, int]:
    """Return the lowest sell and the highest buy that the collar lets through, on the tick."""
    mid = Decimal(bid + ask) / 2
    wide = Decimal(ask - bid) > limits.wide_spread * mid
    fraction = limits.price_collar_wide if wide else limits.price_collar
    low = (mid * (1 - fraction) / tick).to_integral_value(ROUND_CEILING)
    high = (mid * (1 + fraction) / tick).to_integral_value(ROUND_FLOOR)
    return int(low) * tick, int(high) * tick
