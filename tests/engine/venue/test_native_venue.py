"""The native venue: what it answers, in which order, and that its own ledger knows it first."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.venue.venue_bench import ACCOUNT, BTC, CASH, START, VenueBench

from tradebot.data.events import BookDelta
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    CashMoved,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderReported,
    VenueEvent,
)
from tradebot.engine.core.outcomes import QueryAccount
from tradebot.engine.core.types import SECOND, ClientOrderId
from tradebot.engine.venue.fees import UNFILLED, Charged, PerShare
from tradebot.engine.venue.latency import ONE_WAY
from tradebot.engine.venue.log import Accepted, Opened


@pytest.fixture
def bench(tmp_path: Path) -> VenueBench:
    return VenueBench(tmp_path / "venue.log").opened()


def kinds(events: list[VenueEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def fills(events: list[VenueEvent]) -> list[OrderFilled]:
    return [event for event in events if isinstance(event, OrderFilled)]


# ------------------------------------------------------------------------------------ orders


def test_perform_only_departs_nothing_happens_before_the_effect_arrives(bench: VenueBench) -> None:
    effect = QueryAccount(account=ACCOUNT)
    bench.venue.perform(effect)
    ((delay, arrive),) = bench.departed
    assert delay == ONE_WAY
    assert bench.answers == []
    arrive()
    assert isinstance(bench.answers[-1], AccountReported)


def test_resting_order_is_accepted_and_waits(bench: VenueBench) -> None:
    assert kinds(bench.submit("a")) == ["OrderAccepted"]
    assert list(bench.venue.books.working) == ["a"]
    assert bench.venue.queue_ahead(ClientOrderId("a")) == 1000


def test_crossing_order_is_accepted_before_it_fills(bench: VenueBench) -> None:
    answers = bench.submit("a", "buy", 1500, 1100)
    assert kinds(answers) == ["OrderAccepted", "OrderFilled", "OrderFilled"]
    assert [(fill.price, fill.quantity) for fill in fills(answers)] == [(1000, 1000), (1100, 500)]


def test_order_sent_twice_is_one_order_and_the_venue_tells_what_it_knows(bench: VenueBench) -> None:
    bench.submit("a")
    again = bench.submit("a")
    assert kinds(again) == ["OrderReported"]
    (report,) = again
    assert isinstance(report, OrderReported)
    assert (report.found, report.state) == (True, "working")
    bench.submit("b", "buy", 500, 1000)
    (ended,) = bench.submit("b", "buy", 500, 1000)
    assert isinstance(ended, OrderReported)
    assert (ended.state, ended.filled) == ("filled", 500)
    assert sum(isinstance(record, Accepted) for record in bench.records()) == 2


def test_cancel_of_an_unknown_order_is_refused(bench: VenueBench) -> None:
    (answer,) = bench.cancel("nobody")
    assert isinstance(answer, CancelRejected)
    assert answer.reason == "unknown order"


def test_cancel_of_an_ended_order_says_how_it_ended(bench: VenueBench) -> None:
    bench.submit("a", "buy", 500, 1000)
    (answer,) = bench.cancel("a")
    assert isinstance(answer, CancelRejected)
    assert answer.reason == "order is filled"


def test_cancel_takes_a_resting_order_out(bench: VenueBench) -> None:
    bench.submit("a")
    assert kinds(bench.cancel("a")) == ["OrderCancelled"]
    assert not bench.venue.books.working
    bench.print(899, 5000, -1)
    assert not fills(bench.answers)


def test_post_only_order_that_would_take_is_refused(bench: VenueBench) -> None:
    (answer,) = bench.submit("a", "buy", 500, 1000, post_only=True)
    assert isinstance(answer, OrderRejected)
    assert answer.reason == "post_only_would_take"
    (report,) = bench.ask("a")
    assert isinstance(report, OrderReported)
    assert report.state == "rejected"


def test_rest_of_an_immediate_order_expires(bench: VenueBench) -> None:
    answers = bench.submit("a", "buy", 1500, 1000, tif="ioc")
    assert kinds(answers) == ["OrderAccepted", "OrderFilled", "OrderExpired"]
    assert not bench.venue.books.working
    assert bench.venue.books.ended[ClientOrderId("a")] == ("expired", "ioc_remainder", 1000)


def test_fill_or_kill_fills_whole_or_not_at_all(bench: VenueBench) -> None:
    answers = bench.submit("a", "buy", 1001, 1000, tif="fok")
    assert kinds(answers) == ["OrderAccepted", "OrderExpired"]
    assert kinds(bench.submit("b", "buy", 1000, 1000, tif="fok")) == [
        "OrderAccepted",
        "OrderFilled",
    ]


def test_market_order_takes_what_is_displayed(bench: VenueBench) -> None:
    answers = bench.submit("a", "sell", 1200, None, tif="ioc")
    assert [(fill.price, fill.quantity) for fill in fills(answers)] == [(900, 1000), (800, 200)]


# ------------------------------------------------------------------------------------ fees


def test_taker_pays_the_taker_rate_and_maker_the_maker_rate(bench: VenueBench) -> None:
    (taken,) = fills(bench.submit("a", "buy", 500, 1000))
    assert (taken.liquidity, taken.fee) == ("taker", Decimal("0.0025"))  # 10.00 x 0.5 x 0.0005
    bench.submit("b", "sell", 250, 1000)
    bench.print(1001, 9000, 1)
    made = fills(bench.answers)[-1]
    assert (made.client_order_id, made.liquidity) == ("b", "maker")
    assert made.fee == Decimal("0.0005")  # 10.00 x 0.25 x 0.0002
    assert made.fee_currency == "USDT"


def test_an_order_filled_in_pieces_pays_the_minimum_once_also_over_a_restart(
    tmp_path: Path,
) -> None:
    fees = PerShare(rate=Decimal("0.5"), least=Decimal(1))
    bench = VenueBench(tmp_path / "venue.log", fees=fees).opened()
    bench.submit("a", "buy", 4000, 900)
    bench.print(900, 2000, -1)  # 1000 queue ahead
    bench.print(900, 500, -1)
    again = bench.again().opened()
    again.print(899, 2500, -1)
    paid = [fill.fee for one in (bench, again) for fill in fills(one.answers)]
    assert paid == [Decimal(1), Decimal(0), Decimal(1)]  # 4 x 0.5 in all


@given(
    pieces=st.lists(st.integers(1, 900), min_size=1, max_size=6),
    price=st.integers(1, 5000),
    most=st.none() | st.decimals("0.001", "0.2", places=3),
)
def test_pieces_of_an_order_cost_together_what_the_whole_costs(
    pieces: list[int], price: int, most: Decimal | None
) -> None:
    fees = PerShare(rate=Decimal("0.005"), least=Decimal(1), most=most)
    before, paid = UNFILLED, Decimal(0)
    for quantity in pieces:
        fee = fees.charge(BTC, price, quantity, "taker", 0, before)
        assert fee >= 0
        paid += fee
        shares = before.shares + BTC.quantity(quantity)
        before = Charged(shares, before.notional + BTC.notional(price, quantity), paid)
    assert paid == fees.charge(BTC, price, sum(pieces), "taker", 0)


def test_fee_is_rounded_half_even_to_eight_decimals(bench: VenueBench) -> None:
    bench.book(asks=((1, 1), (3, 1)))
    taken = fills(bench.submit("a", "buy", 2, 3))
    # 0.01 x 0.001 x 0.0005 = 0.5e-8 and 0.03 x 0.001 x 0.0005 = 1.5e-8: to the even neighbour.
    assert [fill.fee for fill in taken] == [Decimal("0.00000000"), Decimal("0.00000002")]


# ------------------------------------------------------------------------------------ queries


def test_query_of_an_unknown_order_says_absent(bench: VenueBench) -> None:
    (answer,) = bench.ask("nobody")
    assert answer == OrderReported(client_order_id=ClientOrderId("nobody"), found=False)


def test_query_of_a_working_order_tells_what_is_filled(bench: VenueBench) -> None:
    bench.submit("a", "buy", 1500, 1000)
    (answer,) = bench.ask("a")
    assert isinstance(answer, OrderReported)
    assert (answer.state, answer.filled, answer.venue_order_id) == ("working", 1000, "v1")


def test_account_report_tells_cash_fills_and_then_the_sums(bench: VenueBench) -> None:
    bench.submit("a", "buy", 500, 1000)
    bench.submit("b")
    answers = bench.ask_account()
    assert kinds(answers) == ["CashMoved", "OrderFilled", "AccountReported"]
    deposit, fill, report = answers
    assert isinstance(deposit, CashMoved)
    assert (deposit.amount, deposit.why) == (CASH, "deposit")
    assert isinstance(fill, OrderFilled)
    assert fill.source == "gap_fill"
    assert isinstance(report, AccountReported)
    assert report.cash == {"USDT": CASH - 5 - Decimal("0.0025")}
    assert report.positions == {BTC.id: 500}
    assert report.open_orders == ("b",)


def test_account_report_tells_fills_from_the_newest_known_on(bench: VenueBench) -> None:
    bench.submit("a", "buy", 100, 1000)
    bench.now += SECOND
    bench.submit("b", "buy", 100, 1000)
    told = fills(bench.ask_account(since=bench.now))
    assert [fill.client_order_id for fill in told] == ["b"]
    assert len(fills(bench.ask_account(since=START))) == 2


def test_a_told_fill_is_the_streamed_one_but_for_its_source_and_receive_time(
    bench: VenueBench,
) -> None:
    (streamed,) = fills(bench.submit("a", "buy", 500, 1000))
    bench.now += SECOND
    (told,) = fills(bench.ask_account())
    same = ("execution_id", "client_order_id", "price", "quantity", "fee", "ts_event")
    assert [getattr(told, name) for name in same] == [getattr(streamed, name) for name in same]


# ------------------------------------------------------------------------------------ the ledger


def test_log_is_written_before_any_answer(bench: VenueBench) -> None:
    bench.submit("a", "buy", 1500, 1000, tif="ioc")
    bench.submit("b")
    bench.cancel("b")
    bench.submit("c", "buy", 1, 2000, post_only=True)
    bench.submit("d", "sell", 100, 1000)
    bench.book(bids=((1000, 5),))
    records = bench.records()
    pairs = {
        (type(answer).__name__, type(records[count - 1]).__name__)
        for answer, count in zip(bench.answers, bench.written, strict=True)
    }
    assert pairs == {
        ("OrderAccepted", "Accepted"),
        ("OrderFilled", "Filled"),
        ("OrderExpired", "Ended"),
        ("OrderCancelled", "Ended"),
        ("OrderRejected", "Refused"),
    }


def test_account_is_opened_once(bench: VenueBench) -> None:
    bench.venue.open(ACCOUNT, "USDT", Decimal(5), bench.now)
    again = bench.again()
    again.venue.open(ACCOUNT, "USDT", Decimal(5), again.now)
    opened = [record for record in again.records() if isinstance(record, Opened)]
    assert [record.cash for record in opened] == [CASH]


def test_market_mark_is_where_the_next_process_finds_the_market(bench: VenueBench) -> None:
    bench.now += SECOND
    bench.venue.mark_market({BTC.id: 950}, bench.now)
    again = bench.again()
    assert (again.venue.books.ts, again.venue.books.last) == (bench.now, {BTC.id: 950})


# ------------------------------------------------------------------------------------ restart


def test_restart_loses_nothing_and_resting_orders_queue_last(bench: VenueBench) -> None:
    bench.submit("a", "buy", 500, 900)
    bench.book(bids=((900, 200),), kind=BookDelta)
    assert bench.venue.queue_ahead(ClientOrderId("a")) == 200
    bench.print(900, 300, -1)
    assert bench.venue.books.working[ClientOrderId("a")].filled == 100
    before = bench.venue.books.accounts[ACCOUNT]
    again = bench.again().opened()
    held = again.venue.books.accounts[ACCOUNT]
    assert (held.cash, held.positions) == (before.cash, before.positions)
    assert again.venue.queue_ahead(ClientOrderId("a")) == 1000
    again.print(900, 1000, -1)
    assert not fills(again.answers)
    again.print(900, 1000, -1)
    (rest,) = fills(again.answers)
    assert (rest.quantity, rest.execution_id) == (400, "x2")
    assert again.venue.books.ended[ClientOrderId("a")] == ("filled", "", 500)


def test_order_that_may_not_rest_is_over_after_a_restart(bench: VenueBench) -> None:
    # What a kill between two lines of the log leaves: accepted, and no end written.
    for number, (tif, price) in enumerate((("ioc", 950), ("fok", 950), ("ioc", None)), 1):
        name = ClientOrderId(f"order{number}")
        bench.log.append(
            msgspec.convert(
                {
                    "kind": "accepted",
                    "ts": bench.now,
                    "client_order_id": name,
                    "venue_order_id": f"v{number}",
                    "instrument": BTC.id,
                    "side": "buy",
                    "type": "market" if price is None else "limit",
                    "tif": tif,
                    "quantity": 500,
                    "price": price,
                },
                Accepted,
            )
        )
    again = bench.again().opened()
    assert not again.venue.books.working
    assert kinds(again.answers) == ["OrderExpired"] * 3


def test_cancel_reaches_an_order_that_rested_before_the_restart(bench: VenueBench) -> None:
    bench.submit("a")
    again = bench.again().opened()
    assert kinds(again.cancel("a")) == ["OrderCancelled"]


def test_order_sent_again_after_a_restart_is_still_one_order(bench: VenueBench) -> None:
    bench.submit("a")
    bench.submit("b", "buy", 500, 1000)
    again = bench.again().opened()
    assert kinds(again.submit("a") + again.submit("b")) == ["OrderReported", "OrderReported"]


def test_venue_orders_and_executions_are_numbered_on_after_a_restart(bench: VenueBench) -> None:
    bench.submit("a", "buy", 100, 1000)
    again = bench.again().opened()
    accepted, filled = again.submit("b", "buy", 100, 1000)
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(filled, OrderFilled)
    assert (accepted.venue_order_id, filled.execution_id) == ("v2", "x2")


def test_venues_time_never_goes_back_though_the_market_lags_after_a_restart(
    bench: VenueBench,
) -> None:
    bench.now += SECOND
    bench.submit("a", "buy", 100, 1000)
    bench.submit("b", "buy", 100, 900)
    known = fills(bench.answers)[-1].ts_event
    again = bench.again().opened()
    again.now -= SECOND  # the recording goes on where it was last marked
    again.print(899, 9000, -1)
    (late,) = fills(again.answers)
    assert late.ts_event >= known
    assert [fill.execution_id for fill in fills(again.ask_account(since=known))] == ["x1", "x2"]


# ------------------------------------------------------------------------------------ all together

acts = st.lists(
    st.one_of(
        st.tuples(
            st.just("submit"),
            st.sampled_from(["buy", "sell"]),
            st.integers(1, 2000),
            st.sampled_from([800, 900, 950, 1000, 1100, None]),
            st.sampled_from(["gtc", "ioc", "fok"]),
        ),
        st.tuples(st.just("cancel"), st.integers(0, 20)),
        st.tuples(st.just("print"), st.sampled_from([800, 900, 1000, 1100]), st.integers(1, 3000)),
        st.tuples(st.just("book"), st.integers(0, 4000), st.integers(0, 4000)),
        st.tuples(st.just("restart")),
    ),
    max_size=40,
)


@given(acts)
@settings(deadline=None, max_examples=60)
def test_books_are_the_log_added_up_by_hand_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[Any, ...]]
) -> None:
    bench = VenueBench(tmp_path_factory.mktemp("venue") / "venue.log").opened()
    for number, act in enumerate(script):
        bench.now += 1000
        match act:
            case ("submit", side, quantity, price, tif):
                kind = "ioc" if price is None else tif
                bench.submit(f"o{number}", side, quantity, price, tif=kind)
            case ("cancel", which):
                bench.cancel(f"o{which}")
            case ("print", price, quantity):
                bench.print(price, quantity, 1 if price >= 1000 else -1)
            case ("book", bid, ask):
                bench.book(((900, bid),), ((1000, ask),), kind=BookDelta)
            case _:
                bench = bench.again().opened()
        added = naive_fold(bench.path)
        books = bench.venue.books
        assert books.accounts[ACCOUNT].cash == {"USDT": added.cash}
        assert books.accounts[ACCOUNT].positions == added.positions
        assert {name: order.filled for name, order in books.working.items()} == added.working
        assert {
            name: (how, filled) for name, (how, _, filled) in books.ended.items()
        } == added.ended
    bench.log.close()


class Added:
    """What the lines of a log add up to."""

    def __init__(self) -> None:
        self.cash = Decimal(0)
        self.positions: dict[str, int] = {}
        self.working: dict[str, int] = {}
        self.ended: dict[str, tuple[str, int]] = {}
        self.wanted: dict[str, int] = {}


def naive_fold(path: Path) -> Added:
    """Add a log up line by line, in plain JSON and decimals."""
    added = Added()
    for line in path.read_text().splitlines():
        record = json.loads(line)
        name = record.get("client_order_id")
        match record["kind"]:
            case "opened":
                added.cash += Decimal(record["cash"])
            case "accepted":
                added.working[name] = 0
                added.wanted[name] = record["quantity"]
            case "refused":
                added.ended[name] = ("rejected", 0)
            case "ended":
                added.ended[name] = (record["how"], added.working.pop(name))
            case "filled":
                signed = record["quantity"] * (1 if record["side"] == "buy" else -1)
                symbol = record["instrument"]
                added.positions[symbol] = added.positions.get(symbol, 0) + signed
                added.cash -= Decimal(signed * record["price"]) / 100_000 + Decimal(record["fee"])
                added.working[name] += record["quantity"]
                if added.working[name] == added.wanted[name]:
                    added.ended[name] = ("filled", added.working.pop(name))
            case _:
                pass
    return added
