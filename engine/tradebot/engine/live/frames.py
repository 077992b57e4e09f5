"""The console's frame: the whole visible window, built when somebody looks."""

from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.control.messages_facts import FeedFacts, PositionFacts
from tradebot.engine.control.messages_frame import (
    AccountView,
    AlertView,
    BookView,
    HandView,
    InstrumentView,
    TradeView,
    WatchView,
)
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.marks import figures_of
from tradebot.engine.core.returns import day_return, profit
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MS
from tradebot.engine.live.facts import (
    exact,
    gross,
    money,
    optional,
    percent,
    position_facts,
    signed_percent,
    totals,
)
from tradebot.engine.live.runtime import AlertHistory
from tradebot.engine.live.tape import Tape

BOOK_LEVELS_MAX = 5_000
"""Levels per side that are grouped for a ladder."""

TRADES_SHOWN = 80
ALERTS_SHOWN = 50

_NICE = (1, 2, 5)


def instrument_view(instrument: Instrument, now: int) -> InstrumentView:
    """Return what a screen needs to know of an instrument."""
    rules = instrument.rules_at(now)
    return InstrumentView(
        id=instrument.id,
        base=instrument.base,
        currency=instrument.currency,
        tick=exact(instrument.price(rules.tick)),
        lot=exact(instrument.quantity(rules.lot)),
        price_decimals=instrument.price_scale,
        quantity_decimals=instrument.quantity_scale,
    )


def watch_view(market: InstrumentMarket, day_open: int | None, now: int) -> WatchView:
    """Return one row of the watch list."""
    instrument = market.instrument
    mark = market.mark_units()
    last = market.last.price if market.last is not None else None
    shown = Decimal(last) if last is not None else mark
    change = None
    if shown is not None and day_open:
        change = signed_percent(shown / day_open - 1)
    return WatchView(
        instrument=instrument.id,
        last=None if shown is None else _price_text(instrument, shown),
        change_percent=change,
        feed=market.health(now),
    )


def feed_view(market: InstrumentMarket, now: int) -> FeedFacts:
    """Return the health of one feed."""
    return FeedFacts(
        name=market.instrument.id,
        state=market.health(now),
        age_ms=None if market.updated is None else (now - market.updated) // MS,
        gaps=market.gaps,
    )


def book_view(market: InstrumentMarket, step: int | None, rows: int, now: int) -> BookView:
    """Return the book grouped by a price step.

    Args:
        market: Whose book.
        step: Price units, a multiple of the tick; None chooses one that shows about 20 rows of the book.
        rows: Most rows per side.
        now: The engine's time, for the tick.
    """
    instrument = market.instrument
    book = market.book
    width = step or nice_step(market, now)
    bids = grouped(book.bids(BOOK_LEVELS_MAX), width, rows, up=False)
    asks = grouped(book.asks(BOOK_LEVELS_MAX), width, rows, up=True)
    bid, ask = market.best_bid(), market.best_ask()
    mid = None if bid is None or ask is None else Decimal(bid + ask) / 2
    spread = None if bid is None or ask is None else ask - bid
    near = 20
    bid_sum = sum(quantity for _, quantity in bids[:near])
    ask_sum = sum(quantity for _, quantity in asks[:near])
    return BookView(
        step=exact(instrument.price(width)),
        bids=_level_texts(instrument, bids),
        asks=_level_texts(instrument, asks),
        best_bid=None if bid is None else str(instrument.price(bid)),
        best_ask=None if ask is None else str(instrument.price(ask)),
        mid=None if mid is None else _price_text(instrument, mid),
        spread=None if spread is None else str(instrument.price(spread)),
        bid_share=bid_sum / (bid_sum + ask_sum) if bid_sum + ask_sum else None,
    )


def grouped(
    levels: list[tuple[int, int]], step: int, rows: int, *, up: bool
) -> list[tuple[int, int]]:
    """Return levels summed into multiples of a step, bids down to it, asks up to it, best first."""
    sums: dict[int, int] = {}
    for price, quantity in levels:
        row = -(-price // step) * step if up else price // step * step
        if row not in sums and len(sums) == rows:
            break
        sums[row] = sums.get(row, 0) + quantity
    return list(sums.items())


def nice_step(market: InstrumentMarket, now: int) -> int:
    """Return a step of 1, 2 or 5 times a power of ten ticks that spreads the nearest levels over a screen."""
    tick = market.instrument.rules_at(now).tick
    sides = (market.book.bids(40), market.book.asks(40))
    reach = max((abs(side[-1][0] - side[0][0]) for side in sides if side), default=0)
    wanted = max(reach // 20, tick)
    power = tick
    while True:
        for factor in _NICE:
            if power * factor >= wanted:
                return power * factor
        power *= 10


def trade_views(market: InstrumentMarket, tape: Tape) -> list[TradeView]:
    """Return the newest prints, newest first."""
    instrument = market.instrument
    return [
        TradeView(
            ts=trade.ts_recv,
            price=str(instrument.price(trade.price)),
            quantity=f"{instrument.quantity(trade.quantity):f}",
            aggressor=trade.aggressor,
        )
        for trade in tape.trades(instrument.id, TRADES_SHOWN)
    ]


def account_view(state: State) -> AccountView:
    """Return the account's money, for people: two decimals."""
    equity = state.equity()
    realized, open_profit, fees = totals(state)
    figures = figures_of(state)
    day = earned = None
    if equity is not None and figures is not None:
        day, earned = profit(equity, figures), day_return(equity, figures)
    held = gross(state)
    share = None if held is None or not equity else held / equity
    risk = None if share is None else share * state.limits.unprotected_risk
    return AccountView(
        currency=state.currency,
        equity=optional(money, equity),
        cash=money(
            sum((state.ledger.balance(name, state.currency) for name in state.accounts), ZERO)
        ),
        day_pnl=optional(money, day),
        day_percent=optional(signed_percent, earned),
        peak_percent=None
        if equity is None or not state.peak
        else signed_percent(equity / state.peak - 1),
        gross_percent=optional(percent, share),
        open_risk_percent=optional(percent, risk),
        realized_pnl=None if realized is None or fees is None else money(realized - fees),
        unrealized_pnl=optional(money, open_profit),
        fees=optional(money, fees),
        not_valued=state.valuation().text(),
    )


def hand_view(state: State, now: int) -> HandView | None:
    """Return whether hands may add risk; None where nobody has to arm."""
    if not state.is_live:
        return None
    arming = state.authority.arming if state.authority.armed(now) else None
    return HandView(ends=None if arming is None else arming.ends())


def position_views(state: State) -> list[PositionFacts]:
    """Return open positions, money rounded for people."""
    return [
        msgspec.structs.replace(
            facts,
            realized_pnl=money(Decimal(facts.realized_pnl)),
            unrealized_pnl=None
            if facts.unrealized_pnl is None
            else money(Decimal(facts.unrealized_pnl)),
        )
        for facts in (position_facts(state, *item) for item in state.ledger.positions())
        if Decimal(facts.quantity)
    ]


def alert_views(alerts: AlertHistory) -> list[AlertView]:
    """Return the newest alerts, newest first."""
    newest = list(alerts.lines)[-ALERTS_SHOWN:]
    return [
        AlertView(seq=seq, ts=ts, level=alert.level, text=alert.text)
        for seq, ts, alert in reversed(newest)
    ]


def _level_texts(instrument: Instrument, levels: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [
        (units_text(price, instrument.price_scale), units_text(size, instrument.quantity_scale))
        for price, size in levels
    ]


def units_text(units: int, scale: int) -> str:
    """Return integer units as decimal text with `scale` decimals; for units >= 0, without a Decimal between."""
    if scale == 0:
        return str(units)
    digits = str(units).rjust(scale + 1, "0")
    return f"{digits[:-scale]}.{digits[-scale:]}"


def _price_text(instrument: Instrument, units: Decimal) -> str:
    price = units.scaleb(-instrument.price_scale)
    return str(price.quantize(Decimal(1).scaleb(-instrument.price_scale)))
