"""What a run came to, as one document; kept beside its records."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

REPORT = "run.json"
"""Name of the document in a run's folder."""

EQUITY = "equity.json"
"""Name of the equity curve beside it."""


PROGRESS_FILE = "TRADEBOT_PROGRESS"
"""In the environment: the file a long job writes its count of events to."""


class DecideTime(msgspec.Struct, frozen=True, kw_only=True):
    """Processor time of decisions, µs."""

    p50: float
    p99: float
    most: float


class SleeveReport(msgspec.Struct, frozen=True, kw_only=True):
    """One sleeve of a run of a whole configuration; money in the engine's currency, as text."""

    policy: str
    version: str
    run: str
    """live or shadow; a shadow decides and sends nothing."""
    capital: str
    result: str
    """What it made, fees and open positions in."""
    fees: str
    orders: int
    open: dict[str, str]
    """Quantity still held at the end, by instrument."""


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """One finished run of a policy or of a configuration's sleeves; money in the engine's currency, as text."""

    id: str
    name: str
    """Of the sleeve."""
    policy: str
    version: str
    params: dict[str, str | int | float | bool]
    symbols: tuple[str, ...]
    scales: dict[str, tuple[int, int]] = {}
    """Decimals of price and quantity, by instrument."""
    dataset: str
    sha256: str
    """Of the dataset's manifest."""
    seed: int
    capital: str
    currency: str
    begin: int
    """The engine's time at the first event, ns UTC."""
    end: int
    steps: int
    """Events of both lanes the kernel was handed."""
    decisions: int
    """Times the policy was asked."""
    reasons: dict[str, int]
    """How often each reason was given, the most frequent first."""
    orders: int
    fills: int
    refused: dict[str, int]
    """Orders the gate refused, by code."""
    result: str
    """What it made, fees and open positions in."""
    fees: str
    open: dict[str, str]
    """Quantity still held at the end, by instrument."""
    cash: dict[str, str] = {}
    """The account's balances at the end, by currency."""
    sleeves: dict[str, SleeveReport] = {}
    """Of a whole configuration, by name."""
    paused: str | None
    """Why it was paused before the end; None where it was not."""
    decide: DecideTime | None
    seconds: float
    """It took."""
    assumptions: dict[str, str] = {}
    """How orders filled and what they cost, in words; empty: as the sandbox's native venue does."""
    statistics: dict[str, float | int | tuple[float, float] | None] = {}
    """Of a backtest: see `research.measures`."""
    critique: tuple[str, ...] = ()
    """Of a backtest: what speaks against believing it."""

    @property
    def result_share(self) -> Decimal:
        """Return the result as a fraction of the capital."""
        return Decimal(self.result) / Decimal(self.capital)


def write_report(folder: Path, report: RunReport) -> None:
    """Keep a report beside its run's records."""
    (folder / REPORT).write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def write_equity(folder: Path, curve: Sequence[tuple[int, str]]) -> None:
    """Keep a sleeve's equity over time, (ns UTC, money as text), beside its run's records."""
    (folder / EQUITY).write_bytes(msgspec.json.encode(curve))


def read_equity(folder: Path) -> list[tuple[int, str]]:
    """Return a run's equity over time, oldest first.

    Raises:
        OSError: If it cannot be read.
        msgspec.DecodeError: If it is none.
    """
    return msgspec.json.decode((folder / EQUITY).read_bytes(), type=list[tuple[int, str]])


def read_report(folder: Path) -> RunReport | None:
    """Return a run's report; None where there is none that this program can read."""
    try:
        return msgspec.json.decode((folder / REPORT).read_bytes(), type=RunReport)
    except (OSError, msgspec.DecodeError):
        return None


def reports(runs: Path) -> list[RunReport]:
    """Return every finished run in a folder of runs, the newest first."""
    if not runs.is_dir():
        return []
    found = [(place.stat().st_mtime_ns, place) for place in runs.iterdir() if place.is_dir()]
    read = [read_report(place) for _, place in sorted(found, reverse=True)]
    return [report for report in read if report is not None]
