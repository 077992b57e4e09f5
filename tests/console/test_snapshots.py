"""What the Trade screen looks like in every state, size and theme."""

import pytest
from console_driver import Console, Scene, normal
from console_fakes import order, refused_preview
from console_scenes import (
    MID,
    NARROW,
    SIZES,
    Compare,
    Steps,
    empty,
    look,
    lose_engine,
    nothing,
    shot,
    with_feed,
    with_sleeves,
    with_state,
)

from tradebot.console.glyphs import GlyphName
from tradebot.engine.control.messages_orders import OrderAnswer


async def open_kill(console: Console) -> None:
    await console.press("f9")


async def freeze(console: Console) -> None:
    await console.press("space")


async def open_ticket(console: Console) -> None:
    await console.press("down", "down", "b")
    await console.beat(times=2)


async def write_bet(console: Console) -> None:
    await open_ticket(console)
    await console.press("l", *"58800", "t", *"63600", "e", *"40", "tab")
    await console.beat(times=3)


async def write_risk(console: Console) -> None:
    await open_ticket(console)
    await console.press("l", *"58800", "r", *"0.25")
    await console.beat(times=3)


async def review_bet(console: Console) -> None:
    await write_bet(console)
    await console.press("enter")
    await console.beat(times=2)


async def review(console: Console) -> None:
    await console.open_review()


async def review_refused(console: Console) -> None:
    console.link.make_preview = refused_preview
    await console.open_review()


async def rejected(console: Console) -> None:
    console.link.answer = OrderAnswer(outcome="rejected", order=None, reason="insufficient balance")
    await console.open_review()
    await console.press("y")


async def unknown(console: Console) -> None:
    console.link.answer = OrderAnswer(
        outcome="unknown", order=order(state="unknown"), reason="no answer within 5 s"
    )
    await console.open_review()
    await console.press("y")


async def cancel_protection(console: Console) -> None:
    await console.press("tab", "tab")
    console.app.trade.working.select(2)
    await console.press("x")


async def help_(console: Console) -> None:
    await console.press("question_mark")


async def quit_(console: Console) -> None:
    await console.press("q")


async def flatten(console: Console) -> None:
    await console.press("f")


async def second_column(console: Console) -> None:
    await console.press("greater_than_sign")


async def third_column(console: Console) -> None:
    await console.press("greater_than_sign", "greater_than_sign")


async def maximised(console: Console) -> None:
    console.app.trade.candles.focus()
    await console.press("m", "right_square_bracket", "right_square_bracket")


async def events(console: Console) -> None:
    await console.press("v")


SCENES: dict[str, tuple[Scene, Steps, tuple[str, ...]]] = {
    "normal": (normal, look, ("narrow", "mid", "wide")),
    "sleeves": (with_sleeves, look, ("mid", "wide")),
    "empty": (empty, look, ("narrow", "mid", "wide")),
    "loading": (nothing, look, ("narrow", "mid")),
    "stale": (with_feed("stale", 7400), look, ("narrow", "mid", "wide")),
    "disconnected": (with_feed("down", 12_000), look, ("narrow", "mid")),
    "resync": (with_feed("resync", 200), look, ("narrow", "mid")),
    "ended": (with_feed("ended", 61_000), look, ("narrow", "mid")),
    "frozen": (normal, freeze, ("narrow", "mid")),
    "halted": (with_state("HALTED", "operator kill"), look, ("narrow", "mid")),
    "reducing": (with_state("REDUCING", "day loss 2.1 % of 2 %"), look, ("narrow", "mid")),
    "engine_lost": (normal, lose_engine, ("narrow", "mid", "wide")),
    "kill_overlay": (normal, open_kill, ("narrow", "mid")),
    "ticket": (normal, open_ticket, ("narrow", "mid", "wide")),
    "ticket_bet": (normal, write_bet, ("narrow", "mid", "wide")),
    "ticket_risk": (normal, write_risk, ("narrow", "mid")),
    "review_bet": (normal, review_bet, ("narrow", "mid")),
    "review_ok": (normal, review, ("narrow", "mid")),
    "review_refused": (normal, review_refused, ("narrow", "mid")),
    "reject": (normal, rejected, ("narrow", "mid")),
    "unknown": (normal, unknown, ("narrow", "mid")),
    "cancel_protection": (normal, cancel_protection, ("mid",)),
    "flatten": (normal, flatten, ("narrow",)),
    "quit": (normal, quit_, ("narrow",)),
    "help": (normal, help_, ("narrow", "mid")),
    "events": (normal, events, ("narrow",)),
    "column_candles": (normal, second_column, ("narrow",)),
    "column_risk": (with_sleeves, third_column, ("narrow",)),
    "maximised": (normal, maximised, ("mid",)),
}


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name, (_, _, sizes) in SCENES.items() for size in sizes]
)
def test_trade_screen_looks_as_before(snap_compare: Compare, name: str, size: str) -> None:
    scene, steps, _ = SCENES[name]
    assert shot(snap_compare, Console(scene), SIZES[size], steps)


@pytest.mark.parametrize("theme", ["tb-light", "tb-mono", "tb-contrast"])
def test_theme_looks_as_before(snap_compare: Compare, theme: str) -> None:
    assert shot(snap_compare, Console(theme=theme), MID, open_ticket)


def test_no_color_looks_as_before(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(snap_compare, Console(), MID, open_ticket)


@pytest.mark.parametrize("scene", ["normal", "stale"])
def test_ascii_alphabet_looks_as_before(snap_compare: Compare, scene: str) -> None:
    glyphs: GlyphName = "ascii"
    assert shot(snap_compare, Console(SCENES[scene][0], glyphs=glyphs), MID, look)


@pytest.mark.parametrize("size", [(70, 20), (40, 10)])
def test_too_small_terminal_keeps_status_and_orders(
    snap_compare: Compare, size: tuple[int, int]
) -> None:
    assert shot(snap_compare, Console(), size, look)


def test_read_only_looks_as_before(snap_compare: Compare) -> None:
    assert shot(snap_compare, Console(read_only=True), NARROW, look)
