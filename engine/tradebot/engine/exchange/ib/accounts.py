"""What the venue tells of an account: values, portfolio, positions, profit."""

from decimal import Decimal

from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.ib.contracts import local_symbol, short_fields, trading_class
from tradebot.engine.exchange.ib.wire import Value
from tradebot.engine.exchange.market import Listing, decimal_of
from tradebot.engine.exchange.words import AMOUNT_SCALE

_CENT = Decimal("0.01")


def _money(amount: int) -> Decimal:
    return decimal_of(amount, AMOUNT_SCALE)


def held(exchange: Exchange, account: str) -> list[Listing]:
    """Return the listings that an account has a position in."""
    holdings = exchange.accounts[account].holdings
    return [one for one in exchange.listed("ib") if holdings[one.base]]


def values(exchange: Exchange, account: str) -> list[tuple[str, Decimal, str]]:
    """Return (tag, value, currency) of an account."""
    books = exchange.accounts[account]
    currency = books.terms.currency
    cash = _money(books.holdings[currency])
    equity = _money(exchange.equity(account))
    exposure = _money(exchange.exposure(account))
    margin = (exposure / books.terms.multiplier).quantize(_CENT)
    free = equity - margin
    earned = _money(sum(position.realized for position in books.positions.values()))
    unrealized = sum(
        (_unrealized(exchange, account, one) for one in held(exchange, account)), Decimal(0)
    )
    return [
        ("NetLiquidation", equity, currency),
        ("TotalCashValue", cash, currency),
        ("CashBalance", cash, currency),
        ("SettledCash", cash, currency),
        ("AvailableFunds", free, currency),
        ("ExcessLiquidity", free, currency),
        ("BuyingPower", free * books.terms.multiplier, currency),
        ("EquityWithLoanValue", equity, currency),
        ("GrossPositionValue", exposure, currency),
        ("InitMarginReq", margin, currency),
        ("MaintMarginReq", margin, currency),
        ("RealizedPnL", earned, currency),
        ("UnrealizedPnL", unrealized, currency),
    ]


def _average(exchange: Exchange, account: str, listing: Listing) -> Decimal:
    position = exchange.accounts[account].positions.get(listing.key)
    if position is None or not position.quantity:
        return Decimal(0)
    return (_money(position.cost) / abs(_money(position.quantity))).quantize(Decimal("1e-8"))


def _quantity(exchange: Exchange, account: str, listing: Listing) -> Decimal:
    return _money(exchange.accounts[account].holdings[listing.base])


def _unrealized(exchange: Exchange, account: str, listing: Listing) -> Decimal:
    quantity = _quantity(exchange, account, listing)
    mark = decimal_of(exchange.market(listing).mark(), listing.price_scale)
    return (mark - _average(exchange, account, listing)) * quantity


def position(exchange: Exchange, account: str, listing: Listing) -> list[Value]:
    """Return message 61."""
    return [
        *(61, 3, account),
        *short_fields(listing, listing.exchange),
        _quantity(exchange, account, listing),
        _average(exchange, account, listing),
    ]


def portfolio(exchange: Exchange, account: str, listing: Listing) -> list[Value]:
    """Return message 7."""
    quantity = _quantity(exchange, account, listing)
    mark = decimal_of(exchange.market(listing).mark(), listing.price_scale)
    books = exchange.accounts[account].positions.get(listing.key)
    return [
        *(7, 8, listing.contract, listing.base),
        *("STK" if listing.kind == "equity" else "CRYPTO", "", 0, "", "", listing.exchange),
        *(listing.quote, local_symbol(listing), trading_class(listing)),
        quantity,
        mark,
        mark * quantity,
        _average(exchange, account, listing),
        _unrealized(exchange, account, listing),
        _money(books.realized) if books is not None else Decimal(0),
        account,
    ]


def profit(exchange: Exchange, account: str) -> list[Value]:
    """Return daily, unrealized and realized profit: the exchange's first day is its only one."""
    by_tag = {tag: value for tag, value, _ in values(exchange, account)}
    unrealized, realized = by_tag["UnrealizedPnL"], by_tag["RealizedPnL"]
    return [unrealized + realized, unrealized, realized]


def profit_of(exchange: Exchange, account: str, listing: Listing) -> list[Value]:
    """Return position, daily, unrealized, realized profit and worth in one listing."""
    quantity = _quantity(exchange, account, listing)
    books = exchange.accounts[account].positions.get(listing.key)
    realized = _money(books.realized) if books is not None else Decimal(0)
    unrealized = _unrealized(exchange, account, listing)
    mark = decimal_of(exchange.market(listing).mark(), listing.price_scale)
    return [quantity, unrealized + realized, unrealized, realized, mark * quantity]
