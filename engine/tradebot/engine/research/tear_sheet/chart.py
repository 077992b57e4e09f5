"""Lines over time as SVG: what a browser draws and a printer prints without any script."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Self

import msgspec

WIDTH, HEIGHT = 1000, 260
LEFT, RIGHT, TOP, BOTTOM = 74, 12, 10, 24
POINTS_MAX = 1_200
"""More points than this are thinned: of each stretch its lowest and highest stay."""

TICKS = 5

FLAT = 1e-12
"""Values that differ by a smaller share of themselves are one value."""

TINY = 1e-200
"""No axis spans less."""

FINE = 0.01
"""Ticks of a fraction closer than this are written with a decimal of a percent."""


class Line(msgspec.Struct, frozen=True):
    """One line of a chart."""

    name: str
    points: tuple[tuple[int, float], ...]
    """(ns UTC, value), oldest first; finite."""
    css: str
    """Class that colours it."""
    filled: bool = False
    """Whether the space to zero is shaded."""


def chart(lines: Sequence[Line], title: str, *, percent: bool = False) -> str:
    """Return an SVG of lines on common axes.

    Args:
        lines: At least one, each of at least one point.
        title: What a screen reader says.
        percent: Whether values are fractions, written as percent.

    Raises:
        ValueError: If there is no point, or a value is not finite.
    """
    values = [value for line in lines for _, value in line.points]
    times = [ts for line in lines for ts, _ in line.points]
    if not values or not all(map(math.isfinite, values)):
        raise ValueError("a chart needs at least one point, and only finite values")
    plot = _Plot.of(times, values)
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">'
    axes = [*plot.values_axis(percent=percent), *plot.time_axis()]
    return "".join([head, *axes, *(part for line in lines for part in plot.drawn(line)), "</svg>"])


class _Plot(msgspec.Struct, frozen=True):
    """Where values and times lie on the picture."""

    ticks: tuple[float, ...]
    low: float
    high: float
    first: int
    last: int

    @classmethod
    def of(cls, times: Sequence[int], values: Sequence[float]) -> Self:
        ticks = nice_ticks(min(values), max(values), TICKS)
        return cls(
            tuple(ticks), min(ticks[0], *values), max(ticks[-1], *values), min(times), max(times)
        )

    def x(self, ts: int) -> str:
        share = (ts - self.first) / ((self.last - self.first) or 1)
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * share:.1f}"

    def y(self, value: float, *, down: float = 0.0) -> str:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return f"{TOP + (HEIGHT - TOP - BOTTOM) * (1 - share) + down:.1f}"

    def values_axis(self, *, percent: bool) -> Iterator[str]:
        fine = abs(self.ticks[1] - self.ticks[0]) < FINE
        for tick in self.ticks:
            text = f"{tick:.{1 if fine else 0}%}" if percent else f"{tick:,.6g}"
            at = self.y(tick)
            yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
            yield f'<text class="tick" x="{LEFT - 6}" y="{self.y(tick, down=4)}" text-anchor="end">{text}</text>'

    def time_axis(self) -> Iterator[str]:
        span = self.last - self.first
        for share, anchor in (
            (0, "start"),
            (1, "middle"),
            (2, "middle"),
            (3, "middle"),
            (4, "end"),
        ):
            ts = self.first + span * share // 4
            text, at = _when(ts, span), self.x(ts)
            yield f'<text class="tick" x="{at}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text}</text>'

    def drawn(self, line: Line) -> Iterator[str]:
        kept = thinned(line.points)
        path = " ".join(f"{self.x(ts)},{self.y(value)}" for ts, value in kept)
        if line.filled:
            begin, end, zero = self.x(kept[0][0]), self.x(kept[-1][0]), self.y(0.0)
            yield f'<polygon class="{line.css} area" points="{begin},{zero} {path} {end},{zero}"/>'
        yield f'<polyline class="{line.css}" points="{path}"/>'


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` round values around `low` to `high`: 1, 2 or 5 times a power of ten apart."""
    span = high - low
    if span <= FLAT * max(abs(low), abs(high)):
        span = abs(high) or 1.0
    raw = max(span, TINY) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [index * step for index in range(first, max(last, first + 1) + 1)]


def thinned(points: Sequence[tuple[int, float]], most: int = POINTS_MAX) -> list[tuple[int, float]]:
    """Return at most about `most` points: first, last, and of each stretch between its lowest and highest."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(2 * len(points) / most)
    kept = {0, len(points) - 1}
    for start in range(0, len(points), size):
        stretch = range(start, min(start + size, len(points)))
        kept.add(min(stretch, key=lambda index: points[index][1]))
        kept.add(max(stretch, key=lambda index: points[index][1]))
    return [points[index] for index in sorted(kept)]


def _when(ts: int, span: int) -> str:
    moment = datetime.fromtimestamp(ts // 10**9, UTC)
    days = span / 86_400e9
    return moment.strftime("%Y-%m-%d" if days > 3 else "%m-%d %H:%M")  # noqa: PLR2004
