"""The game: how likely the account reaches its target before its floor, and what that is measured on."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from tradebot.engine.control.messages_house import GameView
from tradebot.engine.core.objective import Game, Objective
from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.records import net_of
from tradebot.engine.core.state import State
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.facts import money, optional
from tradebot.engine.sizing.target import (
    BETS_MIN,
    Spread,
    chance_from_bets,
    coin_flip,
    spread_of,
)

DAY = 86_400 * SECOND
"""Nanoseconds in a day."""


def game_view(state: State, bets: Spread) -> GameView | None:
    """Return the game; None where no objective is configured.

    The coin-flip chance is (x - L) / (U - L), the marker's place on the bar; the chance with the edge that settled
    bets have shown is the scale function of sizing/target.py with mean and variance of a bet's P&L, and its interval
    comes from the mean's. Both know of no deadline.

    Args:
        state: The kernel's memory.
        bets: Money that bets settled since the game began have brought, as `brought` gives it.
    """
    objective, equity = state.objective(), state.equity()
    if objective is None:
        return None
    game = state.game
    if game is None or game.since != objective.since:
        return _not_begun(objective, equity, state.now)
    floor, target = objective.floor.value(game), objective.target.value(game)
    view = GameView(
        floor=money(floor),
        now=optional(money, equity),
        target=money(target),
        place=None,
        coin=None,
        chance=None,
        low=None,
        high=None,
        settled=bets.count,
        why_not="",
        since=objective.since
        or datetime.fromtimestamp(game.began // SECOND, UTC).date().isoformat(),
        deadline=objective.deadline or None,
        utility=objective.utility,
        text=objective.text(),
    )
    if floor >= target:
        return _with(
            view, why_not=f"the floor {money(floor)} is not below the target {money(target)}"
        )
    if equity is None:
        return _with(view, why_not="a part of the equity cannot be valued")
    ends = float(equity), float(floor), float(target)
    line = coin_flip(*ends)
    view = _with(view, place=line, coin=line)
    found = chance_from_bets(*ends, bets)
    if found is None:
        return _with(view, why_not=f"too few: {bets.count} of {BETS_MIN} bets")
    return _with(view, chance=found.value, low=found.low, high=found.high)


class Odds(msgspec.Struct, frozen=True):
    """The two figures of the status row, in [0, 1]; None where there is none."""

    chance: float | None = None
    coin: float | None = None


class GameTeller:
    """Tells the odds with each frame; what bets brought is summed up only when a bet has settled."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: tuple[int, BetSettled | None, int] = (-1, None, 0)
        self._bets = Spread(0, 0.0, 0.0)

    def odds(self) -> Odds:
        """Return the odds now."""
        if self._state.objective() is None:
            return Odds()
        view = game_view(self._state, self.bets())
        return Odds() if view is None else Odds(view.chance, view.coin)

    def bets(self) -> Spread:
        """Return what bets settled since the game began have brought."""
        state = self._state
        settled, since = state.bet_book.settled, since_of(state)
        newest = next(reversed(settled.values()), None)
        if self._known != (len(settled), newest, since):
            of_game = (bet for bet in settled.values() if bet.closed >= since)
            self._bets = brought(state, of_game)
            self._known = (len(settled), newest, since)
        return self._bets


def _with(view: GameView, **changes: float | str) -> GameView:
    return msgspec.structs.replace(view, **changes)


def _not_begun(objective: Objective, equity: Decimal | None, now: int) -> GameView:
    """Return a game that waits for its day, or for an equity to begin with."""
    begun = equity or Decimal(0)
    game = Game(since=objective.since, began=now, begun=begun, base=begun)
    day = objective.since_day
    waits = "the first equity" if day is None or now >= day * DAY else objective.since
    return GameView(
        floor=money(objective.floor.value(game)),
        now=optional(money, equity),
        target=money(objective.target.value(game)),
        place=None,
        coin=None,
        chance=None,
        low=None,
        high=None,
        settled=0,
        why_not=f"begins with {waits}",
        since=objective.since or None,
        deadline=objective.deadline or None,
        utility=objective.utility,
        text=objective.text(),
    )


def since_of(state: State) -> int:
    """Return from when on bets count for the game, ns UTC."""
    objective, game = state.objective(), state.game
    day = None if objective is None else objective.since_day
    if day is not None:
        return day * DAY
    return 0 if game is None else game.began


def brought(state: State, bets: Iterable[BetSettled]) -> Spread:
    """Return what bets brought, all fees in, in the engine's currency at the rates when they settled.

    One without such a rate is valued at the rate of now, and left out where there is none.
    """
    figures = [
        float(worth) for worth in (worth_of(state, bet) for bet in bets) if worth is not None
    ]
    return spread_of(len(figures), sum(figures), sum(figure * figure for figure in figures))


def worth_of(state: State, bet: BetSettled) -> Decimal | None:
    """Return what one bet brought in the engine's currency; None where no rate is known."""
    return in_currency(state, bet, net_of(bet))


def in_currency(state: State, bet: BetSettled, amount: Decimal) -> Decimal | None:
    """Return an amount of a bet's currency in the engine's, at the rate when it settled."""
    if bet.rate:
        return amount * Decimal(bet.rate)
    rates = state.rates()
    return None if rates is None else rates.value(amount, bet.currency, state.currency)
