"""LEAN's zips as events: times, factors, hours, and what is malformed."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tradebot.data.errors import ImportFormatError
from tradebot.data.events import Bar, Quote
from tradebot.data.importers.lean import LeanImporter
from tradebot.data.recordings.lean import read_factors
from tradebot.data.recordings.problems import Problems

FACTORS = "20131219,0.8646266,1,181.5\n20140606,0.9,0.5,100\n20501231,1,1,0\n"


@pytest.fixture
def lean(tmp_path: Path) -> Path:
    folder = tmp_path / "equity" / "usa"
    (folder / "factor_files").mkdir(parents=True)
    (folder / "factor_files" / "spy.csv").write_text(FACTORS)
    return folder


def packed(path: Path, inside: str, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr(inside, "\n".join(lines))
    return path


def minute(lean: Path, *lines: str, day: str = "20131007", kind: str = "trade") -> Path:
    path = lean / "minute" / "spy" / f"{day}_{kind}.zip"
    return packed(path, f"{day}_spy_minute_{kind}.csv", *lines)


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def test_a_minute_is_stamped_when_it_closes_in_new_york_and_prices_are_times_the_days_factor(
    lean: Path,
) -> None:
    path = minute(lean, "34200000,1674300,1675200,1674100,1674400,816453")
    importer = LeanImporter([path])
    ((bar, line),) = importer.events(Problems())
    (what,) = importer.instruments
    assert isinstance(bar, Bar)
    assert (bar.ts_event, line) == (ns("2013-10-07T13:31:00"), 1)
    assert what.id == "lean:SPY"
    assert f"{what.price(bar.close):f}" == "144.77307790400"
    assert bar.volume == 816453


def test_a_split_divides_prices_and_multiplies_volume(lean: Path) -> None:
    path = minute(lean, "34200000,1000000,1000000,1000000,1000000,10", day="20140606")
    (event,) = (found.event for found in LeanImporter([path], adjust="splits").events(Problems()))
    (what,) = LeanImporter([path]).instruments
    assert isinstance(event, Bar)
    assert (what.price(event.close), event.volume) == (50, 20)


def test_raw_prices_are_what_was_printed(lean: Path) -> None:
    path = minute(lean, "34200000,1674300,1675200,1674100,1674400,1")
    importer = LeanImporter([path], adjust="raw")
    (event,) = (found.event for found in importer.events(Problems()))
    (what,) = importer.instruments
    assert isinstance(event, Bar)
    assert (event.close, what.price_scale, what.rules[0].tick) == (1674400, 4, 100)


def test_a_quote_comes_before_the_bar_of_its_minute_and_an_empty_side_is_price_zero(
    lean: Path,
) -> None:
    trades = minute(lean, "34200000,1674300,1675200,1674100,1674400,1")
    row = "34200000,,,,,,1674100,1675300,1674100,1674500,1400"
    quotes = minute(lean, row, kind="quote")
    quote, bar = (found.event for found in LeanImporter([trades, quotes]).events(Problems()))
    assert isinstance(quote, Quote)
    assert isinstance(bar, Bar)
    assert (quote.bid_price, quote.ask_quantity) == (0, 1400)
    assert quote.ask_price == 14478172417000


def test_other_hours_are_left_out_and_counted_unless_asked_for(lean: Path) -> None:
    early = minute(lean, "34140000,1,1,1,1,1", "34200000,1,1,1,1,1", "57600000,1,1,1,1,1")
    problems = Problems()
    assert len(list(LeanImporter([early]).events(problems))) == 1
    assert problems.ignored == 2
    assert len(list(LeanImporter([early], extended=True).events(Problems()))) == 3


def test_a_daily_bar_covers_its_date(lean: Path) -> None:
    path = packed(lean / "daily" / "spy.zip", "spy.csv", "20131007 00:00,1,2,1,2,5")
    (event,) = (found.event for found in LeanImporter([path]).events(Problems()))
    assert isinstance(event, Bar)
    assert (event.ts_event, event.span_ns) == (ns("2013-10-08"), 86_400 * 10**9)


def test_fx_has_bars_of_its_middles(tmp_path: Path) -> None:
    row = "20070101 00:00,1.31927,1.32125,1.3187,1.32095,0,1.32027,1.32225,1.3197,1.32195,0"
    path = packed(tmp_path / "forex" / "oanda" / "daily" / "eurusd.zip", "eurusd.csv", row)
    importer = LeanImporter([path])
    quote, bar = (found.event for found in importer.events(Problems()))
    (what,) = importer.instruments
    assert isinstance(quote, Quote)
    assert isinstance(bar, Bar)
    assert (what.kind, what.currency) == ("fx", "USD")
    assert f"{what.price(bar.open):f}" == "1.31977"


def test_rows_that_cannot_be_read_are_counted_and_named(lean: Path) -> None:
    path = minute(lean, "34200000,1,2", "x,1,1,1,1,1", "34260000,2,1,1,2,1", "34320000,1,1,1,1,1")
    problems = Problems()
    assert len(list(LeanImporter([path]).events(problems))) == 1
    assert problems.malformed.count == 3
    assert problems.malformed.first[0].line == 1


def test_what_is_not_leans_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no zip")
    with pytest.raises(ImportFormatError, match=r"a\.zip must be a zip"):
        LeanImporter([tmp_path / "a.zip"])
    with pytest.raises(ImportFormatError, match=r"held 'x\.txt'"):
        LeanImporter([packed(tmp_path / "b.zip", "x.txt", "1")])
    (tmp_path / "f.csv").write_text("20130101,zero,1,1\n")
    with pytest.raises(ImportFormatError, match=r"f\.csv line 1 must be"):
        read_factors(tmp_path / "f.csv")
    with pytest.raises(ImportFormatError, match="at least 1 zip"):
        LeanImporter([tmp_path / "f.csv"])
