"""`tradebot token`: made once, listed without what they are, removed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from tests.engine.cli.conftest import Tradebot

from tradebot.engine.cli.failures import CommandFailed
from tradebot.engine.cli.token import parse_instant
from tradebot.engine.control.tokens import TokenStore


def test_a_token_is_printed_once_alone_on_stdout_and_recognised(
    tradebot: Tradebot, home: Path
) -> None:
    ran = tradebot("token", "add", "laptop", "--kind", "reduce-only")
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert "laptop: reduce-only, until it is removed" in ran.err
    caller = TokenStore(home / "engines" / "main").recognise(ran.out.strip(), 0)
    assert caller is not None
    assert (caller.name, caller.kind) == ("laptop", "reduce-only")
    listed = tradebot("token", "list")
    assert ran.out.strip() not in listed.out
    assert "laptop" in listed.out


def test_tokens_are_listed_with_kind_and_end(tradebot: Tradebot) -> None:
    made = tradebot("token", "add", "a", "--expires", "2999-01-01", "--json")
    document = cast("dict[str, object]", json.loads(made.out))
    assert document["expires"] == "2999-01-01T00:00:00Z"
    assert str(document["token"]).startswith("tbt_")
    tradebot("token", "add", "b", "--kind", "full")
    listed = cast("list[dict[str, object]]", json.loads(tradebot("token", "list", "--json").out))
    assert [(row["name"], row["kind"], row["expires"], row["expired"]) for row in listed] == [
        ("a", "read-only", "2999-01-01T00:00:00Z", False),
        ("b", "full", None, False),
    ]


def test_each_engine_has_its_own(tradebot: Tradebot) -> None:
    tradebot("token", "add", "a", "--name", "paper")
    assert json.loads(tradebot("token", "list", "--json").out) == []
    assert tradebot("token", "remove", "a", "--name", "paper").code == 0
    assert json.loads(tradebot("token", "list", "--name", "paper", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["add", "A"], 2, "a token's name must be 1 to 32"),
        (["add", "a", "--kind", "all"], 2, "was 'all'"),
        (["add", "a", "--expires", "2020-01-01"], 2, "was 2020-01-01T00:00:00"),
        (["add", "a", "--expires", "2999-01-01T00:00"], 2, "--expires needs a zone"),
        (["add", "a", "--expires", "soon"], 2, "--expires must be ISO 8601"),
        (["remove", "a"], 3, "there is no token 'a'; there is none"),
    ],
)
def test_what_is_no_token_is_refused_with_one_line(
    tradebot: Tradebot, words: list[str], code: int, line: str
) -> None:
    ran = tradebot("token", *words)
    assert (ran.code, ran.out) == (code, "")
    assert line in ran.err


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1795363200000000000", 1_795_363_200_000_000_000),
        ("1970-01-02", 86_400_000_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1_000),
    ],
)
def test_an_instant_is_exact(text: str, wanted: int) -> None:
    assert parse_instant(text, "x") == wanted


def test_an_instant_is_what_the_calendar_says() -> None:
    moment = datetime(2026, 11, 22, 19, 30, 5, tzinfo=UTC)
    assert parse_instant(moment.isoformat(), "x") == int(moment.timestamp()) * 10**9
    with pytest.raises(CommandFailed, match="was '20261122x'"):
        parse_instant("20261122x", "x")
