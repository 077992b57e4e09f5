"""Latency and queue models by their text, and what is told of them."""

import csv
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

import msgspec

from tradebot.engine.core.types import MS
from tradebot.engine.venue.latency import Constant, Latency, Recorded

type Model = Literal["risk_averse", "power", "power2", "power3", "log", "log2"]

_MODELS: tuple[Model, ...] = get_args(Model.__value__)
_NAMES: dict[str, Model] = {known.replace("_", "-"): known for known in _MODELS}
_POWERS = ("power", "power2", "power3")
_MS_MAX = Decimal(60_000)
_POWER_MAX = Decimal(100)


class UnknownRules(ValueError):  # noqa: N818  (says what is the matter)
    """An assumption that does not exist."""

    exit_code = 2


class Delays(msgspec.Struct, frozen=True):
    """How long things are on their way."""

    orders: Latency
    feed: int
    """The market's news to the engine, ns."""
    told: str


class Queue(msgspec.Struct, frozen=True):
    """How an order comes forward in its queue."""

    model: Model
    power: float
    told: str


def delays(text: str) -> Delays:
    """Return the latencies a text names.

    `none`; `5` or `5ms` each way; `order=3,answer=2,feed=1` in ms, what is left out is 0; `recorded:FILE` with rows
    `requested,exchange,answered` in ns, `feed=1` beside it.

    Raises:
        UnknownRules: If it names none, a number is out of its bounds, or the file cannot be used.
    """
    if text == "none":
        return Delays(Constant(order=0, answer=0), 0, "none")
    if text.startswith("recorded:"):
        path, _, rest = text.removeprefix("recorded:").partition(",feed=")
        feed = _ms(rest) if rest else 0
        rows = _rows(Path(path))
        # The rows themselves are part of what was assumed: another file of that name is another run.
        known = sha256(repr(rows).encode()).hexdigest()[:12]
        told = f"as {len(rows)} recorded orders of {path} ({known}), feed {feed / MS:g} ms"
        return Delays(_recorded(rows), feed, told)
    if "=" not in text:
        each = _ms(text)
        return Delays(Constant(order=each, answer=each), 0, f"{each / MS:g} ms each way")
    named = dict.fromkeys(("order", "answer", "feed"), 0)
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in named:
            raise UnknownRules(f"latency must name order, answer or feed, was {part!r}")
        named[name] = _ms(value)
    told = ", ".join(f"{name} {ns / MS:g} ms" for name, ns in named.items())
    return Delays(Constant(order=named["order"], answer=named["answer"]), named["feed"], told)


def queue(text: str) -> Queue:
    """Return the model a text names: `risk-averse`, `log`, `log2`, or `power:N`, `power2:N`, `power3:N`.

    Raises:
        UnknownRules: If there is none of that name, or its power is not in (0, 100].
    """
    name, colon, number = text.partition(":")
    model = _NAMES.get(name)
    if model is None or (colon and model not in _POWERS):
        raise UnknownRules(
            f"queue must be risk-averse, log, log2 or power:N, power2:N, power3:N, was {text!r}"
        )
    power = _number("queue", number or "1", _POWER_MAX)
    if not power:
        raise UnknownRules(f"queue must have a power in (0, {_POWER_MAX}], was {text!r}")
    if model == "risk_averse":
        return Queue(model, 1.0, "behind the displayed size; only trades bring it forward")
    about = f"{model} {power:f}" if model in _POWERS else model
    return Queue(model, float(power), f"behind the displayed size; cancels shared by {about}")


def _recorded(rows: list[tuple[int, int, int]]) -> Recorded:
    try:
        return Recorded(rows)
    except ValueError as error:
        raise UnknownRules(f"latency: {error}") from error


def _rows(path: Path) -> list[tuple[int, int, int]]:
    try:
        with path.open(newline="") as file:
            found = [
                (int(row["requested"]), int(row["exchange"]), int(row["answered"]))
                for row in csv.DictReader(file)
            ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise UnknownRules(
            f"latency must be a file with columns requested,exchange,answered in ns, {path}: {error!r}"
        ) from error
    return found


def _ms(text: str) -> int:
    return int(_number("latency", text.removesuffix("ms"), _MS_MAX) * MS)


def _number(what: str, text: str, most: Decimal) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise UnknownRules(f"{what} must be a number, was {text!r}") from error
    if not 0 <= value <= most:
        raise UnknownRules(f"{what} must be in [0, {most}], was {text}")
    return value
