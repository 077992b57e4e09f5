"""Bars from CSV: what is guessed, what is said, what is counted."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tradebot.data.errors import ImportFormatError, UnknownFormatError
from tradebot.data.events import Bar
from tradebot.data.importers.csv_bars import CsvBarsImporter, CsvOptions
from tradebot.data.importers.csv_time import guess_style, zone_of
from tradebot.data.recordings.problems import Problems

type Write = Callable[..., Path]

MINUTE = 60 * 10**9


def bars_of(importer: CsvBarsImporter) -> tuple[list[Bar], Problems]:
    problems = Problems()
    bars = [numbered.event for numbered in importer.events(problems)]
    assert all(isinstance(bar, Bar) for bar in bars)
    return [bar for bar in bars if isinstance(bar, Bar)], problems


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


def test_guesses_are_shown_and_bars_close_a_span_after_they_open(write: Write) -> None:
    path = write(
        "gbpusd-m1-bid.csv",
        [
            "timestamp,open,high,low,close",
            "2012-02-01 00:00:00+00:00,1.57597,1.57606,1.57576,1.57576",
            "2012-02-01 00:01:00+00:00,1.57576,1.57583,1.57543,1.5755",
        ],
    )
    importer = CsvBarsImporter(path)
    bars, problems = bars_of(importer)
    assert bars[0].ts_event == bars[0].ts_recv == ns("2012-02-01T00:01:00+00:00")
    assert (bars[0].open, bars[1].close, bars[0].volume, bars[0].span_ns) == (
        157_597,
        157_550,
        0,
        MINUTE,
    )
    assert problems.messages == 3
    (instrument,) = importer.instruments
    assert (instrument.id, instrument.kind, instrument.currency) == ("csv:GBPUSD", "fx", "USD")
    assert importer.guesses == {
        "time-column": "timestamp",
        "time-style": "iso",
        "zone": "as the file says",
        "order": "oldest first",
        "span": "1m",
        "stamp": "open",
        "symbol": "csv:GBPUSD",
        "currency": "USD",
        "tick": "0.00001",
    }


def test_options_outweigh_guesses(write: Write) -> None:
    path = write(
        "x.csv",
        [
            "when;Open;High;Low;Close;Volume;Trades",
            "2024-03-08 16:00;10;11;9;10.5;1000.5;7",
            "2024-03-11 16:00;10;11;9;10.5;10;3",
            "2024-03-12 16:00;10;11;9;10.5;10;3",
        ],
    )
    options = CsvOptions(
        time_column="WHEN",
        zone="America/New_York",
        stamp="close",
        symbol="ib:AAPL",
        currency="EUR",
        tick=Decimal("0.01"),
    )
    importer = CsvBarsImporter(path, options)
    bars, _ = bars_of(importer)
    assert bars[0].ts_event == ns("2024-03-08T21:00:00+00:00")
    assert bars[1].ts_event == ns("2024-03-11T20:00:00+00:00")  # summer time has begun
    assert (bars[0].trades, bars[0].volume) == (7, 10_005)
    (instrument,) = importer.instruments
    assert (instrument.id, instrument.currency, instrument.price_scale) == ("ib:AAPL", "EUR", 2)
    assert instrument.rules[0].tick == 1
    assert importer.guesses["span"] == "1d"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1700000000", "1700000060"),
        ("1700000000000", "1700000060000"),
        ("1700000000000000", "1700000060000000"),
        ("1700000000000000000", "1700000060000000000"),
        ("1700000000.5", "1700000060.5"),
        ("2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z"),
        ("2023-11-14 22:13:20.123456789", "2023-11-14 22:14:20.123456789"),
        ("20231114 221320", "20231114 221420"),
        ("11/14/2023 22:13", "11/14/2023 22:14"),
        ("14/11/2023 22:13", "14/11/2023 22:14"),
        ("14.11.2023 22:13:20", "14.11.2023 22:14:20"),
        ("2023/11/14 22:13:20", "2023/11/14 22:14:20"),
    ],
)
def test_times_of_many_styles_are_read(write: Write, first: str, second: str) -> None:
    path = write("a.csv", ["time,open,high,low,close", f"{first},1,1,1,1", f"{second},1,1,1,1"])
    bars, _ = bars_of(CsvBarsImporter(path))
    assert bars[1].ts_event - bars[0].ts_event == MINUTE
    assert abs(bars[0].ts_event - MINUTE - ns("2023-11-14T22:13:00+00:00")) < MINUTE


def test_newest_first_is_turned_around(write: Write) -> None:
    path = write("a.csv", ["date,open,high,low,close", "2024-01-03,3,3,3,3", "2024-01-02,2,2,2,2"])
    bars, problems = bars_of(CsvBarsImporter(path))
    assert [bar.open for bar in bars] == [2, 3]
    assert problems.disordered.count == 0


def test_bad_rows_are_counted_with_their_lines(write: Write) -> None:
    rows = [f"2024-01-01T00:0{n}:00Z,5,6,4,5,1" for n in range(9)]
    rows[2] = "2024-01-01T00:02:00Z,5,4,6,5,1"
    rows[3] = "2024-01-01T00:03:00Z,5,6,4,NaN,1"
    rows[4] = "yesterday,5,6,4,5,1"
    rows[5] = "2024-01-01T00:05:00Z,5,6"
    rows[6] = '2024-01-01T00:06:00Z,"5,6,4,5,1'
    rows[7] = "2024-01-01T00:00:00Z,5,6,4,5,-1"
    rows.append("2024-01-01T00:08:00Z,7,7,7,7,1")
    rows.append("2024-01-01T00:09:00Z,7,7,7,1e40,1")
    path = write("a.csv", ["time,open,high,low,close,volume", *rows])
    bars, problems = bars_of(CsvBarsImporter(path))
    assert len(bars) == 3
    assert sorted(place.line for place in problems.malformed.first) == [4, 5, 6, 7, 8, 9, 11, 12]


def test_digits_of_floats_are_rounded_to_what_fits(write: Write) -> None:
    rows = ["2024-01-01,0.30000000000000004,1,0.1,1", "2024-01-02,1,1.25,-37.63,1"]
    bars, problems = bars_of(CsvBarsImporter(write("a.csv", ["date,open,high,low,close", *rows])))
    assert (bars[0].open, bars[1].low, bars[1].high) == (30, -3763, 125)
    assert problems.malformed.count == 0


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["time,open,high,low,close"],
        ["time,open,high,low,close", "2024-01-01,1,1,1,1"],
        ["time,open,high,low,close", "2024-01-01,1,1,1,1", "2024-01-01,1,1,1,1"],
        ["time,bid,ask", "2024-01-01,1,1"],
        ["open,high,low,close", "1,1,1,1", "1,1,1,1"],
        ["time,open,high,low,close", "soon,1,1,1,1", "later,1,1,1,1"],
        ['time,"open,high', "2024-01-01,1"],
    ],
)
def test_files_without_bars_are_refused(write: Write, lines: list[str]) -> None:
    with pytest.raises(ImportFormatError, match="must"):
        CsvBarsImporter(write("a.csv", lines))


def test_options_that_do_not_exist_are_refused(write: Write) -> None:
    path = write("a.csv", ["time,open,high,low,close", "1700000000,1,1,1,1", "1700000060,1,1,1,1"])
    with pytest.raises(UnknownFormatError, match="time-column must be one of time, open"):
        CsvBarsImporter(path, CsvOptions(time_column="nope"))
    with pytest.raises(UnknownFormatError, match="zone must be like"):
        CsvBarsImporter(path, CsvOptions(zone="Mars/Base"))
    with pytest.raises(UnknownFormatError, match="symbol must be"):
        CsvBarsImporter(path, CsvOptions(symbol="ib:"))


def test_zone_of_the_texts_outweighs_the_default() -> None:
    style = guess_style(["2024-01-01T00:00:00+02:00"], UTC)
    assert style.zoned
    assert style.read("2024-01-01T00:00:00+02:00") == ns("2023-12-31T22:00:00+00:00")
    assert zone_of("utc") is UTC
