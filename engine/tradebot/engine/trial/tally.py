"""What happens in a run, counted while it goes: orders, fills, refusals, decisions, equity over time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from tradebot.data.events import Bar
from tradebot.engine.core.events import Event, OrderFilled
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked, OrderDenied, OrderIntent, Submit
from tradebot.engine.core.rates import ROUNDING
from tradebot.engine.core.sleeve_money import profit
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MINUTE, Owner
from tradebot.engine.trial.fill_doubts import FillDoubts
from tradebot.engine.trial.moments import Moment, moment


class Tally:
    """Counts what happens in a run.

    Args of the constructor:
        state: The kernel's.
        capital: What the account begins with, in the engine's currency.
        sleeves: Whose profits are added to it.
        besides: What it begins with in other currencies.
        at_bars: Whether equity is written down when a bar closes; else once a minute.
    """

    def __init__(
        self,
        state: State,
        capital: Decimal,
        sleeves: Sequence[Owner],
        besides: Mapping[str, Decimal],
        *,
        at_bars: bool,
    ) -> None:
        self._state = state
        self._capital = capital
        self._besides = besides
        self.begun: Decimal | None = None
        """What the account was worth at the first moment at which all of it could be valued, gains left out."""
        self._sleeves = tuple(sleeves)
        self._at_bars = at_bars
        self._next_mark = 0
        self.curve: list[tuple[int, str]] = []
        """The sleeves' equity, (ns UTC, money as text); where a price was missing, nothing."""
        self.moments: list[Moment] = []
        """The account at the same moments."""
        self.doubts = FillDoubts()
        self.fill_events: list[OrderFilled] = []
        self.submitted: list[OrderIntent] = []
        self.steps = self.orders = self.fills = 0
        self.refused: Counter[str] = Counter()
        self.decided: list[tuple[int, bytes]] = []

    def __call__(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        """Take a step in."""
        self.steps = seq
        self.doubts.take(event)
        if isinstance(event, OrderFilled):
            self.fill_events.append(event)
        for outcome in outcomes:
            match outcome:
                case Submit():
                    self.orders += 1
                    self.submitted.append(outcome.order)
                case FillBooked():
                    self.fills += 1
                case OrderDenied():
                    self.refused[outcome.code] += 1
                case _:
                    pass
        if outcomes:
            self.decided.append((now, msgspec.msgpack.encode(outcomes)))
        if self._at_bars:
            if isinstance(event, Bar) and not event.more:
                self.mark(now)
        elif now >= self._next_mark:
            self.mark(now)

    def mark(self, now: int) -> None:
        """Write the sleeves' equity down."""
        self._next_mark = now - now % MINUTE + MINUTE
        made, capital = self.made(), self._opening()
        if made is None or capital is None:
            return
        if self.begun is None:
            self.begun = capital
        if self.curve and self.curve[-1][0] == now:
            self.curve.pop()
            self.moments.pop()
        equity = ROUNDING.add(capital, made)
        self.curve.append((now, f"{equity:f}"))
        self.moments.append(moment(self._state, now, equity))

    def made(self) -> Decimal | None:
        """Return what all sleeves have made, fees and open positions in; None while a part cannot be priced."""
        total = Decimal(0)
        for sleeve in self._sleeves:
            made = profit(self._state, sleeve)
            if made is None:
                return None
            total = ROUNDING.add(total, made)
        return total

    def _opening(self) -> Decimal | None:
        """Return what the account began with, at the rates of now."""
        rates, total = self._state.rates(), self._capital
        for asset, amount in self._besides.items():
            worth = None if rates is None else rates.value(amount, asset, self._state.currency)
            if worth is None:
                return None
            total = ROUNDING.add(total, worth)
        return total
