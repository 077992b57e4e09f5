"""What the trader is told of the journal's events."""

from collections.abc import Mapping

import msgspec
import pytest
from console_driver import Console, running
from console_fakes import FakeMarket, fill

from tradebot.console.app import ConsoleApp
from tradebot.console.link.protocol import StateQuery
from tradebot.console.stories import FillBurst, Teller, burst_words, fill_words, past
from tradebot.console.view import Level
from tradebot.engine.control.messages_frame import AlertView, Frame
from tradebot.engine.control.messages_orders import EventLine

ORDER = {
    "client_order_id": "tbq7x2k9", "request_id": "c-1", "bet_id": "b", "account": "sandbox",
    "instrument": "binance:BTCUSDT", "owner": "hand", "policy_version": None, "side": "buy",
    "type": "limit", "tif": "gtc", "quantity": 10, "limit_price": 5900000, "post_only": False,
    "reduce_only": False, "because": None, "edge": None, "lives_at": "broker", "created": 1,
}  # fmt: skip
FILLED = {
    "execution_id": "x3", "client_order_id": "tbq7x2k9", "venue_order_id": "v1", "account": "sandbox",
    "instrument": "binance:BTCUSDT", "side": "sell", "quantity": 11000, "price": 6000300, "fee": "6.6",
    "fee_currency": "USDT", "liquidity": "maker", "source": "stream", "ts_event": 1, "ts_recv": 1,
}  # fmt: skip


def event(kind: str, body: Mapping[str, object], seq: int = 1) -> EventLine:
    raw = msgspec.Raw(msgspec.json.encode({"kind": kind, **body}))
    return EventLine(id=f"{seq}.0", seq=seq, ts=5, kind=kind, body=raw)


@pytest.mark.parametrize(
    ("kind", "body", "words", "toast"),
    [
        ("order-rejected", {"client_order_id": "tbq7x2k9", "reason": "no funds", "ts_event": 1},
         "#x2k9 BUY BTCUSDT limit REJECTED by the venue: no funds", True),
        ("submit-unknown", {"client_order_id": "tbq7x2k9", "reason": "timeout"},
         "#x2k9 BUY BTCUSDT limit UNKNOWN, reconciling: timeout", True),
        ("order-cancelled", {"client_order_id": "tbq7x2k9", "reason": "", "ts_event": 1},
         "#x2k9 BUY BTCUSDT limit cancelled", False),
        ("order-cancelled", {"client_order_id": "other1", "reason": "", "ts_event": 1}, "#her1 cancelled", False),
        ("cancel-rejected", {"client_order_id": "tbq7x2k9", "reason": "order is filled", "ts_event": 1},
         "#x2k9 BUY BTCUSDT limit cancel came too late: order is filled", True),
        ("order-denied", {"order": ORDER, "code": "max_order", "text": "too large"},
         "#x2k9 BUY BTCUSDT limit DENIED by the risk gate: too large", True),
        ("trading-state-changed", {"state": "HALTED", "reason": "kill"}, "HALTED: kill", True),
        ("feed-changed", {"instrument": "x:Y", "state": "down", "reason": "socket"}, "feed of x:Y down: socket", True),
        ("feed-changed", {"instrument": "x:Y", "state": "up"}, "feed of x:Y up", False),
        ("alert", {"level": "warn", "text": "slow disk"}, "slow disk", True),
        ("alert", {"level": "info", "text": "up"}, "up", False),
    ],
)  # fmt: skip
def test_event_is_told_in_one_line(
    kind: str, body: dict[str, object], words: str, *, toast: bool
) -> None:
    teller = Teller()
    assert teller.hear(event("submit", {"order": ORDER}), 0.0) is None
    story = teller.hear(event(kind, body), 0.0)
    assert story is not None
    assert (story.line.text, story.toast) == (words, toast)


def test_a_sleeves_late_cancel_is_history_and_no_toast() -> None:
    teller = Teller()
    teller.hear(event("submit", {"order": ORDER | {"owner": "touch"}}), 0.0)
    late = {"client_order_id": "tbq7x2k9", "reason": "order is filled", "ts_event": 1}
    story = teller.hear(event("cancel-rejected", late), 0.0)
    assert story is not None
    assert not story.toast


async def test_only_fills_of_the_hand_are_toasts_and_all_are_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, sleeves = fill(1), msgspec.structs.replace(fill(2), owner="touch")

    def with_fills(market: FakeMarket, _: StateQuery) -> Frame:
        return market.frame(fills=[own, sleeves])

    said: list[str] = []

    def hear(_: ConsoleApp, text: str, __: Level) -> None:
        said.append(text)

    monkeypatch.setattr(ConsoleApp, "say", hear)
    async with running(Console(with_fills)) as console:
        before = len(console.view.history)
        for number, one in enumerate((own, sleeves), 1):
            body = FILLED | {"execution_id": one.execution_id}
            console.link.events_out.put_nowait(event("order-filled", body, seq=number))
        await console.beat(times=8)
        assert len(list(console.view.history)[before:]) == 2
        assert said == [fill_words(own)]


def test_book_keeping_of_the_engine_is_not_told() -> None:
    assert Teller().hear(event("timer-fired", {"timer_id": "x", "due": 1}), 0.0) is None
    assert Teller().hear(event("a-kind-of-tomorrow", {}), 0.0) is None


def test_fill_waits_for_the_frame_that_has_its_figures() -> None:
    teller = Teller()
    teller.hear(event("order-filled", FILLED), 0.0)
    assert teller.fills(None, 1.0) == []
    ((line, facts),) = teller.fills(FakeMarket().frame(fills=[fill(3)]), 1.1)
    assert facts is not None
    assert line.text == "fill SELL 0.110 BTCUSDT @ 60,003.00  (#0a38)"
    assert teller.fills(FakeMarket().frame(fills=[fill(3)]), 1.2) == []


def test_fill_no_frame_brings_is_told_all_the_same() -> None:
    teller = Teller()
    teller.hear(event("order-filled", FILLED), 0.0)
    ((line, facts),) = teller.fills(FakeMarket().frame(fills=[]), 2.1)
    assert facts is None
    assert line.text == "fill SELL BTCUSDT  (#x2k9)"


def test_many_fills_are_one_sentence_per_side_and_none_is_lost() -> None:
    burst = FillBurst()
    for number in range(9):
        burst.add(fill(number), 0.1 * number)
    assert burst.due(0.5) == []
    sentences = burst.due(1.1)
    assert len(sentences) == 2
    assert sum(int(sentence.split()[0]) for sentence in sentences) == 9
    assert burst.due(9.0) == []


def test_sentence_of_several_fills_carries_sum_and_average() -> None:
    words = burst_words(
        [fill(0, quantity="1", price="100.00"), fill(2, quantity="3", price="104.00")]
    )
    assert words == "2 fills, BUY 4 BTCUSDT avg 103.00"


def test_past_is_told_oldest_first() -> None:
    alert = AlertView(seq=1, ts=1, level="warn", text="first of all")
    lines = past(FakeMarket().frame(alerts=[alert]))
    assert lines[0].text == "first of all"
    assert [line.ts for line in lines] == sorted(line.ts for line in lines)


async def test_every_event_reaches_the_history_however_many_come_between_two_frames() -> None:
    async with running(Console()) as console:
        before = len(console.view.history)
        for number in range(500):
            line = event("alert", {"level": "info", "text": f"line {number}"}, seq=number)
            console.link.events_out.put_nowait(line)
        await console.beat(times=3)
        told = [line.text for line in list(console.view.history)[before:]]
        assert told == [f"line {number}" for number in range(500)]


def test_past_fills_of_one_instant_stay_in_the_order_in_which_they_came() -> None:
    newest_first = [fill(number, ts_event="2026-11-18T12:00:00Z") for number in (3, 2, 1)]
    told = past(FakeMarket().frame(fills=newest_first, alerts=[]))
    assert [line.text for line in told] == [fill_words(each) for each in reversed(newest_first)]
