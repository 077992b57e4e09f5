"""One listing's market: what it is, its book, its prints, and the crowd that trades there."""

from collections import deque
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from tradebot.engine.exchange.bars import MinuteBars
from tradebot.engine.exchange.happenings import BookChanged, MarketHappening, QuoteChanged, Traded
from tradebot.engine.exchange.session import Phase, Session
from tradebot.engine.exchange.words import AMOUNT_SCALE, FaceName, Trade
from tradebot.native import MatchingEngine, VenueEvent

CROWD_NUMBERS = 1 << 40
"""Order numbers from here on are the crowd's."""

_TRADES_KEPT = 5_000
_MATCHES_KEPT = 5_000
"""The crowd acts with several orders before its matches are booked."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What is traded at a face. Prices and quantities are integers in its scales."""

    face: FaceName
    symbol: str
    """As the face writes it: `BTCUSDT`, `BTC/USD`, `AAPL`."""
    kind: Literal["equity", "crypto"]
    base: str
    """The asset that is bought and sold; an equity's own symbol."""
    quote: str
    price_scale: int
    quantity_scale: int
    tick: int
    lot: int
    minimum: int
    """Smallest quantity of an order."""
    maximum: int
    minimum_notional: int = 0
    """Amount; 0 = none."""
    maximum_notional: int = 0
    """Amount; 0 = none."""
    session: Session | None = None
    """None: around the clock."""
    shortable: bool = False
    easy_to_borrow: bool = False
    fractionable: bool = True
    name: str = ""
    exchange: str = ""
    """Where the venue says it is listed: `NASDAQ`, `PAXOS`."""
    contract: int = 0
    """IB's contract id."""
    start_price: int
    volatility_bps: int = 50
    """Standard deviation of the fair price over a second, in 1/100 of a basis point."""
    size_lots: int
    """Mean size of the crowd's orders in lots."""

    @property
    def key(self) -> str:
        """Return the name that is unique over all faces."""
        return f"{self.face}:{self.symbol}"

    def amount(self, price: int, quantity: int) -> int:
        """Return what a quantity costs at a price, an amount of the quote asset."""
        return price * quantity * 10 ** (AMOUNT_SCALE - self.price_scale - self.quantity_scale)

    def base_amount(self, quantity: int) -> int:
        """Return a quantity as an amount of the base asset."""
        return quantity * 10 ** (AMOUNT_SCALE - self.quantity_scale)

    def quantity_of(self, amount: int) -> int:
        """Return an amount of the base asset as a quantity, rounded down."""
        return amount // 10 ** (AMOUNT_SCALE - self.quantity_scale)

    def phase(self, now: int) -> Phase:
        """Return where its day is, ns UTC."""
        return "open" if self.session is None else self.session.phase(now)


def decimal_of(units: int, scale: int) -> Decimal:
    """Return units of a scale as a decimal number."""
    return Decimal(units).scaleb(-scale)


def units_of(number: Decimal, scale: int) -> int | None:
    """Return a decimal number as units of a scale; None where it has more decimals than the scale."""
    scaled = number.scaleb(scale)
    whole = int(scaled)
    return whole if scaled == whole else None


class Flow(Protocol):
    """Who trades at a market besides the accounts."""

    @property
    def due(self) -> int:
        """Return when it next acts, ns UTC."""
        ...

    def act(self, market: "Market") -> list[VenueEvent]:
        """Act once; return what the engine answered, in order."""
        ...

    def leave(self, market: "Market") -> list[VenueEvent]:
        """Take all its orders out: the market closes."""
        ...

    def sleep_until(self, instant: int) -> None:
        """Do nothing before an instant, ns UTC."""
        ...

    def move(self, market: "Market", price: int) -> list[VenueEvent]:
        """Believe in another price at once: quotes on its wrong side go, others come."""
        ...

    def filled(self, number: int) -> None:
        """Learn that one of its orders was traded whole."""
        ...

    def come(self, market: "Market") -> list[VenueEvent]:
        """Come back and fill the book: the market opens."""
        ...


class Market:
    """A listing's book with its update ids, prints and bars; every order of it goes through here."""

    def __init__(self, listing: Listing, flow: Flow, bars: MinuteBars) -> None:
        self.listing = listing
        self.engine = MatchingEngine()
        self.flow = flow
        self.bars = bars
        self.phase: Phase = "closed"
        self.update_id = 1
        self.last_price = listing.start_price
        self.trades: deque[Trade] = deque(maxlen=_TRADES_KEPT)
        self._trade_number = 0
        self._touched: set[int] = set()
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._quote = (0, 0, 0, 0)
        self._pending: list[MarketHappening] = []
        self._crowd = CROWD_NUMBERS
        self._prints: list[int] = []
        self._matches: dict[int, int] = {}

    def crowd_number(self) -> int:
        """Return a number for a new order of the crowd."""
        self._crowd += 1
        return self._crowd

    def submit(  # noqa: PLR0913  (what the engine wants to know)
        self,
        number: int,
        side: int,
        kind: Literal["limit", "market"],
        tif: Literal["gtc", "ioc", "fok"],
        *,
        price: int,
        quantity: int,
        post_only: bool = False,
        owner: int = 0,
        now: int,
    ) -> list[VenueEvent]:
        """Give an order to the book; `owner` 0 is the crowd."""
        events = self.engine.submit(number, side, kind, tif, post_only, price, quantity, owner)
        for event in events:
            if event.kind == "filled":
                self._touched.add(event.price)
                if event.liquidity == "taker":
                    self._print(event.price, event.quantity, buyer_is_maker=side < 0, now=now)
                    self._matches[event.match_id] = self._trade_number
                    if len(self._matches) > _MATCHES_KEPT:
                        del self._matches[next(iter(self._matches))]
        if kind == "limit":
            self._touched.add(price)
        return events

    def cancel(self, number: int) -> list[VenueEvent]:
        """Take an order out of the book."""
        events = self.engine.cancel(number)
        self._touched.update(event.price for event in events if event.kind == "cancelled")
        return events

    def reduce(self, number: int, leaves: int) -> list[VenueEvent]:
        """Leave so much of an order working, its place kept."""
        events = self.engine.reduce(number, leaves)
        self._touched.update(event.price for event in events if event.kind != "reduce_rejected")
        return events

    def print_trade(self, price: int, quantity: int, *, buyer_is_maker: bool, now: int) -> None:
        """Print a trade between strangers: nobody's order is filled."""
        self._print(price, quantity, buyer_is_maker=buyer_is_maker, now=now)

    def _print(self, price: int, quantity: int, *, buyer_is_maker: bool, now: int) -> None:
        self._trade_number += 1
        trade = Trade(self._trade_number, price, quantity, buyer_is_maker, now)
        self.trades.append(trade)
        self.last_price = price
        self._prints.append(price)
        self.bars.trade(
            now,
            price,
            quantity,
            self.listing.amount(price, quantity),
            taker_buys=not buyer_is_maker,
        )
        self._pending.append(Traded(self.listing.face, self.listing.key, trade))

    def trade_of(self, match: int) -> int:
        """Return the number of the print that one of the newest matches made."""
        return self._matches[match]

    def prints(self) -> list[int]:
        """Return the prices of what printed since the last call: what triggers stops."""
        prints, self._prints = self._prints, []
        return prints

    def changes(self, now: int) -> list[MarketHappening]:
        """Return what the market's streams would say since the last call: prints, levels, the touch."""
        bids = self._moved(self._bids, 1)
        asks = self._moved(self._asks, -1)
        self._touched.clear()
        if bids or asks:
            first = self.update_id + 1
            self.update_id += len(bids) + len(asks)
            listing = self.listing
            self._pending.append(
                BookChanged(listing.face, listing.key, first, self.update_id, bids, asks, now)
            )
            quote = self.quote()
            if quote != self._quote:
                self._quote = quote
                self._pending.append(
                    QuoteChanged(listing.face, listing.key, *quote, self.update_id, now)
                )
        pending, self._pending = self._pending, []
        return pending

    def _moved(self, shown: dict[int, int], side: int) -> tuple[tuple[int, int], ...]:
        """Return the levels of a side that are not as they were shown last, best first, and note them as shown."""
        moved: list[tuple[int, int]] = []
        for price in sorted(self._touched, reverse=side > 0):
            quantity = self.engine.quantity_at(side, price)
            if quantity == shown.get(price, 0):
                continue
            moved.append((price, quantity))
            if quantity:
                shown[price] = quantity
            else:
                del shown[price]
        return tuple(moved)

    def quote(self) -> tuple[int, int, int, int]:
        """Return bid, bid quantity, ask, ask quantity; 0 where a side is empty."""
        bid = self.engine.best_bid() or (0, 0)
        ask = self.engine.best_ask() or (0, 0)
        return bid[0], bid[1], ask[0], ask[1]

    def mark(self) -> int:
        """Return the price positions are valued at: the last print."""
        return self.last_price
