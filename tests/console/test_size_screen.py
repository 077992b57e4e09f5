"""Screen 6 Size: starts from the ticket, recomputes with each key, gives the quantity back, sends nothing."""

import math
from pathlib import Path

import msgspec
import pytest
from console_driver import Console, running
from console_scenes import SIZES, Compare, shot

from tradebot.console.screens.size import form as forms
from tradebot.console.screens.size.form import NAMES, STARTS, Form, page_of
from tradebot.engine.research.desk.page import Page

TRADE = {
    "equity": "102431.20",
    "entry": "59998.5",
    "stop": "58800",
    "target": "63600",
    "won": "13",
    "lost": "28",
    "you": "0.2",
}


def told(form: Form) -> Page:
    found = page_of(form)
    assert isinstance(found, Page), found
    return found


def test_a_trade_is_sized_as_the_ticket_says() -> None:
    found = {stake.name: stake for stake in told(Form(texts=TRADE)).stakes}
    assert round(found["half Kelly"].quantity, 3) == 2.727
    assert math.isclose(found["you"].lost, 263.46, abs_tol=0.005)


def test_every_start_makes_a_page_or_says_what_is_missing(tmp_path: Path) -> None:
    series = tmp_path / "returns.txt"
    series.write_text("0.02\n-0.01\n0.03\n-0.02\n0.015\n-0.005\n")
    more = {"pays": "2.6", "file": str(series), "goal": "150000", "legs": "spot:1:stop=58800"}
    for start in STARTS:
        empty = page_of(Form(start))
        assert isinstance(empty, str)
        assert "empty" in empty
        page = told(Form(start, texts=TRADE | more))
        assert page.stakes
        assert page.warnings
        assert page.you is not None


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("stop", "59998.5", "stop must differ"),
        ("equity", "x", "equity must be a number"),
        ("equity", "0", "equity must be > 0"),
        ("stated", "100", "in (0, 1)"),
    ],
)
def test_a_figure_outside_its_bound_is_told(key: str, text: str, words: str) -> None:
    found = page_of(Form(texts=TRADE | {key: text}))
    assert isinstance(found, str)
    assert words in found


def test_what_was_typed_is_kept_and_what_is_known_fills_the_rest() -> None:
    form = forms.put(Form(), "stop", "58000")
    form = forms.prefilled(form, {"stop": "58800", "entry": "59998.5", "target": ""})
    assert (form.text("stop"), form.text("entry"), form.text("target")) == ("58000", "59998.5", "")
    assert forms.started(form, -1).start == "structure"


async def size_from_ticket(console: Console) -> None:
    await console.press("b", "0", ".", "2", "l", *"58800", "t", *"63600")
    await console.beat(times=2)
    await console.press("f6")
    await console.beat(times=2)
    screen = console.app.size_screen
    screen.put(forms.put(forms.put(screen.sheet.form, "won", "13"), "lost", "28"))
    await console.beat(times=2)


async def test_it_starts_from_the_ticket_and_gives_the_quantity_back() -> None:
    async with running(Console()) as console:
        await size_from_ticket(console)
        screen = console.app.size_screen
        assert screen.sheet.page is not None, screen.sheet.problem
        form = screen.sheet.form
        assert (form.text("stop"), form.text("target"), form.text("you")) == (
            "58800",
            "63600",
            "0.2",
        )
        screen.put(msgspec.structs.replace(form, at=4))
        await console.press("enter", "backspace", "3")
        assert screen.sheet.form.text("you") == "0.3"
        await console.press("enter", "t")
        await console.beat(times=2)
        draft = console.app.trade.ticket.draft
        assert draft is not None
        assert draft.quantity == "0.3"
        assert console.link.sent == []


async def test_digits_lead_to_other_screens_unless_a_field_is_edited() -> None:
    async with running(Console()) as console:
        await console.press("6", "greater_than_sign")
        await console.beat()
        assert NAMES[console.app.size_screen.sheet.form.start] == "my record"
        await console.press("enter", "1")
        assert console.app.shown is console.app.size_screen
        await console.press("escape", "1")
        assert console.app.shown is console.app.trade


@pytest.mark.parametrize("size", ["narrow", "mid", "wide"])
def test_size_looks_as_before(snap_compare: Compare, size: str) -> None:
    assert shot(snap_compare, Console(), SIZES[size], size_from_ticket)
