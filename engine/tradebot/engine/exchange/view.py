"""What can be asked of the exchange; asking changes nothing."""

from tradebot.engine.exchange.accounts import Account, locked
from tradebot.engine.exchange.bars import Bar
from tradebot.engine.exchange.books import Books
from tradebot.engine.exchange.checks import Standing
from tradebot.engine.exchange.market import Listing, Market
from tradebot.engine.exchange.order_store import OrderStore
from tradebot.engine.exchange.orders import Execution, Order, OrderRequest
from tradebot.engine.exchange.triggers import armed, fires, has_trigger
from tradebot.engine.exchange.words import FaceName


class View:
    """Listings, markets, orders, accounts.

    Args of the constructor:
        markets: By listing key.
        store: Where orders are.
        books: Who holds what.
        start: The exchange's first instant, ns UTC.
    """

    def __init__(
        self, markets: dict[str, Market], store: OrderStore, books: Books, start: int
    ) -> None:
        self.markets = markets
        self.listings = {key: market.listing for key, market in markets.items()}
        self.store = store
        self.books = books
        self._now = start

    @property
    def now(self) -> int:
        """Return the instant the exchange has come to, ns UTC."""
        return self._now

    @property
    def accounts(self) -> dict[str, Account]:
        """Return the accounts by name."""
        return self.books.accounts

    def account_of_key(self, face: FaceName, key: str) -> Account | None:
        """Return the account of a face that a key opens."""
        for account in self.accounts.values():
            if account.terms.face == face and account.terms.key == key:
                return account
        return None

    def listed(self, face: FaceName) -> list[Listing]:
        """Return what a face trades."""
        return [listing for listing in self.listings.values() if listing.face == face]

    def listing(self, face: FaceName, symbol: str) -> Listing | None:
        """Return a face's listing."""
        return self.listings.get(f"{face}:{symbol}")

    def market(self, listing: Listing) -> Market:
        """Return a listing's market."""
        return self.markets[listing.key]

    def bars(
        self, listing: Listing, span: int, *, since: int = 0, until: int | None = None
    ) -> list[Bar]:
        """Return bars of a span, a multiple of a minute in ns, that start in [since, until), oldest first."""
        return self.market(listing).bars.bars(span, since=since, until=until)

    def order(self, number: int) -> Order | None:
        """Return an order."""
        return self.store.get(number)

    def executions(self, account: str) -> list[Execution]:
        """Return an account's executions, busts and corrections among them, oldest first."""
        return self.books.of_account(account)

    def locked(self, account: str) -> dict[str, int]:
        """Return what open orders keep back, amounts by asset."""
        return locked(self._open(account))

    def equity(self, account: str) -> int:
        """Return cash and positions at their marks, an amount of the account's currency."""
        books = self.accounts[account]
        currency = books.terms.currency
        held = books.holdings[currency]
        return held + sum(sign * value for sign, value in self._values(books))

    def exposure(self, account: str) -> int:
        """Return what positions are worth, long and short alike, an amount."""
        return sum(value for _, value in self._values(self.accounts[account]))

    def _values(self, account: Account) -> list[tuple[int, int]]:
        """Return sign and worth of each position that is held in the account's currency."""
        values: list[tuple[int, int]] = []
        for listing in self.listed(account.terms.face):
            held = account.position(listing)
            if held and listing.quote == account.terms.currency:
                worth = listing.amount(self.market(listing).mark(), abs(held))
                values.append((1 if held > 0 else -1, worth))
        return values

    def would_trigger(self, request: OrderRequest) -> bool:
        """Return whether an order's trigger has been passed already."""
        listing = self.listing_of(request)
        if listing is None:
            return False
        probe = Order(
            number=0, listing=listing.key, request=request, state="waiting", created=0, updated=0
        )
        last = self.market(listing).last_price
        return has_trigger(probe) and fires(armed(probe, last), last)

    def worst_price(self, listing: Listing, side: int, quantity: int) -> int:
        """Return the price to which a market order of a quantity would go; the last print on an empty side."""
        engine = self.market(listing).engine
        levels = engine.asks(1_000) if side > 0 else engine.bids(1_000)
        price = self.market(listing).last_price
        for price, offered in levels:  # noqa: B007  (the last one counts)
            quantity -= offered
            if quantity <= 0:
                break
        return price

    def quantity_for(self, listing: Listing, side: int, notional: int) -> int:
        """Return the largest quantity in lots that a market order trades for at most an amount of the quote asset."""
        engine = self.market(listing).engine
        total = 0
        for price, offered in engine.asks(1_000) if side > 0 else engine.bids(1_000):
            unit = listing.amount(price, 1)
            fits = min(offered, notional // unit)
            total += fits
            notional -= fits * unit
            if fits < offered:
                break
        return total // listing.lot * listing.lot

    def listing_of(self, request: OrderRequest) -> Listing | None:
        """Return the listing that a request means."""
        account = self.accounts.get(request.account)
        return self.listing(account.terms.face, request.symbol) if account is not None else None

    def worst_of(self, listing: Listing, request: OrderRequest) -> int:
        """Return the price at which a request must be carried."""
        return (
            request.limit
            or request.trigger
            or self.worst_price(listing, request.side, request.quantity)
        )

    def standing_of(self, account: Account, market: Market, *, without: int) -> Standing:
        """Return what an account's means are judged by, one order left out."""
        name = account.terms.name
        orders = [pair for pair in self._open(name) if pair[0].number != without]
        return Standing(account, market, orders, self.equity(name), self.exposure(name))

    def _open(self, account: str) -> list[tuple[Order, Listing]]:
        return [(order, self.listings[order.listing]) for order in self.store.open(account)]
