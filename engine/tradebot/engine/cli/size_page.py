"""How `tradebot size` prints: figures by name, notes, and a small curve; `--json` is the same, exact."""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from tradebot.engine.cli.failures import FAILED, USAGE, CommandFailed
from tradebot.engine.cli.options import form
from tradebot.engine.cli.output import print_json, print_table

type Figure = float | int | str | bool | Sequence[float] | None

_COLUMNS, _ROWS = 61, 9


class Curve(msgspec.Struct, frozen=True):
    """Points to draw."""

    title: str
    across: list[float]
    up: list[float]


class Page(msgspec.Struct, frozen=True):
    """What a command found."""

    figures: Mapping[str, Figure]
    notes: list[str] = []
    """What the figures leave out, told where they are shown."""
    curve: Curve | None = None


@contextmanager
def bounds_named() -> Generator[None]:
    """Turn a figure outside its bound into wrong usage, and an optimum that is not there into a failure.

    Raises:
        CommandFailed: With the line that names value and bound.
    """
    try:
        yield
    except ValueError as error:
        raise CommandFailed(str(error), USAGE) from error
    except ArithmeticError as error:
        raise CommandFailed(str(error), FAILED) from error


def show(page: Page, *, json: bool, plain: bool) -> None:
    """Print a page."""
    shape = form(json=json, plain=plain)
    if shape == "json":
        print_json({"figures": page.figures, "notes": page.notes, "curve": page.curve})
        return
    rows = [(name.replace("_", " "), told(value)) for name, value in page.figures.items()]
    print_table(("figure", "value"), rows, shape)
    if shape == "plain":
        return
    if page.curve is not None:
        print()
        for line in drawn(page.curve):
            print(line)
    for note in page.notes:
        print(f"note: {note}")


def told(value: Figure) -> str:
    """Return a figure for a reader: six digits; `-` for what is undefined."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return f"{value:.6g}"
    return "  ".join(f"{each:.6g}" for each in value)


def curve(
    title: str, function: Callable[[float], float], low: float, high: float, count: int = 61
) -> Curve:
    """Return a function at evenly spaced points, without those where it is infinite."""
    across = [low + (high - low) * index / (count - 1) for index in range(count)]
    points = [(x, function(x)) for x in across]
    finite = [(x, y) for x, y in points if math.isfinite(y)]
    return Curve(title, [x for x, _ in finite], [y for _, y in finite])


def drawn(curve: Curve) -> list[str]:
    """Return a curve in characters: 61 columns, 9 rows, its range at the left."""
    if not curve.up:
        return []
    low, high = min(curve.up), max(curve.up)
    left, right = curve.across[0], curve.across[-1]
    field = [[" "] * _COLUMNS for _ in range(_ROWS)]

    def row(y: float) -> int:
        return round((high - y) / (high - low) * (_ROWS - 1)) if high > low else _ROWS // 2

    if low < 0.0 < high:
        field[row(0.0)] = ["·"] * _COLUMNS
    for x, y in zip(curve.across, curve.up, strict=True):
        column = round((x - left) / (right - left) * (_COLUMNS - 1)) if right > left else 0
        field[row(y)][column] = "█"
    labels = {0: f"{high:.3g}", _ROWS - 1: f"{low:.3g}"}
    lines = [f"{labels.get(index, ''):>10} {''.join(cells)}" for index, cells in enumerate(field)]
    ends = f"{left:<.4g}".ljust(_COLUMNS // 2) + f"{right:>.4g}".rjust(_COLUMNS - _COLUMNS // 2)
    return [f"{curve.title}", *(line.rstrip() for line in lines), f"{'':>10} {ends}"]


def numbers(text: str, option: str) -> list[float]:
    """Return numbers apart by commas.

    Raises:
        CommandFailed: If one is none.
    """
    return [number(part, option) for part in text.split(",") if part.strip()]


def number(text: str, option: str) -> float:
    """Return a number; `25%` is 0.25.

    Raises:
        CommandFailed: If it is no finite number.
    """
    bare = text.strip()
    try:
        value = float(bare.removesuffix("%")) / (100.0 if bare.endswith("%") else 1.0)
    except ValueError as error:
        raise CommandFailed(
            f"{option} must be a number or a percentage, was {text!r}", USAGE
        ) from error
    if not math.isfinite(value):
        raise CommandFailed(f"{option} must be finite, was {text!r}", USAGE)
    return value


def positive(text: str, option: str) -> float:
    """Return a number > 0.

    Raises:
        CommandFailed: If it is none.
    """
    value = number(text, option)
    if value <= 0.0:
        raise CommandFailed(f"{option} must be > 0, was {text}", USAGE)
    return value
