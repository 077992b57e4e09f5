"""The house's books: what each owner's bets promised, what they brought, and how much that proves.

All figures are over bets settled in the last 90 days, at most the newest 2,000:

- expected = sum of promised R x risk over the bets that stated an edge, its deviation the root of the sum of
  (deviation of R x risk) squared; bets are taken as independent. An edge that states only a mean has the deviation
  that the owner's own R have shown.
- luck = (actual - expected) / deviation, over the same bets. As PokerTracker warns of its own line: expected is only
  as good as the stated edge, so what was stated stands beside what came (`calibration`).
- edge = mean R of bets of known risk +- 1.96 sd / sqrt(n); proof = (1.96 sd / edge)^2 bets (sizing/target.py).
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.control.messages_house import HouseView, SleeveRow
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.records import MILLION, Record, micro_r
from tradebot.engine.core.shadow import sends
from tradebot.engine.core.sleeve_money import equity_of, pool
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import HAND, UNCLAIMED, Owner
from tradebot.engine.core.waking import warm_share
from tradebot.engine.live.facts import money, optional
from tradebot.engine.live.game_facts import DAY, game_view, in_currency, worth_of
from tradebot.engine.live.moves import moves_view
from tradebot.engine.sizing.beta import wilson
from tradebot.engine.sizing.target import Spread, spread_of

BOOKS_DAYS = 90
"""How far back the books look."""

CALIBRATION_LINES = 3
"""Most lines of what was stated against what came."""

VERSION_SHOWN = 4
"""Digits of a version that a screen shows."""


class Promise(msgspec.Struct, frozen=True):
    """What bets promised and brought, in the engine's currency; of those alone that stated an edge."""

    bets: int
    expected: float
    variance: float | None
    """None where a deviation is unknown."""
    actual: float

    @property
    def deviation(self) -> float | None:
        """Return the standard deviation of what was expected."""
        return None if self.variance is None else math.sqrt(self.variance)

    @property
    def luck(self) -> float | None:
        """Return how many deviations came more than was expected."""
        deviation = self.deviation
        return (self.actual - self.expected) / deviation if deviation else None


def house_view(state: State, of_game: Spread) -> HouseView:
    """Return the whole screen.

    Args:
        state: The kernel's memory.
        of_game: What bets settled since the game began have brought, as `GameTeller.bets` keeps it.
    """
    since = state.now - BOOKS_DAYS * DAY
    books = [bet for bet in state.bet_book.settled.values() if bet.closed > since]
    owners = [*state.sleeves, HAND]
    strangers = {bet.owner for bet in books} | _holders(state)
    owners += sorted(strangers - {*owners, UNCLAIMED})
    if UNCLAIMED in strangers:
        owners.append(UNCLAIMED)
    rows = [row_of(state, owner, [bet for bet in books if bet.owner == owner]) for owner in owners]
    return HouseView(
        currency=state.currency,
        game=game_view(state, of_game),
        moves=moves_view(state),
        rows=tuple(rows),
        days=BOOKS_DAYS,
        pool=optional(money, free(state)),
        calibration=calibration(state),
    )


def row_of(state: State, owner: Owner, bets: Sequence[BetSettled]) -> SleeveRow:
    """Return one owner's line; `bets` are its settled ones in the window."""
    sleeve = state.sleeves.get(owner)
    shown = spread_r(bets)
    actual = [worth_of(state, bet) for bet in bets]
    promise = promised(state, bets, actual, shown)
    known = [worth for worth in actual if worth is not None]
    interval = shown.interval()
    running = [
        page.running
        for key, page in state.bet_book.pages.items()
        if key[2] == owner and page.running is not None
    ]
    return SleeveRow(
        name=owner,
        version=None if sleeve is None else sleeve.started.version[:VERSION_SHOWN],
        run="live" if sleeve is None or sends(state, owner) else "shadow",
        state="" if sleeve is None else _running(state, sleeve),
        warm=None if sleeve is None else _warm(state, sleeve),
        capital=None if sleeve is None else money(sleeve.started.capital),
        equity=optional(money, owned_by(state, owner)),
        bets=len(bets),
        expected=None if promise is None else money(Decimal(str(promise.expected))),
        expected_sd=None
        if promise is None or promise.deviation is None
        else money(Decimal(str(promise.deviation))),
        actual=money(sum(known, ZERO)) if bets else None,
        luck=None if promise is None else promise.luck,
        edge=shown.mean if shown.count else None,
        edge_low=None if interval is None else interval[0],
        edge_high=None if interval is None else interval[1],
        settled=shown.count,
        needed=shown.proof(),
        open_bets=len(running),
        note=_note(state, owner, len(bets), len(known), promise),
    )


def spread_r(bets: Sequence[BetSettled]) -> Spread:
    """Return mean and deviation of R over the bets of known risk."""
    found = [r / MILLION for r in (micro_r(bet) for bet in bets) if r is not None]
    return spread_of(len(found), sum(found), sum(r * r for r in found))


def promised(
    state: State, bets: Sequence[BetSettled], worth: Sequence[Decimal | None], shown: Spread
) -> Promise | None:
    """Return what those of the bets promised that stated an edge; None where none did.

    Args:
        state: For rates.
        bets: Of one owner.
        worth: What each brought in the engine's currency; None: not known.
        shown: The R they have shown, whose deviation stands in where an edge states a mean alone.
    """
    count, expected, variance, actual = 0, 0.0, 0.0, 0.0
    known = True
    for bet, brought in zip(bets, worth, strict=True):
        if bet.promised is None or bet.risk is None or brought is None:
            continue
        unit = in_currency(state, bet, Decimal(bet.risk))
        if unit is None:
            continue
        count += 1
        expected += float(bet.promised) * float(unit)
        actual += float(brought)
        deviation = shown.deviation if bet.spread is None else float(bet.spread)
        known = known and (bet.spread is not None or shown.count > 1)
        variance += (deviation * float(unit)) ** 2
    return Promise(count, expected, variance if known else None, actual) if count else None


def owned_by(state: State, owner: Owner) -> Decimal | None:
    """Return an owner's sub-ledger at marks in the engine's currency; None while a part cannot be priced.

    Of a sleeve its capital and profit. What was paid in stands in the hand's books, so the sleeves' capital is taken
    off there: over live sleeves, hand and unclaimed these sum up to the accounts' equity.
    """
    sleeve, rates = state.sleeves.get(owner), state.rates()
    if sleeve is not None:
        return equity_of(state, sleeve)
    if rates is None:
        return None
    total = ZERO
    for account in state.accounts:
        for asset in state.ledger.assets(account):
            worth = rates.value(state.ledger.owned(account, asset, owner), asset, state.currency)
            if worth is None:
                return None
            total += worth
    return total - lent(state) if owner == HAND else total


def lent(state: State) -> Decimal:
    """Return the capital that live sleeves work with."""
    live = (one.started for one in state.sleeves.values() if one.started.run == "live")
    return sum((started.capital for started in live), ZERO)


def free(state: State) -> Decimal | None:
    """Return what no live sleeve has been given, over all accounts: the hand trades from it.

    None while a part cannot be priced; negative where more is lent than there is.
    """
    total = ZERO
    for account in state.accounts:
        part = pool(state, account)
        if part is None:
            return None
        total += part.free
    return total


def calibration(state: State) -> tuple[str, ...]:
    """Return what was stated against what came, the largest miss first."""
    found: list[tuple[float, str]] = []
    for owner, tags in state.bet_book.records.items():
        for tag, record in tags.items():
            line = calibration_line(owner, tag, record)
            if line is not None:
                found.append(line)
    found.sort(key=lambda line: (-line[0], line[1]))
    return tuple(text for _, text in found[:CALIBRATION_LINES])


def calibration_line(owner: str, tag: str, record: Record) -> tuple[float, str] | None:
    """Return how far off a stated chance was, and the line that says so; None where none was stated.

    The interval is Wilson's; sizes use Beta(5p + won, 5(1 - p) + lost), a stated p counting as five bets.
    """
    said, used = record.said(), record.calibrated()
    share = wilson(record.stated_won, record.stated)
    if said is None or used is None or share is None:
        return None
    came = record.stated_won / record.stated
    who = "you" if owner == HAND else owner
    text = (
        f'{who} said {said:.2f} on the "{tag}" bets; {record.stated_won} of {record.stated} won = '
        f"{came:.2f} [{share[0]:.2f}, {share[1]:.2f}]. Sizes now use {used:.2f}, not {said:.2f}."
    )
    return abs(came - said), text


def _holders(state: State) -> set[Owner]:
    return {key[2] for key, position in state.ledger.positions() if position.quantity}


def _running(
    state: State, sleeve: SleeveState
) -> Literal["running", "warming", "paused", "failed", "stopped"]:
    if sleeve.failed:
        return "failed"
    if sleeve.paused is not None:
        return "paused"
    if sleeve.started.run == "off":
        return "stopped"
    return "running" if _warm(state, sleeve) is None else "warming"


def _warm(state: State, sleeve: SleeveState) -> float | None:
    share = warm_share(state, sleeve.started, sleeve.bars)
    return float(share) if share < 1 else None


def _note(state: State, owner: Owner, bets: int, known: int, promise: Promise | None) -> str:
    """Return the one thing to know of an owner's figures."""
    if owner == UNCLAIMED:
        held = [
            f"{symbol} {state.instruments[symbol].quantity(position.quantity).normalize():f}"
            for (_, symbol, who), position in state.ledger.positions()
            if who == owner and position.quantity
        ]
        return f"{', '.join(held)}: nobody owns it" if held else ""
    sleeve = state.sleeves.get(owner)
    if sleeve is not None and sleeve.paused is not None:
        return sleeve.paused
    if known < bets:
        return f"{bets - known} of {bets} bets cannot be valued"
    if promise is not None and promise.bets < bets:
        return f"expected counts the {promise.bets} of {bets} bets that stated an edge"
    return "" if promise is not None or not bets else "no edge was stated"
