"""Panic at a venue: what adds risk goes, what protects stays, what cannot be done is said."""

import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, BTC, BTC_ID, ENGINE_ID, ETH, ETH_ID, START

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    ExecutionId,
    OrderType,
    Side,
    VenueOrderId,
    sign,
)
from tradebot.engine.panic.act import make_safe
from tradebot.engine.panic.native import NativeAccount, NativeLedger, known_instruments
from tradebot.engine.panic.note import (
    NOTE,
    NoteDamaged,
    PanicNote,
    forget_notes,
    read_notes,
    told,
    write_notes,
)
from tradebot.engine.panic.venue import OpenOrder, adds_risk
from tradebot.engine.venue.log import (
    Accepted,
    Filled,
    MarketAt,
    Opened,
    VenueBooks,
    VenueLog,
    read_log,
)

OTHER = AccountName("other")


def order(number: int, side: Side, leaves: int, kind: OrderType = "limit") -> OpenOrder:
    return OpenOrder(
        client_order_id=ClientOrderId(f"o{number}"),
        instrument=BTC_ID,
        side=side,
        type=kind,
        leaves=leaves,
    )


def accepted(
    key: str,
    side: Side,
    quantity: int,
    *,
    kind: OrderType = "limit",
    account: AccountName = ACCOUNT,
    symbol: InstrumentId = BTC_ID,
) -> Accepted:
    return Accepted(
        ts=START,
        client_order_id=ClientOrderId(key),
        venue_order_id=VenueOrderId(f"v-{key}"),
        instrument=symbol,
        side=side,
        type=kind,
        tif="gtc",
        quantity=quantity,
        price=10_000_00,
        account=account,
        trigger=9_000_00 if kind == "stop" else None,
    )


def filled(key: str, side: Side, quantity: int, *, symbol: InstrumentId = BTC_ID) -> Filled:
    return Filled(
        ts=START,
        execution_id=ExecutionId(f"x-{key}-{quantity}"),
        client_order_id=ClientOrderId(key),
        venue_order_id=VenueOrderId(f"v-{key}"),
        instrument=symbol,
        side=side,
        quantity=quantity,
        price=10_000_00,
        fee=Decimal(0),
        fee_currency="USDT",
        liquidity="taker",
        account=ACCOUNT,
    )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[VenueLog]:
    """A long position of 1000 with a stop, its target, an order that adds, and another account's order."""
    made = VenueLog(tmp_path / "venue.log")
    made.read()
    made.append(
        Opened(ts=START, account=ACCOUNT, currency="USDT", cash=Decimal(100_000)),
        Opened(ts=START, account=OTHER, currency="USDT", cash=Decimal(100_000)),
        accepted("bought", "buy", 1000),
        filled("bought", "buy", 600),
        filled("bought", "buy", 400),
        accepted("adding", "buy", 500),
        accepted("target", "sell", 1000),
        accepted("stop", "sell", 1000, kind="stop"),
        accepted("others", "buy", 100, account=OTHER),
        MarketAt(ts=START + 5, last={BTC_ID: 10_500_00}),
    )
    yield made
    made.close()


def books(path: Path) -> VenueBooks:
    found = VenueBooks({BTC_ID: BTC, ETH_ID: ETH})
    for record in read_log(path).records:
        found.apply(record)
    return found


def safe(
    log: VenueLog, notes: list[PanicNote], *, flatten: bool = False, known: bool = True
) -> PanicNote:
    ledger = NativeLedger(log, ENGINE_ID, {BTC_ID: BTC} if known else {})
    venue = NativeAccount(ledger, ACCOUNT)
    return make_safe(ACCOUNT, venue, flatten=flatten, when="now", keep=notes.append)


def test_what_adds_risk_is_cancelled_and_the_stop_stays(log: VenueLog, tmp_path: Path) -> None:
    note = safe(log, [])
    assert note.cancelled == ("adding", "target")
    assert note.kept == ("stop",)
    assert note.open_positions == {BTC_ID: 1000}
    assert not note.failed
    assert set(books(tmp_path / "venue.log").working) == {"stop", "others"}


def test_flatten_cancels_all_and_closes_at_the_last_price_with_its_fee(
    log: VenueLog, tmp_path: Path
) -> None:
    note = safe(log, [], flatten=True)
    assert note.cancelled == ("adding", "target", "stop")
    assert [(one.side, one.quantity) for one in note.closed] == [("sell", 1000)]
    assert (note.open_positions, note.kept, note.failed) == ({}, (), ())
    after = books(tmp_path / "venue.log")
    held = after.accounts[ACCOUNT]
    assert held.positions[BTC_ID] == 0
    # Bought 0.01 at 10,000; sold at 10,500 for a fee of 0.1 %.
    assert held.cash["USDT"] == Decimal("100004.895")
    assert set(after.working) == {"others"}


def test_a_position_without_a_last_price_is_said_to_stay(tmp_path: Path) -> None:
    log = VenueLog(tmp_path / "venue.log")
    log.read()
    log.append(
        Opened(ts=START, account=ACCOUNT, currency="USDT", cash=Decimal(1)),
        accepted("bought", "buy", 10),
        filled("bought", "buy", 10),
    )
    note = safe(log, [], flatten=True)
    log.close()
    assert note.open_positions == {BTC_ID: 10}
    assert note.failed == (
        f"position in {BTC_ID} stays: no last price of it is known; start the engine and flatten",
    )


def test_without_a_readable_journal_orders_are_cancelled_all_the_same(log: VenueLog) -> None:
    note = safe(log, [], flatten=True, known=False)
    assert note.cancelled == ("adding", "target", "stop")
    assert "journal cannot be read" in note.failed[0]
    assert known_instruments(Path("/nonexistent/journal.db")) == {}


def test_the_note_is_written_before_anything_is_done(log: VenueLog) -> None:
    notes: list[PanicNote] = []
    safe(log, notes, flatten=True)
    assert [note.done for note in notes] == [False, True]
    assert notes[0].cancelled == notes[1].cancelled
    assert notes[0].closed == notes[1].closed
    assert notes[0].at == START + 5


def test_panic_twice_finds_nothing_more_to_do(log: VenueLog) -> None:
    safe(log, [], flatten=True)
    again = safe(log, [], flatten=True)
    assert (again.cancelled, again.closed, again.failed) == ((), (), ())


def test_the_note_is_for_its_owner_alone_and_read_back_as_written(tmp_path: Path) -> None:
    assert read_notes(tmp_path) == ()
    note = PanicNote(account=ACCOUNT, at=5, when="now", flatten=False, done=True)
    write_notes(tmp_path, (note, note))
    assert stat.S_IMODE((tmp_path / NOTE).stat().st_mode) == 0o600
    assert read_notes(tmp_path) == (note, note)
    assert told(note).at == 5
    forget_notes(tmp_path)
    forget_notes(tmp_path)
    assert read_notes(tmp_path) == ()


def test_a_damaged_note_stops_the_start_and_names_the_file(tmp_path: Path) -> None:
    (tmp_path / NOTE).write_text("{")
    with pytest.raises(NoteDamaged, match=r"panic\.json is damaged"):
        read_notes(tmp_path)


@given(
    held=st.integers(-5, 5),
    orders=st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 4), st.booleans())),
)
def test_whatever_fills_of_what_stays_the_position_only_shrinks(
    held: int, orders: list[tuple[Side, int, bool]]
) -> None:
    made = [
        order(number, side, leaves, "stop" if stop else "limit")
        for number, (side, leaves, stop) in enumerate(orders)
    ]
    gone = adds_risk(made, {BTC_ID: held})
    stays = [one for one in made if one.client_order_id not in gone]
    assert all(sign(one.side) * held < 0 for one in stays)
    assert sum(one.leaves for one in stays) <= abs(held)
    for one in made:
        if one.client_order_id in gone and one.type != "stop" and sign(one.side) * held < 0:
            # It went because of what stays already, not for nothing.
            assert sum(kept.leaves for kept in stays) + one.leaves > abs(held)
