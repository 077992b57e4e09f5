"""What the screen Size starts from: the fields of each start, and the page that they make."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from tradebot.engine.research.desk.page import Money, Page
    from tradebot.engine.sizing.kelly import Drift

type Start = Literal["trade", "record", "returns", "target", "structure"]

STARTS: tuple[Start, ...] = ("trade", "record", "returns", "target", "structure")
NAMES: dict[Start, str] = {
    "trade": "this trade",
    "record": "my record",
    "returns": "a return series",
    "target": "a target by a date",
    "structure": "a structure",
}
TEXT_MAX = 120


class Field(NamedTuple):
    """One line of the form."""

    key: str
    label: str
    begins: str
    """What stands in it before anything is typed; empty: nothing is stated."""


COMMON = (
    Field("equity", "equity", ""),
    Field("entry", "entry", ""),
    Field("stop", "stop", ""),
    Field("fee", "fee %, each way", "0.1"),
    Field("you", "your quantity", ""),
)
RECORD = (Field("won", "won", ""), Field("lost", "lost", ""), Field("stated", "stated %", ""))
PRICE = (Field("mu", "drift %, a year", "8"), Field("sigma", "volatility %", "50"))
FIELDS: dict[Start, tuple[Field, ...]] = {
    "trade": (*COMMON, Field("target", "target", ""), *RECORD),
    "record": (*COMMON, Field("pays", "a win pays", ""), *RECORD),
    "returns": (*COMMON, Field("file", "file of returns", ""), Field("cap", "cap", "20")),
    "target": (
        *COMMON,
        Field("goal", "wealth to reach", ""),
        Field("years", "years", "1"),
        *PRICE,
        Field("rate", "cash %, a year", "3"),
        Field("weight", "hybrid weight", "0.5"),
        Field("cap", "cap", "2"),
    ),
    "structure": (
        *COMMON,
        Field("legs", "legs", ""),
        Field("years", "years", "0.25"),
        *PRICE,
    ),
}


class Form(msgspec.Struct, frozen=True):
    """What stands in the fields; those that several starts have are shared."""

    start: Start = "trade"
    at: int = 0
    """Index of the field under the mark."""
    texts: dict[str, str] = {}
    editing: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the fields of the start."""
        return FIELDS[self.start]

    @property
    def field(self) -> Field:
        """Return the one under the mark."""
        return self.fields[min(self.at, len(self.fields) - 1)]

    def text(self, key: str) -> str:
        """Return what stands in a field."""
        begins = next((each.begins for each in self.fields if each.key == key), "")
        return self.texts.get(key, begins)


def moved(form: Form, by: int) -> Form:
    """Return the form with another field under the mark."""
    at = (min(form.at, len(form.fields) - 1) + by) % len(form.fields)
    return msgspec.structs.replace(form, at=at, editing=False)


def started(form: Form, by: int) -> Form:
    """Return the form with the next start; what was typed stays."""
    start = STARTS[(STARTS.index(form.start) + by) % len(STARTS)]
    return msgspec.structs.replace(form, start=start, at=0, editing=False)


def put(form: Form, key: str, text: str) -> Form:
    """Return the form with another text in a field."""
    return msgspec.structs.replace(form, texts=form.texts | {key: text[:TEXT_MAX]})


def prefilled(form: Form, known: dict[str, str]) -> Form:
    """Return the form with figures that the console knows, where nothing was typed."""
    fresh = {key: text for key, text in known.items() if text and not form.texts.get(key)}
    return msgspec.structs.replace(form, texts=form.texts | fresh) if fresh else form


def page_of(form: Form) -> "Page | str":
    """Return the page, or one sentence that says what is missing or outside its bound."""
    try:
        return _page(form)
    except (ValueError, ArithmeticError, OSError) as error:
        return str(error)


def _page(form: Form) -> "Page":
    # Numerics are loaded when somebody sizes: the console starts without them.
    from tradebot.engine.research.desk import starts

    money, you = _money(form), _maybe(form, "you")
    match form.start:
        case "trade":
            belief = starts.believed(
                _maybe(form, "won"), _maybe(form, "lost"), _share(form, "stated")
            )
            return starts.from_trade(money, belief, you)
        case "record":
            belief = starts.believed(
                _maybe(form, "won"), _maybe(form, "lost"), _share(form, "stated")
            )
            if belief is None:
                raise ValueError("state won and lost, or a chance")
            share = None if you is None else money.trade.share(money.equity, you)
            return starts.from_record(money, belief, _need(form, "pays"), share)
        case "returns":
            return starts.from_returns(money, _series(form.text("file")), _need(form, "cap"), you)
        case "target":
            from tradebot.engine.sizing.fraction import Aim

            aim = Aim(money.equity, _need(form, "goal"), _need(form, "years"))
            drift = _drift(form, _need(form, "rate") / 100.0)
            return starts.from_target(
                money, aim, drift, _need(form, "weight"), _need(form, "cap"), you
            )
        case "structure":
            from tradebot.engine.sizing.leg_words import leg_of

            legs = [leg_of(word) for word in form.text("legs").split()]
            return starts.from_structure(money, legs, _drift(form, 0.0), _need(form, "years"), you)


def _money(form: Form) -> "Money":
    from tradebot.engine.research.desk.page import Money
    from tradebot.engine.sizing.trade import Trade

    target = _maybe(form, "target") if form.start == "trade" else None
    trade = Trade(_need(form, "entry"), _need(form, "stop"), target, _need(form, "fee") / 100.0)
    equity = _need(form, "equity")
    if not equity > 0.0:
        raise ValueError(f"equity must be > 0, was {equity}")
    return Money(equity, trade)


def _drift(form: Form, rate: float) -> "Drift":
    from tradebot.engine.sizing.kelly import Drift

    sigma = _need(form, "sigma") / 100.0
    if not sigma > 0.0:
        raise ValueError(f"volatility must be > 0, was {sigma}")
    return Drift(_need(form, "mu") / 100.0, rate, sigma)


def _series(path: str) -> list[float]:
    if not path:
        raise ValueError("type the path of a file: one simple return a line")
    lines = Path(path).expanduser().read_text(encoding="utf-8").split()
    return [_figure("a return", line) for line in lines]


def _need(form: Form, key: str) -> float:
    found = _maybe(form, key)
    if found is None:
        label = next(each.label for each in form.fields if each.key == key)
        raise ValueError(f"{label} is empty: enter, then type it")
    return found


def _maybe(form: Form, key: str) -> float | None:
    text = form.text(key).strip()
    return _figure(key, text) if text else None


def _share(form: Form, key: str) -> float | None:
    found = _maybe(form, key)
    return None if found is None else found / 100.0


def _figure(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a number, was {text!r}") from error
