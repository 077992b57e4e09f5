"""Every glyph the console draws besides letters and digits: one cell wide each, in two alphabets."""

from dataclasses import dataclass
from typing import Literal

type GlyphName = Literal["block", "ascii"]
"""`block`: box drawing and half blocks, in every font tried; `ascii`: seven bits, for the bare console."""


@dataclass(frozen=True)
class Glyphs:
    """An alphabet; every field is one cell wide unless it says otherwise."""

    name: GlyphName
    up: str
    down: str
    flat: str
    live: str
    """A feed that is up."""
    gone: str
    """A feed that is not."""
    pointer: str
    """The row or field that is selected."""
    here: str
    """The touch in the ladder."""
    average: str
    """The position's average price in the ladder."""
    bar_full: str
    bar_empty: str
    line: str
    rail_start: str
    """Ends of a scale drawn with `line`."""
    rail_end: str
    plus_minus: str
    """Before a standard deviation; up to two cells."""
    split: str
    """Between fields of the status row."""
    dot: str
    """Between words."""
    more_above: str
    more_below: str
    ok: str
    refused: str
    on: str
    off: str
    candle: str
    """By halves: index = 3 * top + bottom, each 0 nothing, 1 wick, 2 body; nine cells."""
    volume: str
    """Eight levels, lowest first."""
    buy_mark: str
    sell_mark: str
    dash: str
    """Nothing to show."""


BLOCK = Glyphs(
    name="block",
    up="▲",
    down="▼",
    flat=" ",
    live="●",
    gone="○",
    pointer="▸",
    here="◀",
    average="┄",
    bar_full="█",
    bar_empty="░",
    line="─",
    rail_start="├",
    rail_end="┤",
    plus_minus="±",
    split="│",
    dot="·",
    more_above="↑",
    more_below="↓",
    ok="✓",
    refused="✗",
    on="■",
    off="□",
    candle=" ╷╻╵│╽╹╿┃",
    volume="▁▂▃▄▅▆▇█",
    buy_mark="▲",
    sell_mark="▼",
    dash="-",
)
"""The default."""

ASCII = Glyphs(
    name="ascii",
    up="^",
    down="v",
    flat=" ",
    live="*",
    gone="o",
    pointer=">",
    here="<",
    average="~",
    bar_full="#",
    bar_empty=".",
    line="-",
    rail_start="|",
    rail_end="|",
    plus_minus="+-",
    split="|",
    dot="-",
    more_above="^",
    more_below="v",
    ok="+",
    refused="x",
    on="x",
    off=".",
    candle=" |#||##|#",
    volume="..::--=#",
    buy_mark="^",
    sell_mark="v",
    dash="-",
)
"""Seven bits."""

ALPHABETS: dict[GlyphName, Glyphs] = {"block": BLOCK, "ascii": ASCII}
"""By name."""
