"""What `tradebot run` was asked to do."""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.config.models import Config
from tradebot.engine.core.types import EngineId


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One start of an engine, parsed and checked."""

    name: str
    """Names the state folder."""
    market: str
    """`synthetic`, `replay:DATASET`, or `venue:symbol[,symbol...]` of a real market."""
    speed: Decimal | Literal["max"]
    """Engine seconds per second, > 0; `max`: as fast as it goes."""
    seed: int
    """Of everything that is drawn by chance, in [0, 2**63)."""
    listen: str | None
    """A further address to `control.sock`, `unix:///PATH` or `http://127.0.0.1:PORT`; already parsed once."""
    until_consoles_leave: bool
    """End with the last console that was attached (a sandbox that `tui` started)."""
    at_end: Literal["stop", "stay"] | None
    """When the recording is over; None: see `end_action`."""
    take_over: tuple[EngineId, ...] = ()
    """Engines whose open orders at our accounts are taken over instead of refusing the start."""
    config: Config
    """The effective configuration."""

    @property
    def end_action(self) -> Literal["stop", "stay"]:
        """Return what to do when the recording is over: at full speed nobody watches, so stop."""
        if self.at_end is not None:
            return self.at_end
        return "stop" if self.speed == "max" else "stay"
