"""An order and its cost in words: the lines of the ticket and of the review."""

from tradebot.console.figures import direction, grouped, money, symbol_of, trimmed
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, cut, left, plain
from tradebot.console.screens.trade.ticket.draft import Draft, Field
from tradebot.engine.control.messages import OrderRequest, Preview

NARROW_BELOW = 100
"""Inner width below which the ticket has two lines instead of four."""
EDGE_WORDS = "not stated: Kelly says 0; this order trades on limits alone"
NAME_WIDTH = 11


def order_words(request: OrderRequest) -> str:
    """Return an order in one line: `BUY 0.2 BTCUSDT @ 59,998.50 limit GTC post-only`."""
    words = [request.side.upper(), f"{request.quantity:f}", plain(symbol_of(request.instrument))]
    if request.limit_price is not None:
        words.append(f"@ {grouped(f'{request.limit_price:f}')}")
    words += [request.type, request.tif.upper()]
    if request.stop_loss is not None:
        words.append(f"stop {grouped(f'{request.stop_loss:f}')}")
    words += ["post-only"] * request.post_only + ["reduce-only"] * request.reduce_only
    return " ".join(words)


def draft_row(draft: Draft, glyphs: Glyphs, *, open_: bool, width: int) -> Row:
    """Return the ticket's first line, the field under the cursor marked while the ticket is open."""

    def field(name: Field, text: str, style: str = "strong") -> Cell:
        here = open_ and draft.field == name
        shown = f"{text}_" if here and not draft.fresh and name in ("quantity", "price") else text
        return Cell(shown, "field" if here else style)

    side = Cell(f" {draft.side.upper()} ", "own-buy" if draft.side == "buy" else "own-sell")
    gap = Cell("  " if width >= NARROW_BELOW else " ")
    cells = [side, gap, field("quantity", draft.quantity or "quantity?")]
    cells.append(Cell(f" {plain(symbol_of(draft.instrument))}"))
    if draft.type == "limit":
        shown = grouped(draft.price) if draft.fresh else draft.price
        cells += [Cell(" @ ", "muted"), field("price", shown or "price?")]
    cells += [gap, field("type", draft.type, "text")]
    if draft.type == "limit":
        cells += [gap, field("tif", draft.tif.upper(), "text"), gap]
        cells.append(
            field("post_only", _switch(draft.post_only, "post-only", "post", glyphs, width), "text")
        )
    cells += [
        gap,
        field(
            "reduce_only",
            _switch(draft.reduce_only, "reduce-only", "reduce", glyphs, width),
            "text",
        ),
    ]
    return cut(cells, width)


def cost_rows(
    preview: Preview | None, refusal: str | None, glyphs: Glyphs, width: int
) -> list[Row]:
    """Return the ticket's lines below the order: cost, what binds, edge; or why not.

    Args:
        preview: The engine's answer, None while there is none.
        refusal: Why no order may be entered, or what is missing; None if nothing is.
        glyphs: The alphabet.
        width: Inner width, cells.
    """
    narrow = width < NARROW_BELOW
    if preview is None:
        text = refusal or "asking the risk gate"
        return [cut((Cell(f" {text}", "warn" if refusal else "muted"),), width)]
    if narrow:
        return [cut(_short_cost(preview, refusal, glyphs), width)]
    cost = f"{_notional(preview)}   fee about {money(preview.fee)}   {where_words(preview)}"
    edge = EDGE_WORDS if preview.edge is None else plain(preview.edge)
    return [
        cut((left(" cost", NAME_WIDTH, "muted"), Cell(cost)), width),
        cut((left(" size", NAME_WIDTH, "muted"), *_size(preview, refusal, glyphs)), width),
        cut((left(" your edge", NAME_WIDTH, "muted"), Cell(edge, "muted")), width),
    ]


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


def _switch(on: bool, full: str, short: str, glyphs: Glyphs, width: int) -> str:  # noqa: FBT001
    return f"{glyphs.on if on else glyphs.off} {full if width >= NARROW_BELOW else short}"


def _notional(preview: Preview) -> str:
    percent = (
        "" if preview.notional_percent is None else f"   {preview.notional_percent}% of equity"
    )
    return f"notional {money(preview.notional)} {plain(preview.currency)}{percent}"


def _size(preview: Preview, refusal: str | None, glyphs: Glyphs) -> Row:
    limit = f"your limit {binding_words(preview)}   you {trimmed(preview.quantity)}  "
    if refusal is None and preview.ok:
        return (Cell(limit), Cell(f"{glyphs.ok} ok", "ok"))
    # The objection first: it is cut last.
    words = refusal or refused_words(preview)
    return (Cell(f"{glyphs.refused} {words}", "warn"), Cell(f"   {limit}", "muted"))


def _short_cost(preview: Preview, refusal: str | None, glyphs: Glyphs) -> Row:
    if refusal is not None or not preview.ok:
        words = refusal or refused_words(preview)
        return (Cell(f" {glyphs.refused} {words}", "warn"),)
    percent = "" if preview.notional_percent is None else f" ({preview.notional_percent}%)"
    return (
        Cell(f" {glyphs.ok} ", "ok"),
        Cell(f"{money(preview.notional)}{percent}  fee {money(preview.fee)}  "),
        Cell(f"limit {binding_words(preview)}  ", "muted"),
        Cell("edge not stated" if preview.edge is None else f"edge {plain(preview.edge)}", "muted"),
    )
