"""An order and its cost in words: the lines of the ticket and of the review."""

from collections.abc import Callable

from tradebot.console.figures import direction, grouped, money, symbol_of, trimmed
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, cut, plain
from tradebot.console.screens.trade.ticket.draft import FIGURES, Draft, Field
from tradebot.engine.control.messages_orders import OrderRequest, Preview

NARROW_BELOW = 100
"""Inner width below which the ticket has three lines instead of five."""


def order_words(request: OrderRequest) -> str:
    """Return an order in one line: `BUY 0.2 BTCUSDT @ 59,998.50 limit GTC post-only`."""
    words = [request.side.upper(), f"{request.quantity:f}", plain(symbol_of(request.instrument))]
    if request.limit_price is not None:
        words.append(f"@ {grouped(f'{request.limit_price:f}')}")
    words += [request.type, request.tif.upper()]
    if request.stop_loss is not None:
        words.append(f"stop {grouped(f'{request.stop_loss:f}')}")
    if request.take_profit is not None:
        words.append(f"target {grouped(f'{request.take_profit:f}')}")
    words += ["post-only"] * request.post_only + ["reduce-only"] * request.reduce_only
    return " ".join(words)


def draft_row(
    draft: Draft, glyphs: Glyphs, *, open_: bool, width: int, answer: Preview | None = None
) -> Row:
    """Return the ticket's first line, the field under the cursor marked while the ticket is open.

    Args:
        draft: As typed.
        glyphs: The alphabet.
        open_: Whether the ticket has the keys.
        width: Inner width, cells.
        answer: What the engine says of this very draft; None: nothing yet.
    """
    wide = width >= NARROW_BELOW
    gap = Cell("  " if wide else " ")

    def field(name: Field, text: str, style: str = "strong") -> Cell:
        return field_cell(draft, name, text, style, open_=open_)

    side = Cell(f" {draft.side.upper()} ", "own-buy" if draft.side == "buy" else "own-sell")
    cells = [side, gap, *_how_much(draft, answer, field)]
    if wide:
        cells.append(Cell(f" {plain(symbol_of(draft.instrument))}"))
    if draft.type == "limit":
        cells += [Cell(" @ ", "muted"), field("price", _typed(draft, draft.price) or "price?")]
    cells += [gap, field("type", draft.type, "text")]
    if draft.type == "limit":
        cells += [gap, field("tif", draft.tif.upper(), "text"), gap]
        cells.append(field("post_only", _switch("post", glyphs, on=draft.post_only), "text"))
    if wide or draft.reduce_only or draft.field == "reduce_only":
        cells += [
            gap,
            field("reduce_only", _switch("reduce", glyphs, on=draft.reduce_only), "text"),
        ]
    ticket = None if answer is None else answer.ticket
    places = (None, None) if ticket is None else (ticket.stop_at, ticket.target_at)
    for name, text, place in zip(
        ("stop", "target"), (draft.stop, draft.target), places, strict=True
    ):
        shown = _typed(draft, text) or ("none" if draft.field != name else "price?")
        cells += [gap, Cell(f"{name} ", "muted"), field(name, shown)]
        if place is not None:
            dot = glyphs.live if place == "broker" else glyphs.gone
            style = "ok" if place == "broker" else "warn"
            cells.append(Cell(f" {dot} {place}" if wide else f" {dot}", style))
    return cut(cells, width)


def field_cell(draft: Draft, name: Field, text: str, style: str, *, open_: bool) -> Cell:
    """Return one field, marked while it is the one that digits go to."""
    here = open_ and draft.field == name
    return Cell(
        f"{text}_" if here and not draft.fresh and name in FIGURES else text,
        "field" if here else style,
    )


def _how_much(
    draft: Draft, answer: Preview | None, field: Callable[[Field, str], Cell]
) -> list[Cell]:
    """Return the quantity, or the risk that sets it."""
    if not draft.risk and draft.field != "risk":
        return [field("quantity", draft.quantity or "quantity?")]
    cells = [Cell("risk ", "muted"), field("risk", f"{draft.risk or '?'}%")]
    if draft.risk and answer is not None:
        cells.append(Cell(f" = {trimmed(answer.quantity)}", "strong"))
    return cells


def _typed(draft: Draft, text: str) -> str:
    """Return a price grouped, but as typed while it is being typed."""
    return text if draft.field in FIGURES and not draft.fresh else grouped(text)


def where_words(preview: Preview) -> str:
    """Return where an order stands against the market, and what taking costs."""
    words: list[str] = []
    if preview.distance_percent is not None:
        sign = direction(preview.distance_percent)
        figure = preview.distance_percent.lstrip("+-")
        words.append(f"{figure}% {'through' if sign > 0 else 'behind'} mid" if sign else "at mid")
    if preview.slippage is not None:
        words.append(f"slippage {money(preview.slippage)}")
    return "   ".join(words)


def binding_words(preview: Preview) -> str:
    """Return which bound decides the largest size, and that size."""
    if preview.binding_limit is None:
        return "no limit binds"
    name = plain(preview.binding_limit.replace("_", " "))
    most = "" if preview.binding_quantity is None else f"{trimmed(preview.binding_quantity)} "
    return f"{most}({name})"


def refused_words(preview: Preview) -> str:
    """Return what the gate objects to, the first objection first; empty if it lets the order pass."""
    return "; ".join(plain(verdict.text) for verdict in preview.verdicts if not verdict.ok)


def _switch(name: str, glyphs: Glyphs, *, on: bool) -> str:
    return f"{glyphs.on if on else glyphs.off} {name}"
