"""Where each panel of the Trade screen stands, for every size of terminal: pure geometry."""

from dataclasses import dataclass
from typing import Literal

from textual.geometry import Region

WIDTH_MIN = 80
HEIGHT_MIN = 24
MID_FROM = (100, 34)
WIDE_FROM = (160, 44)

type Shape = Literal["small", "narrow", "mid", "wide"]
"""`small` is below 80x24: a card, the status row, the working orders and F9 stay."""

type Placement = dict[str, Region]
"""Panel id to its region; a panel that is not in it is not shown."""

RIGHT_COLUMNS: tuple[tuple[str, ...], ...] = (
    ("positions", "working", "fills"),
    ("candles", "tape"),
    ("risk", "working"),
)
"""What `<` and `>` cycle through beside the ladder in 80 columns."""

LADDER_WIDTH_NARROW = 46
LADDER_WIDTH = 50
WATCH_WIDTH = 29
CARD_HEIGHT = 5


@dataclass(frozen=True)
class Wish:
    """What the trader asked of the layout."""

    maximised: str | None = None
    column: int = 0
    """Index into RIGHT_COLUMNS."""
    card: bool = False
    """Whether the card that says the engine is silent is up."""
    sleeves: bool = False
    """Whether there are sleeves to show."""


def shape_of(width: int, height: int) -> Shape:
    """Return the shape of the layout for a terminal size in cells."""
    if width < WIDTH_MIN or height < HEIGHT_MIN:
        return "small"
    if width >= WIDE_FROM[0] and height >= WIDE_FROM[1]:
        return "wide"
    return "mid" if width >= MID_FROM[0] and height >= MID_FROM[1] else "narrow"


def arrange(width: int, height: int, wish: Wish) -> Placement:
    """Return the region of every panel shown; regions do not overlap and lie within the terminal."""
    shape = shape_of(width, height)
    if shape == "small":
        return _small(width, height)
    ticket_height = 5 if shape == "narrow" else 7
    top = 2 if shape == "mid" else 1
    placed: Placement = {
        "status": Region(0, 0, width, 1),
        "ticket": Region(0, height - 2 - ticket_height, width, ticket_height),
        "events": Region(0, height - 2, width, 1),
        "keys": Region(0, height - 1, width, 1),
    }
    if shape == "mid":
        placed["watch-strip"] = Region(0, 1, width, 1)
    middle = Region(0, top, width, height - 2 - ticket_height - top)
    if wish.card:
        card, middle = middle.split_horizontal(CARD_HEIGHT)
        placed["card"] = card
    if wish.maximised is not None:
        return placed | {wish.maximised: middle}
    inner = {"narrow": _narrow, "mid": _mid, "wide": _wide}[shape]
    return placed | inner(middle, wish)


def _small(width: int, height: int) -> Placement:
    placed: Placement = {"status": Region(0, 0, width, 1)}
    if height < CARD_HEIGHT:
        return placed
    placed["keys"] = Region(0, height - 1, width, 1)
    rest = Region(0, 1, width, height - 2)
    card_height = min(CARD_HEIGHT, rest.height)
    placed["card"], below = rest.split_horizontal(card_height)
    if below.height > 2:  # noqa: PLR2004  (a border of two and at least one order)
        placed["working"] = below
    return placed


def _narrow(area: Region, wish: Wish) -> Placement:
    ladder, side = area.split_vertical(LADDER_WIDTH_NARROW)
    names = RIGHT_COLUMNS[wish.column % len(RIGHT_COLUMNS)]
    return {"ladder": ladder} | _stack(side, names)


def _mid(area: Region, _wish: Wish) -> Placement:
    upper, lower = area.split_horizontal(-9)
    ladder, market = upper.split_vertical(LADDER_WIDTH)
    candles, below = market.split_horizontal(-min(9, market.height // 2))
    tape, risk = below.split_vertical(below.width // 2)
    positions, orders = lower.split_vertical(lower.width // 2)
    working, fills = orders.split_horizontal(5)
    return {
        "ladder": ladder,
        "candles": candles,
        "tape": tape,
        "risk": risk,
        "positions": positions,
        "working": working,
        "fills": fills,
    }


def _wide(area: Region, wish: Wish) -> Placement:
    upper, lower = area.split_horizontal(-max(9, area.height // 4))
    watch, rest = upper.split_vertical(WATCH_WIDTH)
    ladder, market = rest.split_vertical(LADDER_WIDTH)
    candles, below = market.split_horizontal(-min(14, market.height // 2))
    tape, risk = below.split_vertical(below.width // 2)
    positions, orders = lower.split_vertical(lower.width * 2 // 5)
    working, fills = orders.split_vertical(orders.width // 2)
    placed: Placement = {
        "ladder": ladder,
        "candles": candles,
        "tape": tape,
        "risk": risk,
        "positions": positions,
        "working": working,
        "fills": fills,
    }
    if not wish.sleeves:
        return placed | {"watch": watch}
    placed["watch"], placed["sleeves"] = watch.split_horizontal(-max(6, watch.height // 3))
    return placed


def _stack(area: Region, names: tuple[str, ...]) -> Placement:
    """Return panels of equal height one above the other; the first ones get what does not divide."""
    each, spare = divmod(area.height, len(names))
    placed: Placement = {}
    y = area.y
    for index, name in enumerate(names):
        height = each + (index < spare)
        placed[name] = Region(area.x, y, area.width, height)
        y += height
    return placed
