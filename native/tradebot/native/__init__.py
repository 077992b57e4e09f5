"""Rust order books, bars, matching and the simulated venue, on integer units."""

from tradebot.native._native import (
    BarSeries,
    L2Book,
    L3Book,
    MatchingEngine,
    QueuePlace,
    RecordedLatency,
    SyntheticParameters,
    Venue,
    VenueBook,
    VenueEvent,
    walk,
)

__all__ = [
    "BarSeries",
    "L2Book",
    "L3Book",
    "MatchingEngine",
    "QueuePlace",
    "RecordedLatency",
    "SyntheticParameters",
    "Venue",
    "VenueBook",
    "VenueEvent",
    "walk",
]
