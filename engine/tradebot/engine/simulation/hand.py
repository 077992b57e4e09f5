"""A restless hand: orders, amends, cancels, halts, resumes, and orders aimed at the bounds themselves."""

from msgspec import structs

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import (
    AmendRequested,
    CancelRequested,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    OperatorEvent,
    PlaceOrder,
    ResumeRequested,
    SleeveChanged,
    SleevePauseRequested,
    SleeveResumeRequested,
    SleeveStopRequested,
)
from tradebot.engine.core.outcomes import Legs
from tradebot.engine.core.sleeve_terms import Run
from tradebot.engine.core.types import MS, SECOND, AccountName, Owner, RequestId, Side
from tradebot.engine.simulation.facts import Facts, Seen
from tradebot.engine.simulation.instruments import INSTRUMENTS, THIRD
from tradebot.engine.simulation.plan import Plan, generator

HALTED_FOR = 700 * MS
"""How long the hand leaves the engine halted before it thinks of lifting it."""


CROWDED = 0.1
"""Chance at each word that what two owners hold against a third is flattened: the case in which they share."""


class Hand:
    """Draws what a person does next."""

    def __init__(self, plan: Plan, facts: Facts) -> None:
        self._plan = plan
        self._facts = facts
        self.chance = generator(plan.seed, "hand")
        self._requests = 0
        self._halted_since: int | None = None

    def pause(self) -> int:
        """Return how long the hand rests, ns: longer while what adds risk would only be refused."""
        rest = self.chance.randint(12, 80) * MS
        return rest if self._facts.state == "ACTIVE" else 3 * rest

    def word(self, now: int) -> OperatorEvent | None:
        """Return what the hand says now; None where it only looks."""
        facts, chance = self._facts, self.chance
        if facts.state == "ACTIVE":
            self._halted_since = None
        elif self._halted_since is None:
            self._halted_since = now
        elif now - self._halted_since > HALTED_FOR and chance.random() < 0.5:
            self._halted_since = now
            return ResumeRequested(reason="looked at it")
        if facts.state == "ACTIVE":
            crowded = self._crowded()
            if crowded is not None and chance.random() < CROWDED:
                return FlattenRequested(instrument=crowded)
        draw = chance.random()
        if draw < 0.66:
            return self._order()
        if draw < 0.75:
            return self._amend()
        if draw < 0.87:
            return self._cancel()
        return self._control() if draw < 0.93 else None

    def _crowded(self) -> InstrumentId | None:
        """Return an instrument in which two owners hold one side and a third the other; None where there is none."""
        sides: dict[tuple[AccountName, InstrumentId], list[int]] = {}
        for (account, symbol, _), units in self._facts.holdings.owned.items():
            if units:
                count = sides.setdefault((account, symbol), [0, 0])
                count[units > 0] += 1
        return next(
            (where[1] for where, count in sides.items() if min(count) and sum(count) > 2), None
        )

    def _control(self) -> OperatorEvent:
        chance = self.chance
        sleeve = Owner(chance.choice(["alpha", "beta", THIRD]))
        symbol = chance.choice([instrument.id for instrument in INSTRUMENTS])
        words: list[OperatorEvent] = [
            HaltRequested(reason="uneasy"),
            KillRequested(reason="enough"),
            FlattenRequested(instrument=symbol),
            SleevePauseRequested(sleeve=sleeve, reason="look at it"),
            SleeveResumeRequested(sleeve=sleeve, reason="looked"),
            self._about_third(),
        ]
        return chance.choice(words)

    def _about_third(self) -> OperatorEvent:
        """Return a word that stops the third sleeve or starts it anew, live or as a shadow."""
        started, chance = self._facts.started, self.chance
        terms = [one for one in (() if started is None else started.sleeves) if one.name == THIRD]
        run: Run | None = chance.choice(["live", "live", "shadow", None, None])
        if run is None or not terms:
            leaves = chance.random() < 0.5
            return SleeveStopRequested(sleeve=THIRD, reason="enough", exit=leaves)
        fresh = structs.replace(terms[0], run=run)
        return SleeveChanged(started=fresh, what="start", reason="anew")

    def _open(self) -> list[Seen]:
        return [seen for seen in self._facts.orders.values() if seen.ended is None]

    def _cancel(self) -> OperatorEvent | None:
        found = self._open()
        if not found:
            return None
        if self.chance.random() < 0.1:
            return CancelRequested()
        return CancelRequested(client_order_id=self.chance.choice(found).intent.client_order_id)

    def _amend(self) -> OperatorEvent | None:
        found = [seen for seen in self._open() if seen.intent.limit_price is not None]
        if not found:
            return None
        seen = self.chance.choice(found)
        limit = seen.intent.limit_price or 0
        tick = 5 if seen.intent.instrument == INSTRUMENTS[1].id else 1
        return AmendRequested(
            request_id=self.request(),
            client_order_id=seen.intent.client_order_id,
            quantity=max(seen.leaves * self.chance.choice([1, 1, 2]) // 2, 1),
            limit_price=limit + tick * self.chance.randint(-20, 20),
        )

    def request(self) -> RequestId:
        """Return an id for a request: mostly new, now and then one that was used before."""
        if self._requests and self.chance.random() < 0.05:
            return RequestId(f"r{self.chance.randint(1, self._requests)}")
        self._requests += 1
        return RequestId(f"r{self._requests}")

    def _order(self) -> OperatorEvent | None:
        chance = self.chance
        instrument = chance.choice(INSTRUMENTS)
        account = chance.choice(self._plan.accounts)
        mid = self._facts.books.get(instrument.id)
        equity = self._facts.equity()
        if mid is None or equity is None:
            return None
        held = self._facts.holdings.net.get((account, instrument.id), 0)
        reduce = held != 0 and chance.random() < 0.35
        side: Side = "buy" if (held < 0 if reduce else chance.random() < 0.5) else "sell"
        if self._plan.capabilities.locks_balance and held <= 0:
            side = "buy"
        quantity = self._size(instrument, int(equity), reduce=abs(held) if reduce else None)
        away = chance.choice([-30, -8, -2, 0, 2, 10]) * instrument.rules_at(0).tick
        touch = mid[1] if side == "buy" else mid[0]
        market = chance.random() < 0.15
        price = touch + (away if side == "buy" else -away)
        gtd = not market and chance.random() < 0.15
        limit = None if market else price - price % instrument.rules_at(0).tick
        return PlaceOrder(
            request_id=self.request(),
            account=account,
            instrument=instrument.id,
            side=side,
            type="market" if market else "limit",
            tif="ioc"
            if market
            else "gtd"
            if gtd
            else chance.choice(["gtc", "gtc", "gtc", "ioc", "fok"]),
            quantity=quantity,
            limit_price=limit,
            reduce_only=reduce,
            expires=self._facts.now + chance.randint(1, 20) * SECOND if gtd else None,
            legs=self._legs(instrument, side, touch) if not reduce else None,
        )

    def _legs(self, instrument: Instrument, side: Side, touch: int) -> Legs | None:
        if self.chance.random() < 0.7 or side == "sell":
            return None
        tick = instrument.rules_at(0).tick
        stop = touch - tick * self.chance.randint(20, 80)
        target = touch + tick * self.chance.randint(20, 80)
        trail = tick * 40 if self.chance.random() < 0.3 else None
        return Legs(
            stop_loss=None if trail is not None else stop - stop % tick,
            take_profit=target - target % tick if self.chance.random() < 0.6 else None,
            trail=trail,
        )

    def _size(self, instrument: Instrument, equity: int, *, reduce: int | None) -> int:
        if reduce is not None:
            return max(reduce * self.chance.choice([1, 1, 1, 2, 2, 3]) // 2, 1)
        mark = self._facts.mark(instrument.id)
        if mark is None:
            return 1
        share = self.chance.choice([1, 1, 2, 2, 4, 4, 8, 15, 30])
        units = equity * share // 100 / (mark * instrument.multiplier)
        return max(int(units.scaleb(instrument.quantity_scale)), 1)
