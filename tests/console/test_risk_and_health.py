"""Screens Risk and Health: bars, words and the keys that change the state."""

import msgspec
import pytest
from console_driver import Console, Scene, running
from console_fakes import HEALTH, POSITIONS, SLEEVES, FakeMarket
from console_scenes import with_state

from tradebot.console.glyphs import BLOCK
from tradebot.console.link.protocol import StateQuery
from tradebot.console.rows import Row, text_of
from tradebot.console.screens.health.lights import (
    clock_words,
    engine_lights,
    session_words,
    stream_words,
)
from tradebot.console.screens.overlays.typed import Typed
from tradebot.console.screens.risk.limits import bar_row
from tradebot.engine.control.health import SessionFacts
from tradebot.engine.control.messages_facts import LimitFacts
from tradebot.engine.control.messages_frame import Frame


def risk_scene(market: FakeMarket, query: StateQuery) -> Frame:
    engine_held = msgspec.structs.replace(POSITIONS[1], protected_at="engine")
    return market.frame(query, sleeves=SLEEVES, positions=[POSITIONS[0], engine_held])


async def at(console: Console, digit: str) -> None:
    await console.press(digit)
    await console.beat(times=2)


def text(rows: object) -> str:
    assert isinstance(rows, list | tuple)
    lines: list[Row] = list(rows)  # pyright: ignore[reportUnknownArgumentType]
    return "\n".join(text_of(row) for row in lines)


async def sent_by(key: str, scene: Scene, *, read_only: bool = False) -> list[tuple[object, ...]]:
    async with running(Console(scene, read_only=read_only)) as console:
        await at(console, "3")
        await console.press(key)
        await console.beat()
        await console.press("enter", "o", "k", "enter")
        return console.link.commands


async def test_halt_needs_a_typed_reason() -> None:
    assert await sent_by("h", risk_scene) == [("halt", "ok")]


async def test_resume_needs_a_typed_reason_and_something_to_lift() -> None:
    assert await sent_by("r", with_state("HALTED", "drawdown")) == [("resume", "ok")]
    assert await sent_by("r", risk_scene) == []


async def test_sleeve_under_the_mark_is_paused_for_a_reason() -> None:
    assert await sent_by("p", risk_scene) == [("pause", "trend-btc", "ok")]


async def test_paused_sleeve_goes_on_for_a_reason() -> None:
    async with running(Console(risk_scene)) as console:
        await at(console, "3")
        console.app.risk.sleeves.select(1)
        await console.press("p")
        await console.beat()
        assert isinstance(console.app.screen, Typed)
        await console.press("o", "k", "enter")
        assert console.link.commands == [("resume_sleeve", "barbell", "ok")]


async def test_read_only_console_changes_no_state() -> None:
    assert await sent_by("h", risk_scene, read_only=True) == []


async def test_unprotected_and_engine_held_positions_are_named() -> None:
    async with running(Console(risk_scene)) as console:
        await at(console, "3")
        assert "1 UNPROTECTED" in console.app.risk.protection.heading()
        lines = text(console.app.risk.protection.rows)
        assert "NOT PROTECTED" in lines
        assert "in this engine only" in lines


async def test_accounts_say_what_is_not_valued_and_arming_what_is_left() -> None:
    async with running(Console(risk_scene), (200, 60)) as console:
        await at(console, "3")
        assert "+ 0.2 BTC not valued" in text(console.app.risk.accounts.rows)
        state = text(console.app.risk.state.rows)
        assert "ARMED, 10m left" in state
        assert "lost 41.20 of 300" in state
        assert "VOID barbell" in state


@pytest.mark.parametrize(
    ("used", "cap", "word"),
    [
        ("10", "100", ""),
        ("80", "100", "NEAR"),
        ("100", "100", "FULL"),
        (None, "5", "unknown"),
        ("1", None, "off"),
    ],
)
def test_limit_has_a_word_besides_its_colour(used: str | None, cap: str | None, word: str) -> None:
    limit = LimitFacts(name="gross", used=used, cap=cap, unit="%")
    row = bar_row(limit, 80, BLOCK)
    assert text_of(row).rstrip().endswith(word)
    full = text_of(row).count(BLOCK.bar_full)
    assert (full == 39) == (word == "FULL")


async def test_health_shows_unknown_as_unknown() -> None:
    async with running(Console(), (200, 60)) as console:
        await at(console, "8")
        ways = text(console.app.health.ways.rows)
        assert "unknown: not measured" in ways
        assert "2 DIFFERENCES" in ways
        feeds = text(console.app.health.feeds.rows)
        assert "DOWN" in feeds
        assert "unknown" in feeds
        engine = text(console.app.health.engine.rows)
        assert "venue rate  unknown" in engine
        assert "1 dropped" in engine
        assert "29 of 30 orders a minute NEAR" in engine


def test_lights_follow_the_facts() -> None:
    account = HEALTH.accounts[0]
    far = msgspec.structs.replace(account, clock_offset_ms=-600.0)
    dead = msgspec.structs.replace(account, stream="stale")
    assert [clock_words(one, 500.0)[0] for one in (account, far)] == ["good", "bad"]
    assert stream_words(dead) == ("bad", "STALE")
    broken = msgspec.structs.replace(HEALTH, journal_trouble="disk full", lag_ms=80.0, unresolved=2)
    bad = [name for name, kind, _ in engine_lights(broken) if kind == "bad"]
    assert bad == ["loop lag", "journal", "unknown"]
    assert "bad" not in [kind for _, kind, _ in engine_lights(HEALTH)]


async def test_screens_change_and_the_last_row_says_which_is_on_show() -> None:
    async with running(Console(risk_scene)) as console:
        for digit, name, word in (
            ("3", "risk", "[3Risk]"),
            ("8", "health", "[8Health]"),
            ("4", "orders", "[4Orders]"),
        ):
            await at(console, digit)
            shown = console.app.screen
            assert shown is getattr(console.app, name)
            assert word in text(console.app.shown.panels[-1].rows)


def test_a_connection_says_its_state_and_what_is_not_as_usual() -> None:
    live = SessionFacts(name="ib", state="live", note="next login due 2026-11-29 06:00Z")
    assert session_words(live) == ("good", "live; next login due 2026-11-29 06:00Z")
    healed = SessionFacts(name="a", state="syncing", reason="reset", gap_filled=2, malformed=1)
    kind, words = session_words(healed)
    assert (kind, words) == ("unsure", "syncing; reset; 2 fills by gap-fill; 1 unreadable")
    assert session_words(SessionFacts(name="a", state="disconnected"))[0] == "bad"
