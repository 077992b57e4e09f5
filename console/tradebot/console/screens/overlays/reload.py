"""A sleeve's new version before it is taken: what changes, what both would do now; only `y` takes it."""

from collections.abc import Sequence
from typing import override

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row, fit, named, plain
from tradebot.console.screens.overlays.base import Overlay
from tradebot.engine.control.sleeves import Trial, VersionDifference

NAME_WIDTH = 11
SOURCE_MIN = 4
"""Lines of source shown at least, where any changed."""
MEMORY_WORDS = {
    "none": "it remembers nothing",
    "kept": "what it remembers is kept",
    "migrated": "what it remembers is migrated",
    "dropped": "WHAT IT REMEMBERS IS DROPPED",
}


class ReloadCard(Overlay[str]):
    """Ask; dismissed with `y`, or None. Nothing can be taken where the engine refuses, or nothing differs.

    Args:
        clock: For the dead time.
        difference: What the engine says would change.
    """

    KIND = "-danger"

    def __init__(self, clock: Clock, difference: VersionDifference) -> None:
        super().__init__(clock)
        self._difference = difference

    @override
    def heading(self) -> str:
        one = self._difference
        money = "  REAL MONEY" if one.real_money and one.run == "live" else ""
        return f"{one.what.upper()} {plain(one.sleeve)}{money}"

    @property
    def takes(self) -> bool:
        """Whether there is something that can be taken."""
        return self._difference.refused is None and not self._difference.same

    @override
    def rows(self, width: int) -> Sequence[Row]:
        room = max(12, self.size.height - 4)
        return reload_rows(self._difference, width, room)

    @override
    async def press(self, key: str) -> None:
        if key == "y" and self.takes:
            self.dismiss(key)


def reload_rows(one: VersionDifference, width: int, height: int) -> list[Row]:
    """Return the card in at most `height` rows; of the source as many lines as that leaves."""
    rows = _facts(one, width)
    end = _answers(one, width)
    room = max(SOURCE_MIN, height - len(rows) - len(end) - 1)
    return [*rows, *_source(one, width, room), (), *end]


def _facts(one: VersionDifference, width: int) -> list[Row]:
    if one.same:
        words = f"the code on disk is the version that runs, @{plain(one.old)[:4]}"
        return _named("version", words, width)
    rows = _named(
        "version", f"@{plain(one.old)[:4]} becomes @{plain(one.new)[:4]}", width, "strong"
    )
    rows += _named("runs", one.run.upper() if one.run == "live" else one.run, width)
    for change in one.params:
        words = f"{plain(change.name)}: {_value(change.old)} becomes {_value(change.new)}"
        rows += _named("param", words, width)
    if one.needs_old != one.needs_new:
        was, new = (
            ", ".join(map(plain, needs)) or "nothing" for needs in (one.needs_old, one.needs_new)
        )
        rows += _named("needs", f"{was} become {new}", width)
    rows += _named("now, old", _trial(one.wants_old), width, _trial_style(one.wants_old))
    rows += _named("now, new", _trial(one.wants_new), width, _trial_style(one.wants_new))
    lost = one.memory == "dropped"
    memory = MEMORY_WORDS.get(one.memory, plain(one.memory))
    rows += _named("memory", memory, width, "warn" if lost else "text")
    if one.mandate_ends:
        words = "ENDS: a shadow from then on, until policy start gives one"
        rows += _named("mandate", words, width, "warn")
    if one.refused is not None:
        rows += _named("refused", plain(one.refused), width, "fault")
    return rows


def _answers(one: VersionDifference, width: int) -> list[Row]:
    rows: list[Row] = []
    if one.refused is None and not one.same:
        words = f"take @{plain(one.new)[:4]} between two events"
        rows.append((Cell("     y ", "warn"), Cell(fit(words, width - 7))))
    return [*rows, (Cell("   esc ", "warn"), Cell("go back, change nothing"))]


def _source(one: VersionDifference, width: int, room: int) -> list[Row]:
    """Return the lines of source that change; what does not fit is counted."""
    changed = [line for line in one.source if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    if not changed:
        return []
    shown = changed if len(changed) < room else changed[: room - 2]
    rows: list[Row] = [(Cell(fit(f" source, {len(changed)} lines change", width), "title"),)]
    for line in shown:
        style = "bid" if line.startswith("+") else "ask"
        rows.append((Cell(fit(f" {plain(line.expandtabs(4))}", width), style),))
    if len(shown) < len(changed):
        rows.append((Cell(f" ... and {len(changed) - len(shown)} more", "muted"),))
    return rows


def _named(name: str, text: str, width: int, style: str = "text") -> list[Row]:
    return named(name, text, width, NAME_WIDTH, style)


def _value(text: str | None) -> str:
    return "nothing" if text is None else plain(text)


def _trial(trial: Trial) -> str:
    if trial.error is not None:
        return plain(trial.error)
    did = ", ".join(map(plain, trial.did)) or "nothing"
    because = f"; {plain(trial.because)}" if trial.because else ""
    took = "" if trial.took_ms is None else f" ({trial.took_ms:.1f} ms)"
    return f"{did}{because}{took}"


def _trial_style(trial: Trial) -> str:
    return "text" if trial.error is None else "warn"
