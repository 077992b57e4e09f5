"""Screen Setup: accounts, whether their keys are there, their test, the lights of every stream."""

import asyncio

import msgspec
from console_driver import Console, running
from console_fakes import HEALTH, SETUP, FakeMarket

from tradebot.console.glyphs import BLOCK
from tradebot.console.link.protocol import StateQuery
from tradebot.console.rows import Row, text_of, width_of
from tradebot.console.screens.setup.check import next_step
from tradebot.console.screens.setup.streams import market_words, rest_words, told_in
from tradebot.engine.control.health import SessionFacts
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.setup import AccountCheck


def scene(market: FakeMarket, query: StateQuery) -> Frame:
    return market.frame(query)


def text(rows: list[Row] | tuple[Row, ...]) -> str:
    return "\n".join(text_of(row) for row in rows)


async def test_setup_tells_whether_keys_are_there_and_what_to_do_next() -> None:
    async with running(Console(scene)) as console:
        await console.press("9")
        await console.beat(times=3)
        accounts = text(list(console.app.setup.accounts.rows)).splitlines()
        assert "none needed" in accounts[1]
        assert "present" in accounts[2]
        assert "MISSING" in accounts[3]
        assert "LIVE" in accounts[3]
        console.app.setup.accounts.select(2)
        await console.beat(times=2)
        assert "tradebot keys set main" in text(list(console.app.setup.check.rows))
        assert "not traded by this engine" in text(list(console.app.setup.venue.rows))


async def test_a_test_runs_beside_the_keys_and_shows_reason_and_remedy() -> None:
    console = Console(scene)
    console.link.check_gate = asyncio.Event()
    console.link.check = AccountCheck(
        account="swing",
        ok=False,
        problem="401: the key is wrong: tradebot keys set swing",
        facts={"host": "paper-api.alpaca.markets"},
    )
    async with running(console):
        await console.press("9")
        await console.beat(times=3)
        await console.press("down", "t")
        await console.beat(times=2)
        assert "asking the venue" in text(list(console.app.setup.check.rows))
        await console.press(
            "t", "up"
        )  # keys answer while the venue is asked; a second test does not begin
        await console.beat(times=2)
        assert console.link.commands == [("check", "swing")]
        await console.press("down")
        console.link.check_gate.set()
        await console.beat(times=4)
        said = text(list(console.app.setup.check.rows))
        assert "CANNOT BE TRADED" in said
        assert "401: the key is wrong: tradebot keys set swing" in said
        assert "paper-api.alpaca.markets" in said


async def test_without_accounts_setup_says_how_to_add_one_and_test_says_there_is_none() -> None:
    console = Console(scene)
    console.link.setup_facts = msgspec.structs.replace(SETUP, accounts=[])
    async with running(console):
        await console.press("9")
        await console.beat(times=3)
        words = text(list(console.app.setup.accounts.rows))
        assert "tradebot account add NAME --venue VENUE" in words
        await console.press("t")
        await console.beat(times=2)
        assert console.link.commands == []
        assert "no account is configured" in console.app.view.history[-1].text


async def test_a_broken_configuration_is_said_in_the_list() -> None:
    console = Console(scene)
    console.link.setup_facts = msgspec.structs.replace(
        SETUP, accounts=[], problem="line 4: no key 'accuonts'"
    )
    async with running(console):
        await console.press("9")
        await console.beat(times=3)
        assert "line 4" in text(list(console.app.setup.accounts.rows))


def test_the_next_step_follows_keys_then_test_then_start() -> None:
    sandbox, swing, main = SETUP.accounts
    good = AccountCheck(account="swing", ok=True, problem=None, facts={})
    bad = msgspec.structs.replace(good, ok=False, problem="no answer")
    unused = msgspec.structs.replace(swing, used=False)
    assert next_step(SETUP, None, None).startswith("tradebot account add")
    assert next_step(SETUP, main, None) == "tradebot keys set main"
    assert next_step(SETUP, swing, None).startswith("t tests it")
    assert next_step(SETUP, swing, bad).startswith("do what stands above")
    assert "an engine of its mode trades swing" in next_step(SETUP, unused, good)
    assert next_step(SETUP, sandbox, good) == "nothing: 1, then b buys"


def test_market_data_is_as_bad_as_its_worst_feed() -> None:
    up, _, stale, down = HEALTH.feeds
    assert market_words([up])[0] == "good"
    assert market_words([up, stale])[0] == "unsure"
    assert market_words([up, stale, down])[0] == "bad"
    assert market_words([]) == ("unsure", "none: this engine has no market")


def test_a_question_without_answer_is_a_light_of_the_rest_path() -> None:
    told, asked = HEALTH.accounts
    assert rest_words(told)[0] == "good"
    assert rest_words(asked)[0] == "unsure"
    assert rest_words(msgspec.structs.replace(asked, asking_s=30.0))[0] == "bad"
    never = msgspec.structs.replace(asked, asking_s=None)
    assert rest_words(never) == ("unsure", "unknown: not asked since the start")


REASON = (
    "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 4002) "
    "(is Gateway or TWS logged in? next login due 2026-11-22 06:00Z)"
)


def told(console: Console) -> str:
    rows = [text_of(row) for row in console.app.setup.streams.rows]
    return " ".join(" ".join(rows).split())


async def test_a_streams_reason_can_be_read_whole_in_80_columns() -> None:
    console = Console(scene)
    session = SessionFacts(name="ib 127.0.0.1:4002", state="connecting", reason=REASON)
    health = msgspec.structs.replace(HEALTH, sessions=(session,))
    console.link.health_facts = health
    async with running(console, (80, 24)):
        await console.press("9")
        await console.beat(times=3)
        streams = console.app.setup.streams
        assert "tab here, m: all of it" in str(streams.border_subtitle)
        while not streams.has_focus:
            await console.press("tab")
        await console.press("m")
        await console.beat(times=3)
        assert REASON in told(console)
        assert not streams.border_subtitle


def test_where_room_lacks_what_is_wrong_is_told_whole_before_what_is_well() -> None:
    rows = told_in(HEALTH, frozenset({"bad"}), BLOCK, 36)
    joined = " ".join(" ".join(text_of(row) for row in rows).split())
    assert market_words(HEALTH.feeds)[1] in joined
    assert all(width_of(row) <= 36 for row in rows)
