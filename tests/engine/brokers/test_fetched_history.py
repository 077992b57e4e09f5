"""Histories of the local exchange's faces into the store, in virtual time: paged, refused, killed, gone on."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.engine.exchange.exchange_made import MONDAY_NOON, Made

from tradebot.data.errors import DatasetError
from tradebot.data.events import Bar, Trade
from tradebot.data.fetch.asking import Allowance, Asking
from tradebot.data.fetch.doors import Doors, FetchRefused, NoAnswer, Reply
from tradebot.data.fetch.run import Fetched, Into, fetch
from tradebot.data.fetch.source import Source
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.data.venues.alpaca.fetching import AlpacaSource
from tradebot.data.venues.alpaca.fetching import allowance as alpaca_allowance
from tradebot.data.venues.alpaca.public import public_instrument
from tradebot.data.venues.binance.fetching import BinanceSource
from tradebot.data.venues.binance.fetching import allowance as binance_allowance
from tradebot.data.venues.paging import Request
from tradebot.engine.exchange.alpaca.face import AlpacaFace
from tradebot.engine.exchange.binance.face import BinanceFace
from tradebot.engine.exchange.face import Floor, HttpReply, HttpRequest
from tradebot.engine.exchange.faults import Fault, FaultName, Faults
from tradebot.engine.exchange.words import FaceName

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=8,
    rules=(Rules(tick=1, lot=1),),
)
PAIR = public_instrument("BTC/USD")


type Make = Callable[..., "Desk"]


class Line:
    """The way to a face, its clock, and a plug to pull."""

    def __init__(self, name: FaceName, allowance: Allowance) -> None:
        self.made = Made((name,), crowd=True)
        self._name: FaceName = name
        self.floor = Floor(self.made.exchange, Faults())
        self.face = BinanceFace(self.floor) if name == "binance" else AlpacaFace(self.floor)
        self.asked: list[Request] = []
        self.slept: list[int] = []
        self.cut_after: int | None = None
        self.asking = Asking(
            Doors("a face", self._get, self.made.clock.now, self._sleep), allowance, "elsewhere"
        )

    def _get(self, request: Request) -> Reply:
        if self.cut_after is not None and len(self.asked) >= self.cut_after:
            raise KeyboardInterrupt
        self.asked.append(request)
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        reply = self.face.answer(HttpRequest(method="GET", path=request.path, query=query))
        assert isinstance(reply, HttpReply)
        if reply.cut:
            raise NoAnswer("the line dropped")
        return Reply(
            reply.status, {name.lower(): value for name, value in reply.headers}, reply.body
        )

    def _sleep(self, ns: int) -> None:
        self.slept.append(ns)
        self.made.pass_time(ns)

    def trade_for(self, seconds: int) -> None:
        for _ in range(seconds * 10):
            self.made.pass_time(10**8)

    def arm(self, fault: FaultName, count: int = 1, **args: str | float) -> None:
        self.floor.faults.arm(
            Fault(venue=self._name, fault=fault, on="request", count=count, args=dict(args)),
            self.made.clock.now(),
        )


class Desk(NamedTuple):
    """A history, the way to it and where it goes."""

    line: Line
    source: Source
    into: Into

    def fetch(self, start: int, end: int, rows_max: int = 10**6) -> Fetched:
        return fetch(self.into, self.source, (start, end), self.line.asking, rows_max=rows_max)


def binance(folder: Path, kind: str = "bars-1m") -> Desk:
    source = BinanceSource(BTC, kind)
    return Desk(
        Line("binance", binance_allowance), source, Into(Store(folder), f"binance:BTCUSDT/{kind}")
    )


def alpaca(folder: Path, kind: str = "bars-1m") -> Desk:
    source = AlpacaSource(PAIR, kind)
    return Desk(
        Line("alpaca", alpaca_allowance), source, Into(Store(folder), f"alpaca:BTC/USD/{kind}")
    )


@pytest.fixture(params=[binance, alpaca])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    made = request.param(tmp_path)
    assert isinstance(made, Desk)
    return made


def bars_of(desk: Desk) -> list[Bar]:
    return [one for one in replay(*desk.into) if isinstance(one, Bar)]


def test_three_days_of_minutes_come_page_by_page_each_once(desk: Desk) -> None:
    done = desk.fetch(MONDAY_NOON - 3 * DAY, MONDAY_NOON)
    bars = bars_of(desk)
    assert done.manifest is not None
    assert done.rows == len(bars) == done.manifest.rows
    closes = [bar.ts_event for bar in bars]
    assert closes == sorted(set(closes))
    assert closes[-1] <= MONDAY_NOON - 10 * 10**9  # what may still change is left for later
    assert len(closes) > 4_000
    assert all(bar.ts_recv == bar.ts_event and bar.low <= bar.close <= bar.high for bar in bars)


def test_a_second_fetch_asks_only_for_what_is_missing(desk: Desk) -> None:
    end = MONDAY_NOON - HOUR
    desk.fetch(end - DAY, end)
    sent = len(desk.line.asked)
    again = desk.fetch(end - DAY, end)
    assert (again.rows, again.asked, len(desk.line.asked)) == (0, (), sent)
    wider = desk.fetch(end - 2 * DAY, end + 10 * MINUTE)
    assert wider.asked == ((end - 2 * DAY, end - DAY), (end, end + 10 * MINUTE))
    assert wider.rows == 1_440 + 10
    closes = [bar.ts_event for bar in bars_of(desk)]
    assert closes == list(range(end - 2 * DAY + MINUTE, end + 10 * MINUTE + 1, MINUTE))


@pytest.mark.parametrize("made", [binance, alpaca])
def test_whatever_request_it_is_killed_at_what_is_kept_is_kept_and_the_end_is_the_same(
    made: Make, tmp_path: Path
) -> None:
    span = (MONDAY_NOON - 3 * DAY, MONDAY_NOON - HOUR)
    whole = made(tmp_path / "whole")
    whole.fetch(*span)
    told = [bar.close for bar in bars_of(whole)]
    sent = len(whole.line.asked)
    for cut in range(sent):
        desk = made(tmp_path / f"cut-{cut}")
        desk.line.cut_after = cut
        with pytest.raises(KeyboardInterrupt):
            desk.fetch(*span)
        store, dataset = desk.into
        kept = store.show(dataset).covered if store.holds(dataset) else ()
        assert store.check(dataset) == () if kept else True
        desk.line.cut_after = None
        done = desk.fetch(*span)
        assert done.asked[0][0] == (kept[-1][1] if kept else span[0])
        assert [bar.close for bar in bars_of(desk)] == told


def test_too_many_requests_are_waited_out_for_as_long_as_the_venue_says(tmp_path: Path) -> None:
    desk = binance(tmp_path)
    desk.line.arm("http_429")
    assert desk.fetch(MONDAY_NOON - 2 * HOUR, MONDAY_NOON - HOUR).rows == 60
    desk.line.arm("http_418")
    assert desk.fetch(MONDAY_NOON - 3 * HOUR, MONDAY_NOON - HOUR).rows == 60
    assert [ns // 10**9 for ns in desk.line.slept] == [2, 5]


def test_what_fails_for_a_while_is_tried_again_with_growing_pauses(desk: Desk) -> None:
    desk.line.arm("http_5xx", count=4)
    done = desk.fetch(MONDAY_NOON - 2 * HOUR, MONDAY_NOON - HOUR)
    assert done.rows == 60
    assert done.requests == 5
    assert [ns // 10**9 for ns in desk.line.slept] == [1, 2, 4, 8]


def test_what_fails_for_good_is_given_up_and_what_was_kept_stays(desk: Desk) -> None:
    desk.fetch(MONDAY_NOON - 2 * HOUR, MONDAY_NOON - HOUR)
    desk.line.arm("http_5xx", count=100)
    with pytest.raises(FetchRefused, match=r"no answer in 8 tries: HTTP 503.*kept") as refused:
        desk.fetch(MONDAY_NOON - 3 * HOUR, MONDAY_NOON - HOUR)
    assert refused.value.trouble == "unreachable"
    assert len(bars_of(desk)) == 60


def test_a_region_that_is_refused_is_told_at_once_with_the_next_source(desk: Desk) -> None:
    desk.line.arm("http_5xx", status=451)
    with pytest.raises(FetchRefused, match=r"451: a face does not serve.*try elsewhere") as refused:
        desk.fetch(MONDAY_NOON - 2 * HOUR, MONDAY_NOON - HOUR)
    assert refused.value.trouble == "region"
    assert desk.line.slept == []


def test_a_ban_of_hours_ends_the_fetch_in_place_of_waiting() -> None:
    reply = Reply(418, {"retry-after": "7200"}, b'{"code":-1003,"msg":"banned"}')
    slept: list[int] = []

    def only(_: Request) -> Reply:
        return reply

    asking = Asking(
        Doors("a face", only, lambda: MONDAY_NOON, slept.append),
        binance_allowance,
        "elsewhere",
    )
    with pytest.raises(FetchRefused, match=r"wants no request for 7200 s") as refused:
        asking.body(Request("/", {}))
    assert (refused.value.trouble, slept, asking.requests) == ("busy", [], 1)


def test_half_of_the_venues_weight_is_left_to_others(tmp_path: Path) -> None:
    desk = binance(tmp_path, "trades")
    span = (MONDAY_NOON - 800 * HOUR, MONDAY_NOON - HOUR)
    desk.fetch(*span)
    assert sum(request.weight for request in desk.line.asked) == 799 * 4
    assert len(desk.line.slept) == 1
    assert desk.line.slept[0] <= MINUTE


@pytest.mark.parametrize("made", [binance, alpaca])
def test_trades_are_kept_with_side_id_and_time(made: Make, tmp_path: Path) -> None:
    desk = made(tmp_path, "trades")
    desk.line.trade_for(60)
    done = desk.fetch(MONDAY_NOON, MONDAY_NOON + HOUR)
    trades = [one for one in replay(*desk.into) if isinstance(one, Trade)]
    assert done.rows == len(trades) > 50
    assert {one.aggressor for one in trades} == {1, -1}
    assert len({one.trade_id for one in trades}) == len(trades)
    assert all(MONDAY_NOON <= one.ts_event <= MONDAY_NOON + MINUTE for one in trades)


def test_more_rows_than_allowed_are_refused_before_the_first_or_after_the_last_whole_piece(
    tmp_path: Path,
) -> None:
    desk = binance(tmp_path)
    with pytest.raises(FetchRefused, match=r"at most 100, would be up to 1440.*--rows-max"):
        desk.fetch(MONDAY_NOON - 2 * DAY, MONDAY_NOON - DAY, rows_max=100)
    assert desk.line.asked == []
    trades = binance(tmp_path, "trades")
    trades.line.trade_for(60)
    with pytest.raises(FetchRefused, match=r"more rows than may be fetched at once"):
        trades.fetch(MONDAY_NOON, MONDAY_NOON + HOUR, rows_max=3)
    store, dataset = trades.into
    with pytest.raises(DatasetError, match="no dataset"):
        store.show(dataset)


def test_a_span_without_a_row_makes_no_dataset(desk: Desk) -> None:
    done = desk.fetch(MONDAY_NOON - 400 * DAY, MONDAY_NOON - 399 * DAY)
    assert (done.manifest, done.rows) == (None, 0)
