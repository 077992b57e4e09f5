"""The command line of the console: from words to what is meant, or one sentence why not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tradebot.console.figures import symbol_of
from tradebot.engine.drills.result import DRILLS, DrillName

ORDER_USAGE = "buy|sell QTY SYMBOL @ PRICE [stop PRICE]; without @ PRICE at the touch"
_FIGURE = re.compile(r"\d+(\.\d+)?|\.\d+")


@dataclass(frozen=True)
class OrderWords:
    """`buy 0.2 BTCUSDT @ 60000`: opens the review, sends nothing."""

    side: Literal["buy", "sell"]
    quantity: str
    instrument: str
    price: str | None
    stop: str | None = None
    """Trigger of the stop that protects what fills."""


@dataclass(frozen=True)
class DrillWords:
    """`drill crash`."""

    name: DrillName


@dataclass(frozen=True)
class TargetWords:
    """`cancel all`, `flatten BTCUSDT`, `trade ETHUSDT`."""

    verb: Literal["cancel", "flatten", "trade"]
    instrument: str | None
    """None: all."""


@dataclass(frozen=True)
class ReasonWords:
    """`halt lunch`, `resume back`."""

    verb: Literal["halt", "resume"]
    reason: str


type Command = OrderWords | TargetWords | ReasonWords | DrillWords


class NotUnderstood(Exception):  # noqa: N818  (an answer to the trader, not a fault of the program)
    """The words begin like a command but are none; the text says what is missing."""


def parse(text: str, instruments: Sequence[str]) -> Command | None:
    """Return the command the words mean, None if they are not of this form.

    Args:
        text: What was typed.
        instruments: Known instruments; a short form is accepted where exactly one matches.

    Raises:
        NotUnderstood: If the first word is a command's and the rest does not fit.
    """
    words = text.replace("@", " @ ").split()
    if not words:
        return None
    verb, rest = words[0].lower(), words[1:]
    match verb:
        case "buy" | "sell":
            return _order("buy" if verb == "buy" else "sell", rest, instruments)
        case "cancel" | "flatten":
            return _target("cancel" if verb == "cancel" else "flatten", rest, instruments)
        case "trade":
            if len(rest) != 1:
                raise NotUnderstood("trade SYMBOL: shows that symbol")
            return TargetWords("trade", find_instrument(rest[0], instruments))
        case "drill":
            return _drill(rest)
        case "halt" | "resume":
            if not rest:
                raise NotUnderstood(f"{verb} REASON: the reason is written into the journal")
            return ReasonWords("halt" if verb == "halt" else "resume", " ".join(rest))
        case _:
            return None


def find_instrument(word: str, instruments: Sequence[str]) -> str:
    """Return the instrument a word names: the whole id, or the only one whose symbol it is.

    Raises:
        NotUnderstood: If none or several match.
    """
    wanted = word.lower()
    exact = [name for name in instruments if name.lower() == wanted]
    short = exact or [name for name in instruments if symbol_of(name).lower() == wanted]
    if len(short) == 1:
        return short[0]
    near = short or [name for name in instruments if wanted in name.lower()]
    hint = f"; one of {', '.join(near)}" if near else f"; known: {', '.join(instruments)}"
    raise NotUnderstood(f"no single symbol {word!r}{hint}")


def _order(
    side: Literal["buy", "sell"], words: Sequence[str], instruments: Sequence[str]
) -> OrderWords:
    words, stop = _without_stop(list(words))
    match words:
        case [quantity, symbol]:
            price = None
        case [quantity, symbol, "@", price]:
            pass
        case _:
            raise NotUnderstood(ORDER_USAGE)
    for figure in (quantity, price, stop):
        if figure is not None and not _FIGURE.fullmatch(figure):
            raise NotUnderstood(f"{figure!r} is no figure: {ORDER_USAGE}")
    return OrderWords(side, quantity, find_instrument(symbol, instruments), price, stop)


def _without_stop(words: list[str]) -> tuple[list[str], str | None]:
    """Return an order's words without its stop, and the stop's price."""
    if "stop" not in [word.lower() for word in words]:
        return words, None
    at = [word.lower() for word in words].index("stop")
    if len(words) != at + 2:
        raise NotUnderstood(ORDER_USAGE)
    return words[:at], words[at + 1]


def _drill(words: Sequence[str]) -> DrillWords:
    for name in DRILLS:
        if [name] == list(words):
            return DrillWords(name)
    raise NotUnderstood(
        f"drill {'|'.join(DRILLS)}: a fault, felt; your own engine is not part of it"
    )


def _target(
    verb: Literal["cancel", "flatten"], words: Sequence[str], instruments: Sequence[str]
) -> TargetWords:
    if len(words) != 1:
        raise NotUnderstood(f"{verb} SYMBOL, or {verb} all")
    everything = words[0].lower() == "all"
    return TargetWords(verb, None if everything else find_instrument(words[0], instruments))
