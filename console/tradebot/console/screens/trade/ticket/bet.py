"""The bet in words: what it pays and risks, the edge and its source, sizes and what binds them, what comes after."""

from typing import NamedTuple

from tradebot.console.figures import chance_text, money, trimmed
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, cut, left, plain
from tradebot.console.screens.trade.ticket.draft import Draft
from tradebot.console.screens.trade.ticket.wording import (
    NARROW_BELOW,
    field_cell,
    refused_words,
)
from tradebot.engine.control.messages_orders import Preview
from tradebot.engine.control.messages_ticket import TicketEdge, TicketFacts, TicketFirst

NAME_WIDTH = 11
NOT_STATED = "not stated: Kelly says 0. e to state, or trade on limits alone"


class Shown(NamedTuple):
    """What the ticket knows when it is drawn."""

    draft: Draft
    preview: Preview | None
    """The engine's last answer; None while there is none."""
    refusal: str | None
    """Why no order may be entered, or what is missing; None if nothing is."""
    open: bool
    """Whether the ticket has the keys."""


def bet_rows(shown: Shown, glyphs: Glyphs, width: int) -> list[Row]:
    """Return the ticket's lines below the order: odds, edge, sizes, what comes after it; or why not."""
    preview, refusal = shown.preview, shown.refusal
    narrow = width < NARROW_BELOW
    stating = _stating(shown)
    if preview is None:
        text = refusal or "asking the risk gate"
        first = cut((Cell(f" {text}", "warn" if refusal else "muted"), *stating), width)
        return [first]
    ticket = preview.ticket
    if ticket is None:
        words = refusal or refused_words(preview) or "no price to measure this bet by"
        return [cut((Cell(f" {glyphs.refused} {words}", "warn"), *stating), width)]
    if narrow:
        return [
            cut(
                (*(stating if shown.draft.field == "edge" else ()), *_short_odds(ticket, preview)),
                width,
            ),
            cut(_short_size(ticket, preview, refusal, glyphs), width),
        ]
    return [
        cut(_odds(ticket), width),
        cut(
            (
                left(" your edge", NAME_WIDTH, "muted"),
                *stating,
                *_edge(ticket, typed=bool(stating)),
            ),
            width,
        ),
        cut((left(" size", NAME_WIDTH, "muted"), *_size(ticket, preview, refusal, glyphs)), width),
        cut((left(" after it", NAME_WIDTH, "muted"), *_after(ticket, preview)), width),
    ]


def odds_words(ticket: TicketFacts) -> str:
    """Return what the bet pays, and how often it must win."""
    if ticket.pays is None or ticket.break_even is None:
        return "pays nothing after fees" if ticket.pays is not None else plain(ticket.why_not)
    even = f"{ticket.break_even * 100:.1f} %"
    return f"pays {ticket.pays:.1f} : 1 after fees   break-even: {even} of such bets must win"


def risk_words(ticket: TicketFacts) -> str:
    """Return what is lost at the stop."""
    percent = "" if ticket.risk_percent is None else f" ({ticket.risk_percent} % of equity)"
    return f"{money(ticket.risk)}{percent}"


def edge_words(ticket: TicketFacts, *, typed: bool = False) -> str:
    """Return the edge, its source and how sure it is, or that none is stated; what is `typed` is not said again."""
    edge = ticket.edge
    if edge is None:
        return f"{ticket.record}; {NOT_STATED}" if ticket.record else NOT_STATED
    came = _came(edge)
    said = "" if edge.said is None or typed else f"you said {edge.said * 100:.0f} %; "
    sure = "" if edge.sure is None else f", {edge.sure * 100:.0f} % sure it is above break-even"
    return f"{said}{came}; used: {edge.used:.2f}{sure}"


def after_words(ticket: TicketFacts) -> str:
    """Return what the account looks like once the order has filled."""
    parts: list[str] = []
    if ticket.all_stops is not None:
        percent = "" if ticket.all_stops_percent is None else f" (-{ticket.all_stops_percent} %)"
        parts.append(f"all stops hit: -{money(ticket.all_stops)}{percent}")
    if ticket.first is not None:
        parts.append(_first_words(ticket.first))
    return "   ".join(parts)


def _first_words(first: TicketFirst) -> str:
    few = " (too few bets: no edge counted)" if first.few and first.after is not None else ""
    coin = f"{chance_text(first.coin_now)} -> {chance_text(first.coin_after)}"
    if first.after is None:
        return f"target first: {coin} without edge"
    return f"target first: {chance_text(first.now)} -> {chance_text(first.after)}{few}, without edge {coin}"


def _stating(shown: Shown) -> tuple[Cell, ...]:
    """Return the edge as it is being stated; nothing while another field has the keys and none is stated."""
    draft = shown.draft
    if draft.field != "edge" and not draft.edge:
        return ()
    return (
        Cell(" wins ", "muted"),
        field_cell(draft, "edge", draft.edge or "?", "strong", open_=shown.open),
        Cell(" %  ", "muted"),
    )


def _came(edge: TicketEdge) -> str:
    kind = f' "{plain(edge.tag)}"' if edge.tag else ""
    if not edge.settled:
        return f"no{kind} bet has settled yet"
    share = edge.won / edge.settled
    return f"won {edge.won} of {edge.settled}{kind} bets ({share:.2f})"


def _odds(ticket: TicketFacts) -> Row:
    style = "text" if ticket.pays is not None else "warn"
    held = "" if ticket.held == "0" else f"   all of {trimmed(ticket.resulting)} held after it"
    return (
        Cell(f" {odds_words(ticket)}", style),
        Cell("   risk ", "muted"),
        Cell(risk_words(ticket), "strong" if ticket.bare is None else "warn"),
        Cell(held, "muted"),
    )


def _edge(ticket: TicketFacts, *, typed: bool) -> Row:
    return (Cell(edge_words(ticket, typed=typed), "text" if ticket.edge is not None else "muted"),)


def _size(ticket: TicketFacts, preview: Preview, refusal: str | None, glyphs: Glyphs) -> Row:
    cells: list[Cell] = []
    edge = ticket.edge
    if edge is not None and edge.half_kelly is not None:
        careful = trimmed(edge.careful or "0")
        cells.append(Cell(f"careful {careful}   "))
        cells.append(_bound("half Kelly", trimmed(edge.half_kelly), ticket, "half Kelly"))
    if ticket.limit is not None:
        name = plain((ticket.limit_name or "").replace("max_", "").replace("_", " "))
        cells.append(_bound("your limit", f"{trimmed(ticket.limit)} ({name})", ticket, "limit"))
    you = trimmed(preview.quantity)
    cells.append(
        Cell(
            f"you {you}  " if ticket.held == "0" else f"you {you} to {trimmed(ticket.resulting)}  "
        )
    )
    if refusal is None and preview.ok:
        return (*cells, Cell(f"{glyphs.ok} ok", "ok"))
    words = refusal or refused_words(preview)
    # The objection first: it is cut last.
    return (Cell(f"{glyphs.refused} {words}   ", "warn"), *cells)


def _bound(name: str, text: str, ticket: TicketFacts, which: str) -> Cell:
    """Return a bound; the one that binds is marked."""
    binds = ticket.binds == which
    return Cell(f"{name} {text}{' binds' if binds else ''}   ", "strong" if binds else "muted")


def _after(ticket: TicketFacts, preview: Preview) -> Row:
    words = after_words(ticket)
    return (
        Cell(f"{words}   " if words else ""),
        Cell(f"fee about {money(preview.fee)}", "muted"),
    )


def _short_odds(ticket: TicketFacts, preview: Preview) -> Row:
    percent = "" if ticket.risk_percent is None else f" ({ticket.risk_percent}%)"
    cells = [
        Cell(f" risk {money(ticket.risk, 0)}{percent}  ", "text" if ticket.bare is None else "warn")
    ]
    if ticket.pays is not None and ticket.break_even is not None:
        even = f"break-even {ticket.break_even * 100:.1f}%  "
        cells = [Cell(f" {ticket.pays:.1f} : 1  "), *cells, Cell(even)]
    else:
        cells.append(Cell(f"{plain(ticket.why_not)}  ", "warn"))
    if ticket.edge is not None:
        edge = ticket.edge
        cells.append(Cell(f"yours {edge.used * 100:.0f}% ({edge.won}/{edge.settled})  "))
    else:
        cells.append(Cell("edge not stated  ", "muted"))
    return (*cells, Cell(f"fee {money(preview.fee, 0)} ", "muted"))


def _short_size(ticket: TicketFacts, preview: Preview, refusal: str | None, glyphs: Glyphs) -> Row:
    if refusal is not None or not preview.ok:
        words = refusal or refused_words(preview)
        return (Cell(f" {glyphs.refused} {words}", "warn"),)
    cells: list[Cell] = [Cell(" ")]
    if ticket.edge is not None and ticket.edge.half_kelly is not None:
        cells.append(Cell(f"careful {trimmed(ticket.edge.careful or '0')}  "))
        cells.append(_bound("half-K", trimmed(ticket.edge.half_kelly), ticket, "half Kelly"))
    if ticket.limit is not None:
        cells.append(_bound("limit", trimmed(ticket.limit), ticket, "limit"))
    cells += [Cell(f"you {trimmed(ticket.resulting)} "), Cell(f"{glyphs.ok} ok  ", "ok")]
    if ticket.all_stops_percent is not None:
        cells.append(Cell(f"all stops -{ticket.all_stops_percent}%", "muted"))
    return tuple(cells)
