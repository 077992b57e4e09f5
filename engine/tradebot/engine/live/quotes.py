"""The quote of an instrument without depth, as a frame holds it."""

from typing import Literal

from tradebot.engine.control.messages_quote import QuoteView
from tradebot.engine.core.hours import closes_after, is_open, opens_after
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.live.standing import Band, Standing


def has_depth(market: InstrumentMarket, standing: Standing | None) -> bool:
    """Return whether more than the best prices is told of an instrument.

    A book that was seen is depth whatever was said of it; without one the venue's word holds, and where it has none an
    instrument that only quotes were seen of has no depth.
    """
    if market.has_book:
        return True
    return market.quote is None if standing is None else standing.depth


def quote_view(market: InstrumentMarket, standing: Standing | None, now: int) -> QuoteView | None:
    """Return the quote of an instrument, None where it has depth.

    Args:
        market: Whose.
        standing: What its venue tells of it besides prices, None where it tells nothing.
        now: The engine's time, ns UTC.
    """
    if has_depth(market, standing):
        return None
    instrument, quote, sessions = market.instrument, market.quote, market.sessions
    bid, ask = market.best_bid(), market.best_ask()
    halt = None if standing is None else standing.halt
    band = None if standing is None else standing.band
    known = bool(sessions) and sessions[0][0] <= now < sessions[-1][1]
    opened = is_open(sessions, now)
    return QuoteView(
        bid=None if bid is None else str(instrument.price(bid)),
        ask=None if ask is None else str(instrument.price(ask)),
        bid_size=None
        if quote is None or bid is None
        else f"{instrument.quantity(quote.bid_quantity):f}",
        ask_size=None
        if quote is None or ask is None
        else f"{instrument.quantity(quote.ask_quantity):f}",
        told=None if quote is None else quote.ts_recv,
        stale_after=market.stale_after,
        halted=halt is not None if standing is not None and standing.tells_halts else None,
        halt_reason="" if halt is None else halt.reason,
        halted_since=None if halt is None else halt.since,
        band_low=None if band is None else str(instrument.price(band.low)),
        band_high=None if band is None else str(instrument.price(band.high)),
        limit=limit_state(bid, ask, band),
        session=("open" if opened else "closed") if known else None,
        session_ends=closes_after(sessions, now) if known and opened else None,
        session_begins=opens_after(sessions, now) if known and not opened else None,
    )


def limit_state(
    bid: int | None, ask: int | None, band: Band | None
) -> Literal["up", "down"] | None:
    """Return at which end of its band a market stands: the best bid at the upper one, or the best ask at the lower."""
    if band is None:
        return None
    if bid is not None and bid >= band.high:
        return "up"
    return "down" if ask is not None and ask <= band.low else None
