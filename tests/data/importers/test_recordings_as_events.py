"""Recordings of sockets and of LOBSTER as market events."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tradebot.data.errors import ImportFormatError, UnknownFormatError
from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, FeedGap, Quote, Trade
from tradebot.data.importers.opening import IMPORT_FORMATS, ImportOptions, open_importer
from tradebot.data.recordings.problems import Problems
from tradebot.native import L2Book

type Lines = list[str]
type Write = Callable[..., Path]


def events_of(
    format_name: str, *paths: Path, options: ImportOptions | None = None
) -> tuple[list[AnyMarketEvent], Problems]:
    problems = Problems()
    importer, _ = open_importer(format_name, paths, options)
    return [numbered.event for numbered in importer.events(problems)], problems


def play(book: L2Book, event: AnyMarketEvent) -> None:
    match event:
        case BookSnapshot():
            book.replace(event.bids, event.asks)
        case BookDelta():
            book.apply_levels(event.bids, event.asks)
        case _:
            pass


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("snapshot", [False, True])
def test_binance_events_build_the_book_its_quotes_show(
    seed: int, *, snapshot: bool, binance: Callable[..., Lines], write: Write
) -> None:
    events, problems = events_of("binance-raw", write("a", binance(seed, snapshot=snapshot)))
    book, last_quote = L2Book(), None
    times = [event.ts_recv for event in events]
    assert times == sorted(times)
    books = [event for event in events if isinstance(event, BookSnapshot | BookDelta)]
    assert isinstance(books[0], BookSnapshot) == snapshot
    for event in events:
        play(book, event)
        if isinstance(event, Quote):
            last_quote = event
        if isinstance(event, BookDelta) and last_quote is not None:
            assert book.best_bid() == (last_quote.bid_price, last_quote.bid_quantity)
            assert book.best_ask() == (last_quote.ask_price, last_quote.ask_quantity)
    assert problems.gaps.count == 0
    assert len([event for event in events if isinstance(event, Trade)]) == 9


def test_binance_gap_is_an_event(binance: Callable[..., Lines], write: Write) -> None:
    lines = binance(1)
    at = [n for n, line in enumerate(lines) if "@depth" in line][30]
    events, problems = events_of("binance-raw", write("a", lines[:at] + lines[at + 1 :]))
    gaps = [event for event in events if isinstance(event, FeedGap)]
    assert len(gaps) == problems.gaps.count == 1
    assert gaps[0].expected_id < gaps[0].got_id


def test_binance_line_from_the_past_takes_the_time_of_the_line_above(
    binance: Callable[..., Lines], write: Write
) -> None:
    lines = binance(1)
    lines[50] = (
        "1"
        + lines[50][1:].partition(" ")[0].replace("7", "6", 1)
        + " "
        + lines[50].partition(" ")[2]
    )
    events, problems = events_of("binance-raw", write("a", lines))
    times = [event.ts_recv for event in events]
    assert times == sorted(times)
    assert problems.disordered.count == 1
    assert problems.disordered.first[0].line == 51


@pytest.mark.parametrize(
    ("symbol", "futures", "instrument_id", "kind", "inverse"),
    [
        ("BTCUSDT", False, "binance:BTCUSDT", "spot", False),
        ("BTCUSDT", True, "binance-usdm:BTCUSDT", "perpetual", False),
        ("BTCUSDT_240927", True, "binance-usdm:BTCUSDT_240927", "future", False),
        ("BTCUSD_PERP", True, "binance-coinm:BTCUSD_PERP", "perpetual", True),
    ],
)
def test_binance_instruments_are_told_apart(  # noqa: PLR0913, PLR0917 one column a parameter
    symbol: str,
    futures: bool,  # noqa: FBT001
    instrument_id: str,
    kind: str,
    inverse: bool,  # noqa: FBT001
    binance: Callable[..., Lines],
    write: Write,
) -> None:
    lines = [
        line.replace("BTCUSDT", symbol).replace("btcusdt", symbol.lower())
        for line in binance(1, futures=futures)
    ]
    importer, _ = open_importer("binance-raw", [write("a", lines)])
    (instrument,) = importer.instruments
    assert (instrument.id, instrument.kind, instrument.inverse) == (instrument_id, kind, inverse)
    assert (instrument.price_scale, instrument.quantity_scale) == (2, 3)
    if inverse:
        units = instrument.quantity_units(Decimal(3))
        assert instrument.notional(instrument.price_units(Decimal(60_000)), units) == 300


def test_trades_outside_of_the_market_and_aggregates_beside_trades_are_left_out(
    write: Write,
) -> None:
    trade = {"e": "trade", "E": 1, "T": 1, "s": "A", "t": 1, "p": "1", "q": "2", "m": True}
    messages = [
        trade | {"X": "MARKET"},
        trade | {"X": "INSURANCE_FUND"},
        {"e": "aggTrade", "E": 1, "T": 1, "s": "A", "a": 1, "p": "1", "q": "2", "m": False},
    ]
    lines = [f"{n} {json.dumps(message)}" for n, message in enumerate(messages, 1)]
    events, problems = events_of("binance-raw", write("a", lines))
    assert [type(event) for event in events] == [Trade]
    assert problems.ignored == 2
    alone, _ = events_of("binance-raw", write("b", lines[2:]))
    assert isinstance(alone[0], Trade)
    assert alone[0].aggressor == 1


@pytest.mark.parametrize("seed", range(8))
def test_kraken_events_build_a_book_and_a_lost_update_is_a_gap(
    seed: int, kraken: Callable[..., Lines], write: Write
) -> None:
    lines = kraken(seed)
    events, problems = events_of("cryptofeed", write("KRAKEN.ws.1", lines))
    assert isinstance(events[0], BookSnapshot)
    assert len(events) == 61
    assert problems.gaps.count == 0
    book = L2Book()
    for event in events:
        play(book, event)
        assert not book.is_crossed()
    updates = [n for n, line in enumerate(lines) if '"c":' in line]
    broken = [
        events_of("cryptofeed", write("KRAKEN.ws.2", lines[:at] + lines[at + 1 :]))[0]
        for at in updates[5:20]
    ]
    assert any(isinstance(event, FeedGap) for events in broken for event in events)


def test_kraken_trades_and_spreads_are_trades_and_quotes(write: Write) -> None:
    messages: list[object] = [
        [
            1,
            [["10.50", "2.0", "1618678132.5", "b", "l", ""], ["10.4", "1", "1.5", "s", "m", ""]],
            "trade",
            "A/EUR",
        ],
        [1, ["10.4", "10.6", "1618678132.5", "3.0", "4.25"], "spread", "A/EUR"],
        [1, {"a": [["1", "1", "1.0"]], "c": "1"}, "book-10", "A/EUR"],
        [1, ["x"], "ticker", "A/EUR"],
    ]
    lines = [f"161867813{n}.0: {json.dumps(message)}" for n, message in enumerate(messages)]
    events, problems = events_of("cryptofeed", write("KRAKEN.ws.1", lines))
    assert isinstance(events[0], Trade)
    assert isinstance(events[1], Trade)
    assert (events[0].aggressor, events[1].aggressor) == (1, -1)
    assert (events[0].price, events[0].ts_event) == (105, 1_618_678_132_500_000_000)
    assert isinstance(events[2], Quote)
    assert (events[2].bid_price, events[2].ask_quantity) == (104, 425)
    assert isinstance(events[3], BookDelta)  # no snapshot in the recording: from empty
    assert problems.ignored == 1


@pytest.mark.parametrize("seed", range(8))
def test_lobster_events_build_each_row(
    seed: int, lobster: Callable[..., tuple[Lines, Lines]], write: Write
) -> None:
    messages, books = lobster(seed)
    path = write("AAPL_2012-06-21_x.csv", messages)
    events, _ = events_of("lobster", path, write("b.csv", books))
    book = L2Book()
    for event in events:
        play(book, event)
    cells = [int(cell) for cell in books[-1].split(",")]
    asks = [(cells[n], cells[n + 1]) for n in range(0, 12, 4) if cells[n + 1]]
    bids = [(cells[n], cells[n + 1]) for n in range(2, 12, 4) if cells[n + 1]]
    assert (book.asks(9), book.bids(9)) == (asks, bids)
    assert events[0].instrument == "nasdaq:AAPL"
    assert events[0].ts_event == 1_340_285_400 * 10**9
    executed = sum(line.split(",")[1] in {"4", "5"} for line in messages)
    assert sum(isinstance(event, Trade) for event in events) == executed


def test_lobster_symbol_and_day_can_be_said(
    lobster: Callable[..., tuple[Lines, Lines]], write: Write
) -> None:
    messages, books = lobster(1)
    files = [write("m.csv", messages), write("b.csv", books[:50])]
    options = ImportOptions(symbol="MSFT", date="2012-06-22")
    importer, _ = open_importer("lobster", files, options)
    problems = Problems()
    events = list(importer.events(problems))
    assert events[0].event.instrument == "nasdaq:MSFT"
    assert events[0].event.ts_event == 1_340_371_800 * 10**9
    assert problems.gaps.count == 1
    unsaid, _ = open_importer("lobster", files)
    assert unsaid.guesses["date"] == "1970-01-01"
    with pytest.raises(UnknownFormatError, match="date must be like"):
        open_importer("lobster", files, ImportOptions(date="yesterday"))


def test_unknown_formats_name_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match=", ".join(IMPORT_FORMATS)):
        open_importer("nope", [tmp_path])
    with pytest.raises(UnknownFormatError, match="comes later"):
        open_importer("databento", [tmp_path])
    with pytest.raises(ImportFormatError, match="1 file at a time"):
        open_importer("csv", [tmp_path, tmp_path])
    with pytest.raises(UnknownFormatError, match="tick must be > 0"):
        open_importer("csv", [tmp_path], ImportOptions(tick=Decimal(0)))
