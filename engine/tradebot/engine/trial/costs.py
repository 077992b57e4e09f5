"""Commission models by their text: a share of notional, so much per share with a minimum and a cap, or by date."""

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from tradebot.engine.venue.fees import Dated, Fees, FeeSchedule, PerShare

_RATE_MAX = Decimal("0.1")
_PER_SHARE_MAX = Decimal(1000)


class UnknownCommission(ValueError):  # noqa: N818  (says what is the matter)
    """A commission that cannot be read."""

    exit_code = 2


def commission(text: str) -> FeeSchedule:
    """Return the model a text names.

    `0.001` a share of notional; `maker:0.0002,taker:0.0005` by liquidity (negative: a rebate);
    `per-share:0.005,min=1,max=0.01` per share, at least 1 an order, at most 1 % of notional;
    `2020-01-01=0.001;2024-01-01=0.0005` one of these from each date (UTC) on, the first also before.

    Raises:
        UnknownCommission: If it names none, or a number is out of its bounds.
    """
    if ";" in text or _is_dated(text):
        return _dated(text)
    return _one(text)


def _is_dated(text: str) -> bool:
    return text[:4].isdigit() and text[4:5] == "-"


def _dated(text: str) -> Dated:
    parts = [part.partition("=") for part in text.split(";")]
    if not all(_is_dated(day) and rest for day, _, rest in parts):
        raise _wrong(text)
    try:
        return Dated(
            since=tuple(_midnight(day) for day, _, _ in parts),
            schedules=tuple(_one(rest) for _, _, rest in parts),
        )
    except ValueError as error:
        raise UnknownCommission(f"commission {text!r}: {error}") from error


def _midnight(text: str) -> int:
    """Return the instant at which a day begins, UTC."""
    begins = datetime.combine(date.fromisoformat(text), time(), UTC)
    return int(begins.timestamp()) * 1_000_000_000


def _one(text: str) -> Fees | PerShare:
    kind, colon, rest = text.partition(":")
    if not colon:
        rate = _rate(text, text)
        return Fees(maker=rate, taker=rate)
    if kind == "per-share":
        first, *others = rest.split(",")
        named = _named(text, others, "=", {"min", "max"})
        return PerShare(
            rate=_number(text, first, Decimal(0), _PER_SHARE_MAX),
            least=_number(text, named.get("min", "0"), Decimal(0), _PER_SHARE_MAX),
            most=_number(text, named["max"], Decimal(0), Decimal(1)) if "max" in named else None,
        )
    named = _named(text, text.split(","), ":", {"maker", "taker"})
    if set(named) != {"maker", "taker"}:
        raise _wrong(text)
    return Fees(maker=_rate(text, named["maker"]), taker=_rate(text, named["taker"]))


def _named(text: str, parts: list[str], between: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        name, sign, value = part.partition(between)
        if not sign or name not in known:
            raise _wrong(text)
        found[name] = value
    return found


def _rate(text: str, number: str) -> Decimal:
    return _number(text, number, -_RATE_MAX, _RATE_MAX)


def _number(text: str, number: str, least: Decimal, most: Decimal) -> Decimal:
    try:
        value = Decimal(number)
    except InvalidOperation as error:
        raise _wrong(text) from error
    if not least <= value <= most:
        raise UnknownCommission(f"commission {text!r}: {number} must be in [{least}, {most}]")
    return value


def _wrong(text: str) -> UnknownCommission:
    return UnknownCommission(
        "commission must be RATE, maker:RATE,taker:RATE or per-share:AMOUNT[,min=M][,max=SHARE], "
        f"or DATE=ONE;DATE=ONE of these, was {text!r}"
    )
