"""Each command against an engine: what it prints, what it tells the engine, its exit code."""

import json
from typing import Literal, cast

import msgspec
import pytest
from tests.engine.cli.conftest import Tradebot
from tests.engine.control.scripted import BTC, ETH, ORDER, POSITION, ScriptedEngine

from tradebot.engine.cli.facts import ORDER_HEADER, order_cells, position_lines
from tradebot.engine.control.messages import API_NUMBER

type Json = dict[str, object]

STATUS_FIELDS = {
    "engine",
    "trading_state",
    "reason",
    "currency",
    "equity",
    "cash",
    "accounts",
    "feeds",
    "sleeves",
    "working",
    "unresolved",
}
ORDER_FIELDS = {
    "client_order_id",
    "request_id",
    "venue_order_id",
    "bet_id",
    "account",
    "instrument",
    "owner",
    "side",
    "type",
    "tif",
    "quantity",
    "filled",
    "average_price",
    "limit_price",
    "trigger_price",
    "lives_at",
    "state",
    "reason",
    "because",
    "created",
    "updated",
    "policy_version",
}
FILL_FIELDS = {
    "execution_id",
    "client_order_id",
    "venue_order_id",
    "bet_id",
    "account",
    "instrument",
    "owner",
    "side",
    "quantity",
    "price",
    "fee",
    "fee_currency",
    "liquidity",
    "source",
    "ts_event",
    "ts_recv",
    "seq",
}
POSITION_FIELDS = {
    "account",
    "instrument",
    "owner",
    "quantity",
    "average_price",
    "mark",
    "realized_pnl",
    "unrealized_pnl",
    "currency",
    "protected",
}


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (["orders"], ORDER_FIELDS),
        (["orders", "--working"], ORDER_FIELDS),
        (["fills"], FILL_FIELDS),
        (["positions"], POSITION_FIELDS),
    ],
)
@pytest.mark.usefixtures("engine")
def test_lists_print_one_json_document_with_the_fields_of_the_contract(
    tradebot: Tradebot, command: list[str], fields: set[str]
) -> None:
    ran = tradebot(*command, "--json")
    rows = cast("list[Json]", ran.document)
    assert (ran.code, ran.err) == (0, "")
    assert rows
    assert all(fields <= row.keys() for row in rows)


@pytest.mark.usefixtures("engine")
def test_status_prints_one_json_document_with_the_fields_of_the_contract(
    tradebot: Tradebot,
) -> None:
    document = cast("Json", tradebot("status", "--json").document)
    assert document.keys() >= STATUS_FIELDS
    engine = cast("Json", document["engine"])
    assert engine.keys() >= {"name", "version", "api", "pid", "mode", "started", "seq"}
    assert document["equity"] == "102431.20"


@pytest.mark.parametrize("command", ["status", "positions", "kill"])
@pytest.mark.parametrize("flags", [[], ["--plain"]])
@pytest.mark.usefixtures("engine")
def test_what_one_reads_on_a_phone_fits_forty_columns(
    tradebot: Tradebot, command: str, flags: list[str]
) -> None:
    ran = tradebot(command, *flags)
    assert ran.code == 0
    assert ran.out
    assert max(map(len, ran.out.splitlines())) <= 40


@pytest.mark.usefixtures("engine")
def test_plain_rows_are_fields_apart_by_tabs_without_a_header(tradebot: Tradebot) -> None:
    rows = tradebot("orders", "--plain").out.splitlines()
    assert [row.split("\t")[0] for row in rows] == ["tba1b2c0001", "tba1b2c0002"]


@pytest.mark.usefixtures("engine")
def test_a_list_that_is_cut_says_so_on_stderr(tradebot: Tradebot) -> None:
    ran = tradebot("fills", "--limit", "1", "--json")
    assert len(cast("list[Json]", ran.document)) == 1
    assert ran.err == "the newest 1 fills; --limit shows more\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cancel", ORDER.client_order_id], ("cancel", ORDER.client_order_id)),
        (["cancel", "--all"], ("cancel_all", "None", "None")),
        (["cancel", "--all", "--side", "buy", "--symbol", "BTCUSDT"], ("cancel_all", BTC, "buy")),
        (["flatten", "BTCUSDT"], ("flatten", BTC)),
        (["flatten", "--all"], ("flatten", "None")),
        (["kill"], ("kill",)),
        (["halt", "--reason", "lunch"], ("halt", "lunch")),
        (["resume", "--reason", "back"], ("resume", "back")),
        (["resume", "trend-btc"], ("resume", "trend-btc", "operator")),
        (["pause", "trend-btc", "--reason", "odd"], ("pause", "trend-btc", "odd")),
        (["stop"], ("stop",)),
        (["stop", "--leave-unprotected"], ("stop", "leave-unprotected")),
        (["disarm"], ("disarm",)),
        (
            ["mandate", "trend-btc", "--capital", "5e3", "--loss-budget", "200", "--days", "7"],
            ("mandate", "trend-btc", "5000", "200", "7"),
        ),
        (["mandate", "trend-btc", "--revoke"], ("revoke", "trend-btc", "operator")),
    ],
)
def test_a_control_command_tells_the_engine_and_prints_what_it_did(
    tradebot: Tradebot, engine: ScriptedEngine, words: list[str], told: tuple[str, ...]
) -> None:
    text = tradebot(*words)
    assert (text.code, text.err) == (0, "")
    assert text.out
    document = cast("Json", tradebot(*words, "--json").document)
    assert document["ok"] is True
    assert engine.told == [told, told]


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["cancel"], 2, "say which: cancel ID, or cancel --all"),
        (["cancel", "tbx", "--all"], 2, "say which: cancel ID, or cancel --all"),
        (["cancel", "tbx", "--side", "buy"], 2, "--symbol and --side go with --all"),
        (["cancel", "tbx"], 2, "no order 'tbx'"),
        (["flatten"], 2, "say which: flatten SYMBOL, or flatten --all"),
        (["flatten", "DOGE"], 2, "no instrument 'DOGE' in this engine"),
        (["halt"], 2, 'halt needs a reason: tradebot halt --reason "..."'),
        (["halt", "--reason", " "], 2, "halt needs a reason"),
        (["resume"], 2, "resume needs a reason"),
        (["pause", "nobody"], 2, "no sleeve 'nobody'; running: trend-btc"),
        (["mandate", "trend-btc"], 2, "a mandate needs --capital C and --loss-budget L"),
        (["arm", "--for", "soon"], 2, "--for must be a time from 1s to 24h"),
        (["arm", "--idle", "25h"], 2, "--idle must be a time from 1s to 24h"),
        (["arm"], 5, "arm is typed at a terminal and ends with it: stdin is none"),
        (["status", "--json", "--plain"], 2, "choose one of --json and --plain"),
        (
            ["fills", "--limit", "0"],
            2,
            "Invalid value for '--limit': Input should be greater than or equal to 1, was '0'",
        ),
        (["orders", "--wrking"], 2, "No such option"),
        (["watch", "--after", "x"], 2, "event id must be seq.index, e.g. 120.0, was 'x'"),
        (["watch", "--after", "900.0"], 2, "event 900.0 has not happened yet"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_a_refused_command_is_one_line_on_stderr_and_nothing_on_stdout(
    tradebot: Tradebot, words: list[str], code: int, line: str
) -> None:
    ran = tradebot(*words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("tradebot: ")
    assert line in ran.err
    assert ran.err.count("\n") == 1


def test_an_engine_that_fails_inside_is_one_line_without_its_traceback(
    tradebot: Tradebot, engine: ScriptedEngine
) -> None:
    engine.broken = True
    ran = tradebot("status")
    assert ran.code == 1
    assert "the ledger does not add up" in ran.err
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback_wherever_it_stands(
    tradebot: Tradebot, engine: ScriptedEngine
) -> None:
    engine.broken = True
    for words in (["--debug", "status"], ["status", "--debug"]):
        ran = tradebot(*words)
        assert ran.code == 1
        assert "Traceback (most recent call last)" in ran.err


def test_an_engine_of_another_api_is_refused_with_one_sentence(
    tradebot: Tradebot, engine: ScriptedEngine
) -> None:
    engine.api = API_NUMBER + 1
    ran = tradebot("status")
    assert ran.code == 4
    assert ran.err == (
        "tradebot: engine 'main' speaks API 2 (version 0.1.0), this command 1; "
        "use the tradebot that started it, or restart it\n"
    )


def test_watch_prints_events_in_order_and_can_be_resumed(
    tradebot: Tradebot, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.write("order-filled", 7)
    monkeypatch.setattr("tradebot.engine.control.client.STREAM_SILENCE_S", 0.2)
    whole = tradebot("watch", "--after", "0.2", "--json")
    events = [cast("Json", json.loads(line)) for line in whole.out.splitlines()]
    assert [cast("Json", event["body"])["n"] for event in events] == list(range(7))
    assert events[0]["ts"] == "2026-11-22T16:00:00.000000000Z"
    assert whole.code == 4
    assert whole.err.endswith(f"go on with tradebot watch --after {events[-1]['id']}\n")
    rest = tradebot("watch", "--after", cast("str", events[3]["id"]))
    assert [line.split(" ", 3)[3] for line in rest.out.splitlines()] == [
        json.dumps(event["body"], separators=(",", ":")) for event in events[4:]
    ]


def test_names_choose_the_engine(tradebot: Tradebot, engine: ScriptedEngine) -> None:
    assert engine.told == []
    assert tradebot("status", "--name", "main").code == 0
    assert tradebot("status", "--name", "other").code == 4
    assert tradebot("status", "--name", "../main").code == 2
    assert tradebot("cancel", "--all", "--symbol", ETH).code == 0


@pytest.mark.usefixtures("engine")
def test_health_tells_what_the_engine_hangs_on_and_who_follows(tradebot: Tradebot) -> None:
    facts = cast("Json", tradebot("health", "--json").document)
    assert {"feeds", "accounts", "queues", "lag_ms", "seq", "committed_seq"} <= facts.keys()
    assert (facts["clients"], facts["venue_budget"]) == ({"streams": [], "dropped": []}, None)
    told = tradebot("health")
    assert (told.code, told.err) == (0, "")
    assert "journal ok, durable to seq 7" in told.out
    assert "venue's budget -" in told.out
    assert max(map(len, told.out.splitlines())) <= 40


def test_an_order_shows_its_trigger_and_where_it_lives() -> None:
    stop = msgspec.structs.replace(
        ORDER, type="stop", limit_price=None, trigger_price="59000.00", lives_at="engine"
    )
    cells = dict(zip(ORDER_HEADER, order_cells(stop), strict=True))
    assert (cells["trigger"], cells["lives"]) == ("59000.00", "engine")
    trailing = msgspec.structs.replace(stop, trail="20.00", lives_at="broker")
    cells = dict(zip(ORDER_HEADER, order_cells(trailing), strict=True))
    assert (cells["trigger"], cells["lives"]) == ("59000.00 trail 20.00", "broker")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("engine", "protected, only by this engine"),
        ("broker", "protected at the broker"),
        (None, "not protected"),
    ],
)
def test_a_position_says_where_its_protection_lives(
    place: Literal["engine", "broker"] | None, words: str
) -> None:
    held = msgspec.structs.replace(POSITION, protected=place is not None, protected_at=place)
    assert list(position_lines(held))[-1].strip() == words
