"""Rust order books, matching and the simulated venue, on integer units."""

from tradebot.native._native import (
    L2Book,
    L3Book,
    MatchingEngine,
    SyntheticParameters,
    Venue,
    VenueBook,
    VenueEvent,
)

__all__ = [
    "L2Book",
    "L3Book",
    "MatchingEngine",
    "SyntheticParameters",
    "Venue",
    "VenueBook",
    "VenueEvent",
]
