"""Rules of the room: imports, keys, colours, the private queue of the toolkit."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from queue import Queue

import pytest
from textual.color import Color
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

import tradebot.console
from tradebot.console.frame_clock import BACKLOG_MAX, FrameClock
from tradebot.console.keys import FOOTERS, KEYS, NAV, bindings
from tradebot.console.terminal.backlog import output_backlog, output_queue
from tradebot.console.themes import THEMES

ROOM = Path(tradebot.console.__path__[0])
FORBIDDEN_KEYS = {f"ctrl+{c}" for c in "imhjsqzcbaokuwxv["} - {"ctrl+u"} | {"f10", "f11", "f12"}
"""Tab, enter, backspace, newline, escape, flow control, multiplexers, input editing, window managers.

`ctrl+u` scrolls lists; no text field of ours is focused where it does.
"""

MACHADO = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}
"""Machado et al. 2009, severity 1, for linear RGB."""


def test_help_of_the_command_imports_no_screen() -> None:
    code = (
        "import sys; from tradebot.console.cli import tui; "
        "print([m for m in ('textual', 'rich', 'httpx', 'numpy', 'polars', 'duckdb', 'structlog')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_console_imports_no_broker_no_venue_and_no_store() -> None:
    banned = re.compile(
        r"tradebot\.(engine\.(brokers|venue|journal|live|exchange)|data\.(store|venues|importers)|native)"
    )
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if banned.match(name)], file


def test_files_stay_small() -> None:
    for file in ROOM.rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 400, file


def test_every_binding_has_an_id_of_its_own() -> None:
    places = ("app", "trade", "house", "risk", "orders", "lab", "size", "data", "health", "setup")
    made = {binding.id for place in places for binding in bindings(place)}
    assert made == {key.id for key in KEYS}
    assert len(made) == len(KEYS)


@pytest.mark.parametrize("screen", [name for _, _, name in NAV])
def test_no_key_is_bound_twice_or_forbidden(screen: str) -> None:
    here = [key for key in KEYS if key.priority or key.works_on(screen)]
    keys = [name for key in here for name in key.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert not set(keys) & FORBIDDEN_KEYS


def test_only_function_keys_are_priority() -> None:
    assert [key.keys for key in KEYS if key.priority] == ["f9"]


def test_footer_has_at_most_eight_items() -> None:
    for screen, names in FOOTERS.items():
        assert len(names) <= 8
        known = {key.id for key in KEYS if key.priority or key.works_on(screen)}
        assert set(names) <= known


def test_every_key_has_help() -> None:
    assert all(key.help and key.label for key in KEYS)


def test_output_queue_of_the_toolkit_is_where_the_gate_looks() -> None:
    writer = WriterThread(sys.stdout)
    driver = LinuxDriver.__new__(LinuxDriver)
    driver._writer_thread = writer  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    queue = output_queue(driver)
    assert isinstance(queue, Queue)
    writer.write("a")
    writer.write("b")
    assert output_backlog(driver) == 2


def test_gate_is_open_without_a_driver() -> None:
    assert output_backlog(None) == 0


class Timeline:
    """A clock and a backlog set by the test."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.backlog = 0

    def now(self) -> float:
        """Return the time."""
        return self.now_s

    def waiting(self) -> int:
        """Return the backlog."""
        return self.backlog

    def beats(self, clock: FrameClock, seconds: float) -> int:
        """Return how many of thirty beats a second paint."""
        painted = 0
        for _ in range(round(seconds * 30)):
            self.now_s += 1 / 30
            painted += clock.beat()
        return painted


def test_frame_clock_paints_thirty_times_a_second_on_a_free_terminal() -> None:
    line = Timeline()
    assert line.beats(FrameClock(line.waiting, line.now), 2) == 60


def test_frame_clock_paints_nothing_onto_a_full_queue_and_slows_down() -> None:
    line = Timeline()
    clock = FrameClock(line.waiting, line.now)
    line.backlog = BACKLOG_MAX + 1
    assert line.beats(clock, 7) == 0
    assert clock.fps == 5
    assert clock.slow


def test_frame_clock_comes_back_to_full_speed_after_clean_seconds() -> None:
    line = Timeline()
    clock = FrameClock(line.waiting, line.now)
    line.backlog = BACKLOG_MAX + 1
    line.beats(clock, 7)
    line.backlog = 0
    line.beats(clock, 16)
    assert clock.fps == 30


def test_slow_clock_paints_at_its_own_rate() -> None:
    line = Timeline()
    clock = FrameClock(line.waiting, line.now)
    line.backlog = BACKLOG_MAX + 1
    line.beats(clock, 2.1)
    line.backlog = 0
    assert clock.fps == 15
    assert 14 <= line.beats(clock, 1) <= 16


@pytest.mark.parametrize("theme", THEMES, ids=[theme.name for theme in THEMES])
def test_data_text_has_enough_contrast(theme: object) -> None:
    variables, background = _colours(theme)
    least = 7.0 if getattr(theme, "name", "") == "tb-contrast" else 4.5
    for name in ("data", "quiet", "bid", "ask", "warn-ink", "fault-ink"):
        ground = Color.parse(background)
        assert _contrast(Color.parse(variables[name]), ground) >= least, name
    for ink, ground in (
        ("bid", "bid-tint"),
        ("ask", "ask-tint"),
        ("data", "bar-back"),
        ("badge-ink", "badge-back"),
    ):
        assert _contrast(Color.parse(variables[ink]), Color.parse(variables[ground])) >= 4.5, ground


@pytest.mark.parametrize("eye", ["normal", *MACHADO])
@pytest.mark.parametrize("name", ["tb-dark", "tb-light", "tb-contrast"])
def test_bid_and_ask_differ_for_every_eye(name: str, eye: str) -> None:
    theme = next(theme for theme in THEMES if theme.name == name)
    first, second = (_lab(Color.parse(theme.variables[side]), eye) for side in ("bid", "ask"))
    difference = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5
    assert difference >= 40


def _colours(theme: object) -> tuple[dict[str, str], str]:
    found = next(known for known in THEMES if known is theme)
    return found.variables, found.background or ""


def _linear(color: Color) -> tuple[float, float, float]:
    def channel(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return channel(color.r), channel(color.g), channel(color.b)


def _contrast(ink: Color, ground: Color) -> float:
    """Return the contrast ratio of WCAG 2.1."""
    lights = sorted(
        0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (_linear(ink), _linear(ground))
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _lab(color: Color, eye: str) -> tuple[float, float, float]:
    """Return a colour as an eye sees it, in CIE Lab under D65."""
    rgb = _linear(color)
    if eye in MACHADO:
        rgb = tuple(
            min(1.0, max(0.0, sum(m * v for m, v in zip(row, rgb, strict=True))))
            for row in MACHADO[eye]
        )
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    x, y, z = (sum(m * v for m, v in zip(row, rgb, strict=True)) for row in rows)

    def curve(value: float) -> float:
        return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116

    fx, fy, fz = curve(x / 0.95047), curve(y), curve(z / 1.08883)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def test_the_manual_lists_every_key_as_the_console_explains_it() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "console.md").read_text("utf-8")
    missing = [key.id for key in KEYS if f"| `{key.shown}` | {key.help} |" not in manual]
    assert missing == []
