"""Figures as text and as integer units: the console never computes money, it places and groups digits."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Literal

_DECIMAL = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?")
_SECOND_NS = 1_000_000_000
_MINUTE_S = 60
_SHORT_SPAN = timedelta(days=3)
"""Up to which dates alone would say too little."""
_HOUR_S = 3600


def units(text: str, decimals: int) -> int:
    """Return a decimal string as an integer count of 10**-decimals.

    Args:
        text: A plain decimal string such as `-60000.50`; no exponent.
        decimals: Decimals of the scale, >= 0.

    Raises:
        ValueError: If the text is no plain decimal, or has non-zero digits finer than the scale.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"a figure must be a plain decimal, was {text!r}")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    kept, finer = fraction[:decimals], fraction[decimals:]
    if finer.strip("0"):
        raise ValueError(f"{text!r} is finer than the scale of {decimals} decimals")
    value = int(whole + kept.ljust(decimals, "0"))
    return -value if sign == "-" else value


def from_units(value: int, decimals: int) -> str:
    """Return an integer count of 10**-decimals as a decimal string with exactly that many decimals."""
    sign, digits = ("-" if value < 0 else ""), str(abs(value)).rjust(decimals + 1, "0")
    if decimals == 0:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def grouped(text: str) -> str:
    """Return a decimal string with thousands separators, its decimals untouched."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return text
    sign, whole, fraction = match.group(1), match.group(2), match.group(3)
    head = f"{int(whole):,}"
    return f"{sign}{head}" if fraction is None else f"{sign}{head}.{fraction}"


def money(text: str | None, decimals: int = 2) -> str:
    """Return an amount rounded half-even to `decimals` for display, grouped; `unknown` for None."""
    return "unknown" if text is None else f"{Decimal(text):,.{decimals}f}"


def signed_money(text: str | None, decimals: int = 2) -> str:
    """Return an amount like `money`, always with its sign (zero has none)."""
    if text is None:
        return "unknown"
    value = round(Decimal(text), decimals)
    return f"{value:+,.{decimals}f}" if value else f"{abs(value):,.{decimals}f}"


def brief_money(text: str | None, *, sign: bool = False, width: int = 99) -> str:
    """Return an amount for a narrow column: whole from 100 up, else with two decimals; `-` for None.

    Where that does not fit into `width` cells it is given in thousands or millions: `+12.3k`, `4.1M`.
    """
    if text is None:
        return "-"
    value = Decimal(text)
    decimals = 0 if abs(value) >= 100 else 2  # noqa: PLR2004  (below, cents are of interest)
    shown = signed_money(text, decimals) if sign else money(text, decimals)
    if len(shown) <= width:
        return shown
    scaled, unit = (value / 1000, "k") if abs(value) < 999_950 else (value / 1_000_000, "M")  # noqa: PLR2004  (1000.0k)
    exact = f"{scaled:+,.1f}{unit}" if sign else f"{scaled:,.1f}{unit}"
    if len(exact) <= width:
        return exact
    return f"{scaled:+,.0f}{unit}" if sign else f"{scaled:,.0f}{unit}"


def chance_text(chance: float) -> str:
    """Return a chance in [0, 1] in four cells; only certainty is shown as 0.00 or 1.00."""
    if 0 < chance < 0.005:  # noqa: PLR2004  (would be rounded to nothing)
        return "<.01"
    if 0.995 <= chance < 1:  # noqa: PLR2004  (would be rounded to certainty)
        return ">.99"
    return f"{chance:.2f}"


def count_text(count: int) -> str:
    """Return a count in at most four cells: `83 333 3.9k 46k 2.1M`."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        # What rounds to a thousand thousands is a million.
        if count >= unit * (0.9995 if unit > 1_000 else 1):  # noqa: PLR2004  (the smaller unit)
            shown = count / unit
            return f"{shown:.1f}{name}" if shown < 9.95 else f"{shown:.0f}{name}"  # noqa: PLR2004  (two digits)
    return str(count)


def signed(text: str) -> str:
    """Return a decimal string grouped, with an explicit plus where it is positive."""
    shown = grouped(text)
    return shown if shown.startswith(("-", "+")) or not Decimal(text) else f"+{shown}"


def trimmed(text: str, keep: int = 0) -> str:
    """Return a decimal string without trailing zeros, keeping at least `keep` decimals."""
    if "." not in text:
        return text
    whole, fraction = text.split(".", 1)
    fraction = fraction[:keep] + fraction[keep:].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def amount(text: str) -> str:
    """Return a quantity for a list: whole as it is, else with three decimals and more where it has them."""
    whole = trimmed(text)
    return whole if "." not in whole else trimmed(text, 3)


def brief_amount(text: str, width: int = 9) -> str:
    """Return a market's quantity grouped; one longer than `width` cells is rounded, to whole ones if need be."""
    shown = amount(grouped(text))
    for decimals in (3, 2, 1, 0):
        if len(shown) <= width:
            break
        shown = f"{Decimal(text):,.{decimals}f}"
    return shown


def direction(text: str | None) -> Literal[-1, 0, 1]:
    """Return the sign of a decimal string; 0 for None."""
    if text is None:
        return 0
    value = Decimal(text)
    return 0 if not value else (1 if value > 0 else -1)


def clock_text(ts_ns: int, zone: tzinfo = UTC, *, seconds: bool = True) -> str:
    """Return the time of day of an instant in a zone, `12:04:16` or `12:04`."""
    moment = datetime.fromtimestamp(ts_ns // _SECOND_NS, zone)
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")


def zone_text(ts_ns: int, zone: tzinfo) -> str:
    """Return the name of a zone at an instant: `Z` for UTC, else a blank and its short name."""
    name = datetime.fromtimestamp(ts_ns // _SECOND_NS, zone).strftime("%Z")
    return "Z" if name == "UTC" else f" {name}"


def date_text(ts_ns: int, zone: tzinfo = UTC) -> str:
    """Return the date of an instant in a zone, `2026-11-22`."""
    return datetime.fromtimestamp(ts_ns // _SECOND_NS, zone).strftime("%Y-%m-%d")


def ends_text(begin_ns: int, end_ns: int, zone: tzinfo = UTC) -> tuple[str, str]:
    """Return both ends of a span: dates, with times where it is short: `2026-11-22 09:30`, `16:00`."""
    begin, end = (datetime.fromtimestamp(ts // _SECOND_NS, zone) for ts in (begin_ns, end_ns))
    if end - begin > _SHORT_SPAN:
        return f"{begin:%Y-%m-%d}", f"{end:%Y-%m-%d}"
    last = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M}", last


def between_text(begin_ns: int, end_ns: int, zone: tzinfo = UTC) -> str:
    """Return a span in words: `2026-11-22 09:30 to 16:00`."""
    return " to ".join(ends_text(begin_ns, end_ns, zone))


def age_text(seconds: float) -> str:
    """Return an age in the fewest cells that still say something: `8ms 7.4s 42s 12m 3h`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))}ms"
    if seconds < 10:  # noqa: PLR2004  (two digits of interest, wherever they stand)
        return f"{seconds:.1f}s"
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f}s"
    return f"{seconds / _MINUTE_S:.0f}m" if seconds < 2 * _HOUR_S else f"{seconds / _HOUR_S:.0f}h"


def span_text(seconds: float) -> str:
    """Return a time to wait in at most two units: `42s 12m 5s 3h 12m 2d 14h`; 0 where it is over."""
    left = max(0, int(seconds))
    days, hours, minutes = left // 86_400, left // 3_600 % 24, left // 60 % 60
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {left % 60}s" if minutes else f"{left}s"


def short_id(client_order_id: str) -> str:
    """Return the end of an order id, which is where ids of one engine differ: `#00a41`."""
    return f"#{client_order_id[-4:]}"


def symbol_of(instrument: str) -> str:
    """Return the venue's own spelling in `venue:symbol`."""
    return instrument.partition(":")[2] or instrument


def iso_ns(text: str) -> int:
    """Return an ISO 8601 time with zone as ns UTC, to the microsecond.

    Raises:
        ValueError: If the text is no such time.
    """
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * _SECOND_NS + moment.microsecond * 1000


def unsigned_zero(text: str) -> str:
    """Return a signed figure without the sign where nothing but zeros follows it."""
    return text if text.strip("+-0.") else text.lstrip("+-")
