"""What was wrong with a recording, counted, with the first places named."""

import msgspec

PLACES_MAX = 20
"""How many places of one kind are kept; the count goes on."""

_TEXT_MAX = 160


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a recording something was noted."""

    file: str
    """The file's name, without its folder."""
    line: int
    """Line number, from 1; 0 where the whole file is meant."""
    text: str = ""
    """What was noted, one short line."""


class Tally:
    """A count and its first places."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Place] = []

    def add(self, file: str, line: int, text: str = "") -> None:
        """Count one more and keep its place if it is among the first PLACES_MAX."""
        self.count += 1
        if len(self.first) < PLACES_MAX:
            shown = text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 3] + "..."
            self.first.append(Place(file=file, line=line, text=" ".join(shown.split())))

    def absorb(self, other: "Tally") -> None:
        """Add another tally's count and places to this one."""
        self.count += other.count
        self.first = (self.first + other.first)[:PLACES_MAX]


class Problems:
    """Everything a reader counts while it goes on reading."""

    def __init__(self) -> None:
        self.messages = 0
        """Lines that carry something."""
        self.ignored = 0
        """Messages of kinds that are of no use here: other streams, heartbeats."""
        self.malformed = Tally()
        """Lines that cannot be read as what the format says."""
        self.stale = Tally()
        """Updates older than the book they came to."""
        self.gaps = Tally()
        """Places where updates are missing."""
        self.disordered = Tally()
        """Lines received before the line above them."""
        self.crossed = Tally()
        """Updates after which the best bid is not below the best ask."""
