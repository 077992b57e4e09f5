"""Alpaca's account, positions, assets, clock and calendar, written out."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.alpaca.record import amount_number
from tradebot.engine.exchange.alpaca.refusals import not_found
from tradebot.engine.exchange.alpaca.words import Ids, Json, price_text, quantity_text, time_text
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.ledger import amount_text, plain
from tradebot.engine.exchange.market import Listing, decimal_of
from tradebot.engine.exchange.session import Session, trading_day

_S = 1_000_000_000
_NEW_YORK = Session()
_FACES = "alpaca"


def account_json(exchange: Exchange, account: Account, started: int) -> Json:
    """Return the account."""
    terms = account.terms
    equity = exchange.equity(terms.name)
    cash = account.holdings[terms.currency]
    kept = exchange.locked(terms.name).get(terms.currency, 0)
    long, short = _market_values(exchange, account)
    power = max(0, equity * terms.multiplier - exchange.exposure(terms.name) - kept)
    return {
        "id": terms.name,
        "account_number": "PA" + terms.name[:8].upper(),
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": terms.currency,
        "cash": amount_text(cash),
        "equity": amount_text(equity),
        "portfolio_value": amount_text(equity),
        "last_equity": amount_text(terms.cash[terms.currency]),
        "buying_power": amount_text(power),
        "regt_buying_power": amount_text(power),
        "non_marginable_buying_power": amount_text(max(0, cash - kept)),
        "long_market_value": amount_text(long),
        "short_market_value": amount_text(-short),
        "initial_margin": amount_text((long + short) // 2),
        "maintenance_margin": amount_text((long + short) * 3 // 10),
        "last_maintenance_margin": "0",
        "sma": "0",
        "multiplier": str(terms.multiplier),
        "shorting_enabled": equity >= terms.least_equity_to_short,
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "accrued_fees": "0",
        "created_at": time_text(started),
    }


def _market_values(exchange: Exchange, account: Account) -> tuple[int, int]:
    long = short = 0
    for listing in exchange.listed(_FACES):
        held = account.position(listing)
        worth = listing.amount(exchange.market(listing).mark(), abs(held))
        if held > 0:
            long += worth
        else:
            short += worth
    return long, short


def configurations() -> Json:
    """Return the account's configuration."""
    return {
        "fractional_trading": True,
        "max_margin_multiplier": "2",
        "no_shorting": False,
        "suspend_trade": False,
        "trade_confirm_email": "none",
        "ptp_no_exception_entry": False,
        "max_options_trading_level": 0,
    }


def position_json(exchange: Exchange, account: Account, listing: Listing, ids: Ids) -> Json:
    """Return a position.

    Raises:
        Refusal: If there is none.
    """
    held = account.position(listing)
    if not held:
        raise not_found("position does not exist")
    books = account.positions[listing.key]
    mark = exchange.market(listing).mark()
    worth = listing.amount(mark, abs(held))
    sign = 1 if held > 0 else -1
    gained = sign * (worth - books.cost)
    kept = exchange.locked(account.terms.name).get(listing.base, 0)
    quantity = decimal_of(abs(held), listing.quantity_scale)
    average = amount_number(books.cost) / quantity
    return {
        "asset_id": ids.asset(listing.symbol),
        # Positions of pairs come without the slash, orders with it.
        "symbol": listing.symbol.replace("/", ""),
        "exchange": listing.exchange,
        "asset_class": "crypto" if listing.kind == "crypto" else "us_equity",
        "asset_marginable": listing.kind == "equity",
        "qty": quantity_text(held, listing),
        "qty_available": quantity_text(
            sign * max(0, abs(held) - listing.quantity_of(kept)), listing
        ),
        "avg_entry_price": plain(average.quantize(Decimal("0.000000001"))),
        "side": "long" if held > 0 else "short",
        "market_value": amount_text(sign * worth),
        "cost_basis": amount_text(sign * books.cost),
        "unrealized_pl": amount_text(gained),
        "unrealized_plpc": _share(gained, books.cost),
        "unrealized_intraday_pl": amount_text(gained),
        "unrealized_intraday_plpc": _share(gained, books.cost),
        "current_price": price_text(mark, listing),
        "lastday_price": price_text(listing.start_price, listing),
        "change_today": _share(mark - listing.start_price, listing.start_price),
    }


def _share(part: int, whole: int) -> str:
    return plain((Decimal(part) / Decimal(whole)).quantize(Decimal("0.000001"))) if whole else "0"


def positions_json(exchange: Exchange, account: Account, ids: Ids) -> list[Json]:
    """Return all positions."""
    return [
        position_json(exchange, account, listing, ids)
        for listing in exchange.listed(_FACES)
        if account.position(listing)
    ]


def asset_json(listing: Listing, ids: Ids) -> Json:
    """Return an asset."""
    crypto = listing.kind == "crypto"
    asset: dict[str, Json] = {
        "id": ids.asset(listing.symbol),
        "class": "crypto" if crypto else "us_equity",
        "exchange": listing.exchange,
        "symbol": listing.symbol,
        "name": listing.name,
        "status": "active",
        "tradable": True,
        "marginable": not crypto,
        "maintenance_margin_requirement": 100 if crypto else 30,
        "shortable": listing.shortable and not crypto,
        "easy_to_borrow": listing.easy_to_borrow and not crypto,
        "fractionable": listing.fractionable,
        "attributes": [],
    }
    if crypto:
        asset |= {
            "min_order_size": quantity_text(listing.minimum, listing),
            "min_trade_increment": quantity_text(listing.lot, listing),
            "price_increment": price_text(listing.tick, listing),
        }
    return asset


def clock_json(now: int, *, always_open: bool) -> Json:
    """Return the venue's time and when its stock market opens and closes next."""
    opens, closes = next_turns(now)
    return {
        "timestamp": time_text(now),
        "is_open": always_open or _NEW_YORK.phase(now) == "open",
        "next_open": time_text(opens),
        "next_close": time_text(closes),
    }


def next_turns(now: int) -> tuple[int, int]:
    """Return the next opening and the next close after an instant, ns UTC."""
    day = _NEW_YORK.day(now)
    opens = closes = 0
    while not (opens and closes):
        if trading_day(day):
            opening = _NEW_YORK.at(day, _NEW_YORK.open)
            closing = _NEW_YORK.at(day, _NEW_YORK.close)
            opens = opens or (opening if opening > now else 0)
            closes = closes or (closing if closing > now else 0)
        day += timedelta(days=1)
    return opens, closes


def calendar_json(first: date, last: date) -> list[Json]:
    """Return the trading days from one day to another, at most two years of them."""
    days = min((last - first).days + 1, 732)
    return [
        {
            "date": day.isoformat(),
            "open": "09:30",
            "close": "16:00",
            "session_open": "0400",
            "session_close": "2000",
        }
        for day in (first + timedelta(days=offset) for offset in range(days))
        if trading_day(day)
    ]


def day_of(text: str | None, otherwise: int) -> date:
    """Return a date a client wrote, or the day of an instant."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return datetime.fromtimestamp(otherwise // _S, UTC).date()
