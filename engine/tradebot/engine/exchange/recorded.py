"""A recording as a crowd: its book's levels and prints, beside which the accounts' orders stand in the queue."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Quote, Trade
from tradebot.data.instruments import Instrument
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.exchange.market import CROWD_NUMBERS, Flow, Listing, Market, units_of
from tradebot.engine.exchange.session import Session
from tradebot.engine.exchange.words import AMOUNT_SCALE, FACES, FaceName
from tradebot.native import VenueEvent

_OVER = 1 << 62
"""Due time of a recording that is over."""


class RecordedFlow:
    """One listing's recording.

    The recording's quantity at a level stands there as the crowd's; what accounts take of it is back with the level's
    next update. A recorded print trades against the queue at its price first, so that it fills accounts' orders whose
    turn it is; what is left of it is printed between strangers.

    Args of the constructor:
        events: In the order of receiving; those of one instrument.
        start: The exchange's first instant, ns UTC, at which the first event is due.
    """

    def __init__(self, events: Iterable[AnyMarketEvent], start: int) -> None:
        self._events: Iterator[AnyMarketEvent] = iter(events)
        self._next = next(self._events, None)
        self._offset = start - (self._next.ts_recv if self._next is not None else start)
        self._levels: dict[int, set[int]] = {1: set(), -1: set()}

    @property
    def due(self) -> int:
        """Return when the next event is due, ns UTC."""
        return _OVER if self._next is None else self._next.ts_recv + self._offset

    def sleep_until(self, instant: int) -> None:
        """Let the recording stand until an instant: none of it is left out."""
        self._offset += max(0, instant - self.due)

    def act(self, market: Market) -> list[VenueEvent]:
        """Let the next event happen."""
        event, now = self._next, self.due
        self._next = next(self._events, None)
        match event:
            case BookSnapshot():
                return self._replace(market, event.bids, event.asks, now)
            case BookDelta():
                return self._change(market, event.bids, event.asks, now)
            case Quote():
                bid, ask = (
                    (event.bid_price, event.bid_quantity),
                    (event.ask_price, event.ask_quantity),
                )
                return self._replace(market, (bid,), (ask,), now)
            case Trade():
                return self._trade(market, event, now)
            case _:
                return []

    def come(self, market: Market) -> list[VenueEvent]:
        """Do nothing: the recording's next book fills the market."""
        del market
        return []

    def leave(self, market: Market) -> list[VenueEvent]:
        """Take the recording's levels out."""
        return self._replace(market, (), (), 0)

    def move(self, market: Market, price: int) -> list[VenueEvent]:
        """Take away the levels on the wrong side of a price; the recording goes on from where it is."""
        events: list[VenueEvent] = []
        for side, prices in self._levels.items():
            for at in [at for at in prices if (at - price) * side > 0]:
                events += self._set(market, side, at, 0, 0)
        return events

    def filled(self, number: int) -> None:
        """Do nothing: a level's quantity is read from the book."""

    def _replace(
        self,
        market: Market,
        bids: tuple[tuple[int, int], ...],
        asks: tuple[tuple[int, int], ...],
        now: int,
    ) -> list[VenueEvent]:
        events: list[VenueEvent] = []
        for side, levels in ((1, bids), (-1, asks)):
            kept = {price for price, _ in levels}
            for price in sorted(self._levels[side] - kept):
                events += self._set(market, side, price, 0, now)
        return events + self._change(market, bids, asks, now)

    def _change(
        self,
        market: Market,
        bids: tuple[tuple[int, int], ...],
        asks: tuple[tuple[int, int], ...],
        now: int,
    ) -> list[VenueEvent]:
        """Set levels, what becomes smaller first: the recording's two sides never trade with each other."""
        rows = [(1, *level) for level in bids] + [(-1, *level) for level in asks]
        events: list[VenueEvent] = []
        for side, price, quantity in rows:
            if quantity <= self._quantity(market, side, price):
                events += self._set(market, side, price, quantity, now)
        for side, price, quantity in rows:
            if quantity > self._quantity(market, side, price):
                events += self._give_way(market, side, price, now)
                events += self._set(market, side, price, quantity, now)
        return events

    def _give_way(self, market: Market, side: int, price: int, now: int) -> list[VenueEvent]:
        """Take away the recording's levels that a new one of the other side would trade with."""
        bid, _, ask, _ = market.quote()
        crosses = price >= ask > 0 if side > 0 else price <= bid
        if not crosses:
            return []
        events: list[VenueEvent] = []
        for passed in [at for at in self._levels[-side] if (price - at) * side >= 0]:
            events += self._set(market, -side, passed, 0, now)
        return events

    def _own(self, market: Market, side: int, price: int) -> list[tuple[int, int]]:
        """Return number and quantity of the recording's orders at a price, oldest first."""
        return [row for row in market.engine.orders_at(side, price) if row[0] >= CROWD_NUMBERS]

    def _quantity(self, market: Market, side: int, price: int) -> int:
        return sum(quantity for _, quantity in self._own(market, side, price))

    def _set(
        self, market: Market, side: int, price: int, quantity: int, now: int
    ) -> list[VenueEvent]:
        """Let the recording have so much at a price: the newest of it goes first, more comes last."""
        rows = self._own(market, side, price)
        missing = quantity - sum(size for _, size in rows)
        events: list[VenueEvent] = []
        for number, size in reversed(rows):
            if missing >= 0:
                break
            taken = min(size, -missing)
            events += market.reduce(number, size - taken)
            missing += taken
        if missing > 0:
            number = market.crowd_number()
            events += market.submit(
                number, side, "limit", "gtc", price=price, quantity=missing, now=now
            )
        (self._levels[side].add if quantity else self._levels[side].discard)(price)
        return events

    def _trade(self, market: Market, trade: Trade, now: int) -> list[VenueEvent]:
        bid, _, ask, _ = market.quote()
        side = trade.aggressor or (-1 if bid and trade.price <= bid else 1)
        events: list[VenueEvent] = []
        reaches = (trade.price >= ask > 0) if side > 0 else trade.price <= bid
        if reaches:
            number = market.crowd_number()
            events = market.submit(
                number, side, "limit", "ioc", price=trade.price, quantity=trade.quantity, now=now
            )
        matched = sum(one.quantity for one in events if one.liquidity == "taker")
        left = trade.quantity - matched
        if left > 0:
            market.print_trade(trade.price, left, buyer_is_maker=side < 0, now=now)
        return events


class RecordingRefused(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """A dataset cannot be traded here; the text is one line."""


class Recording(msgspec.Struct, frozen=True):
    """What a dataset makes of the exchange."""

    listings: tuple[Listing, ...]
    flows: dict[str, Flow]


def open_recording(store: Store, dataset: str, faces: Iterable[FaceName], start: int) -> Recording:
    """Return a dataset's instruments as listings of the faces they belong to, with their crowds.

    Args:
        store: Where the dataset is.
        dataset: Its name.
        faces: Which are spoken.
        start: The exchange's first instant, ns UTC.

    Raises:
        RecordingRefused: If no instrument of it belongs to a face that is spoken.
        DatasetError: If there is no such dataset, or a file of it is missing or damaged.
    """
    spoken = tuple(faces)
    listings: list[Listing] = []
    flows: dict[str, Flow] = {}
    found: list[str] = []
    for instrument in store.instruments(dataset):
        found.append(str(instrument.id))
        face = next((name for name in FACES if instrument.id.startswith(f"{name}:")), None)
        if face is None or face not in spoken:
            continue
        first = _first_price(store, dataset, instrument)
        if first is None:
            continue
        listing = _listing(instrument, face, first)
        listings.append(listing)
        flows[listing.key] = RecordedFlow(_events(store, dataset, instrument), start)
    if not listings:
        raise RecordingRefused(
            f"dataset {dataset} has {', '.join(found)}, of which {', '.join(spoken)} trades none with"
            " a price; --market takes a recording of a face that is spoken"
        )
    return Recording(tuple(listings), flows)


def _events(store: Store, dataset: str, instrument: Instrument) -> Iterator[AnyMarketEvent]:
    """Yield an instrument's events; quotes only where the dataset has no book of it."""
    books = any(
        file.kind == "book" and file.instrument == instrument.id
        for file in store.show(dataset).files
    )
    return (
        event
        for event in replay(store, dataset)
        if event.instrument == instrument.id and not (books and isinstance(event, Quote))
    )


def _first_price(store: Store, dataset: str, instrument: Instrument) -> int | None:
    for event in _events(store, dataset, instrument):
        match event:
            case Trade():
                return event.price
            case Quote() if event.bid_price > 0:
                return event.bid_price
            case BookSnapshot() | BookDelta() if event.bids:
                return max(price for price, _ in event.bids)
            case _:
                pass
    return None


def _listing(instrument: Instrument, face: FaceName, first: int) -> Listing:
    rules = instrument.rules[-1]
    equity = instrument.kind == "equity"
    scale = 10**AMOUNT_SCALE
    return Listing(
        face=face,
        symbol=str(instrument.id).partition(":")[2],
        kind="equity" if equity else "crypto",
        base=instrument.base,
        quote=instrument.currency,
        price_scale=instrument.price_scale,
        quantity_scale=instrument.quantity_scale,
        tick=rules.tick,
        lot=rules.lot,
        minimum=rules.quantity_min,
        maximum=min(rules.quantity_max, 10**6 * 10**instrument.quantity_scale),
        minimum_notional=units_of(Decimal(rules.notional_min), AMOUNT_SCALE) or 0,
        maximum_notional=0 if equity else 9_000_000 * scale,
        session=Session() if equity else None,
        shortable=equity,
        easy_to_borrow=equity,
        name=f"{instrument.base} / {instrument.currency}",
        exchange=face.upper(),
        start_price=first,
        size_lots=100,
    )
