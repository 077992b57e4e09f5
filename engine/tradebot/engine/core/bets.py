"""Bets: what an owner holds of an instrument from flat to flat, followed in the ledger.

A bet's result is the ledger's profit (realized less fees) when it ends less that when it began, and each bet begins
where the one before it ended: so the results of all bets of a position sum up to the ledger's profit whenever it is
flat, to the last digit, whatever was filled in parts, turned, taken back or charged late.

- Partial exits stay in the bet until the last unit is out.
- An execution that turns a position ends one bet and begins the next; its fee is shared by quantity.
- A fee or a correction after the end changes the newest bet of that position: it is settled again under its id.
- A closing that is taken back opens the bet again.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.ledger import MONEY, ZERO, Booked, Position, Touch, share
from tradebot.engine.core.outcomes import BetSettled, OrderIntent
from tradebot.engine.core.rates import ROUNDING, times
from tradebot.engine.core.reasons import Edge
from tradebot.engine.core.records import Records, believed, record_of, tag_of, take_in
from tradebot.engine.core.types import AccountName, BetId, Owner, Side, sign

SETTLED_MAX = 2_000
"""Most settled bets kept one by one; what they sum up to is kept for ever."""

type BetKey = tuple[AccountName, InstrumentId, Owner]
"""Whose position a bet is."""


class OpenBet(msgspec.Struct, frozen=True, kw_only=True):
    """A bet that runs, or how it stood when it ended."""

    id: BetId
    side: Side
    version: str | None
    tag: str
    opened: int
    """The engine's time, ns UTC."""
    base: Decimal
    """The ledger's profit of the position when it began."""
    quantity: int
    """Most held so far, in units."""
    edge: Edge | None = None
    spread: float | None = None
    """Standard deviation of R in the record the edge was taken from."""
    risk: Decimal | None = None
    """What is lost at the stop, fees of both ways in; None: not all of it has one."""
    reward: Decimal | None = None
    """What is won at the target; None: not all of it has one."""
    bare: bool = True
    """Whether no stop was known at any time: the first that covers it all sets the risk."""
    elsewhere: dict[str, Decimal] = {}
    """Fees paid in other assets, by asset."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one position's bets."""

    quantity: int = 0
    """Signed, in units, as last followed."""
    figure: Decimal = ZERO
    """The ledger's profit at which the newest ended bet ended."""
    running: OpenBet | None = None
    last: OpenBet | None = None
    """The newest that ended."""
    closed: int = 0
    """When it did, ns UTC."""
    count: int = 0
    """Bets begun so far."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A bet that ended or changed, and is to be settled by a fact."""

    key: BetKey
    bet: OpenBet
    closed: int
    result: Decimal


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one position in one step."""

    key: BetKey
    touches: tuple[Touch, ...]
    position: Position
    """Afterwards."""
    instrument: Instrument
    now: int
    fill: OrderFilled | None = None
    intent: OrderIntent | None = None
    """Of the fill's order."""
    named: BetId
    """The bet's id where no order names one."""

    @property
    def row(self) -> Booked | None:
        """Return the one execution that was booked; None where it was something else or more."""
        only = self.touches[0] if len(self.touches) == 1 else None
        return None if only is None or only.back else only.row

    @property
    def back(self) -> bool:
        """Return whether something was taken back."""
        return any(touch.back for touch in self.touches)

    @property
    def profit(self) -> Decimal:
        """Return the ledger's profit afterwards."""
        return MONEY.subtract(self.position.realized, self.position.fees)


class BetBook:
    """All bets, open and settled, and what owners' records have come to."""

    def __init__(self) -> None:
        self.pages: dict[BetKey, Page] = {}
        self.ended: list[Ended] = []
        """Not settled by a fact yet."""
        self.records: Records = {}
        self.settled: dict[BetId, BetSettled] = {}
        """The newest, oldest first."""

    def follow(self, what: Booking) -> BetId | None:
        """Take a position's change in; return the running bet's id, None when flat."""
        page = self.pages.get(what.key, Page())
        after = what.position.quantity
        bet = None if page.running is None else _charged(page.running, what)
        if bet is None and not after:
            page = self._revised(page, what)
        elif bet is None:
            page = self._begun(page, what)
        elif not after:
            page = self._over(page, bet, what, what.profit)
        elif (page.quantity > 0) != (after > 0):
            # The fee of what closes belongs to the old bet, the rest of it to the new one.
            figure = MONEY.add(what.profit, _fee_of_opening(what))
            page = self._over(page, bet, what, figure)
            page = self._anew(page, what, charge=False)
        else:
            page = msgspec.structs.replace(page, running=_grown(bet, what, abs(page.quantity)))
        self.pages[what.key] = msgspec.structs.replace(page, quantity=after)
        return None if page.running is None else page.running.id

    def protect(self, intent: OrderIntent, position: Position, instrument: Instrument) -> None:
        """Let the first stop that covers all of a bet without one say what it risks."""
        key = (intent.account, intent.instrument, intent.owner)
        page = self.pages.get(key)
        bet = None if page is None else page.running
        trigger = intent.trigger_price
        if page is None or bet is None or not bet.bare or trigger is None:
            return
        held = position.quantity
        closes = intent.reduce_only and sign(intent.side) * held < 0
        if not closes or abs(held) < bet.quantity or intent.quantity < abs(held):
            return
        at = ROUNDING.multiply(instrument.price(trigger), instrument.multiplier)
        worth = ROUNDING.multiply(at, instrument.quantity(held))
        lost = ROUNDING.subtract(position.cost, worth)
        if lost <= 0:
            return
        # Nothing was closed yet: what the profit fell since the beginning is fees.
        paid = max(MONEY.subtract(bet.base, _profit(position)), ZERO)
        risk = ROUNDING.add(ROUNDING.add(lost, paid), _at_price(paid, worth, position.cost))
        running = msgspec.structs.replace(bet, risk=_neat(risk), bare=False)
        self.pages[key] = msgspec.structs.replace(page, running=running)

    def settle(self, fact: BetSettled) -> None:
        """Take a settled bet into the records, in place of what was told of it before."""
        self.ended = [one for one in self.ended if one.bet.id != fact.bet_id]
        self._forget(fact.bet_id)
        self.settled[fact.bet_id] = fact
        take_in(self.records, fact, 1)
        if len(self.settled) > SETTLED_MAX:
            self._drop_oldest()

    def _forget(self, bet_id: BetId) -> None:
        before = self.settled.pop(bet_id, None)
        if before is not None:
            take_in(self.records, before, -1)

    def _drop_oldest(self) -> None:
        newest = {page.last.id for page in self.pages.values() if page.last is not None}
        for bet_id in self.settled:
            if bet_id not in newest:
                del self.settled[bet_id]
                return

    def _revised(self, page: Page, what: Booking) -> Page:
        """Settle the newest ended bet again: what it brought has changed."""
        if page.last is None:
            return page  # of no bet: the next one begins with it
        bet = _charged(page.last, what)
        figure = what.profit
        if figure == page.figure and bet == page.last:
            return page
        self._end(what.key, bet, page.closed, figure)
        return msgspec.structs.replace(page, last=bet, figure=figure)

    def _over(self, page: Page, bet: OpenBet, what: Booking, figure: Decimal) -> Page:
        ended = _charged(bet, what)
        self._end(what.key, ended, what.now, figure)
        return msgspec.structs.replace(
            page, running=None, last=ended, closed=what.now, figure=figure
        )

    def _end(self, key: BetKey, bet: OpenBet, closed: int, figure: Decimal) -> None:
        result = MONEY.subtract(figure, bet.base)
        self.ended = [one for one in self.ended if one.bet.id != bet.id]
        self.ended.append(Ended(key=key, bet=bet, closed=closed, result=result))

    def _begun(self, page: Page, what: Booking) -> Page:
        """Return the page with a bet that begins, or with the newest one again where its closing was taken back."""
        last = page.last
        if last is None or not what.back:
            return self._anew(page, what, charge=True)
        if (last.side == "buy") == (what.position.quantity > 0):
            self.ended = [one for one in self.ended if one.bet.id != last.id]
            self._forget(last.id)
            return msgspec.structs.replace(page, running=_charged(last, what), figure=last.base)
        # An entry taken back leaves its exit standing: what that changed is of the old bet.
        return self._anew(self._revised(page, what), what, charge=False)

    def _anew(self, page: Page, what: Booking, *, charge: bool) -> Page:
        """Return the page with a new bet, which begins where the one before it ended."""
        intent, owner = what.intent, what.key[2]
        tag = tag_of(None if intent is None else intent.because)
        edge = believed(self.records, owner, tag, None if intent is None else intent.edge)
        known = edge is not None and edge.source == "record"
        bet = OpenBet(
            id=self._name(page, what),
            side="buy" if what.position.quantity > 0 else "sell",
            version=None if intent is None else intent.policy_version,
            tag=tag,
            opened=what.now,
            base=page.figure,
            quantity=0,
            edge=edge,
            spread=record_of(self.records, owner, tag).spread().deviation if known else None,
            risk=ZERO,
            reward=ZERO,
        )
        running = _grown(_charged(bet, what) if charge else bet, what, 0)
        return msgspec.structs.replace(page, running=running, count=page.count + 1)

    def _name(self, page: Page, what: Booking) -> BetId:
        """Return the id of a bet that begins: the one its order names, unless another bet has it."""
        wanted = what.named if what.intent is None else what.intent.bet_id
        name, number = wanted, page.count
        while self._used(name):
            name, number = BetId(f"{wanted}.{number}"), number + 1
        return name

    def _used(self, name: BetId) -> bool:
        if name in self.settled:
            return True
        bets = (bet for page in self.pages.values() for bet in (page.running, page.last))
        return any(bet is not None and bet.id == name for bet in bets)


def _grown(bet: OpenBet, what: Booking, before: int) -> OpenBet:
    """Return a running bet after a change of its position; what came in adds to risk and reward.

    Args:
        bet: Before.
        what: What happened.
        before: Quantity held before, in units, unsigned.
    """
    after = abs(what.position.quantity)
    bet = msgspec.structs.replace(bet, quantity=max(bet.quantity, after))
    if after <= before:
        return bet
    risk, reward = _at_stake(what, after - before)
    known = bet.risk is not None and risk is not None
    aimed = bet.reward is not None and reward is not None
    return msgspec.structs.replace(
        bet,
        risk=ROUNDING.add(bet.risk or ZERO, risk or ZERO) if known else None,
        reward=ROUNDING.add(bet.reward or ZERO, reward or ZERO) if aimed else None,
        bare=bet.bare and risk is None,
    )


def _at_stake(what: Booking, units: int) -> tuple[Decimal | None, Decimal | None]:
    """Return what an entry loses at its stop and wins at its target, fees of both ways in; None where it has none.

    The fee of the way out is taken to be that of the way in, at the other price.
    """
    fill, intent, row = what.fill, what.intent, what.row
    if fill is None or intent is None or row is None or not row.signed or intent.legs is None:
        return None, None
    way = sign(fill.side)
    legs = intent.legs
    stop = legs.stop_loss
    if stop is None and legs.trail is not None:
        stop = fill.price - way * legs.trail
    part = min(units, abs(row.signed))
    fees = max(share(row.fees, part, abs(row.signed)), ZERO)
    paid = ROUNDING.multiply(what.instrument.quantity(part), what.instrument.multiplier)

    def moved(to: int) -> tuple[Decimal, Decimal]:
        """Return profit of the way there, and the fee of the way out."""
        profit = ROUNDING.multiply(what.instrument.price((to - fill.price) * way), paid)
        return profit, _at_price(fees, Decimal(to), Decimal(fill.price))

    risk = reward = None
    if stop is not None:
        profit, out = moved(stop)
        risk = ROUNDING.add(max(MONEY.minus(profit), ZERO), ROUNDING.add(fees, out))
    if legs.take_profit is not None:
        profit, out = moved(legs.take_profit)
        reward = ROUNDING.subtract(profit, ROUNDING.add(fees, out))
    return (
        None if risk is None else _neat(risk),
        None if reward is None else _neat(reward),
    )


def _at_price(fee: Decimal, there: Decimal, here: Decimal) -> Decimal:
    """Return a fee in proportion to the price at which it is paid."""
    if not fee or not here:
        return ZERO
    return _neat(ROUNDING.divide(ROUNDING.multiply(fee, abs(there)), abs(here)))


def _charged(bet: OpenBet, what: Booking) -> OpenBet:
    """Return a bet with the fees in other assets that a step's bookings carried."""
    own = {what.instrument.id, what.instrument.currency}
    paid = dict(bet.elsewhere)
    for touch in what.touches:
        change = MONEY.add if touch.back else MONEY.subtract
        for asset, amount in touch.row.amounts:
            if asset not in own:
                paid[asset] = change(paid.get(asset, ZERO), amount)
    return bet if paid == bet.elsewhere else msgspec.structs.replace(bet, elsewhere=paid)


def _fee_of_opening(what: Booking) -> Decimal:
    row = what.row
    if row is None or not row.signed:
        return ZERO
    part = min(abs(what.position.quantity), abs(row.signed))
    return share(row.fees, part, abs(row.signed))


def _profit(position: Position) -> Decimal:
    return MONEY.subtract(position.realized, position.fees)


def _neat(amount: Decimal) -> Decimal:
    """Return an amount with at most twelve decimals."""
    return times(amount, Decimal(1))


def by_position(touched: Sequence[Touch]) -> dict[BetKey, tuple[Touch, ...]]:
    """Return bookings by position, in order."""
    found: dict[BetKey, tuple[Touch, ...]] = {}
    for touch in touched:
        found[touch.row.key] = (*found.get(touch.row.key, ()), touch)
    return found
