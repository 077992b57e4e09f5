"""A light for each way to a venue: market data, private stream, REST, clock."""

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar, override

from tradebot.console.figures import age_text
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import ROOM_MIN, Cell, Row, fit, left, plain
from tradebot.console.screens.health.lights import (
    STYLES,
    Light,
    clock_words,
    light,
    session_words,
    stream_words,
)
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.health import AccountHealth, HealthFacts
from tradebot.engine.control.messages_facts import FeedFacts

WHOLE: tuple[frozenset[Light], ...] = (
    frozenset({"good", "unsure", "bad"}),
    frozenset({"unsure", "bad"}),
    frozenset({"bad"}),
    frozenset(),
)
"""Which lights say all they have to, by how much room there is."""

SLOW_S = 10.0
"""A question about an account that stands longer than this is a REST path in trouble."""


def market_words(feeds: Sequence[FeedFacts]) -> tuple[Light, str]:
    """Return how the market data is, over all instruments."""
    if not feeds:
        return "unsure", "none: this engine has no market"
    down = [feed for feed in feeds if feed.state in {"down", "ended"}]
    late = [feed for feed in feeds if feed.state not in {"up", "closed", "down", "ended"}]
    gaps = sum(feed.gaps for feed in feeds)
    told = f", {gaps} gaps" if gaps else ""
    if down:
        return "bad", f"{len(down)} of {len(feeds)} DOWN: {plain(down[0].name)}{told}"
    if late:
        return (
            "unsure",
            f"{len(late)} of {len(feeds)} {late[0].state.upper()}: {plain(late[0].name)}",
        )
    shut = sum(1 for feed in feeds if feed.state == "closed")
    return "good", f"{len(feeds) - shut} up{f', {shut} closed' if shut else ''}{told}"


def rest_words(account: AccountHealth) -> tuple[Light, str]:
    """Return how questions to the venue are answered: by the last look at the account."""
    if account.asking_s is not None:
        kind: Light = "bad" if account.asking_s > SLOW_S else "unsure"
        return kind, f"no answer for {age_text(account.asking_s)}"
    if account.answered_s is None:
        return "unsure", "unknown: not asked since the start"
    return "good", f"answered {age_text(account.answered_s)} ago"


def stream_lights(health: HealthFacts) -> list[tuple[str, Light, str] | str]:
    """Return the lights in order; a bare text is a heading."""
    rows: list[tuple[str, Light, str] | str] = [("market data", *market_words(health.feeds))]
    for account in health.accounts:
        rows.append(f"{plain(account.account)} at {plain(account.venue)}")
        rows.append(("private", *stream_words(account)))
        rows.append(("REST", *rest_words(account)))
        rows.append(("clock", *clock_words(account, health.clock_offset_max_ms)))
    if health.sessions:
        rows.append("connections")
        rows += [(plain(one.name), *session_words(one)) for one in health.sessions]
    return rows


def lit(  # noqa: PLR0913, PLR0917  (a row's parts)
    kind: Light, name: str, words: str, glyphs: Glyphs, width: int, name_width: int, style: str = ""
) -> list[Row]:
    """Return a light with its name, and what it says in as many rows as it needs."""
    lines = wrap(words, max(ROOM_MIN, width - 3 - name_width)) or [""]
    said = style or STYLES[kind]
    first: Row = (light(kind, glyphs), left(name, name_width, "muted"), Cell(lines[0], said))
    blank = Cell(" " * (3 + name_width))
    return [first, *((blank, Cell(line, said)) for line in lines[1:])]


def told_in(health: HealthFacts, whole: frozenset[Light], glyphs: Glyphs, width: int) -> list[Row]:
    """Return the lights, of which those in `whole` say all and the others what fits into a row."""
    rows: list[Row] = []
    for one in stream_lights(health):
        if isinstance(one, str):
            rows.append((Cell(fit(f" {one}", width), "strong"),))
            continue
        name, kind, words = one
        shown = words if kind in whole else fit(words, max(0, width - 15))
        rows += lit(kind, fit(name, 11), shown, glyphs, width, 12)
    return rows


class StreamsPanel(LivePanel, can_focus=True):
    """The lights of every way to a venue; where not all that they say fits, what is wrong is said before the rest."""

    PERIOD_S: ClassVar[float] = 0.5

    def __init__(self, view: View, *, id: str) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self._cut = False

    @override
    def heading(self) -> str:
        return "Streams"

    @override
    def footing(self) -> str:
        return "tab here, m: all of it" if self._cut else ""

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        health = self.view.lookups.health
        if health is None:
            words = self.view.lookups.problem or "asking for the streams"
            return [(Cell(fit(f" {plain(words)}", width), "muted"),)]
        rows: list[Row] = []
        for whole in WHOLE:
            rows = told_in(health, whole, self.view.glyphs, width)
            self._cut = whole != WHOLE[0]
            if len(rows) <= height:
                return rows
        self._cut = True
        return rows[:height]
