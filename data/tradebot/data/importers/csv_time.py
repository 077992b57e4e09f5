"""Times of CSV files: how they are written, guessed from the texts, and read into ns UTC without a float."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradebot.data.errors import ImportFormatError, UnknownFormatError

_SECOND_NS = 1_000_000_000
_EPOCH = re.compile(r"\d{9,19}(\.\d{1,9})?")
_FRACTION = re.compile(r"(?<=\d\d:\d\d:\d\d)[.,](\d{1,9})\d*")
_UNITS = ((18, "ns", 1), (15, "us", 1_000), (12, "ms", 1_000_000), (9, "s", _SECOND_NS))
_PATTERNS = (
    "%Y%m%d",
    "%Y%m%d %H%M%S",
    "%Y%m%d %H:%M",
    "%Y%m%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
)

type TimeReader = Callable[[str], int]
"""Text to ns UTC; ValueError if it is not such a time."""


class TimeStyle(NamedTuple):
    """How a column's times are written."""

    name: str
    """For people: `iso`, `epoch ms`, or a pattern of strptime."""
    read: TimeReader
    zoned: bool
    """True where the texts say their zone themselves."""


def zone_of(name: str) -> tzinfo:
    """Return a time zone by name.

    Raises:
        UnknownFormatError: If there is none of that name.
    """
    if name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownFormatError(f"zone must be like America/New_York, was {name!r}") from error


def guess_style(texts: Sequence[str], zone: tzinfo) -> TimeStyle:
    """Return the style that reads most of some texts.

    Args:
        texts: Times as the file has them, at least one.
        zone: Zone of times that do not say one.

    Raises:
        ImportFormatError: If no style reads even half of them.
    """
    styles = [
        *_epoch_styles(texts),
        _iso(texts, zone),
        *(_pattern(each, zone) for each in _PATTERNS),
    ]
    counts = [sum(1 for text in texts if _reads(style.read, text)) for style in styles]
    best = max(range(len(styles)), key=lambda index: (counts[index], -index))
    if counts[best] * 2 < len(texts):
        raise ImportFormatError(
            f"time must be ISO 8601, epoch s, ms, us or ns, or a date like 1/31/1999, was {texts[0]!r}; "
            "name another column by --time-column"
        )
    return styles[best]


def _reads(read: TimeReader, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _epoch_styles(texts: Sequence[str]) -> list[TimeStyle]:
    found = next((text for text in texts if _EPOCH.fullmatch(text)), None)
    if found is None:
        return []
    digits = len(found.partition(".")[0])
    unit, factor = next((name, size) for least, name, size in _UNITS if digits >= least)

    def read(text: str) -> int:
        if not _EPOCH.fullmatch(text):
            raise ValueError(f"time must be epoch {unit}, was {text[:40]!r}")
        return int(Decimal(text) * factor)

    return [TimeStyle(f"epoch {unit}", read, zoned=True)]


def _iso(texts: Sequence[str], zone: tzinfo) -> TimeStyle:
    def read(text: str) -> int:
        fraction = _FRACTION.search(text)
        moment = datetime.fromisoformat(_FRACTION.sub("", text))
        nanoseconds = int(fraction.group(1).ljust(9, "0")) if fraction else 0
        return _seconds(moment, zone) * _SECOND_NS + nanoseconds

    zoned = any(_is_zoned(text) for text in texts)
    return TimeStyle("iso", read, zoned=zoned)


def _is_zoned(text: str) -> bool:
    try:
        return datetime.fromisoformat(_FRACTION.sub("", text)).tzinfo is not None
    except ValueError:
        return False


def _pattern(pattern: str, zone: tzinfo) -> TimeStyle:
    def read(text: str) -> int:
        moment = datetime.strptime(text, pattern).replace(tzinfo=zone)
        return _seconds(moment, zone) * _SECOND_NS

    return TimeStyle(pattern, read, zoned=False)


def _seconds(moment: datetime, zone: tzinfo) -> int:
    """Return whole seconds since epoch; a time without a zone is of `zone`."""
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    if zoned.microsecond:
        raise ValueError("fraction of a second must follow hh:mm:ss")
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400 + since.seconds
