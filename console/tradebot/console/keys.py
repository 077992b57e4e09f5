"""Every key of the console in one table: bindings, help and the footer are made from it."""

from typing import Literal

from textual.binding import Binding

from tradebot.console.house_keys import HOUSE_KEYS
from tradebot.console.key import Key
from tradebot.console.lab_keys import LAB_KEYS
from tradebot.console.screen_keys import SCREEN_KEYS

TRADE_KEYS: tuple[Key, ...] = (
    Key(
        "kill",
        "f9",
        "app.kill_overlay",
        "F9",
        "KILL",
        "what stops what: kill, flatten all; F9 F9 kills",
        "safety",
        priority=True,
    ),
    Key(
        "kill-letter",
        "exclamation_mark",
        "app.kill_overlay",
        "!",
        "KILL",
        "the same, outside text fields",
        "safety",
        where="all",
    ),
    Key(
        "help",
        "f1,question_mark",
        "app.help_keys",
        "? F1",
        "Help",
        "this list",
        "always",
        where="all",
    ),
    Key(
        "palette",
        "colon,ctrl+p",
        "app.command_palette",
        ": ctrl+p",
        "Cmd",
        "commands: buy 0.2 BTCUSDT @ 60000, cancel, flatten, halt, resume, theme, ...",
        "always",
        where="all",
    ),
    Key("history", "v", "app.history", "v", "Events", "all events so far", "always", where="all"),
    Key(
        "maximise",
        "m",
        "maximise",
        "m",
        "Maximise",
        "the focused panel alone; esc goes back",
        "always",
        where="all",
    ),
    Key(
        "back",
        "escape",
        "back",
        "esc",
        "Back",
        "leave what is open: ticket, maximised panel, freeze, messages",
        "always",
        where="all",
    ),
    Key(
        "next-panel",
        "tab",
        "app.focus_next",
        "tab",
        "Next",
        "next panel; shift+tab the one before",
        "always",
        where="all",
    ),
    Key(
        "previous-panel",
        "shift+tab",
        "app.focus_previous",
        "shift+tab",
        "Before",
        "panel before",
        "always",
        where="all",
    ),
    Key(
        "freeze",
        "space",
        "freeze",
        "space",
        "Freeze",
        "hold the picture; the engine goes on (on House: pause)",
        "always",
        where="trade risk orders health setup",
    ),
    Key("jump", "semicolon", "jump", ";", "Jump", "then a letter: go to that panel", "always"),
    Key(
        "quit",
        "q",
        "app.leave",
        "q",
        "Quit",
        "asks first if orders are working",
        "always",
        where="all",
    ),
    Key(
        "buy",
        "b",
        "ticket('buy')",
        "b",
        "Buy",
        "ticket BUY at the ladder's cursor",
        "orders",
        sends=True,
    ),
    Key(
        "sell",
        "s",
        "ticket('sell')",
        "s",
        "Sell",
        "ticket SELL at the ladder's cursor",
        "orders",
        sends=True,
    ),
    Key(
        "cancel",
        "x",
        "cancel_selected",
        "x",
        "Cancel",
        "cancel the selected working order (the ladder's cursor selects too)",
        "orders",
        sends=True,
    ),
    Key(
        "cancel-all",
        "X,shift+x",
        "cancel_all",
        "X",
        "Cancel all",
        "cancel all orders of this instrument",
        "orders",
        sends=True,
    ),
    Key(
        "flatten",
        "f",
        "flatten",
        "f",
        "Flatten",
        "close this instrument's position; asks y",
        "orders",
        sends=True,
    ),
    Key(
        "up",
        "up,k",
        "move(-1)",
        "up k",
        "Up",
        "move up: ladder, orders, positions",
        "market",
        where="all",
    ),
    Key("down", "down,j", "move(1)", "down j", "Down", "move down", "market", where="all"),
    Key(
        "page-up",
        "pageup,ctrl+u",
        "move(-10)",
        "pgup ctrl+u",
        "Up 10",
        "ten rows up",
        "market",
        where="all",
    ),
    Key(
        "page-down",
        "pagedown,ctrl+d",
        "move(10)",
        "pgdn ctrl+d",
        "Down 10",
        "ten rows down",
        "market",
        where="all",
    ),
    Key("centre", "c", "centre", "c", "Centre", "centre the ladder on the market", "market"),
    Key(
        "finer",
        "left_parenthesis",
        "step(-1)",
        "(",
        "Finer",
        "smaller price step in the ladder",
        "market",
    ),
    Key(
        "coarser",
        "right_parenthesis",
        "step(1)",
        ")",
        "Coarser",
        "larger price step in the ladder",
        "market",
    ),
    Key(
        "zoom-out", "left_square_bracket", "zoom(-1)", "[", "Zoom out", "candles narrower", "market"
    ),
    Key("zoom-in", "right_square_bracket", "zoom(1)", "]", "Zoom in", "candles wider", "market"),
    Key("span", "t", "span", "t", "Timeframe", "next candle span", "market"),
    Key(
        "previous-symbol",
        "comma",
        "symbol(-1)",
        ",",
        "Symbol",
        "previous symbol of the watch list",
        "market",
    ),
    Key(
        "next-symbol",
        "full_stop",
        "symbol(1)",
        ".",
        "Symbol",
        "next symbol of the watch list",
        "market",
    ),
    Key(
        "cycle-back",
        "less_than_sign",
        "cycle(-1)",
        "<",
        "Column",
        "80 columns: cycle the right column",
        "market",
    ),
    Key(
        "cycle",
        "greater_than_sign",
        "cycle(1)",
        ">",
        "Column",
        "80 columns: cycle the right column",
        "market",
    ),
)
"""The map of the Trade screen, and what works everywhere."""

KEYS: tuple[Key, ...] = (*TRADE_KEYS, *SCREEN_KEYS, *LAB_KEYS, *HOUSE_KEYS)
"""The whole map."""

FOOTERS: dict[str, tuple[str, ...]] = {
    "trade": ("buy", "sell", "cancel", "help", "flatten", "centre", "palette", "kill"),
    "house": ("decisions", "why", "pause-sleeve", "reload", "help", "objective", "palette", "kill"),
    "risk": ("halt", "lift", "pause", "help", "palette", "kill"),
    "orders": ("cancel-order", "amend", "life", "tab", "help", "filter", "palette", "kill"),
    "lab": ("new-run", "run-form", "compare-run", "run-page", "cancel-job", "help", "kill"),
    "size": ("start-next", "edit-field", "take-size", "help", "palette", "kill"),
    "data": ("lab", "help", "history", "palette", "kill"),
    "health": ("refresh", "help", "history", "palette", "kill"),
    "setup": ("test-account", "refresh", "help", "history", "palette", "kill"),
}
"""Ids in the footer of each screen, at most eight; the last stands at the right edge."""

NAV: tuple[tuple[str, str, str], ...] = (
    ("1", "Trade", "trade"),
    ("2", "House", "house"),
    ("3", "Risk", "risk"),
    ("4", "Orders", "orders"),
    ("5", "Lab", "lab"),
    ("6", "Size", "size"),
    ("7", "Data", "data"),
    ("8", "Health", "health"),
    ("9", "Setup", "setup"),
)
"""Digit, word and name of each screen, as the last row lists them."""

TICKET_HELP: tuple[tuple[str, str], ...] = (
    ("tab shift+tab", "next or previous field"),
    ("0-9 . backspace", "type the figure of the field"),
    ("+ -", "quantity by a step"),
    ("[ ]", "price, stop or target by a tick"),
    ("l t", "stop; target"),
    ("r", "risk, % of equity: sets the quantity from the stop"),
    ("e", "your edge: how often such bets win, %"),
    ("{ }", "cycle type, time in force"),
    ("space", "change a field that is a choice"),
    ("b s", "side"),
    ("enter", "review: asks the risk gate, sends nothing"),
    ("y", "in the review: send (not before it has been on screen for 250 ms)"),
    ("esc", "clear"),
)
"""Keys while the ticket is open."""


def bindings(
    place: Literal[
        "app", "trade", "house", "risk", "orders", "lab", "size", "data", "health", "setup"
    ],
) -> list[Binding]:
    """Return the table as Textual's bindings; every one has an id that configuration can remap.

    Args:
        place: `app` for those that work under every overlay, else a screen.
    """
    return [
        Binding(key.keys, key.action, key.label, show=False, id=key.id, priority=key.priority)
        for key in KEYS
        if (key.priority if place == "app" else not key.priority and key.works_on(place))
    ]


def key_of(name: str) -> Key:
    """Return the key with this id.

    Raises:
        KeyError: If there is none.
    """
    return next(key for key in KEYS if key.id == name)
