"""The Rust extension: books, bars, matching, the simulated venue.

Prices and quantities are i64 units in the instrument's scale, ids u64, instruments u32, times i64 ns. A side is +1
(bid, buy) or -1 (ask, sell). A value outside its bound raises `ValueError` naming value and bound, and changes nothing
unless said otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Literal, final, override

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BarSeries",
    "L2Book",
    "L3Book",
    "MatchingEngine",
    "MonteCarlo",
    "QueuePlace",
    "RecordedLatency",
    "SyntheticParameters",
    "Venue",
    "VenueBook",
    "VenueEvent",
    "walk",
]

@final
class BarSeries:
    """Bars of one instrument and span, from trades or from a market's own bars: the first to come decides.

    A bar ends at a multiple of its span and exists only where something traded. A row is (end, open, high, low, close,
    volume) and covers [end - span, end). Sums are exact.
    """

    def __new__(cls, span_ns: int, capacity: int) -> BarSeries: ...
    def grow(self, capacity: int) -> None:
        """Keep at least so many closed bars from here on."""

    def trade(self, time: int, price: int, quantity: int) -> None:
        """Take a trade in, quantity >= 0; one from before the newest closed bar's end is passed over."""

    def bar(self, span_ns: int, row: tuple[int, int, int, int, int, int]) -> None:
        """Take a market's own bar of a span that divides this one in; passed over where trades make the series."""

    def warm(self, span_ns: int, rows: Sequence[tuple[int, int, int, int, int, int]]) -> None:
        """Take bars of the past in, oldest first; the last is left forming where its slot is not full.

        What closed since, and what is forming already, stays where the past does not reach.
        """

    def advance(self, time: int) -> bool:
        """Close what is over by an instant; return whether a bar closed. What bars make, bars close."""

    def count(self) -> int:
        """Return how many bars have closed as time went on, those that were dropped too; no warmed ones."""

    def forming(self) -> tuple[int, int, int, int, int, int] | None:
        """Return the bar that is not over yet."""

    def last(self) -> tuple[int, int, int, int, int, int] | None:
        """Return the newest closed bar."""

    def rows(self, start: int, stop: int) -> list[tuple[int, int, int, int, int, int]]:
        """Return closed bars from `start` up to `stop`, counted from the oldest kept, both >= 0."""

    def __len__(self) -> int: ...
    def sum_of_closes(self, window: int) -> int:
        """Return the sum of the last `window` closes, in [1, len]."""

    def sum_of_ranges(self, window: int) -> int:
        """Return the sum of the last `window` true ranges, each against the close before it; in [1, len - 1]."""

    def high(self, window: int) -> int:
        """Return the highest high of the last `window` bars."""

    def low(self, window: int) -> int:
        """Return the lowest low of the last `window` bars."""

    def variance(self, window: int) -> tuple[int, int]:
        """Return the sample variance of the last `window` >= 2 closes as a fraction (a, b)."""

@final
class L2Book:
    """Aggregated book of one instrument: quantity by price. A crossed feed is kept as published."""

    def __new__(cls) -> L2Book: ...
    def set_level(self, side: int, price: int, quantity: int) -> None:
        """Set the quantity at a price, >= 0; 0 removes the level."""

    def apply_levels(
        self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]
    ) -> None:
        """Apply absolute (price, quantity) updates of both sides, all or nothing."""

    def replace(self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> None:
        """Replace the whole book by a snapshot of (price, quantity)."""

    def apply(
        self, sides: NDArray[np.int8], prices: NDArray[np.int64], quantities: NDArray[np.int64]
    ) -> None:
        """Apply contiguous columns of equal length in row order, all or nothing."""

    def clear(self) -> None:
        """Forget every level."""

    def best_bid(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the highest bid."""

    def best_ask(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the lowest ask."""

    def bids(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def asks(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def depth(
        self, levels: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return bid prices, bid quantities, ask prices, ask quantities, at most `levels` each, best first."""

    def quantity_at(self, side: int, price: int) -> int:
        """Return the quantity at a price; 0 where no level is."""

    def level_count(self, side: int) -> int:
        """Return the number of levels of a side."""

    def is_crossed(self) -> bool:
        """Return whether the best bid is at or above the best ask."""

@final
class L3Book:
    """Every order of one instrument in its queue. A crossed feed is kept as published."""

    def __new__(cls) -> L3Book: ...
    def add(self, order_id: int, side: int, price: int, quantity: int) -> None:
        """Add an order of quantity >= 1 at the end of its queue; the id must not be resting."""

    def reduce(self, order_id: int, quantity: int) -> None:
        """Take `quantity`, in [1, what it has], off an order, which keeps its place; at 0 it is gone."""

    def delete(self, order_id: int) -> None:
        """Remove an order."""

    def replace(self, order_id: int, price: int, quantity: int) -> None:
        """Set price and quantity; the place is kept only at the same price with no more quantity."""

    def apply(
        self,
        kinds: NDArray[np.int8],
        order_ids: NDArray[np.uint64],
        sides: NDArray[np.int8],
        prices: NDArray[np.int64],
        quantities: NDArray[np.int64],
    ) -> None:
        """Apply contiguous columns in row order; kinds: 0 add, 1 reduce, 2 delete, 3 replace.

        Cells a kind does not need are ignored. A refused row raises `ValueError` naming it; the rows before it stay
        applied, the rest is not looked at.
        """

    def orders_at(self, side: int, price: int) -> list[tuple[int, int]]:
        """Return (order_id, quantity) at a price, oldest first."""

    def queue_position(self, order_id: int) -> tuple[int, int] | None:
        """Return number and quantity of the orders ahead at its price; None if it does not rest."""

    def best_bid(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the highest bid."""

    def best_ask(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the lowest ask."""

    def bids(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def asks(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def depth(
        self, levels: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return bid prices, bid quantities, ask prices, ask quantities, at most `levels` each, best first."""

    def quantity_at(self, side: int, price: int) -> int:
        """Return the total quantity at a price; 0 where no order is."""

    def level_count(self, side: int) -> int:
        """Return the number of prices with orders."""

    def is_crossed(self) -> bool:
        """Return whether the best bid is at or above the best ask."""

    def __contains__(self, order_id: int, /) -> bool: ...
    def __len__(self) -> int: ...

@final
class VenueEvent:
    """One answer of a venue; immutable, compared by value."""

    @property
    def kind(
        self,
    ) -> Literal[
        "accepted",
        "rejected",
        "filled",
        "cancelled",
        "expired",
        "reduced",
        "cancel_rejected",
        "reduce_rejected",
    ]:
        """What happened. `rejected`: the order never existed. The last two: nothing changed."""

    @property
    def order_id(self) -> int:
        """To which order."""

    @property
    def price(self) -> int:
        """Fill price for a fill, else the order's price; 0 for a market order or an unknown one."""

    @property
    def quantity(self) -> int:
        """Quantity accepted, refused, traded, or taken off by this event."""

    @property
    def leaves(self) -> int:
        """Quantity still working after it."""

    @property
    def liquidity(self) -> Literal["maker", "taker", ""]:
        """Part in the match; empty unless a fill."""

    @property
    def match_id(self) -> int:
        """Number of the match, the same for both sides; 0 unless a fill."""

    @property
    def reason(
        self,
    ) -> Literal[
        "",
        "post_only_would_take",
        "ioc_remainder",
        "fok_unfillable",
        "no_liquidity",
        "self_cross",
        "unknown_order",
        "not_smaller",
        "price_off_tick",
        "quantity_off_lot",
        "price_out_of_range",
    ]:
        """Why, for a refusal or an expiry."""

    @override
    def __eq__(self, other: object, /) -> bool: ...
    @override
    def __hash__(self) -> int: ...

@final
class MatchingEngine:
    """Price-time matching of one instrument; the book is never crossed."""

    def __new__(cls) -> MatchingEngine: ...
    def submit(
        self,
        order_id: int,
        side: int,
        kind: Literal["limit", "market"],
        tif: Literal["gtc", "ioc", "fok"],
        post_only: bool,
        price: int,
        quantity: int,
        owner: int = 0,
    ) -> list[VenueEvent]:
        """Match an order of quantity >= 1 with an id that is not resting.

        Returns `rejected`, or `accepted`, then for each match the taker's and the maker's `filled`, then `expired` for
        what may not rest. Fill-or-kill is checked before any match. A market order's price is ignored; it never rests.
        `post_only` needs limit and gtc. Orders of one owner > 0 never trade with each other: the incoming one expires
        with `self_cross` where it meets a resting one. Owner 0 is the crowd.
        """

    def cancel(self, order_id: int) -> list[VenueEvent]:
        """Return one `cancelled`, or one `cancel_rejected` if it does not rest."""

    def reduce(self, order_id: int, leaves: int) -> list[VenueEvent]:
        """Leave `leaves` >= 0 working, keeping the place; 0 cancels.

        Returns one `reduced` or `cancelled`, or one `reduce_rejected` if it does not rest or has no more than `leaves`.
        """

    def orders_at(self, side: int, price: int) -> list[tuple[int, int]]:
        """Return (order_id, quantity) at a price, oldest first."""

    def queue_position(self, order_id: int) -> tuple[int, int] | None:
        """Return number and quantity of the orders ahead at its price; None if it does not rest."""

    def best_bid(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the highest bid."""

    def best_ask(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the lowest ask."""

    def bids(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def asks(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def depth(
        self, levels: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return bid prices, bid quantities, ask prices, ask quantities, at most `levels` each, best first."""

    def quantity_at(self, side: int, price: int) -> int:
        """Return the total quantity at a price; 0 where no order is."""

    def level_count(self, side: int) -> int:
        """Return the number of prices with orders."""

    def is_crossed(self) -> bool:
        """Return whether the best bid is at or above the best ask: always False."""

    def __contains__(self, order_id: int, /) -> bool: ...
    def __len__(self) -> int: ...

type _Columns = tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]

@final
class MonteCarlo:
    """Simulated paths of wealth, the same from a seed on any number of threads and any processor.

    The generator is xoshiro256++ (Blackman, Vigna 2021), one stream for each block of 64 paths. Figures are per step.
    Each method returns, for each path, ln(wealth / start), the deepest share lost from a peak as seen on steps, and the
    chances in [0, 1] that target and ruin level were reached (empty arrays where none is watched). A share of wealth
    `fraction` in [0, 1000] is brought back at each step, the rest earns `cash` a step; what loses all falls to nothing.
    The interpreter is free meanwhile; every 50 ms `watch(done, paths)` is called, and what it raises ends the run.
    """

    def __new__(
        cls,
        paths: int,
        steps: int,
        seed: int,
        *,
        threads: int = 0,
        antithetic: bool = False,
        target: float | None = None,
        ruin: float | None = None,
    ) -> MonteCarlo:
        """Plan paths in [1, 2^30] of steps >= 1.

        Threads 0: as many as the machine has. Antithetic paths 2i and 2i + 1 are partners. Levels are multiples of the
        start: target > 1, ruin in (0, 1).
        """

    def diffusion(
        self,
        drift: float,
        deviation: float,
        *,
        bridge: bool = True,
        watch: Callable[[int, int], None] | None = None,
    ) -> _Columns:
        """Walk wealth that diffuses with a log drift and deviation; with `bridge` levels count between steps too."""

    def student(
        self,
        mean: float,
        deviation: float,
        degrees: float,
        *,
        fraction: float = 1.0,
        cash: float = 0.0,
        watch: Callable[[int, int], None] | None = None,
    ) -> _Columns:
        """Walk simple Student-t returns of mean and deviation, degrees > 2, floored at -1."""

    def jump(
        self,
        diffusion: tuple[float, float],
        intensity: float,
        jumps: tuple[float, float],
        *,
        fraction: float = 1.0,
        cash: float = 0.0,
        watch: Callable[[int, int], None] | None = None,
    ) -> _Columns:
        """Walk log returns (drift, deviation) with Poisson jumps of log size (mean, deviation)."""

    def regime(
        self,
        start: Sequence[float],
        transition: Sequence[Sequence[float]],
        laws: Sequence[tuple[float, float]],
        *,
        fraction: float = 1.0,
        cash: float = 0.0,
        watch: Callable[[int, int], None] | None = None,
    ) -> _Columns:
        """Walk log returns whose (mean, deviation) follow a Markov chain; the first step draws from `start`."""

    def bootstrap(
        self,
        returns: NDArray[np.float64],
        block: float,
        *,
        circular: bool = False,
        fraction: float = 1.0,
        cash: float = 0.0,
        watch: Callable[[int, int], None] | None = None,
    ) -> _Columns:
        """Walk recorded simple returns >= -1 in blocks: of mean length `block`, or of that length where circular."""

@final
class SyntheticParameters:
    """What an invented market is made of; immutable. Rates are per second of its own time.

    start_price: fair price at the start, a multiple of tick, in [1000 ticks, 2^52].
    tick: price step, > 0. lot: quantity step, in [1, 2^24].
    spread_ticks: mean quoted spread when calm, in [1, 50].
    volatility: standard deviation of the fair value's relative change over one second, in [0, 0.01]; volatility x
        start_price / tick, the ticks of an ordinary second, looks best between 0.5 and 10.
    jumps_per_hour: in [0, 3600]; a jump is 4 to 12 ordinary seconds large.
    arrivals_per_second, cancels_per_second: in [0, 500], beyond those that rebuild the touch.
    takes_per_second: in [0, 200], beyond those that hit stale quotes.
    size_lots: mean order, in [1, 2^30]. levels: kept a side, in [30, 200].
    """

    def __new__(
        cls,
        *,
        start_price: int,
        tick: int,
        lot: int,
        spread_ticks: float = 1.6,
        volatility: float = 0.0001,
        jumps_per_hour: float = 4.0,
        arrivals_per_second: float = 40.0,
        cancels_per_second: float = 30.0,
        takes_per_second: float = 3.0,
        size_lots: int = 20,
        levels: int = 40,
    ) -> SyntheticParameters: ...
    @override
    def __eq__(self, other: object, /) -> bool: ...

@final
class QueuePlace:
    """An order's place in a queue of which only the level's size and the trades are seen; `front` >= 0, always."""

    def __new__(cls, front: float) -> QueuePlace: ...
    @property
    def front(self) -> float:
        """Quantity in front."""

    def trade(self, quantity: float) -> float:
        """Take a trade at the level in; return what of it goes through to the order."""

    def depth(
        self,
        before: float,
        now: float,
        model: Literal["risk_averse", "power", "power2", "power3", "log", "log2"],
        power: float,
    ) -> None:
        """Take in that the level's size changed; what no trade explains was behind with `chance_behind`."""

    @staticmethod
    def chance_behind(
        model: Literal["risk_averse", "power", "power2", "power3", "log", "log2"],
        front: float,
        back: float,
        power: float,
    ) -> float:
        """Return the chance that a fall of the level happened behind the order."""

@final
class RecordedLatency:
    """Latencies of recorded orders, (requested, at the venue, answered) in ns; between them by straight lines."""

    def __new__(cls, rows: Sequence[tuple[int, int, int]]) -> RecordedLatency: ...
    def entry(self, requested: int) -> int:
        """Return how long an order takes to the venue, ns."""

    def back(self, exchange: int) -> int:
        """Return how long the answer takes from the venue, ns, of what reaches it at an instant."""

def walk(offered: Sequence[tuple[int, int]], quantity: int) -> tuple[list[tuple[int, int]], int]:
    """Take at most a quantity of (price, quantity) offered, best first; return what was taken and what is left."""

@final
class VenueBook:
    """A live view of one market's book in a `Venue`: the recorded one without our orders, or the invented one with."""

    def best_bid(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the highest bid."""

    def best_ask(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the lowest ask."""

    def bids(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def asks(self, levels: int) -> list[tuple[int, int]]:
        """Return at most `levels` (price, quantity), best first."""

    def depth(
        self, levels: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return bid prices, bid quantities, ask prices, ask quantities, at most `levels` each, best first."""

    def quantity_at(self, side: int, price: int) -> int:
        """Return the quantity at a price; 0 where no level is."""

    def level_count(self, side: int) -> int:
        """Return the number of levels of a side."""

    def is_crossed(self) -> bool:
        """Return whether the best bid is at or above the best ask."""

@final
class Venue:
    """Own orders on recorded, live or invented markets; no clock of its own, the same calls give the same events."""

    def __new__(cls) -> Venue: ...
    def add_recorded(
        self,
        instrument: int,
        queue: Literal["risk_averse", "power", "power2", "power3", "log", "log2"] = "risk_averse",
        power: float = 1.0,
    ) -> None:
        """Add a market that is fed by `on_book` and `on_trade`.

        `queue`: who stands behind our orders when a level falls and no trade says why; see `QueuePlace.depth`.
        """

    def add_synthetic(
        self, instrument: int, seed: int, parameters: SyntheticParameters, start_ns: int = 0
    ) -> None:
        """Add an invented market, book filled, first step due at start_ns + 50 ms."""

    def on_book(
        self,
        instrument: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
        snapshot: bool,
    ) -> list[VenueEvent]:
        """Feed a snapshot (True) or absolute updates (False) of a recorded market; returns our fills.

        A queue ahead larger than the display shrinks to it. Orders with nobody ahead fill as maker at their price
        against opposite levels that came to or through it.
        """

    def on_trade(
        self, instrument: int, price: int, quantity: int, aggressor: int
    ) -> list[VenueEvent]:
        """Feed a print of a recorded market; aggressor +1 buyer, -1 seller, 0 unknown; returns our fills.

        At our price the print eats the queue ahead, then fills us; strictly through it fills us at our price. Its
        volume is shared in price-time order and never used twice. An unknown aggressor is inferred from the book.
        """

    def next_time(self, instrument: int) -> int:
        """Return when the next step of an invented market is due, ns."""

    def advance(
        self, instrument: int
    ) -> tuple[
        list[tuple[int, int]], list[tuple[int, int]], list[tuple[int, int, int]], list[VenueEvent]
    ]:
        """Make one step of an invented market: (bids changed, asks changed, trades, our events).

        Levels are (price, absolute quantity with our orders; 0 = gone), best first, against the last step; the first
        step returns the whole book. Trades are (price, quantity, aggressor +1 or -1), with ours since the last step.
        """

    def history(self, instrument: int, span_ns: int, bars: int) -> NDArray[np.int64]:
        """Let an invented market have lived `span_ns` before its start; once, before the first step or order.

        The past ends at the start price. Returns shape (bars, 6), int64, C order, oldest first: close time relative to
        the start (ns, <= 0), open, high, low, close (price units), volume (quantity units).
        """

    def submit(
        self,
        order_id: int,
        instrument: int,
        side: int,
        kind: Literal["limit", "market"],
        tif: Literal["gtc", "ioc", "fok"],
        post_only: bool,
        price: int,
        quantity: int,
    ) -> list[VenueEvent]:
        """Enter an order of ours; events as `MatchingEngine.submit`, ours only.

        An invented market refuses prices off its tick, quantities off its lot, and limits beyond five times or below a
        fifth of its fair value. All our orders have one owner: they never trade with each other.
        """

    def restore(
        self, order_id: int, instrument: int, side: int, price: int, leaves: int
    ) -> list[VenueEvent]:
        """Put an order back that rested before a restart; it queues last, and no `accepted` is said again.

        Where the market has meanwhile come to its price it takes, and the fills are returned. An invented market
        answers `rejected` to what its rules would refuse.
        """

    def cancel(self, order_id: int) -> list[VenueEvent]:
        """Return one `cancelled`, or one `cancel_rejected` if it does not rest."""

    def reduce(self, order_id: int, leaves: int) -> list[VenueEvent]:
        """Leave `leaves` >= 0 of an order of ours, keeping its place; 0 cancels.

        Returns one `reduced` or `cancelled`, or one `reduce_rejected` if it does not rest or has no more than `leaves`.
        """

    def queue_ahead(self, order_id: int) -> int | None:
        """Return the quantity that trades before an order of ours.

        None if it does not rest, or while a recorded market does not show its price (no book yet, or beyond the worst
        displayed level).
        """

    def open_orders(self) -> list[tuple[int, int, int, int, int]]:
        """Return (order_id, instrument, side, price, leaves) of our resting orders, by order id."""

    def book(self, instrument: int) -> VenueBook:
        """Return a live view of a market's book."""

    def next_match_id(self) -> int:
        """Return the next match id; starts at 1."""

    def set_next_match_id(self, match_id: int) -> None:
        """Go on with match ids after a restart; in [`next_match_id()`, 2^63 - 1]."""
