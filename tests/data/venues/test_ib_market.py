"""IB's ticks, rows and contracts as market events and instruments."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradebot.data.events import BookSnapshot, FeedGap, Quote
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.venues.ib.contracts import Details, instrument_of, wanted
from tradebot.data.venues.ib.market import ContractMarket, units

AAPL = Instrument(
    id=InstrumentId("ib:AAPL"),
    kind="equity",
    base="AAPL",
    currency="USD",
    price_scale=2,
    quantity_scale=0,
    rules=(Rules(tick=1, lot=1),),
)
NOW = 1_700_000_000_000_000_000


def test_a_quote_is_told_once_both_sides_are_there_and_only_where_it_changed() -> None:
    market = ContractMarket(AAPL)
    assert market.tick(1, Decimal("150.1"), Decimal(3), NOW) is None
    quote = market.tick(2, Decimal("150.2"), Decimal(4), NOW)
    assert quote == Quote(
        instrument=AAPL.id,
        ts_event=NOW,
        ts_recv=NOW,
        bid_price=15_010,
        bid_quantity=3,
        ask_price=15_020,
        ask_quantity=4,
    )
    assert market.tick(2, Decimal("150.2"), Decimal(4), NOW) is None
    assert market.tick(3, None, Decimal(9), NOW) is not None
    assert market.tick(1, Decimal(-1), Decimal(0), NOW) is None


def test_a_row_inserted_moves_the_others_down_and_one_deleted_moves_them_up() -> None:
    """The kit overwrites on insert and leaves a hole on delete: 100 would be lost here (BROKERS 3.4)."""
    market = ContractMarket(AAPL)
    for place, price in enumerate((100, 99, 98)):
        market.row(place, 0, 1, Decimal(price), Decimal(1))
    market.row(0, 0, 1, Decimal("100.5"), Decimal(7))
    book = market.book(NOW)
    assert isinstance(book, BookSnapshot)
    assert [price for price, _ in book.bids] == [10_050, 10_000, 9_900, 9_800]
    market.row(1, 2, 1, Decimal(0), Decimal(0))
    book = market.book(NOW)
    assert isinstance(book, BookSnapshot)
    assert [price for price, _ in book.bids] == [10_050, 9_900, 9_800]
    assert market.book(NOW) is None


def test_a_book_out_of_order_at_two_looks_is_a_gap_until_it_is_told_anew() -> None:
    market = ContractMarket(AAPL)
    market.row(0, 0, 1, Decimal(100), Decimal(1))
    market.row(1, 0, 1, Decimal(101), Decimal(1))
    assert market.book(NOW) is None
    assert isinstance(market.book(NOW), FeedGap)
    assert market.broken
    assert market.book(NOW) is None
    market.reset()
    market.row(0, 0, 0, Decimal(101), Decimal(1))
    assert isinstance(market.book(NOW), BookSnapshot)


@example(rows=[(1, 2, 0, Decimal("NaN"), Decimal(1))])
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-2, 70),
            st.integers(-1, 3),
            st.integers(-1, 2),
            st.decimals(allow_nan=True, allow_infinity=True),
            st.decimals(allow_nan=True, allow_infinity=True),
        )
    )
)
def test_no_row_however_wrong_does_more_than_be_refused(
    rows: list[tuple[int, int, int, Decimal, Decimal]],
) -> None:
    market = ContractMarket(AAPL)
    for row in rows:
        try:
            market.row(*row)
            market.tick(row[0], row[3], row[4], NOW)
        except ValueError:
            continue
    market.book(NOW)
    book = market.book(NOW)
    assert book is None or isinstance(book, BookSnapshot | FeedGap)


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e30"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        units(Decimal(text), 2)


@pytest.mark.parametrize(
    ("spelled", "parts"),
    [
        ("AAPL", ("AAPL", "STK", "SMART", "", "USD")),
        ("AAPL@NASDAQ", ("AAPL", "STK", "SMART", "NASDAQ", "USD")),
        ("VOD@LSE.GBP", ("VOD", "STK", "SMART", "LSE", "GBP")),
        ("BTC.USD", ("BTC", "CRYPTO", "", "", "USD")),
        ("BRK B", ("BRK B", "STK", "SMART", "", "USD")),
    ],
)
def test_a_symbol_names_exchange_and_currency(spelled: str, parts: tuple[str, ...]) -> None:
    asked = wanted(spelled)
    assert (asked.symbol, asked.kind, asked.exchange, asked.primary, asked.currency) == parts


@pytest.mark.parametrize("spelled", ["", "aapl", "A@", "AAPL.US", "AAPL@LSE.GBP.X"])
def test_what_is_no_symbol_is_refused(spelled: str) -> None:
    with pytest.raises(ValueError, match="IB symbol"):
        wanted(spelled)


def test_a_contract_is_an_instrument_with_its_steps() -> None:
    told = Details(
        con_id=265598,
        kind="STK",
        symbol="AAPL",
        exchange="SMART",
        primary="NASDAQ",
        currency="USD",
        tick=Decimal("0.01"),
        least=Decimal("0.0001"),
        step=Decimal("0.0001"),
    )
    instrument = instrument_of(wanted("AAPL"), told)
    assert instrument.id == "ib:AAPL"
    assert (instrument.price_scale, instrument.quantity_scale) == (4, 4)
    assert (instrument.rules[0].tick, instrument.rules[0].lot) == (100, 10_000)
