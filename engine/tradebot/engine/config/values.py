"""Texts of the configuration as exact values: percentages, money, the day's boundary."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import override
from zoneinfo import ZoneInfo

_PERCENT = re.compile(r"([+-]?\d{1,9}(?:\.\d{1,9})?) ?%")
_MONEY = re.compile(r"(-?\d{1,18}(?:\.\d{1,12})?) ([A-Z][A-Z0-9]{1,9})")
_DAY_START = re.compile(r"([01]\d|2[0-3]):([0-5]\d) (\S+)")

_RATE = re.compile(r"\d{1,12}(?:\.\d{1,12})?")
_SYMBOL = re.compile(r"[a-z][a-z0-9]*:\S{1,64}")

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str

    @override
    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Share:
    """A fraction of something; 0.25 is written `25%`."""

    fraction: Decimal

    @override
    def __str__(self) -> str:
        return percent_text(self.fraction)


@dataclass(frozen=True, slots=True)
class DayStart:
    """When an engine's trading day begins: a wall-clock time in a zone."""

    hour: int
    minute: int
    zone: str

    @override
    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02} {self.zone}"

    @property
    def minute_of_day(self) -> int:
        """Return the minute of the zone's day at which the trading day begins."""
        return self.hour * 60 + self.minute


def parse_percent(value: object) -> Decimal:
    """Return the fraction of a percentage such as `5%` or `-2.5%`: 0.05, -0.025.

    Raises:
        ValueError: If it is anything else; a bare number could mean two things.
    """
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'must be a percentage in quotes such as "5%", was {shown(value)}')
    return Decimal(match[1]) / _HUNDRED


def parse_limit(value: object) -> Decimal:
    """Return the fraction of a percentage in (0 %, 10000 %].

    Raises:
        ValueError: If it is not such a percentage.
    """
    fraction = parse_percent(value)
    if not 0 < fraction <= _HUNDRED:
        raise ValueError(f"must be in (0%, 10000%], was {shown(value)}")
    return fraction


def parse_limit_or_off(value: object) -> Decimal | None:
    """Return the fraction of a percentage, or None for `off`.

    Raises:
        ValueError: If it is neither.
    """
    if value == "off":
        return None
    try:
        return parse_limit(value)
    except ValueError as error:
        raise ValueError(f'{error}; or "off"') from error


def parse_money(value: object) -> Money:
    """Return an amount and its currency from `6000 USD`.

    Raises:
        ValueError: If it is anything else.
    """
    match = _MONEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'must be an amount and a currency such as "6000 USD", was {shown(value)}')
    return Money(Decimal(match[1]), match[2])


def parse_rate(value: object) -> str:
    """Return a rate > 0 as decimal text, or an instrument as `venue:symbol`.

    Raises:
        ValueError: If it is neither.
    """
    text = value.strip() if isinstance(value, str) else ""
    if _SYMBOL.fullmatch(text):
        return text
    if _RATE.fullmatch(text) and Decimal(text) > 0:
        return text
    raise ValueError(
        f'must be a rate > 0 in quotes such as "1.08", or an instrument such as "binance:BTCUSDT", was {shown(value)}'
    )


def parse_money_or_share(value: object) -> Money | Share:
    """Return what `6000 USD` or `25%` says.

    Raises:
        ValueError: If it is neither.
    """
    for parse in (_share, parse_money):
        try:
            return parse(value)
        except ValueError:
            continue
    raise ValueError(f'must be an amount such as "6000 USD" or a share "25%", was {shown(value)}')


def parse_capital(value: object) -> Money | Share:
    """Return a sleeve's capital: an amount > 0, or a share of the pool in (0 %, 100 %].

    Raises:
        ValueError: If it is neither.
    """
    capital = parse_money_or_share(value)
    size = capital.amount if isinstance(capital, Money) else capital.fraction
    if size <= 0 or (isinstance(capital, Share) and size > 1):
        raise ValueError(f'must be > 0 and a share at most "100%", was {shown(value)}')
    return capital


def parse_day_start(value: object) -> DayStart:
    """Return the boundary of the day from `00:00 UTC` or `17:00 America/New_York`.

    Raises:
        ValueError: If the time or the zone is not one.
    """
    match = _DAY_START.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'must be a time and a zone such as "00:00 UTC", was {shown(value)}')
    try:
        ZoneInfo(match[3])
    except (OSError, ValueError, KeyError) as error:  # a bad path, a bad key, an unknown one
        raise ValueError(
            f"zone must be in the IANA database, e.g. UTC or America/New_York, was {match[3]!r}"
        ) from error
    return DayStart(int(match[1]), int(match[2]), match[3])


def parse_count(value: object) -> object:
    """Return a value as it is unless it is a truth value, which Python would count as 0 or 1.

    Raises:
        ValueError: If it is one.
    """
    if isinstance(value, bool):
        raise ValueError(f"must be a whole number, was {str(value).lower()}")  # noqa: TRY004  (pydantic wants ValueError)
    return value


def percent_text(fraction: Decimal) -> str:
    """Return a fraction as the configuration writes it: 0.05 is `5%`."""
    percent = fraction * _HUNDRED
    text = f"{percent:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text}%"


def shown(value: object) -> str:
    """Return a value for an error message, cut to a line."""
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004


def _share(value: object) -> Share:
    return Share(parse_percent(value))
