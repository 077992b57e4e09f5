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

QUOTE_COLUMNS: tuple[tuple[str, ...], ...] = (
    ("positions", "working", "tape"),
    ("fills", "tape"),
    ("risk", "working"),
)
"""The same beside the candles of an instrument without depth."""

LADDER_WIDTH_NARROW = 46
QUOTE_HEIGHT_NARROW = 8
QUOTE_HEIGHT = 9
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
    quote: bool = False
    """Whether the instrument has no depth: its quote and its candles stand in the ladder's place."""


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
    columns = QUOTE_COLUMNS if wish.quote else RIGHT_COLUMNS
    beside = _stack(side, columns[wish.column % len(columns)])
    if not wish.quote:
        return {"ladder": ladder} | beside
    quote, candles = ladder.split_horizontal(QUOTE_HEIGHT_NARROW)
    return {"quote": quote, "candles": candles} | beside


def _mid(area: Region, wish: Wish) -> Placement:
    upper, lower = area.split_horizontal(-9)
    positions, orders = lower.split_vertical(lower.width // 2)
    working, fills = orders.split_horizontal(5)
    below = {"positions": positions, "working": working, "fills": fills}
    if wish.quote:
        drawn, told = upper.split_vertical(-LADDER_WIDTH)
        candles, risk = drawn.split_horizontal(-min(8, drawn.height // 2))
        quote, tape = told.split_horizontal(QUOTE_HEIGHT)
        return below | {"candles": candles, "risk": risk, "quote": quote, "tape": tape}
    ladder, market = upper.split_vertical(LADDER_WIDTH)
    return below | {"ladder": ladder} | _market(market, 9)


def _market(area: Region, height: int) -> Placement:
    """Return candles above tape and risk, which are at most so high."""
    candles, below = area.split_horizontal(-min(height, area.height // 2))
    tape, risk = below.split_vertical(below.width // 2)
    return {"candles": candles, "tape": tape, "risk": risk}


def _wide(area: Region, wish: Wish) -> Placement:
    upper, lower = area.split_horizontal(-max(9, area.height // 4))
    watch, rest = upper.split_vertical(WATCH_WIDTH)
    positions, orders = lower.split_vertical(lower.width * 2 // 5)
    working, fills = orders.split_vertical(orders.width // 2)
    placed: Placement = {"positions": positions, "working": working, "fills": fills}
    if wish.quote:
        candles, told = rest.split_vertical(-LADDER_WIDTH)
        quote, beneath = told.split_horizontal(QUOTE_HEIGHT)
        tape, risk = beneath.split_horizontal(beneath.height // 2)
        placed |= {"candles": candles, "quote": quote, "tape": tape, "risk": risk}
    else:
        ladder, market = rest.split_vertical(LADDER_WIDTH)
        placed |= {"ladder": ladder} | _market(market, 14)
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
