"""Names of datasets: `venue:symbol/kind`, or an own name that may hold several kinds."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from tradebot.data.errors import DatasetNameError
from tradebot.data.events import (
    AnyMarketEvent,
    Bar,
    BookDelta,
    BookSnapshot,
    FeedGap,
    Quote,
    Trade,
)
from tradebot.data.instruments import InstrumentId

_OWN = re.compile(r"[a-z0-9._-]+(/[a-z0-9._-]+)?")
_KIND = re.compile(r"book|trades|quotes|bars-[1-9][0-9]*[smhd]")
_NAME_MAX = 150
"""Longest name: percent-encoded it still fits a file name of 255 bytes in practice."""

_SECOND_NS = 1_000_000_000
_SPANS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


class DatasetName(NamedTuple):
    """A dataset's name, checked."""

    text: str
    """As people write it."""
    instrument: InstrumentId | None
    """The instrument of `venue:symbol/kind`; None for an own name."""
    kind: str | None
    """The kind of `venue:symbol/kind`; None for an own name."""

    @property
    def folder(self) -> str:
        """Return the name as one folder on disk: percent-encoded."""
        return quote(self.text, safe="")


def parse_dataset(text: str) -> DatasetName:
    """Return a dataset's name, checked.

    Raises:
        DatasetNameError: If it is neither `venue:symbol/kind` nor an own name.
    """
    if len(text) > _NAME_MAX:
        raise DatasetNameError(f"dataset must be at most {_NAME_MAX} letters, was {len(text)}")
    if ":" in text:
        instrument, slash, kind = text.rpartition("/")
        venue, _, symbol = instrument.partition(":")
        if not slash or not venue or not symbol or not _KIND.fullmatch(kind):
            raise DatasetNameError(
                "dataset must be venue:symbol/kind with kind book, trades, quotes or bars-SPAN "
                f"(bars-1m), was {text!r}"
            )
        if not text.isprintable():
            raise DatasetNameError(f"dataset must be printable, was {text!r}")
        return DatasetName(text, InstrumentId(instrument), kind)
    if not _OWN.fullmatch(text) or text in {".", ".."}:
        raise DatasetNameError(
            "dataset must be venue:symbol/kind, or an own name of a-z 0-9 . _ - with at most one "
            f"slash, was {text!r}"
        )
    return DatasetName(text, None, None)


def name_of(instrument: InstrumentId, kind: str) -> DatasetName:
    """Return the name of an instrument's events of one kind."""
    return parse_dataset(f"{instrument}/{kind}")


def dataset_in(folder: str) -> str:
    """Return the dataset's name a folder on disk stands for."""
    return unquote(folder)


def kind_of(event: AnyMarketEvent) -> str:
    """Return the kind of dataset an event belongs to."""
    match event:
        case BookSnapshot() | BookDelta() | FeedGap():
            return "book"
        case Trade():
            return "trades"
        case Quote():
            return "quotes"
        case Bar():
            return f"bars-{span_text(event.span_ns)}"


def span_text(span_ns: int) -> str:
    """Return a bar's span in its largest whole unit: `1m`, `4h`, `1d`.

    Raises:
        DatasetNameError: If it is not whole seconds.
    """
    seconds, rest = divmod(span_ns, _SECOND_NS)
    if rest or seconds < 1:
        raise DatasetNameError(f"span of a bar must be whole seconds, was {span_ns} ns")
    for unit, size in _SPANS.items():
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    raise AssertionError("every whole number of seconds has a unit")


def span_ns_of(kind: str) -> int:
    """Return the span of a kind of bars, ns: `bars-1m` is a minute.

    Raises:
        DatasetNameError: If it is no kind of bars.
    """
    text = kind.removeprefix("bars-")
    size = _SPANS.get(text[-1:])
    if text == kind or size is None or not text[:-1].isdigit():
        raise DatasetNameError(f"kind must be bars-SPAN, like bars-1m, was {kind!r}")
    return int(text[:-1]) * size * _SECOND_NS
