"""Where a sandbox's market comes from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.engine.live.live_bench import BTC, START, book, printed

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Quote, Trade
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import VenueEvent
from tradebot.engine.core.types import MINUTE, MS, SECOND
from tradebot.engine.live.markets import (
    HISTORY_BARS,
    INVENTED,
    SYNTHETIC_EPOCH,
    ReplayMarket,
    SyntheticMarket,
)
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.log import VenueLog
from tradebot.engine.venue.native import NativeVenue
from tradebot.native import Venue


class Nobody:
    """An engine that hears nothing."""

    def __init__(self, now: int) -> None:
        self.now = now

    def after(self, delay: int, take_place: Callable[[], None]) -> None:
        """Let it pass."""

    def answer(self, event: VenueEvent, delay: int) -> None:
        """Let it pass."""


class Invented:
    """An invented market at a venue nobody trades at."""

    def __init__(
        self,
        log: VenueLog,
        seed: int,
        start: int = SYNTHETIC_EPOCH,
        last: dict[InstrumentId, int] | None = None,
    ) -> None:
        native = Venue()
        self.market = SyntheticMarket(native, seed, start, last or {})
        self.venue = NativeVenue(
            native,
            tuple(invention.instrument for invention in INVENTED),
            log,
            fees=Fees(),
            engine=Nobody(start),
        )

    def events(self, steps: int) -> list[AnyMarketEvent]:
        return [event for _ in range(steps) for event in self.market.advance(self.venue)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[VenueLog]:
    made = VenueLog(tmp_path / "venue.log")
    yield made
    made.close()


def quote(after_ms: int) -> Quote:
    ts = START + after_ms * MS
    return Quote(
        instrument=BTC.id,
        ts_event=ts,
        ts_recv=ts,
        bid_price=1,
        bid_quantity=1,
        ask_price=2,
        ask_quantity=1,
    )


# ------------------------------------------------------------------------------------ invented


def test_same_seed_is_the_same_market_and_another_is_not(log: VenueLog) -> None:
    first, second, other = (Invented(log, seed) for seed in (7, 7, 8))
    assert first.market.history() == second.market.history()
    events = first.events(200)
    assert events == second.events(200)
    assert events != other.events(200)


def test_every_symbol_begins_with_a_whole_book_and_goes_on_with_changes(log: VenueLog) -> None:
    events = Invented(log, 7).events(300)
    for invention in INVENTED:
        books = [
            event
            for event in events
            if isinstance(event, BookSnapshot | BookDelta)
            and event.instrument == invention.instrument.id
        ]
        assert isinstance(books[0], BookSnapshot)
        assert all(isinstance(event, BookDelta) for event in books[1:])
        assert len(books) > 10
        assert min(price for price, _ in books[0].asks) > max(price for price, _ in books[0].bids)


def test_invented_time_never_goes_back_and_next_time_tells_it(log: VenueLog) -> None:
    invented = Invented(log, 7)
    before = 0
    for _ in range(200):
        due = invented.market.next_time()
        assert due is not None
        assert due >= before
        assert all(event.ts_recv == due for event in invented.market.advance(invented.venue))
        before = due


def test_invented_prints_are_prices_of_orders_on_the_tick(log: VenueLog) -> None:
    rules = {invention.instrument.id: invention.instrument.rules[0] for invention in INVENTED}
    prints = [event for event in Invented(log, 7).events(2000) if isinstance(event, Trade)]
    assert {event.aggressor for event in prints} == {1, -1}
    assert all(event.price % rules[event.instrument].tick == 0 for event in prints)


def test_market_goes_on_from_its_last_prices_after_a_restart(log: VenueLog) -> None:
    first = Invented(log, 7)
    first.events(500)
    last = first.market.last_prices()
    second = Invented(log, 7, SYNTHETIC_EPOCH + 25 * SECOND, last)
    opening = [event for event in second.events(3) if isinstance(event, BookSnapshot)]
    assert len(opening) == len(INVENTED)
    for event in opening:
        middle = (event.bids[0][0] + event.asks[0][0]) / 2
        assert abs(middle / last[event.instrument] - 1) < 0.001


def test_market_does_not_repeat_its_first_minute_after_a_restart(log: VenueLog) -> None:
    first = Invented(log, 7).events(100)
    second = Invented(log, 7, SYNTHETIC_EPOCH + MINUTE).events(100)
    assert [event.ts_recv - SYNTHETIC_EPOCH for event in first[:3]] == [
        event.ts_recv - SYNTHETIC_EPOCH - MINUTE for event in second[:3]
    ]
    prices = [
        [event.price for event in events if isinstance(event, Trade)] for events in (first, second)
    ]
    assert prices[0] != prices[1]


def test_history_is_whole_minutes_up_to_the_start_whenever_that_is(log: VenueLog) -> None:
    start = SYNTHETIC_EPOCH + 90 * SECOND + 1
    for candles in Invented(log, 7, start).market.history().values():
        assert len(candles) == HISTORY_BARS
        opens = [candle.ts_open for candle in candles]
        assert opens[-1] == SYNTHETIC_EPOCH
        assert opens == [opens[-1] - MINUTE * back for back in reversed(range(HISTORY_BARS))]
        assert all(
            candle.low
            <= min(candle.open, candle.close)
            <= max(candle.open, candle.close)
            <= candle.high
            for candle in candles
        )


# ------------------------------------------------------------------------------------ recorded


def recorded_venue(log: VenueLog) -> NativeVenue:
    native = Venue()
    native.add_recorded(0)
    return NativeVenue(
        native,
        (BTC,),
        log,
        fees=Fees(),
        engine=Nobody(START),
    )


def test_recording_is_handed_over_event_by_event_with_its_times(log: VenueLog) -> None:
    events = [book(0), printed(50, 9_999_0, 1), book(100)]
    market, venue = ReplayMarket(iter(events), "spot/day"), recorded_venue(log)
    handed: list[AnyMarketEvent] = []
    times: list[int | None] = []
    while market.next_time() is not None:
        times.append(market.next_time())
        handed += market.advance(venue)
    assert handed == events
    assert times == [event.ts_recv for event in events]
    assert market.advance(venue) == []
    assert market.last_prices() == {BTC.id: 9_999_0}
    assert market.description == "replay spot/day"


def test_quotes_are_left_out_once_there_is_a_book(log: VenueLog) -> None:
    events = [quote(0), quote(10), book(20), quote(30), printed(40, 1, 1), quote(50)]
    market, venue = ReplayMarket(iter(events), "spot/day"), recorded_venue(log)
    handed = [market.advance(venue)[0] for _ in range(4)]
    assert handed == [events[0], events[1], events[2], events[4]]
    assert market.next_time() is None


def test_quotes_of_an_instrument_without_a_book_stay(log: VenueLog) -> None:
    other = book(0, instrument=InstrumentId("binance:ETHUSDT"))
    market = ReplayMarket(iter([other, quote(10)]), "spot/day")
    del log
    assert market.next_time() == START
