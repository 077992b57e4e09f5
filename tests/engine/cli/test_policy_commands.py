"""`tradebot policy ...` as a user types it, against a scripted engine."""

import io
import sys
from datetime import date, timedelta
from typing import override

import msgspec
import pytest
from tests.engine.cli.conftest import Tradebot
from tests.engine.control.scripted import STARTED, ScriptedEngine
from tests.engine.control.scripted_sleeves import NEW, OLD

from tradebot.engine.cli import policy_start, policy_versions
from tradebot.engine.cli.policy_decisions import (
    chosen_of,
    entry_line,
    log_line,
    logged_in,
    why_lines,
)
from tradebot.engine.control.messages_house import DecisionView
from tradebot.engine.control.messages_orders import EventLine


class Typed(io.StringIO):
    """What a person types at a terminal."""

    @override
    def isatty(self) -> bool:
        return True


def real_money(engine: ScriptedEngine) -> None:
    engine.life.card_facts = msgspec.structs.replace(
        engine.life.card_facts, real_money=True, mode="live"
    )
    engine.life.difference = msgspec.structs.replace(engine.life.difference, real_money=True)


def test_list_shows_a_line_for_each_sleeve(engine: ScriptedEngine, tradebot: Tradebot) -> None:
    assert engine.told == []
    ran = tradebot("policy", "list")
    header, line = ran.out.splitlines()
    assert header.split()[:4] == ["sleeve", "version", "run", "state"]
    assert "trend-btc  3f9c" in line
    assert "hold: above-mean" in line
    assert "1 min" in line
    assert line.endswith("changed on disk")
    document = tradebot("policy", "list", "--json").document
    assert isinstance(document, list)
    assert document[0]["open_risk"] == "15.00"


def test_show_names_params_with_origin_bounds_and_doc(
    engine: ScriptedEngine, tradebot: Tradebot
) -> None:
    assert not engine.told
    out = tradebot("policy", "show", "trend-btc").out
    assert "window = 50 (tradebot.toml) >= 2 and <= 400  bars in the mean" in out
    assert "p50 0.050 ms, p99 0.400 ms of 1000" in out
    assert "mandate   none" in out
    ran = tradebot("policy", "show", "nobody")
    assert (ran.code, "there is trend-btc" in ran.err) == (2, True)


def test_start_without_a_mode_is_a_shadow_and_shows_the_card_first(
    engine: ScriptedEngine, tradebot: Tradebot
) -> None:
    engine.life.card_facts = msgspec.structs.replace(engine.life.card_facts, run="shadow")
    ran = tradebot("policy", "start", "trend-btc")
    assert ran.code == 0
    assert "now wants hold: below-mean: close 1" in ran.out
    assert engine.told == [
        ("card", "trend-btc", "shadow"),
        ("start", "trend-btc", "shadow", OLD, "-", "30"),
    ]
    ran = tradebot("policy", "start", "trend-btc", "--loss-budget", "5")
    assert (ran.code, "go with --live" in ran.err) == (2, True)


def test_expiry_is_days_or_a_date(engine: ScriptedEngine, tradebot: Tradebot) -> None:
    day = date.fromisoformat(STARTED[:10]) + timedelta(days=12)
    for text, days in (("7d", "7"), ("45", "45"), (day.isoformat(), "12")):
        ran = tradebot(
            "policy", "start", "trend-btc", "--live", "--loss-budget", "200", "--expires", text
        )
        assert ran.code == 0
        assert engine.told[-1] == ("start", "trend-btc", "live", OLD, "200", days)
    for text in ("soon", "0", "2020-01-01", "9999"):
        assert tradebot("policy", "start", "trend-btc", "--live", "--expires", text).code == 2


def test_real_money_is_given_at_a_terminal_by_the_accounts_name(
    engine: ScriptedEngine, tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_money(engine)
    words = ("policy", "start", "trend-btc", "--live")
    assert tradebot(*words).code == 2, "a mandate needs a loss budget"
    ran = tradebot(*words, "--loss-budget", "200")
    assert (ran.code, "typed at a terminal" in ran.err) == (5, True)
    monkeypatch.setattr(policy_start, "this_terminal", lambda: "tty:x:1")
    monkeypatch.setattr(sys, "stdin", Typed("another\n"))
    assert tradebot(*words, "--loss-budget", "200").code == 5
    assert all(told[0] == "card" for told in engine.told)
    monkeypatch.setattr(sys, "stdin", Typed("sandbox\n"))
    ran = tradebot(*words, "--loss-budget", "200")
    assert (ran.code, engine.told[-1][0]) == (0, "start")


def test_json_of_a_start_is_one_document_with_the_card(
    engine: ScriptedEngine, tradebot: Tradebot
) -> None:
    ran = tradebot("policy", "start", "trend-btc", "--json")
    document = ran.document
    assert isinstance(document, dict)
    assert document["card"]["capital"] == "6000"
    assert "gate" not in ran.out
    assert engine.told[-1][0] == "start"


def test_stop_says_whether_positions_are_closed(engine: ScriptedEngine, tradebot: Tradebot) -> None:
    for words, wanted in (((), "None"), (("--exit",), "True"), (("--keep",), "False")):
        assert tradebot("policy", "stop", "trend-btc", *words).code == 0
        assert engine.told[-1] == ("stop-sleeve", "trend-btc", "operator", wanted)


@pytest.mark.parametrize("what", ["reload", "rollback"])
def test_a_change_shows_the_difference_and_asks(
    engine: ScriptedEngine, tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("n\n"))
    ran = tradebot("policy", what, "trend-btc")
    assert (ran.code, engine.told) == (1, [])
    assert "param  window 50 -> 60" in ran.out
    assert "+new" in ran.out
    assert "needs  trades -> best bid and ask" in ran.out
    monkeypatch.setattr(sys, "stdin", Typed("y\n"))
    assert tradebot("policy", what, "trend-btc").code == 0
    assert engine.told == [(what, "trend-btc", NEW, "False")]
    assert tradebot("policy", what, "trend-btc", "--dry-run").code == 0
    assert len(engine.told) == 1


def test_without_a_terminal_a_change_of_real_money_needs_yes(
    engine: ScriptedEngine, tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert tradebot("policy", "reload", "trend-btc").code == 0
    real_money(engine)
    ran = tradebot("policy", "reload", "trend-btc")
    assert (ran.code, "needs --yes" in ran.err) == (5, True)
    assert tradebot("policy", "reload", "trend-btc", "--yes").code == 0
    assert len(engine.told) == 2


def test_a_change_that_is_refused_says_why_unless_fresh(
    engine: ScriptedEngine, tradebot: Tradebot
) -> None:
    engine.life.difference = msgspec.structs.replace(
        engine.life.difference, memory="refused", refused="give it migrate()"
    )
    ran = tradebot("policy", "reload", "trend-btc", "--yes")
    assert (ran.code, "give it migrate()" in ran.err, engine.told) == (1, True, [])
    assert tradebot("policy", "reload", "trend-btc", "--yes", "--fresh").code == 0
    assert engine.told == [("reload", "trend-btc", NEW, "True")]


def test_nothing_to_change_is_done(engine: ScriptedEngine, tradebot: Tradebot) -> None:
    engine.life.difference = msgspec.structs.replace(engine.life.difference, same=True, new=OLD)
    ran = tradebot("policy", "reload", "trend-btc")
    assert (ran.code, engine.told) == (0, [])
    assert "nothing to change" in ran.out


def test_a_change_as_json_is_one_document(engine: ScriptedEngine, tradebot: Tradebot) -> None:
    document = tradebot("policy", "reload", "trend-btc", "--json", "--yes").document
    assert isinstance(document, dict)
    assert document["done"] is True
    assert document["difference"]["new"] == NEW
    assert engine.told[-1][0] == "reload"


def test_watch_follows_changes_on_disk(
    engine: ScriptedEngine, tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(policy_versions, "rest", ctrl_c)
    assert tradebot("policy", "reload", "trend-btc", "--watch").code == 130
    assert engine.told == [("reload", "trend-btc", NEW, "False")]


def test_capital_and_allocate(engine: ScriptedEngine, tradebot: Tradebot) -> None:
    assert tradebot("policy", "capital", "trend-btc", "6000 USD").code == 0
    assert engine.told[-1] == ("capital", "trend-btc", "6000 USD")
    assert tradebot("policy", "capital", "trend-btc", "much").code == 2
    out = tradebot("policy", "allocate").out
    assert "tradebot policy capital trend-btc 100000.00" in out
    assert "nothing was moved" in out
    assert tradebot("policy", "allocate", "--by", "luck").code == 2


def test_what_comes_later_says_so(tradebot: Tradebot) -> None:
    ran = tradebot("policy", "compare", "trend-btc")
    assert (ran.code, "not yet: policy compare trend-btc" in ran.err) == (2, True)


def test_pause_and_resume_are_the_same_words(engine: ScriptedEngine, tradebot: Tradebot) -> None:
    assert tradebot("policy", "pause", "trend-btc", "--reason", "odd").code == 0
    assert tradebot("policy", "resume", "trend-btc").code == 0
    assert engine.told == [("pause", "trend-btc", "odd"), ("resume", "trend-btc", "operator")]


# ------------------------------------------------------------------------------------ decisions


def decision(seq: int, symbol: str | None = None, **more: str | int | None) -> DecisionView:
    plain = DecisionView(
        ts=seq * 1_000_000_000,
        seq=seq,
        sleeve="trend-btc",
        did=("BUY 0.05 BTC/USD",),
        symbol=symbol,
        text="above-mean: close 2, mean 1",
        repeated=0,
        bound_by=None,
        refused=None,
    )
    return msgspec.structs.replace(plain, **more)


def test_why_takes_the_newest_of_a_symbol_not_after_an_instant() -> None:
    newest_first = [decision(9, "a"), decision(7, "b"), decision(5, "a"), decision(3)]
    assert chosen_of(newest_first, None, None) is newest_first[0]
    assert chosen_of(newest_first, "b", None) is newest_first[1]
    assert chosen_of(newest_first, "a", 8_000_000_000) is newest_first[2]
    assert chosen_of(newest_first, "c", None) is None


def test_a_decision_reads_with_its_bound_and_what_the_gate_refused() -> None:
    told = decision(9, "a", repeated=2, bound_by="max_order", refused="max_position: 60 % > 50 %")
    lines = why_lines(told)
    assert lines[0] == "1970-01-01T00:00:09Z  trend-btc  BUY 0.05 BTC/USD"
    assert "  bound by max_order" in lines
    assert "  refused  max_position: 60 % > 50 %" in lines
    assert log_line(told).endswith("(x3)  REFUSED max_position: 60 % > 50 %")


def test_what_a_policy_logs_is_told_as_it_happens() -> None:
    body = msgspec.Raw(b'{"kind":"sleeve-logged","sleeve":"trend-btc","lines":["a","b"]}')
    event = EventLine(id="4.1", seq=4, ts=4_000_000_000, kind="sleeve-logged", body=body)
    assert [entry_line(one) for one in logged_in(event, "trend-btc")] == [
        "1970-01-01T00:00:04Z log: a",
        "1970-01-01T00:00:04Z log: b",
    ]
    assert logged_in(event, "another") == []


def test_log_lists_decisions_and_logged_lines_in_order(
    engine: ScriptedEngine, tradebot: Tradebot
) -> None:
    assert not engine.told
    ran = tradebot("policy", "log", "trend-btc", "--json")
    assert ran.code == 0, ran.err
    document = ran.document
    assert isinstance(document, list)
    assert {"ts": "1970-01-01T00:00:04.000000000Z", "seq": 4, "text": "warm"} in document
    assert tradebot("policy", "why", "trend-btc").code == 0
