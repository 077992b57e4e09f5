"""What a feature is: a name, the columns it reads, and the same formula twice, for tables and for streams."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec
import polars as pl

type Row = Mapping[str, float]
"""One bar (`open high low close volume`) or quote (`bid ask bid_size ask_size`)."""

type Step = Callable[[Row], float | None]
"""Takes the next row in and returns the feature there; None while it is undefined."""


class BadFeature(ValueError):  # noqa: N818  (says what is the matter)
    """A feature asked for with a setting out of its range, or on a table without its columns."""


class Feature(msgspec.Struct, frozen=True):
    """One feature with its settings."""

    name: str
    """With its settings: `sma_20`."""
    columns: tuple[str, ...]
    """What it reads."""
    warm_up: int
    """Rows before the first that has a value."""
    expression: pl.Expr
    """For a table in order of time; Float64, null while undefined."""
    start: Callable[[], Step]
    """Begins the same step by step, with memory of its own."""
    recursive: bool = False
    """Whether a value depends on all rows before it: then it matters where the table begins."""

    def of(self, frame: pl.DataFrame) -> pl.Series:
        """Return the feature of each row of a table in order of time.

        Raises:
            BadFeature: If the table lacks a column.
        """
        missing = [name for name in self.columns if name not in frame.columns]
        if missing:
            raise BadFeature(
                f"{self.name} reads {missing[0]!r}, the table has {', '.join(frame.columns)}"
            )
        floats = frame.select(pl.col(self.columns).cast(pl.Float64))
        return floats.select(self.expression.alias(self.name)).to_series()


def rows_of(frame: pl.DataFrame, columns: tuple[str, ...]) -> list[dict[str, float]]:
    """Return a table's rows as a stream would bring them."""
    return frame.select(pl.col(columns).cast(pl.Float64)).to_dicts()


def checked(name: str, value: int, least: int) -> int:
    """Return a window's length.

    Raises:
        BadFeature: If it is below the least, or above a million.
    """
    if not least <= value <= 1_000_000:  # noqa: PLR2004  (as the text says)
        raise BadFeature(f"{name}: the window must be in [{least}, 1000000], was {value}")
    return value


def checked_decay(name: str, value: Decimal | float) -> float:
    """Return a decay factor.

    Raises:
        BadFeature: If it is not in (0, 1).
    """
    decay = float(value)
    if not 0 < decay < 1:
        raise BadFeature(f"{name}: the decay must be in (0, 1), was {value}")
    return decay
