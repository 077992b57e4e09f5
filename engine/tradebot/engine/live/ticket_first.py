"""The chance of the target before the floor, moved by one bet: with its edge and without any.

The bet ends once, won or lost, and the account goes on from there. With chance p it wins w, else it loses l:

    P' = p C(x + w) + (1 - p) C(x - l),

C the chance as the House shows it (sizing/target.py). Without any edge C is the coin-flip line and p = L / (L + W), L
and W the ways to stop and target without fees: the chance of a price that wanders without drift. There a bet at fair
odds changes nothing but by its fees.
"""

from decimal import Decimal

import msgspec

from tradebot.engine.control.messages_ticket import TicketFirst
from tradebot.engine.core.state import State
from tradebot.engine.sizing.target import Spread, chance, chance_from_bets, coin_flip


class Outlook(msgspec.Struct, frozen=True):
    """One bet's ends, in the engine's currency."""

    lost: Decimal
    """> 0, fees in."""
    won: Decimal
    """Fees in; may be negative."""
    win: float | None
    """Chance to win that sizes use; None: no edge is known."""
    fair_lost: Decimal
    """> 0, without fees."""
    fair_won: Decimal
    """> 0, without fees."""


def first_chances(state: State, bet: Outlook, brought: Spread | None) -> TicketFirst | None:
    """Return the chances; None without a game, or while equity is unknown or fair odds are none.

    Args:
        state: The kernel's memory.
        bet: On the resulting position.
        brought: What bets of the game have brought; None: not kept.
    """
    objective, game, equity = state.objective(), state.game, state.equity()
    if objective is None or game is None or equity is None or game.since != objective.since:
        return None
    floor, target = float(objective.floor.value(game)), float(objective.target.value(game))
    whole = bet.fair_lost + bet.fair_won
    if floor >= target or bet.fair_lost <= 0 or bet.fair_won <= 0:
        return None
    now = float(equity)
    up, down = now + float(bet.won), now - float(bet.lost)
    known = None if brought is None else chance_from_bets(now, floor, target, brought)

    def line(x: float) -> float:
        return coin_flip(x, floor, target)

    def shown(x: float) -> float:
        if known is None or brought is None:
            return line(x)
        return chance(x, floor, target, brought.mean, brought.deviation**2)

    fair = float(bet.fair_lost / whole)
    return TicketFirst(
        now=shown(now),
        few=known is None,
        after=None if bet.win is None else bet.win * shown(up) + (1.0 - bet.win) * shown(down),
        coin_now=line(now),
        coin_after=fair * line(up) + (1.0 - fair) * line(down),
    )
