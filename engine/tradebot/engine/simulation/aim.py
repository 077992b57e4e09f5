"""Orders aimed at the bounds: exactly at a cap, and one unit over it.

Cash is moved at the venue so that the cap is met to the last unit by whole units of quantity and price; the order goes
out in the same instant, so that nothing can move between.
"""

from decimal import ROUND_FLOOR, Decimal

from tradebot.data.instruments import Instrument
from tradebot.engine.core.events import OperatorEvent, PlaceOrder
from tradebot.engine.core.rates import VALUE_QUANTUM
from tradebot.engine.core.types import SECOND, RequestId, Side
from tradebot.engine.simulation.gate import collar_prices
from tradebot.engine.simulation.instruments import INSTRUMENTS
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

    def put_back(self) -> None:
        """Deposit what was withdrawn for the last shot."""
        if self._owed and self._world.runtime is not None:
            self._move(self._owed, "deposit")
            self._owed = Decimal(0)

    def words(self) -> list[OperatorEvent | None]:
        """Return one or more orders at or just beyond a bound; cash may have moved for it."""
        facts = self._judge.facts
        instrument = self._chance.choice(INSTRUMENTS)
        book = facts.books.get(instrument.id)
        if book is None or facts.started is None:
            return []
        shots = [
            self._collar,
            self._order_size,
            self._position,
            self._gross,
            self._rate,
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

    def _rate(self, instrument: Instrument, book: tuple[int, int]) -> list[OperatorEvent | None]:
        """Place more orders than a minute allows, small and away from the market."""
        allowed = self._plan.limits.orders_per_minute_hand
        tick = instrument.rules_at(0).tick
        count = min(allowed + 1, 10)
        price = book[0] - 30 * tick
        return [self._place(instrument, "buy", 20, price - price % tick) for _ in range(count)]

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
        return self._sized(instrument, book, cap, self._standing(instrument), others)

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
