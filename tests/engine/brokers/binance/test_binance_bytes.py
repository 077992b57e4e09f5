"""Binance's account bytes: recorded messages decode into what they say, signatures are those of python-binance."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.brokers.binance.desk import BTC, CAN, NAME, intent

from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.brokers.binance.calls import (
    Done,
    NotSent,
    Outcome,
    Refused,
    Unsure,
    outcome_of,
)
from tradebot.engine.brokers.binance.messages import (
    account_reply,
    balance_update,
    execution_report,
    order_reply,
    order_rows,
    read,
    socket_frame,
    stream_event,
    trade_rows,
)
from tradebot.engine.brokers.binance.orders import order_params, refusal
from tradebot.engine.brokers.binance.paper import paper_binance
from tradebot.engine.brokers.binance.reports import (
    Unreadable,
    fill_of_report,
    fill_of_row,
    fills_of_reply,
    news_of_report,
    open_order,
    order_of,
)
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.binance.terms import CannotAsk, VenueTerms
from tradebot.engine.brokers.outside import HttpReply, Unanswered
from tradebot.engine.core.events import OrderAccepted, OrderCancelled, OrderExpired, OrderRejected
from tradebot.engine.core.types import ClientOrderId
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.secret import Secret

ANY = Instrument(
    id=InstrumentId("binance:ANY"),
    kind="spot",
    base="ANY",
    currency="USDT",
    price_scale=8,
    quantity_scale=8,
    rules=(Rules(tick=1, lot=1),),
)
OURS = ClientOrderId("tb1")


def recorded_reports(recorded: Path) -> list[bytes]:
    """Return every recorded execution report of spot, without its envelope."""
    root = recorded / "payloads" / "nautilus_fixtures"
    paths = [*root.glob("binance_py/ws_messages/ws_spot_execution_report_*.json")]
    paths += root.glob("binance/spot/user_data_json/execution_report_*.json")
    found: list[bytes] = []
    for path in sorted(paths):
        raw = path.read_bytes()
        frame = read(socket_frame, raw)
        found.append(bytes(frame.event) or _bare(raw))
    return found


def _bare(raw: bytes) -> bytes:
    message: Any = json.loads(raw)
    return json.dumps(message.get("data", message)).encode()


def test_every_recorded_execution_report_means_something(recorded: Path) -> None:
    kinds = {"NEW": OrderAccepted, "CANCELED": OrderCancelled, "REJECTED": OrderRejected}
    kinds |= {"EXPIRED": OrderExpired}
    reports = recorded_reports(recorded)
    assert len(reports) > 15
    told: set[str] = set()
    for payload in reports:
        assert read(stream_event, payload).kind == "executionReport"
        report, raw = read(execution_report, payload), json.loads(payload)
        try:
            fill = fill_of_report(report, OURS, ANY, NAME, 0)
            news = news_of_report(report, OURS)
        except Unreadable as error:
            told.add(str(error).split(",")[0])
            continue
        if raw["x"] == "TRADE":
            assert fill is not None
            assert ANY.quantity(fill.quantity) == Decimal(raw["l"])
            assert ANY.price(fill.price) == Decimal(raw["L"])
            assert fill.execution_id == f"{raw['s']}:{raw['t']}"
            assert (fill.fee, fill.fee_currency) == (Decimal(raw["n"] or 0), raw["N"] or "")
            assert fill.liquidity == ("maker" if raw["m"] else "taker")
        elif raw["x"] in kinds:
            assert isinstance(news, kinds[raw["x"]])
        told.add(raw["x"])
    assert {"NEW", "CANCELED", "TRADE", "EXPIRED", "REJECTED"} <= told


def test_a_cancel_is_about_the_order_it_cancels() -> None:
    raw = {"E": 1, "s": "X", "c": "web_1", "C": "tb7", "S": "BUY", "o": "LIMIT", "x": "CANCELED"}
    payload = json.dumps(raw | {"X": "CANCELED", "i": 4, "T": 1}).encode()
    assert order_of(read(execution_report, payload)) == "tb7"


@pytest.mark.parametrize("field", ["l", "L", "n", "z", "t", "i", "S"])
@pytest.mark.parametrize("value", ["NaN", "-1", "1e9", "", None, [], {}, 10**30])
def test_a_report_with_an_impossible_field_is_refused_and_never_booked(
    recorded: Path, field: str, value: object
) -> None:
    raw = next(
        raw
        for raw in map(json.loads, recorded_reports(recorded))
        if raw["x"] == "TRADE" and raw.get("N")
    )
    payload = json.dumps(raw | {field: value}).encode()
    try:
        fill = fill_of_report(read(execution_report, payload), OURS, ANY, NAME, 0)
    except ValueError:
        return
    assert fill is not None
    assert fill.quantity > 0
    assert fill.fee.is_finite()


def test_every_prefix_of_a_recorded_report_is_refused(recorded: Path) -> None:
    for payload in recorded_reports(recorded)[:3]:
        for end in range(len(payload)):
            with pytest.raises(ValueError, match=r"."):
                read(execution_report, payload[:end])


def fixture(recorded: Path, name: str) -> bytes:
    path = recorded / "payloads" / "nautilus_fixtures" / "binance" / "spot"
    return (path / name).read_bytes()


def test_recorded_replies_decode_into_what_they_say(recorded: Path) -> None:
    reply = read(order_reply, fixture(recorded, "http_json/new_order_full_response.json"))
    fills = fills_of_reply(reply, OURS, ANY, NAME, 0)
    assert [ANY.price(fill.price) for fill in fills] == [4000, 3999, 3998, 3997, 3995]
    (row,) = read(trade_rows, fixture(recorded, "http_json/account_trades_response.json"))
    fill = fill_of_row(row, OURS, ANY, NAME, "sweep", 0)
    assert (fill.side, fill.fee_currency, fill.fee) == ("buy", "BNB", Decimal("10.1"))
    (order,) = read(order_rows, fixture(recorded, "http_json/open_orders_response.json"))
    told = open_order(order, OURS, ANY)
    assert told is not None
    assert (told.type, told.side, ANY.quantity(told.quantity)) == ("limit", "buy", 1)
    account = read(account_reply, fixture(recorded, "http_json/account_response.json"))
    assert account.commission_rates is not None
    assert (account.commission_rates.maker, account.balances[0].asset) == ("0.00150000", "BTC")
    frame = read(socket_frame, fixture(recorded, "user_data_json/balance_update_wrapped.json"))
    assert read(balance_update, frame.event).delta == "100.00000000"


PARAMS = st.dictionaries(
    st.sampled_from(["symbol", "side", "price", "x"]), st.from_regex(r"\A[A-Z0-9.]{1,9}\Z")
)


@given(PARAMS)
def test_our_signature_is_that_of_python_binance(params: dict[str, str]) -> None:
    kit: Any = pytest.importorskip("binance.base_client").BaseClient
    theirs = kit.__new__(kit)  # its signatures alone: no connection is made
    theirs.API_SECRET, theirs.PRIVATE_KEY = "secret", None
    ours = Signer(Secret("key"), Secret("secret"))
    text = "&".join(f"{name}={value}" for name, value in params.items())
    assert ours.query(params) == f"{text}&signature={theirs._hmac_signature(text)}"  # noqa: SLF001
    named = dict(sorted((params | {"apiKey": "key"}).items()))
    signed = theirs._generate_ws_api_signature(named)  # noqa: SLF001
    assert ours.socket_params(dict(params))["signature"] == signed


def test_neither_key_nor_secret_is_printed_and_a_value_that_needs_encoding_is_refused() -> None:
    signer = Signer(Secret("abc"), Secret("def"))
    assert "def" not in repr(vars(signer))
    with pytest.raises(ValueError, match="must be of letters"):
        signer.query({"symbol": "A&B"})


def test_orders_are_spelled_as_the_venue_wants_them() -> None:
    maker = order_params(intent("tb1", post_only=True), BTC)
    assert maker == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT_MAKER",
        "quantity": "1",
        "price": "100",
    }
    stop = intent("tb2", type="stop_limit", trigger_price=9_000, tif="day", side="sell")
    assert order_params(stop, BTC) == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_LOSS_LIMIT",
        "quantity": "1",
        "price": "100",
        "timeInForce": "GTC",
        "stopPrice": "90",
    }
    market = order_params(intent("tb3", type="market", limit_price=None), BTC)
    assert "timeInForce" not in market


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"type": "trailing_stop"}, "no trailing_stop order"),
        ({"type": "stop", "limit_price": None}, "a stop needs a trigger"),
        ({"type": "limit", "limit_price": None}, "needs a limit price"),
        ({"type": "market", "post_only": True}, "no post-only market"),
    ],
)
def test_what_the_venue_cannot_take_is_refused_before_it_is_sent(
    changes: dict[str, object], why: str
) -> None:
    assert why in refusal(intent("tb1", "1", **changes), CAN)
    assert refusal(intent("tb1"), CAN) == ""


def test_each_answer_has_one_meaning() -> None:
    def said(status: int, body: bytes = b"") -> Outcome:
        return outcome_of(HttpReply(status=status, body=body))

    assert said(200, b"{}") == Done(b"{}")
    assert said(400, b'{"code":-2010,"msg":"no"}') == Refused(-2010, "-2010 no")
    assert said(403, b"<html>") == Refused(-403, "HTTP 403")
    assert isinstance(said(400, b'{"code":-1007,"msg":"?"}'), Unsure)
    assert isinstance(said(503, b'{"code":-1000,"msg":"?"}'), Unsure)
    assert isinstance(said(408), Unsure)
    assert outcome_of(Unanswered(reason="x", left=True)) == Unsure("x")
    assert outcome_of(Unanswered(reason="x", left=False)) == NotSent("x")


def test_where_a_region_is_refused_the_start_says_so_and_names_another_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = outcome_of(HttpReply(status=451, body=b"<html>"))
    assert isinstance(refused, Refused)

    async def ask_terms(*_: object) -> VenueTerms:
        raise CannotAsk(refused.text, refused.code)

    monkeypatch.setattr("tradebot.engine.brokers.binance.paper.ask_terms", ask_terms)
    with pytest.raises(CannotRun) as caught:
        paper_binance(None, ["BTCUSDT"], SystemClock())
    assert "does not serve this region; try [accounts.NAME] data_url" in str(caught.value)
    assert caught.value.exit_code == 4
