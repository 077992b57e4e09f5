"""`buy` and `sell`: terms, symbols, outcomes, exit codes."""

from decimal import Decimal
from typing import Literal, cast

import pytest
from tests.engine.cli.conftest import Tradebot
from tests.engine.control.scripted import BTC, ORDER, ScriptedEngine

type Json = dict[str, object]


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        ([], ("marketable", "ioc", None)),
        (["--tif", "fok"], ("marketable", "fok", None)),
        (["--market"], ("market", "ioc", None)),
        (["--limit", "59998.50"], ("limit", "gtc", "59998.50")),
        (["--limit", "59998.5", "--tif", "ioc"], ("limit", "ioc", "59998.5")),
    ],
)
@pytest.mark.usefixtures("engine")
def test_an_order_has_the_terms_its_options_say(
    tradebot: Tradebot, words: list[str], terms: tuple[str, str, str | None]
) -> None:
    ran = tradebot("buy", "0.2", "BTCUSDT", *words, "--json")
    order = cast("Json", ran.document)
    assert (ran.code, ran.err) == (0, "")
    assert (order["type"], order["tif"], order["limit_price"]) == terms
    assert (order["side"], order["quantity"], order["instrument"]) == ("buy", "0.2", BTC)
    assert order["outcome"] == "accepted"


def test_the_same_id_twice_is_one_order(tradebot: Tradebot, engine: ScriptedEngine) -> None:
    first = cast("Json", tradebot("sell", "1", BTC, "--id", "mine-1", "--json").document)
    again = cast("Json", tradebot("sell", "2", BTC, "--id", "mine-1", "--json").document)
    assert first["request_id"] == again["request_id"] == "mine-1"
    assert again["quantity"] == "1"
    assert len(engine.placed) == 1


def test_without_an_id_each_order_is_a_new_one(tradebot: Tradebot, engine: ScriptedEngine) -> None:
    tradebot("sell", "1", BTC)
    tradebot("sell", "1", BTC)
    assert len(engine.placed) == 2


@pytest.mark.parametrize(
    ("outcome", "code", "line"),
    [
        ("denied", 5, "denied by the risk gate: max_order: 30 % of equity is above 25 %"),
        ("rejected", 1, "the venue rejected the order: max_order: 30 % of equity is above 25 %"),
        ("unknown", 1, "sending it again is safe only with --id mine-1"),
    ],
)
def test_an_order_that_did_not_go_through_is_printed_and_explained(
    tradebot: Tradebot,
    engine: ScriptedEngine,
    outcome: Literal["denied", "rejected", "unknown"],
    code: int,
    line: str,
) -> None:
    engine.outcome, engine.reason = outcome, "max_order: 30 % of equity is above 25 %"
    ran = tradebot("buy", "9", BTC, "--id", "mine-1", "--json")
    assert ran.code == code
    assert cast("Json", ran.document)["outcome"] == outcome
    assert cast("Json", ran.document)["reason"] == engine.reason
    assert line in ran.err
    assert ran.err.count("\n") == 1


def test_nobody_waits_with_no_wait(tradebot: Tradebot, engine: ScriptedEngine) -> None:
    engine.outcome = "unknown"
    ran = tradebot("buy", "1", BTC, "--no-wait", "--id", "r")
    assert (ran.code, ran.err) == (0, "")
    assert engine.told == [("place", "r", "0.0")]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["0.2", "AAPL"], "'AAPL' may be alpaca:AAPL or ib:AAPL; write the whole id"),
        (["0.2", "BTCUSD"], "no instrument 'BTCUSD' in this engine; candidates: binance:BTCUSDT"),
        (["x", "BTCUSDT"], "quantity must be a decimal number, was 'x'"),
        (["0", "BTCUSDT"], "quantity must be a number > 0, was '0'"),
        (["nan", "BTCUSDT"], "quantity must be a number > 0, was 'nan'"),
        (["1e99", "BTCUSDT"], "quantity must have at most 38 digits"),
        (["1", "BTCUSDT", "--limit", "-5"], "--limit must be a number > 0, was '-5'"),
        (["1", "BTCUSDT", "--limit", "5", "--market"], "choose one of --limit and --market"),
        (["1", "BTCUSDT", "--post-only"], "--post-only needs --limit and --tif gtc"),
        (["1", "BTCUSDT", "--market", "--tif", "gtc"], "--tif gtc needs --limit"),
        (["1", "BTCUSDT", "--tif", "day"], "--tif day needs --limit or --trigger"),
        (["1", "BTCUSDT", "--limit", "5", "--tif", "gtd"], "--tif gtd needs --expires T"),
        (["1", "BTCUSDT", "--tif", "soon"], "Invalid value for '--tif'"),
        (["1"], "Missing argument 'SYMBOL'"),
        (["auto", "BTCUSDT", "--risk", "1%"], "--risk needs --stop-loss"),
        (["auto", "BTCUSDT", "--stop-loss", "5"], "QTY must be auto with --risk"),
        (["1", "BTCUSDT", "--stop-loss", "5", "--risk", "1%"], "QTY must be auto with --risk"),
        (["auto", "BTCUSDT", "--stop-loss", "5", "--risk", "200%"], "at most 100 %"),
        (["1", "BTCUSDT", "--limit", "5", "--tif", "gtd", "--expires", "noon"], "ISO 8601"),
        (["1", "BTCUSDT", "--attended"], "--attended needs a terminal"),
    ],
)
def test_wrong_usage_is_one_line_exit_code_two_and_no_order(
    tradebot: Tradebot, engine: ScriptedEngine, words: list[str], line: str
) -> None:
    ran = tradebot("buy", *words)
    assert (ran.code, ran.out) == (2, "")
    assert line in ran.err
    assert ran.err.count("\n") == 1
    assert engine.told == []


@pytest.mark.parametrize("mode", ["broker-paper", "live"])
def test_a_broker_without_a_terminal_wants_yes(
    tradebot: Tradebot, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    engine.mode = mode
    ran = tradebot("buy", "1", BTC)
    assert ran.code == 5
    assert ran.err == f"tradebot: {mode.upper()} without a terminal needs --yes; nothing was sent\n"
    assert engine.told == []
    assert tradebot("buy", "1", BTC, "--yes").code == 0


def test_a_broker_at_a_terminal_shows_the_order_and_asks(
    tradebot: Tradebot, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.mode = "live"
    questions: list[str] = []

    def answer(text: str, *, err: bool) -> bool:
        assert err
        questions.append(text)
        return len(questions) > 1

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", answer)
    refused = tradebot("buy", "1", BTC)
    assert (refused.code, engine.told) == (5, [])
    assert "BUY 1 binance:BTCUSDT @ market ioc" in refused.err
    assert tradebot("buy", "1", BTC).code == 0
    assert questions == ["LIVE: send it?", "LIVE: send it?"]


def test_terms_of_a_bracket_reach_the_engine(tradebot: Tradebot, engine: ScriptedEngine) -> None:
    words = ["auto", "BTCUSDT", "--limit", "100", "--stop-loss", "90", "--take-profit", "120"]
    ran = tradebot("buy", *words, "--risk", "0.25%", "--tif", "day", "--id", "b1")
    assert ran.code == 0, ran.err
    (order,) = engine.asked_for
    assert (order.quantity, order.risk, order.tif) == (0, Decimal("0.0025"), "day")
    assert (order.stop_loss, order.take_profit) == (Decimal(90), Decimal(120))


def test_a_trail_protects_an_entry_and_with_reduce_only_is_the_order_itself(
    tradebot: Tradebot, engine: ScriptedEngine
) -> None:
    assert tradebot("buy", "1", "BTCUSDT", "--trail", "5", "--id", "a").code == 0
    assert tradebot("sell", "1", "BTCUSDT", "--trail", "5", "--reduce-only", "--id", "b").code == 0
    entry, stop = engine.asked_for
    assert (entry.type, entry.stop_trail, entry.trail) == ("marketable", Decimal(5), None)
    assert (stop.type, stop.trail, stop.tif) == ("trailing_stop", Decimal(5), "gtc")


@pytest.mark.usefixtures("engine")
def test_amend_says_what_to_change(tradebot: Tradebot) -> None:
    ran = tradebot("amend", ORDER.client_order_id, "--limit", "5")
    assert ran.code == 0, ran.err
    assert "say what" in tradebot("amend", ORDER.client_order_id).err


def test_an_end_without_gtd_is_refused_instead_of_forgotten(
    tradebot: Tradebot, engine: ScriptedEngine
) -> None:
    words = ("buy", "1", BTC, "--limit", "59000", "--expires", "2027-01-05T00:00:00Z")
    ran = tradebot(*words)
    assert (ran.code, engine.placed) == (2, {})
    assert "--expires needs --tif gtd: a gtc order would not end then" in ran.err
    assert tradebot(*words, "--tif", "gtd").code == 0
