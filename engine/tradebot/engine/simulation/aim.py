"""Orders aimed at the bounds: exactly at a cap, and one unit over it.

Cash is moved at the venue so that the cap is met to the last unit by whole units of quantity and price; the order goes
out in the same instant, so that nothing can move between.
"""

from decimal import ROUND_FLOOR, Decimal

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.events import AmendRequested, OperatorEvent, PlaceOrder
from tradebot.engine.core.rates import VALUE_QUANTUM
from tradebot.engine.core.types import HAND, MINUTE, SECOND, RequestId, Side
from tradebot.engine.simulation.gate import collar_prices
from tradebot.engine.simulation.instruments import ALPHA, INSTRUMENTS
from tradebot.engine.simulation.judge import Judge
from tradebot.engine.simulation.plan import Plan, generator
from tradebot.engine.simulation.venue import Flow
from tradebot.engine.simulation.world import SimulatedWorld

STILL = 3 * SECOND
"""How long the market stands still after a loss was aimed."""


class Marksman:
    """A hand that knows the caps and shoots at their edge."""

    def __init__(self, plan: Plan, judge: Judge, world: SimulatedWorld) -> None:
        self._plan = plan
        self._judge = judge
        self._world = world
        self._chance = generator(plan.seed, "aim")
        self._shots = 0
        self._owed = Decimal(0)
        """What was withdrawn for the last shot, to be put back."""
        self.again_at: int | None = None
        """When a minute is over, to the nanosecond, since as many orders were placed as it allows."""
        self._widened = False

    def put_back(self) -> None:
        """Deposit what was withdrawn for the last shot."""
        if self._owed and self._world.runtime is not None:
            self._move(self._owed, "deposit")
            self._owed = Decimal(0)

    def words(self) -> list[OperatorEvent | None]:
        """Return one or more orders at or just beyond a bound; cash may have moved for it."""
        facts = self._judge.facts
        instrument = self._chance.choice(INSTRUMENTS)
        if self._widened:
            instrument = ALPHA
        book = facts.books.get(instrument.id)
        if book is None or facts.started is None:
            return []
        if self._widened:
            self._widened = False
            return self._collar(instrument, book)
        shots = [
            self._collar,
            self._wide,
            self._order_size,
            self._position,
            self._gross,
            self._rate,
            self._rejections,
            self._loss if self._chance.random() < 0.5 else self._order_size,
        ]
        return self._chance.choice(shots)(instrument, book)

    def _place(self, instrument: Instrument, side: Side, quantity: int, limit: int) -> PlaceOrder:
        self._shots += 1
        return PlaceOrder(
            request_id=RequestId(f"aim{self._shots}"),
            account=self._plan.accounts[0],
            instrument=instrument.id,
            side=side,
            type="limit",
            tif="gtc",
            quantity=quantity,
            limit_price=limit,
        )

    def _collar(self, instrument: Instrument, book: tuple[int, int]) -> list[OperatorEvent | None]:
        tick = instrument.rules_at(0).tick
        low, high = collar_prices(self._plan.limits, *book, tick)
        over = self._chance.choice([0, 0, 1])
        quantity = max(instrument.rules_at(0).quantity_min, 10)
        if self._chance.random() < 0.5:
            return [self._place(instrument, "buy", quantity, high + over * tick)]
        return [self._place(instrument, "sell", quantity, low - over * tick)]

    def _wide(self, instrument: Instrument, book: tuple[int, int]) -> list[OperatorEvent | None]:
        """Let the spread widen to where the wide collar begins; the next shot is at the collar."""
        del instrument, book
        self._world.feed.open_wide(STILL)
        self._widened = True
        return []

    def _rate(self, instrument: Instrument, book: tuple[int, int]) -> list[OperatorEvent | None]:
        """Place more orders than a minute allows, small and far from the market; one that rests is replaced before."""
        allowed = self._plan.limits.orders_per_minute_hand
        count = min(allowed + 1, 10)
        if allowed < count:
            self.again_at = self._world.agenda.now + MINUTE
        return [self._replaced(), *self._burst(instrument, book, count)]

    def once_more(self) -> list[OperatorEvent | None]:
        """Place as many orders as a minute allows, a minute after the others; nothing where there is no market."""
        self.again_at = None
        instrument = self._chance.choice(INSTRUMENTS)
        book = self._judge.facts.books.get(instrument.id)
        return [] if book is None else [*self._burst(instrument, book, 3)]

    def _burst(
        self, instrument: Instrument, book: tuple[int, int], count: int
    ) -> list[OperatorEvent]:
        tick = instrument.rules_at(0).tick
        price = book[0] - 30 * tick
        return [self._place(instrument, "buy", 20, price - price % tick) for _ in range(count)]

    def _replaced(self) -> OperatorEvent | None:
        """Return an amendment of a resting order of the hand's: it counts as an order; None where none rests."""
        for seen in self._judge.facts.orders.values():
            intent = seen.intent
            rests = seen.heard and seen.ended is None and not seen.held and not seen.cancelling
            if rests and intent.owner == HAND and intent.limit_price is not None:
                self._shots += 1
                return AmendRequested(
                    request_id=RequestId(f"aim{self._shots}"),
                    client_order_id=intent.client_order_id,
                    quantity=max(seen.leaves, 1),
                    limit_price=intent.limit_price - 5,
                )
        return None

    def _rejections(
        self, instrument: Instrument, book: tuple[int, int]
    ) -> list[OperatorEvent | None]:
        """Place just as many orders as the venue may refuse in a row: none of them may take, all of them would."""
        price = book[1] + 4 * instrument.rules_at(0).tick
        order = self._place(instrument, "buy", 20, price)
        words: list[OperatorEvent | None] = []
        for _ in range(self._plan.limits.rejects_in_row):
            self._shots += 1
            words.append(
                msgspec.structs.replace(
                    order, post_only=True, request_id=RequestId(f"aim{self._shots}")
                )
            )
        return words

    def _loss(self, instrument: Instrument, book: tuple[int, int]) -> list[OperatorEvent | None]:
        """Let the account pay so much that day loss or drawdown is met exactly, and the market stand still."""
        del instrument, book
        references = self._judge.thresholds.references()
        equity = self._judge.facts.equity()
        if not references or equity is None or self._judge.facts.state != "ACTIVE":
            return []
        reference, cap = references[self._chance.choice(sorted(references))]
        # A value has at most twelve decimals; where the cap has more, the next one beyond it is aimed at.
        target = (reference * (1 - cap)).quantize(VALUE_QUANTUM, rounding=ROUND_FLOOR)
        wanted = target.normalize() - equity
        if wanted < 0:
            self._world.feed.hold_still(STILL)
            self._move(wanted, "funding")
        return []

    def _move(self, amount: Decimal, why: Flow) -> None:
        runtime = self._world.runtime
        if runtime is not None:
            runtime.advance_to(self._world.agenda.now)
            runtime.receive(self._world.venue.move_cash(self._plan.accounts[0], amount, why))
            runtime.drain()

    def _order_size(
        self, instrument: Instrument, book: tuple[int, int]
    ) -> list[OperatorEvent | None]:
        cap = self._plan.limits.max_order
        return self._sized(instrument, book, cap, standing=0, others=Decimal(0))

    def _position(
        self, instrument: Instrument, book: tuple[int, int]
    ) -> list[OperatorEvent | None]:
        return self._sized(
            instrument, book, self._plan.limits.max_position, self._standing(instrument), Decimal(0)
        )

    def _gross(self, instrument: Instrument, book: tuple[int, int]) -> list[OperatorEvent | None]:
        facts = self._judge.facts
        others = Decimal(0)
        for other in INSTRUMENTS:
            if other.id != instrument.id:
                units = max(abs(self._standing(other)), abs(self._short(other)))
                price = facts.mark(other.id) or Decimal(0)
                others += other.quantity(units) * price * other.multiplier
        limits = self._plan.limits
        cap = limits.max_gross
        if limits.max_open_risk / limits.unprotected_risk < cap and self._chance.random() < 0.7:
            cap = limits.max_open_risk / limits.unprotected_risk
        beside, worth = self._resting(instrument)
        return [
            beside,
            *self._sized(instrument, book, cap, self._standing(instrument), others + worth),
        ]

    def _resting(self, instrument: Instrument) -> tuple[OperatorEvent | None, Decimal]:
        """Return a small resting order of the other instrument, and what it adds to gross; None and 0 now and then."""
        facts = self._judge.facts
        other = next(one for one in INSTRUMENTS if one.id != instrument.id)
        book, mark = facts.books.get(other.id), facts.mark(other.id)
        long, short = self._standing(other), self._short(other)
        if book is None or mark is None or abs(short) > long or self._chance.random() < 0.3:
            return None, Decimal(0)
        tick, units = other.rules_at(0).tick, 20
        price = book[0] - 20 * tick
        order = self._place(other, "buy", units, price - price % tick)
        return order, other.quantity(units) * mark * other.multiplier

    def _standing(self, instrument: Instrument) -> int:
        facts, account = self._judge.facts, self._plan.accounts[0]
        held = facts.holdings.net.get((account, instrument.id), 0)
        return held + facts.surely_open(account, instrument.id, "buy")

    def _short(self, instrument: Instrument) -> int:
        facts, account = self._judge.facts, self._plan.accounts[0]
        held = facts.holdings.net.get((account, instrument.id), 0)
        return held - facts.surely_open(account, instrument.id, "sell")

    def _sized(
        self,
        instrument: Instrument,
        book: tuple[int, int],
        cap: Decimal,
        standing: int,
        others: Decimal,
    ) -> list[OperatorEvent | None]:
        """Buy at the best ask so much that the cap is met exactly, and one unit more where luck says so.

        Args:
            instrument: What to buy.
            book: Best bid and ask, in units.
            cap: Share of equity.
            standing: What the bound counts of the instrument already, in units.
            others: What it counts of other instruments, in the engine's currency.
        """
        facts = self._judge.facts
        equity = facts.equity()
        price = instrument.price(book[1]) * instrument.multiplier
        if equity is None or equity <= 0:
            return []
        room = (cap * equity - others) / price
        units = int(room.scaleb(instrument.quantity_scale)) - standing
        lots = [units, units + self._chance.randint(1, 400)]
        quantity = self._chance.choice(lots)
        if quantity <= 0:
            return []
        small = self._small(instrument, cap, others, standing, price)
        if 0 < small < quantity:
            quantity = small
        used = others + instrument.quantity(standing + quantity) * price
        wanted = used / cap - equity
        if wanted < -equity / 10:
            self._owed = -wanted
        if wanted:
            self._move(wanted, "deposit" if wanted > 0 else "withdrawal")
        over = self._chance.choice([0, 0, 1])
        return [self._place(instrument, "buy", quantity + over, book[1])]

    def _small(
        self, instrument: Instrument, cap: Decimal, others: Decimal, standing: int, price: Decimal
    ) -> int:
        """Return a quantity that one order may have when the cap is met with it, in units; 0 or less: none."""
        most = self._plan.limits.max_order
        if cap <= most:
            return 0
        before = others + instrument.quantity(standing) * price
        fits = most * before / (cap - most) / price
        share = Decimal(self._chance.choice([3, 6, 9])) / 10
        return int((fits * share).scaleb(instrument.quantity_scale))
